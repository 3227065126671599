"""What the server does with a request by itself: an action without an owner, in the same trail as everybody's."""

from __future__ import annotations

from sync.values import column_of

from .. import record
from ..database import sqlite3
from ..record import Author
from .case import ACTION, Case
from .verdict import IN_FORCE


def act(
    db: sqlite3.Connection,
    request: dict,
    verb: str,
    action_id: str,
    now_ms: int,
    touched: set,
    step: dict,
    about: str | None = None,
    targets: list[str] | None = None,
) -> Case | None:
    """Write the action down; None where it is there already. about: whose part in the step it concerns."""
    if db.execute("SELECT 1 FROM approval_action WHERE id = ?", (action_id,)).fetchone():
        return None
    author = Author(None, None, action_id, now_ms)
    action = {"id": action_id} | {f.name: None for f in ACTION.fields} | {
        "approval_id": request["id"],
        "verb": verb,
        "step_id": step["id"],
        "revision_hash": request["revision_hash"],
        "revision": request["revision"],
        "applicant_id": request["applicant_id"],
        "target_ids": column_of(targets or []),
        "on_behalf_of": about,
        "effect": IN_FORCE,
        "effect_at_ms": now_ms,
    }
    record.insert(db, ACTION, action, author, touched)
    return Case(db, request, action, author, now_ms, touched)
