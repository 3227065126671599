"""A real phone among simulated ones: the simulator's steps for it are forms in the worker, on a line that breaks.

The others are protocol clients.  At rest the rows on the phone's disk are the server's projection, and nothing that
was typed there is lost.
"""

from __future__ import annotations

import json
import random

from sync.entities import BY_NAME
from tests.browser.line import Line
from tests.browser.phone import PHONE, Phone, served_app
from tests.browser.replica_file import outbox_on_disk, rows_on_disk
from tests.device import held_projection
from tests.simulator.checks import everything_kept
from tests.simulator.scheduler import Scheduler
from tests.simulator.steps import play
from tests.simulator.witness import TYPED
from tests.simulator.world import World

REAL = "rita/phone"
STEPS = 200
SEED = 11
# A form says what was typed; the phone's clock is the browser's, and servers come and go elsewhere.
LEFT_OUT = {"crash", "restart", "restore", "copy_off_site", "days", "rest", "rebuild", "lose_phone", "set_clock"}

POST = """async (fields) => {
  const answer = await fetch("/customers", {method: "POST", redirect: "manual", body: new URLSearchParams(fields)});
  return answer.status;
}"""


class RealPhone:
    """Plays the steps of one device in Chromium: what is typed is posted, its line is cut between syncs."""

    def __init__(self, phone: Phone, rng: random.Random) -> None:
        self.phone, self.rng = phone, rng
        self.typed: set[str] = set()
        self.requests = 0

    def play(self, step: dict) -> None:
        if step["do"] == "type_in":
            self.type_in(step["ops"])
        elif step["do"] == "sync":
            self.sync(step.get("cut"), step.get("dies", False))

    def type_in(self, ops: list[dict]) -> None:
        rows = rows_on_disk(self.phone.page)
        fields = [field for number, op in enumerate(ops) for field in self._slot(number, op, rows)]
        if fields and self.phone.page.evaluate(POST, fields) in (0, 200, 303):
            self.typed |= set(TYPED.findall(json.dumps(fields)))

    def _slot(self, number: int, op: dict, rows: dict) -> list[list[str]]:
        """One operation as a form posts it."""
        slot = f"s{number}"
        row = rows.get(op["entity"], {}).get(op["row"])
        if row is None and not op.get("new"):
            return []
        fields = [[f"row.{slot}", f"{op['entity']}/{op['row']}/{row['version'] if row else 0}"]]
        if op.get("delete"):
            return [*fields, [f"{slot}.deleted", "1"]]
        for name, value in op.get("set", {}).items():
            fields += self._field(slot, name, value, row[name] if row else None)
        for name, members in op.get("add", {}).items():
            held = json.loads(row[name]) if row else []
            fields += self._field(slot, name, "\n".join([*held, *members]), "\n".join(held))
        return fields

    def _field(self, slot: str, name: str, value, was) -> list[list[str]]:
        typed, before = ("" if one is None else str(one) for one in (value, was))
        return [[f"{slot}.{name}", typed], [f"{slot}.{name}.was", before]]

    def sync(self, cut: dict | None, dies: bool) -> None:
        """The line is there for one request; with a cut its answer breaks off, and the worker may be stopped then."""
        faults = self.phone.faults
        asked = len(faults.asked)
        if cut is not None:
            faults.plan = [{"lost": True} if cut.get("lines") == 0 else {"cut": self.rng.randrange(1, 4_000)}]
        self.phone.go_online()
        for _ in range(100):
            if len(faults.asked) > asked:
                break
            self.phone.page.wait_for_timeout(20)
        if dies:
            self.phone.stop_worker()
        elif cut is None:
            self.come_to_rest()
        self.phone.go_offline()
        faults.plan = []

    def come_to_rest(self) -> None:
        for _ in range(300):
            if not [op for op in outbox_on_disk(self.phone.page) if op["state"] != "refused"]:
                return
            self.phone.page.wait_for_timeout(50)
        raise AssertionError(f"the queue of the phone does not drain: {outbox_on_disk(self.phone.page)}")


def test_real_phone_among_simulated_ones_ends_with_what_the_server_says(chromium):
    world = World()
    try:
        with served_app(world.firm) as (faults, url):
            line = Line(url)
            context = chromium.new_context(**PHONE)
            phone = Phone(world.firm, faults, url, context, line)
            phone.sign_in("rita")
            phone.go_offline()
            real = RealPhone(phone, random.Random(SEED))
            go_through(world, real)
            ends_equal(world, real)
            context.close()
    finally:
        world.close()


def go_through(world: World, real: RealPhone) -> None:
    scheduler = Scheduler(world, SEED, REAL)
    simulated = world.phones[REAL]
    for _ in range(STEPS):
        step = scheduler.next()
        while step["do"] in LEFT_OUT or _disables_rita(step):
            step = scheduler.next()
        if step.get("on") == REAL:
            real.play(step)
            simulated.sync()  # only so that the scheduler knows what rita sees
        else:
            play(world, step)


def _disables_rita(step: dict) -> bool:
    return step["do"] == "office" and step["row"] == "rita" and "is_active" in step.get("set", {})


def ends_equal(world: World, real: RealPhone) -> None:
    for _ in range(2):
        for name, phone in world.phones.items():
            if name != REAL:
                phone.sync()
        real.sync(None, dies=False)
    real.phone.go_online()
    window_ms = world.phones[REAL].hello.get("window_ms")
    for _ in range(100):
        held, wanted = rows_on_disk(real.phone.page), held_projection(world.firm, "rita", window_ms)
        refused = {op["row_id"] for op in outbox_on_disk(real.phone.page)}
        if _without(held, refused) == _without(wanted, refused):
            break
        real.phone.page.wait_for_timeout(100)
    assert _without(held, refused) == _without(wanted, refused)
    with world.firm.look() as db:
        kept = everything_kept(db) | set(TYPED.findall(json.dumps(outbox_on_disk(real.phone.page))))
    assert len(real.typed) > 10
    assert real.typed <= kept, f"lost: {sorted(real.typed - kept)}"


def _without(rows: dict, refused: set[str]) -> dict:
    """What was refused stays on the screen of whoever typed it, until they have seen why."""
    kept = {
        name: {row_id: row for row_id, row in rows.get(name, {}).items() if row_id not in refused} for name in BY_NAME
    }
    return {name: held for name, held in kept.items() if held}
