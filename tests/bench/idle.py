"""A server that nobody asks for anything: how soon it answers after its start, how much memory it takes."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path
from statistics import median

from server.firm import Firm
from server.pages import Pages
from server.serve import make_sample_folder
from server.sign_in import sessions

from .figures import Figures

ROOT = Path(__file__).parents[2]
STARTS = 5
REST_S = 60
MIB = 2**20


def run() -> None:
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "firm"
        make_sample_folder(folder)
        token, addresses = _visitor(folder)
        figures = Figures("A server at rest, with the sample firm")
        started = []
        for _ in range(STARTS):
            process, port, seconds = _start(folder)
            started.append(seconds)
            _stop(process)
        figures.at_most("from the start to the first page, median", median(started), 3, "s")
        process, port, _ = _start(folder)
        try:
            time.sleep(REST_S)
            figures.at_most("memory after a minute", _memory(process.pid) / MIB, 150, "MB")
            for address in addresses:
                _get(port, address, token)
            figures.at_most(f"memory after {len(addresses)} pages", _memory(process.pid) / MIB, 150, "MB")
            _get(port, "/metrics")
            figures.at_most("memory after the first look at /metrics", _memory(process.pid) / MIB, 150, "MB")
        finally:
            _stop(process)


def _visitor(folder: Path) -> tuple[str, list[str]]:
    """Somebody who sees everything: a session, and an address of every page."""
    firm = Firm.open(folder)
    with firm.look() as db:
        user_id = db.execute("SELECT id FROM user WHERE id = 'user-anna'").fetchone()[0]
        ids = {
            name: (db.execute(f"SELECT max(id) FROM {name} WHERE deleted = 0").fetchone() or ("",))[0] or ""
            for name in ("account", "contact", "activity", "event", "task", "approval", "user", "conflict", "handover")
        }
    device = {"device_id": "d", "device_name": "Bench", "started_by": "password"}
    token = firm.write_now(lambda db: sessions.start(db, user_id=user_id, now_ms=firm.clock(), **device))
    firm.close()
    routes = [route for page in Pages().pages for route in page.routes]
    kinds = {"customers": "account", "contacts": "contact", "activities": "activity", "events": "event"}
    kinds |= {"tasks": "task", "approvals": "approval", "people": "user"}
    kinds |= {"conflicts": "conflict", "handovers": "handover"}
    addresses = []
    for route in routes:
        kind = kinds.get(route.split("/")[1] if "/" in route else "", "account")
        addresses.append(re.sub(r"\{[^}]*\}", ids[kind], route))
    return token, [*addresses, "/admin", "/admin/people", "/admin/status"]


def _start(folder: Path) -> tuple[subprocess.Popen, int, float]:
    """A server that has answered once: its process, its port, how long that took."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    settings = {"ROADBOOK_DATA": str(folder), "ROADBOOK_URL": "http://localhost", "ROADBOOK_PORT": str(port)}
    began = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "server", "serve"],
        cwd=ROOT,
        env=os.environ | settings,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    while process.poll() is None and time.perf_counter() - began < 60:
        try:
            if _get(port, "/sign-in") == 200:
                return process, port, time.perf_counter() - began
        except OSError:
            time.sleep(0.02)
    raise RuntimeError("the server did not start")


def _stop(process: subprocess.Popen) -> None:
    process.send_signal(signal.SIGTERM)
    process.wait(20)


def _get(port: int, address: str, token: str = "") -> int:
    request = urllib.request.Request(f"http://127.0.0.1:{port}{address}", headers={"Cookie": f"roadbook={token}"})
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            answer.read()
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code


def _memory(pid: int) -> int:
    """Its own part: what it shares with others counts by its share (PSS)."""
    text = Path(f"/proc/{pid}/smaps_rollup").read_text("ascii")
    return int(re.search(r"^Pss:\s+(\d+) kB", text, re.M)[1]) * 1024
