"""A protocol client for tests, written from `sync/PROTOCOL.md` alone: one device of one person.

It keeps rows and an outbox, applies the lines of an answer, can be cut after any line, and can prove what it
holds.  The wire is the real one (`exchange` runs the endpoint's own code); only HTTP is left out, to be fast.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import os
from collections.abc import Iterable, Iterator

from server import digest, sync_endpoint, views
from server.pull import StartAgain
from sync.entities import BY_NAME
from sync.ids import uuid7
from sync.schema import schema_hash, wire_columns


class Device:
    def __init__(self, firm, user_id: str, name: str = "phone", clock_ahead_ms: int = 0, chunk: int = 5_000) -> None:
        self.firm, self.user_id, self.id = firm, user_id, f"{name}-{user_id}"
        self.clock_ahead_ms, self.chunk = clock_ahead_ms, chunk
        self.cursor = ""
        self.hello: dict = {}  # what the server said last of itself and of this person
        self.greeted = 0  # how often it did
        self.rows: dict[str, dict[str, dict]] = {}
        self.outbox: list[dict] = []
        self.sent: list[tuple[int, dict]] = []  # accepted (seq, operation), and not yet in the off-site replica
        self.refused: list[dict] = []
        self.outcomes: dict[str, dict] = {}
        self.typed: list[dict] = []  # every operation ever made here
        self.is_emptied = False

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
        try:
            self.take(itertools.islice(self._exchange(self.outbox), cut_after))
        except StartAgain:
            self._start_again(cut_after)

    def _start_again(self, cut_after: int | None) -> None:
        """Fetch every row anew. Nothing is sent with it: it may turn out that what was sent before goes first."""
        self.cursor = ""
        self.rows.clear()
        self.take(itertools.islice(self._exchange([]), cut_after))
        if self.cursor and self.outbox and cut_after is None:
            self.sync()

    def _exchange(self, ops: list[dict]):
        known = self.hello.get("key", "")
        return exchange(self.firm, self.user_id, self.id, self.cursor, ops, self.now(), known, self.chunk)

    def take(self, lines) -> None:
        forgets = []
        for text in lines:
            line = json.loads(text)
            if "hello" in line:
                self._greet(line["hello"])
            elif "outcome" in line:
                self._note(line["outcome"])
            elif "forget" in line:
                forgets.append(line["forget"])
            elif "rows" in line:
                self._forget(forgets)
                self._put(line["rows"], line)
                self.cursor = line["cursor"]
            elif "end" in line:
                self._forget(forgets)
                self._end(**line["end"])

    def _greet(self, hello: dict) -> None:
        if self.hello and hello["epoch"] != self.hello["epoch"]:
            self._send_once_more()
        self.hello = hello
        self.greeted += 1

    def _send_once_more(self) -> None:
        """The server was put back from a copy: what it had accepted and may have lost goes ahead of what is new."""
        lost = list(self.sent)
        for op in self.outbox:
            if op["id"] in self.outcomes:
                lost.append((self.outcomes[op["id"]]["seq"] or 0, op))
        again = {op["id"]: op | {"again": True, "was": seq} for seq, op in lost}
        self.outcomes = {op_id: outcome for op_id, outcome in self.outcomes.items() if op_id not in again}
        self.outbox = [again[op["id"]] for op in self.typed if op["id"] in again] + [
            op for op in self.outbox if op["id"] not in again
        ]
        self.sent = []

    def _note(self, outcome: dict) -> None:
        self.outcomes[outcome["id"]] = outcome
        if outcome["is"] == "rejected":
            self.refused += [op for op in self.outbox if op["id"] == outcome["id"]]
            self.outbox = [op for op in self.outbox if op["id"] != outcome["id"]]

    def _end(self, cursor: str, safe: int | None = None) -> None:
        self.cursor = cursor
        done = [op for op in self.outbox if op["id"] in self.outcomes]
        self.outbox = [op for op in self.outbox if op["id"] not in self.outcomes]
        self.sent += [(self.outcomes[op["id"]]["seq"] or 0, op) for op in done]
        self.sent = [] if safe is None else [(seq, op) for seq, op in self.sent if seq > safe]
        self._drop_old()
        if self.hello.get("farewell") and not self.outbox and not self.sent:
            self.rows.clear()
            self.is_emptied = True

    def _drop_old(self) -> None:
        """What the window has left behind."""
        window_ms = self.hello.get("window_ms")
        if window_ms is None:
            return
        for name, rows in self.rows.items():
            for row_id in [row_id for row_id, row in rows.items() if _is_older(BY_NAME[name], row, window_ms)]:
                del rows[row_id]

    def _put(self, entity: str, line: dict) -> None:
        for values in line["values"]:
            row = dict(zip(line["columns"], values, strict=True))
            self.rows.setdefault(entity, {})[row["id"]] = row

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

    # --- proof

    def prove(self) -> list[tuple[str, str]]:
        """Compare with the server and mend what differs; returns which (entity, group) did. Raises digest.Behind."""
        sums = {name: entity_sum(rows) for name, rows in self.all_rows().items()}
        differs = self._check(sums)[0]["check"]["differs"]
        if not differs:
            return []
        mended = []
        for line in self._check({name: group_sums(self.rows.get(name, {})) for name in differs}):
            if "replace" in line:
                entity, group = line["replace"]
                rows = self.rows.setdefault(entity, {})
                for row_id in [row_id for row_id in rows if row_id[-2:] == group]:
                    del rows[row_id]
                self._put(entity, line)
                mended.append((entity, group))
        return mended

    def _check(self, sums: dict) -> list[dict]:
        asked = {"protocol": 1, "schema": schema_hash(), "cursor": self.cursor, "sums": sums}
        lines = [json.loads(line) for line in digest.check(self.firm, self.user_id, asked)]
        assert lines[-1] == {"end": {}}
        return lines


def group_sums(rows: dict[str, dict]) -> dict[str, str]:
    """The sum of each group of rows of one entity."""
    groups: dict[str, list[str]] = {}
    for row_id in sorted(rows, key=str.encode):
        text = json.dumps(list(rows[row_id].values()), ensure_ascii=False, separators=(",", ":"))
        groups.setdefault(row_id[-2:], []).append(text)
    return {group: _sum(texts) for group, texts in groups.items()}


def entity_sum(rows: dict[str, dict]) -> str:
    sums = group_sums(rows)
    return _sum([f"{group}:{sums[group]}" for group in sorted(sums, key=str.encode)])


def _sum(lines: list[str]) -> str:
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]


def _is_older(entity, row: dict, window_ms: int) -> bool:
    if not entity.ages_by or row[entity.ages_by] is None:
        return False
    is_ageless = entity.ageless_with and row[entity.ageless_with] is not None
    return row[entity.ages_by] < window_ms and not is_ageless


def _names(entity, bucket, row, key) -> bool:
    if bucket.kind == "firm":
        return True
    value = row[bucket.column]
    field = entity.by_name.get(bucket.column)
    return value is not None and key in (json.loads(value) if field and field.type == "set" else [value])


def exchange(firm, user_id, device_id, cursor, ops: list[dict], clock: int, known: str = "", chunk: int = 5_000):
    """What POST /sync does with a well-formed request, without HTTP. Raises StartAgain for 409."""
    asked = sync_endpoint.Asked(cursor, known, chunk, clock, tuple(ops))
    since = sync_endpoint.known_seq(firm, user_id, asked)
    outcomes = firm.write_now(sync_endpoint.judging(firm, user_id, device_id, asked, since)) if ops else []
    return named(sync_endpoint.answer(firm, user_id, asked, outcomes), ops)


def named(lines: Iterable[str], ops: list[dict]) -> Iterator[str]:
    """The lines of an answer with each outcome's operation written into it: they come in the same order."""
    number = 0
    for text in lines:
        line = json.loads(text) if text.startswith('{"outcome"') else {}
        if line:
            whole = {"id": ops[number]["id"], "seq": None, "reason": "", "detail": {}} | line["outcome"]
            text, number = sync_endpoint.as_line({"outcome": whole}), number + 1
        yield text


def projection(firm, user_id: str) -> dict[str, dict[str, dict]]:
    """What this person may see on the server: what every device of theirs must equal, where all of it fits."""
    return _read_all(firm, user_id, "")


def held_projection(firm, user_id: str, window_ms: int | None) -> dict[str, dict[str, dict]]:
    """The part of it that a device holds which was told of this window."""
    return _read_all(firm, user_id, "held_", window_ms)


def _read_all(firm, user_id: str, prefix: str, window_ms: int | None = None) -> dict[str, dict[str, dict]]:
    found = {}
    with firm.read(user_id) as db:
        if window_ms is not None:
            views.look_back_to(db, window_ms)
        for entity in BY_NAME.values():
            columns = ", ".join(wire_columns(entity))
            rows = {row["id"]: dict(row) for row in db.execute(f"SELECT {columns} FROM temp.{prefix}{entity.name}")}
            if rows:
                found[entity.name] = rows
    return found


def new_id() -> str:
    return uuid7(1_790_000_000_000, os.urandom(10))
