"""What the server does by itself, now and then: nobody waits for it and nothing depends on its hour.

An account member's access that has a last day ends after that day, in the firm's time zone, as an
operation like any other, so that devices forget the account.  What devices hold is decided for the day, and
what every device was told of long ago is let go of.
"""

from __future__ import annotations

import asyncio
import logging
import os

from sync.ids import RANDOM_BYTES, uuid7
from web.dates import local_date

from . import collect, holding
from .accept import accept_as_server
from .approvals import overdue, substitutes
from .attachments import collection
from .database import sqlite3
from .devices import known
from .pool import return_daily
from .writer import Frozen

EVERY_S = 600

log = logging.getLogger(__name__)


async def keep_house(firm) -> None:
    """Run for as long as the server does."""
    while True:
        try:
            await firm.write(lambda db: end_memberships(db, firm))
            await firm.write(lambda db: return_daily(db, firm))
            await firm.write(lambda db: substitutes.keep_up(db, firm))
            await firm.write(lambda db: overdue.late(db, firm))
            await asyncio.to_thread(firm.remember_life)
            while await firm.write(lambda db: collect.collect(db, firm)):
                pass
            await firm.write(lambda db: known.tidy(db, firm.clock()))
            await _to_its_end(holding.decide_for_all, firm)
            await _to_its_end(collection.keep_up, firm)
        except Frozen:  # a firm that is being moved is looked after where it goes
            pass
        except Exception:  # the next round may do better; the server must go on
            log.exception("background work failed")
        await asyncio.sleep(EVERY_S)


async def _to_its_end(work, firm) -> None:
    """Run in a thread; a server that stops waits for it, because the firm is closed next."""
    running = asyncio.ensure_future(asyncio.to_thread(work, firm))
    try:
        await asyncio.shield(running)
    except asyncio.CancelledError:
        await running
        raise


def end_memberships(db: sqlite3.Connection, firm) -> int:
    """End what has outlived its last day. Returns how many memberships ended."""
    today = local_date(firm.clock(), firm.timezone)
    ended = db.execute(
        "SELECT id, version FROM account_member WHERE deleted = 0 AND until_on < ? ORDER BY id", (today,)
    ).fetchall()
    now_ms = firm.clock()
    ops = [
        {
            "id": uuid7(now_ms, os.urandom(RANDOM_BYTES)),
            "entity": "account_member",
            "row": row["id"],
            "base": row["version"],
            "at": now_ms,
            "delete": True,
        }
        for row in ended
    ]
    accept_as_server(db, firm, ops)
    return len(ops)
