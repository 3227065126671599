"""One request under way: its rows, and the writing of what follows from a command.

Everything the server does with a request goes through here, and so through `record`: history, versions and devices
follow by themselves.  Decides nothing.  Ids of new rows follow from the action behind them.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from sync.entities import BY_NAME
from sync.ids import derived_id
from sync.model import Entity
from sync.values import column_of, members_of

from .. import record
from ..database import sqlite3
from ..record import Author
from . import definition as definitions
from .definition import Definition

APPROVAL, REVISION, STEP = BY_NAME["approval"], BY_NAME["approval_revision"], BY_NAME["approval_step"]
ACTION, LINE, ATTACHMENT = BY_NAME["approval_action"], BY_NAME["expense_line"], BY_NAME["attachment"]
# What hangs on a request and is seen, and grows old, with it.
HANGING = (REVISION, STEP, ACTION, LINE, ATTACHMENT)

OPEN_STATES = frozenset({"draft", "returned", "recalled", "rejected"})
DECISIONS = ("approve", "reject", "return")
# What ends the way without an approval.
STOPS = ("reject", "return", "recall")
DEFAULT_CURRENCY = "CNY"


def request_row(db: sqlite3.Connection, approval_id: str) -> dict | None:
    return _one(db, "SELECT * FROM approval WHERE id = ? AND deleted = 0", approval_id)


def step_row(db: sqlite3.Connection, step_id: str | None) -> dict | None:
    return _one(db, "SELECT * FROM approval_step WHERE id = ? AND deleted = 0", step_id)


def way(db: sqlite3.Connection, approval_id: str) -> list[dict]:
    """The steps that are not void, in order."""
    return _all(
        db,
        "SELECT * FROM approval_step WHERE approval_id = ? AND state <> 'void' AND deleted = 0 ORDER BY position, id",
        approval_id,
    )


def lines(db: sqlite3.Connection, approval_id: str) -> list[dict]:
    return _all(
        db,
        "SELECT * FROM expense_line WHERE approval_id = ? AND deleted = 0 ORDER BY coalesce(position, 0), id",
        approval_id,
    )


def actions(db: sqlite3.Connection, where: str, *values) -> list[dict]:
    """Actions in force, in the order in which they took effect: that is when they are written down."""
    in_force = f"SELECT * FROM approval_action WHERE {where} AND effect = 'in_force' ORDER BY rowid"
    return _all(db, in_force, *values)


def last_action(db: sqlite3.Connection, where: str, *values) -> dict | None:
    found = actions(db, where, *values)
    return found[-1] if found else None


def firm_currency(db: sqlite3.Connection) -> str:
    """What sums, limits and steps count in; a firm that never said so counts in CNY."""
    asked = "SELECT value FROM firm_setting WHERE key = 'currency' AND deleted = 0 ORDER BY id LIMIT 1"
    found = db.execute(asked).fetchone()
    return found[0] if found and found[0] else DEFAULT_CURRENCY


def kind_of(db: sqlite3.Connection, request: dict) -> str:
    found = db.execute("SELECT kind FROM approval_definition WHERE id = ?", (request["definition_id"],)).fetchone()
    return found[0] if found else "general"


def definition_of(db: sqlite3.Connection, version_id: str) -> Definition:
    """Raises BadDefinition."""
    return definitions.parse(_one(db, "SELECT * FROM definition_version WHERE id = ?", version_id) or {})


def name_of(db: sqlite3.Connection, user_id: str | None) -> str:
    found = db.execute("SELECT name FROM user WHERE id = ?", (user_id,)).fetchone()
    return found[0] if found else ""


def waiting_in_turn(step: dict) -> list[str]:
    """Who is asked now: of a step in order the first who has yet to answer, else all of them."""
    waiting = members_of(step["waiting_ids"])
    return waiting[:1] if step["mode"] == "order" else waiting


@dataclass
class Case:
    """request: the row of the approval; it is kept up to date. action: the row of the command, made already."""

    db: sqlite3.Connection
    request: dict
    action: dict
    author: Author
    now_ms: int
    touched: set

    @property
    def id(self) -> str:
        return self.request["id"]

    @property
    def applicant_id(self) -> str:
        return self.request["applicant_id"] or self.request["owner_id"]

    @property
    def by(self) -> str | None:
        return self.action["owner_id"]

    def id_for(self, *what: object) -> str:
        return derived_id(self.action["id"], *(str(one) for one in what))

    def change(self, **patch) -> None:
        self._update(APPROVAL, self.request, patch)

    def change_step(self, step: dict, **patch) -> None:
        self._update(STEP, step, patch)

    def change_row(self, entity: Entity, row: dict, **patch) -> None:
        self._update(entity, row, patch)

    def add(self, entity: Entity, row_id: str, **fields) -> dict:
        row = {"id": row_id} | {f.name: f.default for f in entity.fields} | fields
        row |= {"approval_id": self.id, "applicant_id": self.applicant_id}
        record.insert(self.db, entity, row, self.author, self.touched)
        return dict(self.db.execute(f"SELECT * FROM {entity.name} WHERE id = ?", (row_id,)).fetchone())

    def add_people(self, *user_ids: str | None) -> None:
        """From now on they take part."""
        people = members_of(self.request["people_ids"])
        new = [one for one in dict.fromkeys(user_ids) if one and one not in people and one != self.applicant_id]
        if new:
            most = APPROVAL.by_name["people_ids"].most
            self.change(people_ids=column_of((people + new)[:most]))

    def close(self, at_ms: int | None) -> None:
        """It is final: from now on it grows old, with all that hangs on it. None: it is open again."""
        self.change(closed_at_ms=at_ms)
        self.mark_hanging("closed_at_ms", at_ms)

    def mark_hanging(self, name: str, value) -> None:
        for entity in HANGING:
            differing = f"SELECT * FROM {entity.name} WHERE approval_id = ? AND {name} IS NOT ? ORDER BY rowid"
            for row in _all(self.db, differing, self.id, value):
                self._update(entity, row, {name: value})

    def _update(self, entity: Entity, row: dict, patch: dict) -> None:
        patch = {name: value for name, value in patch.items() if row.get(name) != value}
        if patch:
            record.update(self.db, entity, row, patch, self.author, self.touched)


def answers_of(column: str | None) -> dict[str, str]:
    return json.loads(column) if column else {}


def _one(db: sqlite3.Connection, query: str, *values) -> dict | None:
    found = db.execute(query, values).fetchone()
    return dict(found) if found else None


def _all(db: sqlite3.Connection, query: str, *values) -> list[dict]:
    return [dict(row) for row in db.execute(query, values)]
