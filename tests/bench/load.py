"""What one machine of two cores holds: ever more devices at work, until pages are slow or something fails.

Every device has an open event stream and works like a busy salesperson's: in an hour some dozen edits, which its
colleagues' devices are poked for.  A step adds devices, all come to work, and their day is played SPEED times as fast.
The load's own process shares the two cores with the server: what is found is the least that a machine holds.
"""

from __future__ import annotations

import os
import platform
import random
import tempfile
import time
from pathlib import Path

from sync.schema import schema_hash

from .figures import median
from .sync_firm import Served, edit_op, served
from .sync_load import Load
from .sync_many import Visitor, _devices, _make, _p99, _rows, _told
from .sync_peers import Beside

PEOPLE, ACCOUNTS, TEAMS = 1_500, 15_000, 75
STEPS = (250, 500, 1_000, 2_000, 3_000)
# A salesperson types an activity, a task, a change of a customer now and then: so many edits an hour and device.
EDITS_AN_HOUR = 30
EDITS_A_S = EDITS_AN_HOUR / 3_600
# So much faster than the day: enough edits in a short time to judge by.
SPEED = 4
STEP_S = 20
LONGEST_PAGE_S = 1.0
BOUNDED_S = 600


def run() -> None:
    begun = time.monotonic()
    with (
        tempfile.TemporaryDirectory() as folder,
        served(Path(folder) / "firm", lambda firm: _make(firm, PEOPLE, ACCOUNTS, TEAMS)) as server,
        Load(server.port, schema_hash()) as load,
    ):
        table = Beside(f"Devices at work on {machine()}")
        work = Work(server, load, table)
        for devices in STEPS:
            if time.monotonic() - begun > BOUNDED_S or not work.step(devices):
                break
        work.conclude()


def machine() -> str:
    names = [line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
    processor = names[0].partition(": ")[2] if names else platform.processor()
    return f"{os.cpu_count()} cores ({processor}), Python {platform.python_version()}"


class Work:
    """The devices that work by now, step by step."""

    def __init__(self, server: Served, load: Load, table: Beside) -> None:
        self.server, self.load, self.table = server, load, table
        both = zip(_devices(server, "phone"), _devices(server, "computer"), strict=True)
        self.rows, self.chance = _rows(server), random.Random(1)
        with_customers = (pair for pair in both if server.tokens[pair[0]]["user"] in self.rows)
        self.waiting = [name for pair in with_customers for name in pair]
        self.working: list[str] = []
        self.held: tuple[int, float] = (0, 0.0)

    def step(self, devices: int) -> bool:
        """So many devices at work. Whether pages still come in time."""
        new, self.waiting = self.waiting[: devices - len(self.working)], self.waiting[devices - len(self.working) :]
        self.load.do("add", devices=[_told(self.server, name, []) for name in new])
        self.load.do("listen", names=new)
        self.working += new
        self.load.do("settle")
        edits = int(devices * EDITS_A_S * SPEED * STEP_S)
        used, begun = self.server.cpu_s(), time.monotonic()
        with Visitor(self.server) as visitor:
            taken = self._work(edits)
            settled = self.load.do("settle")
        s = time.monotonic() - begun
        page = _p99(visitor.taken)
        used = self.server.cpu_s() - used
        self._tell(devices, edits, s, settled, taken, visitor.taken, page, used)
        is_held = page <= LONGEST_PAGE_S and s <= 2 * STEP_S
        if is_held:
            self.held = (devices, edits / s)
        return is_held

    def _work(self, edits: int) -> list[float]:
        """The edits of a step, spread over it; in rounds, since the load's process is told what to do in lines."""
        rounds, taken = 40, []
        for _ in range(rounds):
            due = time.monotonic() + STEP_S / rounds
            names = self.chance.sample(self.working, max(1, edits // rounds))
            now_ms = time.time_ns() // 1_000_000
            self.load.do("give", pushes={name: [[self._edit(name, now_ms)]] for name in names})
            answer = self.load.do("push", names=names)
            taken.append(answer["s"])
            time.sleep(max(0.0, due - time.monotonic()))
        return taken

    def _edit(self, name: str, now_ms: int) -> dict:
        row, base = self.chance.choice(self.rows[self.server.tokens[name]["user"]])
        return edit_op(row, base, now_ms, note=f"note {self.chance.random()}")

    def _tell(self, devices, edits, s, settled, taken, pages, page, used) -> None:
        self.table.tell(f"{devices:,} devices: edits a second", edits / s, "/s")
        self.table.tell("  an edit, sent until answered, the slowest of a burst", median(taken), "s")
        self.table.tell("  asked after being poked, so far", settled["pulls"], "")
        self.table.at_most(f"  a page meanwhile, p99 of {len(pages)}", page, LONGEST_PAGE_S, "s")
        self.table.tell("    median", median(pages), "s")
        # What is left to judge by where others use the machine too: processor time does not know of them.
        self.table.tell("  processor time, the pages too, for an edit", 1_000 * used / edits, "ms")
        self.table.tell("  of a core the server used", 100 * used / s, "%")
        self.table.tell("  of a core it needs at their real pace", 100 * used / (edits / devices) * EDITS_A_S, "%")
        self.table.tell("  its memory", self.server.memory_mb("VmRSS"), "MB")

    def conclude(self) -> None:
        devices, per_s = self.held
        self.table.tell("held: devices at work", devices, "")
        self.table.tell(f"held: edits a second, {SPEED} times those of their day", per_s, "/s")
