"""What a server that systemd started tells it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys

import pytest

from server import systemd
from tests.conftest import ROOT

from .. import own_loop


@pytest.fixture
def listener(tmp_path, monkeypatch):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.bind(str(tmp_path / "notify"))
        sock.settimeout(60)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        yield sock


def test_a_server_says_when_it_can_be_asked_and_when_it_stops(listener, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as found:
        port = found.getsockname()[1]
    settings = {"ROADBOOK_DATA": str(tmp_path / "firm"), "ROADBOOK_URL": "http://localhost", "ROADBOOK_PORT": str(port)}
    server = subprocess.Popen([sys.executable, "-m", "server", "serve"], cwd=ROOT, env=os.environ | settings)
    try:
        first = listener.recv(100)
        socket.create_connection(("127.0.0.1", port), timeout=10).close()
        server.send_signal(signal.SIGTERM)
        then = listener.recv(100)
        while then == b"WATCHDOG=1":
            then = listener.recv(100)

        # The first word is that it serves: earlier, whoever waits for it would find the door closed.
        assert (first, then, server.wait(30)) == (b"READY=1", b"STOPPING=1", 0)
    finally:
        server.kill()
        server.wait()


def test_the_event_loop_itself_says_that_it_is_alive(listener):
    own_loop.run(systemd.tell_alive())

    assert listener.recv(100) == b"WATCHDOG=1"


def test_words_stay_unsaid_where_nobody_listens(tmp_path, monkeypatch):
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    systemd.tell(systemd.READY)
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "gone"))
    systemd.tell(systemd.READY)


def test_a_socket_without_a_file_is_told_too(monkeypatch):
    name = f"roadbook-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.bind("\0" + name)
        sock.settimeout(10)
        monkeypatch.setenv("NOTIFY_SOCKET", "@" + name)

        systemd.tell(systemd.READY)

        assert sock.recv(100) == b"READY=1"


def test_it_is_told_more_often_than_the_unit_waits_for():
    unit = (ROOT / "deployment" / "systemd" / "roadbook.service").read_text("utf-8")
    waits = next(int(line.partition("=")[2]) for line in unit.splitlines() if line.startswith("WatchdogSec="))

    assert waits >= 3 * systemd.ALIVE_EVERY_S
