"""Chooses the next step, by a seed and by what the world looks like: the steps are then data.

Weights say how often; steps that the server does not know yet are left out until it does.
"""

from __future__ import annotations

import random
from collections.abc import Iterator

from sync.entities import BY_NAME

from . import asking
from .made_up import MadeUp, writable
from .phone import UNKNOWN_ENTITIES
from .world import NAMES, YEAR_MS, World

WEIGHTS = {
    "add": 14,
    "edit": 36,
    "delete": 4,
    "give": 5,
    "settle": 6,
    "form": 4,
    "nonsense": 2,
    "set_clock": 1,
    "sync": 40,
    "sync_cut": 16,
    "sync_and_die": 8,
    "keep_request": 3,
    "deliver_late": 3,
    "send_again": 4,
    "rebuild": 1,
    "lose_phone": 1,
    "move_person": 4,
    "change_firm": 2,
    "share": 3,
    "crash": 3,
    "restart": 1,
    "days": 2,
    "copy": 2,
    "restore": 1,
    "hand_over": 2,
    "pool_rule": 1,
    "ask_for": 8,
    "command": 24,
    "be_away": 2,
}
PLACES = ("north", "south", "sales")
REST_EVERY = 250


class Scheduler:
    def __init__(self, world: World, seed: int, favourite: str | None = None) -> None:
        """favourite: a device to which every third step happens."""
        self.world = world
        self.favourite = favourite
        self.rng = random.Random(seed)
        self.number = 0

    def next(self) -> dict:
        """A step that makes sense now."""
        self.number += 1
        if self.number % REST_EVERY == 0:
            return {"do": "rest"}
        while True:
            [name] = self.rng.choices(list(WEIGHTS), WEIGHTS.values())
            on = self.rng.choice(list(self.world.phones))
            if self.favourite and self.rng.random() < 1 / 3:
                on = self.favourite
            step = getattr(self, f"_{name}")(on, MadeUp(self.world, self.world.phones[on], self.rng, self.number))
            if step is not None:
                return step

    def _op(self, made_up: MadeUp, entity: str, row: str, parts: dict, suffix: str = "") -> dict:
        given = {name: part for name, part in parts.items() if part}
        return {"id": f"op-{self.number}{suffix}", "entity": entity, "row": row, **given}

    # --- people

    def _add(self, on, made_up, suffix=""):
        entity = self.rng.choice(["account", "contact", "event", "task", "activity", *writable()])
        parts = made_up.new_row(BY_NAME[entity])
        row = f"{entity}-{self.number}{suffix}"
        if entity == "preference":
            row = made_up.phone.user_id
        if entity == "account" and self.rng.random() < 0.15:
            parts["set"]["owner_id"] = self.rng.choice([*NAMES, None])
        if entity == "comment" and not self._on_a_row(parts, made_up):
            return None
        if entity == "attachment":
            parts["set"] |= {"target_entity": "approval", "target_id": parts["set"]["approval_id"]}
        is_new = not made_up.phone.knows(entity, row)
        return {"do": "type_in", "on": on, "ops": [self._op(made_up, entity, row, {**parts, "new": is_new}, suffix)]}

    def _on_a_row(self, parts, made_up) -> bool:
        entity = self.rng.choice(("account", "contact", "activity", "event", "task"))
        target = made_up.any_row(entity)
        account = target if entity == "account" else made_up.seen(entity, target or "").get("account_id")
        parts["set"] |= {"target_entity": entity, "target_id": target, "account_id": account}
        return target is not None

    def _edit(self, on, made_up, suffix=""):
        entity = self.rng.choice(["account", "account", "contact", "event", "task", *writable()])
        row = made_up.any_row(entity)
        if row is None:
            return None
        parts = made_up.change(BY_NAME[entity], made_up.seen(entity, row))
        if not any(parts.values()):
            return None
        return {"do": "type_in", "on": on, "ops": [self._op(made_up, entity, row, parts, suffix)]}

    def _form(self, on, made_up):
        """Several rows at once, all or none."""
        steps = [self._add(on, made_up, "a"), self._edit(on, made_up, "b"), self._edit(on, made_up, "c")]
        ops = [op | {"group": f"group-{self.number}"} for step in steps if step for op in step["ops"]]
        return {"do": "type_in", "on": on, "ops": ops} if ops else None

    def _delete(self, on, made_up):
        entity = self.rng.choice([name for name in writable() if name != "preference"])
        row = made_up.any_row(entity)
        return row and {"do": "type_in", "on": on, "ops": [self._op(made_up, entity, row, {"delete": True})]}

    def _ask_for(self, on, made_up):
        if made_up.phone.is_old:
            return None
        rows = asking.draft(made_up, self.number)
        more = {"new": True, "group": f"group-{self.number}"}
        ops = [
            self._op(made_up, entity, row, parts | more, f"-{n}") for n, (entity, row, parts) in enumerate(rows)
        ]
        return {"do": "type_in", "on": on, "ops": ops}

    def _command(self, on, made_up):
        parts = asking.command(made_up)
        row = f"approval_action-{self.number}"
        return parts and self._typed(on, made_up, "approval_action", row, parts)

    def _be_away(self, on, made_up):
        return self._typed(on, made_up, "substitute", f"substitute-{self.number}", asking.absence(made_up))

    def _typed(self, on, made_up, entity, row, parts):
        if made_up.phone.is_old and entity in UNKNOWN_ENTITIES:
            return None
        return {"do": "type_in", "on": on, "ops": [self._op(made_up, entity, row, parts | {"new": True})]}

    def _give(self, on, made_up):
        """To a colleague, to the shared pool, or out of it."""
        entity = self.rng.choice(("account", "account", "account", "event", "task", "contact"))
        row = made_up.any_row(entity)
        to = self.rng.choice([*NAMES, made_up.phone.user_id, *([None] * 3 if entity == "account" else [])])
        return row and {"do": "type_in", "on": on, "ops": [self._op(made_up, entity, row, {"set": {"owner_id": to}})]}

    def _settle(self, on, made_up):
        waiting = [row for row in made_up.phone.rows.get("conflict", {}).values() if row["settled_at_ms"] is None]
        if not waiting:
            return None
        target = self.rng.choice(sorted(row["target_id"] for row in waiting))
        take = self.rng.choice(("kept", "lost"))
        return {"do": "settle", "on": on, "target": target, "take": take, "op_id": f"op-{self.number}"}

    def _nonsense(self, on, made_up):
        base = {"id": f"op-{self.number}", "entity": "account", "row": f"nonsense-{self.number}", "base": 0}
        broken = self.rng.choice(
            (
                {"entity": "invoice", "set": {"total": made_up.text()}},
                {"set": {"name": made_up.text(), "fax": made_up.text()}},
                {"set": {"name": 7}},
                {"base": -1, "set": {"name": made_up.text()}},
                {"set": {"name": made_up.text(), "owner_since_ms": 1}},
                {"entity": "user", "row": made_up.phone.user_id, "set": {"role_id": "boss"}},
                {"entity": "busy", "set": {"user_id": "boss"}},
                {"x_note": made_up.text(), "set": {"name": made_up.text()}, "more": 1},
            )
        )
        return {"do": "nonsense", "on": on, "op": base | broken}

    def _set_clock(self, on, made_up):
        return {"do": "set_clock", "on": on, "ahead_ms": self.rng.choice((0, 0, 5_000, -3_600_000, YEAR_MS, -YEAR_MS))}

    # --- lines

    def _sync(self, on, made_up):
        return {"do": "sync", "on": on}

    def _sync_cut(self, on, made_up):
        return {"do": "sync", "on": on, "cut": self._cut()}

    def _sync_and_die(self, on, made_up):
        return {"do": "sync", "on": on, "cut": self._cut(), "dies": True}

    def _cut(self) -> dict:
        if self.rng.random() < 0.5:
            return {"lines": self.rng.choice((0, 0, 1, 2, 3, 5, 8))}
        return {"permille": self.rng.randrange(1000)}

    def _keep_request(self, on, made_up):
        return {"do": "keep_request", "on": on}

    def _deliver_late(self, on, made_up):
        return {"do": "deliver_late", "nth": self.rng.randrange(100)} if self.world.late else None

    def _send_again(self, on, made_up):
        picks = [self.rng.randrange(1000) for _ in range(self.rng.randint(1, 8))]
        return {"do": "send_again", "on": on, "picks": picks}

    def _rebuild(self, on, made_up):
        return {"do": "rebuild", "on": on}

    def _lose_phone(self, on, made_up):
        return {"do": "lose_phone", "on": on}

    # --- the office and the server

    def _office(self, entity: str, row: str, **parts) -> dict:
        return {"do": "office", "entity": entity, "row": row, "op_id": f"op-{self.number}", **parts}

    def _move_person(self, on, made_up):
        who = self.rng.choice([name for name in NAMES if name != "boss"])
        change = self.rng.choice(
            (
                {"department_id": self.rng.choice(PLACES)},
                {"role_id": self.rng.choice(("manager", "rep", "rep", "place", "lead"))},
                {"manager_id": self.rng.choice([*NAMES, None])},
                {"is_active": self.rng.choice((0, 1, 1))},
            )
        )
        return self._office("user", who, set=change)

    def _change_firm(self, on, made_up):
        if self.rng.random() < 0.5:
            parent = self.rng.choice((*PLACES, None))
            return self._office("department", self.rng.choice(PLACES[:2]), set={"parent_id": parent})
        scope = self.rng.choice(("own", "reports", "department", "below"))
        return self._office("role", self.rng.choice(("place", "lead", "rep")), set={"data_scope": scope})

    def _share(self, on, made_up):
        account = made_up.any_row("account")
        access = self.rng.choice(("read", "write"))
        shared = {"account_id": account, "user_id": self.rng.choice(NAMES), "access": access}
        return account and self._office("account_member", f"member-{self.number}", set=shared, new=True)

    def _hand_over(self, on, made_up):
        """By whoever may; the firm's boss mostly."""
        on = self.rng.choice((on, "boss/phone"))
        given = {"from_id": self.rng.choice(NAMES), "to_id": self.rng.choice(NAMES)}
        given |= {"keep": self.rng.choice(("none", "read", "write")), "note": made_up.text()}
        parts = {"set": given, "new": True}
        if self.rng.random() < 0.5 and (account := made_up.any_row("account")):
            parts["add"] = {"account_ids": [account]}
        return {"do": "type_in", "on": on, "ops": [self._op(made_up, "handover", f"handover-{self.number}", parts)]}

    def _pool_rule(self, on, made_up):
        rule = {"name": made_up.text(), "days": self.rng.choice((10, 30, 90))}
        return self._office("pool_rule", f"pool_rule-{self.number}", set=rule, new=True)

    def _crash(self, on, made_up):
        return {"do": "crash", "on": on, "when": self.rng.choice(("before", "after"))}

    def _restart(self, on, made_up):
        return {"do": "restart"}

    def _copy(self, on, made_up):
        return {"do": "copy_off_site"}

    def _restore(self, on, made_up):
        return {"do": "restore"}

    def _days(self, on, made_up):
        return {"do": "days", "n": self.rng.choice((1, 1, 3, 10, 40, 190))}


def choose(world: World, seed: int, steps: int) -> Iterator[dict]:
    """So many steps and a rest; each is to be played before the next one is asked for."""
    scheduler = Scheduler(world, seed)
    for _ in range(steps):
        yield scheduler.next()
    yield {"do": "rest"}
