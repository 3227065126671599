"""How many requests wait for each of some people, also as a substitute: the number on the app's icon."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from server.approvals import substitutes
from server.database import sqlite3
from sync.values import members_of


def counts(db: sqlite3.Connection, user_ids: Iterable[str], now_ms: int) -> Counter[str]:
    """By person."""
    wanted = set(user_ids)
    found: Counter[str] = Counter()
    if not wanted:
        return found
    waiting = db.execute("SELECT applicant_id, waiting_ids FROM approval WHERE state = 'pending' AND deleted = 0")
    deciders: dict[str, list[str]] = {}
    for applicant_id, waiting_ids in waiting.fetchall():
        asked = members_of(waiting_ids)
        for one in asked:
            if one not in deciders:
                deciders[one] = substitutes.deciders(db, one, now_ms)
        found.update({who for one in asked for who in deciders[one]} & wanted - {applicant_id})
    return found
