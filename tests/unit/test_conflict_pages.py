"""The inbox of conflicts: filters, proposals, both versions beside what was there, several settled at once."""

from __future__ import annotations

import json

import pytest

from server.pages import Pages
from tests.unit.desk import NOW_MS, Desk

NAMES = {"conflicts", "conflicts_several", "conflict", "account", "activity", "task", "contact", "me"}
HOUR = 3_600_000


@pytest.fixture(scope="module")
def pages() -> Pages:
    return Pages(names=NAMES)


@pytest.fixture
def desk(pages) -> Desk:
    desk = Desk(pages)
    desk.add("role", "rep", name="Rep", data_scope="own")
    desk.person("anna", "Anna")
    desk.person("li", "李娜")
    desk.add("account", "a1", name="王芳贸易", region="East", level="b")
    return desk


def conflict(desk: Desk, id: str = "x1", **fields) -> str:
    given = {
        **{"target_entity": "account", "target_id": "a1", "account_id": "a1", "kind": "field", "unit": "region"},
        **{"kept": {"region": "East"}, "kept_by": "anna", "kept_at_ms": NOW_MS, "kept_device": "Pixel"},
        **{"lost": {"region": "West"}, "lost_by": "li", "lost_at_ms": NOW_MS - HOUR, "lost_device": "iPhone"},
        "base": {"region": "North"},
    } | fields
    given |= {name: json.dumps(given[name], ensure_ascii=False) for name in ("kept", "lost", "base")}
    return desk.add("conflict", id, **given)


def proposal(desk: Desk, id: str = "p1", **fields) -> str:
    return conflict(desk, id, kind="proposal", **fields)


# --- one at a time


def test_a_longer_text_shows_which_words_each_side_changed(desk):
    said = {"unit": "note", "base": {"note": "Ring on Monday"}}
    conflict(desk, **said, kept={"note": "Ring on Friday"}, lost={"note": "Ring on Monday early"})

    html = desk.get("/conflicts").html

    assert "Ring on <del>Monday</del><ins>Friday</ins>" in html
    assert "Ring on Monday<ins> early</ins>" in html


def test_a_proposal_is_said_to_be_one_and_accepting_it_changes_the_row(desk):
    proposal(desk)
    shown = desk.get("/conflicts/p1")

    result = desk.post(shown, "accept")

    assert "李娜 proposes a change: Region: 王芳贸易" in shown.text
    assert "Before North" in shown.text and "West" in shown.text
    assert desk.row("account", "a1")["region"] == "West"
    assert desk.row("conflict", "p1")["settled_by"] == "anna"
    assert len({op["group"] for op in result.ops}) == 1


def test_a_declined_proposal_changes_nothing_and_stays_readable(desk):
    proposal(desk)

    desk.post(desk.get("/conflicts/p1"), "settle")

    assert desk.row("account", "a1")["region"] == "East"
    assert desk.row("conflict", "p1")["settled_at_ms"] == NOW_MS
    assert "West" in desk.get("/conflicts/p1").text


def test_an_accepted_new_row_is_made_under_the_id_that_its_author_gave_it(desk):
    made = {"kind": "call", "body": "Rang them", "at_ms": NOW_MS, "account_id": "a1", "owner_id": "li"}
    made["contact_ids"] = "[]"
    about = {"target_entity": "activity", "target_id": "0193aaaa-0000-7000-8000-00000000beef", "unit": "+"}
    proposal(desk, **about, kept={}, lost=made, base={})
    shown = desk.get("/conflicts/p1")

    desk.post(shown, "accept")

    assert "李娜 proposes to add: Activity" in shown.text and "Rang them" in shown.text and "Kind Call" in shown.text
    row = desk.row("activity", about["target_id"])
    assert (row["kind"], row["body"], row["account_id"], row["owner_id"]) == ("call", "Rang them", "a1", "anna")


def test_an_accepted_deletion_deletes(desk):
    desk.add("task", "t1", title="Quote", account_id="a1", assignee_id="anna")
    proposal(desk, target_entity="task", target_id="t1", unit="-", kept={"deleted": 0}, lost={"deleted": 1}, base={})

    assert "李娜 proposes to delete it: Quote" in desk.get("/conflicts/p1").text
    desk.post(desk.get("/conflicts/p1"), "accept")

    assert desk.row("task", "t1") is None


def test_accepted_members_of_a_set_replace_those_that_it_has(desk):
    desk.add("account", "a1", name="王芳贸易", phones=["111", "222"])
    proposal(desk, unit="phones", kept={"phones": '["111"]'}, lost={"phones": '["111","333"]'}, base={})

    assert "111, 333" in desk.get("/conflicts/p1").text
    desk.post(desk.get("/conflicts/p1"), "accept")

    assert json.loads(desk.row("account", "a1")["phones"]) == ["111", "333"]


def test_my_own_proposal_waits_for_somebody_else(desk):
    desk.add("account", "a1", name="王芳贸易", owner_id="li")
    proposal(desk, lost_by="anna", kept_by="li")

    shown = desk.get("/conflicts/p1")

    assert "Whoever has it now decides about your proposal." in shown.text
    assert shown.forms_with("row.x") == []


def test_whoever_may_only_look_decides_nothing(desk):
    desk.add("account", "a1", name="王芳贸易", owner_id="li")
    desk.add("account_member", "m1", account_id="a1", user_id="anna", access="read")
    conflict(desk, "x1", kept_by="li", lost_by="li")

    shown = desk.get("/conflicts/x1")

    assert "You may only look at this customer: whoever may write decides." in shown.text
    assert shown.forms_with("row.x") == desk.get("/conflicts?whose=all").forms_with("c1") == []
    assert several(desk, "x1").form("keep", {}, {})[1:] == [("next", "/conflicts")]


def test_what_only_its_author_may_change_can_be_settled_by_others_as_it_is(desk):
    desk.add("activity", "v1", kind="call", at_ms=NOW_MS, body="Rang", account_id="a1", owner_id="li")
    bodies = {"kept": {"body": "Rang"}, "lost": {"body": "Called"}, "base": {"body": "R"}}
    conflict(desk, target_entity="activity", target_id="v1", unit="body", **bodies)

    desk.post(desk.get("/conflicts/x1"), "settle")

    assert desk.row("activity", "v1")["body"] == "Rang"
    assert desk.row("conflict", "x1")["settled_at_ms"] == NOW_MS


# --- the list


def test_proposals_about_my_customers_are_mine(desk):
    proposal(desk, kept_by="li")

    assert "Yours: 1" in desk.get("/conflicts").text


def test_filters_narrow_the_list(desk):
    desk.person("wang", "王敏")
    desk.add("account", "a2", name="Northwind")
    desk.add("task", "t1", title="Quote", assignee_id="anna")
    conflict(desk, "x1")
    levels = {"unit": "level", "kept": {"level": "a"}, "lost": {"level": "b"}, "base": {}}
    conflict(desk, "x2", target_id="a2", account_id="a2", **levels)
    deleted = {"unit": "title", "kept": {"title": "Quote"}, "lost": {"deleted": 1}, "base": {}, "lost_by": "wang"}
    conflict(desk, "x3", kind="delete", target_entity="task", target_id="t1", account_id=None, **deleted)
    proposal(desk, "p1", unit="industry", kept={"industry": None}, lost={"industry": "Tea"}, base={})

    def found(query: str) -> set[str]:
        links = desk.get(f"/conflicts?whose=all&{query}").links
        return {link.removeprefix("/conflicts/") for link in links if link.startswith("/conflicts/")}

    assert found("") == {"x1", "x2", "x3", "p1"}
    assert found("kind=proposal") == {"p1"}
    assert found("kind=delete") == found("entity=task") == found("who=wang") == {"x3"}
    assert found("q=wf") == {"x1", "p1"}
    assert found("q=north") == {"x2"}


def test_twenty_are_shown_at_once_and_the_rest_on_the_next_page(desk):
    for n in range(25):
        conflict(desk, f"x{n:02}", lost_at_ms=NOW_MS - n * HOUR, kept_at_ms=NOW_MS - n * HOUR)

    first = desk.get("/conflicts")
    second = desk.get(next(link for link in first.links if "page=1" in link))

    shown = [[link for link in page.links if link.startswith("/conflicts/x")] for page in (first, second)]
    assert [len(links) for links in shown] == [20, 5]
    assert not set(shown[0]) & set(shown[1])


# --- several at once


def several(desk: Desk, *ids: str):
    address = "/conflicts/several?" + "&".join(f"c{n}={id}" for n, id in enumerate(ids, 1))
    return desk.get(address)


def test_ticked_ones_can_all_take_the_other_side_each_for_itself(desk):
    desk.add("task", "t1", title="Quote", assignee_id="anna")
    conflict(desk, "x1")
    deleted = {"unit": "title", "kept": {"title": "Quote"}, "lost": {"deleted": 1}, "base": {}}
    conflict(desk, "x2", kind="delete", target_entity="task", target_id="t1", account_id=None, **deleted)
    proposal(desk, "p1", unit="level", kept={"level": "b"}, lost={"level": "a"}, base={"level": "c"})

    result = desk.post(several(desk, "x1", "x2", "p1"), "take")

    assert (desk.row("account", "a1")["region"], desk.row("account", "a1")["level"]) == ("West", "a")
    assert desk.row("task", "t1") is None
    assert all(desk.row("conflict", id)["settled_by"] == "anna" for id in ("x1", "x2", "p1"))
    assert len({op["group"] for op in result.ops}) == 3


def test_ticked_ones_can_all_stay_as_they_are(desk):
    conflict(desk, "x1")
    proposal(desk, "p1", unit="level", kept={"level": "b"}, lost={"level": "a"}, base={"level": "c"})

    result = desk.post(several(desk, "x1", "p1"), "keep")

    assert (desk.row("account", "a1")["region"], desk.row("account", "a1")["level"]) == ("East", "b")
    assert {op["entity"] for op in result.ops} == {"conflict"}
    assert all(desk.row("conflict", id)["settled_at_ms"] == NOW_MS for id in ("x1", "p1"))


def test_what_was_settled_meanwhile_is_said_and_left_alone(desk):
    conflict(desk, "x1")
    conflict(desk, "x2", unit="level", settled_at_ms=NOW_MS - HOUR, settled_by="li")
    shown = several(desk, "x1", "x2")

    desk.post(shown, "take")

    assert "1 that you ticked has been settled meanwhile." in shown.text
    assert desk.row("conflict", "x2")["settled_by"] == "li"
    assert desk.row("conflict", "x1")["settled_by"] == "anna"


def test_what_cannot_be_taken_is_left_open(desk):
    desk.add("activity", "v1", kind="call", at_ms=NOW_MS, body="Rang", account_id="a1", owner_id="li")
    bodies = {"kept": {"body": "Rang"}, "lost": {"body": "Called"}, "base": {"body": "R"}}
    conflict(desk, "x1", target_entity="activity", target_id="v1", unit="body", **bodies)
    conflict(desk, "x2")
    shown = several(desk, "x1", "x2")

    desk.post(shown, "take")

    assert "Only whoever wrote it can change it: it stays as it is." in shown.text
    assert desk.row("conflict", "x1")["settled_at_ms"] is None
    assert desk.row("conflict", "x2")["settled_at_ms"] == NOW_MS
