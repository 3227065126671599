"""What the page says one will be reminded of is what the server plans: by the same rules, under the same keys."""

from __future__ import annotations

import json
import random
from functools import cache

import pytest

from server.pages import Pages, run_queries
from server.reminders.reminder import OFF_MS, clock_of
from sync.ids import derived_id
from web import dates

from ..device import Device
from ..small_firm import START_MS, as_server, op
from .desk import Desk
from .test_reminders import DAY, HOUR, MINUTE, TODAY, event, planned, preference, task

MONTH = 31 * DAY


@cache
def pages() -> Pages:
    return Pages(names=["reminders", "event", "task"])


def listed(firm, user_id: str) -> dict[str, int]:
    """key -> when, of what the page shows this person as still to come."""
    page, _ = pages().match("/me/reminders")
    now_ms = firm.clock()
    with firm.look() as db:
        tz = clock_of(db, user_id).timezone
    given = {"me": user_id, "now_ms": now_ms, "tz": tz, "today": dates.local_date(now_ms, tz), "lang": "en"}
    with firm.read(user_id) as db:
        results = run_queries(db, page, given)
    return {row["key"]: row["at_ms"] for row in results["reminders"] if row["is_to_come"] and not row["is_off"]}


def planned_for(firm, user_id: str) -> dict[str, int]:
    now_ms = firm.clock()
    return {key: at for (user, key), at in planned(firm).items() if user == user_id and now_ms < at <= now_ms + MONTH}


RULES = ("FREQ=DAILY", "FREQ=WEEKLY;BYDAY=MO,TH", "FREQ=DAILY;INTERVAL=3;COUNT=5", "FREQ=MONTHLY;BYDAY=-1FR")
ZONES = ("Asia/Shanghai", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe")


def some_event(rng: random.Random, n: int) -> dict:
    start_ms = START_MS + rng.randrange(-40, 40 * 24 * 4) * 15 * MINUTE
    fields = {"attendee_ids": rng.sample(["mona", "rita", "ron", "sam"], rng.randrange(3))}
    if rng.random() < 0.4:
        fields |= {"rrule": rng.choice(RULES), "timezone": rng.choice(ZONES)}
    if rng.random() < 0.3:
        start_ms = dates.day_start_ms(dates.local_date(start_ms, "Asia/Shanghai"), "Asia/Shanghai")
        fields |= {"is_all_day": 1, "end_ms": start_ms + rng.randrange(1, 3) * DAY}
        fields.setdefault("timezone", rng.choice(ZONES))
    if rng.random() < 0.1:
        fields["cancelled_at_ms"] = START_MS
    minutes = rng.choice([None, 0, 10, 60, 1_440, 4_000])
    return event(f"e{n}", start_ms, minutes, rng.choice(["rita", "ron"]), **fields)


@pytest.mark.parametrize("seed", range(12))
def test_the_page_lists_what_the_server_has_planned(firm, seed):
    rng = random.Random(seed)
    people = ["mona", "rita", "ron", "sam"]
    for person in people:
        clock = rng.choice(["07:15", "09:00", "18:30"])
        as_server(firm, preference(person, timezone=rng.choice(ZONES), remind_at=clock))
    as_server(firm, *(some_event(rng, n) for n in range(25)))
    days = [dates.add_days(TODAY, rng.randrange(-5, 40)) for _ in range(20)]
    as_server(firm, *(task(f"t{n}", day, assignee_id=rng.choice(people)) for n, day in enumerate(days)))
    as_server(firm, *(
        op("account", f"a{n}", name=f"A{n}", kind="customer", owner_id=rng.choice(people), next_contact_on=day)
        for n, day in enumerate(days)
    ))  # fmt: skip
    with firm.look() as db:
        series = db.execute("SELECT * FROM event WHERE rrule IS NOT NULL AND remind_minutes IS NOT NULL").fetchall()
        keys = [(row["user_id"], row["key"], row["planned_ms"]) for row in db.execute("SELECT * FROM reminder")]
    for row in series:
        day = dates.local_date(row["start_ms"], row["timezone"])
        own = {"series_id": row["id"], "occurrence_on": day, "attendee_ids": json.loads(row["attendee_ids"])}
        as_server(firm, event(f"{row['id']}-own", row["start_ms"] + HOUR, 30, row["owner_id"], **own))
    for user_id, key, at_ms in rng.sample(keys, min(10, len(keys))):
        until_ms = rng.choice([at_ms + 10 * MINUTE, at_ms + DAY, OFF_MS])
        as_server(firm, op("snooze", derived_id(key, user_id), key=key, until_ms=until_ms, owner_id=user_id))

    assert any(planned_for(firm, person) for person in people)
    for person in people:
        assert listed(firm, person) == planned_for(firm, person), person


def test_whoever_typed_it_too_late_is_reminded_neither_here_nor_there(firm):
    rita = Device(firm, "rita")
    rita.sync()
    rita.add("task", title="Now", due_on=TODAY, assignee_id="rita")
    rita.sync()

    assert listed(firm, "rita") == planned_for(firm, "rita") == {}


# --- the pages ----------------------------------------------------------------------------------------


@pytest.fixture
def desk() -> Desk:
    desk = Desk(pages())
    desk.person("anna", "Anna")
    return desk


def test_a_task_that_reminded_can_be_put_off_and_says_so(desk):
    desk.add("task", "call", title="Call back", due_on="2026-11-24", assignee_id="anna", updated_by="mona")
    key = "task:call:2026-11-24"

    shown = desk.get("/tasks/call")
    number = shown.forms_with("s.key", key)[0]
    desk.post(shown, number)
    assert desk.row("snooze", derived_id(key, "anna"))["until_ms"] == desk.now_ms + 10 * MINUTE
    assert "You will be reminded again: Today 09:51" in desk.get("/tasks/call").text

    shown = desk.get("/tasks/call")
    desk.post(shown, shown.forms_with("s.key", key)[2])
    assert desk.row("snooze", derived_id(key, "anna"))["until_ms"] == desk.at("2026-11-25", "09:00")
    assert len(desk.rows("snooze")) == 1


def test_a_task_that_has_not_reminded_yet_offers_nothing(desk):
    desk.add("task", "call", title="Call back", due_on="2026-11-25", assignee_id="anna")
    desk.add("task", "other", title="Of Ben", due_on="2026-11-20", assignee_id="ben")

    assert "Remind me again" not in desk.get("/tasks/call").text
    assert "Remind me again" not in desk.get("/tasks/other").text


def test_an_appointment_offers_it_from_its_reminder_until_it_is_over(desk):
    start_ms = desk.now_ms + 5 * MINUTE
    times = {"start_ms": start_ms, "end_ms": start_ms + HOUR}
    desk.add("event", "visit", title="Visit", kind="visit", remind_minutes=10, **times)
    shown = desk.get("/events/visit")
    assert shown.forms_with("s.key", f"event:visit:{start_ms}")

    desk.now_ms = start_ms + 2 * HOUR
    assert "Remind me again" not in desk.get("/events/visit").text


def test_a_reminder_can_be_switched_off_and_on_again(desk):
    desk.add("task", "call", title="Call back", due_on="2026-11-25", assignee_id="anna")
    key = "task:call:2026-11-25"
    shown = desk.get("/me/reminders")
    assert "Tomorrow 09:00" in shown.text

    desk.post(shown, shown.forms_with("s.until_ms", str(OFF_MS))[0])
    shown = desk.get("/me/reminders")
    assert "Switched off" in shown.text and "Tomorrow 09:00" not in shown.text

    desk.post(shown, shown.forms_with("s.key", key)[0])
    assert "Tomorrow 09:00" in desk.get("/me/reminders").text


def test_what_one_may_no_longer_see_is_listed_without_its_name(desk):
    desk.add("account", "acme", name="Acme Ltd", short_name="Acme", kind="customer", next_contact_on="2026-11-26")
    assert "Acme" in desk.get("/me/reminders").text


def test_of_a_series_the_next_appointment_is_listed(desk):
    start_ms = desk.at("2026-11-20", "10:00")
    desk.add("event", "standup", title="Standup", kind="meeting", start_ms=start_ms, end_ms=start_ms + HOUR,
             remind_minutes=10, rrule="FREQ=DAILY", timezone="Asia/Shanghai")  # fmt: skip
    shown = desk.get("/me/reminders")

    assert shown.text.count("Standup") == 2  # its link, and the words of its button for who cannot see
    assert "/events/standup?on=2026-11-24" in shown.links or "Today 09:50" in shown.text
