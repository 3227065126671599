"""The words of this folder: a reminder, what it comes from, and by whose clock it comes.  Plans and sends nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from server.database import sqlite3
from web import dates

# A day's reminders come at this time, unless their person says otherwise.
REMIND_AT = "09:00"
# Put off until then or later: never.
OFF_MS = 4_102_444_800_000
# In whose name a reminder is kept that is nobody's: the server itself acts on it.
SERVER = ""


@dataclass(frozen=True)
class Reminder:
    """One person is to be told of one thing.

    key: names it on every host (ARCHITECTURE.md).
    until_ms: from then on it is of no use.
    """

    key: str
    user_id: str
    at_ms: int
    until_ms: int


@dataclass(frozen=True)
class Source:
    """One kind of row that reminds people. A new one is an entry in `sources.SOURCES`, and a part of reminders.sql.

    kind: what its keys begin with.
    fields: a change of one of these changes who is reminded, or when.
    may_remind: whether a row reminds anybody at all; asked at every change, so it only looks at the row.
    wanted: the reminders of such a row; where they are without end, those that come next.
    of_person: rows whose reminders come by a person's clock, as SQL with :user and :from_on.
    to_come: a condition in SQL on rows that may still remind, with :from_ms and :from_on.
    akin: other rows whose reminders change with this one.
    """

    kind: str
    entity: str
    fields: frozenset[str]
    may_remind: Callable[[Mapping], bool]
    wanted: Callable[[sqlite3.Connection, Mapping, int], list[Reminder]]
    of_person: str
    to_come: str
    akin: Callable[[sqlite3.Connection, Mapping], list[Mapping]] = lambda db, row: []


class Clock(NamedTuple):
    """How a person's days begin, and at what time of them the person is reminded."""

    timezone: str | None
    remind_at: str
    # Whoever has left is reminded of nothing.
    is_here: bool

    def on(self, day: str) -> int | None:
        """When reminders of this day come."""
        return _at_clock(day, self.remind_at, self.timezone)

    def day_of(self, ms: int) -> str:
        return dates.local_date(ms, self.timezone)

    def end_of(self, day: str) -> int | None:
        return _end_of(day, self.timezone)


# The same few days in the same few zones, for every row of an import.
_at_clock = lru_cache(maxsize=4_096)(dates.at_clock)


@lru_cache(maxsize=4_096)
def _end_of(day: str, tz: str | None) -> int | None:
    return dates.day_start_ms(dates.add_days(day, 1), tz)


def clock_of(db: sqlite3.Connection, user_id: str) -> Clock:
    found = db.execute(
        "SELECT coalesce(p.timezone, (SELECT value FROM meta WHERE name = 'timezone')), p.remind_at, u.is_active"
        " FROM (SELECT ? AS id) AS asked"
        " LEFT JOIN user u ON u.id = asked.id AND u.deleted = 0"
        " LEFT JOIN preference p ON p.id = asked.id AND p.deleted = 0",
        (user_id,),
    ).fetchone()
    return Clock(found[0], found[1] or REMIND_AT, bool(found[2]))


def put_off_until(db: sqlite3.Connection, key: str, user_id: str) -> int | None:
    """Until when this person put this reminder off."""
    found = db.execute(
        "SELECT until_ms FROM snooze WHERE key = ? AND owner_id = ? AND deleted = 0 ORDER BY until_ms DESC LIMIT 1",
        (key, user_id),
    ).fetchone()
    return found[0] if found else None
