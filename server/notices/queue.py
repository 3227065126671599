"""What is to be told to whom: notices are added, and taken back, in the transaction that causes them.

Nothing is sent here, and nothing here waits for a network.  A notice holds a name and a verb, and never what a
request or a customer holds: it may be read on a locked screen.
"""

from __future__ import annotations

import json

from server.database import sqlite3

KINDS = ("approval", "decision", "mention", "reminder")
WAYS = ("push", "email", "robot")
# 'high' is sent in quiet hours, too.
URGENCIES = ("low", "normal", "high")


def add(
    db: sqlite3.Connection,
    *,
    key: str,
    user_id: str,
    kind: str,
    text: str,
    values: dict[str, object],
    address: str,
    now_ms: int,
    many: str | None = None,
    approval: tuple[str, str, str] | None = None,
    at_ms: int | None = None,
    until_ms: int | None = None,
    urgency: str = "normal",
) -> bool:
    """Tell this person of this thing, once; False where it was added before.

    text, many: English texts of the catalogue, marked with N_ of web.reasons; which of them, says values["n"].
    values: texts and numbers; {"time": ms}, {"moment": ms}, {"day": ms or date} become words in the person's
        language and time zone, {"text": english} is translated.
    address: where a tap leads, on this site.
    approval: (approval_id, step_id, revision_hash), where it can be decided in the notification itself.
    at_ms: not before; until_ms: not afterwards.
    """
    if kind not in KINDS or urgency not in URGENCIES:
        raise ValueError(f"no such kind or urgency of notice: {kind}, {urgency}")
    if not address.startswith("/") or address.startswith("//"):
        raise ValueError(f"an address on this site is needed, not {address!r}")
    added = db.execute(
        "INSERT INTO notice (key, user_id, kind, sample, sample_many, given, address, approval, urgency, made_at_ms,"
        " at_ms, until_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
        (
            key,
            user_id,
            kind,
            text,
            many,
            json.dumps(values, ensure_ascii=False),
            address,
            json.dumps(approval) if approval else None,
            urgency,
            now_ms,
            now_ms if at_ms is None else at_ms,
            until_ms,
        ),
    )
    return added.rowcount > 0


def withdraw(
    db: sqlite3.Connection,
    *,
    address: str | None = None,
    user_id: str | None = None,
    key: str | None = None,
    kind: str | None = None,
) -> None:
    """Take back what was not sent yet: of an address or under a key, for one person or for all, of one kind or all.

    What nobody was sent is forgotten, so that it may be added anew.
    """
    if address is None and key is None:
        raise ValueError("an address or a key is needed")
    asked = {"address": address, "key": key, "user_id": user_id, "kind": kind}
    given = {name: value for name, value in asked.items() if value is not None}
    # Only what is given: a condition on what is not would keep the indexes from being used.
    matches = " AND ".join(f"{name} = :{name}" for name in given)
    ids = [row[0] for row in db.execute(f"SELECT id FROM notice WHERE {matches}", given)]
    listed = json.dumps(ids)
    db.execute(
        "DELETE FROM delivery WHERE notice_id IN (SELECT value FROM json_each(?)) AND state = 'waiting' AND tries = 0",
        (listed,),
    )
    db.execute(
        "UPDATE delivery SET state = 'withdrawn' WHERE notice_id IN (SELECT value FROM json_each(?))"
        " AND state = 'waiting'",
        (listed,),
    )
    db.execute(
        "DELETE FROM notice WHERE id IN (SELECT value FROM json_each(?))"
        " AND NOT EXISTS (SELECT 1 FROM delivery WHERE notice_id = notice.id)",
        (listed,),
    )
