"""What other sync engines do with the workload of `sync_workload.py`, and how our figures are printed beside theirs.

Measured on two cores over loopback on 2026-11-24, mostly single runs: expect ±20 %.  PouchDB 9 with
express-pouchdb (batches of 1,000), RxDB 15 with rxdb-server, TinyBase 10, PowerSync service 1.25 with Postgres 15.
"""

from __future__ import annotations

import time

POUCHDB, RXDB, TINYBASE, POWERSYNC = "PouchDB", "RxDB", "TinyBase", "PowerSync"

FIRST_SYNC_S = {POUCHDB: 3.5, RXDB: 2.0, POWERSYNC: 1.5}
FIRST_SYNC_FAR_S = {POUCHDB: 6.0, RXDB: 12.3, POWERSYNC: 1.1}
FIRST_SYNC_MB = {POUCHDB: 2.5, RXDB: 9.6, POWERSYNC: 2.3}
FIRST_SYNC_REQUESTS = {POUCHDB: 104, RXDB: 201, POWERSYNC: 1}
RECONNECT_S = {POUCHDB: 0.5, RXDB: 0.8, TINYBASE: 0.46, POWERSYNC: 1.8}
RECONNECT_KB = {POUCHDB: 909, RXDB: 1_989, TINYBASE: 1_667, POWERSYNC: 321}
RECONNECT_REQUESTS = {POUCHDB: 16, RXDB: 29, POWERSYNC: 3}
EMPTY_MS = {POUCHDB: 12, RXDB: 370, TINYBASE: 25, POWERSYNC: 15}
EMPTY_BYTES = {POUCHDB: 5_600, RXDB: 600, TINYBASE: 500, POWERSYNC: 1_400}
EMPTY_REQUESTS = {POUCHDB: 9, RXDB: 1, POWERSYNC: 1}
LIVE_P50_MS = {POUCHDB: 12, RXDB: 5, TINYBASE: 360, POWERSYNC: 920}
LIVE_P95_MS = {POUCHDB: 19, RXDB: 12, POWERSYNC: 1_050}
# Of 150 pairs that met in a record; PouchDB's can be found in _conflicts by a program that looks.
EDITS_LOST = {POUCHDB: 150, RXDB: 150, TINYBASE: 50, POWERSYNC: 50}
HANDOVER_EDITS_LOST = {POWERSYNC: 50}
HANDOVER_ROWS_LEFT_BEHIND = {POUCHDB: 100, POWERSYNC: 0}


class Beside:
    """A table of figures: ours, what was hoped for, and each peer's with our share of it."""

    def __init__(self, title: str) -> None:
        print(f"\n{title}\n{'-' * len(title)}", flush=True)
        self.tell("of a processor a busy process gets now", 100 * share_of_a_processor(), "%")

    def at_most(self, name: str, ours: float, limit: float, unit: str, peers: dict[str, float] | None = None) -> None:
        """A figure that should be small."""
        self._line(name, ours, limit, unit, ours <= limit, "most", peers)

    def at_least(self, name: str, ours: float, limit: float, unit: str, peers: dict[str, float] | None = None) -> None:
        self._line(name, ours, limit, unit, ours >= limit, "least", peers)

    def tell(self, name: str, ours: float, unit: str, peers: dict[str, float] | None = None) -> None:
        """A figure without a limit."""
        print(f"{name:52} {figure(ours):>9} {unit:5} {beside(ours, peers)}".rstrip(), flush=True)

    def _line(self, name, ours, limit, unit, is_reached, sort, peers) -> None:
        verdict = "reached" if is_reached else "NOT REACHED"
        share = f"×{ours / limit:.2f}" if limit else ""
        wanted = f"{sort} {figure(limit)}"
        print(
            f"{name:52} {figure(ours):>9} {unit:5} {wanted:>13} {share:>6} {verdict:11} {beside(ours, peers)}".rstrip(),
            flush=True,
        )


def share_of_a_processor(for_s: float = 0.3) -> float:
    """How far times of day can be believed: 1 where nobody else wants the machine."""
    begun, used = time.perf_counter(), time.thread_time()
    while time.perf_counter() - begun < for_s:
        pass
    return (time.thread_time() - used) / (time.perf_counter() - begun)


def figure(value: float) -> str:
    if float(value).is_integer():
        return f"{value:,.0f}"
    return f"{value:,.3f}" if abs(value) < 10 else f"{value:,.1f}"


def beside(ours: float, peers: dict[str, float] | None) -> str:
    """Each peer's figure, and ours as a part of it."""
    told = []
    for name, theirs in (peers or {}).items():
        told.append(f"{name} {figure(theirs)}" + (f" (×{ours / theirs:.2f})" if theirs else ""))
    return " · ".join(told)
