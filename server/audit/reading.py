"""Reading the audit log: whose, what, when; newest first.  Changes nothing."""

from __future__ import annotations

import json
from dataclasses import dataclass

from server.audit.actions import ACTIONS
from sync.entities import BY_NAME

COLUMNS = "n, at_ms, user_id, device_id, action, subject, detail, hash"


@dataclass(frozen=True)
class Filter:
    """person: who did it, or to whom it was done. from_ms, until_ms: 0 for no end on that side."""

    person: str = ""
    action: str = ""
    from_ms: int = 0
    until_ms: int = 0


def find(conn, wanted: Filter, most: int, before_n: int = 0) -> list[dict]:
    """The newest entries that fit, before the one of this number, each with the names that its ids stand for."""
    where, values = _where(wanted, before_n)
    sql = f"SELECT {COLUMNS} FROM audit WHERE {where} ORDER BY n DESC LIMIT :most"
    rows = conn.execute(sql, values | {"most": most})
    names = Names(conn)
    return [_entry(dict(row), names) for row in rows]


def _where(wanted: Filter, before_n: int) -> tuple[str, dict]:
    parts = ["1"]
    if wanted.person:
        parts.append("(user_id = :person OR subject = 'user/' || :person)")
    if wanted.action:
        parts.append("action = :action")
    if wanted.from_ms:
        parts.append("at_ms >= :from_ms")
    if wanted.until_ms:
        parts.append("at_ms < :until_ms")
    if before_n:
        parts.append("n < :before_n")
    return " AND ".join(parts), {**wanted.__dict__, "before_n": before_n}


def _entry(row: dict, names: Names) -> dict:
    entity, _, row_id = row["subject"].partition("/")
    return row | {
        "detail": json.loads(row["detail"]),
        "person": (names.of("user", row["user_id"]) or row["user_id"]) if row["user_id"] else "",
        "entity": entity if row_id else "",
        "about": (names.of(entity, row_id) or "") if row_id else row["subject"],
        "detail_json": row["detail"],
        "names": names,
    }


class Names:
    """What ids stand for today, asked once each; None for what has no name, or is gone for good."""

    def __init__(self, conn) -> None:
        self._conn = conn
        self._known: dict[tuple[str, str], str | None] = {}

    def of(self, entity: str, row_id: str) -> str | None:
        if (entity, row_id) not in self._known:
            self._known[entity, row_id] = self._ask(entity, row_id)
        return self._known[entity, row_id]

    def _ask(self, entity: str, row_id: str) -> str | None:
        if entity == "device":
            sql = "SELECT device_name FROM session WHERE device_id = ? ORDER BY last_seen_ms DESC LIMIT 1"
        elif entity == "robot":
            sql = "SELECT name FROM group_robot WHERE id = ?"
        elif entity in BY_NAME and "name" in BY_NAME[entity].by_name:
            sql = f"SELECT name FROM {BY_NAME[entity].name} WHERE id = ?"
        else:
            return None
        row = self._conn.execute(sql, (row_id,)).fetchone()
        return row[0] if row else None


def people(conn) -> list[tuple[str, str]]:
    """(id, name) of everybody who ever was here."""
    return [tuple(row) for row in conn.execute("SELECT id, name FROM user ORDER BY is_active DESC, name, id")]


def actions(conn) -> list[str]:
    """The actions that the log holds, in the order of actions.py."""
    found = {row[0] for row in conn.execute("SELECT DISTINCT action FROM audit")}
    return [action for action in ACTIONS if action in found]
