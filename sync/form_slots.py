"""Reads the names and values of a form post into slots, one for each row in the form.

Only the names are understood here; what the values mean is for `forms`.  Twin: service_worker/form_slots.js.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from .ids import is_id
from .model import Entity
from .operations import Malformed
from .tidy import trimmed

_SLOT_NAME = re.compile("[A-Za-z0-9_-]+")
_HEADER = re.compile("([a-z_]+)/([^/]*)/([0-9]{0,15})")
# A rule is typed in parts: how often it comes back, on which weekdays, how it ends, and when.
_RULE_PARTS = {"day", "ends", "until", "count"}
_SUFFIXES = {"", "was", "date", "time", "date.was", "time.was"} | _RULE_PARTS

Texts = list[str]


@dataclass(frozen=True)
class Input:
    """What was posted for one field of one slot.

    name: the input beside which an error belongs.
    typed: the texts posted under the field's name; None where only `.was` came (an unticked box).
    was: what the form showed when it was made; None where the form does not say.
    is_blank: nothing was typed; a time without a day counts as nothing, since forms suggest times.
    """

    name: str
    typed: Texts | None
    was: Texts | None
    is_blank: bool


@dataclass
class Slot:
    """One row in a form.

    row: the row's id, '' for a new row that the form leaves to us to name.
    version: as the person saw it; None where the form says that the row is new.
    inputs: field name -> Input, in the form's order.
    whole: the texts of `slot.*`.
    """

    name: str
    entity: Entity
    row: str
    version: int | None
    inputs: dict[str, Input] = field(default_factory=dict)
    whole: Texts = field(default_factory=list)
    is_deleted: bool = False
    skip_unless: str = ""

    @property
    def is_new(self) -> bool:
        return not self.row or self.version is None


def read_slots(items: Iterable[tuple[str, str]], entities: Mapping[str, Entity]) -> list[Slot]:
    """The slots of a form, in the order of their `row.` inputs.  Raises Malformed for a wrong `row.` input."""
    posted: dict[str, Texts] = {}
    for name, value in items:
        posted.setdefault(name, []).append(value)
    return [
        _slot(name[4:], values[-1], _under(name[4:], posted), entities)
        for name, values in posted.items()
        if name.startswith("row.")
    ]


def _under(slot_name: str, posted: dict[str, Texts]) -> dict[str, Texts]:
    """What was posted for a slot, without the slot's name."""
    prefix = f"{slot_name}."
    return {name[len(prefix) :]: values for name, values in posted.items() if name.startswith(prefix)}


def _slot(name: str, header: str, posted: dict[str, Texts], entities: Mapping[str, Entity]) -> Slot:
    match = _HEADER.fullmatch(header)
    if not _SLOT_NAME.fullmatch(name) or not match or not (match[2] == "" or is_id(match[2])):
        raise Malformed(f"row.{name}: expected entity/row id/version")
    if match[1] not in entities:
        raise Malformed(f"row.{name}: there is no entity {match[1]}")
    slot = Slot(name, entities[match[1]], match[2], int(match[3]) if match[3] else None)
    slot.whole = posted.pop("*", [])
    slot.is_deleted = trimmed(posted.pop("deleted", [""])[-1]) not in ("", "0")
    slot.skip_unless = trimmed(posted.pop("skip_unless", [""])[-1])
    slot.inputs = {
        field: _input(f"{name}.{field}", parts, _is_answers(slot.entity, field))
        for field, parts in _by_field(posted, slot.entity).items()
    }
    return slot


def _is_answers(entity: Entity, field_name: str) -> bool:
    return field_name in entity.by_name and entity.by_name[field_name].type == "answers"


def _by_field(posted: dict[str, Texts], entity: Entity) -> dict[str, dict[str, Texts]]:
    """Field name -> suffix -> texts; a name with an unknown suffix stays whole, and is an unknown field.

    Of answers the suffix is the key.
    """
    by_field: dict[str, dict[str, Texts]] = {}
    for rest, texts in posted.items():
        field_name, _, suffix = rest.partition(".")
        if suffix not in _SUFFIXES and not _is_answers(entity, field_name):
            field_name, suffix = rest, ""
        by_field.setdefault(field_name, {})[suffix] = texts
    return by_field


def _input(name: str, parts: dict[str, Texts], is_answers: bool = False) -> Input:
    if is_answers:
        return _answers(name, parts)
    if "date" in parts or "time" in parts:
        is_blank = not _last(parts.get("date"))
        was = _joined(parts, ".was") if "date.was" in parts or "time.was" in parts else parts.get("was")
        return Input(f"{name}.date", _joined(parts, ""), was, is_blank)
    if _RULE_PARTS & parts.keys():
        rule = _rule(parts)
        return Input(name, [rule], parts.get("was"), not rule)
    typed = parts.get("")
    return Input(name, typed, parts.get("was"), not any(map(trimmed, typed or [])))


def _answers(name: str, parts: dict[str, Texts]) -> Input:
    """What was typed under each key, over what was there; a JSON text of the whole may be posted instead."""
    keys = [key for key in parts if key not in ("", "was")]
    if not keys:
        typed = parts.get("")
        return Input(name, typed, parts.get("was"), not any(map(trimmed, typed or [])))
    answered = {key: " ".join(filter(None, map(trimmed, parts[key]))) for key in keys}
    whole = _object(_last(parts.get("was"))) | answered
    return Input(name, [json.dumps(whole)], parts.get("was"), not any(answered.values()))


def _object(text: str) -> dict:
    try:
        found = json.loads(text) if text else {}
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _joined(parts: dict[str, Texts], suffix: str) -> Texts:
    """A day and a time as one text; a day alone begins at midnight."""
    day, clock = _last(parts.get(f"date{suffix}")), _last(parts.get(f"time{suffix}"))
    return [f"{day}T{clock or '00:00'}" if day or clock else ""]


def _rule(parts: dict[str, Texts]) -> str:
    """A recurrence rule from its parts; '' where it does not come back."""
    rule = _last(parts.get(""))
    weekdays = [day for day in map(trimmed, parts.get("day", [])) if day]
    if not rule:
        return ""
    if weekdays and "WEEKLY" in rule and "BYDAY" not in rule:
        rule += f";BYDAY={','.join(weekdays)}"
    ends = _last(parts.get("ends"))
    if ends == "until":
        rule += f";UNTIL={_last(parts.get('until')).replace('-', '')}"
    elif ends == "count":
        rule += f";COUNT={_last(parts.get('count'))}"
    return rule


def _last(texts: Texts | None) -> str:
    return trimmed(texts[-1]) if texts else ""
