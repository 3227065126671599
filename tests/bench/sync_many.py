"""Many devices at once: operations a second, and a thousand that come back together while two thousand listen."""

from __future__ import annotations

import http.client
import tempfile
import threading
import time
from pathlib import Path

from server.database import sqlite3
from server.pull import Cursor, stamp
from server.record import current_seq
from sync.schema import schema_hash

from .figures import median
from .sync_firm import Served, edit_op, served, workload_firm
from .sync_load import Load
from .sync_peers import Beside
from .sync_rounds import sign_in
from .sync_workload import person_id

PUSHERS, OPS_IN_A_PUSH, PUSHED_ACCOUNTS = 24, 100, 9_600
CROWD_PEOPLE, CROWD_ACCOUNTS, CROWD_EDITS = 1_000, 10_000, 20


def operations() -> None:
    """Both devices of each salesperson edit all of the person's customers: the second meets the first's changes."""
    with (
        tempfile.TemporaryDirectory() as folder,
        served(Path(folder) / "firm", lambda firm: _make(firm, PUSHERS, PUSHED_ACCOUNTS, 12)) as server,
        Load(server.port, schema_hash()) as load,
    ):
        table = Beside(f"Operations of {PUSHERS} salespeople, {OPS_IN_A_PUSH} a request, durable")
        now_ms, rows = time.time_ns() // 1_000_000, _rows(server)
        for device, field in (("phone", "note"), ("computer", "address")):
            for name, told in _devices(server, device).items():
                ops = [edit_op(row, base, now_ms, **{field: f"{device} {row}"}) for row, base in rows[told["user"]]]
                pushes = [ops[at : at + OPS_IN_A_PUSH] for at in range(0, len(ops), OPS_IN_A_PUSH)]
                load.do("add", devices=[_told(server, name, pushes)])
            used = server.cpu_s()
            answer = load.do("push", names=list(_devices(server, device)))
            wanted = "applied" if device == "phone" else "merged"
            if answer["verdicts"] != {wanted: PUSHED_ACCOUNTS}:
                raise RuntimeError(f"not all were {wanted}: {answer['verdicts']}")
            name = f"{wanted} operations a second"
            table.at_least(name, PUSHED_ACCOUNTS / answer["s"], 5_000, "/s")
            used = (server.cpu_s() - used) / PUSHED_ACCOUNTS
            table.tell("  processor time of the server for one", used * 1e6, "µs")
        table.tell("the server's memory, most so far", server.memory_mb(), "MB")


def crowd() -> None:
    with (
        tempfile.TemporaryDirectory() as folder,
        served(Path(folder) / "firm", lambda firm: _make(firm, CROWD_PEOPLE, CROWD_ACCOUNTS, 50)) as server,
        Load(server.port, schema_hash()) as load,
    ):
        table = Beside(f"{2 * CROWD_PEOPLE:,} devices listen, {CROWD_PEOPLE:,} of them come back at once")
        phones, computers = list(_devices(server, "phone")), list(_devices(server, "computer"))
        edits = _crowd_edits(server)
        for name in computers:
            load.do("add", devices=[_told(server, name, [])])
        for name in phones:
            load.do("add", devices=[_told(server, name, [edits[server.tokens[name]["user"]]])])
        table.tell("the server's memory before", server.memory_mb("VmRSS"), "MB")
        table.tell("all streams open", load.do("listen", names=phones + computers)["s"], "s")
        table.tell("the server's memory with all of them", server.memory_mb("VmRSS"), "MB")
        load.do("drop", names=phones)
        used = server.cpu_s()
        with Visitor(server) as visitor:
            back = load.do("reconnect", names=phones)
            settled = load.do("settle")
        table.at_most("all back, edits taken, streams open", back["s"], 30, "s")
        table.tell("  median device", back["median_s"], "s")
        table.tell(f"  the others have asked too ({settled['pulls']} pulls), after", back["s"] + settled["s"], "s")
        table.tell("  processor time of the server", server.cpu_s() - used, "s")
        table.at_most("edits lost", _crowd_lost(server, edits), 0, "")
        table.at_most(f"a page meanwhile, p99 of {len(visitor.taken)}", _p99(visitor.taken), 1, "s")
        table.tell("  median", median(visitor.taken), "s")
        table.at_most("the server's memory, most", server.memory_mb(), 500, "MB")


def _make(firm, people: int, accounts: int, teams: int) -> dict[str, dict]:
    workload_firm(firm, accounts, people, teams)
    with firm.look() as db:
        seq = current_seq(db)

    def all_in(db) -> dict[str, dict]:
        return {
            f"{device}-{user}": {
                "user": user,
                "token": sign_in(db, user, f"{device}-{user}", firm.clock()),
                "cursor": Cursor(seq, seq).text(stamp(firm.epoch, user)),
            }
            for user in map(person_id, range(people))
            for device in ("phone", "computer")
        }

    return firm.write_now(all_in)


def _devices(server: Served, device: str) -> dict[str, dict]:
    return {name: told for name, told in server.tokens.items() if name.startswith(device)}


def _told(server: Served, name: str, pushes: list[list[dict]]) -> dict:
    told = server.tokens[name]
    return {"name": name, "token": told["token"], "cursor": told["cursor"], "pushes": pushes}


def _file(server: Served) -> sqlite3.Connection:
    return sqlite3.connect(f"file:{server.folder / 'roadbook.db'}?mode=ro", uri=True)


def _rows(server: Served) -> dict[str, list[tuple[str, int]]]:
    """Each person's customers: (id, version)."""
    db = _file(server)
    rows: dict[str, list[tuple[str, int]]] = {}
    for owner, row, version in db.execute("SELECT owner_id, id, version FROM account ORDER BY id"):
        rows.setdefault(owner, []).append((row, version))
    db.close()
    return rows


def _crowd_edits(server: Served) -> dict[str, list[dict]]:
    """Twenty edits a person, each of a field that nobody else edits."""
    now_ms, rows = time.time_ns() // 1_000_000, _rows(server)
    fields = ("note", "address", "short_name", "industry", "website")
    edits: dict[str, list[dict]] = {}
    for told in _devices(server, "phone").values():
        ops = edits[told["user"]] = []
        targets = [(row, base, field) for field in fields for row, base in rows.get(told["user"], [])]
        for row, base, field in targets[:CROWD_EDITS]:
            ops.append(edit_op(row, base, now_ms, **{field: f"{field} of {row}, from the road"}))
    return edits


def _crowd_lost(server: Served, edits: dict[str, list[dict]]) -> int:
    db = _file(server)
    lost = 0
    for op in (op for ops in edits.values() for op in ops):
        [(field, value)] = op["set"].items()
        lost += db.execute(f"SELECT {field} FROM account WHERE id = ?", (op["row"],)).fetchone()[0] != value
    db.close()
    return lost


class Visitor:
    """Somebody without a worker, who opens one page after the other meanwhile."""

    def __init__(self, server: Served) -> None:
        self.server = server
        self.taken: list[float] = []
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._visit)

    def __enter__(self) -> Visitor:
        self._thread.start()
        return self

    def __exit__(self, *_) -> None:
        self._is_over.set()
        self._thread.join()

    def _visit(self) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=60)
        token = self.server.tokens[f"phone-{person_id(0)}"]["token"]
        while not self._is_over.is_set():
            begun = time.perf_counter()
            connection.request("GET", "/customers", headers={"Cookie": f"roadbook={token}", "Accept": "text/html"})
            answer = connection.getresponse()
            answer.read()
            if answer.status != 200:
                raise RuntimeError(f"/customers answered {answer.status}")
            self.taken.append(time.perf_counter() - begun)
            time.sleep(0.1)
        connection.close()


def _p99(taken: list[float]) -> float:
    return sorted(taken)[min(len(taken) - 1, int(len(taken) * 0.99))]


