"""One operation: parse what a device sent, say what it does to a row.

The shape is in PROTOCOL.md.  `parse` judges an operation by itself; whether its row exists, may be
written or has changed meanwhile is for the server's `merge` and `accept`.  Twin: service_worker/operations.js.

Codes of Refused, besides those of values.py, with {field} added to their detail: unknown_entity
{entity}; server_only {entity}; unknown_field {entity, field}.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from .ids import is_id
from .model import SERVER_ONLY, STAMPS, Entity
from .values import LARGEST, Refused, Value, check, check_members, column_of, members_of

_KEYS = {"id", "entity", "row", "base", "at", "set", "add", "remove", "delete", "group", "again", "was"}

Row = dict[str, Value]


class Malformed(Exception):
    """Not an operation at all: the sender is at fault, no person can mend it."""

    def __init__(self, reason: str):
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True)
class Operation:
    """A checked operation; values are as columns hold them, members of sets are lists.

    base: version of the row that the person saw; 0 where this device made the row.
    at: the device's clock, UTC milliseconds, not clamped.
    """

    id: str
    entity: str
    row: str
    base: int
    at: int
    set: dict[str, Value] = field(default_factory=dict)
    add: dict[str, list[str]] = field(default_factory=dict)
    remove: dict[str, list[str]] = field(default_factory=dict)
    delete: bool = False
    group: str | None = None


def parse(raw: object, entities: Mapping[str, Entity]) -> Operation:
    """Check one operation as it came over the wire.

    entities: entity name -> Entity.  Keys that begin with 'x_' are ignored.  Whether a new row is complete is
    asked of the row (`missing`), since later operations of the same device may have base 0 too.
    Raises Malformed for the shape and Refused for what a person can mend.
    """
    _check_shape(raw)
    entity = entities.get(raw["entity"])
    if entity is None:
        raise Refused("unknown_entity", {"entity": raw["entity"]})
    if entity.writers == SERVER_ONLY:
        raise Refused("server_only", {"entity": entity.name})
    return Operation(
        raw["id"],
        entity.name,
        raw["row"],
        raw["base"],
        raw["at"],
        {name: _checked_value(entity, name, value) for name, value in (raw.get("set") or {}).items()},
        {name: _checked_members(entity, name, value) for name, value in (raw.get("add") or {}).items()},
        {name: _checked_members(entity, name, value) for name, value in (raw.get("remove") or {}).items()},
        bool(raw.get("delete")),
        raw.get("group"),
    )


def to_wire(op: Operation) -> dict:
    """The operation as PROTOCOL.md has it, without what is empty."""
    wire = {"id": op.id, "entity": op.entity, "row": op.row, "base": op.base, "at": op.at}
    optional = {"set": op.set, "add": op.add, "remove": op.remove, "delete": op.delete, "group": op.group}
    return wire | {name: value for name, value in optional.items() if value}


def apply_patch(entity: Entity, row: Row | None, op: Operation, me: str | None = None) -> Row:
    """The row after an operation that does not delete it; stamps are left as they are.

    row: column -> value, or None for a new row, which begins with the model's defaults for the person me.
    Members that are added go to the end; members that are there already, or not there, change nothing.
    """
    patched = dict(row) if row is not None else new_row(entity, op.row, me, op.at)
    patched |= op.set
    for name in dict.fromkeys((*op.remove, *op.add)):
        gone = set(op.remove.get(name, ()))
        kept = [member for member in members_of(patched.get(name)) if member not in gone]
        patched[name] = column_of(dict.fromkeys(kept + op.add.get(name, [])))
    return patched


def new_row(entity: Entity, row_id: str, me: str | None, now_ms: int) -> Row:
    """A row with the model's defaults, no stamps and version 0."""
    row: Row = {"id": row_id}
    row |= {f.name: None for f in entity.fields}
    row |= {name: None for name, _ in STAMPS}
    return row | {"version": 0} | defaults(entity, me, now_ms)


def defaults(entity: Entity, me: str | None, now_ms: int) -> Row:
    """Field -> value for every field that has a default, as its column holds it."""
    tokens = {"@me": me, "@now": now_ms}
    given = {f.name: f.default for f in entity.fields if f.default is not None}
    return {name: tokens.get(value, value) for name, value in given.items()}


def missing(entity: Entity, row: Row) -> list[str]:
    """The required fields that this row lacks."""
    return [f.name for f in entity.fields if f.required and row.get(f.name) in (None, "", "[]")]


def _check_shape(raw: object) -> None:
    if not isinstance(raw, dict):
        raise Malformed("an operation is a JSON object")
    unknown = [key for key in raw if key not in _KEYS and not key.startswith("x_")]
    if unknown:
        raise Malformed(f"unknown key {unknown[0]}")
    for key in ("id", "row"):
        if not is_id(raw.get(key)):
            raise Malformed(f"{key} is not an id")
    if raw.get("group") is not None and not is_id(raw["group"]):
        raise Malformed("group is not an id")
    if not isinstance(raw.get("entity"), str):
        raise Malformed("entity is not text")
    if not _is_whole(raw.get("base")) or raw["base"] < 0:
        raise Malformed("base is not a version")
    if not _is_whole(raw.get("at")):
        raise Malformed("at is not a time in milliseconds")
    for key in ("set", "add", "remove"):
        if raw.get(key) is not None and not isinstance(raw[key], dict):
            raise Malformed(f"{key} is not an object")
    for key in ("delete", "again"):
        if raw.get(key) is not None and not isinstance(raw[key], bool):
            raise Malformed(f"{key} is not true or false")
    if raw.get("was") is not None and (not _is_whole(raw["was"]) or raw["was"] < 0):
        raise Malformed("was is not a version")
    if raw.get("delete") and (raw.get("set") or raw.get("add") or raw.get("remove")):
        raise Malformed("delete stands alone")


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) <= LARGEST


def _checked_value(entity: Entity, name: str, value: object) -> Value:
    of_row = _field(entity, name)
    if of_row.type == "set":
        raise Malformed(f"{name} is a set: send add and remove")
    try:
        return check(of_row, value)
    except Refused as refused:
        raise Refused(refused.code, {"field": name, **refused.detail}) from refused


def _checked_members(entity: Entity, name: str, value: object) -> list[str]:
    of_row = _field(entity, name)
    if of_row.type != "set":
        raise Malformed(f"{name} is not a set: send set")
    try:
        return check_members(of_row, value)
    except Refused as refused:
        raise Refused(refused.code, {"field": name, **refused.detail}) from refused


def _field(entity: Entity, name: str):
    if name not in entity.by_name:
        raise Refused("unknown_field", {"entity": entity.name, "field": name})
    if entity.by_name[name].by_server:
        raise Refused("server_only", {"entity": entity.name, "field": name})
    return entity.by_name[name]
