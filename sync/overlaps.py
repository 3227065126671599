"""Which of the spans of time in a list fall on one another.

For queries: two hundred series of one person make more pairs to look at than a join would do quickly.
Twin: service_worker/overlaps.js.
"""

from __future__ import annotations

MOST_PAIRS = 2_000


def overlapping(spans: list[list]) -> list[list[int]]:
    """[place, place] of each pair of different things that overlap, at most MOST_PAIRS, by the later one's start.

    spans: [thing, …, from_ms, to_ms], ordered by from_ms.
    """
    pairs = []
    for place, (thing, *_, to_ms) in enumerate(spans):
        for later in range(place + 1, len(spans)):
            other, *_, from_ms, other_to_ms = spans[later]
            if from_ms >= to_ms:
                break
            if other != thing and other_to_ms > spans[place][-2]:
                pairs.append([place, later])
                if len(pairs) >= MOST_PAIRS:
                    return pairs
    return sorted(pairs, key=lambda pair: (spans[pair[1]][-2], pair))
