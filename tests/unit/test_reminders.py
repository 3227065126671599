"""Reminders are planned with the rows they come from, and sent exactly once."""

from __future__ import annotations

import json
from contextlib import suppress

import pytest

from server.reminders import rebuild, tick
from server.reminders.reminder import OFF_MS
from sync.ids import derived_id
from web import dates

from ..device import Device
from ..small_firm import START_MS, as_server, op
from .approving import MANAGER
from .approving import Firm as AskingFirm

MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
# The firm's clock stands at 14:00 on Tuesday, 24 November 2026, in Shanghai.
TODAY, TOMORROW = "2026-11-24", "2026-11-25"
NINE_TOMORROW = dates.at_clock(TOMORROW, "09:00", "Asia/Shanghai")


def planned(firm, **where) -> dict[tuple[str, str], int]:
    """(user, key) -> when, of all that is still to be sent."""
    with firm.look() as db:
        rows = db.execute("SELECT * FROM reminder WHERE sent_at_ms IS NULL AND missed_at_ms IS NULL").fetchall()
    return {(row["user_id"], row["key"]): row["at_ms"] for row in rows}


def told(firm) -> list[tuple[str, str]]:
    """(user, words) of every notice of a reminder, in order."""
    with firm.look() as db:
        rows = db.execute("SELECT * FROM notice WHERE kind = 'reminder' ORDER BY id").fetchall()
    return [(row["user_id"], row["sample"]) for row in rows]


def pass_to(firm, ms: int) -> int:
    """Let the clock come to an instant, and send what is due. Returns how many that were."""
    firm.clock.ms = ms
    return firm.write_now(lambda db: tick.send_due(db, firm))


def event(row_id="visit", start_ms=START_MS + 3 * HOUR, minutes=10, owner="rita", **fields) -> dict:
    given = {"title": "Signing", "kind": "visit", "start_ms": start_ms, "end_ms": start_ms + HOUR, "owner_id": owner}
    added = {"add": {"attendee_ids": fields.pop("attendee_ids", [])}}
    return op("event", row_id, **given | {"remind_minutes": minutes} | fields) | added


def task(row_id="call", due_on=TOMORROW, **fields) -> dict:
    given = {"title": "Call back", "due_on": due_on, "assignee_id": "rita", "owner_id": "mona"}
    return op("task", row_id, **given | fields)


def change(firm, entity: str, row_id: str, **fields) -> None:
    with firm.look() as db:
        version = db.execute(f"SELECT version FROM {entity} WHERE id = ?", (row_id,)).fetchone()[0]
    as_server(firm, op(entity, row_id, version, **fields))


def preference(user_id: str, **fields) -> dict:
    return op("preference", user_id, owner_id=user_id, **fields)


# --- appointments -------------------------------------------------------------------------------------


def test_everybody_who_takes_part_is_reminded_so_many_minutes_before(firm):
    start_ms = START_MS + 3 * HOUR
    as_server(firm, event(attendee_ids=["ron"]))

    key = f"event:visit:{start_ms}"
    assert planned(firm) == {("rita", key): start_ms - 10 * MINUTE, ("ron", key): start_ms - 10 * MINUTE}
    assert pass_to(firm, start_ms - 11 * MINUTE) == 0
    assert pass_to(firm, start_ms - 10 * MINUTE) == 2
    assert sorted(told(firm)) == [("rita", "Appointment at %(time)s"), ("ron", "Appointment at %(time)s")]


def test_an_appointment_that_moves_reminds_at_its_new_time_only(firm):
    as_server(firm, event())
    later = START_MS + 6 * HOUR
    change(firm, "event", "visit", start_ms=later, end_ms=later + HOUR)

    assert planned(firm) == {("rita", f"event:visit:{later}"): later - 10 * MINUTE}


@pytest.mark.parametrize("fields", [{"cancelled_at_ms": START_MS}, {"remind_minutes": None}])
def test_an_appointment_that_is_cancelled_or_no_longer_reminds_is_taken_out(firm, fields):
    as_server(firm, event())
    change(firm, "event", "visit", **fields)

    assert planned(firm) == {}


def test_a_deleted_appointment_reminds_nobody_and_again_when_it_comes_back(firm):
    as_server(firm, event())
    rita = Device(firm, "rita")
    rita.sync()
    rita.delete("event", "visit")
    rita.sync()
    assert planned(firm) == {}

    change(firm, "event", "visit", title="Signing after all")
    assert len(planned(firm)) == 1


def test_whoever_joins_is_reminded_and_whoever_leaves_is_not(firm):
    as_server(firm, event(attendee_ids=["ron"]))
    with firm.look() as db:
        version = db.execute("SELECT version FROM event WHERE id = 'visit'").fetchone()[0]
    swap = {**op("event", "visit", version), "add": {"attendee_ids": ["sam"]}, "remove": {"attendee_ids": ["ron"]}}
    as_server(firm, swap)

    assert {user for user, _ in planned(firm)} == {"rita", "sam"}


def test_a_whole_day_reminds_at_the_hour_that_each_person_chose(firm):
    as_server(firm, preference("ron", timezone="Asia/Kathmandu", remind_at="07:30"))
    start_ms = dates.day_start_ms(TOMORROW, "Asia/Shanghai")
    as_server(firm, event(
        start_ms=start_ms, end_ms=start_ms + DAY, is_all_day=1, timezone="Asia/Shanghai", attendee_ids=["ron"],
    ))

    key = f"event:visit:{start_ms}"
    in_kathmandu = dates.at_clock(TOMORROW, "07:30", "Asia/Kathmandu")
    assert planned(firm) == {("rita", key): NINE_TOMORROW, ("ron", key): in_kathmandu}
    pass_to(firm, in_kathmandu)
    assert told(firm)[0] == ("rita", "Appointment: %(when)s")


def test_a_whole_day_can_remind_on_the_day_before(firm):
    start_ms = dates.day_start_ms("2026-11-27", "Asia/Shanghai")
    as_server(firm, event(start_ms=start_ms, end_ms=start_ms + DAY, is_all_day=1, minutes=2 * 1_440))

    assert list(planned(firm).values()) == [NINE_TOMORROW]


def test_whoever_types_an_appointment_too_late_to_be_reminded_is_not_and_others_are(firm):
    rita = Device(firm, "rita")
    rita.sync()
    start_ms = firm.clock() + 5 * MINUTE
    rita.add("event", title="At once", kind="call", start_ms=start_ms, end_ms=start_ms + HOUR, remind_minutes=10,
             attendee_ids=["ron"])  # fmt: skip
    rita.sync()

    assert {user for user, _ in planned(firm)} == {"ron"}


# --- series -------------------------------------------------------------------------------------------

STANDUP = {"rrule": "FREQ=DAILY", "timezone": "Asia/Shanghai"}


def test_a_series_plans_its_next_appointment_and_after_it_the_one_that_follows(firm):
    start_ms = NINE_TOMORROW
    as_server(firm, event(start_ms=start_ms, **STANDUP))

    for day in range(3):
        at_ms = start_ms + day * DAY - 10 * MINUTE
        assert planned(firm) == {("rita", f"event:visit:{start_ms + day * DAY}"): at_ms}
        assert pass_to(firm, at_ms) == 1
    assert len(told(firm)) == 3


def test_what_was_told_of_a_series_is_not_taken_back_when_it_goes_on(firm):
    as_server(firm, event(start_ms=NINE_TOMORROW, **STANDUP))
    pass_to(firm, NINE_TOMORROW - 10 * MINUTE)

    assert told(firm) == [("rita", "Appointment at %(time)s")]


def test_a_day_with_a_row_of_its_own_reminds_by_itself_and_not_with_its_series(firm):
    as_server(firm, event(start_ms=NINE_TOMORROW, **STANDUP))
    moved = NINE_TOMORROW + 5 * HOUR
    as_server(firm, event("moved", start_ms=moved, minutes=30, series_id="visit", occurrence_on=TOMORROW))

    after = NINE_TOMORROW + DAY
    assert planned(firm) == {
        ("rita", f"event:moved:{moved}"): moved - 30 * MINUTE,
        ("rita", f"event:visit:{after}"): after - 10 * MINUTE,
    }


def test_a_cancelled_day_of_a_series_reminds_nobody(firm):
    as_server(firm, event(start_ms=NINE_TOMORROW, **STANDUP))
    own = {"series_id": "visit", "occurrence_on": TOMORROW, "cancelled_at_ms": START_MS}
    as_server(firm, event("off", start_ms=NINE_TOMORROW, **own))

    assert list(planned(firm)) == [("rita", f"event:visit:{NINE_TOMORROW + DAY}")]


def test_a_series_that_has_ended_reminds_no_more(firm):
    as_server(firm, event(start_ms=NINE_TOMORROW, **STANDUP | {"rrule": "FREQ=DAILY;COUNT=2"}))
    pass_to(firm, NINE_TOMORROW)
    pass_to(firm, NINE_TOMORROW + DAY)

    assert planned(firm) == {}
    assert len(told(firm)) == 2


def test_a_series_keeps_its_clock_time_when_the_clocks_change(firm):
    zone = "America/New_York"
    start_ms = dates.at_clock("2027-03-13", "09:00", zone)
    as_server(firm, event(start_ms=start_ms, rrule="FREQ=DAILY", timezone=zone))
    pass_to(firm, start_ms - 10 * MINUTE)

    sunday = dates.at_clock("2027-03-14", "09:00", zone)
    assert sunday - start_ms == 23 * HOUR
    assert list(planned(firm).values()) == [sunday - 10 * MINUTE]


# --- days ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "zone, day",
    [
        ("America/New_York", "2027-03-14"),
        ("America/New_York", "2026-12-01"),
        ("Asia/Kathmandu", "2026-12-01"),
        ("Australia/Lord_Howe", "2027-04-04"),
        ("Australia/Lord_Howe", "2027-10-03"),
    ],
)
def test_a_task_reminds_at_nine_where_its_person_is_also_when_the_clocks_change(firm, zone, day):
    as_server(firm, preference("rita", timezone=zone), task(due_on=day))

    [at_ms] = planned(firm).values()
    assert str(dates.local_time(at_ms, zone)) == f"{day} 09:00:00"


def test_a_task_that_is_done_or_passed_on_no_longer_reminds(firm):
    as_server(firm, task(), task("other"))
    change(firm, "task", "call", done_at_ms=START_MS)
    change(firm, "task", "other", assignee_id="ron")

    assert list(planned(firm)) == [("ron", f"task:other:{TOMORROW}")]


def test_a_task_that_was_done_after_its_reminder_takes_back_what_was_not_sent_yet(firm):
    as_server(firm, task())
    pass_to(firm, NINE_TOMORROW)
    assert told(firm) == [("rita", "A task is due")]

    change(firm, "task", "call", done_at_ms=firm.clock())
    assert told(firm) == []


def test_the_owner_is_reminded_to_get_in_touch_with_a_customer(firm):
    as_server(firm, op("account", "acme", name="Acme Ltd", short_name="Acme", kind="customer", owner_id="rita",
                       next_contact_on=TOMORROW))  # fmt: skip

    assert planned(firm) == {("rita", f"contact:acme:{TOMORROW}"): NINE_TOMORROW}
    pass_to(firm, NINE_TOMORROW)
    assert told(firm) == [("rita", "Time to get in touch: %(name)s")]


def test_another_time_zone_or_hour_plans_everything_of_the_person_anew(firm):
    as_server(firm, task(), preference("rita", remind_at="08:15"))
    assert list(planned(firm).values()) == [NINE_TOMORROW - 45 * MINUTE]

    change(firm, "preference", "rita", timezone="America/New_York")
    assert list(planned(firm).values()) == [dates.at_clock(TOMORROW, "08:15", "America/New_York")]


# --- people -------------------------------------------------------------------------------------------


def test_whoever_is_disabled_gets_none_and_their_successor_those_of_what_is_handed_over(firm):
    change(firm, "user", "rita", manager_id="mona")
    as_server(firm, task(), event(attendee_ids=["ron"]))
    change(firm, "user", "rita", is_active=0)

    assert {user for user, _ in planned(firm)} == {"mona", "ron"}


def test_a_name_is_told_only_to_whoever_may_see_the_customer(firm):
    as_server(firm, op("account", "acme", name="Acme", kind="customer", owner_id="rita"))
    as_server(firm, event(account_id="acme", attendee_ids=["sam"]))
    pass_to(firm, START_MS + 3 * HOUR)

    assert sorted(told(firm)) == [("rita", "Appointment at %(time)s: %(name)s"), ("sam", "Appointment at %(time)s")]


def test_a_notice_holds_no_title_and_no_note(firm):
    as_server(firm, event(title="Secret title", note="Secret note"), task(title="Secret title"))
    pass_to(firm, START_MS + 3 * HOUR)
    pass_to(firm, NINE_TOMORROW)

    with firm.look() as db:
        rows = [dict(row) for row in db.execute("SELECT * FROM notice")]
    assert len(rows) == 2
    assert "Secret" not in json.dumps(rows)


# --- exactly once -------------------------------------------------------------------------------------


class _Crash(Exception):
    pass


@pytest.mark.parametrize("statement", range(1, 16))
def test_a_crash_at_any_statement_leaves_each_reminder_to_be_sent_exactly_once(firm, statement):
    as_server(firm, event(attendee_ids=["ron"]), task(due_on=TODAY))
    firm.clock.ms = START_MS + 3 * HOUR
    count = 0

    class Crashing:
        """The connection of a server that dies at its n-th statement."""

        def __init__(self, db):
            self.db = db

        def execute(self, *args):
            nonlocal count
            count += 1
            if count == statement:
                raise SystemExit
            return self.db.execute(*args)

    def job(db):
        try:
            tick.send_due(Crashing(db), firm)
        except SystemExit as died:
            raise _Crash from died

    with suppress(_Crash):
        firm.write_now(job)
    while firm.write_now(lambda db: tick.send_due(db, firm)):
        pass

    assert sorted(told(firm)) == [
        ("rita", "A task is due"), ("rita", "Appointment at %(time)s"), ("ron", "Appointment at %(time)s"),
    ]  # fmt: skip


def test_what_was_due_while_the_server_was_down_is_sent_while_it_is_of_use(firm):
    start_ms = START_MS + 3 * HOUR
    as_server(firm, event(), task(due_on=TOMORROW), task("missed", due_on=TODAY))

    assert pass_to(firm, start_ms + 30 * MINUTE) == 2  # the appointment goes on
    assert pass_to(firm, NINE_TOMORROW + 8 * HOUR) == 1  # still that day
    assert [text for _, text in told(firm)].count("A task is due") == 2


def test_what_is_of_no_use_any_more_is_missed_and_not_told(firm):
    as_server(firm, event(), task())

    pass_to(firm, NINE_TOMORROW + DAY)
    assert told(firm) == []
    with firm.look() as db:
        assert db.execute("SELECT count(*) FROM reminder WHERE missed_at_ms IS NOT NULL").fetchone()[0] == 2


def test_a_reminder_that_fails_holds_back_no_other(firm, caplog):
    as_server(firm, event(), event("broken", start_ms=START_MS + 2 * HOUR))
    firm.write_now(lambda db: db.execute("UPDATE reminder SET kind = 'unheard of' WHERE row_id = 'broken'"))

    assert pass_to(firm, START_MS + 3 * HOUR) == 2
    assert len(told(firm)) == 1
    assert pass_to(firm, firm.clock.ms + 1) == 0


# --- put off ------------------------------------------------------------------------------------------


def snooze(device: Device, key: str, until_ms: int) -> None:
    row_id = derived_id(key, device.user_id)
    if row_id in device.rows.get("snooze", {}):
        device.edit("snooze", row_id, until_ms=until_ms)
    else:
        device.add("snooze", row_id, key=key, until_ms=until_ms)


def test_what_was_put_off_comes_again(firm):
    as_server(firm, event())
    rita = Device(firm, "rita")
    rita.sync()
    [(_, key)] = planned(firm)
    pass_to(firm, START_MS + 3 * HOUR - 10 * MINUTE)
    until_ms = firm.clock() + 10 * MINUTE
    snooze(rita, key, until_ms)
    rita.sync()

    assert planned(firm) == {("rita", key): until_ms}
    assert pass_to(firm, until_ms) == 1
    assert len(told(firm)) == 2


def test_put_off_on_two_devices_it_comes_once_at_the_later_choice(firm):
    as_server(firm, task(due_on=TODAY))
    phone, laptop = Device(firm, "rita"), Device(firm, "rita", name="laptop")
    phone.sync()
    laptop.sync()
    pass_to(firm, START_MS + MINUTE)
    key = f"task:call:{TODAY}"
    snooze(phone, key, START_MS + HOUR)
    firm.clock.ms += MINUTE
    snooze(laptop, key, START_MS + 2 * HOUR)
    laptop.sync()
    phone.sync()

    assert not phone.refused and not laptop.refused
    assert planned(firm) == {("rita", key): START_MS + 2 * HOUR}
    pass_to(firm, START_MS + HOUR)
    pass_to(firm, START_MS + 2 * HOUR)
    assert len(told(firm)) == 2


def test_what_was_put_off_to_tomorrow_is_of_use_tomorrow(firm):
    as_server(firm, task(due_on=TODAY))
    rita = Device(firm, "rita")
    rita.sync()
    pass_to(firm, START_MS + MINUTE)
    snooze(rita, f"task:call:{TODAY}", NINE_TOMORROW)
    rita.sync()

    pass_to(firm, NINE_TOMORROW)
    assert len(told(firm)) == 2


def test_what_was_switched_off_does_not_come_and_comes_when_switched_on(firm):
    as_server(firm, task())
    rita = Device(firm, "rita")
    rita.sync()
    snooze(rita, f"task:call:{TOMORROW}", OFF_MS)
    rita.sync()
    assert planned(firm) == {}

    snooze(rita, f"task:call:{TOMORROW}", NINE_TOMORROW)
    rita.sync()
    assert list(planned(firm).values()) == [NINE_TOMORROW]


def test_putting_off_one_day_of_a_series_leaves_the_next_alone(firm):
    as_server(firm, event(start_ms=NINE_TOMORROW, **STANDUP))
    rita = Device(firm, "rita")
    rita.sync()
    pass_to(firm, NINE_TOMORROW - 10 * MINUTE)
    first = f"event:visit:{NINE_TOMORROW}"
    snooze(rita, first, NINE_TOMORROW + HOUR)
    rita.sync()

    after = NINE_TOMORROW + DAY
    assert planned(firm) == {
        ("rita", first): NINE_TOMORROW + HOUR,
        ("rita", f"event:visit:{after}"): after - 10 * MINUTE,
    }


@pytest.mark.parametrize("key", ["", "event", "event:", "nothing:x:1", "event:visit:x", "task:no-such:2026-01-01", ":"])
def test_a_key_that_names_nothing_harms_nothing(firm, key):
    as_server(firm, event())
    rita = Device(firm, "rita")
    rita.sync()
    before = planned(firm)
    snooze(rita, key or "-", START_MS + HOUR)
    rita.sync()

    assert planned(firm) == before


def test_nobody_puts_off_what_reminds_somebody_else(firm):
    as_server(firm, event())
    [(_, key)] = planned(firm)
    before = planned(firm)
    sam = Device(firm, "sam")
    sam.sync()
    snooze(sam, key, OFF_MS)
    sam.sync()

    assert planned(firm) == before


# --- approvals ----------------------------------------------------------------------------------------


def test_a_step_of_an_approval_that_is_late_is_acted_upon_at_its_time_and_not_once_it_is_decided(firm):
    at = AskingFirm(firm)
    at.define("leave", MANAGER)
    late, decided = at.ask("rita", "leave"), at.ask("rita", "leave")
    [step] = at.rows("approval_step", late)
    assert planned(firm)["", f"approval:{step['id']}"] == step["due_at_ms"]

    at.does("mona", "approve", decided)
    assert pass_to(firm, step["due_at_ms"] - 1_000) == 0
    assert pass_to(firm, step["due_at_ms"] + 1_000) == 1
    assert [action["verb"] for action in at.rows("approval_action", late)] == ["submit", "overdue"]
    assert "overdue" not in [action["verb"] for action in at.rows("approval_action", decided)]


# --- from before --------------------------------------------------------------------------------------


def test_a_database_from_before_is_planned_in_pieces_that_go_on_where_they_were(firm, monkeypatch):
    as_server(firm, *(task(f"t{n}") for n in range(7)), event(), event("daily", start_ms=NINE_TOMORROW, **STANDUP))
    wanted = planned(firm)
    firm.write_now(lambda db: db.execute("DELETE FROM reminder"))
    monkeypatch.setattr(rebuild, "PIECE", 3)

    pieces = 0
    while firm.write_now(lambda db: rebuild.plan_piece(db, firm.clock())):
        pieces += 1
    assert planned(firm) == wanted and len(wanted) == 9
    assert pieces > 5
    assert not firm.write_now(lambda db: rebuild.plan_piece(db, firm.clock()))


def test_planning_anew_sends_nothing_twice(firm):
    as_server(firm, event(), task(due_on=TODAY))
    pass_to(firm, START_MS + 3 * HOUR)
    firm.write_now(lambda db: rebuild.plan_all(db, firm.clock()))

    assert pass_to(firm, START_MS + 3 * HOUR + MINUTE) == 0
    assert len(told(firm)) == 2


def test_a_firm_that_moves_to_another_time_zone_is_planned_anew(firm):
    as_server(firm, task())
    firm.write_now(lambda db: rebuild.plan_all(db, firm.clock()))
    firm.write_now(lambda db: db.execute("UPDATE meta SET value = 'America/New_York' WHERE name = 'timezone'"))

    assert firm.write_now(lambda db: rebuild.plan_piece(db, firm.clock()))
    while firm.write_now(lambda db: rebuild.plan_piece(db, firm.clock())):
        pass
    assert list(planned(firm).values()) == [dates.at_clock(TOMORROW, "09:00", "America/New_York")]


# --- many ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "sql",
    [
        f"SELECT min(at_ms) FROM reminder WHERE {tick._DUE}",
        f"SELECT * FROM reminder WHERE {tick._DUE} AND at_ms <= 5 ORDER BY at_ms LIMIT 100",
        "DELETE FROM reminder WHERE (sent_at_ms IS NOT NULL OR missed_at_ms IS NOT NULL) AND at_ms < 5",
        "SELECT * FROM reminder WHERE row_id = 'a' AND entity = 'task'",
        "SELECT until_ms FROM snooze WHERE key = 'a' AND owner_id = 'b' AND deleted = 0 ORDER BY until_ms DESC LIMIT 1",
    ],
)
def test_a_tick_looks_at_nothing_but_what_is_due(firm, sql):
    with firm.look() as db:
        plan = " ".join(row["detail"] for row in db.execute(f"EXPLAIN QUERY PLAN {sql}"))
    assert "USING" in plan and "INDEX" in plan
    assert "TEMP B-TREE FOR ORDER BY" not in plan or "snooze" in plan


def test_what_was_sent_long_ago_is_let_go_of(firm):
    as_server(firm, event())
    pass_to(firm, START_MS + 3 * HOUR)

    assert firm.write_now(lambda db: tick.let_go(db, firm.clock())) == 0
    assert firm.write_now(lambda db: tick.let_go(db, firm.clock() + 31 * DAY)) == 1
