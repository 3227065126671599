"""One operation against its row: in force, merged, asked about, or refused by raising.

Nothing is written before everything was judged, so that a refusal leaves nothing to undo.  Runs in the writer's
transaction; who sent the operation is known already.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace

from sync.entities import BY_NAME
from sync.merge import Change, Fixed, Merge, Stale, merge
from sync.model import ANYONE, Entity
from sync.operations import Malformed, Operation, apply_patch, defaults, parse
from sync.values import Refused

from . import collect, conflicts, handover, occurrence, permission, proposal, record, unseen
from .approvals import command, frozen, leaving, substitutes
from .attachments import known
from .conflicts import Side
from .database import sqlite3
from .permission import Missing, NoAccess, Rejected
from .record import Author
from .sign_in import sessions
from .whole import check_whole

APPLIED, MERGED, CONFLICT, REJECTED = "applied", "merged", "conflict", "rejected"

# What is raised where an operation is refused.
REFUSALS = (Malformed, Refused, Rejected, Stale, Fixed)

# What devices may not write, the server may.
FOR_SERVER = {
    name: replace(entity, writers=ANYONE, fields=tuple(replace(field, by_server=False) for field in entity.fields))
    for name, entity in BY_NAME.items()
}


@dataclass(frozen=True)
class Sender:
    """Who sends operations. device_id None: the server itself, whose edits need no permission and never clash.

    skew_ms: how far the device's clock is behind the server's (negative: ahead).
    since: the sequence number that the device knows of.
    is_restoring: a row that its operations name and that is not here may still come, from another device.
    waits_at: the place at which these operations have waited for one.
    """

    user_id: str | None
    device_id: str | None
    now_ms: int
    skew_ms: int = 0
    since: int | None = None
    is_restoring: bool = False
    waits_at: int | None = None

    @property
    def is_server(self) -> bool:
        return self.device_id is None


def outcome(op_id: str, verdict: str, seq: int | None = None, reason: str = "", detail: dict | None = None) -> dict:
    return {"id": op_id, "is": verdict, "seq": seq, "reason": reason, "detail": detail or {}}


def put_in_force(db: sqlite3.Connection, sender: Sender, raw: dict, touched: set) -> dict:
    """The outcome of an operation as it came. Raises one of REFUSALS."""
    op = parse(raw, FOR_SERVER if sender.is_server else BY_NAME)
    entity = BY_NAME[op.entity]
    row = _row(db, entity, op)
    if not sender.is_server:
        _check_references(db, sender, entity, op)
    if row is None:
        return _make(db, sender, entity, op, raw, touched)
    if not sender.is_server:
        permission.check_edit(db, sender.user_id, entity, row, op, sender.since)
        frozen.check_edit(db, entity, row, op, bool(raw.get("again")))
    plan = None if sender.is_server or row["deleted"] else occurrence.planned(db, op)
    if plan:
        op = occurrence.only_changes(entity, op, plan)
    since = [] if sender.is_server else _unseen(db, sender, entity, row, op)
    if plan:
        since = occurrence.since_planned(entity, row, since, plan)
    author = _author(db, sender, op, raw, since)
    if op.delete:
        verdict, seq = _delete(db, entity, row, op, author, since, touched)
    elif row["deleted"]:
        verdict, seq = _edit_deleted(db, entity, row, op, author, touched)
    else:
        verdict, seq = _edit(db, entity, row, op, author, since, touched)
    return outcome(op.id, verdict, seq)


def propose(db: sqlite3.Connection, sender: Sender, raw: dict, touched: set) -> dict:
    """The same for somebody who may no longer write the row. Raises one of REFUSALS."""
    op = parse(raw, BY_NAME)
    entity = BY_NAME[op.entity]
    row = _row(db, entity, op)
    seq = proposal.propose(db, entity, row, op, _author(db, sender, op, raw, []), touched)
    return outcome(op.id, CONFLICT, seq, "proposed")


def refusal(raw: dict, error: Exception) -> dict:
    """The outcome of an operation that was refused."""
    reason, detail = _why(error)
    return outcome(raw["id"], REJECTED, None, reason, _sayable(detail))


def _sayable(detail: dict) -> dict:
    """What is repeated of an operation may be no text at all: half a surrogate pair can be neither stored nor sent."""
    return json.loads(json.dumps(detail, ensure_ascii=False).encode(errors="replace"))


def _why(error: Exception) -> tuple[str, dict]:
    match error:
        case Malformed():
            return "malformed", {"why": str(error)}
        case Refused():
            return error.code, error.detail
        case Rejected():
            return error.reason, error.detail
        case Stale():
            return "changed_meanwhile", {"field": error.unit}
        case Fixed():
            return "fixed", {"field": error.name}
    raise error


def _row(db: sqlite3.Connection, entity: Entity, op: Operation) -> dict | None:
    found = db.execute(f"SELECT * FROM {entity.name} WHERE id = ?", (op.row,)).fetchone()
    return collect.last_content(db, entity, op.row) if found is None else dict(found)


def _check_references(db, sender: Sender, entity: Entity, op: Operation) -> None:
    try:
        permission.check_references(db, sender.user_id, entity, op, sender.since)
    except NoAccess as hidden:
        # A request that is a draft still may be submitted again by whoever submitted it before the restore.
        if sender.is_restoring and entity.name in ("approval_action", "attachment") and "approval_id" in op.set:
            raise Missing(getattr(hidden, "row_id", op.set["approval_id"]), "approval_id") from hidden
        raise


def _unseen(db, sender: Sender, entity: Entity, row: dict, op: Operation) -> list[Change]:
    since = unseen.changes(db, entity, row, op, sender.device_id)
    if entity.name == "account" and row["owner_id"] is None and op.set.get("owner_id") == sender.user_id:
        # Whoever had it in between: it lies in the pool again, and a claim is no clash.
        since = [change for change in since if change.unit != "owner_id"]
    return since


def _author(db, sender: Sender, op: Operation, raw: dict, since: list[Change]) -> Author:
    if sender.is_server:
        return Author(sender.user_id, None, op.id, op.at or sender.now_ms)
    at_ms = unseen.edited_at_ms(db, op, op.at + sender.skew_ms, sender.now_ms, since)
    # Whoever saw a later version in the earlier life had seen this change.
    old_life_seq = raw.get("was", op.base + 1) if raw.get("again") else None
    return Author(sender.user_id, sender.device_id, op.id, at_ms, old_life_seq)


# --- a new row ---------------------------------------------------------------------------------------


def _make(db, sender: Sender, entity: Entity, op: Operation, raw: dict, touched: set) -> dict:
    if op.delete or op.base:
        raise Missing(op.row)
    if not sender.is_server and proposal.open_for(db, op.row, sender.user_id):
        # A later edit of what is itself only proposed.
        raise Missing(op.row)
    row = apply_patch(entity, {"id": op.row} | defaults(entity, sender.user_id, sender.now_ms), op)
    check_whole(entity, row)
    if not sender.is_server:
        permission.check_new(db, sender.user_id, entity, row, sender.since)
        frozen.check_new(db, sender.user_id, entity, row, bool(raw.get("again")))
    # One that the server writes down as done is only written down.
    is_handover = entity.name == "handover" and row.get("done_at_ms") is None
    if is_handover:
        handover.check(db, row, None if sender.is_server else sender.user_id)
    if entity.name == "substitute":
        substitutes.check(db, row)
    columns = {"id": op.row} | {f.name: row.get(f.name) for f in entity.fields}
    author = _author(db, sender, op, raw, [])
    # One that the server writes down with its effect is only written down, too.
    if entity.name == "approval_action" and row.get("effect") is None:
        return _command(db, sender, op, raw, columns, author, touched)
    columns |= frozen.inherited(db, entity, columns)
    if entity.name == "attachment":
        columns |= known.met(db, columns, sender.user_id, sender.now_ms)
    seq = record.insert(db, entity, columns, author, touched)
    if is_handover:
        seq = handover.carry_out(db, columns, author, sender.now_ms, touched)
    return outcome(op.id, APPLIED, seq)


def _command(
    db, sender: Sender, op: Operation, raw: dict, columns: dict, author: Author, touched: set
) -> dict:
    """Somebody does something with a request for approval."""
    may_come = sender.is_restoring, bool(raw.get("again"))
    judged = command.judge(db, columns, author.at_ms, sender.now_ms, *may_come)
    seq, reason, detail = command.carry_out(db, judged, author, sender.now_ms, touched)
    return outcome(op.id, CONFLICT if reason else APPLIED, seq, reason, detail)


# --- a row that is there -----------------------------------------------------------------------------


def _edit(
    db, entity: Entity, row: dict, op: Operation, author: Author, since: list[Change], touched: set
) -> tuple[str, int]:
    merged = merge(entity, row, op, author.at_ms, since)
    check_whole(entity, row | merged.patch, merged.patch)
    if entity.name == "substitute":
        substitutes.check(db, row | merged.patch, row)
    # The row last: the outcome's number is then the row's version.
    seq = max((conflicts.keep_lost(db, entity, row, clash, author, touched) for clash in merged.clashes), default=0)
    if merged.patch:
        _come_or_leave(db, entity, row, merged.patch.get("is_active"), author, touched)
        seq = record.update(db, entity, row, merged.patch, author, touched)
    return _verdict(merged), max(seq, row["version"])


def _verdict(merged: Merge) -> str:
    if any(clash.ask for clash in merged.clashes):
        return CONFLICT
    return MERGED if merged.met else APPLIED


def _come_or_leave(
    db, entity: Entity, row: dict, is_active: int | None, author: Author, touched: set
) -> None:
    """Whoever is disabled, by whatever door, leaves nothing behind; whoever comes back signs in anew."""
    if entity.name != "user" or is_active is None or is_active == row["is_active"] or row["deleted"]:
        return
    if is_active:
        sessions.end_all(db, row["id"])
    else:
        sessions.begin_farewell(db, row["id"], author.at_ms)
        handover.leave_nothing(db, row["id"], author.user_id, author.op_id, author.at_ms, touched)
        leaving.replace_everywhere(db, row["id"], author.op_id, author.at_ms, touched)


def _delete(
    db, entity: Entity, row: dict, op: Operation, author: Author, since: list[Change], touched: set
) -> tuple[str, int]:
    if row["deleted"]:
        return APPLIED, row["version"]
    if not since:
        _come_or_leave(db, entity, row, 0, author, touched)
        frozen.delete_belongings(db, entity, row, author, touched)
        return APPLIED, record.delete(db, entity, row, author, touched)
    # Somebody changed what was being deleted: the row stays until someone answers.
    last = since[-1]
    kept = Side({} if last.unit in "+-" else last.new, conflicts.author_of(last))
    question = conflicts.about(entity, row, "delete", last.unit, kept, Side({"deleted": 1}, author), {})
    return CONFLICT, conflicts.ask(db, question, touched)


def _edit_deleted(db, entity: Entity, row: dict, op: Operation, author: Author, touched: set) -> tuple[str, int]:
    """An edit of a row that is gone brings the row back, and asks unless its author knew that it was gone."""
    knew = op.base >= row["version"]
    deletion = db.execute(
        "SELECT user_id, device_id, op_id, at_ms FROM history WHERE row_id = ? AND unit = '-'"
        " ORDER BY seq DESC LIMIT 1",
        (row["id"],),
    ).fetchone()
    merged = merge(entity, row, op, author.at_ms, [])
    check_whole(entity, row | merged.patch, merged.patch)
    if entity.name == "substitute":
        substitutes.check(db, row | merged.patch)
    if not knew:
        deleter = Author(*deletion) if deletion else author
        sides = Side(merged.patch, author), Side({"deleted": 1}, deleter)
        conflicts.ask(db, conflicts.about(entity, row, "delete", "-", *sides, {}), touched)
    record.bring_back(db, entity, row, author, touched)
    frozen.bring_back_belongings(db, entity, row, author, touched)
    if merged.patch:
        record.update(db, entity, row, merged.patch, author, touched)
    return APPLIED if knew else CONFLICT, row["version"]
