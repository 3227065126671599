"""What somebody typed who may no longer write the row: a proposal to whoever may; nobody else learns anything."""

import json

import pytest

from ..device import Device, new_id
from ..small_firm import as_server, op
from .test_accept import open_conflicts, value

LONG_AGO_MS = 31 * 86_400_000


@pytest.fixture
def lost(firm):
    """Rita's account went to Sam, long ago: her phone knows nothing of it. Returns (phone, account id)."""
    rita = Device(firm, "rita")
    account = rita.add("account", name="Acme", kind="customer", owner_id="rita", phones=["111111"])
    rita.sync()
    as_server(firm, op("account", account, owner_id="sam"))
    forget_long_ago(firm)
    return rita, account


def forget_long_ago(firm):
    """Move every loss of access to before the grace."""
    firm.write_now(lambda db: db.execute("UPDATE membership SET until_at_ms = until_at_ms - ?", (LONG_AGO_MS,)))


def settle(device, conflict, group):
    now = device.now()
    device.edit("conflict", conflict["id"], group, settled_at_ms=now, settled_by=device.user_id)


def test_late_edit_becomes_a_proposal_that_the_new_owner_sees(firm, lost):
    rita, account = lost
    edit = rita.edit("account", account, industry="Steel")
    rita.sync()

    assert rita.outcomes[edit["id"]]["is"] == "conflict"
    assert rita.outcomes[edit["id"]]["reason"] == "proposed"
    assert value(firm, "account", account, "industry") is None
    sam = Device(firm, "sam")
    sam.sync()
    [conflict] = sam.rows["conflict"].values()
    assert (conflict["kind"], conflict["unit"], conflict["target_id"]) == ("proposal", "industry", account)
    assert (json.loads(conflict["lost"]), json.loads(conflict["kept"])) == ({"industry": "Steel"}, {"industry": None})
    assert (conflict["lost_by"], conflict["kept_by"]) == ("rita", "sam")


def test_edit_within_the_grace_is_simply_taken(firm):
    rita = Device(firm, "rita")
    account = rita.add("account", name="Acme", kind="customer", owner_id="rita")
    rita.sync()
    as_server(firm, op("account", account, owner_id="sam"))

    edit = rita.edit("account", account, industry="Steel")
    rita.sync()

    assert rita.outcomes[edit["id"]]["is"] == "merged"
    assert open_conflicts(firm) == []


def test_whoever_never_held_the_row_hears_what_they_hear_of_one_that_does_not_exist(firm, lost):
    _, account = lost
    ron = Device(firm, "ron")
    ron.sync()

    edit = ron.edit("account", account, base=3, industry="Mine")
    delete = ron._queue("account", account, 3, None, {}, delete=True)
    hung = ron.add("activity", account_id=account, kind="call", at_ms=1, owner_id="ron")
    ron.sync()

    assert [ron.outcomes[one["id"]]["reason"] for one in (edit, delete)] == ["not_found", "not_found"]
    assert hung in [one["row"] for one in ron.refused]
    assert open_conflicts(firm) == []


def test_whoever_could_only_read_proposes_nothing(firm):
    rita, ron = Device(firm, "rita"), Device(firm, "ron")
    account = rita.add("account", name="Acme", kind="customer", owner_id="rita")
    rita.add("account_member", account_id=account, user_id="ron", access="read")
    rita.sync()
    ron.sync()

    edit = ron.edit("account", account, industry="Steel")
    ron.sync()

    assert (ron.outcomes[edit["id"]]["is"], ron.outcomes[edit["id"]]["reason"]) == ("rejected", "read_only")


def test_lowered_access_takes_what_was_typed_before_and_proposes_what_comes_later(firm):
    rita, ron = Device(firm, "rita"), Device(firm, "ron")
    account = rita.add("account", name="Acme", kind="customer", owner_id="rita")
    member = rita.add("account_member", account_id=account, user_id="ron", access="write")
    rita.sync()
    ron.sync()
    before = ron.edit("account", account, industry="Steel")

    as_server(firm, op("account_member", member, access="read"))
    ron.sync()
    after = ron.edit("account", account, region="North")
    ron.sync()

    assert ron.outcomes[before["id"]]["is"] in ("applied", "merged")
    assert ron.outcomes[after["id"]]["reason"] == "proposed"
    assert value(firm, "account", account, "industry") == "Steel"


def test_new_row_under_a_lost_account_is_proposed_whole_and_can_be_taken(firm, lost):
    rita, account = lost
    visit = rita.add("activity", account_id=account, kind="visit", at_ms=1_000, body="They will buy", owner_id="rita")
    rita.sync()
    sam = Device(firm, "sam")
    sam.sync()
    [conflict] = sam.rows["conflict"].values()
    assert (conflict["unit"], conflict["target_id"]) == ("+", visit)
    lost_values = json.loads(conflict["lost"])
    assert (lost_values["body"], lost_values["account_id"], lost_values["owner_id"]) == (
        "They will buy", account, "rita",
    )  # fmt: skip

    group = new_id()
    sam.add("activity", visit, group, account_id=account, kind="visit", at_ms=1_000, body="They will buy")
    settle(sam, conflict, group)
    sam.sync()

    assert sam.refused == []
    assert value(firm, "activity", visit, "body") == "They will buy"
    assert open_conflicts(firm) == []


def test_later_edits_of_a_proposed_row_change_the_proposal(firm, lost):
    rita, account = lost
    visit = rita.add("activity", account_id=account, kind="visit", at_ms=1_000, body="Talked", owner_id="rita")
    rita.sync(cut_after=0)
    edit = rita.edit("activity", visit, base=0, body="Talked long")
    rita.sync()

    assert rita.outcomes[edit["id"]]["reason"] == "proposed"
    [conflict] = open_conflicts(firm)
    assert json.loads(conflict["lost"])["body"] == "Talked long"


def test_deletion_is_proposed(firm, lost):
    rita, account = lost
    gone = rita.delete("account", account)
    rita.sync()

    assert rita.outcomes[gone["id"]]["reason"] == "proposed"
    assert value(firm, "account", account, "deleted") == 0
    [conflict] = open_conflicts(firm)
    assert (conflict["unit"], json.loads(conflict["lost"])) == ("-", {"deleted": 1})


def test_group_is_proposed_or_taken_as_one(firm, lost):
    rita, account = lost
    group = new_id()
    edit = rita.edit("account", account, group, industry="Steel")
    task = rita.add("task", group=group, title="Send papers", account_id=account, owner_id="rita")
    own = rita.add("task", group=group, title="My own", owner_id="rita")
    rita.sync()

    assert {rita.outcomes[one["id"]]["reason"] for one in rita.typed if one.get("group") == group} == {"proposed"}
    assert edit["id"] in rita.outcomes
    assert {conflict["target_id"] for conflict in open_conflicts(firm)} == {account, task, own}
    with firm.look() as db:
        assert db.execute("SELECT count(*) FROM task").fetchone()[0] == 0


def test_group_with_something_nobody_may_do_is_rejected_whole(firm, lost):
    rita, account = lost
    group = new_id()
    edit = rita.edit("account", account, group, industry="Steel")
    forged = rita.edit("user", "rita", group, role_id="boss")
    rita.sync()

    assert rita.outcomes[edit["id"]]["is"] == rita.outcomes[forged["id"]]["is"] == "rejected"
    assert open_conflicts(firm) == []


def test_proposing_what_the_row_has_already_is_answered_like_any_other(firm, lost):
    rita, account = lost
    as_server(firm, op("account", account, industry="Steel"))
    right = rita.edit("account", account, industry="Steel")
    wrong = rita.edit("account", account, industry="Glass")
    rita.sync()

    assert rita.outcomes[right["id"]]["reason"] == rita.outcomes[wrong["id"]]["reason"] == "proposed"
    assert len(open_conflicts(firm)) == 1


def test_sets_and_groups_of_fields_are_proposed_as_they_would_be(firm, lost):
    rita, account = lost
    rita.edit("account", account, phones=(["222222"], ["111111"]))
    rita.edit("account", account, address="Long Street 1")
    rita.sync()

    found = {conflict["unit"]: json.loads(conflict["lost"]) for conflict in open_conflicts(firm)}
    assert json.loads(found["phones"]["phones"]) == ["222222"]
    assert found["place"] == {"address": "Long Street 1", "lat_e6": None, "lng_e6": None}


def test_row_that_left_for_an_account_never_seen_can_still_be_proposed_for(firm):
    rita = Device(firm, "rita")
    account = rita.add("account", name="Acme", kind="customer", owner_id="rita")
    contact = rita.add("contact", name="Wang Fang", account_id=account, owner_id="rita")
    rita.sync()
    as_server(firm, op("account", "far", name="Far", kind="customer", owner_id="sam"))
    as_server(firm, op("contact", contact, account_id="far"))

    edit = rita.edit("contact", contact, title="Buyer")
    rita.sync()

    assert rita.outcomes[edit["id"]]["reason"] == "proposed"
    [conflict] = open_conflicts(firm)
    assert conflict["account_id"] == "far"


def test_second_sending_proposes_nothing_twice(firm, lost):
    rita, account = lost
    rita.edit("account", account, industry="Steel")
    rita.sync(cut_after=0)
    rita.sync()

    assert len(open_conflicts(firm)) == 1
    assert rita.outbox == []


def test_only_author_may_propose_to_an_activity(firm):
    rita, mona = Device(firm, "rita"), Device(firm, "mona")
    account = rita.add("account", name="Acme", kind="customer", owner_id="rita")
    visit = mona.add("activity", account_id=account, kind="visit", at_ms=1, body="Talked", owner_id="mona")
    rita.sync()
    mona.sync()
    as_server(firm, op("account", account, owner_id="sam"))
    forget_long_ago(firm)

    edit = rita.edit("activity", visit, base=5, body="Changed")
    rita.sync()

    assert (rita.outcomes[edit["id"]]["is"], rita.outcomes[edit["id"]]["reason"]) == ("rejected", "not_found")
