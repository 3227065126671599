"""A device that was out of contact for too long shows nothing until it met the server, and loses nothing."""

from __future__ import annotations

import pytest

from server.devices import lease
from tests.browser.phone import phone_at

DAY_MS = 86_400_000


@pytest.fixture
def site(firm, chromium):
    with phone_at(firm, chromium, has_touch=True) as made:
        made.sign_in()
        made.add_customer("Acme")
        made.wait_for_chip("synced")
        yield made


def move_clock(site, days: float):
    [worker] = site.context.service_workers
    worker.evaluate("(ms) => { const now = Date.now; Date.now = () => now() + ms; }", days * DAY_MS)


def main_of(site, path="/customers"):
    site.open(path)
    return site.page.inner_text("main")


def test_after_thirty_days_without_contact_nothing_is_shown_and_contact_opens_it(site):
    site.go_offline()
    site.add_customer("Typed without signal")
    site.wait_for_chip("saved")
    move_clock(site, 31)

    shown = main_of(site)
    assert "30 days" in shown and "Acme" not in site.page.content()
    export = site.page.evaluate("fetch('/outbox/export.json').then((answer) => answer.status)")
    assert export == 423

    site.go_online()
    site.wait_for("document.querySelector('main').innerText.includes('Acme')")
    site.wait_for("(await (await fetch('/outbox')).text()).includes('Everything is sent')")
    assert sorted(row["name"] for row in site.customers()) == ["Acme", "Typed without signal"]


def test_a_clock_that_was_set_back_gains_nothing(site):
    site.go_offline()
    move_clock(site, 20)
    assert "Acme" in main_of(site)
    move_clock(site, -20)
    assert "Acme" in main_of(site)
    move_clock(site, 11)

    assert "Acme" not in main_of(site)


def test_a_new_worker_goes_on_counting(site):
    site.go_offline()
    move_clock(site, 31)
    main_of(site)
    site.stop_worker()  # and its clock is right again

    assert "Acme" not in main_of(site)


def test_today_warns_three_days_before(site):
    site.go_offline()
    assert "It closes" not in main_of(site, "/")
    move_clock(site, 27.5)

    assert "It closes in 3 days" in main_of(site, "/")


def test_the_firm_says_how_many_days(site):
    site.firm.write_now(lambda conn: lease.set_lease_days(conn, site.firm, None, "7"))
    site.page.evaluate("dispatchEvent(new Event('online'))")
    site.wait_for("true")
    site.page.wait_for_timeout(1_500)
    site.go_offline()
    move_clock(site, 8)

    assert "7 days" in main_of(site)


def test_never_is_possible(site):
    site.firm.write_now(lambda conn: lease.set_lease_days(conn, site.firm, None, "0"))
    site.page.evaluate("dispatchEvent(new Event('online'))")
    site.page.wait_for_timeout(1_500)
    site.go_offline()
    move_clock(site, 399)

    assert "Acme" in main_of(site)
