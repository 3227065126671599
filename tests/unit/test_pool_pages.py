"""The shared pool: who is in it, claiming, giving back, and when a customer goes there by itself."""

from __future__ import annotations

import re

import pytest

from server.pages import Pages
from tests.unit.desk import Desk

NAMES = {"today", "pool", "account", "customers", "outbox", "me"}
DAY_MS = 86_400_000


@pytest.fixture(scope="module")
def pages() -> Pages:
    return Pages(names=NAMES)


@pytest.fixture
def desk(pages) -> Desk:
    desk = Desk(pages)
    desk.add("role", "lead", name="Lead", data_scope="below")
    desk.add("role", "rep", name="Rep", data_scope="own")
    for place, above in (("sales", None), ("north", "sales"), ("south", "sales")):
        desk.add("department", place, name=place.title(), parent_id=above)
    desk.person("anna", "Anna", department_id="north")
    desk.person("mona", "Mona", role_id="lead", department_id="north")
    desk.person("li", "李娜", department_id="south")
    desk.add("account", "mine", name="Mine", level="a", owner_id="anna", owner_since_ms=desk.now_ms - 100 * DAY_MS)
    for id, name, level, region in (("free", "Free & co", "a", "上海"), ("bare", "Bare", None, None)):
        desk.add("account", id, name=name, level=level, region=region)
        desk.db.execute("UPDATE account SET owner_id = NULL WHERE id = ?", (id,))
    at_ms = desk.now_ms - 30 * DAY_MS
    desk.add("activity", "v", account_id="free", kind="visit", at_ms=at_ms, owner_id="li")
    return desk


def names(shown) -> list[str]:
    return re.findall(r'class="row__link" href="/customers/(\w+)"', shown.html)


# --- the list


def test_it_holds_customers_without_an_owner_and_says_who_was_there_last(desk):
    shown = desk.get("/pool")

    assert names(shown) == ["bare", "free"]
    assert "last with 李娜" in shown.text
    assert "Mine" not in shown.text


@pytest.mark.parametrize("filters", ["level=a", "region=上海", "q=free", "level=a&region=上海&q=fc"])
def test_filters_leave_what_fits(desk, filters):
    assert names(desk.get(f"/pool?{filters}")) == ["free"]


def test_a_long_pool_comes_in_parts_without_gaps(desk):
    for n in range(120):
        desk.add("account", f"p{n:03}", name=f"Same name {n // 3}")
    desk.db.execute("UPDATE account SET owner_id = NULL WHERE id LIKE 'p%'")

    found, address = [], "/pool"
    while address:
        shown = desk.get(address, partial=address != "/pool")
        found += names(shown)
        more = re.search(r'href="(/pool\?[^"]*after=[^"]*)"', shown.html)
        address = more and more[1].replace("&amp;", "&")

    assert sorted(found) == sorted(["bare", "free", *(f"p{n:03}" for n in range(120))])


# --- claiming


@pytest.mark.parametrize("address", ["/pool", "/customers/free"])
def test_one_tap_claims(desk, address):
    shown = desk.get(address)
    [op] = desk.post(shown, shown.forms_with("row.c", "account/free/1")[0]).ops

    assert (op["entity"], op["row"], op["base"], op["set"]) == ("account", "free", 1, {"owner_id": "anna"})


def test_a_claim_without_signal_is_asked_for_and_not_yet_had(desk):
    shown = desk.get("/pool")
    [op] = desk.post(shown, shown.forms_with("row.c", "account/free/1")[0]).ops
    desk.queue("account", "free", base=1, set=op["set"])

    assert "the server decides" in desk.get("/pool").text
    assert "whoever was first has it" in desk.get("/customers/free").text


def test_whoever_was_slower_reads_who_was_faster_and_lets_go_with_one_tap(desk):
    detail = {"by": "li", "name": "李娜", "account": "Gone Ltd"}
    desk.queue("account", "gone", "refused", "claimed", detail, base=1, set={"owner_id": "anna"})

    for address in ("/pool", "/outbox"):
        assert "李娜 was faster and has it now." in desk.get(address).text
        assert "Gone Ltd" in desk.get(address).text
    shown = desk.get("/pool")
    [number] = shown.forms_with("outbox.action", "discard")
    assert ("next", "/pool") in shown.form(number, {}, {})


def test_making_a_customer_is_no_claim(desk):
    desk.queue("account", "new", set={"owner_id": "anna", "name": "New"})

    assert "You asked for" not in desk.get("/pool").text


# --- giving back


@pytest.mark.parametrize(("me", "may"), [("anna", True), ("mona", True), ("li", False)])
def test_the_owner_and_whoever_reaches_the_owner_give_back(desk, me, may):
    desk.me = me
    shown = desk.get("/customers/mine")
    forms = shown.forms_with("g.owner_id")

    assert bool(forms) is may
    if may:
        [op] = desk.post(shown, forms[0]).ops
        assert op["set"] == {"owner_id": None}
        assert names(desk.get("/pool")) == ["bare", "free", "mine"]


# --- by itself


def rule(desk: Desk, days: int, id: str = "rule", **fields) -> None:
    desk.add("pool_rule", id, name="Quiet", days=days, is_active=fields.pop("is_active", 1), **fields)


def said(desk: Desk) -> str:
    """What the customer's page says, and for its owner Today as well."""
    texts = (desk.get(path).text for path in ("/customers/mine", "/"))
    on_page, on_today = ("".join(re.findall(r"Goes back to the shared pool[^.]*\.", text)) for text in texts)
    assert on_today == (on_page if desk.me == "anna" else "")
    return on_page


def test_the_owner_reads_in_how_many_days_a_quiet_customer_goes_back(desk):
    rule(desk, 105)

    assert said(desk) == "Goes back to the shared pool in 5 days."


def test_the_first_rule_counts_and_contact_counts_from_its_day(desk):
    rule(desk, 105)
    rule(desk, 103, "sooner")
    assert said(desk) == "Goes back to the shared pool in 3 days."

    desk.add("activity", "call", account_id="mine", kind="call", at_ms=desk.now_ms - 99 * DAY_MS)
    assert said(desk) == "Goes back to the shared pool in 4 days."
    desk.add("activity", "now", account_id="mine", kind="call", at_ms=desk.now_ms)
    assert said(desk) == ""


def test_what_is_overdue_goes_today(desk):
    rule(desk, 50)

    assert said(desk) == "Goes back to the shared pool today."


@pytest.mark.parametrize(
    ("fields", "applies"),
    [
        ({"department_id": "north"}, True),
        ({"department_id": "sales"}, True),
        ({"department_id": "south"}, False),
        ({"levels": ["a", "b"]}, True),
        ({"levels": ["c"]}, False),
        ({"is_active": 0}, False),
    ],
)
def test_a_rule_holds_for_its_departments_and_levels_while_it_is_in_force(desk, fields, applies):
    rule(desk, 105, **fields)

    assert bool(said(desk)) is applies


@pytest.mark.parametrize(("cancelled", "keeps"), [(None, True), (1, False)])
def test_an_appointment_to_come_keeps_it(desk, cancelled, keeps):
    rule(desk, 105)
    times = {"start_ms": desk.now_ms + DAY_MS, "end_ms": desk.now_ms + DAY_MS + 1}
    desk.add("event", "e", title="Visit", account_id="mine", cancelled_at_ms=cancelled, **times)

    assert (said(desk) == "") is keeps


def test_a_dealer_never_goes_back_and_nobody_else_is_warned(desk):
    rule(desk, 105)
    desk.me = "li"
    assert said(desk) == ""
    desk.me = "anna"
    desk.db.execute("UPDATE account SET kind = 'dealer' WHERE id = 'mine'")
    assert said(desk) == ""
