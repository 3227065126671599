"""Tasks, comments, outbox, conflicts, search, Me and the team's feed, over rows."""

from __future__ import annotations

import json

import pytest

from server.pages import Form, NotFound, Pages
from tests.unit.desk import NOW_MS, Desk

NAMES = {
    *("tasks", "task", "task_new", "task_edit", "comment", "comment_new"),
    *("outbox", "conflicts", "conflicts_several", "conflict", "me", "search", "team"),
}
HOUR = 3_600_000


@pytest.fixture(scope="module")
def pages() -> Pages:
    return Pages(names=NAMES)


@pytest.fixture
def desk(pages) -> Desk:
    desk = Desk(pages)
    desk.add("role", "rep", name="Rep", data_scope="own")
    desk.add("role", "manager", name="Manager", data_scope="below")
    desk.person("anna", "Anna")
    desk.person("li", "李娜", manager_id="anna")
    desk.add("account", "a1", name="王芳贸易", phones=["138 0013 8001"])
    return desk


def task(desk: Desk, id: str, **fields) -> str:
    return desk.add("task", id, **{"title": id, "assignee_id": "anna"} | fields)


# --- tasks


def test_tasks_stand_in_the_quadrant_of_their_importance_and_urgency(desk):
    task(desk, "Both", is_important=1, is_urgent=1)
    task(desk, "Weighty", is_important=1)
    task(desk, "Pressing", is_urgent=1)
    task(desk, "Neither")

    text = desk.get("/tasks").text

    order = ["Do now", "Both", "Plan", "Weighty", "Do soon", "Pressing", "When there is time", "Neither"]
    places = [text.index(part) for part in order]
    assert places == sorted(places)


def test_by_date_what_is_due_first_comes_first_and_late_is_said(desk):
    task(desk, "Someday")
    task(desk, "Soon", due_on="2026-11-30")
    task(desk, "Overdue", due_on="2026-11-23", is_important=0)

    text = desk.get("/tasks?view=list").text

    assert text.index("Overdue") < text.index("Soon") < text.index("Someday")
    assert "Late: Yesterday" in text


def test_tasks_of_others_are_not_mine(desk):
    task(desk, "For Li", assignee_id="li")

    assert "For Li" not in desk.get("/tasks").text
    assert "For Li" in desk.get("/tasks?who=given").text
    assert "李娜" in desk.get("/tasks?who=given").text


def test_one_tap_ticks_a_task_off_and_one_brings_it_back(desk):
    task(desk, "Quote", is_urgent=1)

    result = desk.post(desk.get("/tasks"), 0)
    after = desk.get(result.next)
    done_at_ms = desk.row("task", "Quote")["done_at_ms"]
    undone = desk.post(after, after.forms_with("t.done_at_ms", "")[0])

    assert done_at_ms == NOW_MS
    assert "Done: Quote Undo" in after.text
    assert desk.row("task", "Quote")["done_at_ms"] is None
    assert "Undo" not in desk.get(undone.next).text


def test_done_tasks_are_kept_newest_first(desk):
    task(desk, "Older", done_at_ms=NOW_MS - HOUR)
    task(desk, "Newer", done_at_ms=NOW_MS)

    assert "Older" not in desk.get("/tasks").text
    text = desk.get("/tasks?show=done").text
    assert text.index("Newer") < text.index("Older")


def test_a_new_task_can_hang_on_a_customer_and_be_given_away(desk):
    shown = desk.get("/tasks/new?account=a1&due=2026-12-01")

    result = desk.post(shown, "task-form", t__title="Samples", t__is_important="1", t__assignee_id="li")

    row = desk.row("task", result.rows_by_slot["t"])
    assert (row["title"], row["account_id"], row["assignee_id"], row["owner_id"]) == ("Samples", "a1", "li", "anna")
    assert (row["is_important"], row["is_urgent"], row["due_on"]) == (1, 0, "2026-12-01")
    assert result.next == "/customers/a1"


def test_a_task_form_sent_back_unchanged_changes_nothing(desk):
    desk.add("contact", "c1", account_id="a1", name="王芳")
    task(desk, "Quote", account_id="a1", contact_id="c1", note="One\n\nTwo", due_on="2026-12-01", is_important=1)

    result = desk.post(desk.get("/tasks/Quote/edit"), "task-form")

    assert result.ops == []


def test_a_refused_task_shows_everything_typed_again(desk):
    result = desk.post(desk.get("/tasks/new"), "task-form", t__title="", t__note="Remember", t__is_urgent="1")

    again = desk.get("/tasks/new", form=Form(result.errors, result.values))
    assert "Please fill this in." in again.text
    assert "Remember" in again.html
    assert 'name="t.is_urgent" value="1" checked' in again.html


def test_a_task_says_what_it_hangs_on_and_who_gave_it(desk):
    task(desk, "Quote", account_id="a1", owner_id="li", due_on="2026-11-24", note="Ask for the size")

    shown = desk.get("/tasks/Quote")

    assert "Due Today" in shown.text
    assert "For You" in shown.text
    assert "From 李娜" in shown.text
    assert "Ask for the size" in shown.text
    assert "/customers/a1" in shown.links


# --- comments


def test_a_comment_on_a_task_travels_with_its_customer_and_mentions_people(desk):
    task(desk, "Quote", account_id="a1")

    result = desk.post(desk.get("/tasks/Quote"), "add-comment", {"c.mention_ids": ["li"]}, c__body="Please look")

    row = desk.row("comment", result.rows_by_slot["c"])
    assert (row["target_entity"], row["target_id"], row["account_id"]) == ("task", "Quote", "a1")
    assert (row["body"], row["mention_ids"], row["owner_id"]) == ("Please look", '["li"]', "anna")
    assert result.next == "/tasks/Quote"
    assert "For 李娜" in desk.get("/tasks/Quote").text


@pytest.mark.parametrize(
    ("entity", "id", "fields"),
    [
        ("account", "a1", None),
        ("contact", "c1", {"name": "王芳", "account_id": "a1"}),
        ("activity", "v1", {"kind": "call", "at_ms": 1, "body": "Rang", "account_id": "a1"}),
        ("event", "e1", {"title": "Visit", "kind": "visit", "start_ms": 1, "end_ms": 2, "account_id": "a1"}),
        ("task", "t1", {"title": "Quote", "account_id": "a1"}),
    ],
)
def test_everything_that_can_be_commented_on_has_the_page_for_it(desk, entity, id, fields):
    if fields:
        desk.add(entity, id, **fields)

    desk.post(desk.get(f"/comments/new?entity={entity}&id={id}"), 0, c__body="Noted")

    row = desk.rows("comment")[0]
    assert (row["target_entity"], row["target_id"], row["account_id"]) == (entity, id, "a1")


def test_a_comment_on_nothing_is_not_found(desk):
    with pytest.raises(NotFound):
        desk.get("/comments/new?entity=user&id=li")


def test_an_empty_comment_is_refused(desk):
    assert desk.post(desk.get("/comments/new?entity=account&id=a1"), 0).errors.keys() == {"c.body"}


def test_only_the_author_may_edit_a_comment(desk):
    desk.add("comment", "m1", target_entity="account", target_id="a1", account_id="a1", body="Mine", mention_ids=["li"])
    desk.add("comment", "m2", target_entity="account", target_id="a1", account_id="a1", body="Hers", owner_id="li")

    desk.post(desk.get("/comments/m1"), 0, {"c.mention_ids": []}, c__body="Mine, mended")

    assert desk.row("comment", "m1")["body"] == "Mine, mended"
    assert desk.row("comment", "m1")["mention_ids"] == "[]"
    assert desk.get("/comments/m2").forms_with("c.body") == []


# --- the outbox


def test_an_empty_outbox_says_so(desk):
    assert "Everything is sent" in desk.get("/outbox").text


def test_what_waits_is_said_in_plain_words(desk):
    wrote = {"kind": "visit", "account_id": "a1", "body": "Showed samples"}
    desk.queue("activity", "v1", set=wrote, at_ms=NOW_MS - HOUR)
    task(desk, "Quote", account_id="a1")
    desk.queue("task", "Quote", base=4, set={"title": "Quote"})
    desk.queue("contact", "gone", base=4, delete=True)

    text = desk.get("/outbox").text

    assert "Visit at 王芳贸易 New · Showed samples Today 08:41" in text
    assert "Task: Quote Changed · 王芳贸易" in text
    assert "Contact Deleted" in text
    assert "3 to send" in text


def test_a_refused_entry_says_why_and_offers_every_way_out(desk):
    why = {"state": "refused", "reason": "too_long", "detail": {"field": "name", "most": 200}}
    desk.queue("account", "a1", base=1, set={"name": "王" * 201}, **why)

    shown = desk.get("/outbox")

    assert "Name: This is too long: at most 200 characters." in shown.text
    assert "王" * 201 in shown.text
    assert "/customers/a1/edit" in shown.links
    assert len(shown.forms_with("outbox.action", "retry")) == 1
    assert len(shown.forms_with("outbox.action", "discard")) == 1


def test_a_refused_entry_whose_row_is_gone_keeps_what_was_typed(desk):
    wrote = {"kind": "call", "body": "A long story", "account_id": "zz"}
    desk.queue("activity", "v1", state="refused", reason="no_access", set=wrote)

    shown = desk.get("/outbox")

    assert "A long story" in shown.text
    assert not any(link.startswith("/activities") for link in shown.links)


def test_what_was_sent_and_is_arriving_is_apart(desk):
    desk.queue("comment", "m1", state="acked", set={"body": "Hello"})

    text = desk.get("/outbox").text

    assert "Sent, arriving Comment: Hello" in text
    assert "to send" not in text


def test_unsent_work_can_be_saved_as_a_file_and_old_work_warns(desk):
    desk.queue("comment", "m1", set={"body": "Hello"}, at_ms=NOW_MS - 30 * HOUR)

    sync = {"host": "device", "waiting": 1, "refused": 0, "last_ms": None, "state": "cannot"}
    shown = desk.get("/outbox", sync=sync)

    assert "/outbox/export.json" in shown.links
    assert "Find a signal, or save a file." in shown.text


# --- conflicts


def conflict(desk: Desk, id: str = "x1", **fields) -> str:
    given = {
        "target_entity": "account",
        "target_id": "a1",
        "account_id": "a1",
        "kind": "field",
        "unit": "region",
        "kept": {"region": "East"},
        "kept_by": "li",
        "kept_at_ms": NOW_MS,
        "kept_device": "iPhone",
        "lost": {"region": "West"},
        "lost_by": "anna",
        "lost_at_ms": NOW_MS - HOUR,
        "lost_device": "Pixel",
        "base": {"region": "North"},
    } | fields
    given |= {name: json.dumps(given[name]) for name in ("kept", "lost", "base")}
    return desk.add("conflict", id, **given)


def test_a_conflict_shows_both_values_with_who_where_and_when(desk):
    desk.add("account", "a1", name="王芳贸易", region="East")
    conflict(desk)

    text = desk.get("/conflicts/x1").text

    assert "Region changed in two places: 王芳贸易" in text
    assert "East 李娜 · iPhone · Today 09:41 · stands now" in text
    assert "West You · Pixel · Today 08:41" in text
    assert "Before, both of you saw: North" in text


def test_mine_is_chosen_beforehand_and_saving_settles_and_changes_the_row(desk):
    desk.add("account", "a1", name="王芳贸易", region="East", version=9)
    conflict(desk)

    result = desk.post(desk.get("/conflicts/x1"), "settle")

    assert desk.row("account", "a1")["region"] == "West"
    settled = desk.row("conflict", "x1")
    assert (settled["settled_at_ms"], settled["settled_by"]) == (NOW_MS, "anna")
    assert len({op["group"] for op in result.ops}) == 1
    assert [op["base"] for op in result.ops if op["entity"] == "account"] == [9]
    assert result.next == "/customers/a1"


def test_choosing_the_other_side_keeps_it(desk):
    desk.add("account", "a1", name="王芳贸易", region="East")
    conflict(desk)

    desk.post(desk.get("/conflicts/x1"), "settle", {"t.*": ['{"region": "East"}']})

    assert desk.row("account", "a1")["region"] == "East"
    assert desk.row("conflict", "x1")["settled_at_ms"] == NOW_MS


def test_where_i_won_what_i_wrote_is_chosen_beforehand(desk):
    desk.add("account", "a1", name="王芳贸易", region="East")
    conflict(desk, kept_by="anna", lost_by="li")

    desk.post(desk.get("/conflicts/x1"), "settle")

    assert desk.row("account", "a1")["region"] == "East"


def test_a_value_changed_since_can_stay_as_it_is(desk):
    desk.add("account", "a1", name="王芳贸易", region="South")
    conflict(desk)
    shown = desk.get("/conflicts/x1")

    desk.post(shown, "settle", {"t.*": ['{"region":"South"}']})

    assert "South As it is now, changed since" in shown.text
    assert desk.row("account", "a1")["region"] == "South"
    assert desk.row("conflict", "x1")["settled_at_ms"] == NOW_MS


def test_a_clash_of_times_shows_only_what_differs_in_local_time(desk):
    start, end = desk.at("2026-11-24", "10:00"), desk.at("2026-11-24", "11:00")
    desk.add("event", "e1", title="Visit", kind="visit", start_ms=start, end_ms=end)
    conflict(
        desk,
        target_entity="event",
        target_id="e1",
        unit="time",
        kept={"start_ms": start, "end_ms": end, "is_all_day": 0},
        lost={"start_ms": start + HOUR, "end_ms": end + HOUR, "is_all_day": 0},
    )

    text = desk.get("/conflicts/x1").text

    assert "Time changed in two places: Visit" in text
    assert "Start Today 10:00 End Today 11:00" in text
    assert "Start Today 11:00 End Today 12:00" in text
    assert "All day" not in text


def test_a_reference_is_shown_by_its_name(desk):
    desk.add("account", "a2", name="Northwind")
    conflict(desk, unit="parent_id", kept={"parent_id": "a2"}, lost={"parent_id": None})

    text = desk.get("/conflicts/x1").text

    assert "Northwind 李娜" in text
    assert "(empty) You" in text


def test_edit_against_delete_asks_and_mine_is_chosen_beforehand(desk):
    task(desk, "Quote")
    deleted = {"kind": "delete", "target_entity": "task", "target_id": "Quote", "lost": {"deleted": 1}}
    deleted |= {"unit": "title", "kept": {"title": "Quote"}}
    conflict(desk, **deleted)
    conflict(desk, "x2", **deleted, kept_by="anna", lost_by="li")
    kept_by_default = desk.get("/conflicts/x2")

    desk.post(kept_by_default, "settle")
    assert desk.row("task", "Quote")
    desk.post(desk.get("/conflicts/x1"), "settle")
    assert desk.row("task", "Quote") is None


def test_a_conflict_about_a_row_that_is_gone_can_still_be_settled(desk):
    conflict(desk, target_id="gone")
    shown = desk.get("/conflicts/x1")

    desk.post(shown, "settle")

    assert "East" in shown.text
    assert "West" in shown.text
    assert desk.row("conflict", "x1")["settled_by"] == "anna"


def test_mine_are_shown_first_those_of_others_and_settled_ones_stay_readable(desk):
    desk.person("wang", "王敏")
    conflict(desk, "x1", unit="level", kept_by="li", lost_by="wang")
    conflict(desk, "x2", unit="region")
    conflict(desk, "x3", unit="industry", settled_at_ms=NOW_MS, settled_by="li")

    lists = ("", "?whose=all", "?state=settled&whose=all")
    mine, all_open, settled = (desk.get(f"/conflicts{query}").text for query in lists)

    assert "Region" in mine and "Level" not in mine and "Industry changed" not in mine
    assert "Region" in all_open and "Level" in all_open and "Yours: 1 All you see: 2" in all_open
    assert "Industry changed" in settled and "Region" not in settled
    assert "Settled by 李娜" in desk.get("/conflicts/x3").text


# --- search


def test_search_reaches_everything_and_counts_it(desk):
    desk.add("contact", "c1", name="Tea Ltd contact", account_id="a1")
    desk.add("account", "a2", name="Tea House")
    desk.add("activity", "v1", kind="call", at_ms=NOW_MS, body="They drink tea", account_id="a1")
    desk.add("event", "e1", title="Tea tasting", kind="visit", start_ms=NOW_MS, end_ms=NOW_MS)
    task(desk, "Buy tea")
    desk.add("comment", "m1", target_entity="account", target_id="a1", body="No tea please", owner_id="li")
    desk.add("sticky", "s1", body="tea at four")
    desk.person("tea", "Tea Master")

    shown = desk.get("/search?q=tea")

    found = {
        *("/customers/a2", "/contacts/c1", "/people/tea", "/activities/v1"),
        *("/events/e1", "/tasks/Buy tea", "/comments/m1", "/stickies/s1/edit"),
    }
    assert found <= set(shown.links)
    assert "Customers 1" in shown.text


@pytest.mark.parametrize("typed", ["wf", "wangf", "王", "8001", "WF"])
def test_names_are_found_by_pinyin_initials_characters_and_phone_endings(desk, typed):
    assert "/customers/a1" in desk.get(f"/search?q={typed}").links


def test_one_latin_letter_is_too_little_to_search_for(desk):
    assert "/customers/a1" not in desk.get("/search?q=w").links


def test_nothing_found_offers_a_next_step(desk):
    shown = desk.get("/search?q=zzzz")

    assert "Nothing found" in shown.text
    assert "/customers/new?name=zzzz" in shown.links


def test_older_activities_are_searched_when_asked(desk):
    desk.add("activity", "old", kind="call", at_ms=1, body="needle")
    desk.db.executemany(
        "INSERT INTO activity (id, kind, at_ms, body, version) VALUES (?, 'call', ?, 'hay', 1)",
        [(f"v{n}", 1000 + n) for n in range(5000)],
    )

    first = desk.get("/search?q=needle")

    assert "/activities/old" not in first.links
    older = next(link for link in first.links if "older=1" in link)
    assert "/activities/old" in desk.get(older).links


# --- Me


def test_the_first_choice_makes_the_preference_row_and_the_next_changes_it(desk):
    desk.post(desk.get("/me"), "settings-form", p__language="zh-Hans", p__timezone="Asia/Tokyo")
    second = desk.post(desk.get("/me"), "settings-form", p__theme="dark")

    row = desk.row("preference", "anna")
    assert (row["language"], row["timezone"], row["theme"]) == ("zh-Hans", "Asia/Tokyo", "dark")
    assert row["owner_id"] == "anna"
    assert second.ops[0]["set"] == {"theme": "dark"}


def test_a_choice_can_be_given_back_to_the_device(desk):
    desk.add("preference", "anna", language="en", owner_id="anna")

    desk.post(desk.get("/me"), "settings-form", p__language="")

    assert desk.row("preference", "anna")["language"] is None


def test_signing_out_warns_of_what_is_not_sent(desk):
    desk.queue("comment", "m1", set={"body": "Hello"})

    assert "1 entry is not sent yet" in desk.get("/me").text


def test_the_team_feed_is_offered_to_those_who_reach_others(desk):
    assert "/team" not in desk.get("/me").links
    desk.person("anna", "Anna", role_id="manager")
    assert "/team" in desk.get("/me").links


# --- the team's feed


def test_the_feed_shows_what_others_did_newest_first(desk):
    desk.add("activity", "v1", kind="visit", at_ms=NOW_MS - 2 * HOUR, body="Older", account_id="a1", owner_id="li")
    desk.add("activity", "v2", kind="call", at_ms=NOW_MS - HOUR, body="Newer", account_id="a1", owner_id="li")
    desk.add("activity", "v3", kind="call", at_ms=NOW_MS, body="My own", account_id="a1")

    text = desk.get("/team").text

    assert text.index("Newer") < text.index("Older")
    assert "My own" not in text
    assert "李娜 2 entries · 1 visit · 1 call" in text
    assert "Older" not in desk.get("/team?kind=call").text


def test_the_feed_goes_on_without_losing_or_repeating_an_entry(desk):
    for n in range(120):  # many share one instant
        desk.add("activity", f"v{n:03}", kind="call", at_ms=NOW_MS - n // 40, body=f"entry{n:03}.", owner_id="li")

    seen, address = [], "/team"
    while address:
        shown = desk.get(address)
        seen += [word for word in shown.text.split() if word.startswith("entry")]
        address = next((link for link in shown.links if "before=" in link), None)

    assert len(seen) == len(set(seen)) == 120
