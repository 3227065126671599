"""Findings in words: what was looked at, how it stands, what to do. The only place where they have any.

For the status page in the person's language, for the command line in English (`Text("en", …)`).
"""

from __future__ import annotations

from dataclasses import dataclass

from web.text import Text

from .part import FAILED, OK, Part


@dataclass(frozen=True)
class Said:
    """command: what to type on the server, the same in every language. detail: as a machine said it, in English."""

    key: str
    state: str
    name: str
    words: str
    way_out: str
    command: str
    detail: str

    @property
    def advice(self) -> str:
        """Way out and command in one line."""
        return f"{self.way_out} {self.command}".strip()


def say(text: Text, part: Part) -> Said:
    words, way_out, command = (*_SAY[part.key](text, part), "", "")[:3]
    if part.state == OK:
        return Said(part.key, part.state, names(text)[part.key], words, "", "", "")
    return Said(part.key, part.state, names(text)[part.key], words, way_out, command, part.values.get("why", ""))


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


# Each says words, way out and command, as many of them as there are.
Words = tuple[str, ...]


def _writer(text: Text, part: Part) -> Words:
    _ = text.gettext
    restart = _("Start Roadbook anew on the server."), "systemctl restart roadbook"
    if part.code == "works":
        return (_("What people save is written at once."),)
    if part.code == "stopped":
        return _("Nothing can be saved: the part that writes has stopped."), *restart
    return _("Nothing was saved for %(seconds)s seconds.", seconds=text.number(part.values["seconds"])), *restart


def _database(text: Text, part: Part) -> Words:
    _ = text.gettext
    doctor = _("See on the server what is wrong with the disk or the file."), "roadbook doctor"
    if part.code == "works":
        return (_("It can be read and written."),)
    if part.code == "frozen":
        words = _("It can be read only: the firm is being moved. What people enter stays on their phones.")
        return words, _("To go on here instead, on the server:"), "roadbook thaw"
    if part.code == "unreadable":
        return _("It cannot be read."), *doctor
    return _("It cannot be written. What people enter stays on their phones until it can."), *doctor


def _disk(text: Text, part: Part) -> Words:
    _ = text.gettext
    free = room(text, part.values.get("free_bytes", 0))
    more = _("Delete what is not needed on the server, or give it a larger disk.")
    if part.code == "room":
        return (_("%(size)s are free.", size=free),)
    if part.code == "little_room":
        return _("Only %(size)s are free.", size=free), more
    words = _("Nothing can be written to the folder of Roadbook: the disk is full, or may only be read.")
    return words, more + " " + _("The folder must belong to the user that runs Roadbook.")


def _clock(text: Text, part: Part) -> Words:
    _ = text.gettext
    now = text.moment(part.values["now_ms"])
    if part.code == "right":
        return (_("It shows %(moment)s.", moment=now),)
    newest = text.moment(part.values["newest_ms"])
    words = _("It shows %(moment)s, and something was written at %(newest)s already.", moment=now, newest=newest)
    return words, _("Set the clock of the server."), "timedatectl set-ntp true"


def _replica(text: Text, part: Part) -> Words:
    _ = text.gettext
    since = text.since(part.values.get("since_ms"))
    look = _("See that its place can be reached and has room; phones keep what they sent until it works again.")
    if part.code == "none":
        words = _("There is none: if this disk dies, everything since the last copy is lost.")
        return words, _("Let every change be kept at another place, too, by this setting:"), "ROADBOOK_REPLICA"
    if part.code == "unknown":
        return (_("It is not known yet how far it is."),)
    if part.code == "current":
        return (_("All changes are there, too (%(since)s).", since=since),)
    if part.code == "behind":
        return _("It is behind. Last complete: %(since)s.", since=since), look
    return _("It cannot be reached. Last complete: %(since)s.", since=since), look


def _copy(text: Text, part: Part) -> Words:
    _ = text.gettext
    when = text.since(part.values.get("at_ms"))
    make = _("Make one now on the server, and see what stands in its way."), "roadbook backup"
    if part.code == "good":
        return (_("Made and checked: %(when)s.", when=when),)
    if part.code == "none_yet":
        return _("No copy was made yet."), *make
    if part.code == "too_old":
        return _("The last one is too old: %(when)s.", when=when), *make
    return _("The last one failed: %(when)s.", when=when), *make


def _drill(text: Text, part: Part) -> Words:
    _ = text.gettext
    when = text.since(part.values.get("at_ms"))
    look = _("Until one succeeds, nobody knows whether the firm can be restored."), "roadbook doctor"
    if part.code == "good":
        return (_("The firm could be restored: %(when)s.", when=when),)
    if part.code == "none_yet":
        return _("No trial was made yet."), *look
    if part.code == "too_old":
        return _("The last one is too old: %(when)s.", when=when), *look
    return _("The last one failed: %(when)s.", when=when), *look


def _notices(text: Text, part: Part) -> Words:
    _ = text.gettext
    if part.code == "sent":
        return (_("Nothing waits for long."),)
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
