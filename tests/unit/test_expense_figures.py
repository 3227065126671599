"""What was spent, counted: any period, person, department, category, customer and state; the page and its file."""

from __future__ import annotations

import csv
import io
import random
from datetime import date, timedelta

import pytest

from server.pages import run_queries
from tests.unit.test_expense_pages import asked, definition, desk, line, pages  # noqa: F401

STATES = {"claimed": ("pending", "approved"), "approved": ("approved",), "paid": ("approved",)}


def figures(desk, **query):
    """The page's queries for these values."""
    page, _ = desk.pages.match("/expenses")
    given = {**page.defaults, **{name.rstrip("_"): value for name, value in query.items()}}
    given |= {"me": desk.me, "now_ms": desk.now_ms, "today": "2026-11-24", "tz": desk.tz, "lang": "en"}
    return run_queries(desk.db, page, given)


def random_claims(desk, chance: random.Random) -> list[dict]:
    lines = []
    for n in range(40):
        person = chance.choice(["anna", "ben"])
        state = chance.choice(["draft", "pending", "approved", "rejected", "void"])
        is_paid = state == "approved" and chance.random() < 0.5
        asked(desk, f"c{n}", state=state, owner_id=person, paid_at_ms=1 if is_paid else None)
        for m in range(chance.randrange(4)):
            one = {
                "day": str(date(2026, 11, 24) - timedelta(days=chance.randrange(800))),
                "category": chance.choice(["meal", "bed"]),
                "account": chance.choice(["acme", None]),
                "cents": chance.randrange(1, 90_000),
                "rate": chance.choice([1_000_000, 7_123_456]),
                "granted": chance.choice([None, 0, 500]),
                **{"person": person, "state": state, "is_paid": is_paid},
            }
            line(desk, f"l{n}-{m}", f"c{n}", one["cents"], one["day"], one["category"], owner_id=person,
                 account_id=one["account"], rate_e6=one["rate"], sanctioned_cents=one["granted"])  # fmt: skip
            lines.append(one)
    return lines


def worth(one: dict, state: str) -> int:
    cents = one["cents"] if state == "claimed" or one["granted"] is None else one["granted"]
    return (cents * one["rate"] + 500_000) // 1_000_000


@pytest.mark.parametrize("seed", range(8))
def test_sums_are_as_plain_arithmetic_says_and_the_lines_add_up_to_them(desk, seed):
    chance = random.Random(seed)
    desk.add("account", "acme", name="Acme")
    lines = random_claims(desk, chance)
    state, category = chance.choice(list(STATES)), chance.choice(["", "meal"])
    person, department = chance.choice([("", ""), ("anna", ""), ("", "north"), ("", "all")])
    first, last = sorted(str(date(2026, 11, 24) - timedelta(days=chance.randrange(700))) for _ in range(2))
    people = {"anna"} if person == "anna" or department == "north" else {"anna", "ben"}

    found = figures(desk, period="days", from_=first, until=last, state=state, category=category, person=person,
                    department=department, most="-1")  # fmt: skip

    wanted = [
        one for one in lines
        if first <= one["day"] <= last and one["state"] in STATES[state] and (state != "paid" or one["is_paid"])
        and category in ("", one["category"]) and one["person"] in people
    ]  # fmt: skip
    total = sum(worth(one, state) for one in wanted)
    assert found["totals"]["cents"] == total
    assert sum(row["cents"] for row in found["lines"]) == total
    assert (found["totals"]["times"], len(found["lines"])) == (len(wanted), len(wanted))
    assert sum(row["cents"] for row in found["shares"]) == total


@pytest.mark.parametrize(
    ("period", "gives"),
    [
        ("month", ("2026-11-01", "2026-11-24", "2026-10-01", "2026-10-24")),
        ("last", ("2026-10-01", "2026-10-31", "2026-09-01", "2026-09-30")),
        ("quarter", ("2026-10-01", "2026-11-24", "2026-07-01", "2026-08-24")),
        ("year", ("2026-01-01", "2026-11-24", "2025-01-01", "2025-11-24")),
    ],
)
def test_a_period_that_runs_is_held_against_as_much_of_the_one_before(desk, period, gives):
    days = figures(desk, period=period)["days"]

    assert (days["from_on"], days["until_on"], days["before_from_on"], days["before_until_on"]) == gives


def test_days_the_wrong_way_round_are_turned_and_nonsense_is_this_month(desk):
    days = figures(desk, period="days", from_="2026-05-09", until="2026-05-01")["days"]
    assert (days["from_on"], days["until_on"]) == ("2026-05-01", "2026-05-09")

    days = figures(desk, period="days", from_="soon", until="<x>")["days"]
    assert days["from_on"] == "2026-11-01"


def test_cost_stands_beside_sales_of_contracts_of_sale(desk):
    form = [{"key": "kind", "label": "Kind", "type": "choice", "choices": ["Sale", "Purchase"]}]
    definition(desk, "contract", "general", ["amount", "account"])
    asks = ["amount", "account"]
    desk.add("definition_version", "contract-1", definition_id="contract", number=1, asks=asks, form=form)
    desk.add("account", "acme", name="Acme")
    for id, kind, cents in (("s1", "Sale", 1_000_000), ("s2", "Purchase", 7_000_000)):
        asked(desk, id, "contract", "approved", account_id="acme", amount_cents=cents, decided_at_ms=desk.now_ms - 1,
              answers=f'{{"kind":"{kind}"}}')  # fmt: skip
    asked(desk, "trip", state="approved")
    line(desk, "l1", "trip", 25_000, account_id="acme")

    [row] = figures(desk)["accounts"]

    assert (row["cents"], row["sales_cents"], row["percent"]) == (25_000, 1_000_000, "2.5")


def test_the_page_has_charts_without_inline_style_and_tables_of_the_same(desk):
    asked(desk, "trip", state="approved")
    line(desk, "l1", "trip", 25_000)

    html = desk.get("/expenses").html

    assert "<svg class=\"trend\"" in html and "style=" not in html
    assert html.count("<table") == 2 and "¥250.00" in html


def test_the_file_holds_what_the_page_counts_for_whoever_asks_and_runs_no_formula(tmp_path):
    from server.expenses_csv import expenses_csv
    from server.pages import Pages
    from tests.device import Device
    from tests.small_firm import as_server, make_firm, op
    from web.text import Text

    firm = make_firm(tmp_path / "firm")
    as_server(
        firm,
        op("approval_definition", "claim", name="Claim", kind="expense_claim", current=1),
        op("definition_version", "claim-1", definition_id="claim", number=1, fallback_id="boss")
        | {"add": {"asks": ["lines"]}},
        op("expense_category", "meal", name="Meals"),
    )
    desk = Device(firm, "rita", "desk")
    claim = desk.add("approval", definition_id="claim", version_id="claim-1", title="=1+1", owner_id="rita")
    today = Text("en", firm.timezone, firm.clock()).today
    for cents in (1250, 300):
        desk.add("expense_line", approval_id=claim, spent_on=today, category_id="meal", amount_cents=cents,
                 currency="CNY", rate_e6=1_000_000, note="=HYPERLINK(1)", owner_id="rita")  # fmt: skip
    desk.sync()
    firm.write_now(lambda db: db.execute("UPDATE approval SET state = 'approved', applicant_id = 'rita'"))

    def rows(user_id: str, **asked):
        data = expenses_csv(firm, Pages(names={"expenses"}), user_id, asked, Text("en", firm.timezone, firm.clock()))
        return list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"))))

    assert sorted(row["In CNY"] for row in rows("rita")) == ["12.50", "3.00"]
    assert rows("rita")[0]["Request"] == "'=1+1" and rows("rita")[0]["Note"].startswith("'=")
    assert rows("rita", category="other") == rows("ron") == []
    firm.close()
