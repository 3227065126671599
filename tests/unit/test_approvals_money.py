"""What is granted, what is paid, what is set off: once, and never more than there is."""

import json

import pytest

from ..small_firm import as_server, op
from .approving import MANAGER, Firm


@pytest.fixture
def at(firm):
    made = Firm(firm)
    made.define("claim", MANAGER, asks=["lines", "advance"], kind="expense_claim")
    made.define("advance", MANAGER, asks=["amount"], kind="advance")
    return made


def claim(at, *cents, by="rita", **fields):
    """Submitted, with a line for each amount; (request, lines)."""
    request = at.draft(by, "claim", **fields)
    lines = [
        at.device(by).add("expense_line", approval_id=request, spent_on="2026-11-24", category_id="travel",
                          amount_cents=one, currency="CNY", position=n)
        for n, one in enumerate(cents)
    ]  # fmt: skip
    assert at.does(by, "submit", request)["is"] == "applied"
    return request, lines


def approved_claim(at, *cents, **fields):
    request, _ = claim(at, *cents, **fields)
    at.does("mona", "approve", request)
    return request


def paid_advance(at, cents, by="rita"):
    request = at.ask(by, "advance", amount_cents=cents, currency="CNY")
    at.does("mona", "approve", request)
    assert at.does("cass", "pay", request, amount_cents=cents)["is"] == "applied"
    return request


def test_less_may_be_granted_line_by_line_and_the_last_word_counts(at):
    at.define("claim2", MANAGER, MANAGER | {"key": "two", "who": {"kind": "person", "ids": ["kim"]}},
              asks=["lines"], kind="expense_claim")  # fmt: skip
    request = at.draft("rita", "claim2")
    rita = at.device("rita")
    one, two, three = (
        rita.add("expense_line", approval_id=request, spent_on="2026-11-24", category_id="travel",
                 amount_cents=cents, currency=currency, rate_e6=rate, position=cents)
        for cents, currency, rate in ((100, "CNY", 1_000_000), (200, "USD", 7_000_000), (300, "CNY", 1_000_000))
    )  # fmt: skip
    at.does("rita", "submit", request)
    assert at.row("approval", request)["amount_cents"] == 100 + 1_400 + 300
    at.does("mona", "approve", request, sanctioned=json.dumps({one: "50", two: "150"}))
    at.does("kim", "approve", request, sanctioned=json.dumps({two: "100", three: "0"}))
    assert [row["sanctioned_cents"] for row in at.rows("expense_line", request)] == [50, 100, 0]
    assert at.row("approval", request)["sanctioned_cents"] == 50 + 700


def test_never_more_than_was_claimed_and_of_no_other_request(at):
    request, [line] = claim(at, 100)
    _, [other] = claim(at, 100)
    for given, reason in (({line: "101"}, "too_much"), ({other: "1"}, "not_found")):
        outcome = at.does("mona", "approve", request, sanctioned=json.dumps(given))
        assert (outcome["is"], outcome["reason"]) == ("rejected", reason)
    assert at.state(request) == "pending"


def test_what_was_granted_of_an_earlier_revision_is_void(at):
    request, [line] = claim(at, 100)
    at.define("claim3", MANAGER, asks=["lines"])
    at.does("mona", "approve", request, sanctioned=json.dumps({line: "60"}))
    assert at.row("approval", request)["sanctioned_cents"] == 60
    request, [line] = claim(at, 100)
    as_server(at.firm, op("expense_line", line, sanctioned_cents=5))
    at.does("rita", "recall", request)
    at.device("rita").edit("approval", request, title="Again")
    at.does("rita", "submit", request)
    assert at.row("expense_line", line)["sanctioned_cents"] is None


def test_an_approved_claim_waits_for_the_cashier_and_is_closed_when_paid(at):
    request = approved_claim(at, 100, 200)
    row = at.row("approval", request)
    assert (row["state"], row["sanctioned_cents"], row["closed_at_ms"]) == ("approved", 300, None)
    assert at.told("cass") == ["A request of %(name)s is to be paid"]
    assert at.does("cass", "pay", request, amount_cents=300)["is"] == "applied"
    row = at.row("approval", request)
    assert (row["paid_cents"], row["offset_cents"], row["paid_by"]) == (300, 0, "cass")
    assert row["paid_at_ms"] == row["closed_at_ms"]
    assert all(line["closed_at_ms"] for line in at.rows("expense_line", request))
    assert at.told("rita")[-1] == "%(name)s paid your request"


def test_only_a_cashier_pays_and_only_what_is_approved_and_to_be_paid(at):
    request, _ = claim(at, 100)
    as_server(at.firm, op("user", "cass2", name="C", role_id="cashier", department_id="north"))
    assert at.does("mona", "pay", request, amount_cents=100)["reason"] == "not_cashier"
    assert at.does("cass", "pay", request, amount_cents=100)["reason"] == "not_found"
    at.define("leave", MANAGER, cc={"people": ["cass"]})
    leave = at.ask("rita", "leave")
    at.does("mona", "approve", leave)
    assert at.does("cass", "pay", leave, amount_cents=1)["reason"] == "nothing_to_pay"
    at.does("mona", "approve", request)
    assert at.does("cass", "pay", request)["reason"] == "required"
    outcome = at.does("cass", "pay", request, amount_cents=99)
    assert (outcome["reason"], outcome["detail"]["due"]) == ("amount_differs", 100)


def test_it_is_paid_once(at):
    as_server(at.firm, op("user", "cash", name="Cash", role_id="cashier", department_id="north"))
    request = approved_claim(at, 100)
    for name in ("cass", "cash"):
        at.device(name).sync()
    first, second = (at.says(name, "pay", request, amount_cents=100) for name in ("cass", "cash"))
    assert at.sent("cash", second)["is"] == "applied"
    outcome = at.sent("cass", first)
    assert (outcome["is"], outcome["reason"], outcome["detail"]["by"]) == ("conflict", "already_decided", "cash")
    assert at.does("rita", "void", request)["reason"] == "already_decided"


def test_what_was_made_void_is_not_paid(at):
    request = approved_claim(at, 100)
    at.device("cass").sync()
    late = at.says("cass", "pay", request, amount_cents=100)
    at.does("rita", "void", request)
    assert at.sent("cass", late)["reason"] == "changed_meanwhile"
    assert at.row("approval", request)["paid_at_ms"] is None


def test_where_nothing_is_granted_there_is_nothing_to_pay(at):
    request, [line] = claim(at, 100)
    at.does("mona", "approve", request, sanctioned=json.dumps({line: "0"}))
    row = at.row("approval", request)
    assert (row["state"], row["sanctioned_cents"]) == ("approved", 0)
    assert row["closed_at_ms"] is not None
    assert at.told("cass") == []


def test_claims_take_from_their_advance_what_is_left_of_it(at):
    advance = paid_advance(at, 500)
    first = approved_claim(at, 300, advance_id=advance)
    second = approved_claim(at, 300, advance_id=advance)
    assert at.does("cass", "pay", first, amount_cents=0)["is"] == "applied"
    assert at.row("approval", first)["offset_cents"] == 300
    outcome = at.does("cass", "pay", second, amount_cents=0)
    assert (outcome["reason"], outcome["detail"]["due"]) == ("amount_differs", 100)
    assert at.does("cass", "pay", second, amount_cents=100)["is"] == "applied"
    row = at.row("approval", second)
    assert (row["paid_cents"], row["offset_cents"]) == (100, 200)
    assert at.does("cass", "repay", advance, amount_cents=1)["reason"] == "too_much"


def test_what_comes_back_of_an_advance_is_not_more_than_is_left(at):
    advance = paid_advance(at, 500)
    first = approved_claim(at, 300, advance_id=advance)
    at.does("cass", "pay", first, amount_cents=0)
    assert at.does("rita", "repay", advance, amount_cents=100)["reason"] == "not_cashier"
    assert at.does("cass", "repay", advance, amount_cents=150)["is"] == "applied"
    outcome = at.does("cass", "repay", advance, amount_cents=51)
    assert (outcome["reason"], outcome["detail"]["most"]) == ("too_much", 50)
    assert at.does("cass", "repay", advance, amount_cents=50)["is"] == "applied"
    assert at.row("approval", advance)["offset_cents"] == 200
    assert at.does("cass", "repay", first, amount_cents=5)["reason"] == "nothing_to_repay"


@pytest.mark.parametrize("case", ["unpaid", "of somebody else", "no advance", "in dollars"])
def test_only_a_paid_advance_of_ones_own_is_set_off(at, case):
    by = "ron" if case == "of somebody else" else "rita"
    if case == "unpaid":
        advance = at.ask("rita", "advance", amount_cents=5, currency="CNY")
    elif case == "no advance":
        advance = approved_claim(at, 5)
        at.does("cass", "pay", advance, amount_cents=5)
    elif case == "in dollars":
        advance = at.ask("rita", "advance", amount_cents=5, currency="USD")
        at.does("mona", "approve", advance)
        at.does("cass", "pay", advance, amount_cents=5)
    else:
        advance = paid_advance(at, 500, by=by)
    sees_it = "mona" if case == "of somebody else" else "rita"
    at.device(sees_it).sync()
    request = at.draft(sees_it, "claim", advance_id=advance)
    at.device(sees_it).add("expense_line", approval_id=request, spent_on="2026-11-24", category_id="travel",
                           amount_cents=1, currency="CNY")  # fmt: skip
    outcome = at.does(sees_it, "submit", request)
    assert (outcome["is"], outcome["reason"]) == ("rejected", "wrong_advance")


def test_sums_are_in_the_firms_currency(at):
    as_server(at.firm, op("firm_setting", "currency", key="currency", value="TWD"))
    request = at.draft("rita", "claim")
    for currency, rate in (("TWD", 5), ("USD", 32_123_456)):
        at.device("rita").add("expense_line", approval_id=request, spent_on="2026-11-24", category_id="travel",
                              amount_cents=1_000, currency=currency, rate_e6=rate)  # fmt: skip
    at.does("rita", "submit", request)
    row = at.row("approval", request)
    assert (row["amount_cents"], row["currency"]) == (1_000 + 32_123, "TWD")
