"""Whoever is mentioned in a comment is told so, once, where they may read it."""

from __future__ import annotations

import json

from server.database import sqlite3
from server.notices import queue
from server.scope import access
from web.reasons import N_


def tell(db: sqlite3.Connection, comment: dict, before: dict | None) -> None:
    """comment, before: the row as it is, and as it was (None: it is new). In the writer's transaction."""
    earlier = set(json.loads(before["mention_ids"] or "[]")) if before else set()
    mentioned = [one for one in json.loads(comment.get("mention_ids") or "[]") if one not in earlier]
    if comment.get("deleted") or not mentioned:
        return
    found = db.execute("SELECT name, clock_ms() FROM user WHERE id = ?", (comment["owner_id"],)).fetchone()
    if found is None:
        return
    name, now_ms = found
    for user_id in mentioned:
        if user_id != comment["owner_id"] and _may_read(db, user_id, comment):
            queue.add(
                db,
                key=f"mention:{comment['id']}",
                user_id=user_id,
                kind="mention",
                text=N_("%(name)s mentions you"),
                values={"name": name},
                address=f"/comments/{comment['id']}",
                now_ms=now_ms,
            )


def _may_read(db: sqlite3.Connection, user_id: str, comment: dict) -> bool:
    """A comment without a customer is shared with whoever it mentions."""
    return not comment["account_id"] or access(db, user_id, "account", comment["account_id"]) is not None
