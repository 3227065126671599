"""Today, the customers, their pages and what hangs on them, over rows."""

from __future__ import annotations

import re

import pytest

from server.pages import Form, NotFound, Pages
from tests.unit.desk import Desk

NAMES = {
    "today", "customers", "account", "account_new", "account_edit", "account_summary", "contact", "contact_new",
    "contact_edit", "relation_new", "relation_edit", "activity", "activity_new", "activity_edit", "sticky_new",
    "sticky_edit", "sync_chip",
}  # fmt: skip
TODAY = "2026-11-24"
DAY_MS = 86_400_000


@pytest.fixture(scope="module")
def pages() -> Pages:
    return Pages(names=NAMES)


@pytest.fixture
def desk(pages) -> Desk:
    desk = Desk(pages)
    desk.add("role", "rep", name="Rep", data_scope="own")
    desk.add("role", "lead", name="Lead", data_scope="below")
    desk.person("anna", "Anna")
    desk.person("li", "李娜")
    place = {"phones": ["021 5550 1234"], "address": "世纪大道 100 号"}
    desk.add("account", "acme", name="Acme 上海有限公司", level="a", **place)
    desk.add("account", "nova", name="Nova Trading", kind="dealer", level="b", owner_id="li")
    desk.add("account", "hua", name="华东机电")
    desk.add("contact", "wang", account_id="acme", name="王芳", phones=["138 0013 8001"], title="采购经理")
    return desk


def activity(desk: Desk, id: str, days_ago: float = 0, account: str | None = "acme", kind="visit", **fields) -> str:
    at_ms = desk.now_ms - int(days_ago * DAY_MS)
    return desk.add("activity", id, account_id=account, kind=kind, at_ms=at_ms, **fields)


def shown_in_order(text: str, *parts: str) -> bool:
    places = [text.find(part) for part in parts]
    return -1 not in places and places == sorted(places)


# --- the list


@pytest.mark.parametrize("typed", ["acme", "ACME", "shyxgs", "shanghai", "上海", "1234"])
def test_a_customer_is_found_by_name_initials_pinyin_and_digits(desk, typed):
    text = desk.get(f"/customers?q={typed}").text

    assert "Acme 上海有限公司" in text
    assert "Nova Trading" not in text


@pytest.mark.parametrize("typed", ["wf", "wangf", "王芳", "8001"])
def test_a_customer_is_found_through_a_contact_and_says_so(desk, typed):
    shown = desk.get(f"/customers?q={typed}")

    assert shown_in_order(shown.text, "Found by a contact", "Acme 上海有限公司", "王芳")
    assert "/customers/acme" in shown.links


def test_a_customer_found_by_name_is_not_listed_again_below(desk):
    desk.add("contact", "acme-man", account_id="acme", name="Acme Man")

    assert desk.get("/customers?q=acme").links.count("/customers/acme") == 1


@pytest.mark.parametrize("typed", ["nova+trad", "NOVA", "wm+zy", "华东", "hdjd"])
def test_words_and_initials_find_a_customer_in_any_case(desk, typed):
    found = desk.get(f"/customers?q={typed}").text

    assert ("Nova" in found) == typed.lower().startswith("nova") and ("华东" in found) == (typed in ("华东", "hdjd"))


def test_filters_narrow_the_list(desk):
    activity(desk, "old", days_ago=40, account="acme")
    activity(desk, "new", days_ago=2, account="nova")

    def found(query: str) -> set[str]:
        links = desk.get(f"/customers?{query}", partial=True).links
        return {link.removeprefix("/customers/") for link in links if re.fullmatch(r"/customers/\w+", link)}

    assert found("level=a") == {"acme"}
    assert found("kind=dealer") == {"nova"}
    assert found("owner=me") == {"acme", "hua"}
    assert found("owner=li") == {"nova"}
    assert found("seen=week") == {"nova"}
    assert found("seen=30") == {"acme", "hua"}
    assert found("seen=never") == {"hua"}
    assert found("level=a&owner=li") == set()
    assert found("q=wf&level=b") == set()


def test_longest_without_contact_comes_first_when_asked(desk):
    activity(desk, "old", days_ago=40, account="nova")
    activity(desk, "new", days_ago=2, account="acme")

    assert shown_in_order(desk.get("/customers?sort=quiet").text, "Nova Trading", "Acme")


def test_a_note_is_no_contact(desk):
    activity(desk, "n", account="hua", kind="note")

    assert "华东机电" in desk.get("/customers?seen=never").text


@pytest.mark.parametrize("sort", ["name", "quiet"])
def test_pages_of_the_list_follow_each_other_without_gap_or_repetition(desk, sort):
    for n in range(120):
        desk.add("account", f"x{n:03}", name=f"Same name {n % 3}")
        activity(desk, f"v{n}", days_ago=n % 5, account=f"x{n:03}")

    seen, address = [], f"/customers?q=same&sort={sort}"
    while address:
        links = desk.get(address, partial=True).links
        seen += [link for link in links if re.fullmatch(r"/customers/x\d+", link)]
        address = next((link for link in links if "after_id=" in link), None)

    assert len(seen) == len(set(seen)) == 120


def test_a_chunk_follows_sync_by_itself_so_that_appended_ones_stay(desk):
    whole = desk.get("/customers")
    rows = desk.get("/customers?part=rows", partial=True)

    assert "part=rows" in whole.html and 'hx-trigger="sync:changed from:body"' in whole.html
    assert "/customers/acme" in rows.links
    assert "<ul" not in rows.html and "<form" not in rows.html


def test_a_view_is_kept_and_shown_as_the_current_one(desk):
    shown = desk.get("/customers?level=a&owner=me")
    result = desk.post(shown, shown.forms_with("v.name")[0], v__name="My A customers")

    assert not result.errors
    view = desk.rows("saved_view")[0]
    again = desk.get(f"/customers?{view['query']}")
    assert re.search(r'aria-current="true"[^>]*>My A customers<', again.html)
    assert "Acme" in again.text and "Nova" not in again.text


def test_a_view_can_be_forgotten(desk):
    shown = desk.get("/customers?level=a")
    desk.post(shown, shown.forms_with("v.name")[0], v__name="A")

    again = desk.get("/customers?level=a")
    desk.post(again, again.forms_with("v.deleted")[0])

    assert desk.rows("saved_view") == []


def test_a_search_without_result_offers_the_next_step(desk):
    assert "/customers/new?name=Zebra%20%26%20Co" in desk.get("/customers?q=Zebra%20%26%20Co").links


def test_an_unsent_customer_says_so(desk):
    desk.queue("account", "hua")

    assert re.search(r"华东机电 To send", desk.get("/customers").text)


# --- the customer's page


def test_a_customer_that_is_not_here_is_not_found(desk):
    with pytest.raises(NotFound):
        desk.get("/customers/nobody")


def test_the_page_says_what_happened_last_and_what_comes_next(desk):
    activity(desk, "call", days_ago=1, kind="call")
    activity(desk, "visit", days_ago=3)
    desk.db.execute("UPDATE account SET next_contact_on = '2026-11-30' WHERE id = 'acme'")
    start_ms = desk.at("2026-11-26", "14:00")
    desk.add("event", "e", title="Demo", kind="visit", account_id="acme", start_ms=start_ms, end_ms=start_ms + 1)

    text = desk.get("/customers/acme").text

    for words in ("Last visit Sat 21 Nov", "Last contact 1 day ago", "Next contact Mon 30 Nov", "Thu 26 Nov 14:00"):
        assert words in text


def test_a_phone_calls_and_texts_and_an_address_opens_the_map(desk):
    links = desk.get("/customers/acme").links

    assert "tel:02155501234" in links and "sms:02155501234" in links
    assert any(link.startswith("geo:0,0?q=") for link in links)


@pytest.mark.parametrize("website", ["javascript:alert(1)", "javascript://x/%0aalert(1)", "data:text/html,x"])
def test_a_website_can_never_be_a_script(desk, website):
    desk.db.execute("UPDATE account SET website = ? WHERE id = 'acme'", (website,))

    assert f"https://{website}" in desk.get("/customers/acme").links


def test_what_people_typed_is_text_never_markup(desk):
    desk.db.execute("UPDATE account SET name = '<b>x</b>', note = '<script>' WHERE id = 'acme'")
    activity(desk, "v", body="<img src=x>")

    html = desk.get("/customers/acme").html

    assert "<b>x" not in html and "<script>" not in html.split("</head>")[1] and "<img src=x>" not in html


def test_the_timeline_holds_everything_newest_first(desk):
    activity(desk, "v", days_ago=1, body="Talked about prices", contact_ids=["wang"])
    at_ms = desk.now_ms - 2 * DAY_MS
    desk.add("event", "e", title="Review", kind="meeting", account_id="acme", start_ms=at_ms, end_ms=at_ms + 1)
    desk.add("task", "t", title="Send offer", account_id="acme", created_at_ms=desk.now_ms - 3 * DAY_MS)
    comment = {"target_entity": "account", "target_id": "acme", "account_id": "acme"}
    desk.add("comment", "c", body="Well done", created_at_ms=desk.now_ms - 4 * DAY_MS, **comment)
    desk.add("sticky", "s", body="Bring samples", account_id="acme", created_at_ms=desk.now_ms - 5 * DAY_MS)

    text = desk.get("/customers/acme").text
    timeline = text[text.find("Timeline") :]

    assert shown_in_order(timeline, "Talked about prices", "Review", "Send offer", "Well done", "Bring samples")
    assert "with 王芳" in timeline
    assert text.count("Bring samples") == 2  # on top, too


@pytest.mark.parametrize(("type", "words"), [("activity", "Talked"), ("task", "Send offer"), ("sticky", "Samples")])
def test_the_timeline_shows_one_type_when_asked(desk, type, words):
    activity(desk, "v", body="Talked")
    desk.add("task", "t", title="Send offer", account_id="acme")
    desk.add("sticky", "s", body="Samples", account_id="acme")

    text = desk.get(f"/customers/acme?type={type}&part=timeline", partial=True).text

    assert [part for part in ("Talked", "Send offer", "Samples") if part in text] == [words]


def test_chunks_of_the_timeline_follow_each_other_without_gap_or_repetition(desk):
    for n in range(130):
        activity(desk, f"v{n:03}", days_ago=n // 7, body=f"body {n}")
    for n in range(10):
        desk.add("task", f"t{n}", title=f"task {n}", account_id="acme", created_at_ms=desk.now_ms - n * DAY_MS)

    seen, address = [], "/customers/acme?part=timeline"
    while address:
        links = desk.get(address, partial=True).links
        seen += [link for link in links if re.match(r"/(activities|tasks)/\w+$", link)]
        older = next((link for link in links if "before_id=" in link), None)
        address = older.replace("#timeline", "&part=more") if older else None

    assert len(seen) == len(set(seen)) == 140


def test_another_customers_things_are_not_in_the_timeline(desk):
    activity(desk, "v", account="nova", body="Elsewhere")

    assert "Elsewhere" not in desk.get("/customers/acme").text


def test_a_relation_shows_at_both_ends_each_in_its_own_words(desk):
    ends = {"from_account_id": "acme", "to_account_id": "nova"}
    desk.add("relation", "r", role="Dealer", reverse_role="Maker", **ends)

    assert "Nova Trading Dealer · we are: Maker" in desk.get("/customers/acme").text
    assert "Acme 上海有限公司 Maker · we are: Dealer" in desk.get("/customers/nova").text


def test_a_contacts_relation_shows_at_both_people_and_their_customers(desk):
    desk.add("contact", "koch", account_id="nova", name="Bernd Koch")
    ends = {"from_account_id": "acme", "from_contact_id": "wang", "to_account_id": "nova", "to_contact_id": "koch"}
    desk.add("relation", "r", role="Classmate", reverse_role="Classmate", **ends)

    assert "/contacts/koch" in desk.get("/contacts/wang").links
    assert "/contacts/wang" in desk.get("/contacts/koch").links
    assert "through 王芳" in desk.get("/customers/acme").text
    assert "/contacts/wang" in desk.get("/customers/nova").links


def test_parent_and_subsidiaries_show_each_other(desk):
    desk.db.execute("UPDATE account SET parent_id = 'acme' WHERE id = 'hua'")

    assert "华东机电 Subsidiary" in desk.get("/customers/acme").text
    assert "Acme 上海有限公司 Parent company" in desk.get("/customers/hua").text


def test_an_open_conflict_leads_to_its_page(desk):
    desk.add("conflict", "k", target_entity="account", target_id="acme", account_id="acme", kind="field", unit="name")

    assert "/conflicts/k" in desk.get("/customers/acme").links


# --- what did we do


def test_the_summary_counts_by_kind_and_by_person_in_the_period(desk):
    activity(desk, "v1", days_ago=1)
    activity(desk, "v2", days_ago=10, owner_id="li")
    activity(desk, "c1", days_ago=20, kind="call", minutes=15)
    activity(desk, "long-ago", days_ago=200, kind="service")

    text = desk.get("/customers/acme/summary?days=90").text

    assert shown_in_order(text, "Visit last: Yesterday 2", "Call last: Wed 4 Nov · 15 minutes 1")
    assert "Anna visits: 1, calls: 1" in text and "李娜 visits: 1, calls: 0" in text
    assert "Service" not in text
    assert "Service" in desk.get("/customers/acme/summary?days=all").text


# --- new and edited customers


def test_a_new_customer_comes_with_its_first_contact(desk):
    shown = desk.get("/customers/new")
    result = desk.post(shown, 0, a__name="Neu GmbH", a__phones="030 1\n030 22", b__name="Eva", b__phones="0171 555")

    assert not result.errors, result.errors
    account = next(row for row in desk.rows("account") if row["name"] == "Neu GmbH")
    contact = next(row for row in desk.rows("contact") if row["name"] == "Eva")
    assert contact["account_id"] == account["id"]
    assert account["owner_id"] == "anna"
    assert result.next == f"/customers/{account['id']}"


def test_a_new_customer_needs_no_contact(desk):
    desk.post(desk.get("/customers/new"), 0, a__name="Alone")

    assert len(desk.rows("contact")) == 1


def test_a_new_name_that_is_here_already_is_shown(desk):
    assert "/customers/acme" in desk.get("/customers/new?name=acme").links


def test_saving_an_unchanged_customer_changes_nothing(desk):
    desk.db.execute("UPDATE account SET note = 'two' || char(10) || 'lines' WHERE id = 'acme'")
    desk.db.execute("UPDATE account SET tags = '[\"a b\",\"c\"]' WHERE id = 'acme'")
    shown = desk.get("/customers/acme/edit")

    result = desk.post(shown, shown.forms_with("a.name")[0])

    assert result.ops == [] and not result.errors


def test_only_changed_fields_of_a_customer_are_sent(desk):
    shown = desk.get("/customers/acme/edit")

    result = desk.post(shown, shown.forms_with("a.name")[0], a__phones="021 5550 1234\n010 99", a__level="b")

    assert [(op["set"], op["add"]) for op in result.ops] == [({"level": "b"}, {"phones": ["010 99"]})]
    assert result.ops[0]["base"] == 1


def test_a_refused_form_shows_what_was_typed_and_why(desk):
    form = Form(errors={"a.name": ("too_long", {"most": 200})}, values={"a.name": "x" * 201, "a.note": "<kept>"})

    html = desk.get("/customers/acme/edit", form=form).html

    assert "x" * 201 in html and "&lt;kept&gt;" in html
    assert 'aria-invalid="true"' in html and 'href="#i-a.name"' in html


# --- contacts, relationships, sticky notes


def test_a_new_contact_hangs_on_its_customer(desk):
    shown = desk.get("/contacts/new?account=nova")
    result = desk.post(shown, 0, c__name="Tom", c__emails="Tom@x.example", c__influence="decides")

    row = next(row for row in desk.rows("contact") if row["name"] == "Tom")
    assert (row["account_id"], row["influence"]) == ("nova", "decides")
    assert result.next == "/customers/nova"


def test_a_contact_shows_what_happened_with_them_only(desk):
    activity(desk, "with", body="With her", contact_ids=["wang"])
    activity(desk, "without", body="Without her")

    text = desk.get("/contacts/wang").text

    assert "With her" in text and "Without her" not in text


def test_a_contact_can_be_deleted(desk):
    shown = desk.get("/contacts/wang/edit")
    result = desk.post(shown, shown.forms_with("d.deleted")[0])

    assert desk.row("contact", "wang") is None
    assert result.next == "/customers/acme"


def test_a_relationship_is_made_between_a_contact_and_a_customer(desk):
    shown = desk.get("/relations/new?contact=wang&q=nova")
    form = shown.forms_with("r.role")[0]
    ends = '{"to_account_id": "nova"}'
    result = desk.post(shown, form, tick={"r.*": [ends]}, r__role="Adviser")

    assert not result.errors, result.errors
    row = desk.rows("relation")[0]
    near = (row["from_account_id"], row["from_contact_id"])
    assert near == ("acme", "wang")
    assert (row["to_account_id"], row["to_contact_id"], row["role"]) == ("nova", None, "Adviser")


def test_only_its_author_may_change_a_relationship(desk):
    desk.add("relation", "r", from_account_id="acme", to_account_id="nova", role="x", owner_id="li")

    assert desk.get("/relations/r/edit").forms_with("r.role") == []


def test_a_sticky_note_is_put_on_a_customer_and_taken_off(desk):
    desk.post(desk.get("/stickies/new?account=acme"), 0, s__body="Ring twice", s__colour="red")
    row = desk.rows("sticky")[0]
    assert (row["body"], row["colour"], row["account_id"]) == ("Ring twice", "red", "acme")

    shown = desk.get(f"/stickies/{row['id']}/edit")
    desk.post(shown, shown.forms_with("d.deleted")[0])
    assert desk.rows("sticky") == []


# --- activities


def test_the_last_customers_stand_first_in_a_new_activity(desk):
    activity(desk, "one", days_ago=3, account="nova")
    activity(desk, "two", days_ago=1, account="hua")

    assert shown_in_order(desk.get("/activities/new").text, "华东机电", "Nova Trading", "Acme")


def test_choosing_a_customer_and_saving_is_enough(desk):
    shown = desk.get("/activities/new")
    form = shown.forms_with("a.kind")[0]
    result = desk.post(shown, form, tick={"row.b": ["account/acme/1"]})

    assert not result.errors, result.errors
    row = desk.rows("activity")[0]
    assert (row["account_id"], row["kind"], row["owner_id"]) == ("acme", "visit", "anna")
    assert abs(row["at_ms"] - desk.now_ms) < 60_000
    assert [op["entity"] for op in result.ops] == ["activity"]


def test_the_next_contact_date_is_saved_with_the_activity(desk):
    shown = desk.get("/activities/new")
    form = shown.forms_with("a.kind")[0]
    result = desk.post(
        shown, form, tick={"row.b": ["account/acme/1"]}, a__kind="call", b__next_contact_on="2026-12-01"
    )

    assert desk.row("account", "acme")["next_contact_on"] == "2026-12-01"
    assert len({op["group"] for op in result.ops}) == 1 and len(result.ops) == 2


def test_an_activity_may_be_about_no_customer(desk):
    shown = desk.get("/activities/new")
    result = desk.post(shown, shown.forms_with("a.kind")[0], tick={"row.b": ["account//"]}, a__body="Thought")

    assert not result.errors, result.errors
    assert desk.rows("activity")[0]["account_id"] is None
    assert len(desk.rows("account")) == 3


def test_a_due_date_is_cleared_by_the_activity_that_answers_it(desk):
    desk.db.execute("UPDATE account SET next_contact_on = '2026-11-20' WHERE id = 'acme'")
    shown = desk.get("/activities/new?account=acme")
    desk.post(shown, shown.forms_with("a.kind")[0])

    assert desk.row("account", "acme")["next_contact_on"] is None


def test_a_date_that_lies_ahead_stays(desk):
    desk.db.execute("UPDATE account SET next_contact_on = '2026-12-20' WHERE id = 'acme'")
    shown = desk.get("/activities/new?account=acme")
    result = desk.post(shown, shown.forms_with("a.kind")[0], tick={"a.contact_ids": ["wang"]})

    assert desk.row("account", "acme")["next_contact_on"] == "2026-12-20"
    assert desk.rows("activity")[0]["contact_ids"] == '["wang"]'
    assert result.next == "/customers/acme"


def test_an_appointments_activity_brings_its_customer_people_and_length(desk):
    start_ms = desk.at(TODAY, "08:00")
    times = {"start_ms": start_ms, "end_ms": start_ms + 45 * 60_000}
    desk.add("event", "e", title="Demo", kind="meeting", account_id="acme", contact_ids=["wang"], **times)

    shown = desk.get("/activities/new?event=e")
    desk.post(shown, shown.forms_with("a.kind")[0])

    row = desk.rows("activity")[0]
    assert (row["event_id"], row["account_id"], row["kind"]) == ("e", "acme", "meeting")
    assert (row["at_ms"], row["minutes"], row["contact_ids"]) == (start_ms, 45, '["wang"]')


def test_the_position_is_saved_only_when_it_was_asked_for(desk):
    shown = desk.get("/activities/new?account=acme")
    form = shown.forms_with("a.kind")[0]
    desk.post(shown, form)
    assert desk.rows("activity")[0]["checkin_at_ms"] is None

    place = {"a__checkin_at_ms": str(desk.now_ms), "a__checkin_lat_e6": "31236000", "a__checkin_lng_e6": "121502000"}
    desk.post(shown, form, **place, a__checkin_accuracy_m="20")
    row = desk.rows("activity")[1]
    assert (row["checkin_lat_e6"], row["checkin_lng_e6"], row["checkin_accuracy_m"]) == (31236000, 121502000, 20)
    assert "geo:31.236000,121.502000?q=31.236000,121.502000" in desk.get(f"/activities/{row['id']}").links


def test_a_choice_made_before_a_refusal_is_still_made_after_it(desk):
    form = Form(errors={"a.minutes": ("not_a_number", {})}, values={"row.b": "account/nova/1", "a.kind": "call"})

    html = desk.get("/activities/new", form=form).html

    assert re.search(r'value="account/nova/1" required checked', html)
    assert re.search(r'value="call" checked', html)


def test_a_customer_of_a_new_activity_is_searched_like_in_the_list(desk):
    text = desk.get("/activities/new?q=wf", partial=True).text

    assert "Acme 上海有限公司" in text and "Nova" not in text


def test_an_activity_is_edited_by_its_author_alone(desk):
    activity(desk, "mine", body="First")
    activity(desk, "theirs", owner_id="li")

    shown = desk.get("/activities/mine/edit")
    result = desk.post(shown, shown.forms_with("a.body")[0], a__body="Second")
    assert result.ops[0]["set"] == {"body": "Second"}
    assert desk.get("/activities/theirs/edit").forms_with("a.body") == []


# --- today


def test_today_shows_my_day_by_the_clock(desk):
    def event(id, begin, **fields):
        start_ms = desk.at(fields.pop("day", TODAY), begin)
        desk.add("event", id, title=id, kind="visit", start_ms=start_ms, end_ms=start_ms + 3_600_000, **fields)

    event("Later", "15:00")
    event("Early", "08:00")
    event("As guest", "10:00", owner_id="li", attendee_ids=["anna"])
    event("Not mine", "11:00", owner_id="li")
    event("Cancelled", "12:00", cancelled_at_ms=1)
    event("Tomorrow", "09:00", day="2026-11-25")

    shown = desk.get("/")

    assert shown_in_order(shown.text, "Early", "As guest", "Later")
    assert not any(word in shown.text for word in ("Not mine", "Cancelled", "Tomorrow"))
    assert "/activities/new?event=Early" in shown.links  # it is over: write it down


def test_tasks_stand_by_weight_then_date_and_are_done_with_one_tap(desk):
    desk.add("task", "plain", title="Plain", assignee_id="anna", due_on="2026-11-01")
    desk.add("task", "both", title="Both", assignee_id="anna", due_on=TODAY, is_important=1, is_urgent=1)
    desk.add("task", "urgent", title="Pressing", assignee_id="anna", due_on=TODAY, is_urgent=1)
    desk.add("task", "heavy", title="Heavy", assignee_id="anna", due_on=TODAY, is_important=1)
    desk.add("task", "ahead", title="Ahead", assignee_id="anna", due_on="2026-11-25")
    desk.add("task", "theirs", title="Theirs", assignee_id="li", due_on=TODAY)

    shown = desk.get("/")
    assert shown_in_order(shown.text, "Both", "Heavy", "Pressing", "Plain")
    assert "Ahead" not in shown.text and "Theirs" not in shown.text

    result = desk.post(shown, shown.forms_with("row.t", "task/both/1")[0])
    assert desk.row("task", "both")["done_at_ms"] == desk.now_ms and result.next == "/"


def test_customers_whose_date_has_come_are_to_be_contacted(desk):
    desk.db.execute("UPDATE account SET next_contact_on = '2026-11-20' WHERE id IN ('hua', 'nova')")
    desk.db.execute("UPDATE account SET next_contact_on = '2026-11-25' WHERE id = 'acme'")

    text = desk.get("/").text

    assert "华东机电 Late: Fri 20 Nov" in text
    assert "Acme" not in text and "Nova" not in text


def test_conflicts_and_mentions_that_need_me_show_until_settled(desk):
    about = {"target_entity": "account", "target_id": "nova", "account_id": "nova"}
    desk.add("conflict", "mine", kind="field", unit="name", kept_by="li", lost_by="anna", **about)
    desk.add("conflict", "settled", kind="field", unit="name", lost_by="anna", settled_at_ms=1, **about)
    desk.add("conflict", "others", kind="field", unit="name", kept_by="li", lost_by="zhao", **about)
    desk.add("comment", "c", body="Please look", mention_ids=["anna"], owner_id="li", **about)
    desk.add("comment", "other", body="Not for me", mention_ids=["annabel"], owner_id="li", **about)

    shown = desk.get("/")

    assert "/conflicts/mine" in shown.links
    assert "/conflicts/settled" not in shown.links and "/conflicts/others" not in shown.links
    assert "Please look" in shown.text and "Not for me" not in shown.text


def test_the_team_feed_is_for_those_whose_role_reaches_others(desk):
    activity(desk, "v", account="nova", owner_id="li", body="Visited the fair")
    assert "Visited the fair" not in desk.get("/").text

    desk.db.execute("UPDATE user SET role_id = 'lead' WHERE id = 'anna'")
    assert "Visited the fair" in desk.get("/").text


def test_an_empty_firm_gets_first_steps(desk):
    assert "first steps" not in desk.get("/").text
    desk.db.execute("DELETE FROM account")

    shown = desk.get("/")

    assert "first steps" in shown.text and "/customers/new" in shown.links and "/import" in shown.links


# --- the shell


@pytest.mark.parametrize(
    ("sync", "words"),
    [
        ({"state": "saved", "waiting": 2}, "Saved here: 2"),
        ({"state": "sending", "waiting": 3}, "Sending 3"),
        ({"state": "synced", "last_ms": 1_795_484_400_000}, "Synced 09:40"),
        ({"state": "needs_you", "refused": 1}, "Needs you: 1"),
        ({"state": "cannot", "waiting": 4}, "Can't send: 4"),
    ],
)
def test_the_sync_chip_says_each_state_in_words(desk, sync, words):
    full = {"host": "device", "waiting": 0, "refused": 0, "last_ms": None} | sync

    assert desk.get("/outbox/chip", sync=full, partial=True).text.strip() == words


def test_pages_where_people_type_do_not_follow_sync(desk):
    activity(desk, "v")

    for address in ("/customers/new", "/customers/acme/edit", "/activities/new", "/activities/v/edit"):
        main = desk.get(address).html.split("<main", 1)[1].split("</main>", 1)[0]
        assert "sync:changed" not in main


def test_no_page_carries_what_the_security_policy_forbids(desk):
    activity(desk, "v")
    desk.add("relation", "r", from_account_id="acme", to_account_id="nova", role="x")
    desk.add("sticky", "s", body="x", account_id="acme")
    addresses = [
        "/", "/customers", "/customers?part=pane&pane=1", "/customers/new", "/customers/acme", "/customers/acme/edit",
        "/customers/acme/summary", "/contacts/wang", "/contacts/new", "/contacts/wang/edit", "/relations/new?q=a",
        "/relations/r/edit", "/activities/v", "/activities/new", "/activities/v/edit", "/stickies/new",
        "/stickies/s/edit",
    ]  # fmt: skip

    for address in addresses:
        html = desk.get(address).html
        assert not re.search(r"\sstyle=|<style|\son\w+=|hx-on|js:|<script(?! (type=\"module\" )?src=)", html), address


def test_the_pane_beside_a_customer_repeats_no_id_of_its_page(desk):
    """Both can be continued; an id in both would put the one's next chunk into the other."""
    for n in range(60):
        desk.add("account", f"x{n}", name=f"X {n}")
        activity(desk, f"v{n}", days_ago=n)

    page = desk.get("/customers/acme").html
    pane = desk.get("/customers?part=pane&pane=1", partial=True).html
    ids = re.findall(r'\sid="([^"]*)"', page + pane)

    assert page.count("Show older") == pane.count("Show more") == 1
    assert len(ids) == len(set(ids))


def test_contact_without_a_company_is_found_among_customers(desk):
    desk.add("contact", "zs", name="张三", phones='["13800138000"]', owner_id="me")

    assert "张三" in desk.get("/customers?q=zs").text
    assert "张三" in desk.get("/customers?q=8000").text
