"""What may be changed of a request, and when: by its applicant while it is open, else by nobody.

Also what goes and comes with a draft that is deleted.  Decides no access: that is `permission`'s.
"""

from __future__ import annotations

from sync.model import Entity
from sync.values import members_of

from .. import record
from ..database import sqlite3
from ..permission import Missing, Rejected
from ..record import Author
from . import case as cases
from .case import ACTION, APPROVAL, ATTACHMENT, LINE

# What a draft takes along.
_BELONGINGS = (LINE, ATTACHMENT)


def check_new(db: sqlite3.Connection, user_id: str, entity: Entity, row: dict, is_again: bool) -> None:
    """May this be added? is_again: after a restore, so that what opened the request may still come. Raises Rejected."""
    if entity.name not in (LINE.name, ATTACHMENT.name):
        return
    request = _request(db, row)
    if entity.name == ATTACHMENT.name and _check_target(db, user_id, row):
        return  # whoever says something may show something with it
    if request["owner_id"] != user_id:
        raise Rejected("only_applicant")
    _check_open(request, is_again)


def check_edit(db: sqlite3.Connection, entity: Entity, row: dict, edit, is_again: bool) -> None:
    """May this change be, by whoever may write the row at all? Raises Rejected."""
    if entity.name == ACTION.name:
        _check_same(entity, row, edit)
    elif entity.name in (APPROVAL.name, LINE.name, ATTACHMENT.name):
        if edit.set.get("owner_id", row["owner_id"]) != row["owner_id"]:
            raise Rejected("fixed", field="owner_id")
        request = row if entity.name == APPROVAL.name else _request(db, row)
        if row.get("target_entity") == ACTION.name or (edit.delete and entity.name == APPROVAL.name and _was_seen(row)):
            raise Rejected("frozen")
        _check_open(request, is_again)


def inherited(db: sqlite3.Connection, entity: Entity, row: dict) -> dict:
    """What a new row has from its request: who sees it, and since when it grows old."""
    if entity.name not in (LINE.name, ATTACHMENT.name):
        return {}
    request = _request(db, row)
    return {name: request[name] for name in ("applicant_id", "closed_at_ms") if row[name] is None}


def _was_seen(request: dict) -> bool:
    return request["applicant_id"] is not None


def _check_open(request: dict, is_again: bool) -> None:
    if request["state"] in cases.OPEN_STATES:
        return
    if is_again:
        raise Missing(request["id"], "approval_id")
    raise Rejected("frozen")


def _check_same(entity: Entity, row: dict, edit) -> None:
    """A command is never taken back or changed; the same once more is no change."""
    held = {name: row.get(name) for name in edit.set}
    if edit.delete or edit.remove or held != edit.set:
        raise Rejected("fixed")
    for name, members in edit.add.items():
        if not set(members) <= set(members_of(row.get(name))):
            raise Rejected("fixed", field=name)


def _check_target(db: sqlite3.Connection, user_id: str, row: dict) -> bool:
    """What a file hangs on is of the same request. Returns whether it is one's own action."""
    kind, target_id = row["target_entity"], row["target_id"]
    if kind == APPROVAL.name:
        if target_id != row["approval_id"]:
            raise Rejected("wrong_target", field="target_id")
        return False
    target = f"SELECT approval_id, owner_id FROM {kind} WHERE id = ? AND deleted = 0"
    found = db.execute(target, (target_id,)).fetchone()
    if found is None:
        raise Missing(target_id, "target_id")
    if found["approval_id"] != row["approval_id"] or found["owner_id"] != user_id:
        raise Rejected("wrong_target", field="target_id")
    return kind == ACTION.name


def _request(db: sqlite3.Connection, row: dict) -> dict:
    found = db.execute("SELECT * FROM approval WHERE id = ?", (row["approval_id"],)).fetchone()
    if found is None:
        raise Missing(row["approval_id"], "approval_id")
    return dict(found)


# --- a draft that is deleted --------------------------------------------------------------------------


def delete_belongings(db: sqlite3.Connection, entity: Entity, row: dict, author: Author, touched: set) -> None:
    """A draft goes with its lines and receipts."""
    if entity.name != APPROVAL.name:
        return
    for other in _BELONGINGS:
        rows = db.execute(f"SELECT * FROM {other.name} WHERE approval_id = ? AND deleted = 0", (row["id"],))
        for belonging in rows.fetchall():
            record.delete(db, other, dict(belonging), author, touched)


def bring_back_belongings(db: sqlite3.Connection, entity: Entity, row: dict, author: Author, touched: set) -> None:
    """And comes back with what went with it."""
    if entity.name != APPROVAL.name:
        return
    for other in _BELONGINGS:
        rows = db.execute(
            f"SELECT * FROM {other.name} AS b WHERE approval_id = :id AND deleted = 1 AND EXISTS (SELECT 1 FROM history"
            " AS mine JOIN history AS its ON its.op_id = mine.op_id AND its.unit = '-' AND its.row_id = b.id"
            " WHERE mine.row_id = :id AND mine.unit = '-')",
            {"id": row["id"]},
        )
        for belonging in rows.fetchall():
            record.bring_back(db, other, dict(belonging), author, touched)
