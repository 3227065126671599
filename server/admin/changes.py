"""One change of a server-only entity, as an operation through the same door as everything else.

So history, scope, every phone and the audit log follow by themselves.  All functions run in a write job.
"""

from __future__ import annotations

import json
import secrets

from server import audit
from server.accept import accept_as_server
from sync.entities import BY_NAME
from sync.ids import uuid7

# What the audit log may repeat of a row: never what somebody typed.
PLAIN_TYPES = ("flag", "count", "enum", "ref", "money", "date")


class Refused(Exception):
    """The change is not allowed; reason is a code, detail may name the field and limits."""

    def __init__(self, reason: str, **detail) -> None:
        super().__init__(f"{reason} {detail}")
        self.reason = reason
        self.detail = detail


def make(conn, firm, by: str | None, entity: str, fields: dict, row_id: str = "") -> str:
    """Make a row, of this id where one is given; returns its id. fields: sets are lists. Raises Refused."""
    row_id = row_id or fresh_id(firm)
    present = {name: value for name, value in fields.items() if value not in (None, "")}
    _accept(conn, firm, by, {"entity": entity, "row": row_id, "base": 0, **_patch(entity, present, {})})
    return row_id


def change(conn, firm, by: str | None, entity: str, row_id: str, seen_version: int, fields: dict) -> None:
    """Set fields of a row as it was seen. by: the administrator.

    Raises Refused, also where somebody changed the row since it was seen: the server's own operations
    never clash, so what an administrator saw is checked here.
    """
    row = find(conn, entity, row_id)
    if row["version"] != seen_version:
        raise Refused("changed_meanwhile")
    patch = _patch(entity, fields, dict(row))
    if patch:
        _accept(conn, firm, by, {"entity": entity, "row": row_id, "base": seen_version, **patch})


def remove(conn, firm, by: str | None, entity: str, row_id: str) -> None:
    row = find(conn, entity, row_id)
    _accept(conn, firm, by, {"entity": entity, "row": row_id, "base": row["version"], "delete": True})


def find(conn, entity: str, row_id: str):
    """The row. Raises Refused where there is none."""
    row = conn.execute(f"SELECT * FROM {BY_NAME[entity].name} WHERE id = ? AND deleted = 0", (row_id,)).fetchone()
    if row is None:
        raise Refused("not_found")
    return row


def fresh_id(firm) -> str:
    return uuid7(firm.clock(), secrets.token_bytes(10))


def _patch(entity: str, fields: dict, row: dict) -> dict:
    """The parts of an operation that say what differs: set, and for sets add and remove."""
    kinds = BY_NAME[entity].by_name
    patch: dict[str, dict] = {"set": {}, "add": {}, "remove": {}}
    for name, value in fields.items():
        if kinds[name].type == "set":
            held = json.loads(row.get(name) or "[]")
            patch["add"][name] = [one for one in value if one not in held]
            patch["remove"][name] = [one for one in held if one not in value]
        elif (value if value != "" else None) != row.get(name):
            patch["set"][name] = value if value != "" else None
    kept = {part: {name: value for name, value in named.items() if value != []} for part, named in patch.items()}
    return {part: named for part, named in kept.items() if named}


def _accept(conn, firm, by: str | None, what: dict) -> None:
    operation = {"id": fresh_id(firm), "at": firm.clock(), **what}
    for outcome in accept_as_server(conn, firm, [operation], by):
        if outcome["is"] == "rejected":
            raise Refused(outcome["reason"], **outcome["detail"])
    verb = "row_deleted" if what.get("delete") else "row_changed" if what["base"] else "row_made"
    audit.note_by(conn, firm.clock(), by, verb, f"{what['entity']}/{what['row']}", _plain(what))


def _plain(what: dict) -> dict:
    """The names of all fields that an operation sets, and the values of those that are no text."""
    kinds = BY_NAME[what["entity"]].by_name
    named = {**what.get("set", {}), **what.get("add", {}), **what.get("remove", {})}
    values = {name: value for name, value in what.get("set", {}).items() if kinds[name].type in PLAIN_TYPES}
    return {"fields": sorted(named)} | {name: "" if value is None else value for name, value in values.items()}
