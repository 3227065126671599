"""A day of a series that gets a row of its own, or on which another series takes over: what it is unchanged.

Two people may each make the same row while apart; every device names it alike.  What both wrote into it only because
the series says so is no change of theirs, and never clashes.
"""

from __future__ import annotations

from dataclasses import replace

from sync.merge import Change
from sync.model import Entity
from sync.operations import Operation
from sync.recurrence import occurrence_on
from sync.rules import parse, text_of
from sync.values import members_of

from .database import sqlite3

_TAKEN_OVER = (
    "title", "kind", "is_all_day", "place", "note", "account_id", "contact_ids", "attendee_ids", "remind_minutes",
    "owner_id",
)  # fmt: skip


def planned(db: sqlite3.Connection, op: Operation) -> dict | None:
    """Field -> value, as the series has it on the day that this operation gives a row; None for anything else."""
    series_id, day = (op.set.get(name) for name in ("series_id", "occurrence_on"))
    if op.entity != "event" or op.base or not series_id or not day:
        return None
    found = db.execute("SELECT * FROM event WHERE id = ? AND rrule IS NOT NULL", (series_id,)).fetchone()
    if found is None:
        return None
    # Somebody may have ended it before that day meanwhile.
    endless = text_of(parse(found["rrule"])._replace(until=None, count=0))
    occurrence = occurrence_on(found["start_ms"], found["end_ms"], endless, found["timezone"], found["is_all_day"], day)
    if occurrence is None:
        return None
    own = {"series_id": series_id, "occurrence_on": day, "start_ms": occurrence[0], "end_ms": occurrence[1]}
    # What rule takes over is said by whoever makes the new series.
    rule = {} if op.set.get("rrule") else {"rrule": None, "timezone": found["timezone"]}
    return {name: found[name] for name in _TAKEN_OVER} | own | rule | {"cancelled_at_ms": None}


def only_changes(entity: Entity, op: Operation, plan: dict) -> Operation:
    """The operation without what the series says anyway."""
    changed = {entity.by_name[name].unit for name, value in op.set.items() if plan.get(name) != value}
    add, remove = {}, {}
    for field in entity.fields:
        if field.type == "set":
            was, wanted = members_of(plan.get(field.name)), op.add.get(field.name, [])
            add[field.name] = [member for member in wanted if member not in was]
            remove[field.name] = [member for member in was if member not in wanted]
    return replace(
        op,
        set={name: value for name, value in op.set.items() if entity.by_name[name].unit in changed},
        add={name: members for name, members in add.items() if members},
        remove={name: members for name, members in remove.items() if members},
    )


def since_planned(entity: Entity, row: dict, since: list[Change], plan: dict) -> list[Change]:
    """What others changed of the plan: whoever made the row first changed only what differs from it."""
    found = []
    for change in since:
        names = [field.name for field in entity.unit_fields(change.unit)]
        if change.new or any(name not in plan for name in names):
            found.append(change)
            continue
        as_planned = {name: plan[name] for name in names}
        if any(row.get(name) != value for name, value in as_planned.items()):
            found.append(replace(change, old=as_planned))
    return found
