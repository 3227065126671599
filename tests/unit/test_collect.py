"""Tombstones go after half a year, and nothing that a person typed goes with them."""

import json

import pytest

from server import collect
from server.pull import StartAgain
from web.dates import DAY_MS

from ..device import Device, exchange, projection


def move_days(firm, days: int) -> None:
    firm.clock.ms += days * DAY_MS


def keep_house(firm) -> None:
    while firm.write_now(lambda db: collect.collect(db, firm)):
        pass


def half_a_year_later(firm) -> None:
    """The house is kept every few weeks, so that the sequence of every time is known."""
    for _ in range(8):
        keep_house(firm)
        move_days(firm, 28)
    keep_house(firm)


def look(firm, sql: str, *values) -> list:
    with firm.look() as db:
        return [tuple(row) for row in db.execute(sql, values)]


@pytest.fixture
def rita(firm):
    """A device with a customer, and a contact of it that was deleted today."""
    device = Device(firm, "rita")
    device.account = device.add("account", name="North", kind="customer", owner_id="rita")
    device.contact = device.add("contact", account_id=device.account, name="Wang", phones=["13800138000"])
    device.sync()
    return device


@pytest.fixture
def away(firm, rita):
    """Another device of hers, in a drawer since before the contact was deleted."""
    device = Device(firm, "rita", "tablet")
    device.sync()
    rita.delete("contact", rita.contact)
    rita.sync()
    return device


def test_deleted_row_is_a_tombstone_for_half_a_year_and_then_gone(firm, rita, away):
    keep_house(firm)
    move_days(firm, 179)
    keep_house(firm)
    assert look(firm, "SELECT deleted FROM contact") == [(1,)]

    move_days(firm, 1)
    keep_house(firm)
    assert look(firm, "SELECT deleted FROM contact") == []
    assert look(firm, "SELECT count(*) FROM account") == [(1,)]


def test_clock_of_an_edit_decides_nothing(firm, rita):
    ahead = Device(firm, "rita", "ahead", clock_ahead_ms=-400 * DAY_MS)
    ahead.sync()
    keep_house(firm)
    move_days(firm, 100)
    ahead.delete("contact", rita.contact)
    ahead.sync()
    move_days(firm, 100)
    keep_house(firm)

    assert look(firm, "SELECT deleted FROM contact") == [(1,)]


def test_device_from_before_fetches_its_rows_anew_and_equals_the_server(firm, rita, away):
    half_a_year_later(firm)

    with pytest.raises(StartAgain):
        exchange(firm, "rita", away.id, away.cursor, [], away.now())
    away.sync()

    assert "contact" not in away.all_rows()
    assert away.all_rows() == projection(firm, "rita") and away.prove() == []


def test_device_that_came_by_meanwhile_goes_on_where_it_was(firm, rita, away):
    rita.sync()
    half_a_year_later(firm)

    lines = list(exchange(firm, "rita", rita.id, rita.cursor, [], rita.now(), rita.hello["key"]))

    assert [list(json.loads(line)) for line in lines] == [["end"]]


def test_late_edit_of_a_row_whose_tombstone_is_gone_brings_all_of_it_back_and_asks(firm, rita, away):
    away.edit("contact", rita.contact, title="Buyer")
    half_a_year_later(firm)
    away.sync()
    rita.sync()

    for device in (away, rita):
        contact = device.rows["contact"][rita.contact]
        assert (contact["name"], contact["title"], contact["phones"]) == ("Wang", "Buyer", '["13800138000"]')
        assert [row["kind"] for row in device.rows["conflict"].values()] == ["delete"]
        assert device.all_rows() == projection(firm, "rita") and device.prove() == []
    assert away.outbox == [] and [outcome["is"] for outcome in away.outcomes.values()] == ["conflict"]


def test_row_that_came_back_is_found_by_search_and_can_be_deleted_and_let_go_of_again(firm, rita, away):
    away.edit("contact", rita.contact, title="Buyer")
    half_a_year_later(firm)
    away.sync()
    assert "wang" in look(firm, "SELECT search_key FROM contact")[0][0]

    away.delete("contact", rita.contact)
    away.sync()
    half_a_year_later(firm)
    away.edit("contact", rita.contact, base=1, title="Seller")
    away.sync()

    assert away.rows["contact"][rita.contact]["title"] == "Seller"


def test_late_deletion_of_a_row_that_is_gone_is_in_force_already(firm, rita, away):
    delete = away.delete("contact", rita.contact)
    half_a_year_later(firm)
    away.sync()

    assert away.outcomes[delete["id"]]["is"] == "applied"
    assert look(firm, "SELECT count(*) FROM contact") == [(0,)]


def test_nobody_reads_by_an_edit_what_was_deleted_out_of_their_sight(firm, rita, away):
    half_a_year_later(firm)
    sam = Device(firm, "sam")
    sam.sync()
    edit = sam.edit("contact", rita.contact, base=5, title="x")
    sam.sync()

    assert sam.outcomes[edit["id"]]["reason"] == "not_found"
    assert look(firm, "SELECT count(*) FROM contact") == [(0,)]


def test_ended_memberships_and_moves_go_too(firm, rita):
    sam = Device(firm, "sam")
    member = rita.add("account_member", account_id=rita.account, user_id="sam", access="write")
    rita.sync()
    sam.sync()
    rita.delete("account_member", member)
    rita.edit("contact", rita.contact, account_id=None)
    rita.sync()
    sam.sync()
    assert look(firm, "SELECT count(*) FROM moved") != [(0,)]

    half_a_year_later(firm)

    assert look(firm, "SELECT count(*) FROM moved") == [(0,)]
    assert look(firm, "SELECT count(*) FROM membership WHERE until_seq IS NOT NULL") == [(0,)]
    sam.sync()
    assert sam.all_rows() == projection(firm, "sam") and sam.prove() == []


def test_much_is_let_go_of_in_small_jobs(firm, rita, monkeypatch):
    monkeypatch.setattr(collect, "MOST_ROWS", 3)
    contacts = [rita.add("contact", account_id=rita.account, name=f"C{number}") for number in range(7)]
    rita.sync()
    for contact in contacts:
        rita.delete("contact", contact)
    rita.sync()
    keep_house(firm)
    move_days(firm, 180)

    assert firm.write_now(lambda db: collect.collect(db, firm))
    assert look(firm, "SELECT count(*) FROM contact WHERE deleted = 1") == [(4,)]
    keep_house(firm)
    assert look(firm, "SELECT count(*) FROM contact WHERE deleted = 1") == [(0,)]


def test_first_round_that_was_cut_half_a_year_ago_ends_well(firm, rita, away):
    phones = [Device(firm, "rita", f"phone{cut}", chunk=1) for cut in range(1, 8)]
    for cut, phone in enumerate(phones, 1):
        phone.sync(cut_after=cut)
    rita.delete("account", rita.account)
    rita.sync()
    half_a_year_later(firm)

    for phone in phones:
        phone.sync()
        phone.sync()
        assert phone.all_rows() == projection(firm, "rita")
