"""What did not make it into the row: conflict rows that people settle, lines of history where nobody is asked.

Runs in the writer's transaction.  Never decides who wins: that is `sync/merge.py`'s.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from sync.entities import BY_NAME
from sync.merge import Change, Clash
from sync.model import Entity

from . import record
from .database import sqlite3
from .record import Author, as_json

ACCOUNT, CONFLICT = BY_NAME["account"], BY_NAME["conflict"]
# What a conflict may be about.
TARGETS = frozenset(CONFLICT.by_name["target_entity"].choices)


@dataclass(frozen=True)
class Side:
    """One of the two: its values (field -> value) and who wrote them."""

    values: dict
    author: Author


@dataclass(frozen=True)
class Question:
    """What people are asked: keep the one or the other, of one unit of one row."""

    entity: Entity
    row_id: str
    account_id: str | None
    kind: str
    unit: str
    kept: Side
    lost: Side
    base: dict


def about(entity: Entity, row: dict, kind: str, unit: str, kept: Side, lost: Side, base: dict) -> Question:
    """A question that those who see the row by its account see; else its two authors alone."""
    return Question(entity, row["id"], account_of(entity, row), kind, unit, kept, lost, base)


def keep_lost(
    db: sqlite3.Connection, entity: Entity, row: dict, clash: Clash, author: Author, touched: set
) -> int:
    """Keep what lost a clash. Returns the sequence number that it was kept under."""
    theirs = author_of(clash.theirs)
    winner, loser = (author, theirs) if clash.kept_is_mine else (theirs, author)
    if clash.ask:
        sides = Side(clash.kept, winner), Side(clash.lost, loser)
        return ask(db, about(entity, row, "field", clash.unit, *sides, clash.base), touched)
    if clash.kept_is_mine:
        return row["version"]  # theirs is in history already
    seq = record.next_seq(db)
    record.keep_in_history(db, seq, entity, row["id"], clash.unit, clash.base, clash.lost, author)
    return seq


def ask(db: sqlite3.Connection, question: Question, touched: set) -> int:
    """Add the conflict row that both people see. Returns its version."""
    kept, lost = question.kept, question.lost
    later = max(kept.author, lost.author, key=lambda author: author.at_ms)
    conflict = {
        "id": conflict_id(question.row_id, question.unit, kept.author.op_id, lost.author.op_id),
        "target_entity": question.entity.name,
        "target_id": question.row_id,
        "account_id": question.account_id,
        "kind": question.kind,
        "unit": question.unit,
        "kept": as_json(kept.values),
        "kept_by": kept.author.user_id,
        "kept_at_ms": kept.author.at_ms,
        "kept_device": _device_name(db, kept.author.device_id),
        "lost": as_json(lost.values),
        "lost_by": lost.author.user_id,
        "lost_at_ms": lost.author.at_ms,
        "lost_device": _device_name(db, lost.author.device_id),
        "base": as_json(question.base),
        "settled_at_ms": None,
        "settled_by": None,
    }
    return record.insert(db, CONFLICT, conflict, Author(None, None, later.op_id, later.at_ms), touched)


def conflict_id(row_id: str, unit: str, *op_ids: str) -> str:
    """Of two operations, whichever comes first: when they come again after a restore, whoever settled their
    conflict in the earlier life settled this one."""
    named = " ".join([row_id, unit, *sorted(op_ids)])
    return hashlib.sha256(named.encode()).hexdigest()[:32]


def author_of(change: Change) -> Author:
    return Author(change.user_id, change.device_id, change.op_id, change.at_ms)


def account_of(entity: Entity, row: dict) -> str | None:
    """The account whose viewers see this row, and so what is asked about it.

    A row may name an account and still be none of its viewers' business, as a request for approval.
    """
    column = next((bucket.column for bucket in entity.buckets if bucket.kind == "account"), None)
    return row.get(column) if column else None


def _device_name(db: sqlite3.Connection, device_id: str | None) -> str | None:
    if device_id is None:
        return None
    found = db.execute("SELECT device_name FROM session WHERE device_id = ? LIMIT 1", (device_id,)).fetchone()
    return found[0] if found else None
