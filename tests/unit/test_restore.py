"""A server that was put back from a copy: devices bring what it lost, in any order, once."""

import itertools
import json

import pytest

from server import cli, life, waiting
from server.database import sqlite3
from server.firm import Firm

from ..device import Device, new_id, projection
from ..small_firm import START_MS, as_server, op
from .test_accept import open_conflicts, value


class Behind:
    """An off-site replica that has come as far as one number and no further."""

    def __init__(self, seq: int) -> None:
        self.seq = seq

    def safe_seq(self, seq: int) -> int:
        return min(self.seq, seq)


class Copy:
    """A copy of a firm's file as it was at one moment."""

    def __init__(self, firm, folder) -> None:
        self.firm, self.file = firm, folder / "copy.db"
        with sqlite3.connect(firm.path / "roadbook.db") as source, sqlite3.connect(self.file) as target:
            source.backup(target)
        with firm.look() as db:
            firm.offsite = Behind(db.execute("SELECT seq FROM counter").fetchone()[0])

    def put_back(self, *devices) -> Firm:
        """The firm as the copy has it; the devices meet it from now on."""
        self.firm.close()
        for file in self.firm.path.glob("roadbook.db*"):
            file.unlink()
        self.file.rename(self.firm.path / "roadbook.db")
        again = Firm.open(self.firm.path, self.firm.clock)
        for device in devices:
            device.firm = again
        return again


@pytest.fixture
def two(firm, tmp_path):
    """Rita with a phone, her manager Mona with another, one account known to both, and a copy of all that."""
    rita, mona = Device(firm, "rita"), Device(firm, "mona")
    account = rita.add("account", name="Acme", kind="customer", owner_id="rita")
    rita.sync()
    mona.sync()
    return rita, mona, account, Copy(firm, tmp_path)


ORDERS = pytest.mark.parametrize("first", [0, 1])


def come_back(first, rita, mona):
    """Both devices come back, one before the other, until nothing moves."""
    order = [(rita, mona), (mona, rita)][first]
    for device in order * 3:
        device.sync()


def assert_at_rest(firm, *devices):
    for device in devices:
        assert device.outbox == [] and device.refused == []
        assert device.all_rows() == projection(firm, device.user_id)
    with firm.look() as db:
        assert db.execute("SELECT count(*) FROM waiting").fetchone()[0] == 0


@ORDERS
def test_edits_and_new_rows_after_the_copy_are_there_again_once(two, first):
    rita, mona, account, copy = two
    rita.edit("account", account, industry="Steel")
    new = rita.add("account", name="New", kind="customer", owner_id="rita")
    contact = rita.add("contact", account_id=new, name="Wang Fang", owner_id="rita")
    rita.sync()
    mona.sync()
    mona.edit("account", account, region="North")
    mona.edit("account", new, name="New one")
    mona.edit("contact", contact, title="Buyer")
    mona.add("activity", account_id=new, kind="visit", at_ms=1_000, body="Talked", contact_ids=[contact])
    mona.sync()
    rita.sync()
    before = projection(copy.firm, "mona")

    firm = copy.put_back(rita, mona)
    assert firm.epoch != rita.hello["epoch"]
    come_back(first, rita, mona)

    assert_at_rest(firm, rita, mona)
    assert open_conflicts(firm) == []
    assert without_stamps(projection(firm, "mona")) == without_stamps(before)


def without_stamps(rows):
    """What people typed, whatever its numbers and times."""
    stamps = {"version", "updated_at_ms", "created_at_ms", "updated_by", "owner_since_ms"}
    return {
        name: {row_id: {k: v for k, v in row.items() if k not in stamps} for row_id, row in of_entity.items()}
        for name, of_entity in rows.items()
    }


@ORDERS
def test_edits_made_one_after_the_other_do_not_clash_when_they_come_again(two, first):
    rita, mona, account, copy = two
    rita.edit("account", account, industry="Steel")
    rita.sync()
    mona.sync()
    mona.edit("account", account, industry="Glass")
    mona.sync()
    rita.sync()

    firm = copy.put_back(rita, mona)
    come_back(first, rita, mona)

    assert value(firm, "account", account, "industry") == "Glass"
    assert len(open_conflicts(firm)) <= first  # whoever was first comes last: then both are asked, and nothing is lost
    assert_at_rest(firm, rita, mona)


@ORDERS
def test_conflict_of_the_earlier_life_is_one_again_and_stays_settled(two, first):
    rita, mona, account, copy = two
    rita.edit("account", account, industry="Steel")
    mona.edit("account", account, industry="Glass")
    rita.sync()
    mona.sync()
    rita.sync()
    [conflict] = open_conflicts(copy.firm)
    group = new_id()
    rita.edit("account", account, group, industry="Steel")
    rita.edit("conflict", conflict["id"], group, settled_at_ms=rita.now(), settled_by="rita")
    rita.sync()
    mona.sync()

    firm = copy.put_back(rita, mona)
    come_back(first, rita, mona)

    assert value(firm, "account", account, "industry") == "Steel"
    assert open_conflicts(firm) == []
    assert_at_rest(firm, rita, mona)


@ORDERS
def test_what_was_typed_and_not_sent_when_the_server_was_lost_arrives_too(two, first):
    rita, mona, _, copy = two
    new = rita.add("account", name="New", kind="customer", owner_id="rita")
    rita.sync()
    mona.sync()
    mona.edit("account", new, industry="Steel")
    visit = mona.add("activity", account_id=new, kind="visit", at_ms=1_000, body="Talked")

    firm = copy.put_back(rita, mona)
    come_back(first, rita, mona)

    assert value(firm, "account", new, "industry") == "Steel"
    assert value(firm, "activity", visit, "body") == "Talked"
    assert_at_rest(firm, rita, mona)


def test_known_operation_that_comes_again_is_answered_as_known(two):
    rita, mona, account, copy = two
    with copy.firm.look() as db:
        before = db.execute("SELECT version FROM account WHERE id = ?", (account,)).fetchone()[0]

    firm = copy.put_back(rita, mona)
    made = rita.typed[0]
    rita.sync()
    rita.outbox = [made | {"again": True}]
    rita.outcomes.clear()
    rita.sync()

    assert rita.outcomes[made["id"]]["is"] == "applied"
    assert value(firm, "account", account, "version") == before


def test_what_names_a_missing_row_waits_in_order_and_follows_when_it_comes(two):
    rita, mona, _, copy = two
    new = rita.add("account", name="New", kind="customer", owner_id="rita")
    rita.sync()
    mona.sync()
    contact = mona.add("contact", account_id=new, name="Wang Fang")
    mona.sync()
    mona.edit("contact", contact, title="Buyer")
    mona.edit("contact", contact, title="Director")
    mona.sync()
    firm = copy.put_back(rita, mona)

    mona.sync()
    assert {(one["is"], one["reason"]) for one in map(mona.outcomes.get, ids(mona.typed))} == {
        ("merged", "waits_for_row")
    }
    assert mona.outbox == [] and "contact" not in mona.all_rows()
    rita.sync()

    assert value(firm, "contact", contact, "title") == "Director"
    assert value(firm, "contact", contact, "created_by") == "mona"
    mona.sync()
    assert_at_rest(firm, rita, mona)


def test_row_is_made_by_one_device_though_another_of_the_same_person_waits_for_it(two):
    """The person's own earlier edit of the row must not keep the row itself from being made."""
    rita, mona, _, copy = two
    tablet = Device(copy.firm, "rita", "tablet")
    new = rita.add("account", name="New", kind="customer", owner_id="rita")
    rita.sync()
    tablet.sync()
    tablet.edit("account", new, industry="Steel")
    tablet.sync()
    rita.sync()
    rita.edit("account", new, region="North")
    rita.sync()
    firm = copy.put_back(rita, mona, tablet)

    tablet.sync()
    for device in (rita, mona, tablet, rita):
        device.sync()

    assert [value(firm, "account", new, name) for name in ("name", "industry", "region")] == ["New", "Steel", "North"]
    assert_at_rest(firm, rita, mona, tablet)


def test_what_was_typed_later_waits_behind_what_waits(two):
    rita, mona, account, copy = two
    new = rita.add("account", name="New", kind="customer", owner_id="rita")
    rita.sync()
    mona.sync()
    group = new_id()
    mona.edit("account", account, group, industry="Steel")
    contact = mona.add("contact", group=group, account_id=new, name="Wang Fang")
    mona.edit("account", account, industry="Glass")
    mona.edit("contact", contact, base=0, title="Buyer")  # made here a moment ago: no version is known yet
    mona.sync()
    firm = copy.put_back(rita, mona)

    mona.sync()
    assert value(firm, "account", account, "industry") is None
    rita.sync()

    assert value(firm, "account", account, "industry") == "Glass"
    assert value(firm, "contact", contact, "title") == "Buyer"


@ORDERS
def test_what_waits_for_two_rows_is_applied_in_the_order_it_was_typed(two, first):
    rita, mona, account, copy = two
    ron = Device(copy.firm, "ron")
    new = [who.add("account", name="New", kind="customer", owner_id=who.user_id) for who in (rita, ron)]
    for device in (rita, ron, mona):
        device.sync()
    mona.edit("account", account, parent_id=new[0], industry="Steel")
    contact = mona.add("contact", account_id=new[1], name="Wang Fang")
    group = new_id()
    mona.edit("account", account, group, industry="Glass")
    mona.edit("contact", contact, group, base=0, title="Buyer")
    mona.sync()
    firm = copy.put_back(rita, ron, mona)
    mona.sync()
    assert value(firm, "account", account, "industry") is None

    for device in [(rita, ron), (ron, rita)][first]:
        device.sync()

    assert value(firm, "account", account, "industry") == "Glass"
    assert value(firm, "account", account, "parent_id") == new[0]
    assert value(firm, "contact", contact, "title") == "Buyer"


def ids(ops):
    return [one["id"] for one in ops]


def test_what_may_not_be_applied_when_its_row_comes_stays_for_an_administrator(two):
    rita, mona, _, copy = two
    sam = Device(copy.firm, "sam")
    new = rita.add("account", name="New", kind="customer", owner_id="rita")
    rita.add("account_member", account_id=new, user_id="sam", access="write")
    rita.sync()
    sam.sync()
    sam.edit("account", new, industry="Steel")
    sam.sync()
    firm = copy.put_back(rita, mona, sam)
    sam.sync()

    # Rita's phone brings the account, and no longer that Sam works on it.
    rita.sync(cut_after=1)
    rita.outbox = [one for one in rita.outbox if one["entity"] == "account"]
    rita.sync()

    with firm.look() as db:
        [line] = waiting.overdue(db, firm.clock())
    assert (line["user_id"], line["reason"], line["missing_id"]) == ("sam", "not_found", new)
    assert json.loads(line["ops"])[0]["set"] == {"industry": "Steel"}


@ORDERS
def test_edits_of_a_new_row_made_one_after_the_other_do_not_clash_when_they_come_again(two, first):
    rita, mona, _, copy = two
    new = rita.add("account", name="New", kind="customer", owner_id="rita")
    rita.sync()
    mona.sync()
    mona.edit("account", new, industry="Steel")
    mona.sync()
    rita.sync()
    rita.edit("account", new, industry="Glass")
    rita.sync()
    firm = copy.put_back(rita, mona)

    come_back(first, rita, mona)

    assert value(firm, "account", new, "industry") == "Glass"
    assert len(open_conflicts(firm)) <= 1 - first  # whoever was first comes last: then both are asked
    assert_at_rest(firm, rita, mona)


def test_what_waits_is_applied_once_its_author_has_access_again(two):
    rita, mona, _, copy = two
    sam = Device(copy.firm, "sam")
    new = rita.add("account", name="New", kind="customer", owner_id="rita")
    rita.add("account_member", account_id=new, user_id="sam", access="write")
    rita.sync()
    sam.sync()
    sam.edit("account", new, industry="Steel")
    sam.sync()
    firm = copy.put_back(rita, mona, sam)
    sam.sync()

    rita.sync()

    assert value(firm, "account", new, "industry") == "Steel"
    sam.sync()
    rita.sync()
    assert_at_rest(firm, rita, sam)


def test_what_waits_for_long_is_shown_to_an_administrator(two):
    rita, mona, _, copy = two
    new = rita.add("account", name="New", kind="customer", owner_id="rita")
    rita.sync()
    mona.sync()
    mona.edit("account", new, industry="Steel")
    mona.sync()
    firm = copy.put_back(rita, mona)
    mona.sync()

    with firm.look() as db:
        assert waiting.overdue(db, firm.clock()) == []
        assert len(waiting.overdue(db, firm.clock() + waiting.OVERDUE_MS + 1)) == 1


def test_one_persons_devices_may_leave_only_so_much_waiting(two, monkeypatch):
    _, mona, account, copy = two
    monkeypatch.setattr(waiting, "MOST_A_PERSON", 3)
    as_server(copy.firm, op("account", account, region="North"))
    firm = copy.put_back(mona)
    mona.sync()
    for _ in range(5):
        mona.edit("account", new_id(), base=5, industry="Steel")
    mona.sync()

    with firm.look() as db:
        assert db.execute("SELECT count(*) FROM waiting").fetchone()[0] == 3
    assert len(mona.refused) == 2
    mona.edit("account", mona.refused[0]["row"], base=5, industry="Glass")
    mona.edit("account", mona.typed[0]["row"], base=5, industry="Glass")  # behind one that waits: no room either
    mona.sync()
    assert len(mona.refused) == 4


def test_without_a_restore_a_missing_row_is_refused(firm):
    [mona] = [Device(firm, "mona")]
    mona.sync()
    edit = mona.edit("account", new_id(), base=5, industry="Steel")
    mona.sync()

    assert mona.outcomes[edit["id"]]["reason"] == "not_found"


def test_change_that_comes_back_after_somebody_looked_was_not_seen(two):
    rita, mona, account, copy = two
    rita.edit("account", account, industry="Steel")
    rita.sync()
    firm = copy.put_back(rita, mona)
    mona.sync()  # sees the account without what Rita's phone has yet to bring
    mona.edit("account", account, industry="Glass")

    rita.sync()
    mona.sync()
    rita.sync()

    [conflict] = open_conflicts(firm)
    assert {conflict["kept"], conflict["lost"]} == {'{"industry":"Steel"}', '{"industry":"Glass"}'}


# --- noticing it --------------------------------------------------------------------------------------


def reopened(firm):
    firm.close()
    return Firm.open(firm.path, firm.clock)


def test_reopening_the_same_file_is_the_same_life(firm):
    epoch = firm.epoch
    for _ in range(3):
        firm = reopened(firm)
        as_server(firm, op("department", new_id(), name="More"))
        assert firm.epoch == epoch
    firm.close()


@pytest.mark.parametrize("damage", ["absent", "unreadable", "of another", "ahead"])
def test_file_that_is_not_the_one_that_was_here_begins_a_new_life(firm, damage):
    epoch = firm.epoch
    with firm.look() as db:
        seq = db.execute("SELECT seq FROM counter").fetchone()[0]
    firm.close()
    memory = firm.path / life.MEMORY
    held = json.loads(memory.read_text())
    if damage == "absent":
        memory.unlink()
    else:
        changed = {"of another": held | {"epoch": "else"}, "ahead": held | {"seq": seq + 7}}.get(damage)
        memory.write_text(json.dumps(changed) if changed else "{")

    again = Firm.open(firm.path, firm.clock)

    assert again.epoch != epoch
    with again.look() as db:
        assert db.execute("SELECT seq FROM counter").fetchone()[0] >= seq + life.LEAP
    third = reopened(again)
    assert third.epoch == again.epoch
    third.close()


def test_numbers_of_a_new_life_lie_above_those_that_were_remembered(firm):
    life.remember(firm.path, firm.epoch, 5_000_000)
    firm._writer.close()  # as a machine that stops at once
    again = Firm.open(firm.path, firm.clock)
    with again.look() as db:
        assert db.execute("SELECT seq FROM counter").fetchone()[0] >= 5_000_000 + life.LEAP
    again.close()


def test_lives_that_begin_from_one_copy_within_minutes_are_told_apart_by_their_numbers(firm):
    def begun(copied_seq, now_ms):
        def begin(db):
            db.execute("UPDATE counter SET seq = ?", (copied_seq,))
            life.begin_new_life(db, now_ms)
            return db.execute("SELECT seq FROM counter").fetchone()[0]

        return firm.write_now(begin)

    copied = begun(100, START_MS) + 500
    first, second = (begun(copied, START_MS + minutes * 60_000) for minutes in (1, 2))

    assert first - copied > life.MOST_NUMBERS
    assert second - first > life.MOST_NUMBERS


def test_every_interleaving_of_three_ends_the_same(firm, tmp_path):
    """Three devices that wrote through each other's rows come back in every order."""
    people = ("rita", "mona", "boss")
    devices = [Device(firm, name) for name in people]
    rita, mona, boss = devices
    copy = Copy(firm, tmp_path)
    account = rita.add("account", name="Acme", kind="customer", owner_id="rita")
    rita.sync()
    mona.sync()
    contact = mona.add("contact", account_id=account, name="Wang Fang")
    mona.sync()
    boss.sync()
    boss.add("activity", account_id=account, kind="call", at_ms=1_000, body="Called", contact_ids=[contact])
    boss.edit("contact", contact, title="Buyer")
    boss.sync()
    for device in devices:
        device.sync()
    before = without_stamps(projection(firm, "boss"))
    saved = copy.file.read_bytes()
    kept = [(one.outbox[:], one.sent[:], one.hello, one.cursor, dict(one.outcomes)) for one in devices]
    for order in itertools.permutations(devices):
        copy.file.write_bytes(saved)
        firm = copy.put_back(*devices)
        copy.firm = firm
        for device, (outbox, sent, hello, cursor, outcomes) in zip(devices, kept, strict=True):
            device.outbox, device.sent, device.hello, device.cursor = outbox[:], sent[:], hello, cursor
            device.outcomes = dict(outcomes)
        for device in order * 3:
            device.sync()
        assert_at_rest(firm, *devices)
        assert without_stamps(projection(firm, "boss")) == before
    firm.close()


def test_command_says_that_the_file_was_put_back(firm, capsys, monkeypatch):
    monkeypatch.setenv("ROADBOOK_DATA", str(firm.path))
    monkeypatch.setenv("ROADBOOK_URL", "http://localhost:8000")
    firm.close()

    with pytest.raises(SystemExit) as ended:
        cli.main(["restored"])

    assert not ended.value.code
    assert "sends again" in capsys.readouterr().out
    again = Firm.open(firm.path, firm.clock)
    assert again.epoch != firm.epoch
    again.close()
