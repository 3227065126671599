"""How long it takes from install.sh on a fresh machine to the first page, through Caddy, over https."""

from __future__ import annotations

import socket
import ssl
import subprocess
import tempfile
from pathlib import Path
from time import perf_counter

from ..conftest import ROOT
from ..deployment.fresh_machine import fresh_machine, why_not
from .figures import Figures

HOST = "roadbook.test"
INSTALL_S, AGAIN_S = 300, 10


def run() -> None:
    figures = Figures("Installing on a fresh Debian 12, booted with its own systemd")
    if reason := why_not():
        print(f"not measured: {reason}")
        return
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder, fresh_machine(Path(folder)) as machine:
        measured = measure(machine)
    figures.at_most("install.sh to the first page over https", measured["first_page_s"], INSTALL_S, "s")
    figures.tell("… of which install.sh", measured["install_s"], "s")
    figures.at_most("install.sh once more", measured["again_s"], AGAIN_S, "s")
    figures.tell("on the disk", measured["disk_mb"], "MB")


def measure(machine) -> dict[str, float]:
    """Also says whether it came to a page at all. Raises AssertionError with what install.sh said."""
    unpack_release(machine.disk / "srv")
    command = ("sh", "/srv/roadbook/deployment/install.sh")
    begun = perf_counter()
    done = machine.run(*command, "--lan", HOST)
    installed = perf_counter()
    assert done.returncode == 0, done.stdout
    page = first_page(machine.disk / "etc/roadbook/lan/root.crt")
    seen = perf_counter()
    assert page.startswith("HTTP/1.1 200"), page[:200]
    again = machine.run(*command)
    assert "Nothing to change" in again.stdout, again.stdout
    used = subprocess.run(
        ["du", "-sm", machine.disk / "opt/roadbook"], capture_output=True, text=True, check=True
    ).stdout
    return {
        "first_page_s": seen - begun,
        "install_s": installed - begun,
        "again_s": perf_counter() - seen,
        "disk_mb": float(used.split()[0]),
    }  # fmt: skip


def unpack_release(folder: Path) -> None:
    """The archive that `make release` makes, unpacked as the guide says."""
    subprocess.run(
        ["sh", ROOT / "deployment/release.sh", folder / "release"], check=True, capture_output=True, timeout=120
    )
    archive = next((folder / "release").glob("*.tar.gz"))
    subprocess.run(["tar", "-C", folder, "-xzf", archive], check=True, timeout=120)
    next(folder.glob("roadbook-*")).rename(folder / "roadbook")


def first_page(root: Path) -> str:
    """What a browser gets that trusts the new root certificate."""
    with (
        socket.create_connection(("127.0.0.1", 443), timeout=60) as line,
        ssl.create_default_context(cafile=root).wrap_socket(line, server_hostname=HOST) as safe,
    ):
        safe.sendall(f"GET /sign-in HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\n\r\n".encode())
        return b"".join(iter(lambda: safe.recv(65_536), b"")).decode()
