"""How many requests wait for each of some people, also as a substitute: the number on the app's icon."""

from __future__ import annotations

import json
from collections.abc import Iterable

from server.database import sqlite3
from web.dates import local_date


def counts(db: sqlite3.Connection, user_ids: Iterable[str], now_ms: int, timezone: str = "UTC") -> dict[str, int]:
    """By person; whoever nothing waits for is left out."""
    wanted = set(user_ids)
    if not wanted:
        return {}
    waiting = db.execute(
        "SELECT id, applicant_id, waiting_ids FROM approval WHERE state = 'pending' AND deleted = 0"
    ).fetchall()
    if not waiting:
        return {}
    today = local_date(now_ms, timezone)
    away = db.execute(
        "SELECT owner_id, substitute_id FROM substitute WHERE deleted = 0 AND from_on <= ? AND until_on >= ?",
        (today, today),
    ).fetchall()
    found: dict[str, int] = {}
    for approval in waiting:
        for user_id in _asked(set(json.loads(approval["waiting_ids"] or "[]")), away) & wanted:
            if user_id != approval["applicant_id"]:
                found[user_id] = found.get(user_id, 0) + 1
    return found


def _asked(user_ids: set[str], away: list) -> set[str]:
    """With those who decide for whoever is away, and for them in turn."""
    while True:
        more = {row["substitute_id"] for row in away if row["owner_id"] in user_ids} - user_ids
        if not more:
            return user_ids
        user_ids |= more
