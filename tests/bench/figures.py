"""How figures are printed: what was measured, what was hoped for, and the ratio of the two."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from time import perf_counter


class Figures:
    def __init__(self, title: str) -> None:
        print(f"\n{title}\n{'-' * len(title)}")

    def at_most(self, name: str, measured: float, limit: float, unit: str) -> None:
        """A figure that should be small."""
        verdict = "reached" if measured <= limit else "NOT REACHED"
        print(f"{name:58} {measured:>10,.1f} {unit:5} limit {limit:>8,.0f}  ×{measured / limit:.2f}  {verdict}")

    def tell(self, name: str, measured: float, unit: str) -> None:
        """A figure without a limit."""
        print(f"{name:58} {measured:>10,.1f} {unit}")


def p95(taken: list[float]) -> float:
    ordered = sorted(taken)
    return ordered[min(len(ordered) - 1, int(len(ordered) * 0.95))]


def times_ms(work: Callable[[], object], runs: int, warm: int = 3) -> list[float]:
    """How long some work takes, run after run."""
    for _ in range(warm):
        work()
    taken = []
    for _ in range(runs):
        begun = perf_counter()
        work()
        taken.append((perf_counter() - begun) * 1000)
    return taken


def median(taken: list[float]) -> float:
    return statistics.median(taken)
