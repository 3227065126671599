"""What asking costs where nothing has changed: it must not grow with what exists."""

from __future__ import annotations

import tempfile
from pathlib import Path

from server.pull import Cursor, stamp
from server.record import current_seq
from server.sample.bulk import DIRECTOR, fill

from .figures import median, times_ms
from .sync_client import Device
from .sync_firm import served
from .sync_peers import Beside
from .sync_rounds import sign_in

# rows: (accounts, contacts, activities)
SMALL, LARGE = (200, 200, 9_600), (20_000, 20_000, 960_000)
RUNS = 300


def run() -> None:
    table = Beside("Nothing new for a director who holds every row")
    small, large = (_nothing_new_ms(rows) for rows in (SMALL, LARGE))
    table.tell(f"with {sum(SMALL):,} rows, median", small, "ms")
    table.tell(f"with {sum(LARGE):,} rows, median", large, "ms")
    table.at_most("the second as a multiple of the first", large / small, 1.3, "")


def _nothing_new_ms(rows: tuple[int, int, int]) -> float:
    with tempfile.TemporaryDirectory() as folder, served(Path(folder) / "firm", lambda f: _make(f, *rows)) as server:
        device = Device(server.port, server.tokens["token"], Path(folder) / "device.db")
        device.cursor = server.tokens["cursor"]
        return median(times_ms(device.sync, RUNS, warm=20))


def _make(firm, accounts: int, contacts: int, activities: int) -> dict[str, str]:
    fill(firm, accounts=accounts, activities=activities, contacts=contacts)
    with firm.look() as db:
        seq = current_seq(db)
    token = firm.write_now(lambda db: sign_in(db, DIRECTOR, "director", firm.clock()))
    return {"token": token, "cursor": Cursor(seq, seq).text(stamp(firm.epoch, DIRECTOR))}
