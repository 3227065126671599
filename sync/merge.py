"""An operation meets what happened since: the merge policy, and nothing else.

Pure: the row, the operation and the changes that its author had not seen come in, what to write and
what clashed comes out.  Server order is the truth; device clocks only say which of two clashing edits
was made later, and the caller has clamped them.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace

from .model import ASK, DONE_WINS, ONCE, SERVER, Entity, Field


@dataclass(frozen=True)
class Change:
    """An accepted change of one unit (a field or a field group) that the author had not seen.

    old, new: field -> value. at_ms is the clamped time of the edit.
    """

    unit: str
    old: dict
    new: dict
    user_id: str | None
    device_id: str | None
    at_ms: int
    op_id: str = ""


@dataclass(frozen=True)
class Clash:
    """Two edits of one unit: `kept` is in the row, `lost` waits in a conflict (or, where the policy says
    so, only in history). kept_is_mine: the operation won. theirs: the change it met."""

    unit: str
    kept: dict
    lost: dict
    base: dict
    kept_is_mine: bool
    theirs: Change
    ask: bool


@dataclass
class Merge:
    """patch: field -> value to write; clashes: to record; met: other people's edits lie beside this one."""

    patch: dict = field(default_factory=dict)
    clashes: list[Clash] = field(default_factory=list)
    met: bool = False


class Stale(Exception):
    """The policy lets nobody win here: the edit is refused because the unit has changed meanwhile."""

    def __init__(self, unit: str) -> None:
        super().__init__(unit)
        self.unit = unit


class Fixed(Exception):
    """The field was set when the row was made and does not change."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


def merge(entity: Entity, row: dict, edit, at_ms: int, since: list[Change]) -> Merge:
    """Merge one operation into the row as it is now.

    row: column -> value as it is now.  edit: has `set`, `add`, `remove` as in PROTOCOL.md.
    at_ms: when the edit was made, by a clamped clock.  since: what happened after the version its author
    saw, oldest first, without the author's own device.
    Raises Stale or Fixed where the policy refuses.
    """
    changed = _last_of_each_unit(since)
    merged = Merge(met=bool(since))
    for unit in dict.fromkeys(entity.by_name[name].unit for name in edit.set):
        fields = entity.unit_fields(unit)
        given = {f.name: edit.set[f.name] for f in fields if f.name in edit.set}
        _merge_unit(fields, row, given, at_ms, changed.get(unit), merged)
    for name in dict.fromkeys([*edit.add, *edit.remove]):
        joined = join_set(row.get(name), edit.add.get(name, ()), edit.remove.get(name, ()))
        if joined != row.get(name):
            merged.patch[name] = joined
    return merged


def _last_of_each_unit(since: list[Change]) -> dict[str, Change]:
    """The last change of each unit, with what was there before the first one: what the author had seen."""
    changed: dict[str, Change] = {}
    for change in since:
        first = changed.get(change.unit, change)
        changed[change.unit] = replace(change, old=first.old)
    return changed


def _merge_unit(
    fields: tuple[Field, ...], row: dict, given: dict, at_ms: int, theirs: Change | None, merged: Merge
) -> None:
    policy = fields[0].merge
    now = {f.name: row.get(f.name) for f in fields}
    if policy == ONCE:
        _set_once(now, given, merged)
        return
    if theirs is None:
        merged.patch.update(_differing(now, given))
        return
    # A group is taken whole: what the author left alone is what the author saw, not what is there now.
    mine = {**now, **theirs_base(theirs, now), **given}
    if mine == now:
        return
    if policy == SERVER:
        raise Stale(fields[0].unit)
    mine_wins = at_ms > theirs.at_ms
    if policy == DONE_WINS:
        mine_wins = any(value is not None for value in given.values()) and all(value is None for value in now.values())
    kept, lost = (mine, now) if mine_wins else (now, mine)
    merged.patch.update(_differing(now, kept))
    merged.clashes.append(
        Clash(fields[0].unit, kept, lost, theirs_base(theirs, now), mine_wins, theirs, ask=policy == ASK)
    )


def theirs_base(theirs: Change, now: dict) -> dict:
    """What both had seen: the old side of the change, for the fields of this unit."""
    return {name: theirs.old.get(name, value) for name, value in now.items()}


def _set_once(now: dict, given: dict, merged: Merge) -> None:
    for name, value in given.items():
        if now[name] == value:
            continue
        if now[name] is not None:
            raise Fixed(name)
        merged.patch[name] = value


def _differing(now: dict, wanted: dict) -> dict:
    return {name: value for name, value in wanted.items() if now.get(name) != value}


def join_set(held: str | None, add, remove) -> str:
    """A set field after additions and removals: order kept, each member once, as JSON text."""
    gone = set(remove)
    joined = [member for member in json.loads(held or "[]") if member not in gone]
    joined += [member for member in dict.fromkeys(add) if member not in joined]
    return json.dumps(joined, ensure_ascii=False, separators=(",", ":"))
