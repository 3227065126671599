"""Whether a firm would survive this machine: its replica, its daily copy, the trial restore."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator

from server.backup import litestream
from server.backup.frozen import HANDED_OVER
from server.database import connect_reader
from server.watching import health, results, words
from server.watching.part import Part
from web.text import Text

from .finding import Finding

NAMES = {"replica": "replica", "copy": "daily copy", "drill": "trial restore"}
# Litestream itself gives up sooner.
REPLICA_S = 60


def examine_safety(settings, is_here: bool = False) -> Iterator[Finding]:
    """is_here: the replica is not asked."""
    if settings.replica is None:
        yield in_words(Part("replica", "warning", "none"))
    elif not is_here:
        yield check_replica(settings)
    yield from examine_daily(settings, time.time_ns() // 1_000_000)


def check_replica(settings) -> Finding:
    """Everything that is committed now is brought there, and that is waited for."""
    began = time.monotonic()
    file = settings.data / "roadbook.db"
    if not file.exists():
        return Finding("replica", "ok", "there is no database yet")
    if (settings.data / HANDED_OVER).exists():
        return Finding("replica", "ok", "the firm was handed over: whoever serves it now brings its changes there")
    try:
        asyncio.run(asyncio.wait_for(litestream.barrier(settings.home, file), REPLICA_S))
    except litestream.NotReplicated as error:
        words_, _, way_out = str(error).partition(": ")
        return Finding("replica", "failed", f"{settings.replica}: {words_}", way_out or "see BACKUPS.md")
    except TimeoutError:
        words_ = f"{settings.replica}: no answer within {REPLICA_S} seconds"
        return Finding("replica", "failed", words_, "check the network and its address in ROADBOOK_REPLICA")
    return Finding("replica", "ok", f"{settings.replica} has every change ({time.monotonic() - began:.1f} s)")


def examine_daily(settings, now_ms: int) -> Iterator[Finding]:
    copy, drill = (results.last(settings.data, key) for key in ("copy", "drill"))
    since_ms = _watched_since(settings.data / "roadbook.db") or now_ms
    yield in_words(health.check_daily("copy", copy, now_ms, since_ms))
    if settings.replica or drill:
        yield in_words(health.check_daily("drill", drill, now_ms, since_ms))


def _watched_since(file) -> int | None:
    """None where that is not known: a new firm, or a database of an earlier release."""
    from server.database import sqlite3

    if not file.exists():
        return None
    try:
        db = connect_reader(file)
        try:
            return health.watched_since(db)
        finally:
            db.close()
    except sqlite3.Error:
        return None


def in_words(part: Part) -> Finding:
    """A part of the server's health, as the doctor says it."""
    said = words.say(Text("en", "UTC", time.time_ns() // 1_000_000), part)
    detail = f" ({said.detail})" if said.detail else ""
    return Finding(NAMES[part.key], part.state, said.words + detail, part.values.get("way_out") or said.advice)
