"""Hears all that is typed and all that the server says, and objects at once to what may never be said.

Rows out of scope in any line, an outcome that changes when an operation is sent again, an outcome that
tells something of rows its person may not see.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from sync.entities import BY_NAME

from .oracle import Oracle

TYPED = re.compile(r"typed-\d+")


class Violation(AssertionError):
    """A promise is broken. promise: the name of the check."""

    def __init__(self, promise: str, what: str) -> None:
        super().__init__(f"{promise}: {what}")
        self.promise = promise


class Witness:
    def __init__(self, world) -> None:
        self.world = world
        self.typed: dict[str, tuple[str, dict]] = {}  # operation id -> (device id, operation)
        self.order: dict[str, list[str]] = {}  # device id -> operation ids as they were typed
        self.outcomes: dict[str, dict] = {}  # operation id -> the last outcome that any device was told
        self.told: dict[tuple[str, str], dict] = {}  # (life of the server, operation id) -> outcome
        # operation id -> the row as its author had it on the screen, and the life of the server that it came from
        self.seen: dict[str, tuple[dict, str]] = {}
        self._typed_by: dict[str, set[str]] = {}  # user id -> texts that this person typed

    def note_typed(self, phone, op: dict) -> None:
        self.typed[op["id"]] = (phone.id, op)
        self.seen[op["id"]] = phone.rows.get(op["entity"], {}).get(op["row"], {}), phone.hello.get("epoch", "")
        self.order.setdefault(phone.id, []).append(op["id"])
        self._typed_by.setdefault(phone.user_id, set()).update(TYPED.findall(json.dumps(op)))

    def first_life(self, op_id: str) -> int:
        """In which life of the server this operation was first answered; 0 where nobody heard."""
        return min((self.world.lives.index(epoch) for epoch, told in self.told if told == op_id), default=0)

    def watch(self, phone, lines) -> Iterator[str]:
        """Pass the lines on, having looked at each."""
        with self.world.firm.look() as db:
            oracle = Oracle(db)
            for text in lines:
                line = json.loads(text)
                if "outcome" in line:
                    self._hear_outcome(phone, line["outcome"], oracle)
                elif "values" in line:
                    self._look_at_rows(phone, line, oracle)
                yield text

    def _look_at_rows(self, phone, line: dict, oracle: Oracle) -> None:
        entity = BY_NAME[line.get("rows") or line["replace"][0]]
        for values in line["values"]:
            row = dict(zip(line["columns"], values, strict=True))
            if not oracle.sees(phone.user_id, entity, row):
                raise Violation("out of scope", f"{phone.id} was sent {entity.name} {row}")

    def _hear_outcome(self, phone, outcome: dict, oracle: Oracle) -> None:
        before = self.told.setdefault((self.world.firm.epoch, outcome["id"]), outcome)
        if before != outcome:
            raise Violation("one outcome", f"{phone.id} was told {before}, then {outcome}")
        self.outcomes[outcome["id"]] = outcome
        told = set(TYPED.findall(json.dumps(outcome))) - self._typed_by.get(phone.user_id, set())
        if outcome["reason"] == "claimed":
            # What the account was called on the screen where it was claimed, and nothing else.
            told.discard(self.seen[outcome["id"]][0].get("name"))
        if told - set(TYPED.findall(json.dumps(oracle.rows(phone.user_id)) if told else "")):
            raise Violation("outcome tells", f"{phone.id} was told {outcome}")
