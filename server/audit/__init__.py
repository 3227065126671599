"""The audit log: who did what of administration and of signing in.  It only grows.

`note` is called in the write job that does the deed, so that one is never without the other.  The log holds ids and
numbers: no names, no secrets, and nothing that anybody typed about a customer.  Each entry's hash covers the entry and
the hash before it: whoever changes, removes or slips in an entry breaks the chain there, and `verify` finds it.
Whoever may rewrite the file can rewrite the whole chain; a CSV that was taken out before tells it (`verify_export`).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass

from server.audit.actions import ACTIONS

# Longer texts than an id, a login's length or an address have no business here.
MOST_TEXT = 200


class By(str):
    """A user id that also says on which device the person does it."""

    device_id: str = ""

    def __new__(cls, user_id: str, device_id: str = "") -> By:
        made = super().__new__(cls, user_id)
        made.device_id = device_id
        return made


@dataclass(frozen=True)
class Finding:
    """entries: how many were read. broken_at: the number of the first that does not fit, None where all do.

    hash: of the last entry, which says all that came before it.
    """

    entries: int
    broken_at: int | None
    hash: str


def note(db, at_ms: int, user_id: str | None, device_id: str | None, action: str, subject="", detail=None) -> None:
    """Write one entry, inside a write job.

    user_id: who did it, '' or None for the server's own command line. subject: entity/ID.
    detail: name -> number, short text, or list of short texts. Raises ValueError for what does not belong here.
    """
    if action not in ACTIONS:
        raise ValueError(f"{action!r} is not one of server/audit/actions.py")
    last = db.execute("SELECT n, hash FROM audit ORDER BY n DESC LIMIT 1").fetchone()
    number, before = (last[0] + 1, last[1]) if last else (1, "")
    entry = (number, at_ms, str(user_id or ""), str(device_id or ""), action, str(subject), _detail(detail or {}))
    db.execute(
        "INSERT INTO audit (n, at_ms, user_id, device_id, action, subject, detail, hash)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (*entry, chained(before, entry)),
    )


def note_by(db, at_ms: int, by: str | None, action: str, subject: str = "", detail=None) -> None:
    """The same for whoever acts as `By`, or for the command line where by is None."""
    note(db, at_ms, by, getattr(by, "device_id", ""), action, subject, detail)


def chained(before: str, entry: tuple) -> str:
    """The hash of an entry (n, at_ms, user_id, device_id, action, subject, detail) behind another one's."""
    text = json.dumps([before, *entry], ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def verify(db) -> Finding:
    """Read the whole chain; half a million entries take some seconds."""
    rows = db.execute("SELECT n, at_ms, user_id, device_id, action, subject, detail, hash FROM audit ORDER BY n")
    return _verify(tuple(row) for row in rows)


def verify_export(db, exported: dict[int, str]) -> int | None:
    """The first entry that is no longer what a CSV from before says of it; None where all are.

    exported: number -> hash.
    """
    kept = dict(db.execute("SELECT n, hash FROM audit").fetchall())
    return next((number for number in sorted(exported) if kept.get(number) != exported[number]), None)


def _verify(rows: Iterable[tuple]) -> Finding:
    number, before = 0, ""
    for *entry, found in rows:
        if entry[0] != number + 1 or chained(before, tuple(entry)) != found:
            return Finding(number, number + 1, before)
        number, before = entry[0], found
    return Finding(number, None, before)


def _detail(detail: dict) -> str:
    for name, value in detail.items():
        for one in value if isinstance(value, list | tuple) else (value,):
            if not isinstance(one, int | str | type(None)) or (isinstance(one, str) and len(one) > MOST_TEXT):
                raise ValueError(f"{name} of an audit entry is a number or a short text")
    return json.dumps(detail, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
