"""What each step does to the world. A step is data: {"do": name, …}; one that makes no sense now does nothing.

So any part of a list of steps is a list of steps, which is what makes a failing one small.
"""

from __future__ import annotations

import json
from collections.abc import Callable

from server import background, collect, holding, pool
from server.accept import accept_as_server, accept_operations
from server.approvals import overdue, substitutes
from server.pull import StartAgain

from .. import device
from . import checks
from .world import World

DAY_MS = 86_400_000


def play(world: World, step: dict) -> None:
    DO[step["do"]](world, **{name: value for name, value in step.items() if name != "do"})


# --- people at work ----------------------------------------------------------------------------------


def type_in(world: World, on: str, ops: list[dict]) -> None:
    """One form: operations on this device. An edit of a row that is not there cannot be typed."""
    phone = world.phones[on]
    for op in ops:
        op = dict(op)
        entity, row, op_id = op.pop("entity"), op.pop("row"), op.pop("id")
        if op.get("new") or phone.knows(entity, row):
            phone.type_in(entity, row, op_id, **op)


def settle(world: World, on: str, target: str, take: str, op_id: str) -> None:
    """Answer a conflict as the page does: take a side's values, say that it is settled."""
    phone = world.phones[on]
    found = [
        row
        for row in phone.rows.get("conflict", {}).values()
        if row["target_id"] == target and row["settled_at_ms"] is None
    ]
    if not found:
        return
    conflict = min(found, key=lambda row: row["version"])
    values = json.loads(conflict[take] or "null") or {}
    sets = {name for name in values if str(values[name]).startswith("[")}
    plain = {name: value for name, value in values.items() if name not in sets and name != "deleted"}
    if plain and phone.knows(conflict["target_entity"], target):
        phone.type_in(conflict["target_entity"], target, op_id + "a", set=plain, group=op_id)
    settled = {"settled_at_ms": phone.now(), "settled_by": phone.user_id}
    phone.type_in("conflict", conflict["id"], op_id + "b", set=settled, group=op_id)


def nonsense(world: World, on: str, op: dict) -> None:
    """What a broken or a much older app queues; it is refused, and blocks nothing."""
    phone = world.phones[on]
    op = {**op, "at": phone.now()}
    phone.outbox.append(op)
    phone.typed.append(op)
    world.witness.note_typed(phone, op)


def set_clock(world: World, on: str, ahead_ms: int) -> None:
    world.phones[on].clock_ahead_ms = ahead_ms


# --- phones and their lines --------------------------------------------------------------------------


def sync(world: World, on: str, cut: dict | None = None, dies: bool = False) -> None:
    world.phones[on].sync(cut, dies)


def keep_request(world: World, on: str) -> None:
    """Something on the way keeps a copy of the request, and never lets it through today."""
    phone = world.phones[on]
    if phone.cursor:  # without one, a device sends no operations
        world.late.append((phone.id, phone.user_id, phone.cursor, [dict(op) for op in phone.outbox], phone.now()))


def deliver_late(world: World, nth: int) -> None:
    """The copy arrives; nobody waits for the answer any more."""
    if world.late:
        device_id, user_id, cursor, ops, clock = world.late.pop(nth % len(world.late))
        phone = next(phone for phone in [*world.phones.values(), *world.lost_phones] if phone.id == device_id)
        _send_old(world, phone, user_id, cursor, ops, clock)


def send_again(world: World, on: str, picks: list[int]) -> None:
    """Operations that were sent long ago, in another order and another batch."""
    phone = world.phones[on]
    old = [op for op in phone.typed if (world.firm.epoch, op["id"]) in world.witness.told]
    if old:
        ops = [old[pick % len(old)] for pick in picks]
        _send_old(world, phone, phone.user_id, phone.cursor, ops, phone.now())


def _send_old(world: World, phone, user_id: str, cursor: str, ops: list[dict], clock: int) -> None:
    try:
        lines = device.exchange(world.firm, user_id, phone.id, cursor, ops, clock)
    except StartAgain:
        return
    for _ in world.witness.watch(phone, lines):
        pass


def rebuild(world: World, on: str) -> None:
    """The rows on the device are damaged or of another release: it fetches them anew, the outbox stays."""
    world.phones[on].start_again()


def lose_phone(world: World, on: str) -> None:
    world.give_phone(on, world.phones[on].clock_ahead_ms)


# --- the office and the server -----------------------------------------------------------------------


def office(world: World, entity: str, row: str, op_id: str, **parts) -> None:
    """A change by administration, import or background work."""
    with world.firm.look() as db:
        found = db.execute(f"SELECT version FROM {entity} WHERE id = ? AND deleted = 0", (row,)).fetchone()
    if found is None and not parts.pop("new", False):
        return
    op = {"id": op_id, "entity": entity, "row": row, "base": found[0] if found else 0, "at": 0, **parts}
    world.firm.write_now(lambda db: accept_as_server(db, world.firm, [op]))


def restart(world: World) -> None:
    world.restart()


def copy_off_site(world: World) -> None:
    world.copy_off_site()


def restore(world: World) -> None:
    world.restore()


def crash(world: World, on: str, when: str) -> None:
    """The power goes before or after the commit of what this device has sent; it hears nothing."""
    phone = world.phones[on]
    if when == "after":
        phone.sync(cut={"lines": 0})
    elif phone.outbox:
        _fail_before_commit(world, phone)
    world.crash()


class PowerCut(Exception):
    pass


def _fail_before_commit(world: World, phone) -> None:
    def job(db) -> None:
        accept_operations(db, world.firm, phone.user_id, phone.id, phone.outbox)
        raise PowerCut

    try:
        world.firm.write_now(job)
    except PowerCut:
        world.firm.touched.clear()


def days(world: World, n: int) -> None:
    """Time passes; in the last night the server does what it does by itself."""
    world.clock.ms += n * DAY_MS
    firm = world.firm
    firm.write_now(lambda db: background.end_memberships(db, firm))
    firm.write_now(lambda db: pool.return_daily(db, firm))
    firm.write_now(lambda db: substitutes.keep_up(db, firm))
    firm.write_now(lambda db: overdue.late(db, firm))
    firm.remember_life()
    while firm.write_now(lambda db: collect.collect(db, firm)):
        pass
    holding.decide_for_all(firm)


def rest(world: World) -> None:
    """Everybody has signal and time; then every promise is checked."""
    checks.at_rest(world)


DO: dict[str, Callable] = {
    step.__name__: step
    for step in (
        type_in, settle, nonsense, set_clock,
        sync, keep_request, deliver_late, send_again, rebuild, lose_phone,
        office, restart, crash, copy_off_site, restore, days, rest,
    )
}  # fmt: skip
