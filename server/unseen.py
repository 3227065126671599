"""What happened to a row that the author of an operation had not seen, and when the operation was made.

After a restore, changes come a second time under new numbers: their readers had seen them under the old ones
(`history.old_life_seq`), and what was seen is no clash.  A version of yet another life says nothing of them.
"""

from __future__ import annotations

import json

from sync.merge import Change
from sync.model import Entity
from sync.operations import Operation
from sync.values import EARLIEST_MS

from . import life
from .database import sqlite3


def changes(db: sqlite3.Connection, entity: Entity, row: dict, op: Operation, device_id: str) -> list[Change]:
    """Changes after the version the author saw, oldest first; those of the same device were seen there."""
    if row["version"] <= op.base:
        return []
    rows = db.execute(
        "SELECT unit, old, new, user_id, device_id, at_ms, op_id FROM history WHERE row_id = ? AND seq > ?"
        " AND entity = ? AND in_force = 1 AND device_id IS NOT ?"
        " AND (old_life_seq IS NULL OR old_life_seq > ? OR old_life_seq < ?) ORDER BY seq",
        (op.row, op.base, entity.name, device_id, op.base, op.base - life.MOST_NUMBERS),
    )
    found: list[Change] = []
    for line in rows:
        if line["unit"] == "+":
            found += _as_made(entity, op, line)
        elif not _is_servers(entity, line["unit"]):
            found.append(_change(line, line["unit"], json.loads(line["old"]), json.loads(line["new"])))
    return found


def _is_servers(entity: Entity, unit: str) -> bool:
    """What only the server writes is nobody's edit, and clashes with none."""
    fields = entity.unit_fields(unit)
    return bool(fields) and all(f.by_server for f in fields)


def _as_made(entity: Entity, op: Operation, line: sqlite3.Row) -> list[Change]:
    """A row that somebody else made under the same id: every unit that the operation names was set there."""
    units = dict.fromkeys(entity.by_name[name].unit for name in op.set)
    return [_change(line, unit, {f.name: None for f in entity.unit_fields(unit)}, {}) for unit in units]


def _change(line: sqlite3.Row, unit: str, old: dict, new: dict) -> Change:
    return Change(unit, old, new, line["user_id"], line["device_id"], line["at_ms"], line["op_id"])


def edited_at_ms(db: sqlite3.Connection, op: Operation, at_ms: int, now_ms: int, since: list[Change]) -> int:
    """The edit's time, clamped: one that pages can show, not in the future, not before the version its author saw."""
    at_ms = max(EARLIEST_MS, min(at_ms, now_ms))
    if not since or not op.base:
        return at_ms
    seen = db.execute("SELECT max(at_ms) FROM history WHERE row_id = ? AND seq <= ?", (op.row, op.base)).fetchone()[0]
    return max(at_ms, seen or 0)
