"""A file between its upload and its import: in the firm's folder, under a random name, for an hour at most.

Only the session that brought it can reach it.  It is deleted when it is imported or given up, and by whoever
next uses the import page after its hour; it is never served again as it came.
"""

from __future__ import annotations

import json
import re
import secrets
from dataclasses import asdict, dataclass, field
from pathlib import Path

HOUR_MS = 3_600_000
NAME = re.compile(r"[A-Za-z0-9_-]{22}")


class Gone(Exception):
    """No such file for this session: imported, given up, or its hour is over."""


@dataclass
class Waiting:
    """filename: as it was called.  what, targets, duplicates: what the person chose so far.

    result: counts, once it is imported.
    """

    name: str
    filename: str
    session: str
    since_ms: int
    what: str = ""
    targets: dict[str, str] | None = None
    duplicates: str = "skip"
    result: dict = field(default_factory=dict)


class Shelf:
    """The waiting files of one firm."""

    def __init__(self, firm) -> None:
        self.folder: Path = firm.path / "imports"
        self.clock = firm.clock

    def put(self, data: bytes, filename: str, session: str, what: str) -> Waiting:
        self.sweep()
        self.folder.mkdir(mode=0o700, exist_ok=True)
        one = Waiting(secrets.token_urlsafe(16), filename, session, self.clock(), what)
        self._data(one.name).write_bytes(data)
        self.save(one)
        return one

    def find(self, name: str, session: str) -> Waiting:
        """Raises Gone."""
        if not NAME.fullmatch(name) or not self._notes(name).exists():
            raise Gone
        one = Waiting(**json.loads(self._notes(name).read_text("utf-8")))
        if not secrets.compare_digest(one.session, session) or self._is_over(one):
            raise Gone
        return one

    def save(self, one: Waiting) -> None:
        self._notes(one.name).write_text(json.dumps(asdict(one), ensure_ascii=False), "utf-8")

    def data(self, one: Waiting) -> bytes:
        """Raises Gone once it is imported."""
        try:
            return self._data(one.name).read_bytes()
        except FileNotFoundError:
            raise Gone from None

    def take(self, one: Waiting) -> bool:
        """Claim the file for its import; False if a second tap came first."""
        try:
            self._data(one.name).rename(self._data(one.name).with_suffix(".taken"))
        except FileNotFoundError:
            return False
        return True

    def give_back(self, one: Waiting) -> None:
        self._data(one.name).with_suffix(".taken").rename(self._data(one.name))

    def finish(self, one: Waiting, result: dict, errors: bytes) -> None:
        """Imported: the file goes, its result and its error file stay until the hour is over."""
        one.result = result
        self.save(one)
        self._notes(one.name).with_suffix(".errors").write_bytes(errors)
        self._data(one.name).with_suffix(".taken").unlink(missing_ok=True)

    def errors(self, one: Waiting) -> bytes:
        return self._notes(one.name).with_suffix(".errors").read_bytes()

    def remove(self, name: str) -> None:
        for path in self.folder.glob(f"{name}.*"):
            path.unlink(missing_ok=True)

    def sweep(self) -> None:
        """Delete what has waited for more than an hour."""
        for path in self.folder.glob("*.json"):
            try:
                is_over = self._is_over(Waiting(**json.loads(path.read_text("utf-8"))))
            except (ValueError, TypeError):  # half written when the machine stopped
                is_over = True
            if is_over:
                self.remove(path.stem)

    def _is_over(self, one: Waiting) -> bool:
        return self.clock() - one.since_ms > HOUR_MS

    def _data(self, name: str) -> Path:
        return self.folder / f"{name}.data"

    def _notes(self, name: str) -> Path:
        return self.folder / f"{name}.json"
