"""Appointments that come back: the team's Monday, the month's end, a call every two weeks; and one clash to settle."""

from __future__ import annotations

from sync.ids import derived_id

from . import texts
from .people import SELLERS

HOUR_MS, DAY_MS = 3_600_000, 86_400_000
ZONE = "Asia/Shanghai"


def add_series(story) -> None:
    """What comes back, with a Monday that is moved and one that is off."""
    monday = -story.today.weekday()
    _weekly_meeting(story, monday)
    _month_end(story)
    _calls(story)
    _clash(story, monday + 7)


def _weekly_meeting(story, monday: int) -> None:
    """Mondays at nine, everyone who sells."""
    title, place = texts.OTHER_EVENTS[0]
    start_ms = story.at(monday - 28, 9, 0)
    plan = {
        "title": title, "kind": "meeting", "place": place, "attendee_ids": [person.id for person in SELLERS],
        "timezone": ZONE, "owner_id": "user-chenli",
    }  # fmt: skip
    _make(story, "event-weekly", start_ms - 10 * DAY_MS, start_ms, plan | {"rrule": "FREQ=WEEKLY;BYDAY=MO"})
    moved_ms = story.at(monday + 15, 10, 30)
    _own(story, "event-weekly", story.day(monday + 14), moved_ms, plan | {"place": texts.OTHER_EVENTS[1][1]})
    _own(story, "event-weekly", story.day(monday + 21), story.at(monday + 21, 9, 0), plan, cancelled_at_ms=story.now_ms)


def _month_end(story) -> None:
    """The last Friday of each month."""
    title, place = texts.OTHER_EVENTS[2]
    plan = {
        "title": title, "kind": "call", "place": place, "attendee_ids": ["user-wangfang"], "timezone": ZONE,
        "owner_id": "user-chenli", "rrule": "FREQ=MONTHLY;BYDAY=-1FR",
    }  # fmt: skip
    start_ms = story.at(4 - story.today.weekday() - 35, 16, 0)
    _make(story, "event-month-end", start_ms - DAY_MS, start_ms, plan)


def _calls(story) -> None:
    """Wang Fang calls her best customer every two weeks."""
    customer = story.customers_of("user-wangfang")[0]
    titles = texts.CHINESE_EVENTS if customer.is_chinese else texts.FOREIGN_EVENTS
    plan = {
        "title": titles["call"][0].format(name=customer.name), "kind": "call", "account_id": customer.id,
        "contact_ids": [customer.contacts[0][0]], "timezone": ZONE, "owner_id": "user-wangfang",
        "rrule": "FREQ=WEEKLY;INTERVAL=2;COUNT=12",
    }  # fmt: skip
    start_ms = story.at(3 - story.today.weekday() - 14, 16, 30)
    _make(story, "event-calls", start_ms - DAY_MS, start_ms, plan)


def _clash(story, monday: int) -> None:
    """A visit that was promised for the hour of the Monday meeting."""
    customer = story.customers_of("user-wangfang")[-1]
    titles = texts.CHINESE_EVENTS if customer.is_chinese else texts.FOREIGN_EVENTS
    plan = {
        "title": titles["visit"][0].format(name=customer.name), "kind": "visit", "account_id": customer.id,
        "place": customer.address, "contact_ids": [customer.contacts[0][0]], "owner_id": "user-wangfang",
    }  # fmt: skip
    _make(story, "event-clash", story.now_ms - DAY_MS, story.at(monday, 9, 30), plan)


def _own(story, series: str, day: str, start_ms: int, plan: dict, **more) -> None:
    """A day of a series that goes its own way."""
    own = plan | {"series_id": series, "occurrence_on": day} | more
    _make(story, derived_id(series, day), story.now_ms, start_ms, own)


def _make(story, id: str, at_ms: int, start_ms: int, plan: dict) -> None:
    times = {"start_ms": start_ms, "end_ms": start_ms + HOUR_MS}
    story.diary.make("event", id, at_ms, plan["owner_id"], **plan | times)
