"""Handing customers over, the sheet, and who works on a customer: what the pages show and ask for."""

from __future__ import annotations

import json
import re

import pytest

from server.pages import Pages, Viewer
from tests.unit.desk import Desk

NAMES = {
    "today", "customers", "account", "account_members", "contact", "handover_new", "handover", "handovers", "person",
    "team", "me", "outbox",
}  # fmt: skip
DAY_MS = 86_400_000


@pytest.fixture(scope="module")
def pages() -> Pages:
    return Pages(names=NAMES)


@pytest.fixture
def desk(pages) -> Desk:
    """Mona manages the north, with Rita and Ron in it; Sam is in the south. Rita has five customers."""
    desk = Desk(pages)
    desk.me = "mona"
    desk.add("role", "lead", name="Lead", data_scope="below")
    desk.add("role", "rep", name="Rep", data_scope="own")
    for place, above in (("sales", None), ("north", "sales"), ("south", "sales")):
        desk.add("department", place, name=place.title(), parent_id=above)
    desk.person("mona", "Mona", role_id="lead", department_id="north")
    for name, place in (("rita", "north"), ("ron", "north"), ("sam", "south")):
        desk.person(name, name.title(), department_id=place)
    for n, (level, region) in enumerate((("a", "上海"), ("a", "北京"), ("b", "上海"), (None, None), ("b", "上海"))):
        desk.add("account", f"acc{n}", name=f"Firm {n}", level=level, region=region, owner_id="rita")
        desk.add("contact", f"con{n}", account_id=f"acc{n}", name=f"Contact {n}", owner_id="rita")
    hour = {"start_ms": desk.now_ms + DAY_MS, "end_ms": desk.now_ms + DAY_MS + 1}
    desk.add("event", "soon", title="Visit Firm 0", account_id="acc0", owner_id="rita", **hour)
    desk.add("event", "over", title="Long ago", account_id="acc0", owner_id="rita", start_ms=1, end_ms=2)
    desk.add("event", "alone", title="Dentist", owner_id="rita", **hour)
    desk.add("task", "open", title="Quote Firm 2", account_id="acc2", owner_id="rita", assignee_id="rita")
    desk.add("task", "done", title="Old", account_id="acc2", owner_id="rita", assignee_id="rita", done_at_ms=5)
    desk.add("conflict", "x", target_entity="account", target_id="acc0", account_id="acc0", kind="field", unit="name")
    desk.add("account", "rons", name="Ron's own", owner_id="ron")
    return desk


def figures(html: str) -> list[tuple[str, str]]:
    return re.findall(r'class="figure"[^>]*><dt>([^<]+)</dt><dd>(\d+)', html)


def hand_over(desk: Desk, address: str, **typed) -> list[dict]:
    """What the page asks the server for: the fields of each handover, in the order in which they are sent."""
    result = desk.post(desk.get(address), "hand-over", **typed)
    assert result.errors == {}
    return [op["set"] | {"account_ids": op.get("add", {}).get("account_ids", [])} for op in result.ops]


# --- what goes to whom


def test_everything_is_counted_before_it_goes(desk):
    shown = desk.get("/people/rita/handover?to=ron")

    assert figures(shown.html) == [
        ("Customers", "5"), ("Contacts", "5"), ("Appointments", "2"), ("Open tasks", "1"), ("Open conflicts", "1"),
    ]  # fmt: skip
    assert all(name in shown.text for name in ("Firm 4", "Visit Firm 0", "Dentist", "Quote Firm 2"))
    assert "Long ago" not in shown.text and "Ron's own" not in shown.text


def test_all_to_one_names_no_customer_so_that_nothing_is_left_behind(desk):
    [wish] = hand_over(desk, "/people/rita/handover?to=ron&keep=read&until=2026-12-31", a0__note="Call Firm 0 first")

    assert (wish["from_id"], wish["to_id"], wish["account_ids"]) == ("rita", "ron", [])
    assert (wish["keep"], wish["keep_until"], wish["note"]) == ("read", "2026-12-31", "Call Firm 0 first")
    assert (wish["with_events"], wish["with_tasks"]) == (1, 1)


@pytest.mark.parametrize(
    ("filters", "chosen"),
    [
        ("level=a", ["acc0", "acc1"]),
        ("level=-", ["acc3"]),
        ("region=上海", ["acc0", "acc2", "acc4"]),
        ("region=上海&level=b", ["acc2", "acc4"]),
        ("q=firm 1", ["acc1"]),
    ],
)
def test_filters_choose_the_customers_and_the_others_stay(desk, filters, chosen):
    shown = desk.get(f"/people/rita/handover?to=ron&{filters}")
    [wish] = hand_over(desk, f"/people/rita/handover?to=ron&{filters}")

    assert wish["account_ids"] == chosen
    counts = [count for name, count in figures(shown.html) if name == "Customers"]
    assert counts == [str(len(chosen)), str(5 - len(chosen))]
    assert "Stays with Rita" in shown.text


def test_the_others_go_to_a_second_receiver_after_the_chosen_in_one_group(desk):
    shown = desk.get("/people/rita/handover?to=ron&rest=mona&level=a&keep=write&tasks=0")
    result = desk.post(shown, "hand-over", a0__note="for Ron", r__note="for Mona")

    first, second = result.ops
    assert first["group"] == second["group"]
    assert (first["set"]["to_id"], first["add"]["account_ids"]) == ("ron", ["acc0", "acc1"])
    assert (second["set"]["to_id"], second.get("add")) == ("mona", None)
    assert [op["set"]["note"] for op in result.ops] == ["for Ron", "for Mona"]
    assert all((op["set"]["keep"], op["set"]["with_tasks"]) == ("write", 0) for op in result.ops)


def test_what_belongs_to_no_customer_goes_with_the_rest(desk):
    counted = [figures(desk.get(f"/people/rita/handover?to=ron&level=a{rest}").html) for rest in ("", "&rest=mona")]

    for shown in counted:
        assert [count for name, count in shown if name == "Appointments"] == ["1", "1"]


def test_more_than_a_thousand_chosen_customers_are_several_handovers_of_one_group(desk):
    for n in range(2_345):
        desk.add("account", f"many{n:04}", name=f"Many {n}", level="d", owner_id="rita")

    shown = desk.get("/people/rita/handover?to=ron&level=d")
    result = desk.post(shown, "hand-over")

    assert [len(op["add"]["account_ids"]) for op in result.ops] == [1000, 1000, 345]
    assert len({member for op in result.ops for member in op["add"]["account_ids"]}) == 2_345
    assert len({op["group"] for op in result.ops}) == 1
    assert len(shown.html) < 300_000


def test_nothing_can_be_sent_before_somebody_is_chosen_who_takes_over(desk):
    shown = desk.get("/people/rita/handover")

    assert "Choose above who takes over" in shown.text
    assert shown.forms_with("a0.from_id") == []


def test_filters_that_fit_nobody_move_nothing(desk):
    assert desk.get("/people/rita/handover?to=ron&level=d").forms_with("a0.from_id") == []


# --- who may


def test_only_whoever_reaches_somebody_hands_over_their_customers(desk):
    assert "/people/rita/handover" in desk.get("/people/rita").links
    assert "/people/sam/handover" not in desk.get("/people/sam").links
    assert "Not yours to hand over" in desk.get("/people/sam/handover?to=ron").text
    desk.me = "rita"
    assert "/people/rita/handover" not in desk.get("/people/rita").links
    assert desk.get("/people/rita/handover?to=ron").forms_with("a0.from_id") == []


def test_those_who_take_over_are_active_and_within_reach(desk):
    desk.person("gone", "Gone", department_id="north", is_active=0)
    html = desk.get("/people/rita/handover").html
    choices = re.search(r'<select id="c-to".*?</select>', html, re.DOTALL)[0]

    assert re.findall(r'value="(\w+)"', choices) == ["mona", "ron"]


def test_everybody_within_reach_who_has_something_is_offered_in_the_list(desk):
    desk.person("gone", "Gone", department_id="north", is_active=0)
    shown = desk.get("/handovers")

    assert "/people/rita/handover" in shown.links and "/people/sam/handover" not in shown.links
    assert "/people/gone/handover" not in shown.links
    assert "5 customers" in shown.text


# --- the sheet


@pytest.fixture
def sheet(desk) -> str:
    counts = json.dumps({"account": 2, "contact": 0, "event": 1, "task": 2})
    whole = {"from_id": "rita", "to_id": "ron", "owner_id": "mona"}
    done = {"done_at_ms": desk.now_ms, "counts": counts}
    desk.add("handover", "h", account_ids=["acc0", "acc2"], note="Be kind", **whole, **done)
    items = [
        ("account", "acc0", "acc0", "Firm 0", {}),
        ("account", "acc9", "acc9", "Firm that nobody sees", {}),
        ("event", "soon", "acc0", "Visit Firm 0", {"at_ms": desk.at("2026-11-25", "10:00")}),
        ("task", "t1", "acc0", "Send samples", {"due_on": "2026-12-01"}),
        ("task", "t2", None, "Tidy the car", {}),
    ]
    for entity, target, account, title, more in items:
        values = {"target_entity": entity, "target_id": target, "account_id": account, "title": title, **more}
        desk.add("handover_item", f"i-{target}", handover_id="h", **whole, **values)
    return "h"


def test_the_sheet_says_who_what_and_what_comes_next(desk, sheet):
    shown = desk.get("/handovers/h")

    assert figures(shown.html) == [("Customers", "2"), ("Appointments", "1"), ("Open tasks", "2")]
    assert "Rita to Ron" in shown.text and "Be kind" in shown.text
    line = shown.text[shown.text.index("Firm 0") :]
    assert "Next appointment 25 Nov 2026 10:00" in line
    assert "1 open task: Send samples (due 1 Dec 2026)" in line
    assert "Firm that nobody sees" in shown.text and "/customers/acc9" not in shown.links
    assert "Tidy the car" in shown.text


def test_only_the_receiver_says_that_it_is_taken_over_and_only_once(desk, sheet):
    assert desk.get("/handovers/h").forms_with("h.received_at_ms") == []
    desk.me = "ron"
    desk.post(desk.get("/handovers/h"), "receive")
    desk.queue("handover", "h", base=1)

    assert desk.row("handover", "h")["received_at_ms"] == desk.now_ms
    assert "Ron has taken this over." in desk.get("/handovers/h").text
    assert "nothing changes" not in desk.get("/handovers/h").text
    assert desk.get("/handovers/h").forms_with("h.received_at_ms") == []


def test_the_receiver_reads_of_it_on_today_until_it_is_taken_over(desk, sheet):
    assert "handed customers over" not in desk.get("/").text
    desk.me = "ron"
    assert "Rita handed customers over to you 2 customers" in desk.get("/").text
    assert "/handovers/h" in desk.get("/").links
    desk.post(desk.get("/handovers/h"), "receive")
    assert "handed customers over" not in desk.get("/").text


def test_giving_back_prepares_a_handover_of_what_is_still_there(desk, sheet):
    desk.add("account", "acc0", name="Firm 0", owner_id="ron")
    [back] = [link for link in desk.get("/handovers/h").links if "back=" in link]
    [wish] = hand_over(desk, back)

    assert (wish["from_id"], wish["to_id"], wish["account_ids"]) == ("ron", "rita", ["acc0"])


def test_a_handover_that_is_not_sent_says_that_nothing_changed_yet(desk):
    [op] = desk.post(desk.get("/people/rita/handover?to=ron&level=a"), "hand-over").ops
    desk.queue("handover", op["row"])

    shown = desk.get(f"/handovers/{op['row']}")
    assert "To send" in shown.text and "Until then nothing changes" in shown.text
    assert "Firm 0" in shown.text and "Firm 1" in shown.text
    assert shown.forms_with("h.received_at_ms") == []
    assert "still to be sent" in desk.get("/people/rita/handover").text
    assert "To send" in desk.get("/handovers").text
    assert "Handover: Rita → Ron" in desk.get("/outbox").text


def test_a_refused_handover_says_so_and_shows_names(desk):
    wish = {"from_id": "rita", "to_id": "ron", "keep": "none"}
    desk.add("handover", "h", **wish)
    desk.queue("handover", "h", "refused", "has_left", {"field": "to_id"}, set=wish, add={"account_ids": ["acc0"]})

    assert "Nothing was moved" in desk.get("/handovers/h").text
    assert "Needs you" in desk.get("/handovers").text
    text = desk.get("/outbox").text
    assert all(words in text for words in ("Rita → Ron", "Handed over by Rita", "Taken over by Ron", "+ Firm 0"))


def test_a_long_sheet_shows_its_beginning_and_all_of_it_when_asked(desk, sheet):
    whole = {"handover_id": "h", "from_id": "rita", "to_id": "ron", "target_entity": "account"}
    for n in range(300):
        id = f"m{n:03}"
        desk.add("handover_item", id, target_id=id, account_id=id, title=f"Many {n:03}", **whole)

    assert "Many 299" not in desk.get("/handovers/h").text
    assert "/handovers/h?show=all" in desk.get("/handovers/h").links
    assert "Many 299" in desk.get("/handovers/h?show=all").text


# --- who works on a customer


def test_a_colleague_is_added_changed_and_taken_off(desk):
    desk.me = "rita"
    typed = {"n__user_id": "sam", "n__access": "read", "n__until_on": "2026-12-24"}
    desk.post(desk.get("/customers/acc0/people"), "add-member", **typed)
    [member] = desk.rows("account_member")
    assert (member["user_id"], member["access"], member["until_on"]) == ("sam", "read", "2026-12-24")
    desk.add("account_member", **{k: member[k] for k in ("id", "account_id", "user_id", "access", "until_on")})

    shown = desk.get("/customers/acc0/people")
    assert "Sam may look until 24 Dec 2026" in shown.text
    desk.post(shown, shown.forms_with("m1.access")[0], m1__access="write", m1__until_on="")
    assert (desk.rows("account_member")[0]["access"], desk.rows("account_member")[0]["until_on"]) == ("write", None)

    shown = desk.get("/customers/acc0/people")
    desk.post(shown, shown.forms_with("d.deleted")[0])
    assert desk.rows("account_member") == []


def test_nobody_is_added_twice_nor_is_the_owner(desk):
    desk.add("account_member", "m", account_id="acc0", user_id="sam", access="read")
    html = desk.get("/customers/acc0/people").html
    choices = re.search(r'<select id="i-n.user_id".*?</select>', html, re.DOTALL)[0]

    assert re.findall(r'value="(\w+)"', choices) == ["mona", "ron"]


def test_a_form_without_a_colleague_says_what_is_missing(desk):
    result = desk.post(desk.get("/customers/acc0/people"), "add-member", n__until_on="2026-12-24")

    assert result.errors["n.user_id"][0] == "required"


@pytest.mark.parametrize(("me", "decides"), [("rita", True), ("mona", True), ("ron", False), ("sam", False)])
def test_the_owner_and_whoever_reaches_the_owner_decide_who_works_on_it(desk, me, decides):
    desk.add("account_member", "m", account_id="acc0", user_id="sam", access="write")
    desk.me = me

    shown = desk.get("/customers/acc0/people")

    assert "Sam" in shown.text
    assert bool(shown.forms_with("n.account_id")) is decides
    assert ("decided by Rita" in shown.text) is not decides


@pytest.mark.parametrize(
    ("me", "access", "until", "may_write"),
    [
        ("sam", "read", None, False),
        ("sam", "read", "2026-11-24", False),
        ("sam", "write", None, True),
        ("rita", "read", None, True),
        ("mona", "read", None, True),
    ],
)
def test_whoever_may_only_look_is_offered_nothing_that_would_be_refused(desk, me, access, until, may_write):
    desk.add("account_member", "m", account_id="acc0", user_id=me, access=access, until_on=until)
    desk.me = me

    links = desk.get("/customers/acc0").links

    new = [f"/{what}/new?account=acc0" for what in ("activities", "contacts", "tasks")]
    writing = ["/customers/acc0/edit", *new]
    assert [link in links for link in writing] == [may_write] * 4
    assert "/customers/acc0/summary" in links
    links = desk.get("/contacts/con0").links
    assert ["/contacts/con0/edit" in links, "/relations/new?contact=con0" in links] == [may_write] * 2


def test_whoever_was_shared_it_twice_has_the_better_of_both(desk):
    desk.add("account_member", "m1", account_id="acc0", user_id="sam", access="read")
    desk.add("account_member", "m2", account_id="acc0", user_id="sam", access="write")
    desk.me = "sam"

    assert "/customers/acc0/edit" in desk.get("/customers/acc0").links
    assert "/contacts/con0/edit" in desk.get("/contacts/con0").links


def test_a_device_that_holds_a_part_says_so_and_offers_the_whole_from_the_server(desk):
    some = dict(Viewer.__dataclass_fields__["sync"].default_factory()) | {"accounts_elsewhere": 12}
    shown = desk.get("/people/rita/handover?to=ron&level=a", sync=some)

    assert "12 more customers are on the server" in shown.text
    [link] = [link for link in shown.links if "server=1" in link]
    whole = desk.get(link, sync=some | {"accounts_elsewhere": 0})
    assert "has everything" in whole.text
    action = re.search(r'id="hand-over" method="post" action="([^"]*)"', whole.html)[1]
    assert "server" not in action and "level=a" in action
