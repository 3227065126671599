"""The shared pool: whoever is faster claims, owners give back, rules return what nobody looks after."""

from server.pool import return_daily, return_to_pool

from ..device import Device, projection
from ..small_firm import START_MS, as_server, op
from .test_accept import open_conflicts, value

DAY_MS = 86_400_000


def in_the_pool(firm, *names):
    as_server(firm, *(op("account", name, name=name.title(), kind="customer", owner_id=None) for name in names))


def synced(firm, *names):
    devices = [Device(firm, name) for name in names]
    for device in devices:
        device.sync()
    return devices


# --- claims -------------------------------------------------------------------------------------------


def test_anybody_claims_what_lies_in_the_pool(firm):
    in_the_pool(firm, "acme")
    rita, sam = synced(firm, "rita", "sam")

    rita.edit("account", "acme", owner_id="rita")
    rita.sync()
    sam.sync()

    assert value(firm, "account", "acme", "owner_id") == "rita"
    assert not sam.rows["account"]


def test_whoever_comes_second_is_told_who_was_faster(firm):
    in_the_pool(firm, "acme")
    rita, sam, mona = synced(firm, "rita", "sam", "mona")
    claims = [(device, device.edit("account", "acme", owner_id=device.user_id)) for device in (rita, sam, mona)]

    for device, _ in claims:
        device.sync()

    assert value(firm, "account", "acme", "owner_id") == "rita"
    # Sam may no longer see it, Mona may: both hear the same.
    for device, claim in claims[1:]:
        outcome = device.outcomes[claim["id"]]
        assert (outcome["is"], outcome["reason"]) == ("rejected", "claimed")
        assert outcome["detail"] == {"by": "rita", "name": "Rita", "account": "Acme"}
        assert device.all_rows() == projection(firm, device.user_id)
    assert open_conflicts(firm) == []


def test_second_claim_hears_the_name_that_it_saw_and_no_later_one(firm):
    in_the_pool(firm, "acme")
    rita, sam = synced(firm, "rita", "sam")
    claim = sam.edit("account", "acme", owner_id="sam")
    rita.edit("account", "acme", owner_id="rita", name="Acme of Rita")
    rita.sync()
    rita.edit("account", "acme", name="Secret")
    rita.sync()

    sam.sync()

    assert sam.outcomes[claim["id"]]["detail"] == {"by": "rita", "name": "Rita", "account": "Acme"}
    forged = sam.edit("account", "acme", base=2**50, owner_id="sam")
    sam.sync()
    assert "Secret" not in str(sam.outcomes[forged["id"]])


def test_second_claim_of_somebody_who_has_left_hears_of_no_colleague(firm):
    in_the_pool(firm, "acme")
    rita, sam = synced(firm, "rita", "sam")
    claim = sam.edit("account", "acme", owner_id="sam")
    rita.edit("account", "acme", owner_id="rita")
    rita.sync()
    as_server(firm, op("user", "sam", base=1, is_active=0))

    sam.sync()

    assert (sam.outcomes[claim["id"]]["reason"], sam.outcomes[claim["id"]]["detail"]) == ("not_found", {})


def test_second_claim_of_a_device_that_was_away_for_long_is_told_too(firm):
    in_the_pool(firm, "acme")
    rita, sam = synced(firm, "rita", "sam")
    claim = sam.edit("account", "acme", owner_id="sam")
    rita.edit("account", "acme", owner_id="rita")
    rita.sync()
    firm.write_now(lambda db: db.execute("UPDATE membership SET until_at_ms = until_at_ms - ?", (31 * DAY_MS,)))

    sam.sync()

    assert sam.outcomes[claim["id"]]["reason"] == "claimed"
    assert open_conflicts(firm) == []


def test_claim_tells_nothing_of_an_account_that_never_lay_in_the_pool(firm):
    as_server(firm, op("account", "acme", name="Acme", kind="customer", owner_id="rita"))
    [sam] = synced(firm, "sam")

    claim = sam.edit("account", "acme", base=1, owner_id="sam")
    sam.sync()

    assert (sam.outcomes[claim["id"]]["reason"], sam.outcomes[claim["id"]]["detail"]) == ("not_found", {})


def test_claim_of_what_was_taken_and_given_back_meanwhile_is_good(firm):
    in_the_pool(firm, "acme")
    rita, sam = synced(firm, "rita", "sam")
    claim = sam.edit("account", "acme", owner_id="sam")
    rita.edit("account", "acme", owner_id="rita")
    rita.sync()
    rita.edit("account", "acme", owner_id=None)
    rita.sync()

    sam.sync()

    assert sam.outcomes[claim["id"]]["is"] in ("applied", "merged")
    assert value(firm, "account", "acme", "owner_id") == "sam"


def test_nobody_claims_for_somebody_out_of_reach(firm):
    in_the_pool(firm, "acme")
    [rita] = synced(firm, "rita")

    claim = rita.edit("account", "acme", owner_id="sam")
    rita.sync()

    assert rita.outcomes[claim["id"]]["reason"] == "not_yours"


# --- giving back --------------------------------------------------------------------------------------


def test_owner_and_whoever_reaches_the_owner_give_back(firm):
    as_server(
        firm,
        op("account", "acme", name="Acme", kind="customer", owner_id="rita"),
        op("account", "bolt", name="Bolt", kind="customer", owner_id="rita"),
        op("account_member", "m", account_id="acme", user_id="ron", access="write"),
    )
    rita, mona, ron = synced(firm, "rita", "mona", "ron")

    not_his = ron.edit("account", "acme", owner_id=None)
    ron.sync()
    assert ron.outcomes[not_his["id"]]["reason"] == "not_yours"
    rita.edit("account", "acme", owner_id=None)
    rita.sync()
    mona.edit("account", "bolt", owner_id=None)
    mona.sync()

    assert value(firm, "account", "acme", "owner_id") is value(firm, "account", "bolt", "owner_id") is None
    [sam] = synced(firm, "sam")
    assert set(sam.rows["account"]) == {"acme", "bolt"}


def test_only_accounts_can_be_nobodys(firm):
    as_server(firm, op("event", "visit", title="Visit", kind="visit", start_ms=1, end_ms=2, owner_id="rita"))
    [rita] = synced(firm, "rita")

    edit = rita.edit("event", "visit", owner_id=None)
    rita.sync()

    assert rita.outcomes[edit["id"]]["reason"] == "required"


# --- rules --------------------------------------------------------------------------------------------


def quiet_since(days, name, owner="rita", **fields):
    """An account that its owner has had for so long, with nobody in touch."""
    at_ms = START_MS - days * DAY_MS
    return op("account", name, name=name, kind=fields.pop("kind", "customer"), owner_id=owner, **fields) | {"at": at_ms}


def rule(firm, **fields):
    given = {"name": "Rule", "days": 30} | fields
    levels = given.pop("levels", [])
    as_server(firm, op("pool_rule", "rule", **given) | ({"add": {"levels": levels}} if levels else {}))


def returned(firm):
    firm.write_now(lambda db: return_to_pool(db, firm))
    with firm.look() as db:
        return {row[0] for row in db.execute("SELECT id FROM account WHERE owner_id IS NULL")}


def test_what_nobody_was_in_touch_with_goes_back(firm):
    rule(firm)
    visited = {"kind": "visit", "owner_id": "rita"}
    as_server(
        firm,
        quiet_since(31, "quiet"),
        quiet_since(29, "fresh"),
        quiet_since(400, "visited"),
        quiet_since(400, "visited-long-ago"),
        quiet_since(31, "dealer", kind="dealer"),
        quiet_since(31, "planned"),
        quiet_since(31, "called-off"),
        op("activity", "a1", account_id="visited", at_ms=START_MS - 5 * DAY_MS, **visited),
        op("activity", "a2", account_id="visited-long-ago", at_ms=START_MS - 40 * DAY_MS, **visited),
        op("event", "e1", title="Visit", kind="visit", start_ms=START_MS + DAY_MS, end_ms=START_MS + DAY_MS,
           account_id="planned", owner_id="rita"),
        op("event", "e2", title="Visit", kind="visit", start_ms=START_MS + DAY_MS, end_ms=START_MS + DAY_MS,
           account_id="called-off", owner_id="rita", cancelled_at_ms=5),
    )  # fmt: skip

    assert returned(firm) == {"quiet", "visited-long-ago", "called-off"}


def test_rule_holds_for_its_departments_and_levels(firm):
    rule(firm, department_id="north", levels=["c", "d"])
    as_server(
        firm,
        quiet_since(31, "north-c", level="c"),
        quiet_since(31, "north-a", level="a"),
        quiet_since(31, "north-none"),
        quiet_since(31, "south-c", owner="sam", level="c"),
    )

    assert returned(firm) == {"north-c"}


def test_rule_of_a_department_holds_below_it_and_one_that_is_off_for_nobody(firm):
    rule(firm, department_id="sales")
    as_server(firm, quiet_since(31, "one"), op("pool_rule", "off", name="Off", days=1, is_active=0))
    as_server(firm, quiet_since(29, "two", owner="sam"))

    assert returned(firm) == {"one"}


def test_history_says_that_the_server_did_it_and_everyone_sees_it(firm):
    rule(firm)
    as_server(firm, quiet_since(31, "quiet"))
    rita, sam = synced(firm, "rita", "sam")

    returned(firm)
    rita.sync()
    sam.sync()

    assert "quiet" in sam.rows["account"] and rita.rows["account"]["quiet"]["owner_id"] is None
    with firm.look() as db:
        change = db.execute("SELECT user_id, device_id, new FROM history WHERE unit = 'owner_id'").fetchone()
    assert tuple(change) == (None, None, '{"owner_id":null}')


def test_rules_are_looked_at_once_a_day(firm):
    rule(firm)
    as_server(firm, quiet_since(31, "first"))
    assert firm.write_now(lambda db: return_daily(db, firm)) == 1
    as_server(firm, quiet_since(31, "second"))
    assert firm.write_now(lambda db: return_daily(db, firm)) == 0
    firm.clock.ms += DAY_MS
    assert firm.write_now(lambda db: return_daily(db, firm)) == 1
