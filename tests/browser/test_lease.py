"""A device that was out of contact for too long shows nothing until it met the server, and loses nothing.

How the days are counted is in test_guard.py.
"""

from __future__ import annotations

import pytest

from server.devices import lease
from tests.browser.shared_phone import meet, set_clock, shared  # noqa: F401

DAY_MS = 86_400_000


@pytest.fixture
def site(shared):
    """In contact, its clock right, and its firm with no wish of its own."""
    shared.context.set_offline(False)
    set_clock(shared, 0)
    want_days(shared, str(lease.DEFAULT_DAYS))
    return shared


def want_days(site, text):
    site.firm.write_now(lambda conn: lease.set_lease_days(conn, site.firm, None, text))
    meet(site)


def main_of(site, path="/customers"):
    site.open(path)
    return site.page.inner_text("main")


def test_after_thirty_days_without_contact_nothing_is_shown_and_contact_opens_it(site):
    site.go_offline()
    site.add_customer("Typed without signal")
    site.wait_for_chip("saved")
    set_clock(site, 31 * DAY_MS)

    shown = main_of(site)
    assert "30 days" in shown and "Acme" not in site.page.content()
    export = site.page.evaluate("fetch('/outbox/export.json').then((answer) => answer.status)")
    assert export == 423

    site.go_online()
    site.wait_for("document.querySelector('main').innerText.includes('Acme')")
    site.wait_for("(await (await fetch('/outbox')).text()).includes('Everything is sent')")
    assert sorted(row["name"] for row in site.customers()) == ["Acme", "Typed without signal"]


def test_a_new_worker_goes_on_counting(site):
    site.go_offline()
    set_clock(site, 31 * DAY_MS)
    main_of(site)
    site.stop_worker()  # and its clock is right again

    assert "Acme" not in main_of(site)


def test_today_warns_three_days_before(site):
    site.go_offline()
    assert "It closes" not in main_of(site, "/")
    set_clock(site, 27.5 * DAY_MS)

    assert "It closes in 3 days" in main_of(site, "/")


def test_the_firm_says_how_many_days(site):
    want_days(site, "7")
    site.go_offline()
    set_clock(site, 6 * DAY_MS)
    assert "Acme" in main_of(site)
    set_clock(site, 8 * DAY_MS)

    assert "7 days" in main_of(site)


def test_never_is_possible(site):
    want_days(site, "0")
    site.go_offline()
    set_clock(site, 399 * DAY_MS)

    assert "Acme" in main_of(site)
