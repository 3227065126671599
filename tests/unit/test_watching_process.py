"""A process with several firms: health and measures of all of them, for this machine alone; `roadbook status`."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from pathlib import Path

import pytest

from server import cli
from server.sign_in import sessions
from tests.unit import shell

ROOT = Path(__file__).parents[2]
WAIT_S = 60


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as one:
        return one.getsockname()[1]


@contextmanager
def served(environ: dict[str, str], log: Path):
    """`roadbook serve`, until it answers; then stopped as systemd does it."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("ROADBOOK_")}
    with open(log, "wb") as stderr:
        process = subprocess.Popen(
            [sys.executable, "-m", "server", "serve"],
            cwd=ROOT,
            env=clean | environ,
            stdout=subprocess.DEVNULL,
            stderr=stderr,
        )
    try:
        until(lambda: ask(environ["ROADBOOK_PORT"], "/healthz/serving")[0] == 200)
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(WAIT_S)
        finally:
            process.kill()


def until(holds) -> None:
    end = time.monotonic() + WAIT_S
    while time.monotonic() < end:
        try:
            if holds():
                return
        except OSError:
            pass
        time.sleep(0.1)
    raise AssertionError("it never held")


def ask(port: str, path: str, host: str = "", **headers) -> tuple[int, str]:
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}{path}", headers=headers | ({"Host": host} if host else {})
    )
    try:
        with urllib.request.urlopen(request, timeout=WAIT_S) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


@pytest.fixture(scope="module")
def process(tmp_path_factory):
    """Two firms, and a third that cannot be opened; (port, log)."""
    folder = tmp_path_factory.mktemp("process")
    for name in ("acme", "zhou", "torn"):
        (folder / "firms" / name).mkdir(parents=True)
    (folder / "firms" / "torn" / "roadbook.db").write_bytes(b"torn" * 2_000)
    port = str(free_port())
    environ = {
        "ROADBOOK_FIRMS": str(folder / "firms"),
        "ROADBOOK_URL": f"http://*.localhost:{port}",
        "ROADBOOK_PORT": port,
    }
    with served(environ, folder / "log"):
        until(lambda: len(json.loads(ask(port, "/healthz")[1])["firms"]) == 2)
        until(lambda: "not_open" in json.loads(ask(port, "/healthz")[1]))
        yield port, folder / "log"


def test_the_process_tells_of_all_firms_and_of_those_that_cannot_be_opened(process):
    port, _ = process
    status, text = ask(port, "/healthz")
    told = json.loads(text)

    assert set(told["firms"]) == {f"acme.localhost:{port}", f"zhou.localhost:{port}"}
    assert told["not_open"] == [f"torn.localhost:{port}"]
    assert (status, told["failing"]) == (503, ["firm"])
    # Which is no reason to start the others anew.
    assert ask(port, "/healthz/serving")[0] == 200


def test_each_firm_tells_of_itself_alone(process):
    port, _ = process
    status, text = ask(port, "/healthz", f"acme.localhost:{port}")

    assert (status, set(json.loads(text)["firms"])) == (200, {f"acme.localhost:{port}"})


def test_through_a_proxy_there_is_no_process(process):
    port, _ = process
    for path in ("/healthz", "/metrics", "/elsewhere"):
        status, text = ask(port, path, **{"X-Forwarded-For": "192.0.2.1"})
        assert (status, "acme" in text) == (421, False)


def test_measures_of_the_process_are_those_of_all_firms(process):
    port, _ = process
    _, text = ask(port, "/metrics")

    for name in ("acme", "zhou"):
        assert f'roadbook_health{{firm="{name}.localhost:{port}",part="database"}} 0.0' in text
    assert text.count("# TYPE roadbook_health gauge") == 1
    assert text.count("\nroadbook_process_memory_bytes ") == 1


def test_the_log_of_a_process_is_json_and_says_which_firm(process):
    port, log = process
    ask(port, "/sign-in", f"zhou.localhost:{port}")

    def is_told() -> bool:
        lines = [json.loads(line) for line in log.read_text().splitlines()]
        return any(line.get("route") == "/sign-in" and line["firm"] == f"zhou.localhost:{port}" for line in lines)

    until(is_told)


# --- roadbook status ----------------------------------------------------------------------------------


def status(capsys, *argv) -> tuple[int, str]:
    with pytest.raises(SystemExit) as ended:
        cli.main(["status", *argv])
    return ended.value.code, capsys.readouterr().out


def a_device(firm, now_ms: int) -> None:
    device = {"device_id": "d", "device_name": "Phone", "started_by": "password"}
    firm.write_now(lambda db: sessions.start(db, user_id=shell.id_of(firm, "Anna Keller"), now_ms=now_ms, **device))


def test_status_asks_the_server_that_runs(tmp_path, monkeypatch, capsys):
    firm = shell.open_firm(tmp_path / "firm")
    a_device(firm, time.time_ns() // 1_000_000)
    firm.close()
    port = str(free_port())
    environ = {"ROADBOOK_DATA": str(tmp_path / "firm"), "ROADBOOK_URL": "http://localhost", "ROADBOOK_PORT": port}
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    with served(environ, tmp_path / "log"):
        code, out = status(capsys)
        told = json.loads(status(capsys, "--json")[1])

    assert code == 0
    assert "localhost: works (version " in out
    assert "Devices:        1, 1 of them seen within a day" in out
    assert "Replica:        There is none" in out and "none waits" in out
    assert told["localhost"]["status"] == "ok"


def test_status_says_plainly_that_no_server_runs_and_reads_what_is_there(tmp_path, monkeypatch, capsys):
    firm = shell.open_firm(tmp_path / "firm")
    a_device(firm, firm.clock())
    firm.close()
    monkeypatch.setenv("ROADBOOK_DATA", str(tmp_path / "firm"))
    monkeypatch.setenv("ROADBOOK_URL", "https://crm.example.com")
    monkeypatch.setenv("ROADBOOK_PORT", str(free_port()))
    code, out = status(capsys)

    assert code == 1
    assert "crm.example.com: no server: " in out and "refused" in out
    assert "Devices:" in out and "Daily copy:" in out
