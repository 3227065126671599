"""What a reminder says: that something is to be done, when, and with whom.  Never what it is about: it may be read on a
locked screen.

Twin: `words` in service_worker/reminders.js, which says the same on a device.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from server import scope
from server.database import sqlite3
from web import dates
from web.reasons import N_

from .reminder import clock_of


class Words(NamedTuple):
    """text: an English text of the catalogue; values and urgency as `server.notices.queue.add` takes them."""

    text: str
    values: dict
    address: str
    urgency: str = "normal"


def words(db: sqlite3.Connection, reminder: Mapping) -> Words | None:
    """None where the row is gone."""
    found = db.execute(f"SELECT * FROM {reminder['entity']} WHERE id = ? AND deleted = 0", (reminder["row_id"],))
    row = found.fetchone()
    return None if row is None else _SAYS[reminder["kind"]](db, reminder, row)


def _appointment(db: sqlite3.Connection, reminder: Mapping, event: Mapping) -> Words:
    start_ms = int(reminder["key"].rpartition(":")[2])
    clock = clock_of(db, reminder["user_id"])
    zone = (event["timezone"] or clock.timezone) if event["is_all_day"] else clock.timezone
    day = dates.local_date(start_ms, zone)
    on = dates.local_date(start_ms, event["timezone"])
    address = f"/events/{event['id']}" + (f"?on={on}" if event["rrule"] else "")
    name = _customer(db, reminder["user_id"], event["account_id"])
    if event["is_all_day"]:
        texts = N_("Appointment: %(when)s"), N_("Appointment: %(when)s, %(name)s")
        return _said(texts, {"when": {"day": day}}, name, address)
    if day == clock.day_of(reminder["at_ms"]):
        texts = N_("Appointment at %(time)s"), N_("Appointment at %(time)s: %(name)s")
        return _said(texts, {"time": {"time": start_ms}}, name, address, "high")
    texts = N_("Appointment: %(when)s"), N_("Appointment: %(when)s, %(name)s")
    return _said(texts, {"when": {"moment": start_ms}}, name, address, "high")


def _task(db: sqlite3.Connection, reminder: Mapping, task: Mapping) -> Words:
    texts = N_("A task is due"), N_("A task is due: %(name)s")
    return _said(texts, {}, _customer(db, reminder["user_id"], task["account_id"]), f"/tasks/{task['id']}")


def _next_contact(db: sqlite3.Connection, reminder: Mapping, account: Mapping) -> Words:
    texts = N_("Time to get in touch with a customer"), N_("Time to get in touch: %(name)s")
    return _said(texts, {}, _customer(db, reminder["user_id"], account["id"]), f"/customers/{account['id']}")


_SAYS = {"event": _appointment, "task": _task, "contact": _next_contact}


def _said(texts: tuple[str, str], values: dict, name: str | None, address: str, urgency: str = "normal") -> Words:
    return Words(texts[bool(name)], values | ({"name": name} if name else {}), address, urgency)


def _customer(db: sqlite3.Connection, user_id: str, account_id: str | None) -> str | None:
    """The name of a customer, for whoever may see it."""
    if not scope.access(db, user_id, "account", account_id):
        return None
    found = db.execute("SELECT coalesce(short_name, name) FROM account WHERE id = ? AND deleted = 0", (account_id,))
    row = found.fetchone()
    return row[0] if row else None
