"""Operations of an earlier life that name a row which is not here yet: kept until its maker's device brings it.

A server that was put back from a copy hears again what it had lost, from each device in that device's order and from
the devices in any order.  What waits is applied as its author's, by the ordinary rules, as soon as the row is made.
Nothing here judges; runs in the writer's transaction.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from . import record
from .database import sqlite3

# How much one person's devices may leave waiting.
MOST_A_PERSON = 10_000
# After so long an administrator is told of what still waits.
OVERDUE_MS = 30 * 86_400_000


@dataclass(frozen=True)
class Kept:
    """One group of operations, as the device sent them."""

    n: int
    user_id: str
    device_id: str
    skew_ms: int
    ops: list[dict]


def keep(
    db: sqlite3.Connection,
    user_id: str,
    device_id: str,
    skew_ms: int,
    missing_id: str,
    ops: list[dict],
    now_ms: int,
    n: int | None = None,
) -> int:
    """Put a group by until the row missing_id is there. Returns the sequence number it was kept under.

    n: its place, where it has waited before: what was typed later stays behind it.
    """
    n = db.execute(
        "INSERT INTO waiting (n, user_id, device_id, skew_ms, missing_id, ops, kept_at_ms)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        (n, user_id, device_id, skew_ms, missing_id, json.dumps(ops, ensure_ascii=False), now_ms),
    ).lastrowid
    rows = {(op["row"], n) for op in ops}
    db.executemany("INSERT INTO waiting_row (row_id, n) VALUES (?, ?)", sorted(rows))
    return record.next_seq(db)


def is_anything(db: sqlite3.Connection, user_id: str) -> bool:
    """Whether something of this person waits."""
    found = db.execute("SELECT 1 FROM waiting WHERE user_id = ? AND reason IS NULL LIMIT 1", (user_id,))
    return found.fetchone() is not None


def has_room(db: sqlite3.Connection, user_id: str) -> bool:
    count = db.execute("SELECT count(*) FROM waiting WHERE user_id = ?", (user_id,)).fetchone()[0]
    return count < MOST_A_PERSON


def awaited_by_rows(
    db: sqlite3.Connection, user_id: str, row_ids: set[str], made: set[str], before_n: int | None = None
) -> str | None:
    """The row that is missing for something of this person that would make or change one of these rows.

    made: what waits for these is in nobody's way who makes them: another device of this person was here first.
    before_n: only what has waited for longer counts.  What was refused is in nobody's way.
    """
    found = db.execute(
        "SELECT w.missing_id FROM waiting_row AS r JOIN waiting AS w ON w.n = r.n WHERE w.user_id = :user_id"
        " AND w.reason IS NULL AND (:before_n IS NULL OR w.n < :before_n)"
        " AND r.row_id IN (SELECT value FROM json_each(:row_ids))"
        " AND w.missing_id NOT IN (SELECT value FROM json_each(:made)) ORDER BY w.n DESC LIMIT 1",
        {
            "user_id": user_id,
            "row_ids": json.dumps(sorted(row_ids)),
            "made": json.dumps(sorted(made)),
            "before_n": before_n,
        },
    ).fetchone()
    return found[0] if found else None


def for_conflicts(db: sqlite3.Connection) -> list[str]:
    """Conflicts that something waits for, to settle them, and that are here now."""
    rows = db.execute(
        "SELECT DISTINCT w.missing_id FROM waiting AS w JOIN conflict ON conflict.id = w.missing_id"
        " WHERE w.reason IS NULL"
    )
    return [row[0] for row in rows]


def for_approvals(db: sqlite3.Connection, approval_ids: list[str]) -> list[str]:
    """Requests, and steps of theirs, that something waits for, and that have moved on: its turn may have come."""
    rows = db.execute(
        "SELECT DISTINCT missing_id FROM waiting WHERE reason IS NULL"
        " AND (missing_id IN (SELECT value FROM json_each(?1))"
        " OR missing_id IN (SELECT id FROM approval_step WHERE approval_id IN (SELECT value FROM json_each(?1))))",
        (json.dumps(approval_ids),),
    )
    return [row[0] for row in rows]


def take(db: sqlite3.Connection, row_id: str) -> list[Kept]:
    """What waited for this row, in order; it waits no longer."""
    found = db.execute(
        "SELECT n, user_id, device_id, skew_ms, ops FROM waiting WHERE missing_id = ? AND reason IS NULL ORDER BY n",
        (row_id,),
    ).fetchall()
    for line in found:
        db.execute("DELETE FROM waiting WHERE n = ?", (line["n"],))
        db.execute("DELETE FROM waiting_row WHERE n = ?", (line["n"],))
    return [Kept(*line[:4], json.loads(line["ops"])) for line in found]


def refuse(db: sqlite3.Connection, kept: Kept, missing_id: str, reason: str, now_ms: int) -> None:
    """What cannot be applied although its row is there stays, for an administrator to see."""
    ops = json.dumps(kept.ops, ensure_ascii=False)
    db.execute(
        "INSERT INTO waiting (user_id, device_id, skew_ms, missing_id, ops, kept_at_ms, reason)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        (kept.user_id, kept.device_id, kept.skew_ms, missing_id, ops, now_ms, reason),
    )


def overdue(db: sqlite3.Connection, now_ms: int) -> list[sqlite3.Row]:
    """What an administrator should know of: refused, or waiting for longer than anybody's device stays away."""
    return db.execute(
        "SELECT n, user_id, device_id, missing_id, ops, kept_at_ms, reason FROM waiting"
        " WHERE reason IS NOT NULL OR kept_at_ms < ? ORDER BY n",
        (now_ms - OVERDUE_MS,),
    ).fetchall()
