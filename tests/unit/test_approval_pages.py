"""Approvals on their pages: who may do what, what a decision carries, what is said of one that came too late."""

from __future__ import annotations

import json
import time

import pytest

from server.pages import NotFound, Pages
from tests.unit.desk import NOW_MS, Desk

NAMES = {
    *("approvals", "approvals_several", "approvals_count", "approval", "approval_new", "approval_edit"),
    *("substitutes", "substitute_new", "substitute_edit", "today", "outbox", "search"),
}
HOUR, DAY = 3_600_000, 86_400_000
FORM = [
    {"key": "days", "label": "Days", "type": "number", "required": True},
    {"key": "kind", "label": "Kind", "type": "choice", "choices": ["Annual", "Sick"]},
    {"key": "urgent", "label": "Urgent", "type": "flag"},
    {"key": "cover", "label": "Cover", "type": "person"},
]
STEPS = [
    {"key": "boss", "name": "", "mode": "order", "days": 2, "who": {"kind": "manager"}},
    {
        "key": "top", "name": "Board", "mode": "any", "who": {"kind": "chosen"},
        "when": [{"field": "amount", "op": ">=", "value": 500000}],
    },
]  # fmt: skip


@pytest.fixture(scope="module")
def pages() -> Pages:
    return Pages(names=NAMES)


@pytest.fixture
def desk(pages) -> Desk:
    """Anna decides about what 李娜 asks; Mo decides, too."""
    desk = Desk(pages)
    desk.add("role", "rep", name="Rep", data_scope="own")
    desk.person("anna", "Anna", manager_id="mo")
    desk.person("mo", "Mo")
    desk.person("li", "李娜", manager_id="anna")
    define(desk, "leave", asks=["amount", "cc"])
    return desk


def define(desk: Desk, id: str, asks=(), **fields) -> str:
    desk.add("approval_definition", id, name=id.title(), current=1, is_active=1, kind="general")
    documents = {"form": FORM, "steps": STEPS, "starters": {}} | fields
    texts = {name: json.dumps(value) for name, value in documents.items()}
    desk.add("definition_version", f"{id}-1", definition_id=id, number=1, fallback_id="mo", asks=list(asks), **texts)
    return id


def asked(desk: Desk, id: str, by="li", of=("anna",), **fields) -> str:
    """A request in approval, with its open step."""
    given = {"title": id, "amount_cents": 10_000, "currency": "CNY", "state": "pending", "revision": 1}
    given |= {"revision_hash": f"{id}-hash-1", "submitted_at_ms": NOW_MS - HOUR, "answers": "{}", "cc_ids": []}
    desk.add(
        "approval", id, definition_id="leave", version_id="leave-1", owner_id=by, applicant_id=by,
        waiting_ids=list(of), people_ids=list(of), **given | fields,
    )  # fmt: skip
    desk.add(
        "approval_step", f"{id}-step", approval_id=id, applicant_id=by, revision=fields.get("revision", 1),
        position=1000, name="Boss", mode="order", state="active", asked_ids=list(of), waiting_ids=list(of),
    )  # fmt: skip
    return id


def acted(desk: Desk, id: str, approval: str, verb: str, by: str, **fields) -> None:
    given = {"effect": "in_force", "effect_at_ms": NOW_MS, "target_ids": []}
    desk.add("approval_action", id, approval_id=approval, verb=verb, owner_id=by, **given | fields)


def revised(desk: Desk, approval: str, number: int, **content) -> None:
    whole = {"title": approval, "amount_cents": 10_000, "answers": {}, "lines": [], "attachments": [], "reason": None}
    desk.add(
        "approval_revision", f"{approval}-r{number}", approval_id=approval, number=number, version_id="leave-1",
        hash=f"{approval}-hash-{number}", content=json.dumps(whole | content),
    )  # fmt: skip


class Pressed:
    """A page whose form is sent by a button with a name."""

    def __init__(self, shown, name: str, value: str) -> None:
        self.shown, self.button = shown, (name, value)

    def form(self, *which):
        return [*self.shown.form(*which), self.button]


# --- lists


def test_what_waits_for_me_comes_with_the_nearest_deadline_first(desk):
    asked(desk, "Whenever")
    asked(desk, "Later", due_at_ms=NOW_MS + DAY)
    asked(desk, "Overdue", due_at_ms=NOW_MS - DAY)
    asked(desk, "For Mo", of=("mo",))
    asked(desk, "My own", by="anna", of=("anna",))

    text = desk.get("/approvals").text

    places = [text.index(title) for title in ("Overdue", "Later", "Whenever")]
    assert places == sorted(places)
    assert "Late: Yesterday" in text
    assert "Waiting for me 3" in text and "For Mo" not in text and "My own" not in text


def test_a_substitute_sees_what_waits_for_whoever_is_away_and_for_whom(desk):
    asked(desk, "Trip", of=("mo",))
    assert "Trip" not in desk.get("/approvals").text
    desk.add("substitute", "s", owner_id="mo", substitute_id="anna", from_on="2026-11-20", until_on="2026-11-24")

    shown = desk.get("/approvals")

    assert "Trip" in shown.text and "for Mo" in shown.text
    assert "You decide for Mo until 24 Nov 2026." in shown.text
    assert "Approve for Mo" in desk.get("/approvals/Trip").text


def test_a_substitute_of_a_substitute_is_asked_where_both_are_away(desk):
    asked(desk, "Trip", of=("mo",))
    desk.add("substitute", "s1", owner_id="mo", substitute_id="li", from_on="2026-11-20", until_on="2026-11-30")
    desk.add("substitute", "s2", owner_id="li", substitute_id="anna", from_on="2026-11-20", until_on="2026-11-30")
    desk.db.execute("UPDATE approval SET owner_id = 'x'")
    desk.person("x", "Xu")

    assert "Trip" in desk.get("/approvals").text


def test_nobody_decides_about_their_own_request_as_a_substitute(desk):
    asked(desk, "Mine", by="anna", of=("mo",))
    desk.add("substitute", "s", owner_id="mo", substitute_id="anna", from_on="2026-11-20", until_on="2026-11-30")

    assert "/approvals/Mine" not in desk.get("/approvals").links
    assert not desk.get("/approvals/Mine").forms_with("d.verb")


def test_requests_are_found_by_title_applicant_and_amount(desk):
    asked(desk, "Hotel", amount_cents=128_050)
    asked(desk, "Train", by="mo", amount_cents=5_000)

    assert "Hotel" in desk.get("/approvals?q=hot").text and "Train" not in desk.get("/approvals?q=hot").text
    assert "Hotel" in desk.get("/approvals?q=ln").text and "Train" not in desk.get("/approvals?q=ln").text
    assert "Hotel" in desk.get("/approvals?q=1,280.5").text and "Train" not in desk.get("/approvals?q=1280").text


def test_what_was_copied_to_me_is_apart_from_what_i_decided(desk):
    asked(desk, "Copy", state="approved", of=("mo",), decided_at_ms=NOW_MS - HOUR)
    asked(desk, "Decided", state="approved", of=("anna",), decided_at_ms=NOW_MS - HOUR)
    desk.db.execute("UPDATE approval SET people_ids = '[\"mo\",\"anna\"]' WHERE id = 'Copy'")
    acted(desk, "a", "Decided", "approve", "anna", step_id="Decided-step")

    copies, done = desk.get("/approvals?box=copies").text, desk.get("/approvals?box=done").text

    assert "Copied to me 1" in copies and "Copy" in copies and "李娜 · Leave" in copies
    assert "/approvals/Copy" not in desk.get("/approvals?box=done").links
    assert "/approvals/Decided" in desk.get("/approvals?box=done").links, done


def test_the_count_of_the_tab_is_a_number_and_words(desk):
    asked(desk, "One")
    assert desk.get("/approvals/count").text == "1 is waiting"

    asked(desk, "Two")
    assert desk.get("/approvals/count").text == "2 are waiting"


def test_a_list_of_300_is_quick(desk):
    for n in range(300):
        asked(desk, f"Request {n}", due_at_ms=NOW_MS + n)
        desk.add(
            "attachment",
            f"f{n}",
            target_entity="approval",
            target_id=f"Request {n}",
            approval_id=f"Request {n}",
            hash="0" * 64,
        )

    start = time.perf_counter()
    shown = desk.get("/approvals")
    print(f"300 pending: {(time.perf_counter() - start) * 1000:.1f} ms")

    assert "Waiting for me 300" in shown.text
    assert sum(link.startswith("/approvals/Request") for link in shown.links) == 50


# --- decisions


@pytest.mark.parametrize(
    ("form", "verb"), [("approve", "approve"), ("reject", "reject"), ("return", "return"), ("transfer", "transfer")]
)
def test_a_decision_carries_the_revision_and_the_step_that_were_seen(desk, form, verb):
    asked(desk, "Trip")

    result = desk.post(desk.get("/approvals/Trip"), form, t__target_ids="mo", n__note="No", b__note="More")

    (op,) = result.ops
    assert (op["set"]["verb"], op["set"]["revision_hash"], op["set"]["step_id"]) == (verb, "Trip-hash-1", "Trip-step")
    assert result.next == "/approvals/Trip"


def test_only_who_is_asked_can_decide_and_only_the_applicant_can_recall(desk):
    asked(desk, "Trip")
    asked(desk, "Other", of=("mo",))
    asked(desk, "Mine", by="anna", of=("mo",))

    assert desk.get("/approvals/Trip").forms_with("d.verb", "approve")
    assert not desk.get("/approvals/Trip").forms_with("x.verb", "recall")
    assert not desk.get("/approvals/Other").forms_with("d.verb")
    assert desk.get("/approvals/Mine").forms_with("x.verb", "recall")
    assert desk.get("/approvals/Mine").forms_with("u.verb", "nudge")


def test_a_reason_is_needed_to_reject_and_opens_in_place(desk):
    asked(desk, "Trip")

    html = desk.get("/approvals/Trip").html

    assert '<summary class="btn btn--danger">Reject</summary>' in html
    reason = html[html.index('name="n.note"') :]
    assert "required" in reason[: reason.index(">")]


def test_a_decision_that_is_not_sent_says_so_and_can_be_undone(desk):
    asked(desk, "Trip")
    op = desk.post(desk.get("/approvals/Trip"), "approve").ops[0]
    desk.queue("approval_action", op["row"], set=op["set"])

    shown = desk.get("/approvals/Trip")

    assert "Approved, to send Not yet in force." in shown.text
    assert shown.forms_with("outbox.action", "withdraw") and not shown.forms_with("d.verb")
    assert "Approved, to send" in desk.get("/approvals").text
    assert "Waiting for me 1" not in desk.get("/approvals").text
    assert "Approved: Trip" in desk.get("/outbox").text


def test_what_was_refused_says_why_and_the_decision_can_be_made_again(desk):
    asked(desk, "Trip")
    op = desk.post(desk.get("/approvals/Trip"), "approve").ops[0]
    desk.queue("approval_action", op["row"], "refused", "no_access", set=op["set"])

    shown = desk.get("/approvals/Trip")

    assert "You no longer have access to this." in shown.text
    assert shown.forms_with("d.verb") and not shown.forms_with("outbox.action", "withdraw")


def test_a_page_to_decide_on_does_not_change_under_the_thumb_but_says_that_something_else_stands(desk):
    asked(desk, "Trip")
    shown = desk.get("/approvals/Trip")
    main = shown.html[shown.html.index("<main") :]
    seen = shown.html.partition("?seen=")[2].partition('"')[0]
    assert "hx-get" not in main[: main.index(">")]
    assert "has changed while you were reading" not in desk.get(f"/approvals/Trip?seen={seen}").text

    desk.db.execute("UPDATE approval SET revision_hash = 'else'")

    assert "has changed while you were reading" in desk.get(f"/approvals/Trip?seen={seen}").text


def test_several_small_ones_are_approved_at_once_each_bound_to_what_was_seen(desk):
    asked(desk, "Dear", amount_cents=900_000)
    asked(desk, "Cheap", amount_cents=100)
    asked(desk, "Middle", amount_cents=5_000)
    shown = desk.get("/approvals/several")
    assert shown.text.index("Cheap") < shown.text.index("Middle") < shown.text.index("Dear")

    result = desk.post(shown, "several", {"a1.verb": ["approve"], "a2.verb": ["approve"], "a3.verb": []})

    assert [(op["set"]["approval_id"], op["set"]["revision_hash"], op["set"]["step_id"]) for op in result.ops] == [
        ("Cheap", "Cheap-hash-1", "Cheap-step"),
        ("Middle", "Middle-hash-1", "Middle-step"),
    ]
    assert all("group" not in op for op in result.ops)


# --- too late


def test_a_decision_on_a_changed_request_shows_what_changed_and_asks_again(desk):
    asked(desk, "Trip", revision=2, revision_hash="Trip-hash-2", amount_cents=20_000)
    revised(desk, "Trip", 1, answers={"days": "3"})
    revised(desk, "Trip", 2, amount_cents=20_000, answers={"days": "5"}, reason="Longer")
    acted(desk, "a", "Trip", "approve", "anna", revision_hash="Trip-hash-1", effect="changed_meanwhile", note="Fine")

    shown = desk.get("/approvals/Trip")

    assert "Changed meanwhile You answered “Approved” to version 1." in shown.text
    notice = shown.text[: shown.text.index("You wrote: Fine")]
    assert all(part in notice for part in ("Days 3 → 5", "Amount ¥100.00 → ¥200.00", "Reason Longer"))
    assert shown.forms_with("d.revision_hash", "Trip-hash-2")
    assert "Changed meanwhile" in desk.get("/approvals").text


def test_the_loser_of_a_race_is_told_who_was_faster(desk):
    asked(desk, "Trip", state="rejected", of=("anna", "mo"))
    acted(desk, "m", "Trip", "reject", "mo", note="Too dear")
    acted(desk, "a", "Trip", "approve", "anna", effect="already_decided", met_by="mo")

    shown = desk.get("/approvals/Trip")

    assert "Mo had decided already." in shown.text and "It is kept below." in shown.text
    assert "Not in force: Mo had decided already." in shown.text
    assert "Rejected: Mo Too dear" in shown.text
    assert not shown.forms_with("d.verb")


def test_a_decision_that_a_change_made_void_is_struck_through_and_says_why(desk):
    asked(desk, "Trip")
    acted(desk, "a", "Trip", "approve", "mo", voided_at_ms=NOW_MS)

    shown = desk.get("/approvals/Trip")

    assert "Mo: <del>Approved</del>" in shown.html
    assert "because the request was changed" in shown.text


def test_a_decision_in_the_place_of_another_names_both(desk):
    asked(desk, "Trip")
    acted(desk, "a", "Trip", "approve", "li", on_behalf_of="mo", note="As agreed")

    assert "李娜 (for Mo): Approved" in desk.get("/approvals/Trip").text


# --- asking


def test_one_can_start_what_is_meant_for_ones_department_or_those_above_role_or_person(desk):
    desk.add("department", "firm", name="Firm")
    desk.add("department", "north", name="North", parent_id="firm")
    desk.db.execute("UPDATE user SET department_id = 'north' WHERE id = 'anna'")
    define(desk, "above", starters={"departments": ["firm"], "roles": [], "people": []})
    define(desk, "others", starters={"departments": ["south"], "roles": ["chief"], "people": ["mo"]})
    define(desk, "role", starters={"departments": [], "roles": ["rep"], "people": []})

    links = desk.get("/approvals/new").links

    offered = {link.partition("=")[2] for link in links if "definition=" in link}
    assert offered == {"leave", "above", "role"}
    assert "You cannot ask for this" in desk.get("/approvals/new?definition=others").text


def test_a_request_is_submitted_with_its_answers_and_taking_that_back_leaves_the_draft(desk):
    shown = Pressed(desk.get("/approvals/new?definition=leave"), "s.verb", "submit")
    typed = {
        "r.answers.days": "5",
        "r.answers.kind": "Sick",
        "r.amount_cents": "1,280.50",
        "r.title": "Flu",
        "r.reason": "Ill",
    }

    result = desk.post(
        shown, "request", {"r.answers.urgent": ["1", ""], "r.answers.step:top": ["mo", ""], "r.cc_ids": ["mo"]}, **typed
    )

    request, submission = result.ops
    row = desk.row("approval", request["row"])
    assert (row["title"], row["amount_cents"], row["currency"], row["cc_ids"]) == ("Flu", 128_050, "CNY", '["mo"]')
    assert json.loads(row["answers"]) == {"days": "5", "kind": "Sick", "urgent": "1", "step:top": "mo"}
    assert (submission["set"]["verb"], submission["set"]["approval_id"]) == ("submit", request["row"])
    assert "group" not in request and "group" not in submission
    assert result.next == f"/approvals/{request['row']}"


def test_a_draft_is_kept_without_a_submission(desk):
    result = desk.post(desk.get("/approvals/new?definition=leave"), "request", r__reason="Later")

    (op,) = result.ops
    assert op["entity"] == "approval"
    shown = desk.get(result.next)
    assert "Only you see" in shown.text or "only you see this draft" in shown.text
    assert shown.forms_with("s.verb", "submit") and shown.forms_with("d.deleted")


def test_who_will_be_asked_is_said_with_names_and_conditions(desk):
    text = desk.get("/approvals/new?definition=leave").text

    assert "Your manager: Mo" in text
    assert "only if the amount is ≥ ¥5,000.00 · Any one is enough" in text


def test_an_answer_can_be_taken_out_of_an_open_request(desk):
    asked(desk, "Trip", by="anna", state="returned", answers=json.dumps({"days": "5", "urgent": "1"}))

    result = desk.post(desk.get("/approvals/Trip/edit"), "request", {"r.answers.urgent": [""]})

    (op,) = result.ops
    assert json.loads(op["set"]["answers"]) == {"days": "5"}


def test_changing_what_is_in_approval_is_one_group_that_recalls_and_submits_again(desk):
    asked(desk, "Trip", by="anna", of=("mo",))
    acted(desk, "a", "Trip", "approve", "mo")
    shown = desk.get("/approvals/Trip/edit")
    assert "every approval given so far becomes void" in shown.text and "1 approval would become void." in shown.text

    result = desk.post(shown, "request", r__amount_cents="200")

    assert [op["set"].get("verb") or "edit" for op in result.ops] == ["recall", "edit", "submit"]
    assert len({op["group"] for op in result.ops}) == 1
    assert result.ops[1]["set"]["amount_cents"] == 20_000


def test_only_the_applicant_can_change_a_request(desk):
    asked(desk, "Trip")

    assert "Only the applicant can change a request." in desk.get("/approvals/Trip/edit").text


def test_a_copy_begins_with_what_the_other_had(desk):
    asked(desk, "Trip", by="anna", state="rejected", reason="Fair", answers=json.dumps({"days": "5"}))

    result = desk.post(desk.get("/approvals/new?like=Trip"), "request")

    row = desk.row("approval", result.ops[0]["row"])
    assert (row["title"], row["reason"], row["amount_cents"], json.loads(row["answers"])) == (
        "Trip",
        "Fair",
        10_000,
        {"days": "5"},
    )
    assert row["state"] == "draft"


# --- elsewhere


def test_today_begins_with_what_waits_for_whoever_decides(desk):
    asked(desk, "Trip")
    desk.add("task", "t", title="Quote", assignee_id="anna", due_on="2026-11-24")

    text = desk.get("/").text

    assert (
        text.index("Waiting for your approval") < text.index("Trip") < text.index("Appointments") < text.index("Quote")
    )


def test_what_came_back_is_said_today(desk):
    asked(desk, "Trip", by="anna", state="returned")

    assert "Returned to you: Trip" in desk.get("/").text


def test_the_tab_bar_leads_to_approvals_and_the_schedule_is_one_tap_from_today(desk):
    html = desk.get("/").html
    tabs = html[html.index('<nav class="tabs"') :]

    assert tabs.count("tabs__more") == tabs.count('class="tabs__more"')
    assert '<a href="/approvals">' in tabs and '<a href="/schedule" class="tabs__more">' in tabs
    assert "/schedule" in desk.get("/").links


def test_a_substitute_is_named_changed_and_taken_back(desk):
    result = desk.post(
        desk.get("/me/substitutes/new"), "away", s__substitute_id="mo", s__until_on="2026-12-01", s__reason="Leave"
    )
    row = desk.row("substitute", result.rows_by_slot["s"])
    assert (row["owner_id"], row["substitute_id"], row["from_on"], row["until_on"]) == (
        "anna",
        "mo",
        "2026-11-25",
        "2026-12-01",
    )
    assert "Mo" in desk.get("/me/substitutes").text

    address = f"/me/substitutes/{row['id']}/edit"
    desk.post(desk.get(address), "away", s__from_on="2026-11-24")
    assert desk.row("substitute", row["id"])["from_on"] == "2026-11-24"
    desk.post(desk.get(address), desk.get(address).forms_with("d.deleted")[0])
    assert desk.row("substitute", row["id"]) is None


def test_the_absence_of_others_cannot_be_changed(desk):
    desk.add("substitute", "s", owner_id="mo", substitute_id="anna", from_on="2026-11-20", until_on="2026-11-30")

    with pytest.raises(NotFound):
        desk.get("/me/substitutes/s/edit")
    assert "I stand in for" in desk.get("/me/substitutes").text
