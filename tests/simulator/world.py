"""A firm with its server, its people's phones, its off-site copy and its clock: all that steps act on.

The server's code is the real one, the phones are the protocol client of `tests/device.py`.  Nothing here
draws a random number: the same steps give the same world.
"""

from __future__ import annotations

import functools
import json
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from server import record
from server.database import sqlite3
from server.firm import Firm

from .. import small_firm
from .phone import Phone
from .witness import Witness

YEAR_MS = 365 * 86_400_000
RESTORE_MS = 60_000

ROLES = {"place": ("department", 0), "lead": ("reports", 0)}
PEOPLE = {
    "nina": ("manager", "south", None),
    "sue": ("rep", "south", "lea"),
    "pia": ("place", "north", None),
    "lea": ("lead", "south", None),
    "tom": ("rep", "north", "lea"),
}
NAMES = (*small_firm.PEOPLE, *PEOPLE)
# What may be asked for: the kind and the steps of each definition.
DEFINITIONS = {
    "leave": ("general", [{"key": "boss", "who": {"kind": "manager"}}]),
    "claim": (
        "expense_claim",
        [
            {"key": "pick", "who": {"kind": "chosen"}},
            {"key": "three", "who": {"kind": "person", "ids": ["mona", "ron", "lea"]}, "mode": "all"},
            {
                "key": "top",
                "who": {"kind": "role", "id": "boss"},
                "when": [{"field": "amount", "op": ">=", "value": 2_000}],
            },
        ],
    ),
    "trip": (
        "expense_request",
        [
            {"key": "anybody", "who": {"kind": "person", "ids": ["sam", "mona", "boss"]}, "mode": "any"},
            {"key": "both", "who": {"kind": "person", "ids": ["pia", "lea"]}, "mode": "order", "days": 2},
        ],
    ),
}
CASHIER = "boss"
# Each person has a phone and a tablet; the tablet's clock is a year off, this way or that.
DEVICES = {
    **{f"{name}/phone": 0 for name in NAMES},
    **{f"{name}/tablet": YEAR_MS * (-1) ** number for number, name in enumerate(NAMES)},
}
# Devices that were made two releases ago, and know less.
OLD_DEVICES = ("rita/old", "sam/old")


class World:
    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(dir=_fast_disk()))
        self.clock = small_firm.Clock()
        self._lives = 0
        self.lives: list[str] = []  # epochs, oldest first
        self.firm = self._open_copy_of(_made_firm())
        self.copy, self.safe = self.folder / "copy", 0
        self.phones: dict[str, Phone] = {}
        self.witness = Witness(self)
        self.lost_phones: list[Phone] = []
        self.late: list[tuple] = []
        self.copy_off_site()
        self._connect()
        for name, ahead_ms in DEVICES.items():
            self.give_phone(name, ahead_ms)
        for name in OLD_DEVICES:
            self.give_phone(name)

    def give_phone(self, name: str, ahead_ms: int = 0) -> None:
        """A new device; the one of this name that was there is lost, with all that it had not sent."""
        if name in self.phones:
            self.lost_phones.append(self.phones[name])
        user_id, kind = name.split("/")
        label = f"{kind}{len(self.lost_phones) or ''}"
        self.phones[name] = Phone(self, user_id, label, ahead_ms, is_old=kind == "old")

    # --- the server's machine

    def restart(self) -> None:
        folder = self.firm.path
        self.firm.close()
        self._start(folder)

    def crash(self) -> None:
        """The power goes: what is in the files is all there is."""
        left = self._new_folder()
        _copy_files(self.firm.path, left)
        self.firm.close()
        self._start(left)

    def copy_off_site(self) -> None:
        """The off-site replica comes up to now: devices may let go of what they sent."""
        self.copy.mkdir(exist_ok=True)
        with self.firm.look() as db:
            self.safe = record.current_seq(db)
            target = sqlite3.connect(self.copy / "roadbook.db")
            db.backup(target)
            target.close()

    def restore(self) -> None:
        """The machine is lost; a new one begins with what is off-site, which takes somebody a while."""
        self.firm.close()
        self.clock.ms += RESTORE_MS
        folder = self._new_folder()
        _copy_files(self.copy, folder)
        self._start(folder)

    def safe_seq(self, seq: int) -> int:
        """The world is the firm's off-site replica, too; see server/backup/offsite.py."""
        return min(seq, self.safe)

    async def settle(self, most_s: float) -> bool:
        """Copies are taken by steps of the world, never while somebody waits for one."""
        return False

    def _open_copy_of(self, source: Path) -> Firm:
        folder = self._new_folder()
        _copy_files(source, folder)
        return Firm.open(folder, self.clock)

    def _start(self, folder: Path) -> None:
        self.firm = Firm.open(folder, self.clock)
        self._connect()

    def _new_folder(self) -> Path:
        self._lives += 1
        folder = self.folder / f"life-{self._lives}"
        folder.mkdir()
        return folder

    def _connect(self) -> None:
        self.firm.offsite = self
        if self.firm.epoch not in self.lives:
            self.lives.append(self.firm.epoch)
        for phone in self.phones.values():
            phone.firm = self.firm

    def close(self) -> None:
        self.firm.close()
        shutil.rmtree(self.folder, ignore_errors=True)


def _fast_disk() -> str | None:
    """Thousands of durable commits are made: where there is a disk in memory, there."""
    return "/dev/shm" if Path("/dev/shm").is_dir() else None


def _copy_files(source: Path, target: Path) -> None:
    for file in source.iterdir():
        if file.is_file() and not file.name.endswith("-shm"):
            shutil.copyfile(file, target / file.name)


@functools.cache
def _made_firm() -> Path:
    """The firm at its beginning, made once a process."""
    folder = Path(tempfile.mkdtemp(dir=_fast_disk(), prefix="firm-"))
    firm = small_firm.make_firm(folder)
    op = small_firm.op
    ops = [op("role", name, name=name, data_scope=scope, is_admin=admin) for name, (scope, admin) in ROLES.items()]
    for name, (role, place, manager) in sorted(PEOPLE.items(), key=lambda person: person[1][2] or ""):
        ops.append(op("user", name, name=name.title(), role_id=role, department_id=place, manager_id=manager))
    ops += [op("expense_category", "taxi", name="Taxi"), op("role", CASHIER, 1, is_cashier=1)]
    small_firm.as_server(firm, *ops, *_definitions())
    firm.close()
    return folder


def _definitions() -> Iterator[dict]:
    for name, (kind, steps) in DEFINITIONS.items():
        yield small_firm.op("approval_definition", name, name=name.title(), kind=kind, current=1)
        documents = {
            "form": [{"key": "why", "label": "Why", "type": "text"}],
            "starters": {},
            "steps": [{"name": step["key"].title(), **step} for step in steps],
            "cc": {"manager": True},
        }
        fields = {key: json.dumps(value) for key, value in documents.items()}
        known = {"definition_id": name, "number": 1, "fallback_id": "boss"}
        version = small_firm.op("definition_version", f"{name}-1", **known, **fields)
        asks = ["amount", "account", "cc", "receipts", *(["lines"] if kind == "expense_claim" else [])]
        yield version | {"add": {"asks": asks}}
