"""Operations in: each is judged once, merged by policy, and answered with exactly one outcome.

Runs inside a writer job.  Operations of one group are all in force or none; one that fails blocks nothing
behind it.  A second sending of the same operation is answered with the outcome of the first.
"""

from __future__ import annotations

import itertools
import json
import os
from dataclasses import dataclass, replace

from sync.entities import BY_NAME
from sync.ids import RANDOM_BYTES, uuid7
from sync.merge import Change, Clash, Fixed, Merge, Stale, merge
from sync.model import ANYONE, Entity
from sync.operations import Malformed, Operation, apply_patch, defaults, parse
from sync.values import Refused

from . import permission, record
from .database import sqlite3
from .permission import Rejected
from .record import Author, as_json

# What devices may not write, the server may.
FOR_SERVER = {
    name: replace(entity, writers=ANYONE, fields=tuple(replace(field, by_server=False) for field in entity.fields))
    for name, entity in BY_NAME.items()
}

APPLIED, MERGED, CONFLICT, REJECTED = "applied", "merged", "conflict", "rejected"


@dataclass(frozen=True)
class Sender:
    """Who sends operations. device_id None: the server itself, whose edits need no permission and never clash.

    skew_ms: how far the device's clock is behind the server's (negative: ahead).
    since: the sequence number that the device knows of.
    """

    user_id: str | None
    device_id: str | None
    now_ms: int
    skew_ms: int = 0
    since: int | None = None

    @property
    def is_server(self) -> bool:
        return self.device_id is None


def accept_operations(
    db: sqlite3.Connection,
    firm,
    user_id: str,
    device_id: str,
    raw_ops: list[dict],
    skew_ms: int = 0,
    since: int | None = None,
) -> list[dict]:
    """Judge what a device sent, in order. Returns one outcome an operation, as PROTOCOL.md has it."""
    return _accept(db, firm, Sender(user_id, device_id, firm.clock(), skew_ms, since), raw_ops)


def accept_as_server(db: sqlite3.Connection, firm, raw_ops: list[dict], user_id: str | None = None) -> list[dict]:
    """The same for administration, import and background work, in user_id's name where one is given."""
    return _accept(db, firm, Sender(user_id, None, firm.clock()), raw_ops)


def _accept(db: sqlite3.Connection, firm, sender: Sender, raw_ops: list[dict]) -> list[dict]:
    outcomes: list[dict] = []
    for _, group in itertools.groupby(enumerate(raw_ops), key=_group_key):
        outcomes += _accept_group(db, firm, sender, [raw for _, raw in group])
    return outcomes


def _group_key(numbered: tuple[int, dict]) -> object:
    """Consecutive operations of one group belong together; one without a group stands alone."""
    number, raw = numbered
    return raw.get("group") or number


def _accept_group(db: sqlite3.Connection, firm, sender: Sender, raws: list[dict]) -> list[dict]:
    known = [_known_outcome(db, sender, raw["id"]) for raw in raws]
    if all(known):
        return known
    touched: set[tuple[str, str]] = set()
    db.execute("SAVEPOINT op_group")
    outcomes: list[dict] = []
    for raw in raws:
        outcome = _judge_raw(db, sender, raw, touched)
        outcomes.append(outcome)
        if outcome["is"] == REJECTED:
            db.execute("ROLLBACK TO op_group")
            outcomes = [_rejected_with_group(raw, outcome) for raw in raws]
            touched.clear()
            break
    db.execute("RELEASE op_group")
    firm.touched |= touched
    for outcome in outcomes:
        _remember(db, sender, outcome)
    return outcomes


def _rejected_with_group(raw: dict, outcome: dict) -> dict:
    if raw["id"] == outcome["id"]:
        return outcome
    return _outcome(raw["id"], REJECTED, reason="with_others", detail={"op": outcome["id"]})


def _known_outcome(db: sqlite3.Connection, sender: Sender, op_id: str) -> dict | None:
    found = db.execute("SELECT user_id, outcome FROM operation WHERE id = ?", (op_id,)).fetchone()
    if found is None:
        return None
    if found["user_id"] != sender.user_id:
        return _outcome(op_id, REJECTED, reason="used_id")
    return json.loads(found["outcome"])


def _remember(db: sqlite3.Connection, sender: Sender, outcome: dict) -> None:
    db.execute(
        "INSERT INTO operation (id, user_id, device_id, seq, outcome, at_ms) VALUES (?, ?, ?, ?, ?, ?)"
        " ON CONFLICT DO NOTHING",
        (outcome["id"], sender.user_id, sender.device_id, outcome["seq"], as_json(outcome), sender.now_ms),
    )


def _outcome(op_id: str, verdict: str, seq: int | None = None, reason: str = "", detail: dict | None = None) -> dict:
    return {"id": op_id, "is": verdict, "seq": seq, "reason": reason, "detail": detail or {}}


# --- one operation -----------------------------------------------------------------------------------


def _judge_raw(db: sqlite3.Connection, sender: Sender, raw: dict, touched: set) -> dict:
    try:
        op = parse(raw, FOR_SERVER if sender.is_server else BY_NAME)
        verdict, seq = _judge(db, sender, op, touched)
    except Malformed as error:
        return _outcome(raw["id"], REJECTED, reason="malformed", detail={"why": str(error)})
    except Refused as error:
        return _outcome(raw["id"], REJECTED, reason=error.code, detail=error.detail)
    except Rejected as error:
        return _outcome(raw["id"], REJECTED, reason=error.reason, detail=error.detail)
    except Stale as error:
        return _outcome(raw["id"], REJECTED, reason="changed_meanwhile", detail={"field": error.unit})
    except Fixed as error:
        return _outcome(raw["id"], REJECTED, reason="fixed", detail={"field": error.name})
    return _outcome(op.id, verdict, seq)


def _judge(db: sqlite3.Connection, sender: Sender, op: Operation, touched: set) -> tuple[str, int]:
    entity = BY_NAME[op.entity]
    found = db.execute(f"SELECT * FROM {entity.name} WHERE id = ?", (op.row,)).fetchone()
    if not sender.is_server:
        permission.check_references(db, sender.user_id, entity, op, sender.since)
    if found is None:
        return APPLIED, _make(db, sender, entity, op, touched)
    row = dict(found)
    if not sender.is_server:
        permission.check_edit(db, sender.user_id, entity, row, op, sender.since)
    since = [] if sender.is_server else _unseen(db, entity, op, sender)
    author = _author(db, sender, op, since)
    if op.delete:
        return _delete(db, entity, row, op, author, since, touched)
    if row["deleted"]:
        return _edit_deleted(db, entity, row, op, author, touched)
    return _edit(db, entity, row, op, author, since, touched)


def _make(db: sqlite3.Connection, sender: Sender, entity: Entity, op: Operation, touched: set) -> int:
    if op.delete or op.base:
        raise Rejected("not_found")
    row = apply_patch(entity, {"id": op.row} | defaults(entity, sender.user_id, sender.now_ms), op)
    _check_whole(entity, row)
    if not sender.is_server:
        permission.check_new(db, sender.user_id, entity, row, sender.since)
    columns = {"id": op.row} | {f.name: row.get(f.name) for f in entity.fields}
    return record.insert(db, entity, columns, _author(db, sender, op, []), touched)


def _edit(
    db, entity: Entity, row: dict, op: Operation, author: Author, since: list[Change], touched: set
) -> tuple[str, int]:
    merged = merge(entity, row, op, author.at_ms, since)
    _check_whole(entity, row | merged.patch)
    if merged.patch:
        seq = record.update(db, entity, row, merged.patch, author, touched)
    else:
        seq = row["version"]
    for clash in merged.clashes:
        seq = max(seq, _keep_lost(db, entity, row, clash, author, touched))
    return _verdict(merged), seq


def _verdict(merged: Merge) -> str:
    if any(clash.ask for clash in merged.clashes):
        return CONFLICT
    return MERGED if merged.met else APPLIED


def _delete(
    db, entity: Entity, row: dict, op: Operation, author: Author, since: list[Change], touched: set
) -> tuple[str, int]:
    if row["deleted"]:
        return APPLIED, row["version"]
    if not since:
        return APPLIED, record.delete(db, entity, row, author, touched)
    # Somebody changed what was being deleted: the row stays until someone answers.
    last = since[-1]
    theirs = Author(last.user_id, last.device_id, op.id, last.at_ms)
    kept = {} if last.unit in "+-" else last.new
    return CONFLICT, _insert_conflict(
        db, entity, row, "delete", last.unit, (kept, theirs), ({"deleted": 1}, author), {}, touched
    )


def _edit_deleted(db, entity: Entity, row: dict, op: Operation, author: Author, touched: set) -> tuple[str, int]:
    """An edit of a row that is gone brings the row back and asks."""
    deletion = db.execute(
        "SELECT user_id, device_id, op_id, at_ms FROM history WHERE row_id = ? AND unit = '-' ORDER BY seq DESC LIMIT 1",
        (row["id"],),
    ).fetchone()
    record.bring_back(db, entity, row, author, touched)
    merged = merge(entity, row, op, author.at_ms, [])
    _check_whole(entity, row | merged.patch)
    if merged.patch:
        record.update(db, entity, row, merged.patch, author, touched)
    deleter = Author(*deletion) if deletion else author
    sides = (merged.patch, author), ({"deleted": 1}, deleter)
    return CONFLICT, _insert_conflict(db, entity, row, "delete", "-", *sides, {}, touched)


def _check_whole(entity: Entity, row: dict) -> None:
    """What only the whole row can show: required fields, and pairs in order."""
    for field in entity.fields:
        if field.required and row.get(field.name) in (None, "", "[]"):
            raise Rejected("required", field=field.name)
    for first, last in entity.ordered:
        if row.get(first) is not None and row.get(last) is not None and row[first] > row[last]:
            raise Rejected("end_before_start", field=last)


# --- what happened since -----------------------------------------------------------------------------


def _unseen(db: sqlite3.Connection, entity: Entity, op: Operation, sender: Sender) -> list[Change]:
    """Changes after the version the author saw; those of the same device were seen there."""
    rows = db.execute(
        "SELECT unit, old, new, user_id, device_id, at_ms FROM history WHERE row_id = ? AND seq > ? AND entity = ?"
        " AND in_force = 1 AND device_id IS NOT ? ORDER BY seq",
        (op.row, op.base, entity.name, sender.device_id),
    )
    changes: list[Change] = []
    for row in rows:
        if row["unit"] == "+":
            changes += _as_made(entity, op, row)
        else:
            changes.append(_change(row, row["unit"], json.loads(row["old"]), json.loads(row["new"])))
    return changes


def _as_made(entity: Entity, op: Operation, row: sqlite3.Row) -> list[Change]:
    """A row that somebody else made under the same id: every unit that the operation names was set there."""
    units = dict.fromkeys(entity.by_name[name].unit for name in op.set)
    return [_change(row, unit, {f.name: None for f in entity.unit_fields(unit)}, {}) for unit in units]


def _change(row: sqlite3.Row, unit: str, old: dict, new: dict) -> Change:
    return Change(unit, old, new, row["user_id"], row["device_id"], row["at_ms"])


def _author(db: sqlite3.Connection, sender: Sender, op: Operation, since: list[Change]) -> Author:
    """The edit's time, clamped: not in the future, and not before the version that its author saw."""
    if sender.is_server:
        return Author(sender.user_id, None, op.id, op.at if op.at else sender.now_ms)
    at_ms = min(op.at + sender.skew_ms, sender.now_ms)
    if since and op.base:
        seen = db.execute("SELECT max(at_ms) FROM history WHERE row_id = ? AND seq <= ?", (op.row, op.base)).fetchone()[
            0
        ]
        at_ms = max(at_ms, seen or 0)
    return Author(sender.user_id, sender.device_id, op.id, at_ms)


# --- what did not make it into the row ---------------------------------------------------------------


def _keep_lost(db, entity: Entity, row: dict, clash: Clash, author: Author, touched: set) -> int:
    theirs = Author(clash.theirs.user_id, clash.theirs.device_id, author.op_id, clash.theirs.at_ms)
    winner, loser = (author, theirs) if clash.kept_is_mine else (theirs, author)
    if not clash.ask:
        # Where my edit won, theirs is in history already.
        if not clash.kept_is_mine:
            record.keep_in_history(
                db, record.next_seq(db), entity, row["id"], clash.unit, clash.base, clash.lost, author
            )
        return row["version"]
    return _insert_conflict(
        db, entity, row, "field", clash.unit, (clash.kept, winner), (clash.lost, loser), clash.base, touched
    )


def _insert_conflict(db, entity, row, kind, unit, kept, lost, base, touched) -> int:
    """Add the conflict row that both people see. kept, lost: (values, Author). Returns its version."""
    (kept_values, keeper), (lost_values, loser) = kept, lost
    later = max(keeper, loser, key=lambda author: author.at_ms)
    conflict = {
        "id": uuid7(later.at_ms, os.urandom(RANDOM_BYTES)),
        "target_entity": entity.name,
        "target_id": row["id"],
        "account_id": row["id"] if entity.name == "account" else row.get("account_id") or row.get("from_account_id"),
        "kind": kind,
        "unit": unit,
        "kept": as_json(kept_values),
        "kept_by": keeper.user_id,
        "kept_at_ms": keeper.at_ms,
        "kept_device": _device_name(db, keeper.device_id),
        "lost": as_json(lost_values),
        "lost_by": loser.user_id,
        "lost_at_ms": loser.at_ms,
        "lost_device": _device_name(db, loser.device_id),
        "base": as_json(base),
        "settled_at_ms": None,
        "settled_by": None,
    }
    made_by = Author(None, None, later.op_id, later.at_ms)
    return record.insert(db, BY_NAME["conflict"], conflict, made_by, touched)


def _device_name(db: sqlite3.Connection, device_id: str | None) -> str | None:
    found = db.execute("SELECT device_name FROM session WHERE device_id = ? LIMIT 1", (device_id,)).fetchone()
    return found[0] if found else None
