"""Appointments: whoever takes part is reminded so many minutes before; of whole days, in the morning of the day.

Of a series only the next occurrence is planned, and again after each.  A day that has a row of its own is left out of
its series: that row reminds by itself.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from server.database import sqlite3
from sync.recurrence import next_occurrence, occurrences
from web import dates

from .reminder import OFF_MS, Clock, Reminder, Source, clock_of

MINUTE_MS, DAY_MS = 60_000, 86_400_000
MINUTES_A_DAY = 1_440
# Appointments without length take a quarter of an hour, as everywhere.
SHORTEST_MS = 15 * MINUTE_MS
# How much of a series is counted out at once.
WINDOW_MS = 40 * DAY_MS


def appointments(db: sqlite3.Connection, event: Mapping, now_ms: int) -> list[Reminder]:
    found = []
    days = _days_of_their_own(db, event["id"]) if event.get("rrule") else set()
    for user_id in _people(event):
        clock = clock_of(db, user_id)
        if not clock.is_here:
            continue
        if event.get("rrule"):
            found += _next_of_series(db, event, user_id, clock, days, now_ms)
        else:
            found.append(_reminder(event, user_id, clock, event["start_ms"], event["end_ms"]))
    return found


def _reminder(
    event: Mapping, user_id: str, clock: Clock, start_ms: int, end_ms: int, day: str | None = None
) -> Reminder:
    """day: of a series, the local day that it begins on."""
    key = f"event:{event['id']}:{start_ms}"
    if event.get("is_all_day"):
        day = day or dates.local_date(start_ms, event.get("timezone") or clock.timezone)
        before = dates.add_days(day, -(event["remind_minutes"] // MINUTES_A_DAY))
        return Reminder(key, user_id, clock.on(before), clock.end_of(day))
    # Of no use when it is over, or has gone on for a day.
    until_ms = min(max(end_ms, start_ms + SHORTEST_MS), start_ms + DAY_MS)
    return Reminder(key, user_id, start_ms - event["remind_minutes"] * MINUTE_MS, until_ms)


def _people(event: Mapping) -> list[str]:
    """Owner and attendees."""
    return sorted({event["owner_id"], *json.loads(event.get("attendee_ids") or "[]")} - {None})


# --- series -------------------------------------------------------------------------------------------


def _next_of_series(
    db: sqlite3.Connection, event: Mapping, user_id: str, clock: Clock, days: set[str], now_ms: int
) -> list[Reminder]:
    """The next one that was not sent yet, and those before it that were put off."""
    after_ms = max(event.get("updated_at_ms") or 0, _sent_last_ms(db, event["id"], user_id))
    put_off = _put_off(db, event["id"], user_id)
    found = []
    for start_ms, end_ms, day in _from(event, now_ms - DAY_MS):
        if day in days:
            continue
        reminder = _reminder(event, user_id, clock, start_ms, end_ms, day)
        until_ms = put_off.get(reminder.key, 0)
        if until_ms >= OFF_MS:
            continue
        if until_ms > max(now_ms, reminder.at_ms):
            found.append(reminder)
        elif reminder.at_ms > after_ms and reminder.until_ms > now_ms:
            return [*found, reminder]
    return found


def _from(event: Mapping, from_ms: int) -> Iterator[list]:
    """A series' occurrences that begin then or later, in order."""
    series = [event[name] for name in ("start_ms", "end_ms", "rrule", "timezone")] + [event.get("is_all_day") or 0]
    while first := next_occurrence(*series, from_ms):
        until_ms = max(from_ms, first[0]) + WINDOW_MS
        yield from (one for one in occurrences(*series, from_ms, until_ms) if one[0] >= from_ms)
        from_ms = until_ms


def _sent_last_ms(db: sqlite3.Connection, event_id: str, user_id: str) -> int:
    found = db.execute(
        "SELECT max(planned_ms) FROM reminder WHERE row_id = ? AND entity = 'event' AND user_id = ?"
        " AND (sent_at_ms IS NOT NULL OR missed_at_ms IS NOT NULL)",
        (event_id, user_id),
    )
    return found.fetchone()[0] or 0


def _put_off(db: sqlite3.Connection, event_id: str, user_id: str) -> dict[str, int]:
    # ';' follows ':'.
    rows = db.execute(
        "SELECT key, max(until_ms) FROM snooze WHERE key > ? AND key < ? AND owner_id = ? AND deleted = 0 GROUP BY key",
        (f"event:{event_id}:", f"event:{event_id};", user_id),
    )
    return dict(map(tuple, rows))


def _days_of_their_own(db: sqlite3.Connection, series_id: str) -> set[str]:
    """Days that have a row of their own: of the series, and of those that it took over from."""
    rows = db.execute(
        "WITH RECURSIVE line (id) AS ("
        " SELECT ? UNION SELECT e.series_id FROM line l JOIN event e ON e.id = l.id WHERE e.series_id IS NOT NULL)"
        " SELECT o.occurrence_on FROM line l JOIN event o ON o.series_id = l.id"
        " WHERE +o.rrule IS NULL AND o.deleted = 0 AND o.occurrence_on IS NOT NULL",
        (series_id,),
    )
    return {row[0] for row in rows}


def _series_of(db: sqlite3.Connection, event: Mapping) -> list[Mapping]:
    """Of a day with a row of its own: its series, and those that took over from it, which leave the day out."""
    if not event.get("series_id") or event.get("rrule"):
        return []
    rows = db.execute(
        "WITH RECURSIVE line (id) AS ("
        " SELECT ? UNION SELECT e.id FROM line l JOIN event e ON e.series_id = l.id WHERE e.rrule IS NOT NULL)"
        " SELECT e.* FROM line l JOIN event e ON e.id = l.id"
        " WHERE e.rrule IS NOT NULL AND e.remind_minutes IS NOT NULL",
        (event["series_id"],),
    )
    return [dict(row) for row in rows]


def _takes_place(event: Mapping) -> bool:
    return bool(
        event.get("remind_minutes") is not None and event.get("cancelled_at_ms") is None and not event.get("deleted")
    )


APPOINTMENTS = Source(
    kind="event",
    entity="event",
    fields=frozenset({
        *("start_ms", "end_ms", "is_all_day", "remind_minutes", "cancelled_at_ms", "deleted"),
        *("rrule", "timezone", "series_id", "occurrence_on", "owner_id", "attendee_ids"),
    }),
    may_remind=_takes_place,
    wanted=appointments,
    # Only whole days hang on a person's clock.
    of_person=(
        "SELECT * FROM event WHERE is_all_day = 1 AND remind_minutes IS NOT NULL AND cancelled_at_ms IS NULL"
        " AND deleted = 0 AND (rrule IS NOT NULL OR end_ms >= :from_ms)"
        " AND (owner_id = :user OR EXISTS (SELECT 1 FROM json_each(attendee_ids) WHERE value = :user))"
    ),
    to_come=(
        "remind_minutes IS NOT NULL AND cancelled_at_ms IS NULL AND deleted = 0"
        " AND (rrule IS NOT NULL OR end_ms >= :from_ms)"
    ),
    akin=_series_of,
)
