"""One row of the firm that an import makes or adds to, on its way to an operation."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

from sync.entities import BY_NAME

from .duplicates import Found, phone_key


@dataclass
class Draft:
    """values: field -> checked value; sets as lists.

    base: the version that is added to; 0 for a new row.  empty_fields: of a row that is there, those without
    a value.  number: the row of the file that makes it.
    """

    entity: str
    id: str
    values: dict = field(default_factory=dict)
    base: int = 0
    empty_fields: frozenset[str] = frozenset()
    number: int = 0

    @classmethod
    def of(cls, found: Found) -> Draft:
        """A draft that adds to a row of the firm."""
        row = found.row or {}
        empty = frozenset(f.name for f in BY_NAME[found.entity].fields if row.get(f.name) in (None, "", "[]"))
        return cls(found.entity, found.id, {}, row.get("version", 0), empty, found.number)

    @property
    def is_worth_sending(self) -> bool:
        return bool(self.values)

    def operation(self, now_ms: int, op_id: str) -> dict:
        fields = BY_NAME[self.entity].by_name
        plain = {name: value for name, value in self.values.items() if fields[name].type != "set" and value is not None}
        sets = {name: value for name, value in self.values.items() if fields[name].type == "set"}
        op = {"id": op_id, "entity": self.entity, "row": self.id, "base": self.base, "at": now_ms}
        return op | ({"set": plain} if plain else {}) | ({"add": sets} if sets else {})


def merge_into(draft: Draft, values: dict, row: dict) -> tuple[dict, list[str]]:
    """(what of values fits into empty fields, names of fields that hold something else already).

    row: the columns of the row that is there; {} for one that this file makes.  Sets only grow.
    """
    more, left_over = {}, []
    for name, value in values.items():
        if name == "name" or value is None:
            continue
        held = draft.values.get(name, row.get(name))
        if isinstance(value, list):
            members = json.loads(held) if isinstance(held, str) else held or []
            added = [one for one in value if _key(name, one) not in {_key(name, other) for other in members}]
            if added:
                more[name] = [*draft.values.get(name, []), *added]
        elif held in (None, ""):
            more[name] = value
        elif held != value and name not in ("owner_id", "account_id"):
            left_over.append(name)
    return more, left_over


def _key(name: str, member: str) -> str:
    return phone_key(member) if name == "phones" else member.casefold()
