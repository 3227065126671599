"""Handover: one person's accounts, appointments to come and open tasks become another's, at once.

The row is the wish, which a device may have made without signal; what it does happens in the transaction that accepts
it, through `record`, so that history, membership and every device follow by themselves.  Whoever is disabled leaves
nothing behind: `leave_nothing`.  Nothing here asks anybody, and nobody's data is looked at that is not moved.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field, replace

from sync.entities import BY_NAME

from . import audit, permission, record, scope
from .database import sqlite3
from .handover_plan import plan
from .permission import Rejected
from .record import Author, as_json

ACCOUNT, MEMBER, CONTACT = BY_NAME["account"], BY_NAME["account_member"], BY_NAME["contact"]
EVENT, TASK = BY_NAME["event"], BY_NAME["task"]
HANDOVER, ITEM = BY_NAME["handover"], BY_NAME["handover_item"]


# --- may it be ----------------------------------------------------------------------------------------


def check(db: sqlite3.Connection, handover: dict, by: str | None) -> None:
    """by: whoever hands over; None: the server. Raises Rejected."""
    from_id, to_id = handover["from_id"], handover["to_id"]
    if from_id == to_id:
        raise Rejected("handover_to_giver", field="to_id")
    if not permission.is_active(db, to_id):
        raise Rejected("has_left", field="to_id")
    if by is None or is_admin(db, by):
        return
    if not scope.access(db, by, "person", from_id):
        raise Rejected("not_yours", field="from_id")
    if not scope.access(db, by, "person", to_id):
        raise Rejected("handover_out_of_reach", field="to_id")
    if by == from_id and not _reaches_others(db, by):
        raise Rejected("handover_own", field="from_id")


def is_admin(db: sqlite3.Connection, user_id: str) -> bool:
    found = db.execute(
        "SELECT 1 FROM user JOIN role ON role.id = user.role_id AND role.is_admin = 1 AND role.deleted = 0"
        " WHERE user.id = ? AND user.is_active = 1 AND user.deleted = 0",
        (user_id,),
    )
    return found.fetchone() is not None


def _reaches_others(db: sqlite3.Connection, user_id: str) -> bool:
    found = db.execute(
        "SELECT 1 FROM membership WHERE user_id = ? AND kind = 'person' AND key <> ? AND until_seq IS NULL LIMIT 1",
        (user_id, user_id),
    )
    return found.fetchone() is not None


# --- doing it -----------------------------------------------------------------------------------------


def carry_out(db: sqlite3.Connection, handover: dict, author: Author, now_ms: int, touched: set) -> int:
    """Do what a handover row, just made, wishes. Returns its version when it is done."""
    # What follows is the server's doing, at the time it happens: no device has seen it.
    move = _Move(db, handover, replace(author, device_id=None, at_ms=now_ms, old_life_seq=None), touched)
    wanted = plan(db, handover, now_ms)
    for row in wanted.accounts:
        move.account(row)
    for row in wanted.contacts:
        move.row(CONTACT, row, {"owner_id": move.to_id}, row["name"])
    for row in wanted.events:
        move.event(row)
    for row in wanted.tasks:
        move.task(row)
    found = db.execute("SELECT * FROM handover WHERE id = ?", (handover["id"],)).fetchone()
    # Whoever moves work by leaving is noted as the person who did that.
    by, device_id = author.user_id, author.device_id
    audit.note(db, now_ms, by, device_id, "handover_made", f"handover/{handover['id']}", move.counts)
    done = {"done_at_ms": now_ms, "counts": as_json(move.counts)}
    return record.update(db, HANDOVER, dict(found), done, move.author, touched)


@dataclass
class _Move:
    """One handover under way: what it has moved, and the sheet that it writes."""

    db: sqlite3.Connection
    handover: dict
    author: Author
    touched: set
    counts: dict = field(default_factory=lambda: dict.fromkeys(("account", "contact", "event", "task"), 0))

    @property
    def from_id(self) -> str:
        return self.handover["from_id"]

    @property
    def to_id(self) -> str:
        return self.handover["to_id"]

    def account(self, row: dict) -> None:
        # Access first: whoever keeps some never loses sight of the account in between.
        if not row["deleted"]:
            self._keep_access(row["id"])
        self.row(ACCOUNT, row, {"owner_id": self.to_id}, row["name"])

    def event(self, row: dict) -> None:
        others = [person for person in json.loads(row["attendee_ids"] or "[]") if person != self.from_id]
        patch = {"owner_id": self.to_id, "attendee_ids": as_json(others)}
        self.row(EVENT, row, patch, row["title"], is_told=row["cancelled_at_ms"] is None, at_ms=row["start_ms"])

    def task(self, row: dict) -> None:
        patch = {name: self.to_id for name in ("owner_id", "assignee_id") if row[name] == self.from_id}
        self.row(TASK, row, patch, row["title"], due_on=row["due_on"])

    def row(self, entity, row: dict, patch: dict, title: str, is_told: bool = True, **more) -> None:
        patch = {name: value for name, value in patch.items() if row[name] != value}
        record.update(self.db, entity, row, patch, self.author, self.touched)
        # What is deleted goes along, should it come back, and is no line of the sheet.
        if is_told and not row["deleted"]:
            self._note(entity.name, row, title, more)

    def _note(self, entity_name: str, row: dict, title: str, more: dict) -> None:
        self.counts[entity_name] += 1
        item = {
            "id": self._id_for(row["id"]),
            "handover_id": self.handover["id"],
            "from_id": self.from_id,
            "to_id": self.to_id,
            "owner_id": self.handover["owner_id"],
            "target_entity": entity_name,
            "target_id": row["id"],
            "account_id": row["id"] if entity_name == "account" else row["account_id"],
            "title": title,
            "at_ms": more.get("at_ms"),
            "due_on": more.get("due_on"),
        }
        record.insert(self.db, ITEM, item, self.author, self.touched)

    def _keep_access(self, account_id: str) -> None:
        """What the giver may still do there: a member's row, as anybody's."""
        keep, until_on = self.handover["keep"], self.handover["keep_until"]
        held = [
            dict(row)
            for row in self.db.execute(
                "SELECT * FROM account_member WHERE account_id = ? AND user_id = ? ORDER BY deleted, id",
                (account_id, self.from_id),
            )
        ]
        if keep == "none" or not permission.is_active(self.db, self.from_id):
            for row in held:
                if not row["deleted"]:
                    record.delete(self.db, MEMBER, row, self.author, self.touched)
        elif held:
            self._change_access(held[0], {"access": keep, "until_on": until_on})
        else:
            new = {"account_id": account_id, "user_id": self.from_id, "access": keep, "until_on": until_on}
            record.insert(self.db, MEMBER, {"id": self._id_for(account_id, "member"), **new}, self.author, self.touched)

    def _change_access(self, row: dict, wanted: dict) -> None:
        if row["deleted"]:
            record.bring_back(self.db, MEMBER, row, self.author, self.touched)
        patch = {name: value for name, value in wanted.items() if row[name] != value}
        if patch:
            record.update(self.db, MEMBER, row, patch, self.author, self.touched)

    def _id_for(self, *what: str) -> str:
        return _derived_id(self.handover["id"], *what)


# --- whoever leaves -----------------------------------------------------------------------------------


def leave_nothing(
    db: sqlite3.Connection, from_id: str, by: str | None, op_id: str, now_ms: int, touched: set
) -> None:
    """Hand over whatever is still with somebody who is disabled: nobody may have to look for it.

    by: the administrator who disables.  In a firm without anybody active all stays where it is.
    """
    to_id = successor(db, from_id, by)
    wish = {
        "from_id": from_id,
        "to_id": to_id,
        "account_ids": "[]",
        "keep": "none",
        "keep_until": None,
        "with_events": 1,
        "with_tasks": 1,
        "note": None,
        "owner_id": by,
    }
    if to_id is None or plan(db, wish, now_ms).is_empty:
        return
    handover = {"id": _id_of_leaving(db, from_id, op_id), **wish}
    # Under a name of its own: the operation before it may be a change of the same row.
    author = Author(by, None, handover["id"], now_ms)
    record.insert(db, HANDOVER, handover, author, touched)
    carry_out(db, handover, author, now_ms, touched)


def _id_of_leaving(db: sqlite3.Connection, from_id: str, op_id: str) -> str:
    """An operation that is sent again may find that something new has come to whoever left."""
    first = _derived_id(from_id, op_id)
    if db.execute("SELECT 1 FROM handover WHERE id = ?", (first,)).fetchone() is None:
        return first
    return _derived_id(first, str(record.current_seq(db)))


def _derived_id(*named: str) -> str:
    """The same again when the operation behind it comes again, after a restore."""
    return hashlib.sha256(" ".join(named).encode()).hexdigest()[:32]


def successor(db: sqlite3.Connection, from_id: str, by: str | None) -> str | None:
    """The nearest active manager, else whoever disables, else an administrator, else anybody active."""
    above, seen = _manager_of(db, from_id), {from_id}
    while above and above not in seen:
        if permission.is_active(db, above):
            return above
        seen.add(above)
        above = _manager_of(db, above)
    if by and by != from_id and permission.is_active(db, by):
        return by
    found = db.execute(
        "SELECT user.id FROM user LEFT JOIN role ON role.id = user.role_id AND role.deleted = 0"
        " WHERE user.is_active = 1 AND user.deleted = 0 AND user.id <> ?"
        " ORDER BY coalesce(role.is_admin, 0) DESC, user.created_at_ms, user.id LIMIT 1",
        (from_id,),
    ).fetchone()
    return found[0] if found else None


def _manager_of(db: sqlite3.Connection, user_id: str) -> str | None:
    found = db.execute("SELECT manager_id FROM user WHERE id = ? AND deleted = 0", (user_id,)).fetchone()
    return found[0] if found else None
