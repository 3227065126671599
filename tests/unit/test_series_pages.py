"""Series on pages: shown where they fall, changed one by one, from a day on, or all; clashes and their ways out."""

from __future__ import annotations

import pytest

from server.pages import Pages
from sync.ids import derived_id
from tests.unit.desk import Desk

NAMES = {"schedule", "event", "event_new", "event_edit", "people", "person", "today", "activity_new"}
DAY = "2026-11-24"  # a Tuesday


@pytest.fixture(scope="module")
def pages() -> Pages:
    return Pages(names=NAMES)


@pytest.fixture
def desk(pages) -> Desk:
    desk = Desk(pages)
    desk.person("anna", "Anna")
    desk.person("li", "李娜")
    desk.add("account", "a1", name="王芳贸易")
    return desk


def series(desk: Desk, id: str = "round", rule: str = "FREQ=WEEKLY", day: str = DAY, **fields) -> str:
    times = {"start_ms": desk.at(day, "10:00"), "end_ms": desk.at(day, "11:00")}
    given = {"title": id, "kind": "meeting", "rrule": rule, "timezone": "Asia/Shanghai"} | times
    return desk.add("event", id, **given | fields)


def visit(desk: Desk, id: str, begin: str, end: str, day: str = DAY, **fields) -> str:
    given = {"title": id, "kind": "visit", "start_ms": desk.at(day, begin), "end_ms": desk.at(day, end)}
    return desk.add("event", id, **given | fields)


def edit(desk: Desk, what: str, on: str, **typed):
    return desk.post(desk.get(f"/events/round/edit?what={what}&on={on}"), "event-form", **typed)


# --- shown


def test_a_series_shows_on_its_days_and_leads_to_the_one_of_that_day(desk):
    series(desk)

    shown = desk.get("/schedule?date=2026-12-08")

    assert "10:00–11:00 round Repeats" in shown.text
    assert "/events/round?on=2026-12-08" in shown.links
    assert "round" not in desk.get("/schedule?date=2026-12-09").text


def test_a_day_that_goes_its_own_way_takes_the_place_of_the_series(desk):
    series(desk)
    visit(desk, "moved", "15:00", "16:00", day="2026-12-02", series_id="round", occurrence_on="2026-12-01")

    assert "round" not in desk.get("/schedule?date=2026-12-01").text
    assert "15:00–16:00 moved" in desk.get("/schedule?date=2026-12-02").text
    assert "Today instead" not in desk.get("/events/round?on=2026-12-01").text
    assert "This one goes its own way, instead of Tue 1 Dec" in desk.get("/events/round?on=2026-12-01").text


def test_a_series_without_a_day_in_the_address_shows_its_next_one(desk):
    series(desk, day="2026-11-17")
    visit(desk, "off", "10:00", "11:00", series_id="round", occurrence_on=DAY, cancelled_at_ms=1)

    assert "Tue 1 Dec 10:00–11:00" in desk.get("/events/round").text


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ("FREQ=DAILY", "Every day"),
        ("FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR", "Every working day"),
        ("FREQ=WEEKLY", "Every Tuesday"),
        ("FREQ=WEEKLY;BYDAY=TU,TH;UNTIL=20270303", "Every week: Tuesday, Thursday until 3 Mar 2027"),
        ("FREQ=WEEKLY;UNTIL=20270303", "Every Tuesday until 3 Mar 2027"),
        ("FREQ=WEEKLY;INTERVAL=2;COUNT=6", "Every 2 weeks: Tuesday, 6 times"),
        ("FREQ=MONTHLY", "Every month: day 24"),
        ("FREQ=MONTHLY;BYDAY=4TU", "Every month: the fourth Tuesday"),
        ("FREQ=MONTHLY;BYDAY=-1TU", "Every month: the last Tuesday"),
        ("FREQ=MONTHLY;BYMONTHDAY=-1", "Every month: the last day"),
        ("FREQ=YEARLY", "Every year"),
        ("FREQ=YEARLY;BYDAY=20MO", "By a rule of its own: FREQ=YEARLY;BYDAY=20MO"),
    ],
)
def test_a_rule_is_said_in_words(desk, rule, words):
    series(desk, rule=rule)

    assert f"Repeats {words}" in desk.get("/events/round").text


def test_a_hidden_colleagues_series_is_busy_on_its_days_but_for_those_it_skips(desk):
    times = {"start_ms": desk.at(DAY, "10:00"), "end_ms": desk.at(DAY, "11:00")}
    more = {"rrule": "FREQ=WEEKLY", "timezone": "Asia/Shanghai", "skipped": '["2026-12-08"]'}
    desk.add("busy", "b", user_id="li", event_id="hidden", **times | more)

    assert "10:00–11:00 Busy" in desk.get("/schedule?who=li&date=2026-12-01").text
    assert "Busy" not in desk.get("/schedule?who=li&date=2026-12-08").text
    assert "李娜 10:00–11:00" in desk.get("/events/new?date=2026-12-01").text
    assert "Busy" in desk.get("/people/li").text


def test_whole_days_of_a_series_are_the_readers_days(pages):
    desk = Desk(pages, tz="America/New_York")
    desk.person("anna", "Anna")
    berlin = Desk(pages, tz="Europe/Berlin")
    start, end = berlin.at(DAY), berlin.at("2026-11-25")
    series(desk, "fair", start_ms=start, end_ms=end, is_all_day=1, timezone="Europe/Berlin")

    assert "All day fair" in desk.get("/schedule?date=2026-12-01").text
    assert "fair" not in desk.get("/schedule?date=2026-11-30").text
    assert "Tue 1 Dec, all day" in desk.get("/events/fair?on=2026-12-01").text


def test_someone_in_another_zone_sees_the_instants_where_the_clocks_change(pages):
    desk = Desk(pages)
    desk.person("anna", "Anna")
    berlin = Desk(pages, tz="Europe/Berlin")
    times = {"start_ms": berlin.at("2026-10-23", "09:00"), "end_ms": berlin.at("2026-10-23", "10:00")}
    series(desk, "call", "FREQ=DAILY", timezone="Europe/Berlin", **times)

    assert "15:00–16:00 call" in desk.get("/schedule?date=2026-10-24").text
    assert "16:00–17:00 call" in desk.get("/schedule?date=2026-10-25").text


def test_an_entry_about_a_day_of_a_series_is_of_that_day(desk):
    series(desk, day="2026-11-17", account_id="a1")

    shown = desk.get("/events/round?on=2026-11-24")

    assert "/activities/new?account=a1&event=round&on=2026-11-24" in shown.links
    assert 'value="2026-11-17T10:00"' in desk.get("/activities/new?account=a1&event=round&on=2026-11-17").html


# --- made and changed


def test_a_series_is_made_in_the_form(desk):
    shown = desk.get("/events/new?date=2026-11-24&time=10:00")
    days = {"e.rrule.day": ["TU", "TH"]}

    result = desk.post(
        shown, "event-form", days, e__title="Round", e__rrule="FREQ=WEEKLY", e__rrule__ends="until",
        e__rrule__until="2027-03-03",
    )  # fmt: skip

    row = desk.row("event", result.rows_by_slot["e"])
    assert (row["rrule"], row["timezone"]) == ("FREQ=WEEKLY;BYDAY=TU,TH;UNTIL=20270303", "Asia/Shanghai")


def test_a_single_appointment_has_no_rule(desk):
    result = desk.post(desk.get("/events/new"), "event-form", e__title="Once")

    assert desk.row("event", result.rows_by_slot["e"])["rrule"] is None


def test_a_series_sent_back_unchanged_changes_nothing(desk):
    for rule in ("FREQ=WEEKLY;BYDAY=TU,TH;UNTIL=20270303", "FREQ=MONTHLY;BYDAY=-1TU;COUNT=3", "FREQ=YEARLY;BYDAY=20MO"):
        series(desk, rule=rule)

        result = edit(desk, "all", DAY)

        assert (result.ops, result.errors) == ([], {})


def test_only_one_is_changed_in_a_row_of_its_own_that_every_device_names_alike(desk):
    series(desk, attendee_ids=["li"], account_id="a1", owner_id="li")

    result = edit(desk, "one", "2026-12-01", e__title="Elsewhere")

    id = derived_id("round", "2026-12-01")
    row = desk.row("event", id)
    assert [op["row"] for op in result.ops] == [id]
    assert (row["title"], row["series_id"], row["occurrence_on"]) == ("Elsewhere", "round", "2026-12-01")
    assert (row["rrule"], row["owner_id"], row["attendee_ids"]) == (None, "li", '["li"]')
    assert row["start_ms"] == desk.at("2026-12-01", "10:00")
    assert result.next == f"/events/{id}"


def test_this_one_and_all_after_it_become_a_series_of_their_own(desk):
    series(desk, rule="FREQ=WEEKLY;COUNT=10")
    visit(desk, "later", "15:00", "16:00", day="2026-12-15", series_id="round", occurrence_on="2026-12-15")

    times = {"e__start_ms__time": "14:00", "e__end_ms__time": "15:00"}
    result = edit(desk, "following", "2026-12-08", e__title="New round", **times)

    new = desk.row("event", derived_id("round", "2026-12-08", "following"))
    assert desk.row("event", "round")["rrule"] == "FREQ=WEEKLY;UNTIL=20261207"
    assert (new["rrule"], new["start_ms"]) == ("FREQ=WEEKLY;COUNT=8", desk.at("2026-12-08", "14:00"))
    assert len({op["group"] for op in result.ops}) == 1
    # What went its own way before goes along, and is not there twice.
    text = desk.get("/schedule?date=2026-12-15").text
    assert "later" in text
    assert "New round" not in text
    assert "10:00–11:00 round" in desk.get("/schedule?date=2026-12-01").text
    assert "14:00–15:00 New round" in desk.get("/schedule?date=2026-12-22").text


def test_the_whole_series_is_changed_in_its_own_row(desk):
    series(desk)

    result = edit(desk, "all", "2026-12-08", e__title="Renamed")

    assert [(op["row"], op["set"]) for op in result.ops] == [("round", {"title": "Renamed"})]


def test_following_the_first_one_is_the_whole_series(desk):
    series(desk)

    result = edit(desk, "following", DAY, e__title="Renamed")

    assert [op["row"] for op in result.ops] == ["round"]


def test_moving_one_by_a_button_moves_only_that_one(desk):
    series(desk)
    shown = desk.get("/events/round?on=2026-12-01")

    desk.post(shown, shown.forms_with("e.end_ms")[0])

    row = desk.row("event", derived_id("round", "2026-12-01"))
    assert row["start_ms"] == desk.at("2026-12-02", "10:00")
    assert "round" not in desk.get("/schedule?date=2026-12-01").text
    assert "10:00–11:00 round" in desk.get("/schedule?date=2026-12-08").text


def test_cancelling_asks_which_and_each_answer_does_what_it_says(desk):
    series(desk)
    visit(desk, "later", "15:00", "16:00", day="2026-12-15", series_id="round", occurrence_on="2026-12-15")
    shown = desk.get("/events/round?on=2026-12-01")
    one = next(n for n in shown.forms_with("e.cancelled_at_ms", "@now"))
    following = shown.forms_with("m.rrule")[0]
    whole = shown.forms_with("m.cancelled_at_ms")[0]

    desk.post(shown, one)
    assert desk.row("event", derived_id("round", "2026-12-01"))["cancelled_at_ms"]
    assert "Cancelled" in desk.get("/events/round?on=2026-12-01").text

    desk.post(shown, following)
    assert desk.row("event", "round")["rrule"] == "FREQ=WEEKLY;UNTIL=20261130"
    assert desk.row("event", "later")["cancelled_at_ms"]

    desk.post(shown, whole)
    assert desk.row("event", "round")["cancelled_at_ms"]
    assert "round" not in desk.get(f"/schedule?date={DAY}").text


def test_deleting_a_series_takes_what_went_its_own_way_along(desk):
    series(desk)
    visit(desk, "later", "15:00", "16:00", series_id="round", occurrence_on="2026-12-15")
    shown = desk.get("/events/round/edit?what=all")

    desk.post(shown, shown.forms_with("d.deleted")[0])

    assert desk.rows("event") == []


def test_a_rule_without_its_end_is_refused_and_shown_again(desk):
    shown = desk.get("/events/new")

    result = desk.post(shown, "event-form", e__title="X", e__rrule="FREQ=DAILY", e__rrule__ends="until")

    assert result.errors == {"e.rrule": ("no_rule_end", {"field": "rrule"})}


# --- clashes


def test_two_places_at_once_are_said_on_today_the_schedule_and_both_appointments(desk):
    series(desk)
    visit(desk, "Fair", "10:30", "12:00", day="2026-12-01")

    pair = "Tue 1 Dec, 10:30–12:00 10:00–11:00 round 10:30–12:00 Fair Move"
    assert f"Two appointments at one time {pair}" in desk.get("/").text
    assert "Overlaps with Fair, 10:30–12:00" in desk.get("/schedule?date=2026-12-01").text
    assert "You: Fair, 10:30–12:00" in desk.get("/events/round?on=2026-12-01").text
    assert "You: round, 10:00–11:00" in desk.get("/events/Fair").text
    assert "At the same time" not in desk.get("/events/round?on=2026-12-08").text


def test_today_counts_the_clashes_of_fourteen_days(desk):
    series(desk)
    for number, day in enumerate(("2026-12-01", "2026-12-07", "2026-12-08")):
        visit(desk, f"v{number}", "10:30", "12:00", day=day)

    assert "Two appointments at one time Tue 1 Dec" in desk.get("/").text
    visit(desk, "more", "10:30", "12:00")
    assert "2 times two appointments at one time" in desk.get("/").text


@pytest.mark.parametrize("address", ["/", "/events/Fair"])
def test_keeping_both_is_one_tap_and_is_remembered(desk, address):
    series(desk)
    visit(desk, "Fair", "10:30", "12:00", day="2026-12-01")
    shown = desk.get(address)

    desk.post(shown, shown.forms_with("k.event_id")[0])

    assert "one time" not in desk.get("/").text
    assert "Overlaps" not in desk.get("/schedule?date=2026-12-01").text
    assert "Overlaps with round, and you keep both" in desk.get("/events/Fair").text
    again = desk.get("/events/Fair")
    desk.post(again, again.forms_with("k.deleted")[0])
    assert "one time" in desk.get("/").text


def test_moving_from_today_takes_the_next_free_time(desk):
    visit(desk, "First", "10:00", "11:00")
    visit(desk, "Second", "10:30", "11:30")
    shown = desk.get("/")

    desk.post(shown, shown.forms_with("e.start_ms")[0])

    assert desk.row("event", "Second")["start_ms"] == desk.at(DAY, "11:00")
    assert "one time" not in desk.get("/").text


def test_cancelling_one_from_today_leaves_the_rest_of_its_series(desk):
    visit(desk, "First", "09:50", "11:00")
    series(desk)
    shown = desk.get("/")

    desk.post(shown, shown.forms_with("e.cancelled_at_ms")[0])

    assert desk.row("event", derived_id("round", DAY))["cancelled_at_ms"]
    assert desk.row("event", "round")["cancelled_at_ms"] is None
    assert "one time" not in desk.get("/").text


def test_free_times_are_those_of_everybody_who_takes_part(desk):
    visit(desk, "Meet", "14:00", "15:00", attendee_ids=["li"])
    visit(desk, "Mine", "13:30", "14:30")
    desk.add("busy", "b", user_id="li", event_id="x", start_ms=desk.at(DAY, "15:00"), end_ms=desk.at(DAY, "16:00"))

    text = desk.get("/events/Meet").text

    assert "Move to Today 12:30 Move to Today 16:00" in text
    assert "Today 15:00" not in text


def test_what_is_cancelled_or_another_persons_is_no_clash(desk):
    series(desk)
    visit(desk, "Off", "10:30", "12:00", cancelled_at_ms=1)
    visit(desk, "Of Li", "10:30", "12:00", owner_id="li")

    assert "one time" not in desk.get("/").text
    assert "At the same time" not in desk.get(f"/events/round?on={DAY}").text


def test_a_whole_day_elsewhere_counts(desk):
    series(desk)
    visit(desk, "Fair", "12:00", "13:00", is_all_day=1)

    assert "Two appointments at one time" in desk.get("/").text
    assert "Overlaps with Fair, all day" in desk.get("/schedule").text
