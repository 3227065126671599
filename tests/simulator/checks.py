"""The promises, asked of a world at rest: everybody has synced until nothing moved.

Each check raises Violation with its own name, so that a failing list of steps can be made smaller
without turning into another failure.
"""

from __future__ import annotations

import itertools
import json
from collections import defaultdict

from sync.entities import BY_NAME
from sync.model import ASK

from .. import device
from .decisions import decisions_are_safe
from .oracle import Oracle
from .phone import as_held_by_old
from .witness import TYPED, Violation

ROUNDS = 5


def at_rest(world) -> None:
    come_to_rest(world)
    with world.firm.look() as db:
        devices_equal_projection(world, db)
        nothing_typed_is_lost(world, db)
        one_effect_each(db)
        devices_are_heard_in_order(world, db)
        rows_are_what_history_says(db)
        nothing_is_overwritten_unseen(world, db)
        busy_is_what_events_say(db)
        decisions_are_safe(world, db)
    views_show_what_may_be_seen(world)


def come_to_rest(world) -> None:
    for _ in range(ROUNDS):
        for phone in world.phones.values():
            phone.sync()
    for phone in world.phones.values():
        if phone.outbox:
            raise Violation("queue drains", f"{phone.id} still has {phone.outbox}")
        moved = [line for line in phone._exchange([]) if not line.startswith(('{"hello"', '{"end"'))]
        if moved:
            raise Violation("second sync moves nothing", f"{phone.id} was sent {moved}")


# --- each replica is the projection ------------------------------------------------------------------


def devices_equal_projection(world, db) -> None:
    oracle = Oracle(db)
    expected = {user_id: oracle.rows(user_id) for user_id in {phone.user_id for phone in world.phones.values()}}
    for phone in world.phones.values():
        wanted, held = within_window(phone, expected[phone.user_id]), phone.all_rows()
        if phone.is_old:
            wanted = as_held_by_old(wanted)
            known = {name: {i: rows[i] for i in rows if i in wanted.get(name, {})} for name, rows in held.items()}
            held = {name: rows for name, rows in known.items() if rows}
        if json.dumps(held, sort_keys=True) != json.dumps(wanted, sort_keys=True):
            raise Violation("replica is the projection", f"{phone.id}: {difference(held, wanted)}")
        if not phone.is_old and oracle.is_active(phone.user_id) and (mended := phone.prove()):
            raise Violation("the proof agrees", f"{phone.id}: {mended}")


def within_window(phone, rows: dict) -> dict:
    """What of these rows a device holds that was told of its window."""
    window_ms = phone.hello.get("window_ms")
    if window_ms is None:
        return rows
    kept = {
        name: {row_id: row for row_id, row in held.items() if not device._is_older(BY_NAME[name], row, window_ms)}
        for name, held in rows.items()
    }
    return {name: held for name, held in kept.items() if held}


def views_show_what_may_be_seen(world) -> None:
    for user_id in sorted({phone.user_id for phone in world.phones.values()}):
        with world.firm.read(user_id) as db:
            wanted = {name: set(rows) for name, rows in Oracle(db).rows(user_id).items()}
            for name in BY_NAME:
                shown = {row[0] for row in db.execute(f"SELECT id FROM temp.{name}")}
                if shown != wanted.get(name, set()):
                    what = f"{user_id}, {name}: {sorted(shown ^ wanted.get(name, set()))}"
                    raise Violation("views show what may be seen", what)


def difference(held: dict, wanted: dict) -> str:
    """The first rows that differ, in words."""
    found = []
    for entity in BY_NAME:
        mine, theirs = held.get(entity, {}), wanted.get(entity, {})
        for row_id in sorted({*mine, *theirs}):
            if mine.get(row_id) != theirs.get(row_id):
                found.append(f"{entity} {row_id}: has {mine.get(row_id)}, should have {theirs.get(row_id)}")
    return f"{len(found)} rows differ; " + " | ".join(found[:3])


# --- what was typed ----------------------------------------------------------------------------------


def nothing_typed_is_lost(world, db) -> None:
    """Each text is in a row, in history or in a conflict, or waits refused on the device where it was typed."""
    kept = everything_kept(db)
    gone = {
        op["id"] for phone in world.lost_phones for op in [*phone.outbox, *(op for _, op in phone.sent)]
    }
    for phone in [*world.phones.values(), *world.lost_phones]:
        refused = {op["id"] for op in phone.refused}
        for op in phone.typed:
            if op["id"] in gone:
                continue
            outcome = world.witness.outcomes.get(op["id"])
            if outcome is None:
                raise Violation("every operation has an outcome", f"{phone.id}: {op}")
            if outcome["is"] == "rejected":
                if op["id"] not in refused and phone not in world.lost_phones:
                    raise Violation("a refusal is shown", f"{phone.id}: {op} {outcome}")
            elif lost := typed_in(op) - kept:
                raise Violation("nothing typed is lost", f"{phone.id}: {lost} of {op}, {outcome}")


def typed_in(op: dict) -> set[str]:
    """The texts of an operation that are its author's; what it takes out of a set was there before."""
    return set(TYPED.findall(json.dumps({name: part for name, part in op.items() if name != "remove"})))


def everything_kept(db) -> set[str]:
    tables = db.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'").fetchall()
    kept: set[str] = set()
    for (table,) in tables:
        if table != "operation":
            for row in db.execute(f"SELECT * FROM {table}"):
                kept.update(TYPED.findall(" ".join(map(str, row))))
    return kept


def nothing_is_overwritten_unseen(world, db) -> None:
    """Whoever changed a value without having seen it made a conflict that shows it."""
    conflicts = {
        (row["target_id"], row["unit"], side)
        for row in db.execute("SELECT * FROM conflict")
        for side in (row["kept"], row["lost"])
    }
    for (entity, row_id, unit), changes in _changes_of_units(db).items():
        if _is_settled_silently(entity, unit):
            continue
        for before, after in itertools.pairwise(changes):
            if after["device_id"] is None or before["device_id"] == after["device_id"]:
                continue  # the server, as in a handover, and a device of its own edits, have seen all
            if _had_seen(world, after["op_id"], before):
                continue
            if before["new"] == after["new"] or unit in ("+", "-") or _was_deleted_between(db, before, after):
                continue
            if (row_id, unit, before["new"]) not in conflicts:
                seen = world.witness.seen.get(after["op_id"])
                what = f"{entity} {row_id}.{unit}: {dict(before)}, then {dict(after)}, who had seen {seen}"
                raise Violation("nothing is overwritten unseen", what)


def _had_seen(world, op_id: str, change) -> bool:
    """Whether an operation's author had seen a change: its value was on the screen, or a later one of that life."""
    row, life = world.witness.seen.get(op_id, ({}, ""))
    if not row:
        return False
    if all(row.get(name) == value for name, value in json.loads(change["new"]).items()):
        return True
    told = world.witness.told.get((life, change["op_id"]), {"reason": "unheard"})
    if not told["reason"] and told["seq"] <= row["version"]:
        return True  # in that life, under another number
    comes_later = life in world.lives and world.witness.first_life(change["op_id"]) > world.lives.index(life)
    return row["version"] >= change["seq"] and not comes_later


def _changes_of_units(db) -> dict[tuple, list]:
    found = defaultdict(list)
    for row in db.execute("SELECT * FROM history WHERE in_force = 1 ORDER BY seq, rowid"):
        found[row["entity"], row["row_id"], row["unit"]].append(row)
    return found


def _is_settled_silently(entity: str, unit: str) -> bool:
    """Sets join, and some fields let the later edit win."""
    if unit in ("+", "-", "gone"):
        return True
    fields = BY_NAME[entity].unit_fields(unit)
    return fields[0].type == "set" or fields[0].merge != ASK


def _was_deleted_between(db, before, after) -> bool:
    return bool(
        db.execute(
            "SELECT 1 FROM history WHERE row_id = ? AND unit = '-' AND seq BETWEEN ? AND ?",
            (before["row_id"], before["seq"], after["seq"]),
        ).fetchone()
    )


# --- one effect, in order ----------------------------------------------------------------------------


def one_effect_each(db) -> None:
    # What a command leads to may change a step more than once, as where two who are asked next have left.
    twice = db.execute(
        "SELECT op_id, entity, row_id, unit, count(*) AS times FROM history WHERE op_id <> '' AND unit <> '-'"
        " AND NOT (device_id IS NULL AND entity IN ('approval', 'approval_step'))"
        " GROUP BY 1, 2, 3, 4 HAVING count(*) > 1"
    ).fetchone()
    if twice:
        raise Violation("one effect", str(dict(twice)))


def devices_are_heard_in_order(world, db) -> None:
    took_effect = dict(
        tuple(row) for row in db.execute("SELECT op_id, min(seq) FROM history WHERE op_id <> '' GROUP BY op_id")
    )
    waited = {row[0] for row in db.execute("SELECT DISTINCT id FROM operation WHERE outcome LIKE '%waits_for_row%'")}
    for device_id, typed in world.witness.order.items():
        seqs = [took_effect[op_id] for op_id in typed if op_id in took_effect and op_id not in waited]
        if seqs != sorted(seqs):
            raise Violation("per-device order", f"{device_id}: {seqs}")


def rows_are_what_history_says(db) -> None:
    """The last change of each unit is what the row holds: nothing was written past history or lost after it."""
    rows: dict[str, dict] = {}
    for name in BY_NAME:
        rows[name] = {row["id"]: row for row in db.execute(f"SELECT * FROM {name}")}
    changes_of_units = _changes_of_units(db)
    for (entity, row_id, unit), changes in changes_of_units.items():
        row = rows[entity].get(row_id)
        if row is None or unit in ("+", "gone"):
            continue
        made = changes_of_units.get((entity, row_id, "+"))
        if made and changes[-1]["seq"] < made[-1]["seq"]:
            continue  # the server had let go of what it knows how to make, and has made it anew
        for name, value in json.loads(changes[-1]["new"]).items():
            if row[name] != value:
                raise Violation("rows are what history says", f"{entity} {row_id}.{name}: {row[name]}, not {value}")


# --- appointments ------------------------------------------------------------------------------------


def busy_is_what_events_say(db) -> None:
    """Everybody knows when everybody is taken: one row for each person in each appointment that takes place."""
    wanted = {
        (row["id"], person): row
        for row in db.execute("SELECT * FROM event WHERE deleted = 0 AND cancelled_at_ms IS NULL")
        for person in {row["owner_id"], *json.loads(row["attendee_ids"])} - {None}
    }
    held = [dict(row) for row in db.execute("SELECT * FROM busy WHERE deleted = 0")]
    found = {(row["event_id"], row["user_id"]): row for row in held}
    if found.keys() != wanted.keys() or len(held) != len(found):
        raise Violation("no clash is hidden", f"busy differs for {sorted(found.keys() ^ wanted.keys())[:3]}")
    for key, event in wanted.items():
        if not _says(found[key], event):
            raise Violation("no clash is hidden", f"{found[key]} of {dict(event)}")


def _says(busy: dict, event) -> bool:
    """Whole days reach from midnight to midnight, wherever that is."""
    same = busy["start_ms"] == event["start_ms"] and busy["end_ms"] == event["end_ms"]
    around = busy["start_ms"] <= event["start_ms"] and busy["end_ms"] >= event["end_ms"]
    return busy["rrule"] == event["rrule"] and (around if event["is_all_day"] else same)
