"""Many firms in one process: its memory, its start, and what it does while nobody asks for anything.

Every firm is a small one in use: a few people, a hundred customers.  Then one person of each opens a page and a
device of each syncs, which is what brings connections and their caches to life.
"""

from __future__ import annotations

import http.client
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from server.firm import Firm
from sync.schema import schema_hash

from .figures import median
from .grown_firm import _free_port
from .sync_firm import Served, raise_open_files, workload_firm
from .sync_peers import Beside
from .sync_rounds import sign_in
from .sync_workload import person_id

FIRMS, PEOPLE, ACCOUNTS = 300, 5, 100
IDLE_S = 30
PATIENCE_S = 300


def run() -> None:
    raise_open_files()
    with tempfile.TemporaryDirectory() as folder:
        token = _make(Path(folder))
        process, port, start_s = _serve(Path(folder) / "firms")
        try:
            _measure(Served(port, process.pid, Path(folder), {"person": token}), start_s)
        finally:
            process.terminate()
            process.wait(60)


def _measure(server: Served, start_s: float) -> None:
    table = Beside(f"{FIRMS} firms in one process, {PEOPLE} people and {ACCOUNTS} customers each")
    table.tell("start, until the first page", start_s, "s")
    table.tell("threads", _threads(server), "")
    table.tell("open files", len(os.listdir(f"/proc/{server.pid}/fd")), "")
    _settle(server)
    table.tell("memory, nobody has come yet", server.memory_mb("VmRSS"), "MB")
    pages, syncs = [], []
    for number in range(FIRMS):
        pages.append(_timed(lambda n=number: _page(server, n)))
        syncs.append(_timed(lambda n=number: _sync(server, n)))
    table.tell("first page of a firm, median", median(pages), "ms")
    table.tell("first sync of a firm, median", median(syncs), "ms")
    table.at_most("memory, every firm has been visited", server.memory_mb("VmRSS"), 1_024, "MB")
    _crowd(server)
    table.at_most("memory, six people at once in each", server.memory_mb("VmRSS"), 1_024, "MB")
    table.tell("threads", _threads(server), "")
    table.tell("open files", len(os.listdir(f"/proc/{server.pid}/fd")), "")
    used = server.cpu_s()
    time.sleep(IDLE_S)
    table.tell("of a processor while nobody asks", 100 * (server.cpu_s() - used) / IDLE_S, "%")


def _settle(server: Served) -> None:
    """Until the first round of background work of all firms is done."""
    until = time.monotonic() + PATIENCE_S
    used = server.cpu_s()
    while time.monotonic() < until:
        time.sleep(2)
        before, used = used, server.cpu_s()
        if used - before < 0.1:
            return


def _make(folder: Path) -> str:
    """Folders of firms, all copies of one. Returns a session's token that fits them all."""
    firm = Firm.open(folder / "first")
    workload_firm(firm, ACCOUNTS, PEOPLE, 2)
    token = firm.write_now(lambda db: sign_in(db, person_id(0), "phone", firm.clock()))
    firm.close()
    for number in range(FIRMS):
        shutil.copytree(folder / "first", folder / "firms" / _name(number))
    return token


def _name(number: int) -> str:
    return f"firm-{number:03}"


def _serve(firms: Path) -> tuple[subprocess.Popen, int, float]:
    port = _free_port()
    environ = {name: value for name, value in os.environ.items() if not name.startswith("ROADBOOK_")}
    environ |= {
        "ROADBOOK_FIRMS": str(firms),
        "ROADBOOK_URL": f"http://*.localhost:{port}",
        "ROADBOOK_PORT": str(port),
    }
    begun = time.monotonic()
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    process = subprocess.Popen([sys.executable, "-m", "server", "serve"], env=environ, **quiet)
    while not _answers(port):
        if process.poll() is not None or time.monotonic() - begun > PATIENCE_S:
            raise RuntimeError("the server did not start")
        time.sleep(0.05)
    return process, port, time.monotonic() - begun


def _answers(port: int) -> bool:
    """The socket is bound first, and answers once the pages are read and this firm is open."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)
    try:
        connection.request("GET", "/sign-in", headers={"Host": f"{_name(0)}.localhost:{port}"})
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


def _crowd(server: Served) -> None:
    """Six at once in each firm: as many readers as a pool keeps."""
    for number in range(FIRMS):
        askers = [threading.Thread(target=_page, args=(server, number)) for _ in range(6)]
        for asker in askers:
            asker.start()
        for asker in askers:
            asker.join()


def _page(server: Served, number: int) -> None:
    _ask(server, number, "GET", "/customers")


def _sync(server: Served, number: int) -> None:
    _ask(server, number, "POST", "/sync", json.dumps({"protocol": 1, "schema": schema_hash(), "cursor": ""}))


def _ask(server: Served, number: int, method: str, path: str, body: str | None = None) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    headers = {"Host": f"{_name(number)}.localhost:{server.port}", "Cookie": f"roadbook={server.tokens['person']}"}
    connection.request(method, path, body, headers)
    answer = connection.getresponse()
    answer.read()
    connection.close()
    if answer.status != 200:
        raise RuntimeError(f"{path} of {_name(number)} answered {answer.status}")


def _timed(work) -> float:
    begun = time.perf_counter()
    work()
    return (time.perf_counter() - begun) * 1_000


def _threads(server: Served) -> int:
    return len(os.listdir(f"/proc/{server.pid}/task"))


if __name__ == "__main__":
    run()
