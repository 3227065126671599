"""Somebody has left: whatever waits for their decision waits for somebody else, and the trail says so."""

from __future__ import annotations

from sync.ids import derived_id

from ..database import sqlite3
from . import by_itself, steps
from .case import request_row


def replace_everywhere(db: sqlite3.Connection, left_id: str, op_id: str, now_ms: int, touched: set) -> None:
    """In every open step that waits for them. Runs in the transaction that disables them."""
    rows = db.execute(
        "SELECT * FROM approval_step WHERE state = 'active' AND deleted = 0"
        " AND EXISTS (SELECT 1 FROM json_each(waiting_ids) WHERE value = ?) ORDER BY id",
        (left_id,),
    ).fetchall()
    for row in rows:
        _replace(db, dict(row), left_id, op_id, now_ms, touched)


def _replace(db: sqlite3.Connection, step: dict, left_id: str, op_id: str, now_ms: int, touched: set) -> None:
    request = request_row(db, step["approval_id"])
    if request is None:
        return
    found = steps.instead_of(db, request, step, left_id)
    action_id = derived_id(step["id"], op_id, left_id)
    done = by_itself.act(db, request, "reassign", action_id, now_ms, touched, step, left_id, [found] if found else [])
    if done:
        steps.replace_gone(done, step, left_id)
        steps.turn_to(done, step)
