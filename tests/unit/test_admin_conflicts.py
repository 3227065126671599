"""The firm's conflicts, for administrators: filters, counts, settled in their name, taken out as a file."""

from __future__ import annotations

import csv
import io
import json

import pytest

from tests.small_firm import as_server, op
from tests.unit.shell import START_MS, add_person, id_of, open_firm, signed_in_client

DAY = 86_400_000


@pytest.fixture
def firm(tmp_path):
    firm = open_firm(tmp_path)
    acme = {"name": "Acme", "region": "East", "level": "b", "owner_id": id_of(firm, "Anna Keller")}
    as_server(firm, op("account", "acme-acme-acme", **acme))
    yield firm
    firm.close()


@pytest.fixture
def ben(firm) -> str:
    return add_person(firm, "Ben Otto", login="ben")


@pytest.fixture
def admin(firm):
    return signed_in_client(firm)


def conflict(firm, ben, id: str, **fields) -> str:
    given = {
        **{"target_entity": "account", "target_id": "acme-acme-acme", "account_id": "acme-acme-acme", "kind": "field"},
        **{"unit": "region", "kept": {"region": "East"}, "kept_by": id_of(firm, "Anna Keller"), "kept_at_ms": START_MS},
        **{"lost": {"region": "West"}, "lost_by": ben, "lost_at_ms": START_MS, "base": {"region": None}},
    } | fields
    given |= {name: json.dumps(given[name]) for name in ("kept", "lost", "base")}
    as_server(firm, op("conflict", id) | {"set": given})
    return id


def row_of(firm, entity, row_id) -> dict:
    with firm.look() as conn:
        return dict(conn.execute(f"SELECT * FROM {entity} WHERE id = ?", (row_id,)).fetchone())


def test_only_administrators_see_them(firm, ben):
    browser = signed_in_client(firm, "ben")

    assert browser.get("/admin/conflicts").status_code == 403
    assert browser.post("/admin/conflicts", data={"id": "x", "side": "keep"}).status_code == 403
    assert browser.get("/admin/conflicts.csv").status_code == 403


def test_they_are_found_by_filters_and_counted_by_person_and_week(firm, ben, admin):
    conflict(firm, ben, "clash-clash-1")
    old = {"kept_at_ms": START_MS - 40 * DAY, "lost_at_ms": START_MS - 41 * DAY}
    conflict(firm, ben, "clash-clash-2", kind="proposal", unit="level", kept={"level": "b"}, lost={"level": "a"}, **old)

    def found(query: str) -> list[str]:
        html = admin.get(f"/admin/conflicts?{query}").text
        return [id for id in ("clash-clash-1", "clash-clash-2") if f'value="{id}"' in html]

    assert found("") == found(f"person={ben}") == ["clash-clash-1", "clash-clash-2"]
    assert found("kind=proposal") == found("days=30") == ["clash-clash-2"]
    assert found("entity=task") == found("state=settled") == found("person=nobody") == []
    html = admin.get("/admin/conflicts").text
    assert "Ben Otto proposes a change: Level: Acme" in html
    assert "Open, by person" in html and "1 arose, 0 settled" in html


def test_several_take_the_other_side_in_the_administrators_name(firm, ben, admin):
    conflict(firm, ben, "clash-clash-1")
    conflict(firm, ben, "clash-clash-2", kind="proposal", unit="tags", kept={"tags": "[]"}, lost={"tags": '["vip"]'})

    answer = admin.post("/admin/conflicts", data={"id": ["clash-clash-1", "clash-clash-2"], "side": "take"})

    assert answer.status_code == 303
    account = row_of(firm, "account", "acme-acme-acme")
    assert (account["region"], account["tags"]) == ("West", '["vip"]')
    assert row_of(firm, "conflict", "clash-clash-1")["settled_by"] == id_of(firm, "Anna Keller")
    assert "2 settled." in admin.get(answer.headers["location"]).text


def test_keeping_changes_no_row(firm, ben, admin):
    conflict(firm, ben, "clash-clash-1")

    admin.post("/admin/conflicts", data={"id": "clash-clash-1", "side": "keep"})

    assert row_of(firm, "account", "acme-acme-acme")["region"] == "East"
    assert row_of(firm, "conflict", "clash-clash-1")["settled_at_ms"]


def test_a_proposed_row_is_made_as_its_authors(firm, ben, admin):
    made = {"kind": "call", "body": "Rang", "at_ms": START_MS, "account_id": "acme-acme-acme", "owner_id": ben}
    about = {"target_entity": "activity", "target_id": "call-call-call", "unit": "+", "kind": "proposal"}
    conflict(firm, ben, "clash-clash-1", **about, kept={}, lost=made, base={})

    admin.post("/admin/conflicts", data={"id": "clash-clash-1", "side": "take"})

    row = row_of(firm, "activity", "call-call-call")
    assert (row["body"], row["owner_id"]) == ("Rang", ben)


def test_one_that_cannot_be_settled_says_why_and_holds_up_no_other(firm, ben, admin):
    conflict(firm, ben, "clash-clash-1")
    bad = {"unit": "name", "kept": {"name": "Acme"}, "lost": {"name": None}, "base": {"name": "Acme"}}
    conflict(firm, ben, "clash-clash-2", **bad)
    conflict(firm, ben, "clash-clash-3", settled_at_ms=START_MS, settled_by=ben)

    ids = ["clash-clash-2", "clash-clash-1", "clash-clash-3"]
    answer = admin.post("/admin/conflicts", data={"id": ids, "side": "take"})

    assert answer.status_code == 422
    assert "Please fill this in." in answer.text
    assert "1 had been settled by somebody else." in answer.text
    assert row_of(firm, "account", "acme-acme-acme")["region"] == "West"
    assert row_of(firm, "conflict", "clash-clash-2")["settled_at_ms"] is None


def test_the_file_says_fields_and_values_in_words_and_runs_nothing(firm, ben, admin):
    conflict(firm, ben, "clash-clash-1", kept={"region": "=1+1"})
    conflict(firm, ben, "clash-clash-2", kind="delete", unit="-", kept={"level": "b"}, lost={"deleted": 1}, base={})

    answer = admin.get("/admin/conflicts.csv")

    rows = {row["Number in Roadbook"]: row for row in csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig")))}
    first, second = rows["clash-clash-1"], rows["clash-clash-2"]
    assert (first["Field"], first["Kept"], first["The other"], first["The other: by whom"]) == (
        *("Region", "'=1+1", "West", "Ben Otto"),
    )
    assert (second["Field"], second["Kept"], second["The other"]) == ("Level", "B", "Deleted it")


def test_edits_that_wait_for_their_row_are_told(firm, ben, admin):
    columns = "user_id, device_id, skew_ms, missing_id, ops, kept_at_ms"
    insert = f"INSERT INTO waiting ({columns}) VALUES (?, 'phone', 0, 'missing', '[]', ?)"
    firm.write_now(lambda db: db.execute(insert, (ben, START_MS)))

    assert "Waiting for a row that is not here yet" in admin.get("/admin/conflicts").text
