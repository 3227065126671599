"""Upgrading a firm of 1 GB: for how long nobody is served. `make bench upgrade`."""

from __future__ import annotations

import re
import shutil
import tempfile
import time
from pathlib import Path

from server.firm import Firm
from server.sample.bulk import fill
from tests.unit.upgrading import MIGRATION, NEW, OLD, UpgradeMachine

from .figures import Figures
from .restore import ACCOUNTS, ACTIVITIES, GIGABYTE, PEOPLE, grow

LIMIT_S = 60


def run(accounts: int = ACCOUNTS, activities: int = ACTIVITIES, to_bytes: int = GIGABYTE) -> None:
    figures = Figures("Upgrading a firm of 1 GB")
    with tempfile.TemporaryDirectory() as temporary:
        machine = UpgradeMachine(Path(temporary), has_all_pages=True)
        shutil.rmtree(machine.data)
        firm = Firm.open(machine.data)
        fill(firm, accounts=accounts, activities=activities, people=PEOPLE)
        firm.close()
        grow(machine.data / "roadbook.db", to_bytes)
        figures.tell("size of the database", (machine.data / "roadbook.db").stat().st_size / GIGABYTE, "GB")
        machine.lay(NEW, MIGRATION)
        machine.start()
        try:
            _measure(figures, machine)
        finally:
            machine.end()


def _measure(figures: Figures, machine: UpgradeMachine) -> None:
    done, took = _took(lambda: machine.upgrade(machine.roadbook / "releases" / NEW))
    down = re.search(r"nobody was served for ([0-9.]+) s", done.stdout)
    assert down, done.stdout + done.stderr
    figures.at_most(f"from {OLD} to {NEW}, downtime", float(down[1]), LIMIT_S, "s")
    figures.tell("with the rehearsal before it", took, "s")
    done, took = _took(lambda: machine.upgrade("--back", OLD))
    assert done.returncode == 0, done.stderr
    figures.at_most("back again, by hand, downtime", took, LIMIT_S, "s")


def _took(work):
    begun = time.monotonic()
    return work(), time.monotonic() - begun
