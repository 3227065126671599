"""What is due on a day: tasks, and customers to get in touch with.  It comes at the hour that its person chose."""

from __future__ import annotations

from collections.abc import Mapping

from server.database import sqlite3

from .reminder import Reminder, Source, clock_of


def tasks(db: sqlite3.Connection, task: Mapping, now_ms: int) -> list[Reminder]:
    return _on_day(db, f"task:{task['id']}:{task['due_on']}", task["assignee_id"], task["due_on"])


def next_contacts(db: sqlite3.Connection, account: Mapping, now_ms: int) -> list[Reminder]:
    day = account["next_contact_on"]
    return _on_day(db, f"contact:{account['id']}:{day}", account["owner_id"], day)


def _on_day(db: sqlite3.Connection, key: str, user_id: str, day: str) -> list[Reminder]:
    clock = clock_of(db, user_id)
    at_ms = clock.on(day)
    return [] if at_ms is None or not clock.is_here else [Reminder(key, user_id, at_ms, clock.end_of(day) or at_ms)]


def _is_open(task: Mapping) -> bool:
    return bool(
        task["due_on"] and task["assignee_id"] and task.get("done_at_ms") is None and not task.get("deleted")
    )


def _is_awaited(account: Mapping) -> bool:
    return bool(account.get("next_contact_on") and account.get("owner_id") and not account.get("deleted"))


TASKS = Source(
    kind="task",
    entity="task",
    fields=frozenset({"due_on", "assignee_id", "done_at_ms", "deleted"}),
    may_remind=_is_open,
    wanted=tasks,
    of_person=(
        "SELECT * FROM task WHERE assignee_id = :user AND done_at_ms IS NULL AND due_on >= :from_on AND deleted = 0"
    ),
    to_come="done_at_ms IS NULL AND assignee_id IS NOT NULL AND due_on >= :from_on AND deleted = 0",
)

NEXT_CONTACTS = Source(
    kind="contact",
    entity="account",
    fields=frozenset({"next_contact_on", "owner_id", "deleted"}),
    may_remind=_is_awaited,
    wanted=next_contacts,
    of_person="SELECT * FROM account WHERE owner_id = :user AND +next_contact_on >= :from_on AND deleted = 0",
    to_come="owner_id IS NOT NULL AND next_contact_on >= :from_on AND deleted = 0",
)

