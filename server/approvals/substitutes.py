"""Who decides for whoever is away: from the first day to the last, in the time zone of the person who is away.

A substitute is asked beside that person, never instead; one who is away at the same time is followed by their own.
Nothing here decides anything, and nobody who has left is ever named.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator

from sync.ids import RANDOM_BYTES, uuid7
from sync.values import members_of
from web.dates import local_date

from .. import busy
from ..database import sqlite3
from ..permission import Rejected, is_active
from ..record import Author
from . import telling
from .case import Case, way

# --- who decides --------------------------------------------------------------------------------------


def deciders(db: sqlite3.Connection, user_id: str, at_ms: int) -> list[str]:
    """Who may decide what this person is asked at an instant: the person, then whoever stands in, nearest first."""
    return [one for one in _chain(db, user_id, at_ms) if is_active(db, one)]


def stands_in_for(db: sqlite3.Connection, actor_id: str, asked_ids: Iterable[str], at_ms: int) -> str | None:
    """Of those who are asked, the first for whom this person may decide at an instant; None: for nobody.

    Whoever is asked themselves stands in for nobody there: that is for the caller to see first.
    """
    if not is_active(db, actor_id):
        return None
    return next((asked for asked in asked_ids if asked != actor_id and actor_id in _chain(db, asked, at_ms)), None)


def _chain(db: sqlite3.Connection, user_id: str, at_ms: int) -> list[str]:
    """The person and everybody who stands in; a circle ends where it closes."""
    found = [user_id]
    for one in found:  # grows while it is read
        found += [other for other in _substitutes_of(db, one, at_ms) if other not in found]
    return found


def _substitutes_of(db: sqlite3.Connection, user_id: str, at_ms: int) -> list[str]:
    today = local_date(at_ms, busy.zone_of(db, user_id))
    rows = db.execute(
        "SELECT DISTINCT substitute_id FROM substitute WHERE owner_id = ? AND deleted = 0"
        " AND from_on <= ? AND until_on >= ? ORDER BY from_on, id",
        (user_id, today, today),
    )
    return [row[0] for row in rows]


# --- may it be ----------------------------------------------------------------------------------------


def check(db: sqlite3.Connection, row: dict, was: dict | None = None) -> None:
    """May this absence be written? was: as it is now, where it is changed. Raises Rejected."""
    if row["substitute_id"] == row["owner_id"]:
        raise Rejected("substitute_self", field="substitute_id")
    is_chosen = was is None or was["substitute_id"] != row["substitute_id"]
    if is_chosen and not is_active(db, row["substitute_id"]):
        raise Rejected("has_left", field="substitute_id")
    if _would_close(db, row):
        raise Rejected("substitute_cycle", field="substitute_id")


def _would_close(db: sqlite3.Connection, row: dict) -> bool:
    """Whether on some day everybody in a circle of substitutes is away, this one among them."""
    waiting = [(row["substitute_id"], row["from_on"], row["until_on"])]
    seen = set(waiting)
    while waiting:
        for further in _on_from(db, *waiting.pop(), row["id"]):
            if further[0] == row["owner_id"]:
                return True
            if further not in seen:
                seen.add(further)
                waiting.append(further)
    return False


def _on_from(
    db: sqlite3.Connection, user_id: str, from_on: str, until_on: str, but_id: str
) -> Iterator[tuple[str, str, str]]:
    """(substitute, from, until): who stands in for somebody on which of these days."""
    rows = db.execute(
        "SELECT substitute_id, max(from_on, :from_on), min(until_on, :until_on) FROM substitute"
        " WHERE owner_id = :user_id AND deleted = 0 AND id <> :but_id"
        " AND from_on <= :until_on AND until_on >= :from_on",
        {"user_id": user_id, "from_on": from_on, "until_on": until_on, "but_id": but_id},
    )
    return (tuple(found) for found in rows.fetchall())


# --- whose absence has begun --------------------------------------------------------------------------


def keep_up(db: sqlite3.Connection, firm) -> int:
    """Let whoever stands in by now take part in what is open. Returns how many requests somebody joined."""
    if db.execute("SELECT 1 FROM substitute WHERE deleted = 0 LIMIT 1").fetchone() is None:
        return 0
    now_ms = firm.clock()
    open_ones = db.execute(
        "SELECT * FROM approval WHERE state = 'pending' AND deleted = 0 AND EXISTS (SELECT 1 FROM substitute AS s"
        " WHERE s.deleted = 0 AND s.owner_id IN (SELECT value FROM json_each(approval.waiting_ids))) ORDER BY id"
    ).fetchall()
    return sum(_join(db, firm, dict(approval), now_ms) for approval in open_ones)


def _join(db: sqlite3.Connection, firm, approval: dict, now_ms: int) -> bool:
    people = members_of(approval["people_ids"])
    ask = [one for asked in members_of(approval["waiting_ids"]) for one in deciders(db, asked, now_ms)]
    # Nobody decides about their own request, for whomever.
    new = [one for one in dict.fromkeys(ask) if one not in people and one != approval["applicant_id"]]
    if not new:
        return False
    author = Author(None, None, uuid7(now_ms, os.urandom(RANDOM_BYTES)), now_ms)
    case = Case(db, approval, {"id": author.op_id, "owner_id": None}, author, now_ms, firm.touched)
    case.add_people(*new)
    for step in way(db, approval["id"]):
        if step["state"] == "active":
            telling.asked(case, step, new)
    return True
