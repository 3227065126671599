"""A firm small enough to reason about: a boss, a manager of the north, two reps there, one in the south."""

from __future__ import annotations

from server.accept import accept_as_server
from server.firm import Firm
from tests.empty_file import lay_empty_file

START_MS = 1_795_500_000_000


class Clock:
    """A clock that tests move."""

    def __init__(self) -> None:
        self.ms = START_MS

    def __call__(self) -> int:
        self.ms += 1
        return self.ms


DEPARTMENTS = {"sales": None, "north": "sales", "south": "sales"}
ROLES = {"boss": ("everything", 1), "manager": ("below", 0), "rep": ("own", 0)}
PEOPLE = {
    "boss": ("boss", "sales"),
    "mona": ("manager", "north"),
    "rita": ("rep", "north"),
    "ron": ("rep", "north"),
    "sam": ("rep", "south"),
}


def make_firm(path) -> Firm:
    firm = Firm.open(lay_empty_file(path), Clock())
    ops = [op("department", name, name=name, parent_id=parent) for name, parent in DEPARTMENTS.items()]
    ops += [op("role", name, name=name, data_scope=scope, is_admin=admin) for name, (scope, admin) in ROLES.items()]
    ops += [
        op("user", name, name=name.title(), role_id=role, department_id=place) for name, (role, place) in PEOPLE.items()
    ]
    as_server(firm, *ops)
    return firm


def op(entity: str, row_id: str, base: int = 0, **fields) -> dict:
    """An operation as the server itself would make it."""
    from .device import new_id

    return {"id": new_id(), "entity": entity, "row": row_id, "base": base, "at": 0, "set": fields}


def as_server(firm: Firm, *ops: dict) -> None:
    outcomes = firm.write_now(lambda db: accept_as_server(db, firm, list(ops)))
    assert all(outcome["is"] == "applied" for outcome in outcomes), outcomes
