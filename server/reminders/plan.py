"""Keeps the table `reminder` in step with the rows that remind, in the transaction that changes them.

Called for every row that anybody changes: what does not matter here must cost next to nothing.  Sends nothing, and
forgets nothing that was sent.
"""

from __future__ import annotations

from collections.abc import Mapping

from server.database import sqlite3
from server.notices import queue
from web import dates

from .reminder import OFF_MS, SERVER, Reminder, Source, clock_of, put_off_until
from .sources import BY_ENTITY, BY_KIND, SOURCES

# How long after it was due something may still be of use: no appointment that began earlier reminds anybody.
DAY_MS = 86_400_000


def follow(db: sqlite3.Connection, entity_name: str, old: Mapping | None, new: Mapping) -> None:
    """Plan anew what a change of this row moves. old: None where it is new."""
    source = BY_ENTITY.get(entity_name)
    if source is not None:
        _follow_source(db, source, old, new)
    elif entity_name in _FOLLOWERS:
        _FOLLOWERS[entity_name](db, old, new)


def _follow_source(db: sqlite3.Connection, source: Source, old: Mapping | None, new: Mapping) -> None:
    if old is not None and not any(old.get(name) != new.get(name) for name in source.fields):
        return
    if source.may_remind(new) or (old is not None and source.may_remind(old)):
        plan_row(db, source, new, _now(db), is_new=old is None)
    for row in source.akin(db, new):
        plan_row(db, source, row, _now(db))


def _follow_snooze(db: sqlite3.Connection, old: Mapping | None, new: Mapping) -> None:
    kind, _, rest = new["key"].partition(":")
    source, row_id = BY_KIND.get(kind), rest.rpartition(":")[0]
    found = db.execute(f"SELECT * FROM {source.entity} WHERE id = ?", (row_id,)).fetchone() if source else None
    if found is not None:
        plan_row(db, source, dict(found), _now(db))


def _follow_preference(db: sqlite3.Connection, old: Mapping | None, new: Mapping) -> None:
    names = ("timezone", "remind_at", "deleted")
    if any((old or {}).get(name) != new.get(name) for name in names):
        plan_person(db, new["id"], _now(db))


def _follow_user(db: sqlite3.Connection, old: Mapping | None, new: Mapping) -> None:
    was_here, is_here = (bool(row and row.get("is_active") and not row.get("deleted")) for row in (old, new))
    if was_here and not is_here:
        db.execute(
            "DELETE FROM reminder WHERE user_id = ? AND sent_at_ms IS NULL AND missed_at_ms IS NULL", (new["id"],)
        )
    elif is_here and old is not None and not was_here:
        plan_person(db, new["id"], _now(db))


_FOLLOWERS = {"snooze": _follow_snooze, "preference": _follow_preference, "user": _follow_user}


def _now(db: sqlite3.Connection) -> int:
    return db.execute("SELECT clock_ms()").fetchone()[0]


def plan_person(db: sqlite3.Connection, user_id: str, now_ms: int) -> None:
    """Plan anew what comes by this person's clock, which has changed."""
    given = {"user": user_id, **borders(now_ms)}
    for source in SOURCES:
        if source.of_person:
            for row in db.execute(source.of_person, given).fetchall():
                plan_row(db, source, dict(row), now_ms)


def borders(now_ms: int) -> dict:
    """What lies before reminds no more, in whatever time zone."""
    return {"from_ms": now_ms - DAY_MS, "from_on": dates.local_date(now_ms - 2 * DAY_MS, "UTC")}


# --- one row ------------------------------------------------------------------------------------------


def plan_row(db: sqlite3.Connection, source: Source, row: Mapping, now_ms: int, is_new: bool = False) -> None:
    """Make the reminders of a row what the row says. What was sent stays, so that it is not sent again."""
    held = {} if is_new else _held(db, source, row["id"])
    reminds = source.may_remind(row)
    wanted = source.wanted(db, row, now_ms) if reminds else []
    for reminder in wanted:
        at_ms, until_ms = _when(db, reminder)
        if at_ms >= OFF_MS:
            continue
        found = held.pop((reminder.user_id, reminder.key), None)
        if found is not None:
            _move(db, found, reminder.at_ms, at_ms, until_ms, now_ms)
        elif until_ms > now_ms and _is_news(reminder, at_ms, row):
            _add(db, source, row["id"], reminder, at_ms, until_ms)
    # Of a series only what comes next is planned: what was sent stands.
    stands = reminds and bool(row.get("rrule"))
    for found in held.values():
        if found["sent_at_ms"] is None and found["missed_at_ms"] is None:
            db.execute("DELETE FROM reminder WHERE id = ?", (found["id"],))
        elif found["until_ms"] > now_ms and found["user_id"] != SERVER and not stands:
            # It may be held back by quiet hours, and is no longer wanted.
            queue.withdraw(db, key=notice_key(found["key"], found["at_ms"]), user_id=found["user_id"])


def _held(db: sqlite3.Connection, source: Source, row_id: str) -> dict[tuple[str, str], Mapping]:
    rows = db.execute("SELECT * FROM reminder WHERE row_id = ? AND entity = ?", (row_id, source.entity))
    return {(found["user_id"], found["key"]): found for found in rows}


def _when(db: sqlite3.Connection, reminder: Reminder) -> tuple[int, int]:
    """When it comes, and until when it is of use: what was put off is wanted on the day it comes."""
    put_off = None if reminder.user_id == SERVER else put_off_until(db, reminder.key, reminder.user_id)
    if put_off is None or put_off <= reminder.at_ms:
        return reminder.at_ms, reminder.until_ms
    if put_off >= OFF_MS:
        return OFF_MS, OFF_MS
    clock = clock_of(db, reminder.user_id)
    return put_off, max(reminder.until_ms, clock.end_of(clock.day_of(put_off)))


def _is_news(reminder: Reminder, at_ms: int, row: Mapping) -> bool:
    """Whoever types at ten what was to be reminded of at nine knows it."""
    return row.get("updated_by") != reminder.user_id or at_ms > (row.get("updated_at_ms") or 0)


def _add(
    db: sqlite3.Connection, source: Source, row_id: str, reminder: Reminder, at_ms: int, until_ms: int
) -> None:
    db.execute(
        "INSERT INTO reminder (key, user_id, kind, entity, row_id, planned_ms, at_ms, until_ms)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
        (reminder.key, reminder.user_id, source.kind, source.entity, row_id, reminder.at_ms, at_ms, until_ms),
    )


def _move(db: sqlite3.Connection, held: Mapping, planned_ms: int, at_ms: int, until_ms: int, now_ms: int) -> None:
    """To another time; what was sent is sent again only at a time that is still to come."""
    is_over = held["sent_at_ms"] is not None or held["missed_at_ms"] is not None
    if (held["planned_ms"], held["at_ms"], held["until_ms"]) == (planned_ms, at_ms, until_ms):
        return
    if is_over and (at_ms <= now_ms or at_ms == held["at_ms"]):
        return
    db.execute(
        "UPDATE reminder SET planned_ms = ?, at_ms = ?, until_ms = ?, sent_at_ms = NULL, missed_at_ms = NULL"
        " WHERE id = ?",
        (planned_ms, at_ms, until_ms, held["id"]),
    )


def notice_key(key: str, at_ms: int) -> str:
    """Under which a reminder is told: put off, it is told again."""
    return f"reminder:{key}:{at_ms}"
