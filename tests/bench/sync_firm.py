"""A firm with the workload in it, served by a process of its own as an administrator would, and people signed in."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from server.accept import accept_as_server
from server.firm import Firm
from sync.ids import uuid7

from .grown_firm import _free_port, _wait_for
from .sync_workload import PEOPLE, TEAMS, customers, person_id

DIRECTOR = "u-director"
OPEN_FILES = 8_192


@dataclass
class Served:
    """The server's process. tokens: a session cookie's value by name of the device that holds it."""

    port: int
    pid: int
    folder: Path
    tokens: dict[str, str]

    @property
    def url(self) -> str:
        return f"http://localhost:{self.port}"

    def cpu_s(self) -> float:
        """Processor time that the process has used: what is left to judge by where others use the machine too."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def memory_mb(self, which: str = "VmHWM") -> float:
        """The most memory that the process has had (VmHWM), or has (VmRSS)."""
        for line in Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith(which):
                return int(line.split()[1]) / 1024
        raise RuntimeError(f"no {which} of process {self.pid}")


@contextmanager
def served(folder: Path, make: Callable[[Firm], dict[str, str]]) -> Iterator[Served]:
    """make: fills the new firm; returns tokens, as in Served."""
    firm = Firm.open(folder)
    tokens = make(firm)
    firm.close()
    port = _free_port()
    settings = {
        "ROADBOOK_DATA": str(folder), "ROADBOOK_URL": f"http://localhost:{port}", "ROADBOOK_PORT": str(port)
    }
    raise_open_files()
    # Its log, a line a request, is not what is measured.
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    server = subprocess.Popen([sys.executable, "-m", "server", "serve"], env=os.environ | settings, **quiet)
    try:
        _wait_for(f"http://localhost:{port}", server)
        yield Served(port, server.pid, folder, tokens)
    finally:
        server.terminate()
        server.wait(20)


def raise_open_files() -> None:
    """Thousands of connections are thousands of open files. Children inherit it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < OPEN_FILES:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(OPEN_FILES, hard), hard))


def workload_firm(firm: Firm, count: int, people: int = PEOPLE, teams: int = TEAMS) -> None:
    """A director who sees everything, people in teams who see their own, and the customers."""
    now_ms = firm.clock()
    make = Making(now_ms)
    make.row("department", "d-firm", name="Firm")
    for scope in ("everything", "own"):
        make.row("role", f"r-{scope}", name=scope, data_scope=scope)
    make.row("user", DIRECTOR, name="Director", role_id="r-everything", department_id="d-firm")
    for number in range(teams):
        make.row("department", f"t{number}", name=f"Team {number}", parent_id="d-firm")
    for number in range(people):
        team = f"t{number % teams}"
        make.row("user", person_id(number), name=f"Person {number}", role_id="r-own", department_id=team)
    make.accept(firm)
    for row, fields in customers(count, people):
        make.row("account", row, **fields)
        if len(make.ops) == 2_000:
            make.accept(firm)
    make.accept(firm)
    firm.write_now(lambda db: db.execute("ANALYZE"))


class Making:
    """Rows on their way through accept, in batches."""

    def __init__(self, now_ms: int) -> None:
        self.now_ms = now_ms
        self.ops: list[dict] = []

    def row(self, entity: str, row: str, **fields) -> None:
        op = {"id": op_id(self.now_ms), "entity": entity, "row": row, "base": 0, "at": self.now_ms}
        op["set"] = {name: value for name, value in fields.items() if not isinstance(value, list)}
        if added := {name: value for name, value in fields.items() if isinstance(value, list) and value}:
            op["add"] = added
        self.ops.append(op)

    def accept(self, firm: Firm) -> None:
        ops, self.ops = self.ops, []
        outcomes = firm.write_now(lambda db: accept_as_server(db, firm, ops))
        refused = [outcome for outcome in outcomes if outcome["is"] != "applied"]
        if refused:
            raise RuntimeError(f"the workload was refused: {refused[0]}")


def op_id(now_ms: int) -> str:
    return uuid7(now_ms, os.urandom(10))


def edit_op(row: str, base: int, now_ms: int, **fields) -> dict:
    return {"id": op_id(now_ms), "entity": "account", "row": row, "base": base, "at": now_ms, "set": fields}
