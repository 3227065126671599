"""A form post becomes operations.

The convention is in ARCHITECTURE.md, "Forms"; both hosts answer every page's form with this and nothing
else.  Reads no clock and makes no id: they come in with the context.  Whatever was typed is in the result,
so that a refused form can be shown again.  Twin: service_worker/forms.js, with the same cases.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from .form_slots import Slot, read_slots
from .model import Entity
from .slot_reader import SlotReader

_LOCAL_NEXT = re.compile(r"/(?![/\\])[^\\\x00-\x20\x7f]*")


@dataclass(frozen=True)
class Context:
    """Who posts the form, and when.

    entities: entity name -> Entity.  me: the person's id.  today: 'YYYY-MM-DD' in tz, an IANA name.
    new_id: makes a UUIDv7.
    """

    entities: Mapping[str, Entity]
    me: str
    now_ms: int
    today: str
    tz: str
    new_id: Callable[[], str]


@dataclass
class FormResult:
    """What a form asks for.

    ops: operations as PROTOCOL.md has them, one group if there are several (or several groups, where the form says
        `apart`); none where there are errors.
    rows_by_slot: slot -> row id; a slot that was left out and is not there yet has none.
    next: where to go after, on this site; '' where the form does not say or it cannot be said.
    errors: input name -> (code, detail).
    values: input name -> what was typed; several of one name in lines.
    """

    ops: list[dict] = field(default_factory=list)
    rows_by_slot: dict[str, str] = field(default_factory=dict)
    next: str = ""
    errors: dict[str, tuple[str, dict]] = field(default_factory=dict)
    values: dict[str, str] = field(default_factory=dict)


def operations_from_form(items: Iterable[tuple[str, str]], context: Context) -> FormResult:
    """What these inputs ask for.  Raises operations.Malformed where the form itself, not what was typed, is wrong."""
    items = [(name, value) for name, value in items if isinstance(value, str)]
    result = FormResult(values=_values(items))
    slots = read_slots(items, context.entities)
    kept = [slot for slot in slots if not _is_left_out(slot)]
    result.rows_by_slot = _name_rows(slots, kept, context)
    made_by = []
    for slot in kept:
        SlotReader(slot, context, result).read()
        made_by += [slot.name] * (len(result.ops) - len(made_by))
    if not result.ops and not result.errors and slots and not kept:
        _ask_for_something(slots[0], result)
    _finish(result, made_by, context)
    result.next = _next(result)
    return result


def _values(items: list[tuple[str, str]]) -> dict[str, str]:
    values: dict[str, str] = {}
    for name, value in items:
        values[name] = f"{values[name]}\n{value}" if name in values else value
    return values


def _is_left_out(slot: Slot) -> bool:
    """Whether a new slot was not filled in.  (A slot of an existing row is left out when nothing changed.)"""
    if not slot.is_new:
        return False
    if slot.skip_unless and slot.skip_unless not in _filled(slot):
        return True
    return slot.is_deleted or not (_filled(slot) or any(slot.whole))


def _filled(slot: Slot) -> set[str]:
    """The fields in which something was typed; a flag's 0 is what an unticked box posts."""
    flags = {f.name for f in slot.entity.fields if f.type == "flag"}
    return {
        name
        for name, posted in slot.inputs.items()
        if not posted.is_blank and not (name in flags and posted.typed[-1] == "0")
    }


def _name_rows(slots: list[Slot], kept: list[Slot], context: Context) -> dict[str, str]:
    rows = {}
    for slot in slots:
        if slot.row and (slot in kept or not slot.is_new):
            rows[slot.name] = slot.row
        elif slot in kept:
            rows[slot.name] = context.new_id()
    return rows


def _ask_for_something(slot: Slot, result: FormResult) -> None:
    """A form for one new row, posted empty, asks for what the row must have."""
    if slot.skip_unless or slot.is_deleted:
        return
    for f in slot.entity.fields:
        if f.required and f.name in slot.inputs and f.default is None:
            result.errors[slot.inputs[f.name].name] = ("required", {"field": f.name})


def _finish(result: FormResult, made_by: list[str], context: Context) -> None:
    """All or nothing: ids and, for several, a group; or errors and no operations."""
    if result.errors:
        result.ops = []
    for op in result.ops:
        op["id"] = context.new_id()
    bundles: dict[str, list[dict]] = {}
    for op, slot_name in zip(result.ops, made_by, strict=False):
        # Apart: slots whose names begin alike, up to a hyphen, are a group of their own.
        bundles.setdefault(slot_name.partition("-")[0] if "apart" in result.values else "", []).append(op)
    for bundle in bundles.values():
        if len(bundle) > 1:
            group = context.new_id()
            for op in bundle:
                op["group"] = group


def _next(result: FormResult) -> str:
    """The form's next with row ids in it, if that is an address of this site."""
    named = re.sub(
        r"\{([A-Za-z0-9_-]+)\}",
        lambda match: result.rows_by_slot.get(match[1], "\\"),
        result.values.get("next", ""),
    )
    return named if _LOCAL_NEXT.fullmatch(named) else ""
