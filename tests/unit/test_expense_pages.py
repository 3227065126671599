"""Expenses over rows: lines, warnings, what an advance covers, what is counted; both hosts run this same SQL."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from server.pages import Pages
from tests.unit.desk import Desk
from web.build.loader import read_page

NAMES = {
    *("expenses", "expense_lines", "expense_line_new", "expense_line_edit"),
    *("expense_new", "expense_payments", "expense_pay", "approval"),
}


@pytest.fixture(scope="module")
def pages() -> Pages:
    return Pages(names=NAMES)


@pytest.fixture
def desk(pages) -> Desk:
    desk = Desk(pages)
    desk.add("role", "rep", name="Rep", data_scope="own")
    desk.add("role", "boss", name="Boss", data_scope="everything", is_cashier=1)
    desk.add("department", "all", name="All")
    desk.add("department", "north", name="North", parent_id="all")
    desk.person("anna", "Anna", department_id="north")
    desk.person("ben", "Ben", department_id="all", role_id="boss")
    desk.add("firm_setting", "s1", key="currency", value="CNY")
    desk.add("expense_category", "meal", name="Meals", position=1)
    desk.add("expense_category", "bed", name="Lodging", position=2)
    definition(desk, "claim", "expense_claim", ["lines", "request", "advance"])
    definition(desk, "request", "expense_request", ["amount", "lines"])
    definition(desk, "advance", "advance", ["amount", "request"])
    return desk


def definition(desk: Desk, id: str, kind: str, asks: list[str], **fields) -> None:
    desk.add("approval_definition", id, name=id.title(), kind=kind, current=1, **fields)
    desk.add("definition_version", f"{id}-1", definition_id=id, number=1, asks=asks, fallback_id="ben")


def asked(desk: Desk, id: str, kind: str = "claim", state: str = "draft", **fields) -> str:
    more = {} if state == "draft" else {"applicant_id": fields.get("owner_id", "anna"), "submitted_at_ms": desk.now_ms}
    about = {"definition_id": kind, "version_id": f"{kind}-1", "title": id.title(), "currency": "CNY", "state": state}
    return desk.add("approval", id, **about | more | fields)


def line(desk: Desk, id: str, claim: str, cents: int, day: str = "2026-11-20", category: str = "meal", **fields) -> str:
    known = {"approval_id": claim, "amount_cents": cents, "spent_on": day, "category_id": category}
    return desk.add("expense_line", id, **{"currency": "CNY", "rate_e6": 1_000_000} | known | fields)


def receipt(desk: Desk, id: str, claim: str, line_id: str, hash: str = "a" * 64) -> str:
    about = {"target_entity": "expense_line", "target_id": line_id, "approval_id": claim, "name": "r.jpg"}
    return desk.add("attachment", id, hash=hash, media_type="image/jpeg", bytes=10, **about)


def lines_of(desk: Desk, claim: str) -> str:
    return desk.get(f"/approvals/{claim}/lines").text


# --- lines


def test_an_expense_is_saved_with_day_category_amount_and_rate(desk):
    asked(desk, "trip")
    shown = desk.get("/approvals/trip/lines/new")

    desk.post(shown, "line-form", tick={"l.category_id": ["meal"]}, l__amount_cents="12.50", l__currency="USD",
              l__rate_e6="7.1", l__receipt_no="A 7")  # fmt: skip

    [saved] = desk.rows("expense_line")
    assert (saved["amount_cents"], saved["currency"], saved["rate_e6"]) == (1250, "USD", 7_100_000)
    assert (saved["spent_on"], saved["category_id"], saved["owner_id"]) == ("2026-11-24", "meal", "anna")
    assert "¥88.75" in lines_of(desk, "trip")


def test_the_next_expense_begins_with_day_currency_and_customer_of_the_one_before(desk):
    asked(desk, "trip")
    desk.add("account", "acme", name="Acme")
    line(desk, "l1", "trip", 100, "2026-11-03", currency="EUR", rate_e6=7_800_000, account_id="acme")

    html = desk.get("/approvals/trip/lines/new?like=l1").html

    assert 'value="2026-11-03"' in html and '<option value="EUR" selected>' in html
    assert 'name="l.account_id" value="acme"' in html and 'value="7.8"' in html


def test_from_a_visit_its_customer_and_day_are_filled_in(desk):
    asked(desk, "trip")
    desk.add("account", "acme", name="Acme")
    desk.add("activity", "v1", account_id="acme", kind="visit", at_ms=desk.at("2026-11-19", "10:00"))

    assert "/approvals/trip/lines/new?activity=v1" in desk.get("/expenses/new?activity=v1").links
    html = desk.get("/approvals/trip/lines/new?activity=v1").html

    assert 'name="l.account_id" value="acme"' in html and 'name="l.activity_id" value="v1"' in html
    assert 'value="2026-11-19"' in html


def test_without_an_open_claim_one_is_begun_with_a_tap(desk):
    result = desk.post(desk.get("/expenses/new"), 0)

    [claim] = desk.rows("approval")
    assert (claim["definition_id"], claim["version_id"], claim["title"]) == ("claim", "claim-1", "Claim, November 2026")
    assert result.next == f"/approvals/{claim['id']}/lines/new?"


def test_lines_of_what_was_submitted_cannot_be_changed(desk):
    asked(desk, "trip", state="pending")
    line(desk, "l1", "trip", 100)

    assert not desk.get("/lines/l1/edit").forms_with("row.l")
    assert not desk.get("/approvals/trip/lines/new").forms_with("row.l")
    assert "/lines/l1/edit" not in desk.get("/approvals/trip/lines").links


# --- warnings


def test_a_limit_of_one_expense_says_rule_and_amount(desk):
    desk.add("expense_policy", "p", category_id="bed", per="line", most_cents=50_000, is_active=1, note="tier 2 cities")
    asked(desk, "trip")
    line(desk, "l1", "trip", 68_000, category="bed")
    line(desk, "l2", "trip", 50_000, category="bed", day="2026-11-21")

    text = lines_of(desk, "trip")

    assert "¥680.00; the limit of one expense is ¥500.00. (tier 2 cities)" in text
    assert "1 thing to look at" in text


def test_a_limit_of_a_day_counts_the_persons_other_live_claims(desk):
    desk.add("expense_policy", "p", category_id="meal", per="day", most_cents=10_000, is_active=1)
    for state in ("approved", "rejected", "void"):
        asked(desk, f"other-{state}", state=state)
        line(desk, f"o-{state}", f"other-{state}", 6_000)
    asked(desk, "bens", owner_id="ben")
    line(desk, "lb", "bens", 9_000, owner_id="ben")
    asked(desk, "trip")
    line(desk, "l1", "trip", 5_000)

    text = lines_of(desk, "trip")

    assert "Meals on 20 Nov 2026: ¥110.00 in all; the limit of a day is ¥100.00." in text
    assert "¥60.00 of it stand in other requests." in text


def test_what_was_requested_before_does_not_count_again_in_the_claim_for_it(desk):
    desk.add("expense_policy", "p", per="month", most_cents=10_000, is_active=1)
    asked(desk, "plan", "request", "approved")
    line(desk, "l0", "plan", 8_000)
    asked(desk, "trip", request_id="plan")
    line(desk, "l1", "trip", 8_000)

    assert "to look at" not in lines_of(desk, "trip")


def test_a_rule_for_the_role_stands_in_for_the_one_for_everybody(desk):
    desk.add("expense_policy", "p", category_id="bed", per="line", most_cents=50_000, is_active=1)
    desk.add("expense_policy", "q", category_id="bed", role_id="rep", per="line", most_cents=80_000, is_active=1)
    asked(desk, "trip")
    line(desk, "l1", "trip", 68_000, category="bed")

    assert "to look at" not in lines_of(desk, "trip")


def test_a_receipt_is_missed_from_its_amount_on(desk):
    desk.add("expense_policy", "p", per="line", receipt_from_cents=10_000, is_active=1)
    asked(desk, "trip")
    line(desk, "l1", "trip", 10_000)
    line(desk, "l2", "trip", 9_999, day="2026-11-21")
    assert "No receipt; from ¥100.00 on one is needed." in lines_of(desk, "trip")

    receipt(desk, "r1", "trip", "l1")

    assert "to look at" not in lines_of(desk, "trip")


def test_the_same_receipt_is_seen_by_photo_number_or_facts(desk):
    asked(desk, "old", state="approved")
    line(desk, "o1", "old", 100, "2026-10-01", receipt_no="A 1")
    line(desk, "o2", "old", 200, "2026-10-02")
    line(desk, "o3", "old", 300, "2026-10-03")
    receipt(desk, "r0", "old", "o2")
    asked(desk, "trip")
    line(desk, "l1", "trip", 111, receipt_no="A 1")
    line(desk, "l2", "trip", 222)
    receipt(desk, "r1", "trip", "l2")
    line(desk, "l3", "trip", 300, "2026-10-03")

    text = lines_of(desk, "trip")

    assert "Receipt A 1 is on another expense, too: Old." in text
    assert "The same photo of a receipt is on another expense: Old." in text
    assert "Another expense has the same day, category and amount: Old." in text


def test_strange_days_and_a_missing_rate_are_told(desk):
    asked(desk, "trip")
    line(desk, "l1", "trip", 100, "2026-11-25")
    line(desk, "l2", "trip", 100, "2026-05-27")
    line(desk, "l3", "trip", 100, "2026-05-28", currency="USD")

    text = lines_of(desk, "trip")

    assert "25 Nov 2026 had not come yet" in text
    assert "27 May 2026: more than 180 days" in text and "28 May 2026: more" not in text
    assert "USD without a rate" in text


def test_the_card_warns_by_the_same_sql_as_the_lines():
    folder = Path("web/pages")
    card = {query.name: query.sql for query in read_page(folder / "approval.sql").queries}

    for query in read_page(folder / "expense_lines.sql").queries:
        if query.name.startswith("expense_"):
            assert card[query.name] == query.sql


# --- advances and payments


def test_to_pay_is_what_the_advance_does_not_cover(desk):
    desk.me = "ben"
    asked(desk, "cash", "advance", "approved", paid_at_ms=1, paid_cents=100_000, offset_cents=10_000)
    asked(desk, "first", state="approved", advance_id="cash", sanctioned_cents=60_000, offset_cents=60_000,
          paid_cents=0, paid_at_ms=2)  # fmt: skip
    asked(desk, "trip", state="approved", advance_id="cash", sanctioned_cents=50_000)
    asked(desk, "small", state="approved", sanctioned_cents=7_000)

    text = desk.get("/expenses/payments").text

    assert "¥500.00 granted, ¥300.00 of it from the advance" in text and "¥200.00" in text and "¥70.00" in text
    assert "¥300.00 left" in text
    shown = desk.get("/approvals/trip/pay")
    assert 'name="p.amount_cents" value="200.00"' in shown.html


def test_only_a_cashier_is_offered_a_payment(desk):
    asked(desk, "trip", state="approved", sanctioned_cents=50_000)

    assert "/approvals/trip/pay" not in desk.get("/expenses/payments").links
    assert not desk.get("/approvals/trip/pay").forms_with("row.p")


@pytest.mark.parametrize("seed", range(6))
def test_balances_are_as_plain_arithmetic_says(desk, seed):
    chance = random.Random(seed)
    desk.me = "ben"
    left = {}
    for n in range(6):
        paid, back = chance.randrange(100_000), chance.randrange(20_000)
        asked(desk, f"a{n}", "advance", "approved", paid_at_ms=1, paid_cents=paid, offset_cents=back)
        left[f"a{n}"] = paid - back
    for n in range(12):
        advance, off = chance.choice(list(left)), chance.randrange(9_000)
        asked(desk, f"c{n}", state="approved", advance_id=advance, offset_cents=off, paid_at_ms=2, paid_cents=1)
        left[advance] -= off
    granted = {f"d{n}": (chance.choice(list(left)), chance.randrange(1, 120_000)) for n in range(8)}
    for id, (advance, cents) in granted.items():
        asked(desk, id, state="approved", advance_id=advance, sanctioned_cents=cents)

    for id, (advance, cents) in granted.items():
        due = cents - max(0, min(left[advance], cents))
        assert f'name="p.amount_cents" value="{due // 100}.{due % 100:02}"' in desk.get(f"/approvals/{id}/pay").html
