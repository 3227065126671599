from pathlib import Path

import pytest

from server.database import sqlite3
from server.firm import Firm
from server.sign_in import throttle

NOW = 1_795_500_000_000
RULE = throttle.RULES["password_account"]


@pytest.fixture
def conn():
    conn = sqlite3.connect(":memory:")
    conn.executescript((Path(throttle.__file__).parents[1] / "schema" / "0002_sign_in.sql").read_text("utf-8"))
    yield conn
    conn.close()


def fail(conn, tries, times, now_ms=NOW):
    for _ in range(times):
        throttle.attempt(conn, tries, now_ms)


def wait_ms(conn, tries, now_ms=NOW):
    with pytest.raises(throttle.Throttled) as throttled:
        throttle.attempt(conn, tries, now_ms)
    return throttled.value.wait_ms


def test_a_few_mistakes_cost_nothing_then_each_costs_more(conn):
    tries = [throttle.by_login("anna")]
    fail(conn, tries, RULE.free)

    first = wait_ms(conn, tries)
    throttle.attempt(conn, tries, NOW + first)
    second = wait_ms(conn, tries, NOW + first)

    assert (first, second) == (30_000, 60_000)


def test_waiting_never_exceeds_a_quarter_of_an_hour(conn):
    tries, now = [throttle.by_login("anna")], NOW
    for _ in range(40):
        throttle.attempt(conn, tries, now)
        now += RULE.longest_wait_ms

    assert wait_ms(conn, tries, now - 1) <= RULE.longest_wait_ms


def test_a_refused_try_is_not_counted(conn):
    tries = [throttle.by_login("anna")]
    fail(conn, tries, RULE.free)

    waits = {wait_ms(conn, tries) for _ in range(20)}

    assert waits == {30_000}


def test_success_clears_the_account_and_credits_the_address_once(conn):
    account, address = throttle.by_login("anna"), throttle.by_address("password_address", "192.0.2.1")
    fail(conn, [account, address], RULE.free)

    throttle.forgive(conn, [account, address])

    failures = dict(conn.execute("SELECT kind, failures FROM sign_in_attempt").fetchall())
    assert failures == {"password_address": RULE.free - 1}


def test_own_success_does_not_reset_an_address_that_guesses_at_others(conn):
    address = throttle.by_address("password_address", "192.0.2.1")
    for number in range(100):
        try:
            throttle.attempt(conn, [throttle.by_login(f"victim{number}"), address], NOW)
            throttle.attempt(conn, [throttle.by_login("own"), address], NOW)
            throttle.forgive(conn, [throttle.by_login("own"), address])
        except throttle.Throttled:
            break

    assert number <= throttle.RULES["password_address"].free


def test_another_account_and_another_address_are_not_slowed(conn):
    fail(conn, [throttle.by_login("anna"), throttle.by_address("password_address", "192.0.2.1")], RULE.free)

    throttle.attempt(conn, [throttle.by_login("ben"), throttle.by_address("password_address", "192.0.2.2")], NOW)


def test_a_day_later_all_is_forgotten_and_swept_away(conn):
    tries = [throttle.by_login("anna")]
    fail(conn, tries, RULE.free)

    throttle.attempt(conn, [throttle.by_login("ben")], NOW + throttle.FORGET_MS + 1)

    assert conn.execute("SELECT count(*) FROM sign_in_attempt").fetchone()[0] == 1


def test_one_ipv6_customer_is_one_address(conn):
    fail(conn, [throttle.by_address("code_address", "2001:db8:1:2::1")], throttle.RULES["code_address"].free)

    assert wait_ms(conn, [throttle.by_address("code_address", "2001:db8:1:2:ffff::9")]) > 0
    throttle.attempt(conn, [throttle.by_address("code_address", "2001:db8:1:3::1")], NOW)


def test_a_clock_that_was_set_back_makes_nobody_wait_longer(conn):
    tries = [throttle.by_login("anna")]
    fail(conn, tries, RULE.free)

    assert wait_ms(conn, tries, NOW - 365 * 86_400_000) == 30_000


def test_what_was_typed_as_login_is_not_stored(conn):
    throttle.attempt(conn, [throttle.by_login("my secret password")], NOW)

    stored = conn.execute("SELECT key FROM sign_in_attempt").fetchone()[0]
    assert "secret" not in stored


def test_counts_survive_a_restart(tmp_path):
    firm = Firm.open(tmp_path)
    firm.write_now(lambda conn: fail(conn, [throttle.by_login("anna")], RULE.free))
    firm.close()

    firm = Firm.open(tmp_path)
    with pytest.raises(throttle.Throttled):
        firm.write_now(lambda conn: throttle.attempt(conn, [throttle.by_login("anna")], NOW))
    firm.close()
