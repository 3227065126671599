"""How things stand in a firm at one moment: what waits and how long, how many devices, how large the files are.

A handful of statements on small tables and indexes, asked now and then (a scrape, a minute, somebody who looks at the
status page), never for a request.
"""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from server.database import sqlite3

DAY_MS = 86_400_000
# Of devices, by when they were last seen: less than so many days ago.
SEEN_WITHIN_DAYS = (1, 7, 30)

_QUEUES = """
SELECT
  (SELECT count(*) FROM notice WHERE state = 'waiting' AND at_ms <= :now)
    + (SELECT count(*) FROM delivery WHERE state IN ('waiting', 'sending')) AS notices,
  min(
    coalesce((SELECT min(at_ms) FROM notice WHERE state = 'waiting' AND at_ms <= :now), :now),
    coalesce((SELECT min(max(n.at_ms, n.made_at_ms)) FROM delivery d JOIN notice n ON n.id = d.notice_id
      WHERE d.state = 'waiting'), :now)
  ) AS notices_since_ms,
  (SELECT count(*) FROM delivery WHERE state = 'failed' AND done_at_ms > :now - 86400000) AS notices_failed,
  (SELECT count(*) FROM reminder WHERE sent_at_ms IS NULL AND missed_at_ms IS NULL AND at_ms <= :now) AS reminders,
  coalesce((SELECT min(at_ms) FROM reminder WHERE sent_at_ms IS NULL AND missed_at_ms IS NULL AND at_ms <= :now), :now)
    AS reminders_since_ms,
  (SELECT count(*) FROM waiting) AS held,
  coalesce((SELECT min(kept_at_ms) FROM waiting), :now) AS held_since_ms,
  (SELECT count(*) FROM user WHERE is_active = 1 AND deleted = 0) AS people,
  (SELECT seq FROM counter) AS seq
"""


@dataclass(frozen=True)
class Gauges:
    """…_wait_ms: how long the oldest one waits, 0 where nothing does. devices: one a session, by when they were last
    seen: today, within 7 days, within 30, longer ago. last_sync_ms: since the server started, 0 for none. newest_ms:
    the newest instant that this server wrote down by its own clock."""

    at_ms: int
    seq: int
    people: int
    devices: tuple[int, int, int, int]
    last_seen_ms: int
    last_sync_ms: int
    newest_ms: int
    notices: int
    notices_wait_ms: int
    notices_failed: int
    reminders: int
    reminders_wait_ms: int
    held: int
    held_wait_ms: int
    database_bytes: int
    wal_bytes: int
    free_bytes: int
    replica_lag_ms: int | None
    replica_lag_seq: int | None


def look(firm) -> Gauges:
    """Raises sqlite3.Error, OSError."""
    now_ms = firm.clock()
    with firm.look() as db:
        queues = dict(db.execute(_QUEUES, {"now": now_ms}).fetchone())
        devices, last_seen_ms = devices_seen(db, now_ms)
        newest_ms = newest(db)
    lag_ms, lag_seq = replica_lag(firm.offsite.position(), queues["seq"], now_ms)
    return Gauges(
        at_ms=now_ms,
        seq=queues["seq"],
        people=queues["people"],
        devices=devices,
        last_seen_ms=last_seen_ms,
        last_sync_ms=firm.measures.last_sync_ms,
        newest_ms=newest_ms,
        notices=queues["notices"],
        notices_wait_ms=max(0, now_ms - queues["notices_since_ms"]),
        notices_failed=queues["notices_failed"],
        reminders=queues["reminders"],
        reminders_wait_ms=max(0, now_ms - queues["reminders_since_ms"]),
        held=queues["held"],
        held_wait_ms=max(0, now_ms - queues["held_since_ms"]),
        database_bytes=size(firm.path / "roadbook.db"),
        wal_bytes=size(firm.path / "roadbook.db-wal"),
        free_bytes=shutil.disk_usage(firm.path).free,
        replica_lag_ms=lag_ms,
        replica_lag_seq=lag_seq,
    )


def devices_seen(db: sqlite3.Connection, now_ms: int) -> tuple[tuple[int, int, int, int], int]:
    """How many were last seen today (24 hours), within 7 days, within 30, longer ago; and when the last one was."""
    counts, last_ms = [0, 0, 0, 0], 0
    for (seen_ms,) in db.execute("SELECT last_seen_ms FROM session WHERE expires_at_ms > ?", (now_ms,)):
        days = (now_ms - seen_ms) / DAY_MS
        counts[sum(days >= limit for limit in SEEN_WITHIN_DAYS)] += 1
        last_ms = max(last_ms, seen_ms)
    return tuple(counts), last_ms


def newest(db: sqlite3.Connection) -> int:
    """The newest instant by this machine's own clock: a clock that shows less than that has gone back."""
    found = db.execute(
        "SELECT max(coalesce((SELECT max(last_seen_ms) FROM session), 0),"
        " coalesce((SELECT max(made_at_ms) FROM notice), 0), coalesce((SELECT max(began_ms) FROM watched), 0))"
    )
    return found.fetchone()[0]


def replica_lag(position, seq: int, now_ms: int) -> tuple[int | None, int | None]:
    """By how long and by how many changes the replica is behind; None where there is none, or none was reached yet."""
    if position is None:
        return None, None
    if not position.error and position.safe_seq >= seq:
        return 0, 0
    behind_ms = max(0, now_ms - position.safe_at_ms) if position.safe_at_ms else None
    return behind_ms, max(0, seq - position.safe_seq)


def size(file: Path) -> int:
    try:
        return file.stat().st_size
    except OSError:
        return 0


def memory_bytes() -> int:
    """Of this process, resident."""
    try:
        with open("/proc/self/statm", encoding="ascii") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError):
        return 0
