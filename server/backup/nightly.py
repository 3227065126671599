"""Every night, by itself: a copy, then the proof that the firm can be restored.  What was missed is made up for.

Nobody waits for it and nothing depends on its hour.  What comes of it is in copy.json and drill.json, and
administrators are told when it fails.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import zlib
from collections.abc import Callable
from contextlib import suppress

from server.config import Settings
from server.database import sqlite3
from server.notices import queue
from server.writer import Frozen
from web.dates import day_start_ms, local_date
from web.reasons import N_

from . import copies, drill, quiet, state
from .copies import NotCopied

HOUR_MS, DAY_MS = 3_600_000, 86_400_000
# From three o'clock in the firm's night on; firms of one machine are spread over an hour.
COPY_AT_MS, DRILL_AT_MS = 3 * HOUR_MS, 4 * HOUR_MS
AGAIN_AFTER_MS = HOUR_MS
LOOK_EVERY_S = 60
# A server that has just started has better things to do.
REST_S = 120

log = logging.getLogger(__name__)


async def keep_copies(firm, settings: Settings) -> None:
    """Run for as long as the server does."""
    await asyncio.sleep(REST_S)
    while True:
        try:
            await look(firm, settings)
        except (Frozen, quiet.Busy):  # it is looked at again soon
            pass
        except Exception:  # the next round may do better; the server must go on
            log.exception("nightly work failed")
        await asyncio.sleep(LOOK_EVERY_S)


async def look(firm, settings: Settings) -> None:
    """Do what is due."""
    if is_due(state.read(firm.path, state.COPY), firm, COPY_AT_MS):
        await _in_background(lambda: _copy(firm, settings))
    if is_due(state.read(firm.path, state.DRILL), firm, DRILL_AT_MS):
        safe_seq = _safe_seq(firm)
        done = await _in_background(lambda: _drill(firm, settings, safe_seq))
        if not done.ok:
            log.warning("the daily drill failed: %s", done.words)
            await firm.write(lambda db: tell_administrators(db, firm))


def is_due(last: dict | None, firm, at_ms: int) -> bool:
    """Whether the firm's last night passed without it; what failed is tried again after an hour."""
    now_ms = firm.clock()
    if last is None or last["at_ms"] > now_ms + DAY_MS:
        return True
    if not last.get("ok"):
        return now_ms - last["at_ms"] >= AGAIN_AFTER_MS
    at_ms += zlib.crc32(str(firm.path).encode()) % HOUR_MS
    due_ms = day_start_ms(local_date(now_ms, firm.timezone), firm.timezone) + at_ms
    return last["at_ms"] < (due_ms if due_ms <= now_ms else due_ms - DAY_MS)


def tell_administrators(db: sqlite3.Connection, firm) -> None:
    """Once a day, however often it is tried."""
    now_ms = firm.clock()
    day = local_date(now_ms, firm.timezone)
    for (user_id,) in db.execute(
        "SELECT user.id FROM user JOIN role ON role.id = user.role_id"
        " WHERE role.is_admin = 1 AND user.is_active = 1 AND user.deleted = 0 ORDER BY user.id"
    ).fetchall():
        queue.add(
            db,
            key=f"drill:{day}:{user_id}",
            user_id=user_id,
            kind="reminder",
            text=N_("The daily trial restore of Roadbook failed"),
            values={},
            address="/admin/status",
            now_ms=now_ms,
            until_ms=now_ms + DAY_MS,
        )


def _copy(firm, settings: Settings) -> None:
    try:
        with quiet.in_turn(settings.home):
            copies.make_nightly(settings.data, settings.copies, firm.clock())
    except NotCopied as error:
        log.warning("no nightly copy: %s", error)


def _drill(firm, settings: Settings, safe_seq: int | None) -> drill.Drill:
    with quiet.in_turn(settings.home):
        return drill.run(settings, firm.clock(), safe_seq)


def _safe_seq(firm) -> int | None:
    position = firm.offsite.position()
    return position.safe_seq if position else None


async def _in_background(work: Callable[[], object]) -> object:
    """In a thread of the lowest priority. A server that stops does not wait for it: nothing is lost with it."""
    loop = asyncio.get_running_loop()
    done = loop.create_future()

    def run() -> None:
        try:
            quiet.give_way()
            outcome = work(), None
        except BaseException as error:
            outcome = None, error
        with suppress(RuntimeError):  # the loop has closed: the server is going down
            loop.call_soon_threadsafe(tell, *outcome)

    def tell(result: object, error: BaseException | None) -> None:
        if not done.done():
            done.set_exception(error) if error else done.set_result(result)

    threading.Thread(target=run, name="nightly", daemon=True).start()
    return await done
