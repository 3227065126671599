"""What the status page plots: counts of hours and days, gathered in memory and written in batches, kept for a while.

A server that stops at once loses the counts of some minutes and nothing else.  Where nothing happens, one small write
an hour says so.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from dataclasses import dataclass

from server.database import sqlite3
from server.writer import Frozen
from web import dates

from . import gauges

SAMPLE_S = 60
WRITE_MS, WRITE_IDLE_MS = 5 * 60_000, 3_600_000
HOUR_MS, DAY_MS = 3_600_000, 86_400_000
HOURS_KEPT_MS, DAYS_KEPT_MS = 15 * DAY_MS, 400 * DAY_MS

# Added up; of all others the greatest value of the span is kept.
COUNTED = ("syncs", "operations", "conflicts", "rejected", "rows")
GREATEST = ("database_bytes", "wal_bytes", "notices_wait_ms", "reminders_wait_ms", "replica_lag_ms", "writer_wait_ms")

log = logging.getLogger(__name__)


async def keep_counting(firm) -> None:
    """Run for as long as the server does."""
    counts = Counts(firm)
    try:
        while True:
            await asyncio.sleep(SAMPLE_S)
            try:
                await asyncio.to_thread(counts.sample)
                await counts.write_if_due()
            except Frozen:  # of a firm that is being moved nothing more is counted
                pass
            except Exception:  # the next round may do better; nothing depends on it
                log.exception("counts could not be kept")
    finally:
        try:
            await counts.write()
        except Frozen:
            pass
        except Exception:
            log.exception("the last counts could not be kept")


class Counts:
    """What was counted and is not written yet."""

    def __init__(self, firm) -> None:
        self.firm = firm
        self._written = Counter(firm.measures.totals)
        self._greatest: dict[str, int] = {}
        self._written_ms = firm.clock()

    def sample(self) -> None:
        """See how things stand. Raises sqlite3.Error, OSError."""
        found, writer = gauges.look(self.firm), self.firm.writer
        longest_ms, writer.longest_wait_s = int(writer.longest_wait_s * 1000), 0.0
        for name in GREATEST:
            value = longest_ms if name == "writer_wait_ms" else getattr(found, name)
            if value is not None:
                self._greatest[name] = max(value, self._greatest.get(name, 0))

    async def write_if_due(self) -> None:
        passed_ms = self.firm.clock() - self._written_ms
        is_idle = Counter(self.firm.measures.totals) == self._written
        # A clock that was set back counts as due: the page would stand still else.
        if not 0 <= passed_ms < (WRITE_IDLE_MS if is_idle else WRITE_MS):
            await self.write()

    async def write(self) -> None:
        firm, totals, now_ms = self.firm, Counter(self.firm.measures.totals), self.firm.clock()
        counted = totals - self._written
        greatest, self._greatest = self._greatest, {}
        if counted or greatest:
            await firm.write(lambda db: note(db, firm.timezone, now_ms, counted, greatest))
        self._written, self._written_ms = totals, now_ms


def note(db: sqlite3.Connection, tz: str, now_ms: int, counted: dict[str, int], greatest: dict[str, int]) -> None:
    """Add to the hour and the day of this moment, and let go of what is old."""
    day_ms = dates.day_start_ms(dates.local_date(now_ms, tz), tz)
    spans = (("hour", now_ms - now_ms % HOUR_MS), ("day", day_ms))
    for values, how in ((counted, "value + excluded.value"), (greatest, "max(value, excluded.value)")):
        db.executemany(
            "INSERT INTO watched (span, began_ms, name, value) VALUES (?, ?, ?, ?)"
            f" ON CONFLICT DO UPDATE SET value = {how}",
            [(*span, name, int(value)) for span in spans for name, value in values.items()],
        )
    for span, kept_ms in (("hour", HOURS_KEPT_MS), ("day", DAYS_KEPT_MS)):
        db.execute("DELETE FROM watched WHERE span = ? AND began_ms < ?", (span, now_ms - kept_ms))


# --- read ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Span:
    """One column of a plot. values: by name; a name that is missing was not watched then."""

    began_ms: int
    values: dict[str, int]


def hours(db: sqlite3.Connection, now_ms: int, how_many: int = 48) -> list[Span]:
    """The last hours, up to this one."""
    last = now_ms - now_ms % HOUR_MS
    return _spans(db, "hour", [last - n * HOUR_MS for n in reversed(range(how_many))])


def days(db: sqlite3.Connection, tz: str, now_ms: int, how_many: int = 30) -> list[Span]:
    """The last days, up to today."""
    return _spans(db, "day", _mornings(tz, now_ms, how_many))


def weeks(db: sqlite3.Connection, tz: str, now_ms: int, how_many: int = 52) -> list[Span]:
    """Seven days each, the last of which ends today."""
    each_day = days(db, tz, now_ms, how_many * 7)
    return [_together(each_day[n : n + 7]) for n in range(0, len(each_day), 7)]


def _mornings(tz: str, now_ms: int, how_many: int) -> list[int]:
    today = dates.local_date(now_ms, tz)
    return [dates.day_start_ms(dates.add_days(today, -n), tz) for n in reversed(range(how_many))]


def _spans(db: sqlite3.Connection, span: str, began: list[int]) -> list[Span]:
    """A firm that changed its time zone has days that began at other moments: each counts to the day it fell in."""
    found: dict[int, dict[str, int]] = {ms: {} for ms in began}
    place = 0
    for row in db.execute(
        "SELECT began_ms, name, value FROM watched WHERE span = ? AND began_ms >= ? ORDER BY began_ms", (span, began[0])
    ):
        while place + 1 < len(began) and began[place + 1] <= row["began_ms"]:
            place += 1
        _add(found[began[place]], row["name"], row["value"])
    return [Span(ms, values) for ms, values in found.items()]


def _together(spans: list[Span]) -> Span:
    values: dict[str, int] = {}
    for span in spans:
        for name, value in span.values.items():
            _add(values, name, value)
    return Span(spans[0].began_ms, values)


def _add(values: dict[str, int], name: str, value: int) -> None:
    values[name] = values.get(name, 0) + value if name in COUNTED else max(values.get(name, 0), value)
