"""A decision takes effect on the revision that was seen, once, or is kept and says why not."""

import json

import pytest

from server.accept import accept_operations

from ..small_firm import as_server, op
from .approving import MANAGER, Firm, people


@pytest.fixture
def at(firm):
    return Firm(firm)


def two(at, mode="any"):
    """Two decide, then the boss."""
    return at.define("offer", people("money", "kim", "lee", mode=mode), people("top", "boss"))


def test_each_step_opens_after_the_one_before_and_the_last_approves(at):
    request = at.ask("rita", at.define("leave", MANAGER, people("top", "boss")))
    assert at.way(request) == [("boss", "active", ["mona"]), ("top", "ahead", ["boss"])]

    at.does("mona", "approve", request)
    assert (at.state(request), at.waiting(request)) == ("pending", ["boss"])
    outcome = at.does("boss", "approve", request)

    row = at.row("approval", request)
    assert outcome["is"] == "applied"
    assert (row["state"], row["waiting_ids"], row["due_at_ms"]) == ("approved", "[]", None)
    assert row["decided_at_ms"] == row["closed_at_ms"] is not None
    assert [step["state"] for step in at.rows("approval_step", request)] == ["done", "done"]


def test_everybody_who_takes_part_has_the_same_rows(at):
    request = at.ask("rita", two(at))
    at.does("kim", "approve", request)
    at.does("boss", "reject", request)

    for name in ("rita", "kim", "lee", "boss", "mona"):
        phone = at.device(name)
        phone.sync()
        assert phone.prove() == []
        assert phone.rows["approval"][request]["state"] == "rejected", name
    assert request not in at.device("sam").rows.get("approval", {})


def test_in_order_the_second_is_asked_after_the_first(at):
    request = at.ask("rita", at.define("paper", people("money", "kim", "lee")))
    assert at.waiting(request) == ["kim"]
    at.device("lee").sync()
    assert request not in at.device("lee").rows.get("approval", {})

    at.does("kim", "approve", request)
    assert at.waiting(request) == ["lee"]
    at.does("lee", "approve", request)
    assert at.state(request) == "approved"


def test_nobody_decides_before_their_turn(at):
    request = at.ask("rita", at.define("paper", people("money", "kim", "boss"), people("then", "mona")))
    early = at.does("boss", "approve", request)
    assert (early["is"], early["reason"]) == ("rejected", "not_asked")
    ahead = at.rows("approval_step", request)[1]["id"]
    early = at.does("mona", "approve", request, step_id=ahead)
    assert (early["is"], early["reason"]) == ("rejected", "not_asked")
    assert at.waiting(request) == ["kim"]


def test_all_must_approve_where_all_are_asked(at):
    request = at.ask("rita", two(at, "all"))
    assert at.waiting(request) == ["kim", "lee"]
    at.does("lee", "approve", request)
    assert at.waiting(request) == ["kim"]
    at.does("kim", "approve", request)
    assert at.waiting(request) == ["boss"]


@pytest.mark.parametrize(("first", "second"), [("kim", "lee"), ("lee", "kim")])
@pytest.mark.parametrize("verbs", [("approve", "approve"), ("reject", "approve"), ("approve", "reject")])
def test_of_two_who_decide_apart_the_second_is_told_who_was_faster(at, first, second, verbs):
    request = at.ask("rita", two(at))
    for name in (first, second):
        at.device(name).sync()
    typed = [at.says(name, verb, request) for name, verb in zip((first, second), verbs, strict=True)]

    assert at.sent(first, typed[0])["is"] == "applied"
    state = at.state(request)
    outcome = at.sent(second, typed[1])

    assert (outcome["is"], outcome["reason"]) == ("conflict", "already_decided")
    assert outcome["detail"] == {"by": first, "name": first.title()}
    assert at.state(request) == state == ("rejected" if verbs[0] == "reject" else "pending")
    kept = at.row("approval_action", typed[1]["row"])
    assert (kept["effect"], kept["met_by"], kept["verb"]) == ("already_decided", first, verbs[1])
    assert any("too late" in text for text in at.told(second))
    at.device(first).sync()
    assert typed[1]["row"] in at.device(first).rows["approval_action"]


def test_a_decision_given_offline_on_what_was_changed_does_nothing(at):
    request = at.ask("rita", two(at), amount_cents=100)
    at.device("kim").sync()
    late = at.says("kim", "approve", request)
    at.does("rita", "recall", request)
    rita = at.device("rita")
    rita.edit("approval", request, amount_cents=900_000)
    assert at.does("rita", "submit", request)["is"] == "applied"

    outcome = at.sent("kim", late)

    assert (outcome["is"], outcome["reason"]) == ("conflict", "changed_meanwhile")
    assert outcome["detail"] == {"by": "rita", "name": "Rita"}
    assert at.waiting(request) == ["kim", "lee"]
    assert at.row("approval", request)["revision"] == 2
    assert any("too late" in text for text in at.told("kim"))
    assert at.does("kim", "approve", request)["is"] == "applied"


def test_a_decision_on_what_was_recalled_does_nothing(at):
    request = at.ask("rita", two(at))
    at.device("kim").sync()
    late = at.says("kim", "reject", request)
    at.does("rita", "recall", request)
    outcome = at.sent("kim", late)
    assert (outcome["is"], outcome["reason"]) == ("conflict", "changed_meanwhile")
    assert at.state(request) == "recalled"
    assert at.waiting(request) == []


def test_a_decision_for_the_first_turn_of_a_step_never_counts_in_its_second(at):
    """Recalled, and submitted again unchanged: what was typed in between is kept, and asked anew."""
    request = at.ask("rita", two(at))
    at.device("kim").sync()
    late = at.says("kim", "approve", request)
    at.does("rita", "recall", request)
    at.does("rita", "submit", request)
    assert at.sent("kim", late)["reason"] == "changed_meanwhile"
    assert at.waiting(request) == ["kim", "lee"]


def test_a_decision_counts_once_however_often_it_is_sent(at):
    request = at.ask("rita", two(at, "all"))
    kim = at.device("kim")
    kim.sync()
    typed = at.says("kim", "approve", request)
    first = at.sent("kim", typed)
    with at.firm.look() as db:
        before = db.execute("SELECT seq FROM counter").fetchone()[0]
    for _ in range(3):
        again = at.firm.write_now(lambda db: accept_operations(db, at.firm, "kim", kim.id, [typed]))
        assert again == [first]
    with at.firm.look() as db:
        assert db.execute("SELECT seq FROM counter").fetchone()[0] == before
    assert at.waiting(request) == ["lee"]


def test_two_devices_of_one_person_decide_once(at):
    request = at.ask("rita", two(at, "all"))
    at.device("kim").sync()
    at.device("kim", "tablet").sync()
    one, other = at.says("kim", "approve", request), at.says("kim", "reject", request, device="tablet")
    assert at.sent("kim", one)["is"] == "applied"
    outcome = at.sent("kim", other, "tablet")
    assert (outcome["reason"], outcome["detail"]["by"]) == ("already_decided", "kim")
    assert (at.state(request), at.waiting(request)) == ("pending", ["lee"])
    assert not any("too late" in text for text in at.told("kim"))


def test_whoever_was_never_asked_is_refused(at):
    request = at.ask("rita", two(at))
    for name in ("mona", "boss"):
        outcome = at.does(name, "approve", request)
        assert (outcome["is"], outcome["reason"]) == ("rejected", "not_asked")
    outcome = at.does("sam", "approve", request, step_id=at.rows("approval_step", request)[0]["id"])
    assert (outcome["is"], outcome["reason"]) == ("rejected", "not_found")
    assert at.rows("approval_action", request) == at.rows("approval_action", request)[:1]


def test_nobody_decides_their_own_request(at):
    request = at.ask("kim", two(at))
    outcome = at.does("kim", "approve", request)
    assert (outcome["is"], outcome["reason"]) == ("rejected", "own_request")


@pytest.mark.parametrize("seen", ["0" * 64, None])
def test_a_decision_says_what_was_seen(at, seen):
    request = at.ask("rita", two(at))
    outcome = at.does("kim", "approve", request, revision_hash=seen)
    assert (outcome["is"], outcome["reason"]) == ("rejected", "unknown_revision" if seen else "required")


def test_a_step_of_another_request_is_none(at):
    two(at)
    request, other = at.ask("rita", "offer"), at.ask("rita", "offer")
    outcome = at.does("kim", "approve", request, step_id=at.rows("approval_step", other)[0]["id"])
    assert (outcome["is"], outcome["reason"]) == ("rejected", "not_found")


@pytest.mark.parametrize("verb", ["reject", "return", "void", "comment"])
def test_a_refusal_says_why(at, verb):
    request = at.ask("rita", two(at))
    outcome = at.does("kim", verb, request, note=None)
    assert (outcome["reason"], outcome["detail"]["field"]) == ("required", "note")


# --- returned, recalled, rejected ---------------------------------------------------------------------


def test_returned_and_changed_it_begins_again_and_earlier_approvals_are_void(at):
    request = at.ask("rita", two(at))
    at.does("kim", "approve", request)
    at.does("boss", "return", request)
    assert (at.state(request), at.waiting(request)) == ("returned", [])

    at.device("rita").sync()
    at.device("rita").edit("approval", request, reason="A better one")
    assert at.does("rita", "submit", request)["is"] == "applied"

    assert at.way(request) == [("money", "active", ["kim", "lee"]), ("top", "ahead", ["boss"])]
    voided = {a["verb"]: a["voided_at_ms"] is not None for a in at.rows("approval_action", request)}
    assert voided == {"submit": False, "approve": True, "return": True}
    assert [r["number"] for r in at.rows("approval_revision", request)] == [1, 2]


@pytest.mark.parametrize("verb", ["return", "reject"])
def test_the_same_again_goes_on_where_it_was_stopped_and_approvals_stand(at, verb):
    request = at.ask("rita", two(at, "all"))
    at.does("kim", "approve", request)
    at.does("lee", verb, request)

    assert at.does("rita", "submit", request)["is"] == "applied"

    assert at.waiting(request) == ["lee"]
    assert all(action["voided_at_ms"] is None for action in at.rows("approval_action", request))
    assert len(at.rows("approval_revision", request)) == 1
    at.does("lee", "approve", request)
    assert at.waiting(request) == ["boss"]


def test_recalled_and_the_same_again_goes_on_as_well(at):
    request = at.ask("rita", two(at, "all"))
    at.does("kim", "approve", request)
    at.does("rita", "recall", request)
    at.does("rita", "submit", request)
    assert at.waiting(request) == ["lee"]
    at.does("rita", "recall", request)
    at.does("rita", "submit", request)
    at.does("lee", "approve", request)
    assert at.waiting(request) == ["boss"]


def test_a_rejected_request_grows_old_until_it_is_submitted_again(at):
    request = at.ask("rita", two(at))
    at.does("kim", "reject", request)
    row = at.row("approval", request)
    assert row["state"] == "rejected" and row["closed_at_ms"]
    for entity in ("approval_step", "approval_action", "approval_revision"):
        assert all(other["closed_at_ms"] for other in at.rows(entity, request))
    at.does("rita", "submit", request)
    assert at.row("approval", request)["closed_at_ms"] is None
    assert all(other["closed_at_ms"] is None for other in at.rows("approval_step", request))


def test_returned_to_a_step_that_step_is_asked_again_with_those_between(at):
    at.define("long", people("one", "kim"), people("two", "lee"), people("three", "mona"), people("four", "boss"))
    request = at.ask("rita", "long")
    for name in ("kim", "lee", "mona"):
        at.does(name, "approve", request)
    _, second, *_ = at.rows("approval_step", request, "position")

    assert at.does("boss", "return", request, to_step_id=second["id"])["is"] == "applied"

    assert at.state(request) == "pending"
    assert at.way(request) == [
        ("one", "done", ["kim"]),
        ("two", "active", ["lee"]),
        ("three", "ahead", ["mona"]),
        ("four", "done", ["boss"]),
        ("four", "ahead", ["boss"]),
    ]
    by = {a["owner_id"]: a["voided_at_ms"] is not None for a in at.rows("approval_action", request)}
    assert by == {"rita": False, "kim": False, "lee": True, "mona": True, "boss": False}
    late = at.does("lee", "approve", request, step_id=second["id"])
    assert late["reason"] == "already_decided"
    for name in ("lee", "mona", "boss"):
        assert at.does(name, "approve", request)["is"] == "applied"
    assert at.state(request) == "approved"


def test_it_is_returned_only_to_a_step_that_was_done_before(at):
    request = at.ask("rita", two(at))
    money, top = at.rows("approval_step", request, "position")
    for step in (money, top):
        outcome = at.does("kim", "return", request, to_step_id=step["id"])
        assert (outcome["is"], outcome["reason"]) == ("rejected", "wrong_step")


# --- other people -------------------------------------------------------------------------------------


def test_whoever_it_is_passed_on_to_is_asked_instead(at):
    request = at.ask("rita", two(at, "all"))
    at.device("kim", "tablet").sync()
    late = at.says("kim", "approve", request, device="tablet")
    assert at.does("kim", "transfer", request, target_ids=["sam"])["is"] == "applied"
    assert at.waiting(request) == ["sam", "lee"]
    assert "%(name)s passed a request on to you" in at.told("sam")
    outcome = at.sent("kim", late, "tablet")
    assert (outcome["reason"], outcome["detail"]["by"]) == ("changed_meanwhile", "kim")
    assert at.does("sam", "approve", request)["is"] == "applied"
    assert at.waiting(request) == ["lee"]


@pytest.mark.parametrize(
    ("targets", "reason"),
    [(["rita"], "to_applicant"), (["lee"], "already_asked"), (["kim"], "already_asked"), ([], "required"),
     (["sam", "ron"], "too_many"), (["gone"], "has_left")],
)  # fmt: skip
def test_it_is_not_passed_on_to_just_anybody(at, targets, reason):
    as_server(at.firm, op("user", "gone", name="Gone", role_id="rep", department_id="north", is_active=0))
    request = at.ask("rita", two(at, "all"))
    outcome = at.does("kim", "transfer", request, target_ids=targets)
    assert (outcome["is"], outcome["reason"]) == ("rejected", reason)
    assert at.waiting(request) == ["kim", "lee"]


def test_somebody_put_before_decides_first(at):
    request = at.ask("rita", two(at))
    at.device("lee").sync()
    late = at.says("lee", "approve", request)
    at.does("kim", "add_before", request, target_ids=["sam", "ron"], mode="all")
    assert at.waiting(request) == ["sam", "ron"]
    assert at.way(request)[0] == ("money", "active", ["sam", "ron"])
    outcome = at.sent("lee", late)
    assert (outcome["reason"], outcome["detail"]["by"]) == ("changed_meanwhile", "kim")
    at.does("sam", "approve", request)
    at.does("ron", "approve", request)
    assert at.waiting(request) == ["kim", "lee"]
    at.does("kim", "approve", request)
    assert at.waiting(request) == ["boss"]


def test_somebody_put_after_decides_next(at):
    request = at.ask("rita", two(at))
    at.does("kim", "add_after", request, target_ids=["sam"])
    assert at.waiting(request) == ["kim", "lee"]
    at.does("kim", "approve", request)
    assert at.waiting(request) == ["sam"]
    assert at.rows("approval_step", request)[-1]["added_by"] == "kim"
    at.does("sam", "approve", request)
    at.does("boss", "approve", request)
    assert at.state(request) == "approved"


def test_after_the_last_step_there_is_room_too(at):
    request = at.ask("rita", at.define("leave", MANAGER))
    for target in ("kim", "lee", "sam"):
        at.does("mona", "add_after", request, target_ids=[target])
    assert [asked for _, _, asked in at.way(request)] == [["mona"], ["sam"], ["lee"], ["kim"]]


def test_many_may_be_put_between_two_steps(at):
    request = at.ask("rita", two(at))
    for _ in range(40):
        assert at.does("kim", "add_after", request, target_ids=["sam"])["is"] == "applied"
    positions = [step["position"] for step in at.rows("approval_step", request, "position")]
    assert len(set(positions)) == 42
    for _ in range(60):
        last = at.does("kim", "add_after", request, target_ids=["sam"])
    assert (last["is"], last["reason"]) == ("rejected", "too_many")


def test_the_applicant_is_put_nowhere(at):
    request = at.ask("rita", two(at))
    for verb in ("add_before", "add_after"):
        assert at.does("kim", verb, request, target_ids=["rita"])["reason"] == "to_applicant"


# --- what the applicant does --------------------------------------------------------------------------


def test_only_the_applicant_recalls_and_nudges(at):
    request = at.ask("rita", two(at))
    for verb in ("recall", "nudge", "submit"):
        assert at.does("kim", verb, request)["reason"] == "only_applicant"


def test_recalling_what_is_decided_comes_too_late(at):
    request = at.ask("rita", two(at))
    at.device("rita").sync()
    late = at.says("rita", "recall", request)
    at.does("kim", "approve", request)
    at.does("boss", "approve", request)
    outcome = at.sent("rita", late)
    assert (outcome["is"], outcome["reason"], outcome["detail"]["by"]) == ("conflict", "already_decided", "boss")
    assert at.state(request) == "approved"


def test_a_nudge_is_told_once_an_hour(at):
    request = at.ask("rita", two(at))
    assert at.does("rita", "nudge", request)["is"] == "applied"
    assert at.told("kim").count("%(name)s asks you once more to approve something") == 1
    assert at.does("rita", "nudge", request)["reason"] == "nudged_lately"
    at.firm.clock.ms += 3_600_000
    assert at.does("rita", "nudge", request)["is"] == "applied"


def test_whoever_sees_a_request_may_comment_on_it(at):
    request = at.ask("rita", two(at))
    assert at.does("mona", "comment", request, note="Fine with me")["is"] == "applied"
    at.device("kim").sync()
    assert [a["note"] for a in at.device("kim").rows["approval_action"].values() if a["verb"] == "comment"]
    assert at.does("sam", "comment", request)["reason"] == "not_found"


def test_a_comment_is_told_to_the_applicant_and_to_whoever_is_to_decide(at):
    words = "%(name)s commented on a request for approval"
    request = at.ask("rita", two(at))
    at.does("kim", "comment", request, note="With which money?")
    at.does("rita", "comment", request, note="That of last year")

    assert [at.told(name).count(words) for name in ("rita", "kim", "lee", "boss")] == [1, 1, 2, 0]


def test_what_is_approved_may_be_made_void_by_applicant_or_administrator(at):
    at.define("leave", MANAGER)
    for by in ("rita", "boss"):
        request = at.ask("rita", "leave")
        assert at.does("rita", "void", request)["reason"] == "not_approved"
        at.does("mona", "approve", request)
        assert at.does("mona", "void", request)["reason"] == "only_applicant"
        assert at.does(by, "void", request)["is"] == "applied"
        assert at.state(request) == "void"
        outcome = at.does("rita", "void", request)
        assert (outcome["reason"], outcome["detail"]["by"]) == ("already_decided", by)
        assert at.does("rita", "submit", request)["reason"] == "frozen"


# --- frozen -------------------------------------------------------------------------------------------


def test_what_is_submitted_is_changed_by_nobody(at):
    request = at.ask("rita", two(at))
    rita = at.device("rita")
    rita.sync()
    edit = rita.edit("approval", request, title="Otherwise")
    gone = rita.delete("approval", request)
    rita.add("expense_line", approval_id=request, spent_on="2026-11-24", category_id="travel", amount_cents=1,
             currency="CNY")  # fmt: skip
    line = rita.typed[-1]
    rita.sync()
    assert [rita.outcomes[one["id"]]["reason"] for one in (edit, gone, line)] == ["frozen"] * 3
    assert at.row("approval", request)["title"] == "Please"


def test_what_was_submitted_once_is_never_deleted(at):
    request = at.ask("rita", two(at))
    at.does("rita", "recall", request)
    gone = at.device("rita").delete("approval", request)
    assert at.sent("rita", gone)["reason"] == "frozen"


def test_a_draft_is_deleted_with_its_lines_and_comes_back_with_them(at):
    at.define("claim", MANAGER, asks=["lines"], kind="expense_claim")
    rita, tablet = at.device("rita"), at.device("rita", "tablet")
    draft = at.draft("rita", "claim")
    line = rita.add("expense_line", approval_id=draft, spent_on="2026-11-24", category_id="travel",
                    amount_cents=100, currency="CNY")  # fmt: skip
    rita.sync()
    tablet.sync()
    tablet.edit("approval", draft, title="Typed on the train")
    rita.delete("approval", draft)
    rita.sync()
    assert (at.row("approval", draft)["deleted"], at.row("expense_line", line)["deleted"]) == (1, 1)
    tablet.sync()
    assert (at.row("approval", draft)["deleted"], at.row("expense_line", line)["deleted"]) == (0, 0)


OTHERWISE = {"verb": "reject", "note": "So", "target_ids": ["sam"]}


def test_a_command_is_never_changed_or_taken_back(at):
    request = at.ask("rita", two(at))
    at.does("kim", "approve", request)
    kim = at.device("kim")
    kim.sync()
    action = next(a["id"] for a in kim.rows["approval_action"].values() if a["verb"] == "approve")
    edits = [kim.edit("approval_action", action, **{name: value}) for name, value in OTHERWISE.items()]
    edits.append(kim.delete("approval_action", action))
    kim.sync()
    assert {kim.outcomes[one["id"]]["reason"] for one in edits} == {"fixed"}
    same = kim.edit("approval_action", action, base=0, verb="approve")
    kim.sync()
    assert kim.outcomes[same["id"]]["is"] == "applied"


def test_nobody_gives_a_request_away_and_nobody_makes_one_for_another(at):
    two(at)
    draft = at.draft("rita", "offer")
    rita = at.device("rita")
    rita.sync()
    given = rita.edit("approval", draft, owner_id="mona")
    rita.add("approval", definition_id="offer", version_id="offer-1", title="For Ron", owner_id="ron")
    made = rita.typed[-1]
    rita.sync()
    assert rita.outcomes[given["id"]]["is"] == rita.outcomes[made["id"]]["is"] == "rejected"


def test_changing_a_pending_request_is_one_step_or_none(at):
    request = at.ask("rita", two(at))
    rita = at.device("rita")
    rita.sync()

    def change(title):
        group = f"change-{title}"
        rita.add("approval_action", approval_id=request, verb="recall", group=group)
        rita.edit("approval", request, group=group, title=title)
        rita.add("approval_action", approval_id=request, verb="submit", group=group)
        return [rita.outcomes[one["id"]] for one in (rita.sync() or rita.typed)[-3:]]

    assert {outcome["is"] for outcome in change("Second")} <= {"applied", "merged"}
    assert (at.row("approval", request)["revision"], at.waiting(request)) == (2, ["kim", "lee"])
    at.does("kim", "approve", request)
    at.does("boss", "approve", request)
    assert [outcome["is"] for outcome in change("Third")] == ["rejected"] * 3
    assert at.row("approval", request)["title"] == "Second"
    assert json.loads(at.rows("approval_revision", request)[1]["content"])["title"] == "Second"


@pytest.mark.parametrize("verb", ["reassign", "overdue"])
def test_what_the_server_does_is_done_by_no_device(at, verb):
    request = at.ask("rita", two(at))
    assert at.does("kim", verb, request)["reason"] == "server_only"
