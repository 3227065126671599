"""`/metrics`: a firm's measures as Prometheus reads them. Made when somebody asks, from numbers that are there already.

Series are named by routes, outcomes and the firm's host; nothing in them is of a person, and their number is bounded
by the code.  The library is loaded with the first question: most servers are never asked.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator

from . import gauges
from .health import KEPT_S, Health
from .measures import BUCKETS_S
from .part import FAILED, OK

_STATES = {OK: 0, "warning": 1, FAILED: 2}

# name -> (what it says, from the gauges and the time)
_GAUGES = {
    "people_active": ("People who may sign in.", lambda g: g.people),
    "notices_waiting": ("Notices that are due and not sent.", lambda g: g.notices),
    "notices_oldest_seconds": ("How long the oldest of them waits.", lambda g: g.notices_wait_ms / 1000),
    "notices_failed_last_day": ("Deliveries given up within 24 hours.", lambda g: g.notices_failed),
    "reminders_waiting": ("Reminders that are due and not sent.", lambda g: g.reminders),
    "reminders_oldest_seconds": ("How long the oldest of them is due.", lambda g: g.reminders_wait_ms / 1000),
    "operations_held": ("Operations that wait for a row, after a restore.", lambda g: g.held),
    "operations_held_oldest_seconds": ("How long the oldest of them waits.", lambda g: g.held_wait_ms / 1000),
    "database_bytes": ("Size of roadbook.db.", lambda g: g.database_bytes),
    "wal_bytes": ("Size of the write-ahead log.", lambda g: g.wal_bytes),
    "disk_free_bytes": ("What is free on the disk of the firm's folder.", lambda g: g.free_bytes),
    "sequence": ("The number of the last accepted change.", lambda g: g.seq),
    "replica_lag_seconds": ("How long ago all was off-site.", lambda g: _seconds(g.replica_lag_ms)),
    "replica_lag_changes": ("Changes that are not known to be off-site.", lambda g: g.replica_lag_seq),
}
DEVICES = ("day", "week", "month", "longer")


async def text(apps: Iterable, kept_s: float = KEPT_S) -> bytes:
    """Of these firms' apps; how things stand may be so many seconds old."""
    from prometheus_client import CollectorRegistry, generate_latest

    seen = [(app, await app.state.watchman.look(kept_s)) for app in apps]
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Collector(seen))
    return generate_latest(registry)


class _Collector:
    """seen: apps, each with its health. One family of series has those of all firms."""

    def __init__(self, seen: list[tuple[object, Health]]) -> None:
        self._seen = [(app.state.host, app.state.firm, health) for app, health in seen]

    def describe(self) -> list:
        return []

    def collect(self) -> Iterator:
        yield from self._requests()
        yield from self._work()
        yield from self._standing()
        yield from self._health()
        yield _gauge("roadbook_process_memory_bytes", "Resident memory of the process.", [([], gauges.memory_bytes())])
        yield _counter("roadbook_process_cpu_seconds", "Processor time used.", [([], time.process_time())])

    def _requests(self) -> Iterator:
        from prometheus_client.core import HistogramMetricFamily

        rows = [
            ([host, method, route, str(status)], n)
            for host, firm, _ in self._seen
            for (method, route, status), n in list(firm.measures.requests.items())
        ]
        yield _counter("roadbook_requests", "Requests answered.", rows, "method", "route", "status")
        family = HistogramMetricFamily(
            "roadbook_request_seconds", "From the request to the end of its answer.", labels=["firm", "route"]
        )
        for host, firm, _ in self._seen:
            for route, (counts, total) in list(firm.measures.seconds.items()):
                family.add_metric([host, route], _buckets(counts), total[0])
        yield family
        sent = [([host], firm.measures.bytes_out) for host, firm, _ in self._seen]
        yield _counter("roadbook_sent_bytes", "Bytes of answers, as they went out.", sent)
        streams = [([host], firm.hub.open_streams()) for host, firm, _ in self._seen]
        yield _gauge("roadbook_event_streams", "Devices that listen now.", streams)

    def _work(self) -> Iterator:
        firms = [(host, firm) for host, firm, _ in self._seen]
        outcomes = [([h, name], n) for h, firm in firms for name, n in list(firm.measures.outcomes.items())]
        yield _counter("roadbook_operations", "Operations judged.", outcomes, "outcome")
        for name, words in (("syncs", "Rounds of sync."), ("rows", "Rows sent to devices.")):
            rows = [([host], firm.measures.totals[name]) for host, firm in firms]
            yield _counter(f"roadbook_{name}", words, rows)
        queued = [([h], f.writer.waiting()) for h, f in firms]
        yield _gauge("roadbook_writer_queue", "Jobs that wait for the writer.", queued)
        yield _counter("roadbook_writer_jobs", "Jobs that the writer took.", [([h], f.writer.taken) for h, f in firms])
        waited = [([h], f.writer.waited_s) for h, f in firms]
        yield _counter("roadbook_writer_wait_seconds", "How long jobs waited for the writer.", waited)

    def _standing(self) -> Iterator:
        known = [(host, health.gauges) for host, _, health in self._seen if health.gauges]
        for name, (words, value) in _GAUGES.items():
            rows = [([host], value(found)) for host, found in known if value(found) is not None]
            yield _gauge(f"roadbook_{name}", words, rows)
        devices = [([host, DEVICES[n]], count) for host, found in known for n, count in enumerate(found.devices)]
        yield _gauge("roadbook_devices", "Signed-in devices, by when they were last seen.", devices, "seen_within")

    def _health(self) -> Iterator:
        parts = [(host, part) for host, _, health in self._seen for part in health.parts]
        states = [([host, part.key], _STATES[part.state]) for host, part in parts]
        yield _gauge("roadbook_health", "0: ok, 1: needs looking after, 2: does not work.", states, "part")
        now_ms = {host: health.at_ms for host, _, health in self._seen}
        done = [(host, part) for host, part in parts if "at_ms" in part.values]
        ages = [([host, part.key], (now_ms[host] - part.values["at_ms"]) / 1000) for host, part in done]
        yield _gauge("roadbook_last_age_seconds", "How long ago the last copy and trial restore were.", ages, "what")
        good = [([host, part.key], int(part.code != "failed")) for host, part in done]
        yield _gauge("roadbook_last_succeeded", "Whether it succeeded.", good, "what")


def _buckets(counts: list[int]) -> list[tuple[str, float]]:
    """Each holds those below it, too."""
    found, below = [], 0
    for end, count in zip((*map(str, BUCKETS_S), "+Inf"), list(counts), strict=True):
        below += count
        found.append((end, below))
    return found


def _counter(name: str, words: str, rows: list, *labels: str):
    from prometheus_client.core import CounterMetricFamily

    return _filled(CounterMetricFamily(name, words, labels=_labels(rows, labels)), rows)


def _gauge(name: str, words: str, rows: list, *labels: str):
    from prometheus_client.core import GaugeMetricFamily

    return _filled(GaugeMetricFamily(name, words, labels=_labels(rows, labels)), rows)


def _labels(rows: list, labels: tuple[str, ...]) -> list[str]:
    """What is of the process and no firm has no labels at all."""
    return ["firm", *labels] if not rows or rows[0][0] else []


def _filled(family, rows: list):
    for labels, value in rows:
        family.add_metric(labels, value)
    return family


def _seconds(ms: int | None) -> float | None:
    return None if ms is None else ms / 1000
