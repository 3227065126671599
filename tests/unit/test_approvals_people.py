"""Who stands in, who is late, who has left, and who is told of what."""

import json

import pytest

from server.approvals import overdue
from web.dates import local_date

from ..small_firm import as_server, op
from .approving import MANAGER, Firm, people

DAY_MS = 86_400_000
ASKS = "%(name)s asks you to approve something"
LATE = "%(name)s has waited for your decision for too long"


@pytest.fixture
def at(firm):
    return Firm(firm)


def away(at, who, substitute, from_days=0, until_days=5):
    """From one day to another, counted from today."""
    days = [local_date(at.firm.clock.ms + n * DAY_MS, "Asia/Shanghai") for n in (from_days, until_days)]
    given = {"substitute_id": substitute, "from_on": days[0], "until_on": days[1], "owner_id": who}
    as_server(at.firm, op("substitute", f"away-{who}-{substitute}", **given))


def trail(at, request):
    """(verb, who, for whom) of everything in force."""
    return [
        (a["verb"], a["owner_id"], a["on_behalf_of"])
        for a in at.rows("approval_action", request)
        if a["effect"] == "in_force"
    ]


# --- substitutes --------------------------------------------------------------------------------------


def test_a_substitute_decides_in_the_name_of_whoever_is_away(at):
    away(at, "mona", "kim")
    request = at.ask("rita", at.define("leave", MANAGER))
    assert at.waiting(request) == ["mona"]
    assert ASKS in at.told("kim") and ASKS in at.told("mona")
    assert at.does("kim", "approve", request)["is"] == "applied"
    assert at.state(request) == "approved"
    assert trail(at, request)[-1] == ("approve", "kim", "mona")


def test_whoever_is_away_may_still_decide_and_the_second_is_told(at):
    away(at, "mona", "kim")
    request = at.ask("rita", at.define("leave", MANAGER))
    at.device("kim").sync()
    late = at.says("kim", "reject", request)
    at.does("mona", "approve", request)
    outcome = at.sent("kim", late)
    assert (outcome["reason"], outcome["detail"]["by"]) == ("already_decided", "mona")


def test_a_decision_counts_by_when_it_was_made(at):
    """Made on the last day of the absence without signal, sent a week later."""
    away(at, "mona", "kim")
    request = at.ask("rita", at.define("leave", MANAGER))
    at.device("kim").sync()
    typed = at.says("kim", "approve", request)
    at.firm.clock.ms += 12 * DAY_MS
    assert at.sent("kim", typed)["is"] == "applied"
    other = at.ask("rita", "leave")
    at.device("kim").sync()
    assert other not in at.device("kim").rows["approval"]


def test_a_clock_that_is_set_back_stands_in_for_nobody(at):
    away(at, "mona", "kim", -9, -5)
    at.define("leave", MANAGER | {"who": {"kind": "person", "ids": ["mona", "kim"]}, "mode": "all"})
    request = at.ask("rita", "leave")
    at.device("kim").sync()
    at.does("kim", "approve", request)
    late = at.says("kim", "approve", request)
    late["at"] -= 7 * DAY_MS
    outcome = at.sent("kim", late)
    assert (outcome["reason"], outcome["detail"]["by"]) == ("already_decided", "kim")
    assert at.waiting(request) == ["mona"]


def test_the_applicant_never_decides_as_a_substitute(at):
    away(at, "mona", "rita")
    request = at.ask("rita", at.define("leave", MANAGER))
    assert at.does("rita", "approve", request)["reason"] == "own_request"
    assert ASKS not in at.told("rita")


def test_whoever_is_asked_and_stands_in_decides_once_for_both(at):
    away(at, "kim", "lee")
    request = at.ask("rita", at.define("offer", people("money", "kim", "lee", mode="all"), people("top", "boss")))
    assert at.does("lee", "approve", request)["is"] == "applied"
    assert at.waiting(request) == ["boss"]
    assert trail(at, request)[-1] == ("approve", "lee", None)


def test_who_stands_in_may_pass_it_on(at):
    away(at, "mona", "kim")
    request = at.ask("rita", at.define("leave", MANAGER))
    at.does("kim", "transfer", request, target_ids=["lee"])
    assert at.waiting(request) == ["lee"]
    assert trail(at, request)[-1] == ("transfer", "kim", "mona")


# --- late ---------------------------------------------------------------------------------------------


def late(at):
    return at.firm.write_now(lambda db: overdue.late(db, at.firm))


def test_a_late_step_is_told_once_and_then_the_manager_is_asked_beside(at):
    request = at.ask("rita", at.define("leave", MANAGER))
    [step] = at.rows("approval_step", request)
    with at.firm.look() as db:
        assert overdue.steps_due(db) == [(step["id"], step["due_at_ms"])]
    assert step["due_at_ms"] == step["opened_at_ms"] + 2 * DAY_MS == at.row("approval", request)["due_at_ms"]
    assert late(at) == 0

    at.firm.clock.ms += 2 * DAY_MS
    assert late(at) == 1 and late(at) == 0
    assert at.told("mona").count(LATE) == 1
    with at.firm.look() as db:
        assert overdue.steps_due(db) == [(step["id"], step["opened_at_ms"] + 4 * DAY_MS)]

    at.firm.clock.ms += 2 * DAY_MS
    assert late(at) == 1 and late(at) == 0
    assert at.waiting(request) == ["mona", "boss"]
    assert ASKS in at.told("boss")
    assert trail(at, request)[1:] == [("overdue", None, None), ("overdue", None, "mona")]
    with at.firm.look() as db:
        assert overdue.steps_due(db) == []

    assert at.state(request) == "pending"
    assert at.does("boss", "approve", request)["is"] == "applied"
    assert at.state(request) == "approved"
    assert trail(at, request)[-1] == ("approve", "boss", "mona")


def test_the_substitute_is_asked_before_the_manager(at):
    request = at.ask("rita", at.define("leave", MANAGER))
    at.firm.clock.ms += 5 * DAY_MS
    away(at, "mona", "kim")
    assert (late(at), late(at), late(at)) == (1, 1, 0)
    assert at.waiting(request) == ["mona", "kim"]


def test_of_all_who_are_late_each_is_helped_and_nothing_passes(at):
    at.define("offer", people("money", "kim", "lee", mode="all", days=1))
    request = at.ask("rita", "offer")
    at.firm.clock.ms += 3 * DAY_MS
    late(at), late(at)
    for _ in range(5):
        at.firm.clock.ms += 30 * DAY_MS
        late(at)
    assert at.state(request) == "pending"
    assert set(at.waiting(request)) == {"kim", "lee", "boss"}
    at.does("boss", "approve", request)
    assert at.state(request) == "approved"


def test_a_step_without_days_is_never_late(at):
    at.ask("rita", at.define("offer", people("money", "kim")))
    at.firm.clock.ms += 400 * DAY_MS
    assert late(at) == 0


# --- whoever leaves -----------------------------------------------------------------------------------


def test_whoever_leaves_is_replaced_in_open_steps_and_the_trail_says_so(at):
    request = at.ask("rita", at.define("leave", MANAGER, people("then", "mona", "kim")))
    at.device("mona").sync()
    typed = at.says("mona", "approve", request)
    as_server(at.firm, op("user", "mona", is_active=0))

    assert at.waiting(request) == ["boss"]
    [action] = [a for a in at.rows("approval_action", request) if a["verb"] == "reassign"]
    assert (action["owner_id"], action["on_behalf_of"], json.loads(action["target_ids"])) == (None, "mona", ["boss"])
    assert at.rows("approval_step", request)[0]["instead"] == "has_left"
    assert ASKS in at.told("boss")
    outcome = at.sent("mona", typed)
    assert (outcome["is"], outcome["reason"]) == ("conflict", "changed_meanwhile")

    at.does("boss", "approve", request)
    assert at.way(request)[1] == ("then", "active", ["boss", "kim"])


def test_the_applicant_is_not_who_replaces(at):
    """Kim's step goes to Kim's manager, who asks for it: so to hers."""
    as_server(at.firm, op("user", "kim", manager_id="rita"))
    request = at.ask("rita", at.define("offer", people("money", "kim"), fallback="lee"))
    as_server(at.firm, op("user", "kim", is_active=0))
    assert at.waiting(request) == ["mona"]


def test_the_others_of_a_step_are_enough_where_nobody_new_is_found(at):
    as_server(at.firm, op("user", "kim", manager_id="boss"))
    request = at.ask("rita", at.define("offer", people("money", "kim", "boss", mode="all")))
    as_server(at.firm, op("user", "kim", is_active=0))
    assert at.waiting(request) == ["boss"]
    at.does("boss", "approve", request)
    assert at.state(request) == "approved"


def test_an_open_step_never_loses_its_last_person(at):
    as_server(at.firm, op("user", "kim", manager_id="boss"))
    request = at.ask("rita", at.define("offer", people("money", "boss", "kim", mode="all")))
    at.does("boss", "approve", request)
    as_server(at.firm, op("user", "kim", is_active=0))
    assert (at.state(request), at.waiting(request)) == ("pending", ["kim"])


# --- told ---------------------------------------------------------------------------------------------


def test_the_applicant_hears_of_every_decision(at):
    request = at.ask("rita", at.define("leave", MANAGER, people("top", "boss")))
    at.does("mona", "approve", request)
    at.does("boss", "return", request)
    at.does("rita", "submit", request)
    at.does("boss", "approve", request)
    assert at.told("rita") == [
        "%(name)s approved a step of your request",
        "%(name)s returned your request",
        "%(name)s approved your request",
    ]


def test_copies_go_out_when_it_is_approved_and_not_before(at):
    at.define("leave", MANAGER, cc={"people": ["sam"], "roles": ["finance"], "manager": True})
    request = at.ask("rita", "leave", cc_ids=["ron", "rita"])
    for name in ("sam", "kim", "ron"):
        at.device(name).sync()
        assert request not in at.device(name).rows.get("approval", {})
    at.does("mona", "approve", request)
    for name in ("sam", "kim", "lee", "ron"):
        at.device(name).sync()
        assert at.device(name).rows["approval"][request]["state"] == "approved"
        assert at.told(name) == ["A request of %(name)s was approved"]
    people_ids = json.loads(at.row("approval", request)["people_ids"])
    assert sorted(people_ids) == ["kim", "lee", "mona", "ron", "sam"]


def test_whoever_is_not_asked_any_more_is_not_told_to_decide(at):
    request = at.ask("rita", at.define("offer", people("money", "kim", "lee", mode="any"), people("top", "boss")))
    assert at.told("lee") == [ASKS]
    at.does("kim", "approve", request)
    assert at.told("lee") == []
    at.does("rita", "recall", request)
    assert at.told("boss") == []


def test_a_notice_says_a_name_and_where_to_decide(at):
    request = at.ask("rita", at.define("leave", MANAGER), title="A secret")
    with at.firm.look() as db:
        [notice] = db.execute("SELECT * FROM notice WHERE user_id = 'mona'").fetchall()
    [step] = at.rows("approval_step", request)
    row = at.row("approval", request)
    assert json.loads(notice["approval"]) == [request, step["id"], row["revision_hash"]]
    assert (notice["kind"], notice["address"]) == ("approval", f"/approvals/{request}")
    assert json.loads(notice["given"]) == {"name": "Rita"}
