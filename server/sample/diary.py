"""Collects what the sample firm's people did, and writes it through the same door as what phones send.

Every entry has an author and a time; they are written in the order of time, so that history reads as if the
firm had worked with Roadbook all along.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

from server.accept import accept_as_server
from sync.entities import BY_NAME

JOB_SIZE = 1_500


@dataclass(frozen=True)
class Entry:
    at_ms: int
    author: str | None
    operation: dict


class Diary:
    def __init__(self, now_ms: int) -> None:
        self.now_ms = now_ms
        self.entries: list[Entry] = []
        self._numbers = itertools.count(1)

    def make(self, entity: str, row: str, at_ms: int, author: str | None, /, **values: object) -> str:
        """A new row; lists are sets, None is left out. Nothing was ever written after now."""
        fields = BY_NAME[entity].by_name
        given = {name: value for name, value in values.items() if value not in (None, [])}
        plain = {name: value for name, value in given.items() if fields[name].type != "set"}
        sets = {name: value for name, value in given.items() if fields[name].type == "set"}
        at_ms = min(at_ms, self.now_ms)
        operation = {"id": f"sample-{next(self._numbers):06}", "entity": entity, "row": row, "base": 0, "at": at_ms}
        operation |= {key: part for key, part in (("set", plain), ("add", sets)) if part}
        self.entries.append(Entry(at_ms, author, operation))
        return row

    def write(self, firm) -> None:
        """In a few write jobs. Raises ValueError where an entry is refused: the sample itself is wrong then."""
        ordered = sorted(self.entries, key=lambda entry: entry.at_ms)
        for start in range(0, len(ordered), JOB_SIZE):
            firm.write_now(lambda db, part=ordered[start : start + JOB_SIZE]: self._write(db, firm, part))
        self.entries.clear()

    def _write(self, db, firm, entries: list[Entry]) -> None:
        for author, run in itertools.groupby(entries, key=lambda entry: entry.author):
            operations = [entry.operation for entry in run]
            for operation, outcome in zip(operations, accept_as_server(db, firm, operations, author), strict=True):
                if outcome["is"] != "applied":
                    raise ValueError(f"{operation}: {outcome}")
