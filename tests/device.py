"""A protocol client for tests, written from `sync/PROTOCOL.md` alone: one device of one person.

It keeps rows and an outbox, applies the lines of an answer, and can be cut after any line.  The wire is
the real one (`exchange` runs the endpoint's own code); only HTTP is left out, to be fast.
"""

from __future__ import annotations

import itertools
import json
import os

from server import record
from server.accept import accept_operations
from server.pull import read_cursor
from server.sync_endpoint import _answer
from sync.entities import BY_NAME
from sync.ids import uuid7


class Device:
    def __init__(self, firm, user_id: str, name: str = "phone", clock_ahead_ms: int = 0) -> None:
        self.firm, self.user_id, self.id = firm, user_id, f"{name}-{user_id}"
        self.clock_ahead_ms = clock_ahead_ms
        self.cursor = ""
        self.rows: dict[str, dict[str, dict]] = {}
        self.outbox: list[dict] = []
        self.refused: list[dict] = []
        self.outcomes: dict[str, dict] = {}
        self.typed: list[dict] = []  # every operation ever made here

    # --- what a person does

    def now(self) -> int:
        return self.firm.clock() + self.clock_ahead_ms

    def add(self, entity: str, row_id: str | None = None, group: str | None = None, **fields) -> str:
        row_id = row_id or new_id()
        self._queue(entity, row_id, 0, group, fields)
        return row_id

    def edit(self, entity: str, row_id: str, group: str | None = None, base: int | None = None, **fields) -> dict:
        seen = self.rows.get(entity, {}).get(row_id, {}).get("version", 0) if base is None else base
        return self._queue(entity, row_id, seen, group, fields)

    def delete(self, entity: str, row_id: str) -> dict:
        return self._queue(entity, row_id, self.rows[entity][row_id]["version"], None, {}, delete=True)

    def _queue(self, entity, row_id, base, group, fields, **more) -> dict:
        sets = {name for name in fields if BY_NAME[entity].by_name[name].type == "set"}
        op = {"id": new_id(), "entity": entity, "row": row_id, "base": base, "at": self.now(), **more}
        plain = {name: value for name, value in fields.items() if name not in sets}
        if plain:
            op["set"] = plain
        for name in sets:
            add, remove = fields[name] if isinstance(fields[name], tuple) else (fields[name], [])
            op.setdefault("add", {})[name] = add
            op.setdefault("remove", {})[name] = remove
        if group:
            op["group"] = group
        self.outbox.append(op)
        self.typed.append(op)
        return op

    # --- what the device does

    def sync(self, cut_after: int | None = None) -> None:
        """One round trip; cut_after: the connection breaks after so many lines (the server saw the request)."""
        lines = exchange(self.firm, self.user_id, self.id, self.cursor, self.outbox, self.now())
        self.take(itertools.islice(lines, cut_after))

    def take(self, lines) -> None:
        forgets = []
        for text in lines:
            line = json.loads(text)
            if "outcome" in line:
                self._note(line["outcome"])
            elif "forget" in line:
                forgets.append(line["forget"])
            elif "rows" in line:
                self._forget(forgets)
                for values in line["values"]:
                    row = dict(zip(line["columns"], values, strict=True))
                    self.rows.setdefault(line["rows"], {})[row["id"]] = row
                self.cursor = line["cursor"]
            elif "end" in line:
                self._forget(forgets)
                self.cursor = line["end"]["cursor"]
                self.outbox = [op for op in self.outbox if op["id"] not in self.outcomes]

    def _note(self, outcome: dict) -> None:
        self.outcomes[outcome["id"]] = outcome
        if outcome["is"] == "rejected":
            self.refused += [op for op in self.outbox if op["id"] == outcome["id"]]
            self.outbox = [op for op in self.outbox if op["id"] != outcome["id"]]

    def _forget(self, forgets: list[dict]) -> None:
        for forget in forgets:
            if "bucket" in forget:
                self._forget_bucket(*forget["bucket"])
            else:
                name, ids = forget["rows"]
                for row_id in ids:
                    self.rows.get(name, {}).pop(row_id, None)
        forgets.clear()

    def _forget_bucket(self, kind: str, key: str) -> None:
        for entity in BY_NAME.values():
            for bucket in entity.buckets:
                if bucket.kind == kind:
                    rows = self.rows.get(entity.name, {})
                    for row_id in [i for i, row in rows.items() if _names(entity, bucket, row, key)]:
                        del rows[row_id]

    def all_rows(self) -> dict[str, dict[str, dict]]:
        return {name: rows for name, rows in self.rows.items() if rows}


def _names(entity, bucket, row, key) -> bool:
    if bucket.kind == "firm":
        return True
    value = row[bucket.column]
    field = entity.by_name.get(bucket.column)
    return value is not None and key in (json.loads(value) if field and field.type == "set" else [value])


def exchange(firm, user_id: str, device_id: str, cursor: str, ops: list[dict], clock: int):
    """What POST /sync does with a well-formed request, without HTTP."""
    with firm.read(user_id) as db:
        known = read_cursor(cursor, firm.epoch, user_id, record.current_seq(db)).since if cursor else None
    outcomes = []
    if ops:
        skew_ms = firm.clock() - clock
        outcomes = firm.write_now(lambda db: accept_operations(db, firm, user_id, device_id, ops, skew_ms, known))
    return _answer(firm, user_id, cursor, outcomes)


def projection(firm, user_id: str) -> dict[str, dict[str, dict]]:
    """What this person may see on the server: what every device of theirs must equal."""
    from sync.schema import wire_columns

    found = {}
    with firm.read(user_id) as db:
        for entity in BY_NAME.values():
            columns = ", ".join(wire_columns(entity))
            rows = {row["id"]: dict(row) for row in db.execute(f"SELECT {columns} FROM temp.{entity.name}")}
            if rows:
                found[entity.name] = rows
    return found


def new_id() -> str:
    return uuid7(1_790_000_000_000, os.urandom(10))
