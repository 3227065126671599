"""A step is late: whoever is waited for is told once more, and when that was in vain somebody is asked beside them.

Never passes a step, and says nothing twice, however often it is called. Runs in the writer's transaction.
"""

from __future__ import annotations

from sync.ids import derived_id
from sync.values import members_of

from ..database import sqlite3
from . import asked, by_itself, route, steps, substitutes, telling
from .case import Case, request_row, step_row, waiting_in_turn


def late(db: sqlite3.Connection, firm) -> int:
    """All that is late now. Returns for how many steps something was done."""
    now_ms = firm.clock()
    due = [step_id for step_id, at_ms in steps_due(db) if at_ms <= now_ms]
    return sum(step_is_late(db, firm, step_id) for step_id in due)


def steps_due(db: sqlite3.Connection) -> list[tuple[str, int]]:
    """(step, instant) of everything open that is late at some time, or is so already and nothing was done of it."""
    rows = db.execute(
        "SELECT * FROM approval_step WHERE state = 'active' AND due_at_ms IS NOT NULL AND deleted = 0"
        " ORDER BY due_at_ms, id"
    ).fetchall()
    found = []
    for row in rows:
        at_ms = _next_at_ms(db, dict(row))
        if at_ms is not None:
            found.append((row["id"], at_ms))
    return found


def step_is_late(db: sqlite3.Connection, firm, step_id: str) -> bool:
    """Do what is to be done of this step now. Returns whether anything was."""
    step, now_ms = step_row(db, step_id), firm.clock()
    if step is None or step["state"] != "active" or step["due_at_ms"] is None:
        return False
    at_ms = _next_at_ms(db, step)
    if at_ms is None or at_ms > now_ms:
        return False
    request = request_row(db, step["approval_id"])
    if _is_told(db, step):
        return any([_ask_beside(db, request, step, one, now_ms, firm.touched) for one in _alone(db, step)])
    return _tell_again(db, request, step, now_ms, firm.touched)


def _next_at_ms(db: sqlite3.Connection, step: dict) -> int | None:
    """Once when it is late, once after as long again; each of those who are asked is then helped once."""
    if not _is_told(db, step):
        return step["due_at_ms"]
    if not _alone(db, step):
        return None
    return 2 * step["due_at_ms"] - step["opened_at_ms"]


def _tell_again(db: sqlite3.Connection, request: dict, step: dict, now_ms: int, touched: set) -> bool:
    case = by_itself.act(db, request, "overdue", _told_id(step), now_ms, touched, step)
    if case is None:
        return False
    everybody = asked.now_asked(db, step, case.applicant_id, now_ms)
    telling.again(case, step, everybody, telling.LATE)
    return True


def _ask_beside(db: sqlite3.Connection, request: dict, step: dict, asked_id: str, now_ms: int, touched: set) -> bool:
    found = _who_beside(db, request, step, asked_id, now_ms)
    action_id = derived_id(step["id"], "overdue", str(step["opened_at_ms"]), asked_id)
    targets = [found] if found else []
    case: Case | None = by_itself.act(db, request, "overdue", action_id, now_ms, touched, step, asked_id, targets)
    if case is None:
        return False
    steps.turn_to(case, step)
    return True


def _who_beside(db: sqlite3.Connection, request: dict, step: dict, asked_id: str, now_ms: int) -> str | None:
    """The substitute, else the manager, else the fallback."""
    but = [*members_of(step["asked_ids"]), request["applicant_id"]]
    standing_in = [one for one in substitutes.deciders(db, asked_id, now_ms) if one not in but]
    if standing_in:
        return standing_in[0]
    fallback_id = steps.fallback_of(db, request)
    return route.replacement(db, asked_id, request["applicant_id"], fallback_id, but)


def _alone(db: sqlite3.Connection, step: dict) -> list[str]:
    """Those waited for beside whom nobody was asked yet."""
    helped = {
        row[0]
        for row in db.execute(
            "SELECT on_behalf_of FROM approval_action WHERE step_id = ? AND verb = 'overdue'", (step["id"],)
        )
    }
    return [one for one in waiting_in_turn(step) if one not in helped]


def _is_told(db: sqlite3.Connection, step: dict) -> bool:
    return db.execute("SELECT 1 FROM approval_action WHERE id = ?", (_told_id(step),)).fetchone() is not None


def _told_id(step: dict) -> str:
    return derived_id(step["id"], "overdue", str(step["opened_at_ms"]))
