"""What was submitted, whole: a canonical text and its hash, which is what a decision is bound to.

Reads only, and the same rows give the same bytes, whenever and wherever they are read.
"""

from __future__ import annotations

import hashlib
import json

from ..database import sqlite3
from . import case

_FIELDS = (
    "title",
    "amount_cents",
    "currency",
    "reason",
    "payee",
    "account_id",
    "request_id",
    "advance_id",
    "version_id",
)
_LINE_FIELDS = (
    "id",
    "spent_on",
    "category_id",
    "amount_cents",
    "currency",
    "rate_e6",
    "account_id",
    "activity_id",
    "receipt_no",
    "note",
)


def content_of(db: sqlite3.Connection, request: dict) -> str:
    """The canonical JSON of a request as it is now."""
    content = {name: request[name] for name in _FIELDS}
    content["answers"] = case.answers_of(request["answers"])
    content["lines"] = [
        {name: line[name] for name in _LINE_FIELDS} | {"attachments": _hashes(db, "expense_line", line["id"])}
        for line in case.lines(db, request["id"])
    ]
    content["attachments"] = _hashes(db, "approval", request["id"])
    return json.dumps(content, ensure_ascii=False, separators=(",", ":"), sort_keys=True)


def hash_of(content: str) -> str:
    return hashlib.sha256(content.encode()).hexdigest()


def _hashes(db: sqlite3.Connection, entity: str, target_id: str) -> list[str]:
    rows = db.execute(
        "SELECT hash FROM attachment WHERE target_entity = ? AND target_id = ? AND deleted = 0 ORDER BY hash",
        (entity, target_id),
    )
    return [row[0] for row in rows]


def in_firm_currency(line: dict, currency: str, cents: int) -> int:
    """An amount of a line in the firm's currency, rounded half up."""
    if line["currency"] == currency:
        return cents
    return (cents * line["rate_e6"] + 500_000) // 1_000_000


def claimed_cents(lines: list[dict], currency: str) -> int:
    return sum(in_firm_currency(line, currency, line["amount_cents"]) for line in lines)


def sanctioned_cents(lines: list[dict], currency: str) -> int:
    """What was granted of a claim; what no approval names is granted as claimed."""
    return sum(
        in_firm_currency(
            line, currency, line["amount_cents"] if line["sanctioned_cents"] is None else line["sanctioned_cents"]
        )
        for line in lines
    )
