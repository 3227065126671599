"""Sends what is due: each reminder becomes a notice and is marked as sent in one transaction, so exactly once.

What became due while the server was down is sent as long as it is of use, else marked as missed.  One reminder that
fails holds back no other.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping

from server.approvals import overdue
from server.database import sqlite3
from server.notices import queue
from server.writer import Frozen

from . import rebuild
from .plan import notice_key, plan_row
from .reminder import SERVER
from .sources import BY_KIND
from .words import words

# What is planned for sooner than this while the server sleeps is late by no more.
LONGEST_SLEEP_S = 30
# So many at a time: between two of them the writer serves whoever waits.
BATCH = 100
# What fails is tried again after this.
AGAIN_MS = 600_000
KEPT_MS = 30 * 86_400_000
LET_GO_EVERY_MS = 3_600_000

_DUE = "sent_at_ms IS NULL AND missed_at_ms IS NULL"

log = logging.getLogger(__name__)


async def keep_reminding(firm) -> None:
    """Run for as long as the server does."""
    let_go_at_ms = 0
    while True:
        sleep_s = LONGEST_SLEEP_S
        try:
            await rebuild.keep_planned(firm)
            await send_all(firm)
            if firm.clock() >= let_go_at_ms:
                await firm.write(lambda db: let_go(db, firm.clock()))
                let_go_at_ms = firm.clock() + LET_GO_EVERY_MS
            sleep_s = seconds_to_next(firm)
        except Frozen:  # whoever takes the firm over reminds
            pass
        except Exception:  # the next round may do better; the server must go on
            log.exception("reminding failed")
        await asyncio.sleep(sleep_s)


async def send_all(firm) -> None:
    """Everything that is due now, in batches."""
    while _is_anything_due(firm):
        if await firm.write(lambda db: send_due(db, firm)) < BATCH:
            return


def _is_anything_due(firm) -> bool:
    with firm.look() as db:
        at_ms = next_at_ms(db)
    return at_ms is not None and at_ms <= firm.clock()


def seconds_to_next(firm) -> float:
    with firm.look() as db:
        at_ms = next_at_ms(db)
    if at_ms is None:
        return LONGEST_SLEEP_S
    return min(max((at_ms - firm.clock()) / 1000, 0.05), LONGEST_SLEEP_S)


def next_at_ms(db: sqlite3.Connection) -> int | None:
    """When the next one is due."""
    return db.execute(f"SELECT min(at_ms) FROM reminder WHERE {_DUE}").fetchone()[0]


def send_due(db: sqlite3.Connection, firm, most: int = BATCH) -> int:
    """One batch, in the writer's transaction. Returns how many were due."""
    now_ms = firm.clock()
    due = db.execute(
        f"SELECT * FROM reminder WHERE {_DUE} AND at_ms <= ? ORDER BY at_ms LIMIT ?", (now_ms, most)
    ).fetchall()
    for reminder in due:
        db.execute("SAVEPOINT reminder")
        try:
            _send(db, firm, reminder, now_ms)
        except Exception:  # whatever it is, others wait behind it
            log.exception("the reminder %s failed", reminder["key"])
            db.execute("ROLLBACK TO reminder")
            db.execute("UPDATE reminder SET at_ms = ? WHERE id = ?", (now_ms + AGAIN_MS, reminder["id"]))
        db.execute("RELEASE reminder")
    return len(due)


def _send(db: sqlite3.Connection, firm, reminder: Mapping, now_ms: int) -> None:
    if reminder["until_ms"] <= now_ms:
        db.execute("UPDATE reminder SET missed_at_ms = ? WHERE id = ?", (now_ms, reminder["id"]))
    else:
        db.execute("UPDATE reminder SET sent_at_ms = ? WHERE id = ?", (now_ms, reminder["id"]))
        if reminder["user_id"] == SERVER:
            overdue.step_is_late(db, firm, reminder["row_id"])
        else:
            _tell(db, reminder, now_ms)
    _plan_next(db, reminder, now_ms)


def _tell(db: sqlite3.Connection, reminder: Mapping, now_ms: int) -> None:
    said = words(db, reminder)
    if said is not None:
        queue.add(
            db,
            key=notice_key(reminder["key"], reminder["at_ms"]),
            user_id=reminder["user_id"],
            kind="reminder",
            text=said.text,
            values=said.values,
            address=said.address,
            now_ms=now_ms,
            until_ms=reminder["until_ms"],
            urgency=said.urgency,
        )


def _plan_next(db: sqlite3.Connection, reminder: Mapping, now_ms: int) -> None:
    """A series reminds again, of its next appointment."""
    if reminder["entity"] == "event":
        found = db.execute("SELECT * FROM event WHERE id = ? AND rrule IS NOT NULL", (reminder["row_id"],)).fetchone()
        if found is not None:
            plan_row(db, BY_KIND["event"], dict(found), now_ms)


def let_go(db: sqlite3.Connection, now_ms: int) -> int:
    """Forget what was sent or missed long ago. Returns how many that were."""
    return db.execute(
        "DELETE FROM reminder WHERE (sent_at_ms IS NOT NULL OR missed_at_ms IS NOT NULL) AND at_ms < ?",
        (now_ms - KEPT_MS,),
    ).rowcount
