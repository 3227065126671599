"""Token buckets in memory: so many at once, then so many a second, for each of a bounded number of keys."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

# Whoever was quiet longest is forgotten first, and begins with a full bucket again.
MOST_KEYS = 20_000


@dataclass(frozen=True)
class Rule:
    """So many at once, and then so many a second."""

    name: str
    burst: int
    per_s: float


class Buckets:
    """Token buckets by key: at most `most` of them, those used last at the end."""

    def __init__(self, most: int = MOST_KEYS, clock: Callable[[], float] = time.monotonic) -> None:
        self._most, self._clock = most, clock
        self._left: OrderedDict[tuple[str, str], tuple[float, float]] = OrderedDict()

    def take(self, key: str, rule: Rule) -> float:
        """Take one. Returns 0, or in how many seconds there is one."""
        now, place = self._clock(), (rule.name, key)
        tokens, at = self._left.pop(place, (float(rule.burst), now))
        tokens = min(rule.burst, tokens + max(0.0, now - at) * rule.per_s)
        wait_s = 0.0 if tokens >= 1 else (1 - tokens) / rule.per_s
        self._left[place] = (tokens if wait_s else tokens - 1, now)
        while len(self._left) > self._most:
            self._left.popitem(last=False)
        return wait_s

    def __len__(self) -> int:
        return len(self._left)
