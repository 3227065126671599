"""Steps of approvals that become late.  Nobody is reminded: the server acts on it (`server/approvals/overdue.py`)."""

from __future__ import annotations

from collections.abc import Mapping

from server.database import sqlite3

from .reminder import OFF_MS, SERVER, Reminder, Source


def steps(db: sqlite3.Connection, step: Mapping, now_ms: int) -> list[Reminder]:
    # However late it is noticed, somebody has to hear of it.
    return [Reminder(f"approval:{step['id']}", SERVER, step["due_at_ms"], OFF_MS)]


def _is_waited_for(step: Mapping) -> bool:
    return bool(step.get("state") == "active" and step.get("due_at_ms") is not None and not step.get("deleted"))


STEPS = Source(
    kind="approval",
    entity="approval_step",
    fields=frozenset({"state", "due_at_ms", "deleted"}),
    may_remind=_is_waited_for,
    wanted=steps,
    of_person="",
    to_come="state = 'active' AND due_at_ms IS NOT NULL AND deleted = 0",
)
