"""Which rows a handover moves, as things are now. Reads only; the preview and the doing ask the same."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

from sync.recurrence import next_occurrence

from .database import sqlite3


@dataclass
class Plan:
    accounts: list[dict] = field(default_factory=list)
    contacts: list[dict] = field(default_factory=list)
    events: list[dict] = field(default_factory=list)
    tasks: list[dict] = field(default_factory=list)

    @property
    def is_empty(self) -> bool:
        return not (self.accounts or self.contacts or self.events or self.tasks)


def plan(db: sqlite3.Connection, handover: dict, now_ms: int) -> Plan:
    """handover: the row; without account_ids it moves all that its giver has, what is deleted included."""
    from_id = handover["from_id"]
    chosen = json.loads(handover["account_ids"] or "[]")
    accounts = _rows(db, "SELECT * FROM account WHERE owner_id = ? ORDER BY id", from_id)
    if chosen:
        wanted = set(chosen)
        accounts = [row for row in accounts if row["id"] in wanted]
    found = Plan(accounts)
    among = {row["id"] for row in accounts} if chosen else None
    if among is None:
        found.contacts = _rows(
            db, "SELECT * FROM contact WHERE owner_id = ? AND account_id IS NULL ORDER BY id", from_id
        )
    if handover["with_events"]:
        found.events = [row for row in _events(db, from_id, now_ms) if among is None or row["account_id"] in among]
    if handover["with_tasks"]:
        found.tasks = [row for row in _tasks(db, from_id) if among is None or row["account_id"] in among]
    return found


def _events(db: sqlite3.Connection, from_id: str, now_ms: int) -> list[dict]:
    """What is still to come: appointments that have not ended, series that go on."""
    rows = _rows(
        db,
        "SELECT * FROM event WHERE owner_id = ? AND (end_ms >= ? OR rrule IS NOT NULL) ORDER BY start_ms, id",
        from_id,
        now_ms,
    )
    return [row for row in rows if row["end_ms"] >= now_ms or goes_on(row, now_ms)]


def goes_on(event: dict, now_ms: int) -> bool:
    """Whether a series has an occurrence that has not ended."""
    names = ("start_ms", "end_ms", "rrule", "timezone", "is_all_day")
    return next_occurrence(*(event[name] for name in names), now_ms) is not None


def _tasks(db: sqlite3.Connection, from_id: str) -> list[dict]:
    return _rows(
        db,
        "SELECT * FROM task WHERE done_at_ms IS NULL AND (owner_id = ? OR assignee_id = ?) ORDER BY id",
        from_id,
        from_id,
    )


def _rows(db: sqlite3.Connection, query: str, *values) -> list[dict]:
    return [dict(row) for row in db.execute(query, values)]
