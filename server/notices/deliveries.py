"""Deliveries in the database: taken before they are sent, settled afterwards, so that a crash loses none.

What was taken and not settled when the server stopped is sent once more; push services, mail programs and phones know
a repetition by its topic, its Message-ID and its tag.  All functions but `is_due` run in write jobs.
"""

from __future__ import annotations

import random
from collections.abc import Collection
from dataclasses import dataclass

from server.database import sqlite3
from server.notices import badges, recipients
from server.notices.outcome import Outcome
from server.notices.recipients import Recipient
from server.notices.robots import MOST_LINES
from server.notices.spread import Means, add_delivery

DAY_MS = 86_400_000
GIVEN_UP_MS = 2 * DAY_MS
KEPT_MS = 90 * DAY_MS
FIRST_WAIT_MS, LAST_WAIT_MS = 30_000, 3_600_000


@dataclass(frozen=True)
class Parcel:
    """What is sent at once: one delivery, or all that waits for one robot.

    place: a row of push_subscription, a robot, or {} for e-mail. badge: how many things wait for this person.
    """

    way: str
    target: str
    ids: tuple[int, ...]
    notices: tuple[dict, ...]
    people: tuple[Recipient, ...]
    place: dict
    badge: int


def resume(db: sqlite3.Connection) -> None:
    """The server starts: what was on its way when it stopped is sent once more."""
    db.execute("UPDATE delivery SET state = 'waiting' WHERE state = 'sending'")


def is_due(db: sqlite3.Connection, now_ms: int) -> bool:
    """Whether there is anything to do now: cheap, asked every second."""
    found = db.execute(
        "SELECT EXISTS (SELECT 1 FROM notice WHERE state = 'waiting' AND at_ms <= :now) OR EXISTS"
        " (SELECT 1 FROM delivery WHERE state = 'waiting' AND next_at_ms <= :now)",
        {"now": now_ms},
    )
    return bool(found.fetchone()[0])


_DUE = """
SELECT d.id AS delivery_id, d.way, d.target, d.tries, d.reason, n.*
FROM delivery d JOIN notice n ON n.id = d.notice_id
WHERE d.state = 'waiting' AND d.next_at_ms <= :now
ORDER BY d.next_at_ms, d.id LIMIT :most
"""


def take(db: sqlite3.Connection, means: Means, now_ms: int, most: int, resting: Collection[str]) -> list[Parcel]:
    """What is to be sent now, noted as being sent. resting: targets of robots that are left alone for a moment."""
    rows = [dict(row) for row in db.execute(_DUE, {"now": now_ms, "most": most + len(resting) * MOST_LINES})]
    people = recipients.read(db, {row["user_id"] for row in rows}, means.timezone)
    counts = badges.counts(db, people, now_ms)
    robots = {row["id"]: dict(row) for row in db.execute("SELECT * FROM group_robot WHERE is_active = 1")}
    parcels: dict[tuple, list[dict]] = {}
    places: dict[tuple, dict] = {}
    for row in rows:
        person = people.get(row["user_id"])
        place = _place(row, person, robots)
        if place is None or (row["until_ms"] is not None and row["until_ms"] < now_ms):
            # The device signed out, the robot is gone, or it is too late: nobody needs to know.
            _settle_state(db, row["delivery_id"], "withdrawn", None, now_ms)
            continue
        key = (row["target"],) if row["way"] == "robot" else (row["delivery_id"],)
        if key[0] in resting or len(parcels.get(key, ())) >= MOST_LINES:
            continue
        parcels.setdefault(key, []).append(row)
        places[key] = place
    return [_parcel(db, held, people, places[key], counts) for key, held in list(parcels.items())[:most]]


def _place(row: dict, person: Recipient | None, robots: dict[str, dict]) -> dict | None:
    """Where it goes, as things are now."""
    if person is None:
        return None
    if row["way"] == "email":
        return {} if person.email else None
    if row["way"] == "push":
        return next((one for one in person.subscriptions if one["id"] == row["target"]), None)
    return person.robot if row["target"].startswith("person:") else robots.get(row["target"])


def _parcel(db, held: list[dict], people: dict[str, Recipient], place: dict, counts: dict[str, int]) -> Parcel:
    for row in held:
        db.execute("UPDATE delivery SET state = 'sending', tries = tries + 1 WHERE id = ?", (row["delivery_id"],))
    return Parcel(
        way=held[0]["way"],
        target=held[0]["target"],
        ids=tuple(row["delivery_id"] for row in held),
        notices=tuple(held),
        people=tuple(people[row["user_id"]] for row in held),
        place=place,
        badge=counts[held[0]["user_id"]],
    )


def settle(db: sqlite3.Connection, means: Means, ended: list[tuple[Parcel, Outcome]], now_ms: int) -> None:
    """Note what came of each: sent, to be tried again, or given up."""
    for parcel, outcome in ended:
        for delivery_id, notice in zip(parcel.ids, parcel.notices, strict=True):
            if outcome.is_sent:
                _settle_state(db, delivery_id, "sent", None, now_ms)
            else:
                _failed(db, delivery_id, notice, outcome, now_ms)
        if outcome.is_gone and parcel.way == "push":
            _drop_subscription(db, parcel, means, now_ms)


def _failed(db: sqlite3.Connection, delivery_id: int, notice: dict, outcome: Outcome, now_ms: int) -> None:
    next_at_ms = now_ms + max(outcome.wait_ms, backoff_ms(notice["tries"]))
    is_second_413 = outcome.reason == "http_413" == notice["reason"]
    if outcome.is_final or is_second_413 or next_at_ms > notice["at_ms"] + GIVEN_UP_MS:
        _settle_state(db, delivery_id, "failed", outcome.reason, now_ms)
        return
    db.execute(
        "UPDATE delivery SET state = 'waiting', next_at_ms = ?, reason = ? WHERE id = ? AND state = 'sending'",
        (next_at_ms, outcome.reason, delivery_id),
    )


def backoff_ms(tries: int) -> int:
    """tries: how many went before this one. Not all at the same instant."""
    return int(min(FIRST_WAIT_MS * 2 ** min(tries, 12), LAST_WAIT_MS) * random.uniform(0.8, 1.2))


def _settle_state(db: sqlite3.Connection, delivery_id: int, state: str, reason: str | None, now_ms: int) -> None:
    db.execute(
        "UPDATE delivery SET state = ?, reason = ?, done_at_ms = ? WHERE id = ?", (state, reason, now_ms, delivery_id)
    )


def _drop_subscription(db: sqlite3.Connection, parcel: Parcel, means: Means, now_ms: int) -> None:
    """This browser can no longer be pushed to. Whoever had no other is told of it by e-mail."""
    db.execute("DELETE FROM push_subscription WHERE id = ?", (parcel.target,))
    person, notice = parcel.people[0], parcel.notices[0]
    has_more = db.execute("SELECT 1 FROM push_subscription WHERE user_id = ?", (person.user_id,)).fetchone()
    if not has_more and means.has_mail and person.email and person.takes(notice["kind"], "email"):
        add_delivery(db, notice["id"], "email", "", now_ms)


def tidy(db: sqlite3.Connection, now_ms: int) -> int:
    """Let go of what was told long ago. Returns how many notices went."""
    old = db.execute(
        "SELECT id FROM notice WHERE made_at_ms < ? AND state <> 'waiting' AND NOT EXISTS (SELECT 1 FROM delivery"
        " WHERE notice_id = notice.id AND state IN ('waiting', 'sending')) LIMIT 1000",
        (now_ms - KEPT_MS,),
    ).fetchall()
    for (notice_id,) in old:
        db.execute("DELETE FROM delivery WHERE notice_id = ?", (notice_id,))
        db.execute("DELETE FROM notice WHERE id = ?", (notice_id,))
    return len(old)
