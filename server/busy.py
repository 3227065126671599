"""What colleagues may know of an appointment: that it takes somebody's time, and when.

Runs in the writer's transaction.  A busy row must never say what the appointment is about.
"""

from __future__ import annotations

import hashlib
import json

from sync.entities import BY_NAME
from web import dates

from . import record
from .database import sqlite3


def keep_busy(db: sqlite3.Connection, event: dict, touched: set) -> None:
    """Make the busy rows of an event what the event says: one for each person in it, none once it is off.

    A day of a series that has a row of its own is skipped by the series, and by what took over from it.
    """
    _keep(db, event, touched)
    if event.get("series_id") and event.get("rrule") is None:
        for series in _series_that_skip(db, event["series_id"]):
            _keep(db, series | {"updated_at_ms": event["updated_at_ms"]}, touched)


def _keep(db: sqlite3.Connection, event: dict, touched: set) -> None:
    busy = BY_NAME["busy"]
    takes_time = not event.get("deleted") and event.get("cancelled_at_ms") is None
    people = {event["owner_id"], *json.loads(event.get("attendee_ids") or "[]")} if takes_time else set()
    people.discard(None)
    held = {row["user_id"]: dict(row) for row in db.execute("SELECT * FROM busy WHERE event_id = ?", (event["id"],))}
    author = record.Author(None, None, "", event["updated_at_ms"])
    times = _times(db, event) if people else {}
    for user_id in sorted(people):
        row = held.get(user_id)
        if row is None:
            new = {"id": busy_id(event["id"], user_id), "user_id": user_id, "event_id": event["id"], **times}
            record.insert(db, busy, new, author, touched)
        else:
            if row["deleted"]:
                record.bring_back(db, busy, row, author, touched)
            if any(row[name] != value for name, value in times.items()):
                record.update(db, busy, row, times, author, touched)
    for user_id in held.keys() - people:
        if not held[user_id]["deleted"]:
            record.delete(db, busy, held[user_id], author, touched)


def _times(db: sqlite3.Connection, event: dict) -> dict:
    """When it takes time; whole days from midnight to midnight, where whoever wrote it is."""
    tz = event.get("timezone") or zone_of(db, event["owner_id"])
    start_ms, end_ms = event["start_ms"], event["end_ms"]
    if event.get("is_all_day"):
        last_on = dates.local_date(max(start_ms, end_ms - 1), tz)
        start_ms = dates.day_start_ms(dates.local_date(start_ms, tz), tz)
        end_ms = dates.day_start_ms(dates.add_days(last_on, 1), tz)
    rule = event.get("rrule")
    series = {"rrule": rule, "timezone": tz, "skipped": _skipped(db, event["id"])} if rule else {}
    return {"start_ms": start_ms, "end_ms": end_ms, "rrule": None, "timezone": None, "skipped": None} | series


def zone_of(db: sqlite3.Connection, user_id: str | None) -> str | None:
    found = db.execute(
        "SELECT coalesce((SELECT timezone FROM preference WHERE id = ? AND deleted = 0),"
        " (SELECT value FROM meta WHERE name = 'timezone'))",
        (user_id,),
    ).fetchone()
    return found[0]


def _skipped(db: sqlite3.Connection, series_id: str) -> str | None:
    """The days that have rows of their own: of the series, and of those that it took over from."""
    rows = db.execute(
        "WITH RECURSIVE line (id) AS ("
        " SELECT ? UNION SELECT e.series_id FROM line l JOIN event e ON e.id = l.id WHERE e.series_id IS NOT NULL)"
        " SELECT DISTINCT o.occurrence_on FROM line l JOIN event o ON o.series_id = l.id"
        " WHERE +o.rrule IS NULL AND o.deleted = 0 AND o.occurrence_on IS NOT NULL ORDER BY 1",
        (series_id,),
    )
    return json.dumps([row[0] for row in rows], separators=(",", ":"))


def _series_that_skip(db: sqlite3.Connection, series_id: str) -> list[dict]:
    """The series of this id, and those that took over from it."""
    rows = db.execute(
        "WITH RECURSIVE line (id) AS ("
        " SELECT ? UNION SELECT e.id FROM line l JOIN event e ON e.series_id = l.id WHERE e.rrule IS NOT NULL)"
        " SELECT e.* FROM line l JOIN event e ON e.id = l.id WHERE e.rrule IS NOT NULL ORDER BY e.id",
        (series_id,),
    )
    return [dict(row) for row in rows]


def busy_id(event_id: str, user_id: str) -> str:
    return hashlib.sha256(f"{event_id} {user_id}".encode()).hexdigest()[:32]
