"""A hundred customers change hands while their old owner has fifty edits on a phone without signal."""

from __future__ import annotations

import json
import tempfile
import time
from pathlib import Path

from server.database import sqlite3

from . import sync_peers as peers
from .sync_client import Device
from .sync_firm import DIRECTOR, edit_op, op_id, served, workload_firm
from .sync_peers import Beside
from .sync_rounds import sign_in
from .sync_workload import person_id

ACCOUNTS, PEOPLE, HANDED, EDITED = 1_200, 4, 100, 50
OLD, NEW = person_id(0), person_id(1)


def run() -> None:
    with tempfile.TemporaryDirectory() as folder, served(Path(folder) / "firm", _make) as server:
        open_ = lambda name, token: Device(server.port, token, Path(folder) / f"{name}.db")  # noqa: E731
        devices = {name: open_(name, token) for name, token in server.tokens.items()}
        for device in devices.values():
            device.sync()
        handed = [row[0] for row in devices["old"].db.execute(f"SELECT id FROM account ORDER BY id LIMIT {HANDED}")]
        edits = _edits(devices["old"], handed[:EDITED])
        taken = _hand_over(devices["director"], handed)
        outcomes = devices["old"].sync(edits)
        devices["new"].sync()
        table = Beside(f"Handover of {HANDED} customers, {EDITED} unsent edits of the old owner")
        table.tell("the handover, asked and answered", taken * 1000, "ms")
        for verdict in sorted({outcome["is"] for outcome in outcomes}):
            table.tell(f"  his edits: {verdict}", sum(outcome["is"] == verdict for outcome in outcomes), "")
        lost = _lost(server.folder, edits)
        table.at_most("edits lost", lost, 0, "", peers.HANDOVER_EDITS_LOST)
        kept = _held(devices["old"], handed)
        table.at_most("rows still on the old owner's device", kept, 0, "", peers.HANDOVER_ROWS_LEFT_BEHIND)
        table.at_least("rows on the new owner's device", _held(devices["new"], handed), HANDED, "")


def _make(firm) -> dict[str, str]:
    workload_firm(firm, ACCOUNTS, PEOPLE, 2)
    people = {"director": DIRECTOR, "old": OLD, "new": NEW}
    return firm.write_now(lambda db: {name: sign_in(db, user, name, firm.clock()) for name, user in people.items()})


def _edits(device: Device, rows: list[str]) -> list[dict]:
    now_ms = time.time_ns() // 1_000_000
    versions = dict(device.db.execute("SELECT id, version FROM account"))
    return [edit_op(row, versions[row], now_ms, note=f"said on the road about {row}") for row in rows]


def _hand_over(director: Device, rows: list[str]) -> float:
    """Seconds that it took. Raises where it did not happen."""
    now_ms = time.time_ns() // 1_000_000
    op = {
        "id": op_id(now_ms), "entity": "handover", "row": op_id(now_ms), "base": 0, "at": now_ms,
        "set": {"from_id": OLD, "to_id": NEW}, "add": {"account_ids": rows},
    }
    begun = time.perf_counter()
    [outcome] = director.sync([op])
    taken = time.perf_counter() - begun
    owners = {row[0] for row in director.db.execute(f"SELECT owner_id FROM account WHERE id IN ({_marks(rows)})", rows)}
    if owners != {NEW}:
        raise RuntimeError(f"the handover was answered {outcome}, and the customers are now with {owners}")
    return taken


def _lost(folder: Path, edits: list[dict]) -> int:
    """Edits that are neither in the row nor in a conflict row that somebody can settle."""
    db = sqlite3.connect(f"file:{folder / 'roadbook.db'}?mode=ro", uri=True)
    lost = 0
    for op in edits:
        note = op["set"]["note"]
        in_row = db.execute("SELECT note FROM account WHERE id = ?", (op["row"],)).fetchone()[0] == note
        kept = db.execute("SELECT lost FROM conflict WHERE target_id = ? AND deleted = 0", (op["row"],))
        lost += not in_row and all(json.loads(row[0]).get("note") != note for row in kept)
    db.close()
    return lost


def _held(device: Device, rows: list[str]) -> int:
    return device.db.execute(f"SELECT count(*) FROM account WHERE id IN ({_marks(rows)})", rows).fetchone()[0]


def _marks(rows: list[str]) -> str:
    return ", ".join("?" * len(rows))
