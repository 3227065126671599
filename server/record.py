"""Writing what was accepted: the row, its history, its buckets, what is derived from it.

Runs in the writer's transaction only.  Every change takes the next sequence number; nothing here judges
whether a change is allowed.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from sync.latin import search_key
from sync.model import Entity

from . import busy, collect, scope
from .database import sqlite3
from .notices import mentions
from .permission import row_buckets
from .reminders import plan as reminders

# A change of one of these moves people between buckets.
PEOPLE_COLUMNS = {
    "user": {"department_id", "role_id", "manager_id", "is_active"},
    "role": {"data_scope"},
    "department": {"parent_id"},
}


@dataclass(frozen=True)
class Author:
    """Who makes a change, from where, by which operation, when (clamped)."""

    user_id: str | None
    device_id: str | None
    op_id: str
    at_ms: int
    # Of a change that comes again after a restore: whoever saw this number of the earlier life had seen it.
    old_life_seq: int | None = None


def next_seq(db: sqlite3.Connection) -> int:
    return db.execute("UPDATE counter SET seq = seq + 1 WHERE id = 1 RETURNING seq").fetchone()[0]


def current_seq(db: sqlite3.Connection) -> int:
    return db.execute("SELECT seq FROM main.counter WHERE id = 1").fetchone()[0]


def insert(db: sqlite3.Connection, entity: Entity, row: dict, author: Author, touched: set) -> int:
    """Add a row (id and fields; stamps and derived columns are made here). Returns its version."""
    seq = next_seq(db)
    row = row | {
        "version": seq,
        "created_at_ms": author.at_ms,
        "created_by": author.user_id,
        "updated_at_ms": author.at_ms,
        "updated_by": author.user_id,
    }
    if entity.name == "account" and row.get("owner_id") and not row.get("owner_since_ms"):
        row["owner_since_ms"] = author.at_ms
    if entity.search:
        row["search_key"] = _search_key(entity, row)
    names = ", ".join(row)
    values = ", ".join(f":{name}" for name in row)
    db.execute(f"INSERT INTO {entity.name} ({names}) VALUES ({values})", row)
    _note(db, seq, entity, row["id"], "+", None, None, author)
    _follow(db, seq, entity, None, row, touched)
    return seq


def update(db: sqlite3.Connection, entity: Entity, row: dict, patch: dict, author: Author, touched: set) -> int:
    """Change some fields of a row. Returns its new version."""
    seq = next_seq(db)
    for unit in dict.fromkeys(entity.by_name[name].unit for name in patch):
        names = [f.name for f in entity.unit_fields(unit)]
        old = {name: row.get(name) for name in names}
        new = {name: patch.get(name, row.get(name)) for name in names}
        _note(db, seq, entity, row["id"], unit, old, new, author)
    _write(db, seq, entity, row, patch, author, touched)
    return seq


def delete(db: sqlite3.Connection, entity: Entity, row: dict, author: Author, touched: set) -> int:
    seq = next_seq(db)
    _note(db, seq, entity, row["id"], "-", {"deleted": 0}, {"deleted": 1}, author)
    _write(db, seq, entity, row, {"deleted": 1}, author, touched)
    return seq


def bring_back(db: sqlite3.Connection, entity: Entity, row: dict, author: Author, touched: set) -> int:
    """Undo a deletion, also one that was let go of."""
    collect.put_back(db, entity, row)
    seq = next_seq(db)
    _note(db, seq, entity, row["id"], "-", {"deleted": 1}, {"deleted": 0}, author)
    _write(db, seq, entity, row, {"deleted": 0}, author, touched)
    return seq


def keep_in_history(
    db: sqlite3.Connection, seq: int, entity: Entity, row_id: str, unit: str, base: dict, lost: dict, author: Author
) -> None:
    """An edit that did not make it into the row, where the policy asks nobody: it can be read here."""
    _note(db, seq, entity, row_id, unit, base, lost, author, in_force=0)


def _note(db, seq, entity, row_id, unit, old, new, author: Author, in_force: int = 1) -> None:
    db.execute(
        "INSERT INTO history (seq, entity, row_id, unit, old, new, user_id, device_id, op_id, at_ms, in_force,"
        " old_life_seq) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            seq,
            entity.name,
            row_id,
            unit,
            as_json(old),
            as_json(new),
            author.user_id,
            author.device_id,
            author.op_id,
            author.at_ms,
            in_force,
            author.old_life_seq,
        ),
    )


# Made once: an encoder is several times as expensive to make as to use.
_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


def as_json(value: dict | list | None) -> str | None:
    return None if value is None else _ENCODER.encode(value)


def _write(db, seq: int, entity: Entity, row: dict, patch: dict, author: Author, touched: set) -> None:
    values = patch | {"version": seq, "updated_at_ms": author.at_ms, "updated_by": author.user_id}
    if entity.name == "account" and patch.get("owner_id", row.get("owner_id")) != row.get("owner_id"):
        # Follows from the owner: nothing that history could undo by itself.
        values["owner_since_ms"] = author.at_ms if patch["owner_id"] else None
    if any(name in patch for name in entity.search):
        values["search_key"] = _search_key(entity, row | patch)
    assignments = ", ".join([f"{name} = :{name}" for name in values])
    db.execute(f"UPDATE {entity.name} SET {assignments} WHERE id = :id", values | {"id": row["id"]})
    changed = row | values
    _follow(db, seq, entity, row, changed, touched)
    row.update(changed)


def _search_key(entity: Entity, row: dict) -> str:
    return search_key(*(row.get(name) or "" for name in entity.search))


def _follow(db, seq: int, entity: Entity, old: dict | None, new: dict, touched: set) -> None:
    """Everything that follows from a change: buckets left, memberships, busy times, pokes."""
    before = set(row_buckets(entity, old)) if old else set()
    after = set(row_buckets(entity, new))
    either = before | after
    touched |= either
    scope.wake(db, seq, {key for kind, key in either if kind == "account"})
    for kind, key in before - after:
        db.execute(
            "INSERT INTO moved (seq, entity, row_id, kind, key) VALUES (?, ?, ?, ?, ?)",
            (seq, entity.name, new["id"], kind, key),
        )
    if entity.name == "account":
        if _changed(old, new, {"owner_id", "deleted"}):
            touched |= scope.regrant_accounts(db, seq, [new["id"]])
    elif entity.name == "account_member":
        touched |= scope.regrant_accounts(db, seq, [new["account_id"]])
    elif entity.name in PEOPLE_COLUMNS:
        if _changed(old, new, PEOPLE_COLUMNS[entity.name] | {"deleted"}):
            touched |= scope.regrant_people(db, seq)
    elif entity.name == "approval":
        if _changed(old, new, {"people_ids", "deleted"}):
            touched |= scope.regrant_approvals(db, seq, [new["id"]])
    elif entity.name == "event":
        busy.keep_busy(db, new, touched)
    elif entity.name == "comment":
        mentions.tell(db, new, old)
    reminders.follow(db, entity.name, old, new)


def _changed(old: dict | None, new: dict, names: set[str]) -> bool:
    return old is None or any(old.get(name) != new.get(name) for name in names)
