"""A fresh Debian in a folder, booted with its own systemd: as near to a new virtual machine as one machine alone comes.

It shares the network with whoever runs it, so the ports that an installation takes (80, 443, 8000) must be free.
Needs root, debootstrap and systemd-nspawn.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

PORTS = (80, 443, 8000)
# What a machine of a provider has from the beginning.
FROM_THE_BEGINNING = "systemd,systemd-sysv,dbus,iproute2,ca-certificates"
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
BOOT_S = 120


def why_not() -> str:
    """Why there can be none here; '' where there can."""
    if os.geteuid():
        return "only root can boot a machine"
    missing = [name for name in ("debootstrap", "systemd-nspawn", "nsenter") if not shutil.which(name)]
    if missing:
        return f"{', '.join(missing)}: not installed (apt-get install debootstrap systemd-container)"
    for port in PORTS:
        try:
            socket.create_server(("", port)).close()
        except OSError:
            return f"port {port} is taken"
    return ""


class Machine:
    """disk: its root folder."""

    def __init__(self, disk: Path, leader: int) -> None:
        self.disk, self._leader = disk, leader

    def run(self, *command: str, timeout: float = 600) -> subprocess.CompletedProcess:
        """As root in it; both streams in stdout. The way to its registries is that of whoever runs this."""
        ways = {name: value for name, value in os.environ.items() if name.lower().endswith("_proxy")}
        ways |= {"PIP_CERT": "/srv/certificates"} if (self.disk / "srv/certificates").exists() else {}
        known = [f"{name}={value}" for name, value in ways.items()]
        return subprocess.run(
            ["nsenter", "-t", str(self._leader), "-a", "env", "-i", f"PATH={PATH}", *known, *command],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            timeout=timeout, check=False,
        )  # fmt: skip


@contextmanager
def fresh_machine(folder: Path, suite: str = "bookworm") -> Iterator[Machine]:
    disk = folder / "disk"
    made = subprocess.run(
        ["debootstrap", "--variant=minbase", f"--include={FROM_THE_BEGINNING}", suite, disk],
        capture_output=True, text=True, timeout=900, check=False,
    )  # fmt: skip
    assert made.returncode == 0, made.stdout[-2_000:]
    shutil.copy("/etc/resolv.conf", disk / "etc/resolv.conf")
    # Behind a proxy that speaks for the registries with a certificate of its own.
    if certificates := os.environ.get("PIP_CERT"):
        shutil.copy(certificates, disk / "srv/certificates")
    quietly = ["-q", "--register=no", "--keep-unit", "--resolv-conf=off", "--link-journal=no"]
    with open(folder / "console", "wb") as console:
        booting = subprocess.Popen(
            ["systemd-nspawn", *quietly, "-D", disk, "--boot"],
            stdin=subprocess.DEVNULL, stdout=console, stderr=subprocess.STDOUT,
        )  # fmt: skip
    leader = 0
    try:
        leader = _leader_of(booting)
        machine = Machine(disk, leader)
        _until_it_runs(machine)
        yield machine
    finally:
        if leader:
            with suppress(ProcessLookupError, subprocess.TimeoutExpired):
                # systemd's own way to be told to halt, in a container.
                os.kill(leader, signal.SIGRTMIN + 4)
                booting.wait(60)
        booting.terminate()
        try:
            booting.wait(30)
        except subprocess.TimeoutExpired:
            booting.kill()
            booting.wait()


def _leader_of(booting: subprocess.Popen) -> int:
    end = time.monotonic() + BOOT_S
    while time.monotonic() < end and booting.poll() is None:
        children = Path(f"/proc/{booting.pid}/task/{booting.pid}/children").read_text().split()
        for child in children:
            with suppress(OSError):
                if "systemd" in Path(f"/proc/{child}/comm").read_text():
                    return int(child)
        time.sleep(0.1)
    raise AssertionError("the machine does not boot")


def _until_it_runs(machine: Machine) -> None:
    end = time.monotonic() + BOOT_S
    state = ""
    while time.monotonic() < end:
        state = machine.run("systemctl", "is-system-running", timeout=30).stdout.strip()
        if state in ("running", "degraded"):
            return
        time.sleep(0.2)
    raise AssertionError(f"the machine does not come up: {state}")
