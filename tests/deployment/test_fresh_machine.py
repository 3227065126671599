"""A fresh machine, booted with its own systemd, on which an administrator does what the guide says."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest

from ..bench.install import measure
from .fresh_machine import Machine, fresh_machine, why_not

PATIENCE_S = 120
INSTALL = ("sh", "/srv/roadbook/deployment/install.sh")


@pytest.mark.soak
@pytest.mark.timeout(1_800)
@pytest.mark.parametrize("suite", ["bookworm", "trixie"])
def test_one_script_makes_a_machine_that_serves_keeps_changes_elsewhere_and_comes_back(tmp_path, suite):
    if reason := why_not():
        pytest.skip(reason)
    if suite != "bookworm" and not Path("/sys/fs/cgroup/cgroup.controllers").exists():
        pytest.skip("this kernel offers the older control groups, with which newer systems do not boot")
    with fresh_machine(tmp_path, suite) as machine:
        assert measure(machine)["first_page_s"] <= 300
        added = machine.run(*INSTALL, "--replica", "file:///mnt/backup/roadbook")
        assert added.returncode == 0, added.stdout

        # Held as tightly as the units say, they still do their work.
        until(machine, lambda: active(machine, "roadbook") and active(machine, "roadbook-replica"))
        until(machine, lambda: any((machine.disk / "mnt/backup/roadbook/database").rglob("*.ltx")))
        for unit in ("roadbook", "roadbook-replica"):
            judged = machine.run("systemd-analyze", "security", "--no-pager", unit).stdout
            assert float(re.search(r"exposure level for \S+: ([\d.]+)", judged)[1]) <= 1.5

        # Whoever is killed comes back.
        before = main_process(machine)
        machine.run("systemctl", "kill", "-s", "KILL", "roadbook")
        until(machine, lambda: active(machine, "roadbook") and main_process(machine) != before)
        assert "Make the first administrator" in machine.run("roadbook", "admin").stdout
        assert machine.run("stat", "-c", "%a %U", "/var/lib/roadbook/roadbook.db").stdout == "600 roadbook\n"


def active(machine: Machine, unit: str) -> bool:
    return machine.run("systemctl", "is-active", unit).stdout.strip() == "active"


def main_process(machine: Machine) -> str:
    return machine.run("systemctl", "show", "-p", "MainPID", "--value", "roadbook").stdout.strip()


def until(machine: Machine, holds) -> None:
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        if holds():
            return
        time.sleep(0.5)
    raise AssertionError(machine.run("journalctl", "-u", "roadbook*", "-n", "40", "--no-pager").stdout)
