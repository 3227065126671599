"""A look at what is due, among a million reminders: when there is nothing, and when a hundred appointments come.

Every time is that of a whole round of `keep_reminding`, the writer's commit included.
"""

from __future__ import annotations

import asyncio
import json
import tempfile
import time
from pathlib import Path

from server.accept import accept_as_server
from server.firm import Firm
from server.reminders import rebuild, tick
from server.sample.bulk import fill

from .figures import Figures, median, p95
from .sync_peers import share_of_a_processor

REMINDERS, DUE, ROUNDS, IDLE_ROUNDS = 1_000_000, 100, 20, 500
# Of a hundred that wait or are over: so many were sent.
SENT_OF_100 = 10
MINUTE_MS, HOUR_MS, DAY_MS = 60_000, 3_600_000, 86_400_000

# Tasks that are due in the year that comes or were in the month before; nobody needs their rows before they are due.
_FILL = """
WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < :reminders),
  timed AS (SELECT i, i % 100 < :sent AS is_sent, i * 7919 % 1000 AS share FROM n),
  planned AS (
    SELECT *, CASE WHEN is_sent THEN :now - :day - share * 28 * :day / 1000
      ELSE :now + 2 * :day + share * 365 * :day / 1000 END AS at_ms
    FROM timed
  )
INSERT INTO reminder (key, user_id, kind, entity, row_id, planned_ms, at_ms, until_ms, sent_at_ms)
SELECT printf('task:bench-%07d:', i), (SELECT value FROM json_each(:people) WHERE key = i % json_array_length(:people)),
  'task', 'task', printf('bench-%07d', i), at_ms, at_ms, at_ms + :day, iif(is_sent, at_ms, NULL)
FROM planned
"""


class Clock:
    def __init__(self) -> None:
        self.ms = time.time_ns() // 1_000_000

    def __call__(self) -> int:
        return self.ms


def run() -> None:
    with tempfile.TemporaryDirectory() as folder:
        clock = Clock()
        firm = Firm.open(Path(folder), clock)
        try:
            people = fill(firm, accounts=200, activities=0, people=100)
            _fill(firm, people)
            comes_at_ms = [_appointments(firm, people, number) for number in range(ROUNDS)]
            asyncio.run(_measure(firm, clock, comes_at_ms))
        finally:
            firm.close()


def _fill(firm: Firm, people: list[str]) -> None:
    given = {"reminders": REMINDERS, "sent": SENT_OF_100, "now": firm.clock(), "day": DAY_MS}
    firm.write_now(lambda db: db.execute(_FILL, given | {"people": json.dumps(people)}))
    firm.write_now(lambda db: db.execute("ANALYZE"))


def _appointments(firm: Firm, people: list[str], number: int) -> int:
    """A hundred that begin at the same minute, planned by the server itself. Returns when their reminders come."""
    start_ms = firm.clock() + (number + 1) * HOUR_MS
    operations = []
    for turn in range(DUE):
        name, owner = f"bench-event-{number:02}-{turn:03}", people[turn % len(people)]
        given = {"title": "Visit", "kind": "visit", "start_ms": start_ms, "end_ms": start_ms + HOUR_MS}
        given |= {"remind_minutes": 10, "owner_id": owner}
        operations.append({"id": f"{name}-op", "entity": "event", "row": name, "base": 0, "at": 0, "set": given})
    outcomes = firm.write_now(lambda db: accept_as_server(db, firm, operations))
    if refused := [outcome for outcome in outcomes if outcome["is"] != "applied"]:
        raise RuntimeError(f"an appointment was not taken: {refused[0]}")
    return start_ms - 10 * MINUTE_MS


async def _measure(firm: Firm, clock: Clock, comes_at_ms: list[int]) -> None:
    figures = Figures(f"A look at {REMINDERS:,} reminders")
    figures.tell("of a processor a busy process gets now", 100 * share_of_a_processor(), "%")
    await _round(firm)  # plans anew what is to be planned: once after each update of the time zones
    idle = [await _round(firm) for _ in range(IDLE_ROUNDS)]
    figures.tell("nothing is due, median", 1_000 * median(idle), "µs")
    figures.at_most("nothing is due, p95", 1_000 * p95(idle), 5_000, "µs")
    busy = []
    for clock.ms in comes_at_ms:
        busy.append(await _round(firm))
    figures.tell(f"{DUE} are due, sent and durable, median", median(busy), "ms")
    figures.tell(f"{DUE} are due, sent and durable, p95", p95(busy), "ms")
    with firm.look() as db:
        notices = db.execute("SELECT count(*) FROM notice WHERE kind = 'reminder'").fetchone()[0]
    figures.tell(f"notices that came of {len(comes_at_ms) * DUE:,} reminders", notices, "")


async def _round(firm: Firm) -> float:
    """What `keep_reminding` does between two sleeps; ms."""
    begun = time.perf_counter()
    await rebuild.keep_planned(firm)
    await tick.send_all(firm)
    tick.seconds_to_next(firm)
    return (time.perf_counter() - begun) * 1000
