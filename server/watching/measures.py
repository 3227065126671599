"""What a firm's server did since it started, in numbers: kept in memory, read by `/metrics` and the status page.

Cheap enough for every request, and bounded: keys are routes of the code, not addresses that somebody asked for.
Nothing here asks the database or says anything about a person.
"""

from __future__ import annotations

import threading
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Mapping

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
# Upper ends, in seconds; a last bucket takes the rest.
BUCKETS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
# These last for as long as somebody listens: how long says nothing.
STREAMS = frozenset({"/live"})
SYNC = "/sync"


class Measures:
    """requests: (method, route, status) -> how many. seconds: route -> (how many in each bucket, their sum).

    totals: what the status page plots, as counts that only grow.
    """

    def __init__(self) -> None:
        self.requests: Counter[tuple[str, str, int]] = Counter()
        self.seconds: dict[str, tuple[list[int], list[float]]] = {}
        self.bytes_out = 0
        self.outcomes: Counter[str] = Counter()
        self.totals: Counter[str] = Counter()
        self.last_sync_ms = 0
        self._lock = threading.Lock()

    def note_request(self, method: str, route: str, status: int, seconds: float, sent: int, now_ms: int) -> None:
        """In the event loop only."""
        self.requests[method if method in METHODS else "OTHER", route, status] += 1
        self.bytes_out += sent
        if route not in STREAMS:
            counts, total = self.seconds.get(route) or self.seconds.setdefault(
                route, ([0] * (len(BUCKETS_S) + 1), [0.0])
            )
            counts[bisect_left(BUCKETS_S, seconds)] += 1
            total[0] += seconds
        if route == SYNC and status == 200:
            self.totals["syncs"] += 1
            self.last_sync_ms = now_ms

    def note_outcomes(self, outcomes: Iterable[Mapping]) -> None:
        """Of operations that were judged for the first time. In the writer's thread only."""
        for outcome in outcomes:
            self.outcomes[outcome["is"]] += 1
            self.totals["operations"] += 1
            if outcome["is"] in ("conflict", "rejected"):
                self.totals["conflicts" if outcome["is"] == "conflict" else "rejected"] += 1

    def note_rows(self, rows: int) -> None:
        """Sent to a device. From any thread."""
        with self._lock:
            self.totals["rows"] += rows
