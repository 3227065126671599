"""What somebody typed into a row that they could write before and may no longer write: a proposal to whoever may.

It is a conflict row of kind 'proposal': what the row has is kept, what was typed is lost until somebody who may write
the row takes it, with the ordinary forms.  Unit '+' is a whole new row, '-' a deletion.  Whoever never held the row
hears what they would hear of a row that does not exist.  Runs in the writer's transaction; nothing is written
before everything was judged.
"""

from __future__ import annotations

import json

from sync.model import Entity
from sync.operations import Operation, apply_patch, defaults
from sync.values import column_of, members_of

from . import conflicts, permission, record, unseen
from .conflicts import Question, Side, about
from .database import sqlite3
from .permission import Missing, NoAccess
from .record import Author
from .whole import check_whole


def propose(
    db: sqlite3.Connection, entity: Entity, row: dict | None, op: Operation, author: Author, touched: set
) -> int:
    """Keep an operation as a proposal. row: as it is now, or None. Returns the sequence number it was kept under.

    Raises Rejected where this person could not have done it before either.
    """
    if row is None:
        return _propose_row(db, entity, op, author, touched)
    _check_could_write(db, author.user_id, entity, row, op)
    if op.delete:
        sides = _kept(row, {"deleted": row["deleted"]}, author), Side({"deleted": 1}, author)
        return conflicts.ask(db, about(entity, row, "proposal", "-", *sides, {"deleted": 0}), touched)
    return _propose_changes(db, entity, row, op, author, touched)


def open_for(db: sqlite3.Connection, row_id: str, user_id: str | None = None) -> dict | None:
    """The open proposal to make this row; with user_id, only that person's."""
    found = db.execute(
        "SELECT * FROM conflict WHERE target_id = ? AND kind = 'proposal' AND unit = '+' AND settled_at_ms IS NULL"
        " AND deleted = 0",
        (row_id,),
    ).fetchone()
    return dict(found) if found and user_id in (None, found["lost_by"]) else None


def _check_could_write(db: sqlite3.Connection, user_id: str, entity: Entity, row: dict, op: Operation) -> None:
    holds = permission.level(db, user_id, entity, row) == "write"
    if not holds and not permission.has_held(db, user_id, entity, row):
        raise NoAccess("not_found")
    permission.check_author(user_id, entity, row)
    if entity.name == "conflict":
        return  # settling what is proposed anyway
    if entity.name not in conflicts.TARGETS:
        raise NoAccess("not_found" if not holds else "server_only")
    permission.check_references(db, user_id, entity, op, or_held=True)


# --- changes of a row ---------------------------------------------------------------------------------


def _propose_changes(
    db: sqlite3.Connection, entity: Entity, row: dict, op: Operation, author: Author, touched: set
) -> int:
    """One conflict row for each unit that would differ."""
    wanted = {**op.set, **_sets(row, op)}
    base = _as_seen(unseen.changes(db, entity, row, op, author.device_id), row)
    seq = 0
    for unit in dict.fromkeys(entity.by_name[name].unit for name in wanted):
        names = [field.name for field in entity.unit_fields(unit)]
        now = {name: row.get(name) for name in names}
        seen = {name: base.get(name, now[name]) for name in names}
        # A group is taken whole: what the author left alone is what the author saw.
        mine = seen | {name: wanted[name] for name in names if name in wanted}
        if entity.name == "conflict" or mine == now:
            # Kept all the same, and answered alike: nobody may find out by guessing what a row has now.
            seq = record.next_seq(db)
            record.keep_in_history(db, seq, entity, row["id"], unit, seen, mine, author)
        else:
            sides = _kept(row, now, author), Side(mine, author)
            seq = conflicts.ask(db, about(entity, row, "proposal", unit, *sides, seen), touched)
    return seq or record.current_seq(db)


def _sets(row: dict, op: Operation) -> dict:
    """Set fields as they would be after the operation's additions and removals."""
    found = {}
    for name in dict.fromkeys((*op.remove, *op.add)):
        kept = [member for member in members_of(row.get(name)) if member not in op.remove.get(name, ())]
        found[name] = column_of(dict.fromkeys(kept + list(op.add.get(name, ()))))
    return found


def _as_seen(since: list, row: dict) -> dict:
    """What the author had seen of the fields that changed since: the old side of each one's first change."""
    seen: dict = {}
    for change in since:
        for name, value in change.old.items():
            seen.setdefault(name, value)
    return {name: value for name, value in seen.items() if name in row}


def _kept(row: dict, values: dict, author: Author) -> Side:
    """The row's side: whoever owns it decides."""
    return Side(values, Author(row.get("owner_id") or row["updated_by"], None, author.op_id, row["updated_at_ms"]))


# --- a row that would be new --------------------------------------------------------------------------


def _propose_row(db: sqlite3.Connection, entity: Entity, op: Operation, author: Author, touched: set) -> int:
    held = open_for(db, op.row, author.user_id)
    if held:
        return _change_proposal(db, entity, held, op, author, touched)
    if op.base or op.delete or entity.name not in conflicts.TARGETS:
        raise Missing(op.row)
    row = apply_patch(entity, {"id": op.row} | defaults(entity, author.user_id, author.at_ms), op)
    check_whole(entity, row)
    permission.check_addable(db, author.user_id, entity, row)
    _check_references(db, entity, op, author)
    for column, account_id in permission.accounts_named(entity, row):
        _check_could_write_account(db, author.user_id, account_id, column)
    account = _account(db, conflicts.account_of(entity, row))
    decides = account["owner_id"] if account else author.user_id
    # An account that is itself only proposed has nobody who could see it.
    account_id = account["id"] if account else None
    kept = Side({}, Author(decides, None, author.op_id, author.at_ms))
    lost = Side({name: value for name, value in row.items() if name != "id" and value is not None}, author)
    return conflicts.ask(db, Question(entity, op.row, account_id, "proposal", "+", kept, lost, {}), touched)


def _change_proposal(
    db: sqlite3.Connection, entity: Entity, held: dict, op: Operation, author: Author, touched: set
) -> int:
    """A later edit of a row that is a proposal itself; deleting it takes the proposal back."""
    if op.delete:
        patch = {"settled_at_ms": author.at_ms, "settled_by": author.user_id}
    else:
        _check_references(db, entity, op, author)
        row = apply_patch(entity, json.loads(held["lost"]) | {"id": op.row}, op)
        check_whole(entity, row)
        values = {name: value for name, value in row.items() if name != "id" and value is not None}
        patch = {"lost": record.as_json(values), "lost_at_ms": author.at_ms}
    return record.update(db, conflicts.CONFLICT, held, patch, author, touched)


def _check_references(db: sqlite3.Connection, entity: Entity, op: Operation, author: Author) -> None:
    try:
        permission.check_references(db, author.user_id, entity, op, or_held=True)
    except Missing as missing:
        # Two proposals may hang together.
        if not open_for(db, missing.row_id, author.user_id):
            raise


def _check_could_write_account(db: sqlite3.Connection, user_id: str, account_id: str, column: str) -> None:
    account = _account(db, account_id)
    if account is None:
        if not open_for(db, account_id, user_id):
            raise Missing(account_id, column)
    elif not permission.has_held(db, user_id, conflicts.ACCOUNT, account):
        raise NoAccess("not_found", field=column)


def _account(db: sqlite3.Connection, account_id: str | None) -> dict | None:
    found = db.execute("SELECT * FROM account WHERE id = ?", (account_id,)).fetchone()
    return dict(found) if found else None
