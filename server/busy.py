"""What colleagues may know of an appointment: that it takes somebody's time, and when.

Runs in the writer's transaction.  A busy row must never say what the appointment is about.
"""

from __future__ import annotations

import hashlib
import json

from sync.entities import BY_NAME

from . import record
from .database import sqlite3


def keep_busy(db: sqlite3.Connection, event: dict, touched: set) -> None:
    """Make the busy rows of an event what the event says: one for each person in it, none once it is off."""
    busy = BY_NAME["busy"]
    takes_time = not event.get("deleted") and event.get("cancelled_at_ms") is None
    people = {event["owner_id"], *json.loads(event.get("attendee_ids") or "[]")} if takes_time else set()
    people.discard(None)
    held = {row["user_id"]: dict(row) for row in db.execute("SELECT * FROM busy WHERE event_id = ?", (event["id"],))}
    author = record.Author(None, None, "", event["updated_at_ms"])
    times = {"start_ms": event["start_ms"], "end_ms": event["end_ms"]}
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


def busy_id(event_id: str, user_id: str) -> str:
    return hashlib.sha256(f"{event_id} {user_id}".encode()).hexdigest()[:32]
