"""Plans everything anew where it was planned by nobody, or otherwise: a database from before reminders or from a copy,
a firm that moved to another time zone, time zones that governments changed.

In pieces, so that nobody waits long for the writer; a server that stops in between goes on where it was.
"""

from __future__ import annotations

import json

import tzdata

from server.database import sqlite3

from .plan import borders, plan_row
from .sources import SOURCES

# Rows that are looked at in one go; most remind nobody.
PIECE = 1_000
# Another number plans everything anew: when the rules by which reminders are planned have changed.
RULES = 1

_PLANNED, _PROGRESS = "reminders_planned", "reminders_progress"


async def keep_planned(firm) -> None:
    """Plan everything anew where that is needed."""
    with firm.look() as db:
        if _meta(db, _PLANNED) == _stamp(db):
            return
    while await firm.write(lambda db: plan_piece(db, firm.clock())):
        pass


def plan_all(db: sqlite3.Connection, now_ms: int) -> None:
    """All pieces at once, for a file that nobody waits for."""
    _set_meta(db, _PLANNED, "")
    while plan_piece(db, now_ms):
        pass


def plan_piece(db: sqlite3.Connection, now_ms: int) -> bool:
    """The next piece. Returns whether more are to come."""
    stamp = _stamp(db)
    if _meta(db, _PLANNED) == stamp:
        return False
    progress = json.loads(_meta(db, _PROGRESS) or "null")
    _, number, after_id = progress if progress and progress[0] == stamp else (stamp, 0, "")
    if number == len(SOURCES):
        _set_meta(db, _PLANNED, stamp)
        _set_meta(db, _PROGRESS, "")
        return False
    last_id = _plan_rows(db, SOURCES[number], after_id, now_ms)
    _set_meta(db, _PROGRESS, json.dumps([stamp, number, last_id] if last_id else [stamp, number + 1, ""]))
    return True


def _plan_rows(db: sqlite3.Connection, source, after_id: str, now_ms: int) -> str:
    """Returns the last row that was looked at; '' where there was none."""
    last = db.execute(
        f"SELECT max(id) FROM (SELECT id FROM {source.entity} WHERE id > ? ORDER BY id LIMIT {PIECE})", (after_id,)
    ).fetchone()[0]
    if last is None:
        return ""
    given = {"after": after_id, "last": last, **borders(now_ms)}
    rows = db.execute(
        f"SELECT * FROM {source.entity} WHERE id > :after AND id <= :last AND ({source.to_come})", given
    ).fetchall()
    for row in rows:
        plan_row(db, source, dict(row), now_ms)
    return last


def _stamp(db: sqlite3.Connection) -> str:
    """By what everything is planned: these rules, this life of the database, the firm's zone, these zones."""
    return json.dumps([RULES, _meta(db, "epoch"), _meta(db, "timezone"), tzdata.IANA_VERSION])


def _meta(db: sqlite3.Connection, name: str) -> str | None:
    found = db.execute("SELECT value FROM meta WHERE name = ?", (name,)).fetchone()
    return found[0] if found else None


def _set_meta(db: sqlite3.Connection, name: str, value: str) -> None:
    db.execute(
        "INSERT INTO meta (name, value) VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value", (name, value)
    )
