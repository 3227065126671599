"""How far a device has come: what it sends back to say so, and what a round from there must reach.

A cursor is bound to one person and one life of the database.  It carries two things that the device has:
everything up to a sequence number, and of what ages everything since an instant (its window).  Between
rounds that is all; within a round it also says where the round ends and how far it has come.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace

from sync.entities import ENTITIES

from .views import EVERYTHING

MINUTE_MS = 60_000


class StartAgain(Exception):
    """The cursor is not one that this person's device can go on from: it must fetch its rows anew."""


@dataclass(frozen=True)
class Cursor:
    """since: all up to here is held. target: where this round ends.
    had_ms: the window of what is held. goal_ms: the window that this round gives.
    entity, after: how far the round has come."""

    since: int
    target: int
    entity: int = 0
    after: str = ""
    had_ms: int = EVERYTHING
    goal_ms: int = EVERYTHING

    @property
    def is_start_of_round(self) -> bool:
        return self.entity == 0 and self.after == ""

    @property
    def moves_back(self) -> bool:
        """Whether rows that were too old to be held are held again. Forward is for the device to do by itself."""
        return self.goal_ms < self.had_ms

    @property
    def has_way_to_go(self) -> bool:
        return self.since < self.target or self.moves_back

    @property
    def at_end(self) -> Cursor:
        return Cursor(self.target, self.target, had_ms=self.goal_ms, goal_ms=self.goal_ms)

    @property
    def is_at_rest(self) -> bool:
        return self == self.at_end

    def text(self, mark: str) -> str:
        if self.is_at_rest:
            return f"{mark}.{self.since}.{_window_text(self.had_ms)}"
        windows = f"{_window_text(self.had_ms)}.{_window_text(self.goal_ms)}"
        return f"{mark}.{self.since}.{windows}.{self.target}.{self.entity}.{self.after}"


def stamp(epoch: str, user_id: str) -> str:
    """Binds a cursor to one person and one life of the database."""
    return hashlib.sha256(f"{epoch} {user_id}".encode()).hexdigest()[:10]


def read_cursor(
    text: str, epoch: str, user_id: str, seq: int, window_ms: int = EVERYTHING, collected_seq: int = 0
) -> Cursor:
    """The round that a device's cursor asks for, in a server that is at seq. Raises StartAgain.

    window_ms: what the person's devices should hold now. collected_seq: deletions up to here are told no more.
    """
    if text == "":
        return Cursor(0, seq, had_ms=window_ms, goal_ms=window_ms)
    held = parse_cursor(text, stamp(epoch, user_id))
    if held.target > seq or 0 < held.since < collected_seq:
        raise StartAgain
    if held.is_at_rest:
        return replace(held, target=seq, goal_ms=window_ms)
    # Rows that the window has left behind meanwhile: the device drops them when the round ends.
    return replace(held, goal_ms=max(held.goal_ms, window_ms))


def parse_cursor(text: str, mark: str) -> Cursor:
    """A cursor as its text has it. Raises StartAgain where the text is none of this person's."""
    parts = text.split(".", 6)
    if len(parts) not in (3, 7) or parts[0] != mark:
        raise StartAgain
    since, had_ms = _number(parts[1]), _window(parts[2])
    if len(parts) == 3:
        return Cursor(since, since, had_ms=had_ms, goal_ms=had_ms)
    held = Cursor(since, _number(parts[4]), _number(parts[5]), parts[6], had_ms, _window(parts[3]))
    if held.since > held.target or held.entity >= len(ENTITIES):
        raise StartAgain
    return held


def _window_text(window_ms: int) -> str:
    """In minutes: no midnight of today's time zones needs more, and it travels with every sync."""
    return "" if window_ms == EVERYTHING else str(window_ms // MINUTE_MS)


def _window(text: str) -> int:
    return _number(text) * MINUTE_MS if text else EVERYTHING


def _number(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) < 19):
        raise StartAgain
    return int(text)
