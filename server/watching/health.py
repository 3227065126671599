"""Whether a firm's server does what it is for, now: the writer writes, the disk has room, copies are made and proven.

Looked at for real and cheaply, at most every few seconds however often it is asked: a write that is undone again, a
file that is made and removed.  Nothing stays behind.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import shutil
import time
from concurrent.futures import TimeoutError as NotInTime
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from server.backup.frozen import is_frozen
from server.database import sqlite3
from server.writer import Frozen

from . import gauges, results
from .part import FAILED, OK, WARNING, Part, worst

KEPT_S = 3.0
# Longer than any job of a healthy server: an import of 20 MB takes some seconds.
WRITER_S = 20.0
PROBE_BYTES = 65_536
GIB = 2**30
MINUTE_MS, HOUR_MS, DAY_MS = 60_000, 3_600_000, 86_400_000
# Clocks are set by small steps; what is more has another reason.
CLOCK_MS = 5 * MINUTE_MS
REPLICA_LATE_MS, REPLICA_LOST_MS = MINUTE_MS, 10 * MINUTE_MS
# Copies and drills are daily; one that was missed is no alarm yet.
DAILY_LATE_MS, DAILY_LOST_MS = 30 * HOUR_MS, 72 * HOUR_MS
NOTICES_LATE_MS = HOUR_MS

# What a server cannot do without: whoever starts servers anew, or sends people to them, asks for these alone.
SERVING = ("writer", "database", "disk")


class _Undo(Exception):
    """The end of a write that was only tried."""


@dataclass(frozen=True)
class Health:
    """gauges: None where the database could not be read."""

    at_ms: int
    parts: tuple[Part, ...]
    gauges: gauges.Gauges | None

    @property
    def state(self) -> str:
        return worst(self.parts)

    @property
    def failing(self) -> list[str]:
        return [part.key for part in self.parts if part.state == FAILED]


class Watchman:
    """Looks after one firm. settings: of the firm (the replica's place)."""

    def __init__(self, firm, settings) -> None:
        self.firm = firm
        self.has_replica = settings.replica is not None
        self.started_ms = firm.clock()
        self._looking = asyncio.Lock()
        self._seen: Health | None = None
        self._seen_at = 0.0

    async def look(self, kept_s: float = KEPT_S) -> Health:
        """How things stand; so many seconds old at most."""
        async with self._looking:
            if self._seen is None or time.monotonic() - self._seen_at > kept_s:
                self._seen = await asyncio.to_thread(self._look)
                self._seen_at = time.monotonic()
            return self._seen

    def _look(self) -> Health:
        firm, now_ms = self.firm, self.firm.clock()
        found, why = None, ""
        try:
            found = gauges.look(firm)
        except (sqlite3.Error, OSError) as error:
            why = _said(error)
        parts = [*check_writer(firm.writer), check_disk(firm.path)]
        if found is None:
            parts.append(Part("database", FAILED, "unreadable", {"why": why}))
        else:
            parts += self._further(found, now_ms)
        return Health(now_ms, tuple(parts), found)

    def _further(self, found: gauges.Gauges, now_ms: int) -> list[Part]:
        with self.firm.look() as db:
            since_ms = watched_since(db) or now_ms
        place = self.firm.path
        parts = [
            check_clock(found.newest_ms, now_ms),
            check_replica(self.has_replica, self.firm.offsite.position(), found, now_ms, self.started_ms),
            check_daily("copy", results.last(place, "copy"), now_ms, since_ms),
        ]
        if self.has_replica or results.last(place, "drill"):
            parts.append(check_daily("drill", results.last(place, "drill"), now_ms, since_ms))
        return [*parts, check_notices(found)]


def watched_since(db: sqlite3.Connection) -> int | None:
    """The first day that was watched: nothing daily can be missing before."""
    return db.execute("SELECT min(began_ms) FROM watched WHERE span = 'day'").fetchone()[0]


def check_writer(writer) -> list[Part]:
    """The writer takes a job, and the database a write."""
    if not writer.is_alive():
        return [Part("writer", FAILED, "stopped")]
    is_in_trouble = bool(writer.trouble)
    future = writer.submit(_write if is_in_trouble else _try_to_write)
    try:
        future.result(WRITER_S)
    except _Undo:
        pass
    except Frozen:
        return [Part("writer", OK, "works"), Part("database", WARNING, "frozen")]
    except NotInTime:
        future.cancel()
        return [Part("writer", FAILED, "stuck", {"seconds": int(WRITER_S)})]
    except Exception as error:
        return [Part("writer", OK, "works"), Part("database", FAILED, "cannot_write", {"why": _said(error)})]
    return [Part("writer", OK, "works"), Part("database", OK, "works")]


def _try_to_write(db: sqlite3.Connection) -> None:
    if is_frozen(db):
        raise Frozen
    _write(db)
    raise _Undo


def _write(db: sqlite3.Connection) -> None:
    """A row of its own, another value each time: SQLite writes nothing where nothing changes. It stays only where the
    last write failed, to see whether that is over."""
    db.execute(
        "INSERT INTO meta (name, value) VALUES ('probe', hex(randomblob(8)))"
        " ON CONFLICT DO UPDATE SET value = excluded.value"
    )


def check_disk(folder: Path) -> Part:
    """A small file is made and removed again: free space says nothing of quotas, or of a disk that went read-only."""
    probe = folder / f".probe-{os.getpid()}-{secrets.token_hex(4)}"
    try:
        try:
            probe.write_bytes(bytes(PROBE_BYTES))
        finally:
            with suppress(OSError):
                probe.unlink()
        free = shutil.disk_usage(folder).free
    except OSError as error:
        return Part("disk", FAILED, "cannot_write", {"why": _said(error)})
    is_little = free < max(GIB, 2 * gauges.size(folder / "roadbook.db"))
    return Part("disk", WARNING if is_little else OK, "little_room" if is_little else "room", {"free_bytes": free})


def check_clock(newest_ms: int, now_ms: int) -> Part:
    if newest_ms - now_ms > CLOCK_MS:
        return Part("clock", FAILED, "behind", {"newest_ms": newest_ms, "now_ms": now_ms})
    return Part("clock", OK, "right", {"now_ms": now_ms})


def check_replica(has_replica: bool, position, found: gauges.Gauges, now_ms: int, started_ms: int) -> Part:
    """position: of `firm.offsite`. started_ms: of this server, which knows nothing of before."""
    if not has_replica:
        return Part("replica", WARNING, "none")
    if position is None:
        return Part("replica", WARNING, "unknown")
    since_ms = position.safe_at_ms or started_ms
    values = {"since_ms": since_ms, "changes": found.replica_lag_seq or 0}
    if position.error:
        values["why"] = position.error
        lost = now_ms - since_ms > REPLICA_LOST_MS
        late = now_ms - since_ms > REPLICA_LATE_MS
        return Part("replica", FAILED if lost else WARNING if late else OK, "unreachable", values)
    if found.replica_lag_ms and found.replica_lag_ms > REPLICA_LATE_MS:
        return Part("replica", FAILED if found.replica_lag_ms > REPLICA_LOST_MS else WARNING, "behind", values)
    return Part("replica", OK, "current", values)


def check_daily(key: str, result: results.Result | None, now_ms: int, since_ms: int) -> Part:
    """key: 'copy' or 'drill'. since_ms: from when on there ought to be one a day."""
    if result is None:
        is_lost = now_ms - since_ms > DAILY_LOST_MS
        return Part(key, FAILED if is_lost else WARNING, "none_yet", {"since_ms": since_ms})
    values = {"at_ms": result.at_ms, "seconds": result.seconds}
    if not result.is_ok:
        return Part(key, FAILED, "failed", values | {"why": result.words, "way_out": result.way_out})
    age_ms = now_ms - result.at_ms
    state = FAILED if age_ms > DAILY_LOST_MS else WARNING if age_ms > DAILY_LATE_MS else OK
    return Part(key, state, "too_old" if state != OK else "good", values | {"why": result.words})


def check_notices(found: gauges.Gauges) -> Part:
    values = {"waiting": found.notices, "since_ms": found.at_ms - found.notices_wait_ms, "failed": found.notices_failed}
    if found.notices_wait_ms > NOTICES_LATE_MS:
        return Part("notices", WARNING, "late", values)
    return Part("notices", OK, "sent", values)


def _said(error: Exception) -> str:
    if isinstance(error, OSError):
        return error.strerror or type(error).__name__
    return str(error)
