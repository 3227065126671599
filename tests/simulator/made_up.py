"""What people type: a value for any field of the model, and a text that is found nowhere else.

Draws from the scheduler's random numbers; the values then stand in the steps.
"""

from __future__ import annotations

import datetime
import hashlib
import json
import random

from sync.entities import BY_NAME
from sync.model import Entity, Field

from .world import NAMES

HOUR_MS, DAY_MS = 3_600_000, 86_400_000
RULES = ("FREQ=DAILY;COUNT=5", "FREQ=WEEKLY;BYDAY=TU", "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,FR", "FREQ=MONTHLY;BYDAY=-1FR")
ZONES = ("Asia/Shanghai", "Europe/Berlin", "America/New_York")
# What rows point to besides: the scheduler says which row that is.
FIXED = {"target_entity", "target_id", "series_id", "occurrence_on"}


class MadeUp:
    def __init__(self, world, phone, rng: random.Random, number: int) -> None:
        self.world, self.phone, self.rng = world, phone, rng
        self._unique = number * 100

    def new_row(self, entity: Entity) -> dict[str, dict]:
        """The parts of an operation that makes a row: set and add."""
        names = [f.name for f in entity.fields if f.required or self.rng.random() < 0.4]
        if entity.name == "event":
            return self._with_times(self.parts(entity, names))
        return self.parts(entity, names)

    def change(self, entity: Entity, row: dict) -> dict[str, dict]:
        """The parts of an edit of one to three fields; row: as the person sees it."""
        fields = [f.name for f in entity.fields if f.name != "owner_id"]
        names = self.rng.sample(fields, k=min(len(fields), self.rng.randint(1, 3)))
        if entity.name == "event" and {"start_ms", "end_ms"} & {*names}:
            return self._with_times(self.parts(entity, names))
        parts = self.parts(entity, names)
        for name in list(parts["add"]):
            held = json.loads(row.get(name) or "[]")
            if held and self.rng.random() < 0.5:
                parts["remove"][name] = [self.rng.choice(held)]
        return parts

    def parts(self, entity: Entity, names: list[str]) -> dict[str, dict]:
        parts: dict[str, dict] = {"set": {}, "add": {}, "remove": {}}
        for name in names:
            f = entity.by_name[name]
            if f.by_server or name in FIXED or (name == "owner_id"):
                continue
            if f.type == "set":
                parts["add"][name] = [member for member in [self._member(f)] if member]
            else:
                parts["set"][name] = self.value(f)
        return parts

    def text(self) -> str:
        self._unique += 1
        return f"typed-{self._unique:08d}"

    def value(self, f: Field):
        if not f.required and self.rng.random() < 0.1:
            return 0 if f.type == "flag" else None
        return getattr(self, f"_{f.type}")(f)

    # --- one of each type

    def _text(self, f: Field) -> str:
        if f.name == "timezone":
            return self.rng.choice(ZONES)
        if f.of == "clock":
            return f"{self.rng.randrange(24):02d}:{self.rng.choice((0, 30)):02d}"
        if f.of == "sha256":
            return hashlib.sha256(self.text().encode()).hexdigest()
        if f.name == "currency":
            return self.rng.choice(("CNY", "CNY", "USD"))
        return self.rng.choice(RULES) if f.name == "rrule" else self.text()

    def _prose(self, f: Field) -> str:
        return self.text()

    def _enum(self, f: Field) -> str:
        return self.rng.choice(f.choices)

    def _date(self, f: Field) -> str:
        day = datetime.datetime.fromtimestamp(self._instant(f) / 1000, datetime.UTC)
        return day.date().isoformat()

    def _instant(self, f: Field) -> int:
        ahead = self.rng.choice((-400, -100, -20, -1, 0, 1, 20))
        return self.world.clock.ms // HOUR_MS * HOUR_MS + ahead * DAY_MS + self.rng.randrange(24) * HOUR_MS

    def _flag(self, f: Field) -> int:
        return self.rng.randint(0, 1)

    def _count(self, f: Field) -> int:
        if f.name == "window_days":
            return self.rng.choice((0, 30, 90, 365))
        return self.rng.randint(f.least, min(f.most, 10_000))

    def _money(self, f: Field) -> int:
        return self.rng.choice((100, 5_000, 50_000, 1_000_000))

    def _answers(self, f: Field) -> dict[str, str]:
        return {} if f.of == "money" else {"why": self.text()}

    def _ref(self, f: Field) -> str | None:
        if f.ref == "user":
            return self.rng.choice(NAMES)
        return self.any_row(f.ref)

    def _document(self, f: Field) -> None:
        return None

    _json = _document

    def _member(self, f: Field) -> str | None:
        if f.of == "phone":
            self._unique += 1
            return f"139{self._unique:08d}"
        if f.of == "email":
            return f"{self.text()}@example.com"
        return self._ref(f) if f.of == "ref" else self.text()

    def _with_times(self, parts: dict[str, dict]) -> dict[str, dict]:
        """Appointments lie close together, so that people are in two places at once."""
        start = self.world.clock.ms // HOUR_MS * HOUR_MS + self.rng.randrange(-24, 72) * HOUR_MS
        parts["set"] |= {"start_ms": start, "end_ms": start + self.rng.randint(1, 3) * HOUR_MS}
        return parts

    # --- rows to choose from

    def any_row(self, entity: str) -> str | None:
        """A row on this phone, rather one that was changed lately: that is where people meet."""
        held = self.phone.rows.get(entity, {})
        made = [op["row"] for op in self.phone.outbox if op["entity"] == entity and op["base"] == 0]
        lately = sorted(held, key=lambda row_id: (held[row_id]["version"], row_id))[-5:] + made[-2:]
        everything = sorted({*held, *made})
        if not everything:
            return None
        return self.rng.choice(lately if self.rng.random() < 0.7 else everything)

    def seen(self, entity: str, row_id: str) -> dict:
        return self.phone.rows.get(entity, {}).get(row_id, {})


def writable() -> list[str]:
    """The entities that devices make rows of."""
    return [name for name, entity in BY_NAME.items() if entity.writers != "server_only" and name != "conflict"]
