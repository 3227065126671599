"""One change of a server-only entity, as an operation through the same door as everything else.

So history, scope and every phone follow by themselves.
"""

from __future__ import annotations

import secrets

from server.accept import accept_as_server
from sync.ids import uuid7


class Refused(Exception):
    """The change is not allowed; reason and detail are those of a rejected operation."""

    def __init__(self, reason: str, detail: dict) -> None:
        super().__init__(f"{reason} {detail}")
        self.reason = reason
        self.detail = detail


def make(conn, firm, by: str | None, entity: str, fields: dict) -> str:
    """Make a row, in a write job; returns its id. Raises Refused."""
    row_id = fresh_id(firm)
    change(conn, firm, by, entity, row_id, 0, fields)
    return row_id


def change(conn, firm, by: str | None, entity: str, row_id: str, base: int, fields: dict) -> None:
    """Set fields of a row that was seen in version base (0: make it). by: the administrator. Raises Refused."""
    given = {name: value for name, value in fields.items() if value is not None or base}
    _accept(conn, firm, by, {"entity": entity, "row": row_id, "base": base, "set": given})


def remove(conn, firm, by: str | None, entity: str, row_id: str, base: int) -> None:
    _accept(conn, firm, by, {"entity": entity, "row": row_id, "base": base, "delete": True})


def fresh_id(firm) -> str:
    return uuid7(firm.clock(), secrets.token_bytes(10))


def _accept(conn, firm, by: str | None, what: dict) -> None:
    operation = {"id": fresh_id(firm), "at": firm.clock(), **what}
    for outcome in accept_as_server(conn, firm, [operation], by):
        if outcome.kind == "rejected":
            raise Refused(outcome.reason, outcome.detail)
