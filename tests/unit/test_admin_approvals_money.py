"""Categories, limits, the firm's currency and who pays, as administrators set them."""

import re

import pytest

from server.admin import approvals_money
from server.approvals.case import firm_currency
from tests.small_firm import as_server, op
from tests.unit.shell import add_person, client, id_of, open_firm, signed_in_client


@pytest.fixture
def firm(tmp_path):
    firm = open_firm(tmp_path)
    yield firm
    firm.close()


@pytest.fixture
def admin(firm):
    return signed_in_client(firm)


def look(firm, sql, *values):
    with firm.look() as conn:
        return [dict(row) for row in conn.execute(sql, values)]


def category(firm, name="Meals"):
    return look(firm, "SELECT * FROM expense_category WHERE name = ?", name)[0]


def names(firm):
    with firm.look() as conn:
        return [row["name"] for row in approvals_money.categories(conn)]


def currency(firm):
    with firm.look() as conn:
        return firm_currency(conn)


def ask_for_money(firm, submitted=True):
    definition = look(firm, "SELECT * FROM approval_definition WHERE kind = 'advance'")[0]
    version = look(firm, "SELECT * FROM definition_version WHERE definition_id = ?", definition["id"])[0]
    anna = id_of(firm, "Anna Keller")
    about = {"definition_id": definition["id"], "version_id": version["id"], "title": "Fair", "owner_id": anna}
    as_server(firm, op("approval", "ask", **about, amount_cents=100, currency="CNY"))
    if submitted:
        firm.write_now(lambda conn: conn.execute("UPDATE approval SET applicant_id = ?", (anna,)))


@pytest.mark.parametrize("path", ["/admin/expenses", "/admin/policies"])
def test_only_administrators_come_in(firm, admin, path):
    add_person(firm, "Ben Otto", login="ben")
    ben = signed_in_client(firm, "ben")
    before = look(firm, "SELECT * FROM expense_category"), currency(firm)

    assert admin.get(path).status_code == 200
    assert ben.get(path).status_code == 403
    assert client(firm).get(path).status_code == 303
    for form in (
        {"currency": "USD"},
        {"name": "Gifts"},
        {"id": category(firm)["id"], "do": "delete"},
        {"most_cents": "5"},
    ):
        assert ben.post(path, data=form).status_code == 403
    assert (look(firm, "SELECT * FROM expense_category"), currency(firm)) == before
    assert look(firm, "SELECT * FROM expense_policy") == []


# --- currency ----------------------------------------------------------------------------------------


def test_a_firm_without_a_word_about_it_counts_in_yuan(firm, admin):
    firm.write_now(lambda conn: conn.execute("DELETE FROM firm_setting"))

    assert currency(firm) == "CNY"
    assert 'value="CNY" selected' in admin.get("/admin/expenses").text
    assert admin.post("/admin/expenses", data={"currency": "EUR"}).status_code == 303
    assert currency(firm) == "EUR"


def test_the_currency_is_one_row_however_often_it_is_set(firm, admin):
    for code in ("USD", "USD", "HKD"):
        assert admin.post("/admin/expenses", data={"currency": code}).status_code == 303

    assert [(row["key"], row["value"]) for row in look(firm, "SELECT * FROM firm_setting")] == [("currency", "HKD")]


@pytest.mark.parametrize("code", ["", "cny", "XXX", "¥"])
def test_a_currency_of_its_own_is_refused(firm, admin, code):
    answer = admin.post("/admin/expenses", data={"currency": code})

    assert answer.status_code == 422 and "choose one from the list" in answer.text
    assert currency(firm) == "CNY"


def test_the_currency_stays_once_amounts_were_submitted_in_it(firm, admin):
    ask_for_money(firm)

    answer = admin.post("/admin/expenses", data={"currency": "USD"})

    assert answer.status_code == 422 and "submitted in CNY already" in answer.text
    assert currency(firm) == "CNY"
    assert admin.post("/admin/expenses", data={"currency": "CNY"}).status_code == 303


def test_a_private_draft_does_not_hold_the_currency(firm, admin):
    ask_for_money(firm, submitted=False)

    assert admin.post("/admin/expenses", data={"currency": "USD"}).status_code == 303


# --- categories --------------------------------------------------------------------------------------


def test_categories_are_added_renamed_moved_and_switched_off(firm, admin):
    admin.post("/admin/expenses", data={"name": " Gifts "})
    gifts = category(firm, "Gifts")
    admin.post("/admin/expenses", data={"id": gifts["id"], "version": gifts["version"], "name": "Presents"})
    admin.post("/admin/expenses", data={"id": gifts["id"], "do": "up", "name": "ignored"})

    assert names(firm)[-2:] == ["Presents", "Other"]
    assert category(firm, "Presents")["is_active"] == 0


@pytest.mark.parametrize(
    ("name", "words"), [("", "Please fill"), ("x" * 121, "at most 120"), ("Meals", "exists already")]
)
def test_a_bad_name_is_told_and_stays_typed(firm, admin, name, words):
    answer = admin.post("/admin/expenses", data={"name": name})

    assert answer.status_code == 422 and words in answer.text
    assert f'name="name" value="{name}"' in answer.text
    assert len(names(firm)) == 8


def test_a_category_that_anything_names_is_not_deleted(firm, admin):
    meals, other = category(firm), category(firm, "Other")
    admin.post("/admin/policies", data={"category_id": meals["id"], "per": "day", "most_cents": "100"})

    refused = admin.post("/admin/expenses", data={"id": meals["id"], "do": "delete"})

    assert refused.status_code == 422 and "Switch it off instead" in refused.text
    assert admin.post("/admin/expenses", data={"id": other["id"], "do": "delete"}).status_code == 303
    assert "Other" not in names(firm) and "Meals" in names(firm)


def test_who_changes_a_category_second_is_told(firm, admin):
    meals = category(firm)
    form = {"id": meals["id"], "version": meals["version"], "is_active": "1"}
    admin.post("/admin/expenses", data=form | {"name": "Food"})

    answer = admin.post("/admin/expenses", data=form | {"name": "Dinners"})

    assert answer.status_code == 422 and "in the meantime" in answer.text and 'value="Dinners"' in answer.text
    assert "Food" in names(firm)


def test_an_unknown_category_is_told(admin):
    for do in ("up", "delete", "save"):
        answer = admin.post("/admin/expenses", data={"id": "none", "do": do, "name": "X", "version": "1"})
        assert answer.status_code == 422 and "does not exist any more" in answer.text


# --- limits ------------------------------------------------------------------------------------------


def policies(firm):
    return look(firm, "SELECT * FROM expense_policy WHERE deleted = 0")


def test_a_limit_is_added_changed_and_deleted(firm, admin):
    rep = id_of(firm, "Salesperson", "role")
    form = {
        "category_id": category(firm)["id"],
        "role_id": rep,
        "per": "day",
        "most_cents": "1,280.50",
        "is_active": "1",
    }
    admin.post("/admin/policies", data=form)
    made = policies(firm)[0]
    page = admin.get("/admin/policies").text
    admin.post(
        "/admin/policies",
        data=form | {"id": made["id"], "version": made["version"], "most_cents": "", "receipt_from_cents": "50"},
    )

    assert made["most_cents"] == 128_050 and made["role_id"] == rep
    assert "Meals · Salesperson" in page and "at most ¥1,280.50 a day" in page
    assert (policies(firm)[0]["most_cents"], policies(firm)[0]["receipt_from_cents"]) == (None, 5_000)
    admin.post("/admin/policies", data={"id": made["id"], "delete": "1"})
    assert policies(firm) == []


BAD = {
    "neither amount": ({}, "one of the two"),
    "an amount in words": ({"most_cents": "much"}, "not an amount"),
    "a negative amount": ({"receipt_from_cents": "-1"}, "between 0"),
    "a huge amount": ({"most_cents": "99999999999999"}, "between 0"),
    "counted by the week": ({"most_cents": "5", "per": "week"}, "choose one from the list"),
    "a category that is gone": ({"most_cents": "5", "category_id": "x"}, "choose it again"),
    "a role that is gone": ({"most_cents": "5", "role_id": "x"}, "choose it again"),
    "a long note": ({"most_cents": "5", "note": "x" * 401}, "at most 400"),
}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_limit_is_told_and_stays_typed(firm, admin, case):
    typed, words = BAD[case]

    answer = admin.post("/admin/policies", data={"per": "line", "note": "Ask <first>"} | typed)

    assert answer.status_code == 422 and words in answer.text
    assert f'value="{typed.get("note", "Ask &lt;first&gt;")}"' in answer.text
    assert policies(firm) == []


def test_who_changes_a_limit_second_is_told(firm, admin):
    admin.post("/admin/policies", data={"per": "line", "most_cents": "5"})
    made = policies(firm)[0]
    form = {"id": made["id"], "version": made["version"], "per": "line"}
    admin.post("/admin/policies", data=form | {"most_cents": "6"})

    answer = admin.post("/admin/policies", data=form | {"most_cents": "7"})

    assert answer.status_code == 422 and 'value="7"' in answer.text
    assert policies(firm)[0]["most_cents"] == 600


# --- who pays ----------------------------------------------------------------------------------------


def test_a_role_is_given_the_right_to_pay_and_loses_it(firm, admin):
    role = look(firm, "SELECT * FROM role WHERE name = 'Salesperson'")[0]
    form = {"id": role["id"], "name": role["name"], "data_scope": role["data_scope"]}

    for flag in ("1", ""):
        version = look(firm, "SELECT version FROM role WHERE id = ?", role["id"])[0]["version"]
        admin.post("/admin/roles", data=form | {"version": version} | ({"is_cashier": "1"} if flag else {}))

        assert look(firm, "SELECT is_cashier FROM role WHERE id = ?", role["id"]) == [{"is_cashier": int(bool(flag))}]
        page = admin.get("/admin/roles").text.split(f'value="{role["id"]}"')[1].split("</form>")[0]
        assert bool(re.search('name="is_cashier" value="1" checked', page)) == bool(flag)


def test_administration_leads_to_all_of_it(admin):
    page = admin.get("/admin").text

    for path in ("/admin/approvals", "/admin/expenses", "/admin/policies"):
        assert f'href="{path}"' in page
