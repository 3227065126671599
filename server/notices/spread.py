"""Notices that are due become deliveries: one for each way and place that its person, or a group's robot, takes it.

Runs in the writer's transaction, and sends nothing.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from server.database import sqlite3
from server.notices import recipients
from server.notices.recipients import Recipient

AT_ONCE = 500


@dataclass(frozen=True)
class Means:
    """What this server can do: has_mail where it knows a mail server."""

    timezone: str
    has_mail: bool


def spread(db: sqlite3.Connection, means: Means, now_ms: int) -> int:
    """Returns how many notices were due."""
    due = db.execute(
        "SELECT * FROM notice WHERE state = 'waiting' AND at_ms <= ? ORDER BY at_ms, id LIMIT ?", (now_ms, AT_ONCE)
    ).fetchall()
    if not due:
        return 0
    people = recipients.read(db, (notice["user_id"] for notice in due), means.timezone)
    active = db.execute("SELECT * FROM group_robot WHERE is_active = 1 ORDER BY id").fetchall()
    groups = [_with_departments(db, row) for row in active]
    for notice in due:
        _spread_one(db, dict(notice), people.get(notice["user_id"]), groups, means, now_ms)
    return len(due)


def _spread_one(
    db: sqlite3.Connection, notice: dict, person: Recipient | None, groups: list[dict], means: Means, now_ms: int
) -> None:
    later_ms = None
    if person is not None and notice["urgency"] != "high":
        later_ms = person.quiet_until_ms(now_ms)
    if person is None or (notice["until_ms"] is not None and max(now_ms, later_ms or 0) > notice["until_ms"]):
        db.execute("UPDATE notice SET state = 'late' WHERE id = ?", (notice["id"],))
    elif later_ms is not None:
        db.execute("UPDATE notice SET at_ms = ? WHERE id = ?", (later_ms, notice["id"]))
    else:
        for way, target in places(notice["kind"], person, groups, means.has_mail):
            add_delivery(db, notice["id"], way, target, now_ms)
        db.execute("UPDATE notice SET state = 'spread' WHERE id = ?", (notice["id"],))


def places(kind: str, person: Recipient, groups: list[dict], has_mail: bool) -> list[tuple[str, str]]:
    """(way, target) of everything that is sent for a notice of this kind."""
    pushes = [("push", one["id"]) for one in person.subscriptions] if person.takes(kind, "push") else []
    found = list(pushes)
    if has_mail and person.email and person.takes(kind, "email") and (person.wants_email or not pushes):
        found.append(("email", ""))
    if person.robot and person.takes(kind, "robot"):
        found.append(("robot", f"person:{person.user_id}"))
    return found + [("robot", group["id"]) for group in groups if _tells(group, kind, person)]


def add_delivery(db: sqlite3.Connection, notice_id: int, way: str, target: str, now_ms: int) -> None:
    db.execute(
        "INSERT INTO delivery (notice_id, way, target, next_at_ms) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
        (notice_id, way, target, now_ms),
    )


def _tells(group: dict, kind: str, person: Recipient) -> bool:
    is_in_it = group["departments"] is None or person.department_id in group["departments"]
    return is_in_it and kind in json.loads(group["kinds"])


def _with_departments(db: sqlite3.Connection, row: sqlite3.Row) -> dict:
    """departments: those that the group is about, None for all."""
    if row["department_id"] is None:
        return {**dict(row), "departments": None}
    found = db.execute(
        "WITH RECURSIVE below (id) AS (SELECT ? UNION SELECT d.id FROM department d JOIN below b ON d.parent_id = b.id"
        " WHERE d.deleted = 0) SELECT id FROM below",
        (row["department_id"],),
    )
    return {**dict(row), "departments": {one["id"] for one in found}}
