"""Rows out: after pulling, each device equals the server's projection for its person."""

import json

import pytest

from server.pull import StartAgain, has_news, read_cursor

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
    lines = list(exchange(firm, "rita", fresh.id, fresh.cursor, [], fresh.now(), fresh.hello["key"]))
    assert [list(json.loads(line)) for line in lines] == [["end"]]


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


# --- greetings, safety, farewell ---------------------------------------------------------------------


def test_hello_is_left_out_where_the_device_knows_what_it_would_say(firm):
    rita = Device(firm, "rita")
    rita.sync()
    key = rita.hello["key"]
    assert "now" not in rita.hello and rita.hello["rows"] == sum(map(len, held(rita).values()))
    rita.sync()
    assert rita.greeted == 1

    for known, cursor in (("", rita.cursor), ("another", rita.cursor), (key, "")):
        first = json.loads(next(exchange(firm, "rita", rita.id, cursor, [], rita.now(), known)))
        assert first["hello"]["key"] == key


def test_line_carries_no_more_rows_than_the_device_asks_for(firm):
    rita = Device(firm, "rita")
    for number in range(7):
        rita.add("account", name=f"A{number}", owner_id="rita")
    rita.sync()

    lines = [json.loads(line) for line in exchange(firm, "rita", "new", "", [], 0, chunk=3)]

    assert max(len(line["values"]) for line in lines if "rows" in line) == 3
    assert sum(len(line["values"]) for line in lines if "rows" in line) == sum(map(len, held(rita).values()))


class Replica:
    """An off-site copy that has come as far as a test says."""

    def __init__(self, reached: int) -> None:
        self.reached = reached

    def safe_seq(self, seq: int) -> int:
        return min(seq, self.reached)


def test_end_says_what_is_safe_only_where_that_is_not_all(firm):
    rita = Device(firm, "rita")
    rita.sync()
    firm.offsite = replica = Replica(reached=0)

    edit = rita.add("account", name="Acme", owner_id="rita")
    rita.sync()
    assert [op["row"] for _, op in rita.sent] == [edit] and rita.outbox == []

    replica.reached = rita.sent[0][0] - 1
    rita.sync()
    assert len(rita.sent) == 1
    replica.reached += 1
    rita.sync()
    assert rita.sent == []
    [line] = exchange(firm, "rita", rita.id, rita.cursor, [], rita.now(), rita.hello["key"])
    assert list(json.loads(line)["end"]) == ["cursor"]


def test_device_whose_person_was_disabled_brings_what_was_typed_and_empties_itself(firm):
    rita = Device(firm, "rita")
    account = rita.add("account", name="Acme", owner_id="rita")
    rita.sync()
    edit = rita.edit("account", account, industry="Steel")

    as_server(firm, op("user", "rita", is_active=0))
    rita.sync()

    assert rita.hello["farewell"] is True
    assert rita.outcomes[edit["id"]]["is"] in ("applied", "merged", "conflict")
    assert rita.is_emptied and rita.all_rows() == {}
    assert Device(firm, "boss").sync() is None and projection(firm, "rita") == {}


def test_nothing_new_reads_no_rows(firm):
    """However many rows there are: the statements of a round in which nothing changed look at sequence numbers only."""
    sam, rita = Device(firm, "sam"), Device(firm, "rita")
    for number in range(20):
        sam.add("account", name=f"S{number}", owner_id="sam")
    sam.sync()
    rita.sync()
    sam.add("account", name="Newer", owner_id="sam")
    sam.sync()

    told = []
    with firm.read("rita") as db:
        db.set_trace_callback(told.append)
        assert not has_news(db, read_cursor(rita.cursor, firm.epoch, "rita", 10_000))
        db.set_trace_callback(None)
        plans = [
            row[3]
            for sql in told
            if sql.startswith("SELECT") and "touched" not in sql
            for row in db.execute(f"EXPLAIN QUERY PLAN {sql}")
        ]

    walks = [plan for plan in plans if plan.startswith("SCAN") and "viewer" not in plan and "CONSTANT" not in plan]
    assert len(told) < 20 and walks == []
