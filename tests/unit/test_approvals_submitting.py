"""Submitting: what is asked for is there, the revision says all of it, and the right people are asked."""

import hashlib
import json

import pytest

from server.approvals import route
from server.approvals.definition import parse
from server.approvals.route import Ask

from ..small_firm import as_server, op
from .approving import MANAGER, Firm, people

PHOTO = "a1" * 32


@pytest.fixture
def at(firm):
    return Firm(firm)


def refused(at, request):
    """Why it is not submitted; nothing is written of it."""
    outcome = at.does("rita", "submit", request)
    assert outcome["is"] == "rejected"
    row = at.row("approval", request)
    assert (row["state"], row["applicant_id"], row["revision_hash"]) == ("draft", None, None)
    assert at.rows("approval_step", request) == at.rows("approval_action", request) == []
    return outcome["reason"], outcome["detail"]


def line(at, request, by="rita", **fields):
    given = {"spent_on": "2026-11-24", "category_id": "travel", "amount_cents": 12_345, "currency": "CNY"} | fields
    return at.device(by).add("expense_line", approval_id=request, **given)


# --- a draft ------------------------------------------------------------------------------------------


def test_a_draft_is_seen_by_nobody_else_until_it_is_submitted(at):
    at.define("leave", MANAGER)
    draft = at.draft("rita", "leave")
    at.device("rita").sync()
    for name in ("mona", "boss"):
        at.device(name).sync()
        assert draft not in at.device(name).rows.get("approval", {})
    at.does("rita", "submit", draft)
    for name in ("mona", "boss"):
        at.device(name).sync()
        assert at.device(name).rows["approval"][draft]["applicant_id"] == "rita"


def test_draft_lines_and_submission_go_in_one_group(at):
    at.define("claim", MANAGER, asks=["lines"], kind="expense_claim")
    rita = at.device("rita")
    draft = at.draft("rita", "claim", group="all")
    for cents in (100, 250):
        line(at, draft, amount_cents=cents, group="all")
    rita.add("approval_action", approval_id=draft, verb="submit", group="all")
    rita.sync()
    assert {rita.outcomes[one["id"]]["is"] for one in rita.typed} == {"applied"}
    assert (at.state(draft), at.row("approval", draft)["amount_cents"]) == ("pending", 350)


def test_a_refused_submission_takes_its_group_along_and_nothing_is_written(at):
    at.define("claim", MANAGER, asks=["lines"], kind="expense_claim")
    rita = at.device("rita")
    at.draft("rita", "claim", group="all")
    rita.add("approval_action", approval_id=rita.typed[-1]["row"], verb="submit", group="all")
    rita.sync()
    assert [rita.outcomes[one["id"]]["reason"] for one in rita.typed] == ["with_others", "no_lines"]
    with at.firm.look() as db:
        assert db.execute("SELECT count(*) FROM approval").fetchone()[0] == 0


# --- what must be there -------------------------------------------------------------------------------

FORM = [
    {"key": "days", "label": "Days", "type": "number", "required": True},
    {"key": "from", "label": "From", "type": "date"},
    {"key": "kind", "label": "Kind", "type": "choice", "choices": ["paid", "unpaid"]},
    {"key": "sure", "label": "Sure", "type": "flag"},
    {"key": "cover", "label": "Cover", "type": "person"},
]


@pytest.mark.parametrize(
    ("answers", "reason", "label"),
    [
        ({}, "answer_missing", "Days"),
        ({"days": "many"}, "answer_wrong", "Days"),
        ({"days": "1", "from": "tomorrow"}, "answer_wrong", "From"),
        ({"days": "1", "from": "2026-02-30"}, "answer_wrong", "From"),
        ({"days": "1", "kind": "other"}, "answer_wrong", "Kind"),
        ({"days": "1", "sure": "yes"}, "answer_wrong", "Sure"),
        ({"days": "1", "cover": "nobody"}, "answer_wrong", "Cover"),
    ],
)
def test_what_is_asked_for_must_be_answered_and_fit(at, answers, reason, label):
    at.define("leave", MANAGER, form=FORM)
    said, detail = refused(at, at.draft("rita", "leave", answers=json.dumps(answers)))
    assert (said, detail["label"]) == (reason, label)


def test_fitting_answers_are_taken(at):
    at.define("leave", MANAGER, form=FORM)
    answers = {"days": "1,000.5", "from": "2026-12-01", "kind": "paid", "sure": "1", "cover": "ron"}
    assert at.state(at.ask("rita", "leave", answers=json.dumps(answers))) == "pending"


def test_an_amount_that_is_asked_for_must_be_there(at):
    at.define("advance", MANAGER, asks=["amount"])
    assert refused(at, at.draft("rita", "advance")) == ("required", {"field": "amount_cents"})
    assert at.row("approval", at.ask("rita", "advance", amount_cents=5))["currency"] == "CNY"


@pytest.mark.parametrize(
    ("starters", "may"),
    [
        ({"departments": ["south"]}, False),
        ({"departments": ["sales"]}, True),
        ({"roles": ["finance"]}, False),
        ({"roles": ["rep"], "departments": ["south"]}, True),
        ({"people": ["ron"]}, False),
        ({"people": ["rita"]}, True),
    ],
)
def test_only_starters_may_start(at, starters, may):
    at.define("leave", MANAGER, starters=starters)
    draft = at.draft("rita", "leave")
    if may:
        assert at.does("rita", "submit", draft)["is"] == "applied"
    else:
        assert refused(at, draft)[0] == "may_not_start"


def test_a_definition_that_is_switched_off_begins_nothing_new_and_ends_what_began(at):
    at.define("leave", MANAGER)
    old, new = at.ask("rita", "leave"), at.draft("rita", "leave")
    as_server(at.firm, op("approval_definition", "leave", is_active=0))
    assert refused(at, new)[0] == "may_not_start"
    at.does("mona", "return", old)
    assert at.does("rita", "submit", old)["is"] == "applied"


def test_a_version_of_another_definition_is_refused(at):
    at.define("leave", MANAGER)
    at.define("other", MANAGER)
    assert refused(at, at.draft("rita", "leave", version_id="other-1"))[0] == "wrong_version"


def test_a_broken_definition_says_where(at):
    as_server(
        at.firm,
        op("approval_definition", "odd", name="Odd", kind="general", current=1),
        op("definition_version", "odd-1", definition_id="odd", number=1, fallback_id="boss", steps='[{"key": "X"}]'),
    )
    assert refused(at, at.draft("rita", "odd")) == ("bad_definition", {"place": "steps.0.key"})


def test_only_the_applicants_approved_request_is_rested_on(at):
    at.define("plan", MANAGER, kind="expense_request")
    at.define("claim", MANAGER, asks=["request"])
    pending, mine = at.ask("rita", "plan"), at.ask("rita", "plan")
    at.does("mona", "approve", mine)
    assert refused(at, at.draft("rita", "claim", request_id=pending))[0] == "wrong_request"
    monas = at.ask("mona", "plan")
    at.does("boss", "approve", monas)
    at.device("boss").sync()
    claim = at.draft("boss", "claim", request_id=monas)
    assert at.does("boss", "submit", claim)["reason"] == "wrong_request"
    assert at.state(at.ask("rita", "claim", request_id=mine)) == "pending"


def test_a_file_hangs_on_something_of_the_same_request(at):
    at.define("claim", MANAGER, asks=["lines"])
    one, other = at.draft("rita", "claim"), at.draft("rita", "claim")
    theirs = line(at, other)
    at.device("rita").sync()
    for target in ("approval", other), ("expense_line", theirs):
        receipt = at.device("rita").add(
            "attachment", target_entity=target[0], target_id=target[1], approval_id=one, hash=PHOTO,
            media_type="image/jpeg", bytes=10,
        )  # fmt: skip
        assert at.sent("rita", at.device("rita").typed[-1])["reason"] == "wrong_target"
        with at.firm.look() as db:
            assert db.execute("SELECT 1 FROM attachment WHERE id = ?", (receipt,)).fetchone() is None


def test_whoever_decides_may_show_something_with_it(at):
    request = at.ask("rita", at.define("leave", MANAGER))
    comment = at.does("mona", "comment", request)
    action = next(one["row"] for one in at.device("mona").typed if one["id"] == comment["id"])
    photo = {"approval_id": request, "hash": PHOTO, "media_type": "image/png", "bytes": 9}
    for by, target, reason in (
        ("mona", ("approval_action", action), ""),
        ("mona", ("approval", request), "only_applicant"),
        ("boss", ("approval_action", action), "wrong_target"),
        ("rita", ("approval", request), "frozen"),
    ):
        at.device(by).sync()
        at.device(by).add("attachment", target_entity=target[0], target_id=target[1], **photo)
        assert at.sent(by, at.device(by).typed[-1])["reason"] == reason
    [kept] = at.rows("attachment", request)
    assert kept["applicant_id"] == "rita"
    gone = at.device("mona").delete("attachment", kept["id"])
    assert at.sent("mona", gone)["reason"] == "frozen"


# --- the revision -------------------------------------------------------------------------------------


def test_a_revision_is_the_canonical_text_of_all_that_was_submitted(at):
    at.define("claim", MANAGER, asks=["lines"], kind="expense_claim")
    rita = at.device("rita")
    draft = at.draft("rita", "claim", title="Trip", reason="Fair", answers='{"b":"2","a":"1"}')
    second = line(at, draft, position=2, currency="USD", rate_e6=7_123_456, amount_cents=1_001)
    first = line(at, draft, position=1, note="Taxi")
    for target, target_id, digest in (
        ("approval", draft, "ff" * 32), ("approval", draft, PHOTO), ("expense_line", first, PHOTO),
    ):  # fmt: skip
        rita.add("attachment", target_entity=target, target_id=target_id, approval_id=draft, hash=digest,
                 media_type="image/jpeg", bytes=10)  # fmt: skip
    at.does("rita", "submit", draft)

    [revision] = at.rows("approval_revision", draft)
    content = json.loads(revision["content"])
    common = {"spent_on": "2026-11-24", "category_id": "travel", "account_id": None, "activity_id": None,
              "receipt_no": None}  # fmt: skip
    assert content == {
        "title": "Trip", "answers": {"a": "1", "b": "2"}, "amount_cents": 12_345 + 7_131, "currency": "CNY",
        "reason": "Fair", "payee": None, "account_id": None, "request_id": None, "advance_id": None,
        "version_id": "claim-1", "attachments": [PHOTO, "ff" * 32],
        "lines": [
            {"id": first, "amount_cents": 12_345, "currency": "CNY", "rate_e6": 1_000_000, "note": "Taxi",
             "attachments": [PHOTO]} | common,
            {"id": second, "amount_cents": 1_001, "currency": "USD", "rate_e6": 7_123_456, "note": None,
             "attachments": []} | common,
        ],
    }  # fmt: skip
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    assert revision["content"] == text
    assert revision["hash"] == hashlib.sha256(text.encode()).hexdigest() == at.row("approval", draft)["revision_hash"]


@pytest.mark.parametrize("change", ["a line more", "a line less", "a receipt", "an amount", "an answer"])
def test_whatever_changes_makes_another_revision(at, change):
    at.define("claim", MANAGER, asks=["lines"], kind="expense_claim")
    rita = at.device("rita")
    request = at.draft("rita", "claim")
    lines = [line(at, request), line(at, request)]
    at.does("rita", "submit", request)
    at.does("mona", "return", request)
    rita.sync()
    if change == "a line more":
        line(at, request)
    elif change == "a line less":
        rita.delete("expense_line", lines[0])
    elif change == "a receipt":
        rita.add("attachment", target_entity="expense_line", target_id=lines[0], approval_id=request, hash=PHOTO,
                 media_type="image/jpeg", bytes=10)  # fmt: skip
    elif change == "an amount":
        rita.edit("expense_line", lines[0], amount_cents=1, currency="CNY", rate_e6=1_000_000)
    else:
        rita.edit("approval", request, answers='{"a":"1"}')
    assert at.does("rita", "submit", request)["is"] == "applied"
    first, second = at.rows("approval_revision", request)
    assert first["hash"] != second["hash"]
    added = at.rows("expense_line", request)[-1]
    assert (added["applicant_id"], added["closed_at_ms"]) == ("rita", None)


# --- who is asked -------------------------------------------------------------------------------------


def asked(at, *steps, by="rita", fallback="boss", form=(), amount=0, categories=(), **answers):
    """(key, who, why others than the definition says) of each step."""
    asks = ["amount", "lines"]
    definition = parse({"steps": list(steps), "fallback_id": fallback, "asks": asks, "form": list(form)})
    with at.firm.look() as db:
        found = route.plan(db, definition, Ask(by, amount, frozenset(categories), answers))
    return [(one.key, list(one.asked_ids), one.instead) for one in found]


def who(**who):
    return {"key": "s", "name": "S", "who": who}


def test_managers_are_asked_up_to_so_many(at):
    assert asked(at, who(kind="managers", levels=1)) == [("s", ["mona"], None)]
    assert asked(at, who(kind="managers", levels=5)) == [("s", ["mona", "boss"], None)]


def test_a_role_is_asked_whole_and_without_the_applicant(at):
    assert asked(at, who(kind="role", id="finance")) == [("s", ["kim", "lee"], None)]
    assert asked(at, who(kind="role", id="finance"), by="kim") == [("s", ["lee"], None)]


def test_whom_the_applicant_chose_is_asked(at):
    at.define("free", who(kind="chosen"))
    assert refused(at, at.draft("rita", "free"))[0] == "answer_missing"
    assert refused(at, at.draft("rita", "free", answers='{"step:s":"kim nobody"}'))[0] == "answer_wrong"
    request = at.ask("rita", "free", answers='{"step:s":"lee kim"}')
    assert at.way(request) == [("s", "active", ["lee", "kim"])]


def test_the_applicant_is_replaced_by_their_manager_then_the_fallback_then_an_administrator(at):
    assert asked(at, people("s", "rita")) == [("s", ["mona"], "self")]
    assert asked(at, people("s", "boss"), by="boss", fallback="kim") == [("s", ["kim"], "self")]
    as_server(at.firm, op("user", "ada", name="Ada", role_id="boss", department_id="sales"))
    assert asked(at, people("s", "boss"), by="boss", fallback="boss") == [("s", ["ada"], "self")]


def test_whoever_has_left_is_replaced_by_their_manager_then_the_fallback(at):
    as_server(at.firm, op("user", "mona", is_active=0), op("user", "lee", is_active=0))
    assert asked(at, MANAGER) == [("boss", ["boss"], "has_left")]
    assert asked(at, people("s", "lee"), fallback="kim") == [("s", ["kim"], "has_left")]


def test_a_step_that_finds_nobody_asks_the_fallback(at):
    assert asked(at, MANAGER, by="kim", fallback="lee") == [("boss", ["lee"], "nobody_found")]


def test_where_no_step_holds_the_fallback_is_asked(at):
    only = MANAGER | {"when": [{"field": "amount", "op": ">", "value": 100}]}
    assert asked(at, only, amount=100) == [("fallback", ["boss"], "nobody_found")]
    assert asked(at, only, amount=101) == [("boss", ["mona"], None)]


def test_where_nobody_else_is_there_nothing_passes_by_itself(at):
    at.define("leave", MANAGER)
    draft = at.draft("boss", "leave")
    outcome = at.does("boss", "submit", draft)
    assert (outcome["is"], outcome["reason"]) == ("rejected", "nobody_may_approve")


def test_a_chain_of_managers_that_closes_ends(at):
    as_server(at.firm, op("user", "boss", manager_id="rita"))
    assert asked(at, who(kind="managers", levels=9)) == [("s", ["mona", "boss"], None)]


@pytest.mark.parametrize(
    ("condition", "given", "holds"),
    [
        ({"field": "amount", "op": ">=", "value": 100}, {"amount": 100}, True),
        ({"field": "amount", "op": "<", "value": 100}, {"amount": 100}, False),
        ({"field": "amount", "op": ">=", "value": 100}, {"amount": None}, True),
        ({"field": "department", "in": ["sales"]}, {}, True),
        ({"field": "department", "in": ["south"]}, {}, False),
        ({"field": "category", "in": ["travel"]}, {"categories": ["meals", "travel"]}, True),
        ({"field": "category", "in": ["travel"]}, {"categories": ["meals"]}, False),
        ({"field": "answer", "key": "n", "op": "<=", "value": 2.5}, {"n": "2.5"}, True),
        ({"field": "answer", "key": "n", "op": ">", "value": 3}, {"n": "2"}, False),
        ({"field": "answer", "key": "n", "op": ">", "value": 3}, {}, True),
        ({"field": "answer", "key": "n", "in": ["2", "3"]}, {"n": "3"}, True),
        ({"field": "answer", "key": "n", "in": ["2", "3"]}, {}, False),
    ],
)
def test_a_step_is_asked_where_its_conditions_hold(at, condition, given, holds):
    form = [{"key": "n", "label": "N", "type": "number"}]
    found = asked(at, people("if", "kim", when=[condition]), people("then", "lee"), form=form, **given)
    assert [key for key, *_ in found] == (["if", "then"] if holds else ["then"])


def test_all_conditions_must_hold(at):
    both = [{"field": "amount", "op": ">", "value": 5}, {"field": "department", "in": ["north"]}]
    assert [k for k, *_ in asked(at, people("if", "kim", when=both), people("then", "lee"), amount=5)] == ["then"]
