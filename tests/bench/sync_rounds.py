"""Round trips of one device with the real server: the first, after a day apart, with nothing to say, and live.

Figures, not judgements: nothing in here fails because a machine is slow.  What must hold is counted from
the server's file.
"""

from __future__ import annotations

import json
import tempfile
import time
from pathlib import Path

from server.database import sqlite3
from server.sign_in import sessions
from sync.entities import BY_NAME
from sync.schema import wire_columns

from . import sync_peers as peers
from .figures import median, p95
from .sync_client import Connection, Device
from .sync_firm import DIRECTOR, Served, edit_op, served, workload_firm
from .sync_peers import Beside
from .sync_proxy import Proxy
from .sync_workload import CUSTOMERS, SAME_FIELD, SAME_RECORD, Edit, customers, edits

FIRST_RUNS, FAR_RUNS, EMPTY_RUNS, LIVE_RUNS = 5, 3, 200, 200
FAR_MS = 25  # one way; 50 ms there and back


def run() -> None:
    with tempfile.TemporaryDirectory() as folder, served(Path(folder) / "firm", _make) as server:
        rounds = Rounds(server, Path(folder))
        with Proxy(server.port) as near, Proxy(server.port, FAR_MS) as far:
            rounds.first(near, far)
            rounds.apart(near)
            rounds.empty(near)
        rounds.live()


def _make(firm) -> dict[str, str]:
    workload_firm(firm, CUSTOMERS)
    people = {"director": DIRECTOR, "office": DIRECTOR}
    return firm.write_now(lambda db: {name: sign_in(db, user, name, firm.clock()) for name, user in people.items()})


def sign_in(db, user_id: str, device: str, now_ms: int) -> str:
    return sessions.start(
        db, user_id=user_id, device_id=device, device_name=device, started_by="password", now_ms=now_ms
    )


class Rounds:
    def __init__(self, server: Served, folder: Path) -> None:
        self.server = server
        self.folder = folder
        self.made = 0

    def device(self, port: int, name: str = "director") -> Device:
        """A new, empty one."""
        self.made += 1
        return Device(port, self.server.tokens[name], self.folder / f"device-{self.made}.db")

    # --- the first one -------------------------------------------------------------------------------

    def first(self, near: Proxy, far: Proxy) -> None:
        table = Beside(f"First sync of {CUSTOMERS:,} customers")
        table.tell("a record as JSON, mean", sum(map(_bytes, customers())) / CUSTOMERS, "bytes")
        used, own = self.server.cpu_s(), time.process_time()
        taken, passed = self._firsts(near, FIRST_RUNS)
        used, own = (self.server.cpu_s() - used) / FIRST_RUNS, (time.process_time() - own) / FIRST_RUNS
        table.at_most("from connecting to committed, median", median(taken), 1.0, "s", peers.FIRST_SYNC_S)
        table.tell("  fastest run", min(taken), "s")
        table.tell("  processor time of the server", used, "s")
        table.tell("  processor time of the device, at the same time", own, "s")
        table.at_most("requests", passed["requests"], 1, "", peers.FIRST_SYNC_REQUESTS)
        table.at_most("down", passed["down"] / 1e6, 1.6, "MB", peers.FIRST_SYNC_MB)
        taken, _ = self._firsts(far, FAR_RUNS)
        table.at_most("at 50 ms there and back, median", median(taken), 1.05, "s", peers.FIRST_SYNC_FAR_S)
        table.tell("the server's memory, most so far", self.server.memory_mb(), "MB")

    def _firsts(self, proxy: Proxy, runs: int) -> tuple[list[float], dict]:
        taken = []
        for _ in range(runs):
            proxy.counts()
            begun = time.perf_counter()
            device = self.device(proxy.port)
            device.sync()
            taken.append(time.perf_counter() - begun)
            passed = proxy.counts()
            if device.count("account") != CUSTOMERS:
                raise RuntimeError(f"the device holds {device.count('account')} of {CUSTOMERS} customers")
            device.close()
        return taken, passed

    # --- 2 × 1,000 edits, made apart -----------------------------------------------------------------

    def apart(self, near: Proxy) -> None:
        device = self.device(near.port)
        device.sync()
        mine, theirs = edits()
        bases = dict(device.db.execute("SELECT id, version FROM account"))
        office = self.device(self.server.port, "office")
        office.sync()
        self._push(office, theirs, bases)
        ops = [self._op(edit, bases) for edit in mine]
        device.connection.close()
        near.counts()
        begun, used = time.perf_counter(), self.server.cpu_s()
        device.connection = Connection(near.port, self.server.tokens["director"])
        own = time.process_time()
        outcomes = device.sync(ops)
        taken, own = time.perf_counter() - begun, time.process_time() - own
        passed, used = near.counts(), self.server.cpu_s() - used
        office.sync()
        table = Beside("Reconnect: 1,000 edits of a device meet 1,000 of the office")
        table.at_most("both up and down, committed", taken, 0.4, "s", peers.RECONNECT_S)
        table.tell("  processor time of the server", used, "s")
        table.tell("  processor time of the device", own, "s")
        table.at_most("requests", passed["requests"], 2, "", peers.RECONNECT_REQUESTS)
        kb = (passed["up"] + passed["down"]) / 1000
        table.at_most("up and down", kb, 150, "KB", peers.RECONNECT_KB)
        table.tell(f"  of it up {passed['up'] / 1000:.1f}, down", passed["down"] / 1000, "KB")
        for verdict in sorted({outcome["is"] for outcome in outcomes}):
            table.tell(f"  outcomes: {verdict}", sum(outcome["is"] == verdict for outcome in outcomes), "")
        self._judge(table, mine, theirs)
        table.at_most("rows that differ between device and server", self._differ(device), 0, "")
        table.at_most("rows that differ between the other device and server", self._differ(office), 0, "")
        device.close()
        office.close()

    def _push(self, device: Device, made: list[Edit], bases: dict[str, int]) -> None:
        refused = [o for o in device.sync([self._op(edit, bases) for edit in made]) if o["is"] != "applied"]
        if refused:
            raise RuntimeError(f"the office's edits were refused: {refused[0]}")

    def _op(self, edit: Edit, bases: dict[str, int]) -> dict:
        return edit_op(edit.row, bases[edit.row], time.time_ns() // 1_000_000, **{edit.field: edit.value})

    def _file(self) -> sqlite3.Connection:
        db = sqlite3.connect(f"file:{self.server.folder / 'roadbook.db'}?mode=ro", uri=True)
        db.row_factory = sqlite3.Row
        return db

    def _judge(self, table: Beside, mine: list[Edit], theirs: list[Edit]) -> None:
        """Where each edit is now: in its row, or in a conflict row."""
        db = self._file()
        in_row = {edit for edit in mine + theirs if self._value(db, edit) == edit.value}
        in_conflict = {edit for edit in mine + theirs if self._is_lost_side(db, edit)}
        pairs = lambda kind: [(a, b) for a in mine if a.kind == kind for b in theirs if b.row == a.row]  # noqa: E731
        both = sum({a, b} <= in_row for a, b in pairs(SAME_RECORD))
        asked = sum(len({a, b} & in_row) == 1 and {a, b} <= in_row | in_conflict for a, b in pairs(SAME_FIELD))
        table.at_least("pairs in one record, different fields: both kept", both, 100, "")
        table.at_least("pairs in one field: the loser in a conflict row", asked, 50, "")
        lost = len(set(mine + theirs) - in_row - in_conflict)
        table.at_most("edits lost", lost, 0, "", peers.EDITS_LOST)
        db.close()

    def _value(self, db, edit: Edit) -> str:
        return db.execute(f"SELECT {edit.field} FROM account WHERE id = ?", (edit.row,)).fetchone()[0]

    def _is_lost_side(self, db, edit: Edit) -> bool:
        rows = db.execute(
            "SELECT lost FROM conflict WHERE target_id = ? AND kind = 'field' AND deleted = 0", (edit.row,)
        )
        return any(json.loads(row[0]).get(edit.field) == edit.value for row in rows)

    def _differ(self, device: Device) -> int:
        """Accounts that are not on the device as they are on the server."""
        db = self._file()
        names = ", ".join(wire_columns(BY_NAME["account"]))
        ours = set(device.db.execute(f"SELECT {names} FROM account"))
        held = {tuple(row) for row in db.execute(f"SELECT {names} FROM account WHERE deleted = 0")}
        db.close()
        return len(ours ^ held)

    # --- nothing to say ------------------------------------------------------------------------------

    def empty(self, near: Proxy) -> None:
        device = self.device(near.port)
        device.sync()
        device.sync()
        near.counts()
        device.sync()
        passed = near.counts()
        device.connection.close()
        device.connection = Connection(self.server.port, self.server.tokens["director"])
        used = self.server.cpu_s()
        taken = [_ms(device.sync) for _ in range(EMPTY_RUNS)]
        used = (self.server.cpu_s() - used) * 1000 / EMPTY_RUNS
        table = Beside("Empty sync: nothing new on either side")
        table.at_most("there and back, median", median(taken), 5, "ms", peers.EMPTY_MS)
        table.tell("  p95", p95(taken), "ms")
        table.tell("  processor time of the server", used, "ms")
        table.at_most("bytes up and down, headers too", passed["up"] + passed["down"], 450, "", peers.EMPTY_BYTES)
        table.tell(f"  of it up {passed['up']}, down", passed["down"], "")
        table.at_most("requests", passed["requests"], 1, "", peers.EMPTY_REQUESTS)
        device.close()

    # --- a change to another live device -------------------------------------------------------------

    def live(self) -> None:
        writer, reader = self.device(self.server.port, "office"), self.device(self.server.port)
        writer.sync()
        reader.sync()
        ear = Connection(self.server.port, self.server.tokens["director"])
        stream = Stream(ear)
        stream.wait()  # the greeting
        taken, used = [], self.server.cpu_s()
        for number in range(LIVE_RUNS):
            row = f"c{number:06}"
            base = writer.db.execute("SELECT version FROM account WHERE id = ?", (row,)).fetchone()[0]
            text = f"live {number}"
            op = edit_op(row, base, time.time_ns() // 1_000_000, note=text)
            begun = time.perf_counter()
            writer.ask([op])
            while reader.db.execute("SELECT note FROM account WHERE id = ?", (row,)).fetchone()[0] != text:
                stream.wait()
                reader.sync()
            taken.append((time.perf_counter() - begun) * 1000)
            writer.take(*writer.connection.answer())
        table = Beside("A change on one device until it is committed on another that listens")
        table.at_most("p50", median(taken), 5, "ms", peers.LIVE_P50_MS)
        table.tell("  fastest", min(taken), "ms")
        table.tell("  processor time of the server", (self.server.cpu_s() - used) * 1000 / LIVE_RUNS, "ms")
        table.at_most("p95", p95(taken), 12, "ms", peers.LIVE_P95_MS)
        ear.close()
        writer.close()
        reader.close()


class Stream:
    """An open event stream."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        connection.send_get("/live")
        _, self.pieces = connection.answer()
        self.held = b""

    def wait(self) -> None:
        """Until the next poke."""
        while b"event: poke" not in self.held or b"\n\n" not in self.held:
            self.held += next(self.pieces)
        _, self.held = self.held.split(b"\n\n", 1)


def _bytes(record: tuple[str, dict]) -> int:
    row, fields = record
    return len(json.dumps({"id": row} | fields, ensure_ascii=False, separators=(",", ":")).encode())


def _ms(work) -> float:
    begun = time.perf_counter()
    work()
    return (time.perf_counter() - begun) * 1000
