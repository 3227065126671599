"""Rows out: after pulling, each device equals the server's projection for its person."""

import json

import pytest

from server.pull import StartAgain

from ..device import Device, exchange, projection
from ..small_firm import as_server, op


def held(device):
    return device.all_rows()


def test_first_sync_gives_the_projection_and_a_second_moves_nothing(firm):
    rita = Device(firm, "rita")
    account = rita.add("account", name="王芳贸易", kind="customer", owner_id="rita")
    rita.add("activity", account_id=account, kind="call", at_ms=5, owner_id="rita")
    rita.sync()

    fresh = Device(firm, "rita", "tablet")
    fresh.sync()

    assert held(fresh) == held(rita) == projection(firm, "rita")
    lines = list(exchange(firm, "rita", fresh.id, fresh.cursor, [], fresh.now()))
    assert [list(json.loads(line)) for line in lines] == [["hello"], ["end"]]


def test_scope_own_below_everything(firm):
    rita, sam = Device(firm, "rita"), Device(firm, "sam")
    north = rita.add("account", name="North", kind="customer", owner_id="rita")
    south = sam.add("account", name="South", kind="customer", owner_id="sam")
    rita.sync()
    sam.sync()

    seen = {name: set(projection(firm, name).get("account", {})) for name in ("boss", "mona", "rita", "ron", "sam")}

    assert seen == {"boss": {north, south}, "mona": {north}, "rita": {north}, "ron": set(), "sam": {south}}


def test_losing_scope_removes_rows_and_coming_back_restores_them(firm):
    rita = Device(firm, "rita")
    account = rita.add("account", name="Acme", kind="customer", owner_id="rita")
    rita.add("contact", account_id=account, name="王芳", owner_id="rita")
    rita.add("task", account_id=account, title="Call", owner_id="rita", assignee_id="rita")
    rita.sync()
    before = held(rita)

    as_server(firm, op("account", account, owner_id="sam"))
    rita.sync()
    assert "account" not in held(rita) and "contact" not in held(rita)
    # The task is her own besides hanging on the account: it stays.
    assert len(rita.rows["task"]) == 1
    assert held(rita) == projection(firm, "rita")

    as_server(firm, op("account", account, owner_id="rita"))
    rita.sync()
    assert held(rita) == projection(firm, "rita")
    assert set(held(rita)["contact"]) == set(before["contact"])


def test_row_that_moves_out_of_sight_is_forgotten(firm):
    boss, rita, sam = Device(firm, "boss"), Device(firm, "rita"), Device(firm, "sam")
    north = boss.add("account", name="North", kind="customer", owner_id="rita")
    south = boss.add("account", name="South", kind="customer", owner_id="sam")
    contact = boss.add("contact", account_id=north, name="Wang", owner_id="boss")
    for device in (boss, rita, sam):
        device.sync()
    assert contact in rita.rows["contact"]

    boss.edit("contact", contact, account_id=south)
    for device in (boss, rita, sam):
        device.sync()

    assert contact not in rita.rows["contact"]
    assert contact in sam.rows["contact"]
    assert held(rita) == projection(firm, "rita")


def test_deleted_row_goes_from_devices(firm):
    boss, rita = Device(firm, "boss"), Device(firm, "rita")
    account = rita.add("account", name="North", kind="customer", owner_id="rita")
    contact = rita.add("contact", account_id=account, name="Wang", owner_id="rita")
    rita.sync()
    boss.sync()

    rita.delete("contact", contact)
    rita.sync()
    boss.sync()

    assert contact not in boss.rows["contact"] and contact not in rita.rows["contact"]
    assert held(boss) == projection(firm, "boss")


def test_deleted_account_takes_what_hangs_on_it(firm):
    boss, rita = Device(firm, "boss"), Device(firm, "rita")
    account = rita.add("account", name="North", kind="customer", owner_id="rita")
    rita.add("contact", account_id=account, name="Wang", owner_id="rita")
    rita.sync()
    boss.sync()

    rita.delete("account", account)
    rita.sync()
    boss.sync()

    assert not boss.rows["account"] and not boss.rows["contact"]
    assert held(boss) == projection(firm, "boss")


def test_person_who_changes_department_changes_what_the_manager_holds(firm):
    mona, sam = Device(firm, "mona"), Device(firm, "sam")
    sam.add("account", name="South", kind="customer", owner_id="sam")
    sam.add("event", title="Visit", kind="visit", start_ms=1, end_ms=2, owner_id="sam")
    sam.sync()
    mona.sync()
    assert "account" not in held(mona)

    as_server(firm, op("user", "sam", department_id="north"))
    mona.sync()
    assert len(mona.rows["account"]) == len(mona.rows["event"]) == 1

    as_server(firm, op("user", "sam", department_id="south"))
    mona.sync()
    assert not mona.rows["account"] and not mona.rows["event"]
    assert held(mona) == projection(firm, "mona")


def test_account_member_sees_and_reader_may_not_write(firm):
    rita, sam = Device(firm, "rita"), Device(firm, "sam")
    account = rita.add("account", name="North", kind="customer", owner_id="rita")
    member = rita.add("account_member", account_id=account, user_id="sam", access="read")
    rita.sync()
    sam.sync()
    assert account in sam.rows["account"]

    edit = sam.edit("account", account, industry="Steel")
    sam.sync()
    assert sam.outcomes[edit["id"]]["reason"] == "read_only"

    rita.delete("account_member", member)
    rita.sync()
    sam.sync()
    assert account not in sam.rows["account"]


def test_ownerless_account_is_everyones_to_see_and_to_claim(firm):
    rita, sam, ron = Device(firm, "rita"), Device(firm, "sam"), Device(firm, "ron")
    account = rita.add("account", name="Pool", kind="customer", owner_id=None)
    for device in (rita, sam, ron):
        device.sync()
    assert account in sam.rows["account"]

    first = sam.edit("account", account, owner_id="sam")
    second = ron.edit("account", account, owner_id="ron")
    sam.sync()
    ron.sync()

    assert sam.outcomes[first["id"]]["is"] == "applied"
    assert ron.outcomes[second["id"]]["is"] == "rejected"
    assert held(ron) == projection(firm, "ron")


def test_cut_after_any_line_then_retry_is_as_if_never_cut(firm):
    rita = Device(firm, "rita")
    for number in range(10):
        account = rita.add("account", name=f"A{number}", kind="customer", owner_id="rita")
        rita.add("activity", account_id=account, kind="call", at_ms=number, owner_id="rita")
    rita.sync()

    for cut in range(1, 30):
        phone = Device(firm, "rita", f"phone{cut}", chunk=3)
        for _ in range(40):
            phone.sync(cut_after=cut)
        phone.sync()
        assert held(phone) == projection(firm, "rita")


def test_cursor_of_another_person_or_nonsense_starts_again(firm):
    rita, sam = Device(firm, "rita"), Device(firm, "sam")
    rita.sync()
    sam.sync()

    for cursor in (sam.cursor, "nonsense", rita.cursor.replace(".", ".9", 1), "a.b.c.d.e"):
        with pytest.raises(StartAgain):
            exchange(firm, "rita", rita.id, cursor, [], rita.now())


def test_nothing_of_a_row_out_of_scope_is_ever_sent(firm):
    rita, sam = Device(firm, "rita"), Device(firm, "sam")
    secret = "秘密-4711"
    account = rita.add("account", name=secret, kind="customer", owner_id="rita")
    rita.add("activity", account_id=account, kind="call", at_ms=1, body=secret, owner_id="rita")
    rita.sync()

    sam.edit("account", account, base=3, industry="x")
    text = "".join(exchange(firm, "sam", sam.id, sam.cursor, sam.outbox, sam.now()))

    assert secret not in text
    assert account not in text


def test_bucket_entered_and_left_within_an_interrupted_round_is_forgotten(firm):
    mona = Device(firm, "mona")
    mona.sync(cut_after=2)
    account = mona.add("account", name="Acme", kind="customer", owner_id="mona")
    mona.sync()
    assert account in mona.rows["account"]

    as_server(firm, op("account", account, owner_id="boss"))
    mona.sync()

    assert held(mona) == projection(firm, "mona")
