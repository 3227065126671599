"""Operations in: each is judged once, merged by policy, and answered with exactly one outcome.

Runs inside a writer job.  Operations of one group are all in force or none; one that fails blocks nothing
behind it.  A second sending of the same operation is answered with the outcome of the first.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterable

from . import handover, judge, life, permission, waiting
from .database import sqlite3
from .judge import CONFLICT, MERGED, REFUSALS, REJECTED, Sender, outcome
from .permission import Missing, NoAccess
from .record import as_json

# Puts one operation in force, or raises one of REFUSALS.
Act = Callable[[sqlite3.Connection, Sender, dict, set], dict]
# A group that waited, and the row that it waited for.
Refused = tuple[waiting.Kept, str]


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
    now_ms = firm.clock()
    sender = Sender(user_id, device_id, now_ms, skew_ms, since, _is_restoring(db, user_id, raw_ops, now_ms))
    outcomes = _accept(db, firm, sender, raw_ops)
    if raw_ops and not permission.is_active(db, user_id):
        # What somebody who has left still brings stays with nobody.
        handover.leave_nothing(db, user_id, None, raw_ops[-1]["id"], sender.now_ms, firm.touched)
    return outcomes


def accept_as_server(db: sqlite3.Connection, firm, raw_ops: list[dict], user_id: str | None = None) -> list[dict]:
    """The same for administration, import and background work, in user_id's name where one is given."""
    return _accept(db, firm, Sender(user_id, None, firm.clock()), raw_ops)


def _accept(db: sqlite3.Connection, firm, sender: Sender, raw_ops: list[dict]) -> list[dict]:
    known = _known_outcomes(db, sender, raw_ops)
    outcomes: list[dict] = []
    fresh: list[dict] = []
    refused: list[Refused] = []
    for _, numbered in itertools.groupby(enumerate(raw_ops), key=_group_key):
        group = [raw for _, raw in numbered]
        if all(raw["id"] in known for raw in group):
            outcomes += [known[raw["id"]] for raw in group]
            continue
        judged = _judge_group(db, firm, sender, group)
        refused += _apply_waiting(db, firm, _may_have_made(db, group, judged))
        known |= {one["id"]: one for one in judged}
        outcomes += judged
        fresh += judged
    _apply_refused(db, firm, refused)
    _remember(db, sender, fresh)
    if not sender.is_server:
        firm.measures.note_outcomes(fresh)
    return outcomes


def _group_key(numbered: tuple[int, dict]) -> object:
    """Consecutive operations of one group belong together; one without a group stands alone."""
    number, raw = numbered
    return raw.get("group") or number


def _known_outcomes(db: sqlite3.Connection, sender: Sender, raw_ops: list[dict]) -> dict[str, dict]:
    ids = json.dumps([raw["id"] for raw in raw_ops])
    rows = db.execute(
        "SELECT id, user_id, outcome FROM operation WHERE id IN (SELECT value FROM json_each(?))", (ids,)
    )
    return {
        row["id"]: json.loads(row["outcome"])
        if row["user_id"] == sender.user_id
        else outcome(row["id"], REJECTED, reason="used_id")
        for row in rows
    }


def _remember(db: sqlite3.Connection, sender: Sender, outcomes: list[dict]) -> None:
    db.executemany(
        "INSERT INTO operation (id, user_id, device_id, seq, outcome, at_ms) VALUES (?, ?, ?, ?, ?, ?)"
        " ON CONFLICT DO NOTHING",
        [(one["id"], sender.user_id, sender.device_id, one["seq"], as_json(one), sender.now_ms) for one in outcomes],
    )


# --- one group ---------------------------------------------------------------------------------------


class _Stopped(Exception):
    """One operation of a group was refused: nothing of the group is in force."""

    def __init__(self, raw: dict, error: Exception) -> None:
        super().__init__(str(error))
        self.raw = raw
        self.error = error


def _judge_group(db: sqlite3.Connection, firm, sender: Sender, raws: list[dict]) -> list[dict]:
    """All are in force; or else all wait for a row, all are proposals, or all are rejected."""
    behind = _waits_behind(db, sender, raws) if sender.is_restoring else None
    if behind and waiting.has_room(db, sender.user_id):
        return _wait(db, sender, raws, behind)
    try:
        return _all_or_none(db, firm, sender, raws, judge.put_in_force)
    except _Stopped as stopped:
        refused = stopped
    if isinstance(refused.error, NoAccess) and not sender.is_server:
        missing_id = _awaited(db, sender, refused)
        if missing_id:
            return _wait(db, sender, raws, missing_id)
        try:
            return _all_or_none(db, firm, sender, raws, judge.propose)
        except _Stopped:
            pass  # to somebody who never held the row, the first answer says all
    return [_rejected(raw, refused) for raw in raws]


def _all_or_none(db: sqlite3.Connection, firm, sender: Sender, raws: list[dict], act: Act) -> list[dict]:
    """Raises _Stopped."""
    if len(raws) == 1:
        # Refused before anything is written: nothing to undo.
        return _each(db, firm, sender, raws, act)
    db.execute("SAVEPOINT op_group")
    try:
        outcomes = _each(db, firm, sender, raws, act)
    except _Stopped:
        db.execute("ROLLBACK TO op_group")
        db.execute("RELEASE op_group")
        raise
    db.execute("RELEASE op_group")
    return outcomes


def _each(db: sqlite3.Connection, firm, sender: Sender, raws: list[dict], act: Act) -> list[dict]:
    touched: set[tuple[str, str]] = set()
    outcomes = []
    for raw in raws:
        try:
            outcomes.append(act(db, sender, raw, touched))
        except REFUSALS as error:
            raise _Stopped(raw, error) from error
    firm.touched |= touched
    return outcomes


def _rejected(raw: dict, stopped: _Stopped) -> dict:
    if raw["id"] == stopped.raw["id"]:
        return judge.refusal(raw, stopped.error)
    return outcome(raw["id"], REJECTED, reason="with_others", detail={"op": stopped.raw["id"]})


# --- what waits for a row ----------------------------------------------------------------------------


def _is_restoring(db: sqlite3.Connection, user_id: str, raw_ops: list[dict], now_ms: int) -> bool:
    """Whether a missing row may still come: after a restore, from whoever made it in the earlier life."""
    again = any(raw.get("again") for raw in raw_ops)
    return again or life.is_recent(db, now_ms) or waiting.is_anything(db, user_id)


def _waits_behind(db: sqlite3.Connection, sender: Sender, raws: list[dict]) -> str | None:
    """The row that an earlier operation of this person, on the same row as one of these, waits for."""
    row_ids = {raw["row"] for raw in raws if isinstance(raw.get("row"), str)}
    made = {raw["row"] for raw in raws if isinstance(raw.get("row"), str) and raw.get("base") == 0}
    return waiting.awaited_by_rows(db, sender.user_id, row_ids, made, sender.waits_at)


def _awaited(db: sqlite3.Connection, sender: Sender, stopped: _Stopped) -> str | None:
    """The missing row, where it may still come."""
    may_come = sender.is_restoring and isinstance(stopped.error, Missing)
    return stopped.error.row_id if may_come and waiting.has_room(db, sender.user_id) else None


def _wait(db: sqlite3.Connection, sender: Sender, raws: list[dict], missing_id: str) -> list[dict]:
    kept = sender.user_id, sender.device_id, sender.skew_ms, missing_id, raws, sender.now_ms
    seq = waiting.keep(db, *kept, sender.waits_at)
    return [outcome(raw["id"], MERGED, seq, "waits_for_row") for raw in raws]


def _apply_waiting(db: sqlite3.Connection, firm, row_ids: Iterable[str]) -> list[Refused]:
    """What waited for these rows, in order, and what waited for the rows that this makes. Returns what may not be."""
    pending = list(row_ids)
    refused = []
    while pending:
        row_id = pending.pop(0)
        for kept in waiting.take(db, row_id):
            outcomes = _judge_kept(db, firm, kept)
            if any(one["is"] == REJECTED for one in outcomes):
                refused.append((kept, row_id))
            pending += _may_have_made(db, kept.ops, outcomes)
    return refused


def _apply_refused(db: sqlite3.Connection, firm, refused: list[Refused]) -> None:
    """Once more, after all that came with the rows: whoever made them may have shared them."""
    pending = list(refused)
    while pending:
        kept, row_id = pending.pop(0)
        outcomes = _judge_kept(db, firm, kept)
        if any(one["is"] == REJECTED for one in outcomes):
            reason = next(one["reason"] for one in outcomes if one["reason"] != "with_others")
            waiting.refuse(db, kept, row_id, reason, firm.clock())
        pending += _apply_waiting(db, firm, _may_have_made(db, kept.ops, outcomes))


def _judge_kept(db: sqlite3.Connection, firm, kept: waiting.Kept) -> list[dict]:
    author = Sender(kept.user_id, kept.device_id, firm.clock(), kept.skew_ms, None, True, kept.n)
    return _judge_group(db, firm, author, kept.ops)


def _may_have_made(db: sqlite3.Connection, raws: list[dict], outcomes: list[dict]) -> list[str]:
    """Rows that are there since these operations: new ones, and conflicts that they led to."""
    if outcomes[0]["is"] == REJECTED or outcomes[0]["reason"] in ("waits_for_row", "proposed"):
        return []
    conflicts = waiting.for_conflicts(db) if any(one["is"] == CONFLICT for one in outcomes) else []
    # Saying again what an action says already is accepted, too, and names no request.
    named = [(raw.get("set") or {}).get("approval_id") for raw in raws if raw["entity"] == "approval_action"]
    commands = [approval_id for approval_id in named if approval_id]
    conflicts += waiting.for_approvals(db, commands) if commands else []
    return conflicts + [raw["row"] for raw in raws if raw.get("base") == 0 and not raw.get("delete")]
