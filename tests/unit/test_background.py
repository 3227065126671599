from server.background import end_memberships

from ..device import Device, projection
from ..small_firm import as_server, op

DAY_MS = 86_400_000


def test_access_with_a_last_day_ends_after_it(firm):
    as_server(firm, op("account", "acme", name="Acme", kind="customer", owner_id="rita"))
    # The firm's clock stands in November 2026; its day is 2026-11-24 in Shanghai.
    as_server(firm, op("account_member", "m", account_id="acme", user_id="sam", access="write", until_on="2026-11-25"))
    sam = Device(firm, "sam")
    sam.sync()

    assert firm.write_now(lambda db: end_memberships(db, firm)) == 0
    firm.clock.ms += 2 * DAY_MS
    assert firm.write_now(lambda db: end_memberships(db, firm)) == 1
    sam.sync()

    assert "acme" in projection(firm, "rita")["account"]
    assert not sam.rows["account"]
