"""A hostile client and requests for approval: forged decisions, answers without end, what is not one's own.

Over HTTP against the real app. Rita asks, Mona is asked and has not answered; Sam has nothing to do with it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator

import pytest

from server.app import create_app
from sync.values import LARGEST

from ..device import new_id
from ..small_firm import make_firm
from .approving import Firm, people
from .shell import settings as app_settings
from .shell import shared_parts
from .test_hostile import URL, Attacker, edit, everything, outcomes_in

SECRET = "Geheimrat"
WRONG = hashlib.sha256(b"guessed").hexdigest()


@pytest.fixture
def at(firm) -> Firm:
    return make(firm)


@pytest.fixture(scope="module")
def untouched(tmp_path_factory) -> Iterator[Firm]:
    """One for all that changes nothing."""
    firm = make_firm(tmp_path_factory.mktemp("firm"))
    yield make(firm)
    firm.close()


def make(firm) -> Firm:
    at = Firm(firm)
    at.define("claim", people("one", "mona"), people("two", "kim"), kind="expense_claim", asks=["lines", "receipts"])
    at.define("leave", people("one", "mona"), form=[{"key": "why", "label": "Why", "type": "text"}])
    line = {"spent_on": "2026-11-20", "category_id": "travel", "amount_cents": 10_000, "currency": "CNY"}
    at.claim = at.draft("rita", "claim", title=SECRET)
    at.line = at.device("rita").add("expense_line", approval_id=at.claim, note=SECRET, **line)
    assert at.does("rita", "submit", at.claim)["is"] == "applied"
    at.leave = at.ask("ron", "leave", title=SECRET)
    at.draft_id = at.draft("rita", "leave", title="Draft")
    at.device("rita").sync()
    at.app = create_app(firm, app_settings(firm.path, URL), **shared_parts())
    return at


def step_of(at, approval: str, position: int = 0) -> str:
    return at.rows("approval_step", approval, "position")[position]["id"]


def hash_of(at, approval: str) -> str:
    return at.row("approval", approval)["revision_hash"]


def command(at, verb: str, approval: str | None = None, **fields) -> dict:
    """A decision on the claim as it stands; fields change or leave out what it names."""
    approval = approval or at.claim
    named = {"approval_id": approval, "verb": verb, "note": "x", "step_id": step_of(at, approval)}
    named |= {"revision_hash": hash_of(at, approval)} | fields
    return edit("approval_action", new_id(), set={name: value for name, value in named.items() if value is not None})


def changing(entity: str, row: str, base: int = LARGEST, **fields) -> dict:
    return edit(entity, row, base, set=fields)


# Who -> what they send; `at` has the claim that Mona is asked about.
FORGED = {
    "a decision of somebody who was never asked": ("kim", lambda at: command(at, "approve")),
    "a decision of somebody who sees nothing of it": ("sam", lambda at: command(at, "approve")),
    "a decision of the applicant": ("rita", lambda at: command(at, "approve")),
    "a decision in another's name": ("sam", lambda at: command(at, "approve", owner_id="mona")),
    "a decision without an owner": ("sam", lambda at: command(at, "approve") | {"set": {"verb": "approve",
        "approval_id": at.claim, "owner_id": None}}),
    "a decision that says it is in force": ("mona", lambda at: command(at, "approve", effect="in_force")),
    "a decision that says when": ("mona", lambda at: command(at, "approve", effect_at_ms=1)),
    "a decision for somebody": ("mona", lambda at: command(at, "approve", on_behalf_of="kim")),
    "a decision that says of which revision it is": ("mona", lambda at: command(at, "approve", revision=7)),
    "a decision on a guessed hash": ("mona", lambda at: command(at, "approve", revision_hash=WRONG)),
    "a decision on the hash of another request": (
        "mona", lambda at: command(at, "approve", revision_hash=hash_of(at, at.leave))),
    "a decision on no hash": ("mona", lambda at: command(at, "approve", revision_hash=None)),
    "a decision on a hash that is none": ("mona", lambda at: command(at, "approve", revision_hash="' OR 1=1 --")),
    "a decision in no step": ("mona", lambda at: command(at, "approve", step_id=None)),
    "a decision in a step of another request": (
        "mona", lambda at: command(at, "approve", step_id=step_of(at, at.leave))),
    "a decision in a step that is not open yet": (
        "kim", lambda at: command(at, "approve", step_id=step_of(at, at.claim, 1))),
    "a step that is not there": ("mona", lambda at: command(at, "approve", step_id="nowhere")),
    "a return to a step ahead": ("mona", lambda at: command(at, "return", to_step_id=step_of(at, at.claim, 1))),
    "a return to a step of another request": (
        "mona", lambda at: command(at, "return", to_step_id=step_of(at, at.leave))),
    "more than was claimed": ("mona", lambda at: command(at, "approve", sanctioned={at.line: "10001"})),
    "less than nothing": ("mona", lambda at: command(at, "approve", sanctioned={at.line: "-1"})),
    "an amount of ten thousand digits": ("mona", lambda at: command(at, "approve", sanctioned={at.line: "9" * 10_000})),
    "an amount for a line of nobody's": ("mona", lambda at: command(at, "approve", sanctioned={"nobodys": "1"})),
    "passing on to somebody who is not there": (
        "mona", lambda at: command(at, "transfer") | {"add": {"target_ids": ["nobody"]}}),
    "passing on to the applicant": ("mona", lambda at: command(at, "transfer") | {"add": {"target_ids": ["rita"]}}),
    "passing on to five hundred": (
        "mona", lambda at: command(at, "transfer") | {"add": {"target_ids": [f"user-{n}" for n in range(500)]}}),
    "paying without being a cashier": ("mona", lambda at: command(at, "pay", amount_cents=1)),
    "paying what is not approved": ("cass", lambda at: command(at, "pay", amount_cents=10_000)),
    "a verb of the server": ("mona", lambda at: command(at, "reassign")),
    "a verb of nobody": ("mona", lambda at: command(at, "bribe")),
    "recalling another's request": ("mona", lambda at: command(at, "recall")),
    "submitting another's draft": ("mona", lambda at: edit("approval_action", new_id(), set={"verb": "submit",
        "approval_id": at.draft_id})),
    "a comment on what one does not see": ("sam", lambda at: command(at, "comment", step_id=None, revision_hash=None)),
    "a comment on a draft of another": ("mona", lambda at: edit("approval_action", new_id(), set={"verb": "comment",
        "note": "x", "approval_id": at.draft_id})),
    "a request that says it is approved": ("rita", lambda at: changing("approval", at.draft_id, state="approved")),
    "a request that is approved as it is made": ("rita", lambda at: changing("approval", "new-1", 0, title="x",
        definition_id="leave", version_id="leave-1", state="approved")),
    "a request that says who takes part": (
        "rita", lambda at: edit("approval", at.draft_id, LARGEST, add={"people_ids": ["sam"]})),
    "a request of another's": ("sam", lambda at: changing("approval", "new-1", 0, title="x", definition_id="leave",
        version_id="leave-1", owner_id="rita")),
    "a request that is given away": ("rita", lambda at: changing("approval", at.draft_id, owner_id="ron")),
    "changing what is asked for": ("rita", lambda at: changing("approval", at.claim, title="Cheaper")),
    "changing a line of what is asked for": ("rita", lambda at: changing("expense_line", at.line, amount_cents=1)),
    "deleting a line of what is asked for": ("rita", lambda at: edit("expense_line", at.line, LARGEST, delete=True)),
    "deleting what is asked for": ("rita", lambda at: edit("approval", at.claim, LARGEST, delete=True)),
    "granting oneself": ("rita", lambda at: changing("expense_line", at.line, sanctioned_cents=10_000)),
    "a line in another's request": ("mona", lambda at: changing("expense_line", "new-1", 0, approval_id=at.claim,
        spent_on="2026-11-20", category_id="travel", amount_cents=1, currency="CNY")),
    "a line in another's draft": ("sam", lambda at: changing("expense_line", "new-1", 0, approval_id=at.draft_id,
        spent_on="2026-11-20", category_id="travel", amount_cents=1, currency="CNY")),
    "a revision of one's own": ("rita", lambda at: changing("approval_revision", "new-1", 0, approval_id=at.claim,
        number=2, hash=WRONG, version_id="claim-1")),
    "a step of one's own": ("rita", lambda at: changing("approval_step", "new-1", 0, approval_id=at.claim,
        revision=1, position=1, mode="any", state="done")),
    "a definition of one's own": ("mona", lambda at: changing("approval_definition", "new-1", 0, name="x", current=1)),
    "an easier version": ("mona", lambda at: changing("definition_version", "leave-1", steps="[]")),
    "a richer firm": ("mona", lambda at: changing("firm_setting", "new-1", 0, key="currency", value="JPY")),
    "a substitute for the boss": ("sam", lambda at: changing("substitute", "new-1", 0, owner_id="boss",
        substitute_id="sam", from_on="2026-01-01", until_on="2027-01-01")),
    "a file on what one does not see": ("sam", lambda at: changing("attachment", "new-1", 0, approval_id=at.claim,
        target_entity="approval", target_id=at.claim, hash=WRONG, media_type="image/png", bytes=1)),
    "a file that the server is said to have": ("rita", lambda at: changing("attachment", "new-1", 0,
        approval_id=at.draft_id, target_entity="approval", target_id=at.draft_id, hash=WRONG, media_type="image/png",
        bytes=1, stored_at_ms=1)),
    "a file that is a page": ("rita", lambda at: changing("attachment", "new-1", 0, approval_id=at.draft_id,
        target_entity="approval", target_id=at.draft_id, hash=WRONG, media_type="text/html", bytes=1)),
    "a file on a customer": ("rita", lambda at: changing("attachment", "new-1", 0, approval_id=at.draft_id,
        target_entity="account", target_id="x", hash=WRONG, media_type="image/png", bytes=1)),
    "another's snooze": ("sam", lambda at: changing("snooze", "new-1", 0, key="task:x", until_ms=1, owner_id="rita")),
    "a hundred thousand answers": ("rita", lambda at: changing("approval", at.draft_id,
        answers={f"k{n}": "" for n in range(60_000)})),
    "answers that are nested": ("rita", lambda at: changing("approval", at.draft_id, answers={"a": {"b": "c"}})),
    "answers that are a list": ("rita", lambda at: changing("approval", at.draft_id, answers=["a"])),
    "answers under strange keys": ("rita", lambda at: changing("approval", at.draft_id, answers={"": "x"})),
    "answers under half a character": ("rita", lambda at: changing("approval", at.draft_id, answers={"\ud800": "x"})),
    "half a character for an answer": ("rita", lambda at: changing("approval", at.draft_id, answers={"a": "\ud800"})),
    "a book for an answer": ("rita", lambda at: changing("approval", at.draft_id, answers={"a": "x" * 200_000})),
    "deep answers": ("rita", lambda at: changing("approval", at.draft_id, answers=json.loads("[" * 500 + "]" * 500))),
    "a bomb of text for answers": ("rita", lambda at: changing("approval", at.draft_id, answers="[" * 400_000)),
    "half an amount": ("rita", lambda at: changing("approval", at.draft_id, amount_cents=0.5)),
    "less than no money": ("rita", lambda at: changing("approval", at.draft_id, amount_cents=-1)),
    "all the money": ("rita", lambda at: changing("approval", at.draft_id, amount_cents=10**15)),
    "true for money": ("rita", lambda at: changing("approval", at.draft_id, amount_cents=True)),
}  # fmt: skip


@pytest.mark.parametrize(("who", "forge"), FORGED.values(), ids=FORGED)
def test_what_is_forged_is_refused_tells_nothing_and_changes_nothing(untouched, who, forge):
    firm, attacker = untouched.firm, Attacker(untouched.firm, untouched.app, who)
    hostile = forge(untouched)
    before = everything(firm)

    answer = attacker.send(hostile)

    assert answer.status_code == 200, answer.text
    [outcome] = outcomes_in(answer, [hostile])
    assert (outcome["is"], bool(outcome["reason"])) == ("rejected", True)
    assert everything(firm) == before
    assert who != "sam" or SECRET not in answer.text
    assert attacker.outcomes(hostile) == [outcome]


def test_what_is_forged_blocks_nothing_behind_it(firm, at):
    mona = Attacker(firm, at.app, "mona")
    forged = [forge(at) for who, forge in FORGED.values() if who == "mona"]

    outcomes = mona.outcomes(*forged, command(at, "approve"))

    assert [one["is"] for one in outcomes] == ["rejected"] * len(forged) + ["applied"]
    assert at.way(at.claim)[0][1] == "done"


def test_an_action_cannot_be_changed_into_another(firm, at):
    mona = Attacker(firm, at.app, "mona")
    told = command(at, "comment", step_id=None, revision_hash=None)
    assert mona.outcomes(told)[0]["is"] == "applied"
    row = told["row"]
    for op in (
        changing("approval_action", row, verb="approve"),
        changing("approval_action", row, effect="in_force"),
        edit("approval_action", row, LARGEST, add={"target_ids": ["sam"]}),
        edit("approval_action", row, LARGEST, delete=True),
    ):
        assert mona.outcomes(op)[0]["is"] == "rejected", op
    assert at.row("approval_action", row)["verb"] == "comment"
    # Whatever says nothing new stops nothing behind it.
    nothing = edit("approval_action", row, LARGEST, set={"note": "x"})
    empty = edit("approval_action", row, LARGEST)
    assert [one["is"] for one in mona.outcomes(nothing, empty, command(at, "approve"))][2] == "applied"


def test_an_old_hash_decides_nothing_and_is_kept(firm, at):
    mona, rita = Attacker(firm, at.app, "mona"), Attacker(firm, at.app, "rita")
    stale = command(at, "approve")
    again = {"verb": "submit", "approval_id": at.claim}
    rita.outcomes(command(at, "recall"), changing("expense_line", at.line, amount_cents=999_999),
                  edit("approval_action", new_id(), set=again))  # fmt: skip
    open_step = at.active(at.device("mona"), at.claim)
    now = command(at, "approve", step_id=open_step, revision_hash=stale["set"]["revision_hash"])
    for op in (stale, now):
        [outcome] = mona.outcomes(op)
        assert (outcome["is"], outcome["reason"]) == ("conflict", "changed_meanwhile")
    assert at.state(at.claim) == "pending"
    assert at.rows("approval_action", at.claim)[-1]["effect"] == "changed_meanwhile"


def test_a_thousand_decisions_of_one_batch_are_one(firm, at):
    mona = Attacker(firm, at.app, "mona")
    outcomes = mona.outcomes(*[command(at, "approve") for _ in range(400)])
    assert [one["is"] for one in outcomes] == ["applied"] + ["conflict"] * 399
    assert [state for _, state, _ in at.way(at.claim)] == ["done", "active"]


def test_one_id_is_one_decision(firm, at):
    mona = Attacker(firm, at.app, "mona")
    reject = command(at, "reject")
    approve = command(at, "approve") | {"row": reject["row"]}
    assert mona.outcomes(reject)[0]["is"] == "applied"
    assert mona.outcomes(approve)[0]["is"] == "rejected"
    assert at.state(at.claim) == "rejected"


def test_refusals_are_the_same_for_a_request_that_is_absent_and_one_that_is_not_yours(firm, at):
    sam = Attacker(firm, at.app, "sam")

    def refusal(approval: str, step: str, line: str) -> list[str]:
        named = {"approval_id": approval, "step_id": step, "revision_hash": hash_of(at, at.claim), "note": "x"}
        ops = [edit("approval_action", new_id(), set={"verb": verb, **named}) for verb in ("approve", "comment", "pay")]
        ops += [changing("approval", approval, title="x"), changing("expense_line", line, note="x")]
        ops.append(changing("approval", "new-1", 0, title="x", definition_id="leave", version_id="leave-1",
                            request_id=approval))  # fmt: skip
        return [json.dumps({**one, "id": ""}) for one in sam.outcomes(*ops)]

    assert refusal(at.claim, step_of(at, at.claim), at.line) == refusal("absent", "absent-step", "absent-line")
