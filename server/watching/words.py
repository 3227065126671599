"""Findings in words: what was looked at, how it stands, what to do. The only place where they have any.

For the status page in the person's language, for the command line in English (`Text("en", …)`).
"""

from __future__ import annotations

from dataclasses import dataclass

from web.text import Text

from .part import FAILED, OK, Part


@dataclass(frozen=True)
class Said:
    """detail: as a machine said it, in English, '' where there is none."""

    key: str
    state: str
    name: str
    words: str
    way_out: str
    detail: str


def say(text: Text, part: Part) -> Said:
    words, way_out = _SAY[part.key](text, part)
    detail = "" if part.state == OK else part.values.get("why", "")
    return Said(part.key, part.state, names(text)[part.key], words, "" if part.state == OK else way_out, detail)


def names(text: Text) -> dict[str, str]:
    _ = text.gettext
    return {
        "writer": _("Saving"),
        "database": _("Database"),
        "disk": _("Disk"),
        "clock": _("Clock"),
        "replica": _("Replica off this machine"),
        "copy": _("Daily copy"),
        "drill": _("Trial restore"),
        "notices": _("Notices"),
    }


def overall(text: Text, state: str) -> str:
    _ = text.gettext
    if state == OK:
        return _("Everything works.")
    return _("Something does not work.") if state == FAILED else _("It works, and something needs looking after.")


def room(text: Text, size: int) -> str:
    """Bytes, for people: 1.2 GB."""
    for unit, bytes_ in (("GB", 2**30), ("MB", 2**20), ("KB", 2**10)):
        if size >= bytes_:
            return f"{text.number(round(size / bytes_, 1))} {unit}"
    return f"{text.number(size)} B"


def _writer(text: Text, part: Part) -> tuple[str, str]:
    _ = text.gettext
    restart = _("Start Roadbook anew on the server: systemctl restart roadbook")
    return {
        "works": (_("What people save is written at once."), ""),
        "stopped": (_("Nothing can be saved: the part that writes has stopped."), restart),
        "stuck": (
            _("Nothing was saved for %(seconds)s seconds.", seconds=text.number(part.values.get("seconds"))),
            restart,
        ),
    }[part.code]


def _database(text: Text, part: Part) -> tuple[str, str]:
    _ = text.gettext
    doctor = _("Run roadbook doctor on the server: it says what is wrong with the disk or the file.")
    return {
        "works": (_("It can be read and written."), ""),
        "frozen": (
            _("It can be read only: the firm is being moved. What people enter stays on their phones."),
            _("To go on here instead: roadbook thaw"),
        ),
        "cannot_write": (_("It cannot be written. What people enter stays on their phones until it can."), doctor),
        "unreadable": (_("It cannot be read."), doctor),
    }[part.code]


def _disk(text: Text, part: Part) -> tuple[str, str]:
    _ = text.gettext
    free = room(text, part.values.get("free_bytes", 0))
    more = _("Delete what is not needed on the server, or give it a larger disk.")
    return {
        "room": (_("%(size)s are free.", size=free), ""),
        "little_room": (_("Only %(size)s are free.", size=free), more),
        "cannot_write": (
            _("Nothing can be written to the folder of Roadbook: the disk is full, or may only be read."),
            more + " " + _("Its owner must be the user that runs Roadbook."),
        ),
    }[part.code]


def _clock(text: Text, part: Part) -> tuple[str, str]:
    _ = text.gettext
    if part.code == "right":
        return _("It shows %(moment)s.", moment=text.moment(part.values["now_ms"])), ""
    said = _(
        "It shows %(moment)s, and something was written at %(newest)s already: it is wrong.",
        moment=text.moment(part.values["now_ms"]),
        newest=text.moment(part.values["newest_ms"]),
    )
    return said, _("Set the clock of the server: timedatectl set-ntp true")


def _replica(text: Text, part: Part) -> tuple[str, str]:
    _ = text.gettext
    since = text.since(part.values.get("since_ms"))
    look = _("See that its place can be reached and has room; phones keep what they sent until it works again.")
    return {
        "none": (
            _("There is none: if this disk dies, everything since the last copy is lost."),
            _("Set ROADBOOK_REPLICA, as BACKUPS.md says."),
        ),
        "unknown": (_("It is not known yet how far it is."), ""),
        "current": (_("All changes are there, too (%(since)s).", since=since), ""),
        "behind": (_("It is behind. Last complete: %(since)s.", since=since), look),
        "unreachable": (_("It cannot be reached. Last complete: %(since)s.", since=since), look),
    }[part.code]


def _copy(text: Text, part: Part) -> tuple[str, str]:
    _ = text.gettext
    when = text.since(part.values.get("at_ms"))
    make = _("Run roadbook backup on the server: it makes one now, and says what stands in its way.")
    return {
        "none_yet": (_("No copy was made yet."), make),
        "good": (_("Made and checked: %(when)s.", when=when), ""),
        "too_old": (_("The last one is too old: %(when)s.", when=when), make),
        "failed": (_("The last one failed: %(when)s.", when=when), make),
    }[part.code]


def _drill(text: Text, part: Part) -> tuple[str, str]:
    _ = text.gettext
    when = text.since(part.values.get("at_ms"))
    look = _("Until one succeeds, nobody knows whether the firm can be restored. Run roadbook doctor on the server.")
    return {
        "none_yet": (_("No trial was made yet."), look),
        "good": (_("The firm could be restored: %(when)s.", when=when), ""),
        "too_old": (_("The last one is too old: %(when)s.", when=when), look),
        "failed": (_("The last one failed: %(when)s.", when=when), look),
    }[part.code]


def _notices(text: Text, part: Part) -> tuple[str, str]:
    _ = text.gettext
    if part.code == "sent":
        return _("Nothing waits for long."), ""
    since = text.since(part.values["since_ms"])
    return _("The oldest waits: %(since)s.", since=since), _("Administration, Robots shows what could not be sent.")


_SAY = {
    "writer": _writer,
    "database": _database,
    "disk": _disk,
    "clock": _clock,
    "replica": _replica,
    "copy": _copy,
    "drill": _drill,
    "notices": _notices,
}
