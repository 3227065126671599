"""What came of sending something, in words that say what to do."""

from __future__ import annotations

from urllib.parse import urlsplit

from server.notices.outcome import Outcome
from server.notices.recipients import Recipient
from web.text import Text


def ways(text: Text) -> dict[str, str]:
    return {"push": text.gettext("Push"), "email": text.gettext("E-mail"), "robot": text.gettext("Robot")}


def kinds(text: Text) -> dict[str, str]:
    return {
        "approval": text.gettext("Something to approve"),
        "decision": text.gettext("Decisions on my requests"),
        "mention": text.gettext("Mentions"),
        "reminder": text.gettext("Reminders"),
    }


def result(text: Text, way: str, place: dict, person: Recipient, outcome: Outcome) -> dict:
    where = {"push": _host(place.get("endpoint", "")), "email": person.email, "robot": _host(place.get("url", ""))}[way]
    said = text.gettext("Sent") if outcome.is_sent else reason(text, outcome.reason)
    return {"way": ways(text)[way], "where": where, "is_sent": outcome.is_sent, "said": said}


def _host(url: str) -> str:
    return urlsplit(url).hostname or ""


def reason(text: Text, code: str | None) -> str:
    """Why something was not sent. code: of an Outcome; what other servers said is repeated."""
    _ = text.gettext
    name, _blank, rest = (code or "").partition(" ")
    own = {
        "gone": _("This browser no longer takes pushes. Switch them on again on that device."),
        "bad_keys": _("This browser's keys cannot be used. Switch pushes off and on again on that device."),
        "bad_address": _("The address cannot be used. Type it again."),
        "not_https": _("The address must begin with https://."),
        "unknown_host": _("The server sends nothing to this address. Administrators can allow it in the settings."),
        "private_address": _("The address is inside a private network, where the server sends nothing."),
        "too_often": _("It was asked too often. It is tried again by itself."),
        "no_mail_server": _("No mail server is set up. Administrators do that in the settings."),
        "no_answer": _("No answer came. It is tried again by itself."),
        "unknown_robot": _("Choose what kind of robot it is."),
        "failed": _("Something went wrong on this server. Its log says what."),
    }
    if name in own:
        return own[name]
    if name.startswith("http_"):
        return _("The other server answered %(code)s.", code=name.removeprefix("http_"))
    return _("The other server said: %(words)s", words=rest or name)
