"""The schedule, an appointment's page and its forms, over rows."""

from __future__ import annotations

import pytest

from server.pages import Form, NotFound, Pages
from tests.unit.desk import Desk

NAMES = {"schedule", "event", "event_new", "event_edit", "people", "person"}
DAY = "2026-11-24"


@pytest.fixture(scope="module")
def pages() -> Pages:
    return Pages(names=NAMES)


@pytest.fixture
def desk(pages) -> Desk:
    desk = Desk(pages)
    desk.add("department", "north", name="North", position=1)
    desk.person("anna", "Anna", department_id="north")
    desk.person("li", "李娜", manager_id="anna")
    desk.person("zhao", "赵磊")
    desk.add("account", "a1", name="王芳贸易", address="世纪大道 100 号", phones=["138 0013 8001"])
    return desk


def visit(desk: Desk, id: str, begin: str, end: str, day: str = DAY, **fields) -> str:
    given = {"title": id, "kind": "visit", "start_ms": desk.at(day, begin), "end_ms": desk.at(day, end)}
    return desk.add("event", id, **given | fields)


def busy(desk: Desk, user_id: str, begin: str, end: str, event_id: str = "hidden") -> None:
    times = {"start_ms": desk.at(DAY, begin), "end_ms": desk.at(DAY, end)}
    desk.add("busy", f"busy-{user_id}", user_id=user_id, event_id=event_id, **times)


# --- the schedule


def test_a_day_shows_appointments_and_free_times_in_order(desk):
    visit(desk, "Tasting", "15:00", "16:00")
    visit(desk, "Early", "10:30", "11:30", account_id="a1")

    text = desk.get("/schedule").text

    # It is 09:41: free time begins at the next quarter of an hour, and the day closes at 19:00.
    order = ["09:45–10:30 Free", "10:30–11:30 Early", "王芳贸易", "11:30–15:00 Free", "Tasting", "16:00–19:00 Free"]
    assert [text.find(part) for part in order] == sorted(text.find(part) for part in order)
    assert all(part in text for part in order)


def test_a_free_time_leads_to_a_new_appointment_at_that_time(desk):
    visit(desk, "Early", "10:30", "11:30")

    assert "/events/new?date=2026-11-24&time=11:30" in desk.get("/schedule").links


def test_past_days_offer_no_free_time(desk):
    assert "Free" not in desk.get("/schedule?date=2026-11-23").text


def test_a_week_shows_seven_days_from_monday(desk):
    visit(desk, "On Sunday", "09:00", "10:00", day="2026-11-29")
    visit(desk, "On Monday after", "09:00", "10:00", day="2026-11-30")

    shown = desk.get("/schedule?view=week&date=2026-11-26")

    assert shown.html.count('class="day"') == 7
    assert "On Sunday" in shown.text
    assert "On Monday after" not in shown.text


def test_overlapping_appointments_say_so_at_both(desk):
    visit(desk, "One", "10:00", "11:00")
    visit(desk, "Two", "10:30", "11:30")
    visit(desk, "Three", "11:30", "12:00")

    text = desk.get("/schedule").text

    assert "Overlaps with Two, 10:30–11:30" in text
    assert "Overlaps with One, 10:00–11:00" in text
    assert "Overlaps with Three" not in text


def test_overlapping_appointments_stand_in_different_lanes(desk):
    visit(desk, "One", "09:00", "12:00")
    visit(desk, "Two", "09:30", "10:30")
    visit(desk, "Three", "10:30", "11:30")
    visit(desk, "Four", "11:00", "12:30")

    html = desk.get("/schedule?view=week").html

    before = [html.split(f">{title}</a>")[0] for title in ("One", "Two", "Three", "Four")]
    assert [text.rpartition("lane-")[2][0] for text in before] == ["0", "1", "1", "2"]


def test_a_cancelled_appointment_is_shown_as_such_and_takes_no_time(desk):
    visit(desk, "Off", "10:00", "11:00", cancelled_at_ms=1)
    visit(desk, "On", "10:00", "11:00")

    text = desk.get("/schedule").text

    assert "Off Cancelled" in text
    assert "Overlaps" not in text


def test_an_appointment_over_midnight_is_on_both_days(desk):
    visit(desk, "Night", "22:00", "23:00", end_ms=desk.at("2026-11-25", "02:00"))

    assert "from 22:00 Night" in desk.get("/schedule").text
    assert "until 02:00 Night" in desk.get("/schedule?date=2026-11-25").text
    assert "Night" not in desk.get("/schedule?date=2026-11-26").text


def test_an_all_day_appointment_fills_each_of_its_days_whatever_its_clock_times(desk):
    start, end = desk.at(DAY, "09:00"), desk.at("2026-11-26", "08:00")
    desk.add("event", "fair", title="Fair", kind="other", is_all_day=1, start_ms=start, end_ms=end)

    for day in (DAY, "2026-11-25", "2026-11-26"):
        assert "All day Fair" in desk.get(f"/schedule?date={day}").text
    assert "Fair" not in desk.get("/schedule?date=2026-11-27").text


def test_an_appointment_that_ends_before_it_starts_still_shows(desk):
    visit(desk, "Odd", "10:00", "09:00")

    assert "Odd" in desk.get("/schedule").text


def test_the_team_is_who_reports_to_me_and_my_department_and_others_are_not_in_it(desk):
    desk.person("wang", "王敏", department_id="north")
    visit(desk, "Of Li", "13:00", "14:00", owner_id="li")
    visit(desk, "Of Wang", "14:00", "15:00", owner_id="wang")
    visit(desk, "Of Zhao", "15:00", "16:00", owner_id="zhao")

    text = desk.get("/schedule?who=team").text

    assert "Of Li" in text
    assert "Of Wang" in text
    assert "Of Zhao" not in text


def test_a_colleagues_hidden_appointment_shows_only_as_busy(desk):
    busy(desk, "zhao", "10:00", "12:00")

    assert "10:00–12:00 Busy" in desk.get("/schedule?who=zhao").text


def test_an_appointment_that_i_see_is_not_also_said_to_be_busy(desk):
    visit(desk, "Together", "10:00", "11:00", owner_id="zhao", attendee_ids=["anna"])
    busy(desk, "zhao", "10:00", "11:00", event_id="Together")

    text = desk.get("/schedule?who=zhao").text

    assert "Together" in text
    assert "Busy" not in text


def test_an_unsent_appointment_is_marked(desk):
    visit(desk, "New one", "10:00", "11:00")
    desk.queue("event", "New one", set={"title": "New one"})

    assert "New one To send" in desk.get("/schedule").text


@pytest.mark.parametrize("day", ["2026-03-29", "2026-10-25"])
def test_free_times_and_places_are_right_where_the_clocks_change(pages, day):
    # Berlin's clocks change at 02:00 or 03:00; 10:00 is counted from the midnight after.
    desk = Desk(pages, tz="Europe/Berlin", now_ms=1_767_225_600_000)
    desk.person("anna", "Anna")
    ten = desk.at({"2026-03-29": "2026-03-30", "2026-10-25": "2026-10-26"}[day]) - 14 * 3_600_000
    desk.add("event", "visit", title="Visit", kind="visit", start_ms=ten, end_ms=ten + 3_600_000)

    shown = desk.get(f"/schedule?date={day}")

    assert "08:00–10:00 Free" in shown.text
    assert "10:00–11:00 Visit" in shown.text
    assert "11:00–19:00 Free" in shown.text
    assert "from-40 to-44" in shown.html


@pytest.mark.parametrize("address", ["/schedule?date=tomorrow", "/schedule?date=2026-13-40", "/schedule?view=year"])
def test_nonsense_in_the_address_shows_today(desk, address):
    assert "Today" in desk.get(address).text


def test_a_person_who_left_is_nobody_to_show(desk):
    assert "Nobody to show" in desk.get("/schedule?who=gone").text


# --- an appointment


def test_an_appointment_says_who_where_and_when(desk):
    desk.add("contact", "c1", account_id="a1", name="王芳", title="Owner", phones=["138 1111 8001"])
    people = {"contact_ids": ["c1"], "attendee_ids": ["li"]}
    visit(desk, "Review", "10:30", "11:30", account_id="a1", remind_minutes=30, **people)

    shown = desk.get("/events/Review")

    assert "When Today 10:30–11:30" in shown.text
    assert "世纪大道 100 号" in shown.text
    assert "王芳 Owner" in shown.text
    assert "李娜" in shown.text
    assert "30 minutes before" in shown.text
    assert "/customers/a1" in shown.links
    assert "/activities/new?account=a1&event=Review" in shown.links
    assert "tel:13811118001" in shown.links


def test_an_unknown_appointment_is_not_found(desk):
    with pytest.raises(NotFound):
        desk.get("/events/none")


def test_everyone_who_is_elsewhere_at_that_time_is_named(desk):
    visit(desk, "Review", "10:30", "11:30", attendee_ids=["li", "zhao"])
    visit(desk, "Mine too", "11:00", "12:00")
    visit(desk, "Before", "09:00", "10:30")
    busy(desk, "li", "11:15", "13:00")

    text = desk.get("/events/Review").text

    assert "You: Mine too, 11:00–12:00" in text
    assert "李娜: busy, 11:15–13:00" in text
    assert "Before" not in text
    assert "赵磊:" not in text


def test_a_whole_day_elsewhere_is_a_clash_too(desk):
    visit(desk, "Review", "10:30", "11:30")
    visit(desk, "Fair", "12:00", "13:00", is_all_day=1)

    assert "You: Fair, all day" in desk.get("/events/Review").text


def test_moving_keeps_the_clock_time_where_the_clocks_change(pages):
    desk = Desk(pages, tz="Europe/Berlin", now_ms=1_774_000_000_000)
    desk.person("anna", "Anna")
    visit(desk, "Visit", "10:00", "11:00", day="2026-03-28")
    shown = desk.get("/events/Visit")

    desk.post(shown, shown.forms_with("e.end_ms")[0])

    assert "29 Mar 10:00–11:00" in desk.get("/events/Visit").text


def test_moving_by_a_week(desk):
    visit(desk, "Visit", "10:00", "11:00")
    shown = desk.get("/events/Visit")

    desk.post(shown, shown.forms_with("e.end_ms")[1])

    row = desk.row("event", "Visit")
    assert (row["start_ms"], row["end_ms"]) == (desk.at("2026-12-01", "10:00"), desk.at("2026-12-01", "11:00"))


def test_cancelling_and_putting_back(desk):
    visit(desk, "Visit", "10:00", "11:00")
    shown = desk.get("/events/Visit")

    desk.post(shown, shown.forms_with("e.cancelled_at_ms")[0])
    cancelled = desk.get("/events/Visit")
    desk.post(cancelled, cancelled.forms_with("e.cancelled_at_ms")[0])

    assert "Cancelled Today 09:41" in cancelled.text
    assert desk.row("event", "Visit")["cancelled_at_ms"] is None


def test_an_open_conflict_is_announced_on_the_page(desk):
    visit(desk, "Visit", "10:00", "11:00")
    sides = {"kept": "{}", "lost": "{}", "base": "{}"}
    desk.add("conflict", "x1", target_entity="event", target_id="Visit", kind="field", unit="time", **sides)

    assert "/conflicts/x1" in desk.get("/events/Visit").links


# --- the form


def test_a_new_appointment_takes_customer_contacts_colleagues_and_times(desk):
    desk.add("contact", "c1", account_id="a1", name="王芳")
    shown = desk.get("/events/new?date=2026-11-25&time=14:00&account=a1")

    people = {"e.contact_ids": ["c1"], "e.attendee_ids": ["li"]}
    result = desk.post(shown, "event-form", people, e__title="Review", e__remind_minutes="30")

    assert not result.errors
    row = desk.row("event", result.rows_by_slot["e"])
    assert result.next == f"/events/{row['id']}"
    assert (row["title"], row["kind"], row["account_id"], row["owner_id"]) == ("Review", "visit", "a1", "anna")
    assert (row["contact_ids"], row["attendee_ids"]) == ('["c1"]', '["li"]')
    assert (row["start_ms"], row["end_ms"]) == (desk.at("2026-11-25", "14:00"), desk.at("2026-11-25", "15:00"))
    assert (row["remind_minutes"], row["is_all_day"]) == (30, 0)


def test_a_new_appointment_starts_at_the_next_full_hour_today(desk):
    assert 'value="10:00"' in desk.get("/events/new").html


def test_a_new_appointment_on_another_day_starts_at_nine(desk):
    html = desk.get("/events/new?date=2026-12-01").html

    assert 'value="2026-12-01"' in html
    assert 'value="09:00"' in html


def test_colleagues_show_when_they_are_taken(desk):
    visit(desk, "Seen", "10:00", "11:00", owner_id="li")
    busy(desk, "li", "15:00", "16:00")

    text = desk.get("/events/new?date=2026-11-24").text

    assert "李娜 10:00–11:00, 15:00–16:00" in text
    assert "赵磊 Free" in text


def test_editing_an_appointment_is_not_taken_by_itself(desk):
    visit(desk, "Review", "10:30", "11:30", attendee_ids=["li"])

    assert "李娜 Free" in desk.get("/events/Review/edit").text


def test_a_form_sent_back_unchanged_changes_nothing(desk):
    desk.add("contact", "c1", account_id="a1", name="王芳")
    people = {"contact_ids": ["c1"], "attendee_ids": ["li"]}
    visit(desk, "Review", "10:30", "11:30", account_id="a1", note="One\nTwo", remind_minutes=10, **people)

    result = desk.post(desk.get("/events/Review/edit"), "event-form")

    assert result.ops == []
    assert not result.errors


def test_editing_changes_only_what_was_changed(desk):
    visit(desk, "Review", "10:30", "11:30", attendee_ids=["li"])

    result = desk.post(desk.get("/events/Review/edit"), "event-form", {"e.attendee_ids": ["zhao"]}, e__place="Room 3")

    assert result.ops[0]["set"] == {"place": "Room 3"}
    assert (result.ops[0]["add"], result.ops[0]["remove"]) == ({"attendee_ids": ["zhao"]}, {"attendee_ids": ["li"]})


def test_another_customer_can_be_chosen_for_an_appointment(desk):
    desk.add("account", "a2", name="Northwind")
    visit(desk, "Review", "10:30", "11:30", account_id="a1")

    desk.post(desk.get("/events/Review/edit?account=a2"), "event-form")

    assert desk.row("event", "Review")["account_id"] == "a2"


def test_the_customer_can_be_taken_off_an_appointment(desk):
    visit(desk, "Review", "10:30", "11:30", account_id="a1")

    desk.post(desk.get("/events/Review/edit?account=-"), "event-form")

    assert desk.row("event", "Review")["account_id"] is None


def test_customers_are_found_by_initials_and_by_the_end_of_a_phone_number(desk):
    for typed in ("wfmy", "8001", "王芳"):
        assert "account=a1" in " ".join(desk.get(f"/events/new?account_q={typed}").links)
    assert "No customer found" in desk.get("/events/new?account_q=zzz").text


def test_without_a_search_the_customers_met_last_are_offered(desk):
    desk.add("account", "a2", name="Northwind")
    desk.add("activity", "v1", account_id="a2", kind="call", at_ms=desk.now_ms, body="")

    links = " ".join(desk.get("/events/new").links)

    assert "account=a2" in links
    assert "account=a1" not in links


def test_a_missing_title_is_refused_and_everything_typed_is_shown_again(desk):
    shown = desk.get("/events/new?date=2026-11-25&time=14:00")

    result = desk.post(
        shown, "event-form", {"e.attendee_ids": ["li"]}, e__title="", e__note="Long story", e__kind="call"
    )

    again = desk.get("/events/new", form=Form(result.errors, result.values))
    assert result.errors.keys() == {"e.title"}
    assert "Long story" in again.html
    assert 'value="14:00"' in again.html
    assert '<input type="checkbox" name="e.attendee_ids" value="li" checked>' in again.html
    assert 'value="call" checked' in again.html


def test_deleting_asks_for_the_row_to_go(desk):
    visit(desk, "Review", "10:30", "11:30")
    shown = desk.get("/events/Review/edit")

    desk.post(shown, shown.forms_with("d.deleted")[0])

    assert desk.row("event", "Review") is None


# --- colleagues


def test_a_colleagues_page_shows_the_days_ahead_and_their_customers(desk):
    desk.add("account", "a9", name="Of Zhao Ltd", owner_id="zhao")
    visit(desk, "Install", "15:00", "16:00", owner_id="zhao", account_id="a9")
    busy(desk, "zhao", "17:00", "18:00")

    text = desk.get("/people/zhao").text

    assert "Install" in text
    assert "Busy" in text
    assert "Of Zhao Ltd" in text


def test_the_directory_is_grouped_by_department_and_searched_by_initials(desk):
    assert "North A Anna (me)" in desk.get("/people").text
    found = desk.get("/people?q=ln").text
    assert "李娜" in found
    assert "赵磊" not in found
