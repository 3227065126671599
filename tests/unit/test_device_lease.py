"""What a firm asks of its devices, and for how long one is remembered."""

from __future__ import annotations

import pytest

from server.admin.changes import Refused
from server.devices import known, lease

from .test_device_wipe import DAY_MS, admin, device_of, firm, phone  # noqa: F401


def set_days(firm, text: str) -> int:
    return firm.write_now(lambda conn: lease.set_lease_days(conn, firm, None, text))


def asked(firm) -> tuple[int, bool]:
    with firm.look() as conn:
        return lease.lease_days(conn), lease.asks_for_lock(conn)


def test_thirty_days_and_no_lock_where_nobody_chose(firm):
    assert asked(firm) == (30, False)


@pytest.mark.parametrize("text, days", [("0", 0), ("1", 1), ("007", 7), ("400", 400)])
def test_days_may_be_chosen(firm, text, days):
    assert set_days(firm, text) == days
    assert asked(firm)[0] == days


@pytest.mark.parametrize("text", ["401", "9999", "10000", "-1", "1.5", "", "many", "３０", "1 "])
def test_other_days_are_refused_and_change_nothing(firm, text):
    set_days(firm, "7")

    with pytest.raises(Refused):
        set_days(firm, text)

    assert asked(firm)[0] == 7


def test_a_lock_is_asked_for_and_no_longer(firm):
    for is_asked in (True, False, True):
        firm.write_now(lambda conn, is_asked=is_asked: lease.ask_for_lock(conn, firm, None, is_asked))
        assert asked(firm)[1] is is_asked


def test_a_device_is_remembered_for_as_long_as_a_browser_keeps_its_cookie(firm, admin, phone):
    told = device_of(firm)
    firm.write_now(lambda conn: known.sign_out(conn, told["device_id"], told["user_id"]))

    def is_known_after(ms: int) -> bool:
        firm.write_now(lambda conn: known.tidy(conn, told["last_seen_ms"] + ms))
        with firm.look() as conn:
            return known.device(conn, firm.clock(), told["device_id"]) is not None

    assert is_known_after(400 * DAY_MS)
    assert not is_known_after(400 * DAY_MS + 1)
