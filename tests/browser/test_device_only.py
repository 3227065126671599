"""What the device decides by itself: when to leave, whom to ask for what is not here, and how it mends what broke."""

from __future__ import annotations

import pytest

from tests.browser.phone import phone_at
from tests.browser.test_sync_safety import end, hello
from tests.browser.test_worker import CUSTOMER
from tests.device import Device, projection
from tests.small_firm import as_server, op

ONLINE = "dispatchEvent(new Event('online'))"
HELD = "(await indexedDB.databases()).map(({ name }) => name)"


@pytest.fixture
def site(firm, chromium):
    with phone_at(firm, chromium) as phone:
        yield phone


def customer(site, name: str = "Acme") -> str:
    rita = Device(site.firm, "rita", "desk")
    account = rita.add("account", name=name, kind="customer", owner_id="rita")
    rita.sync()
    return account


# --- farewell ------------------------------------------------------------------------------------------


def disable(site) -> None:
    as_server(site.firm, op("user", "rita", is_active=0))


def test_person_who_left_the_firm_leaves_an_empty_device_and_sees_the_sign_in_page(site):
    customer(site)
    site.sign_in()
    site.wait_for_chip("synced")

    disable(site)
    site.page.evaluate(ONLINE)

    site.page.wait_for_url("**/sign-in*")
    site.wait_for(f"{HELD}.length === 0 && (await caches.keys()).length === 0")


def test_page_for_signing_in_stays_when_it_hears_that_the_device_was_emptied(site):
    customer(site)
    site.sign_in()
    site.wait_for_chip("synced")
    disable(site)
    site.page.evaluate(ONLINE)
    site.page.wait_for_url("**/sign-in*")

    site.page.fill("[name=login]", "rita")
    site.page.evaluate(ONLINE)
    site.page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    site.page.wait_for_timeout(2_000)

    assert site.page.input_value("[name=login]") == "rita"


def test_nothing_is_emptied_before_everything_typed_has_been_sent(site):
    site.sign_in()
    site.wait_for_chip("synced")
    site.go_offline()
    site.add_customer("Last Words")
    site.page.wait_for_url(CUSTOMER)
    disable(site)
    site.faults.plan = [{"status": 503, "error": "down"}] * 50

    site.go_online()
    site.wait_for_chip("cannot")
    assert "roadbook" in site.page.evaluate(f"async () => {HELD}")

    site.faults.plan = []
    site.page.evaluate(ONLINE)
    site.page.wait_for_url("**/sign-in*")
    site.wait_for(f"{HELD}.length === 0")
    with site.firm.look() as db:
        assert db.execute("SELECT count(*) FROM account WHERE name = 'Last Words'").fetchone()[0] == 1


# --- what is not here ----------------------------------------------------------------------------------


def test_page_asked_of_the_server_comes_from_there_and_says_what_it_needs_without_signal(site):
    account = customer(site)
    site.sign_in()

    site.open(f"/customers/{account}?server=1")
    assert site.host == "server" and "Acme" in site.page.inner_text("main")

    site.go_offline()
    answer = site.open(f"/customers/{account}?server=1")
    assert answer.status == 503
    assert site.page.inner_text("h1") == "This needs the signal"
    site.page.click("main .actions a:has-text('Back')")
    site.page.wait_for_url(f"**/customers/{account}")
    assert site.host == "device" and "Acme" in site.page.inner_text("main")


def test_page_of_the_server_alone_offers_the_way_back_to_where_the_person_came_from(site):
    customer(site)
    site.sign_in()
    site.go_offline()

    site.page.evaluate("location.href = '/history'")
    site.page.locator("h1", has_text="This needs the signal").wait_for()

    assert site.page.locator("main .actions a").last.get_attribute("href") == "/customers"


def test_form_of_a_row_that_is_only_on_the_server_is_kept_here_and_sent(site):
    account = customer(site)
    site.sign_in()
    site.wait_for_chip("synced")
    version = projection(site.firm, "rita")["account"][account]["version"]
    # As if it had been too old, or too quiet, to be held.
    gone = {"forget": {"rows": ["account", [account]]}}
    site.faults.plan = [{"say": [hello(epoch=site.firm.epoch), gone, end(site.faults.asked[-1]["cursor"])]}]
    site.page.evaluate(ONLINE)
    site.page.locator("main", has_text="Acme").wait_for(state="detached")

    post = """async ([path, fields]) => {
      const answer = await fetch(path, { method: "POST", body: new URLSearchParams(fields), redirect: "manual" });
      return [answer.type, answer.status];
    }"""
    fields = {"row.a": f"account/{account}/{version}", "a.website": "acme.example", "a.website.was": ""}
    assert site.page.evaluate(post, [f"/customers/{account}/edit", fields])[0] == "opaqueredirect"

    for _ in range(150):
        if projection(site.firm, "rita")["account"][account]["website"] == "acme.example":
            break
        site.page.wait_for_timeout(100)
    else:
        raise AssertionError("never sent")
    # One that is wrong comes back from the server with what is wrong.
    wrong = fields | {"a.level": "z", "a.level.was": ""}
    assert site.page.evaluate(post, [f"/customers/{account}/edit", wrong])[1] == 422


# --- proof and rebuild, in the worker -------------------------------------------------------------------


def asked_for_proof(site, times: int) -> None:
    for _ in range(150):
        if len(site.faults.checked) >= times:
            return
        site.page.wait_for_timeout(100)
    raise AssertionError(f"asked {len(site.faults.checked)} times")


def test_first_sync_is_proved_once_and_a_page_may_ask_for_more(site):
    customer(site)
    site.sign_in()
    asked_for_proof(site, 1)
    site.open("/customers")
    site.page.wait_for_timeout(500)
    assert len(site.faults.checked) == 1

    ask = """async () => { const { port1, port2 } = new MessageChannel();
      const answer = new Promise((resolve) => (port1.onmessage = ({ data }) => resolve(data)));
      navigator.serviceWorker.controller.postMessage({ type: "check" }, [port2]);
      return answer; }"""
    assert site.page.evaluate(ask) == {"why": "", "groups": 0, "entities": []}
    assert len(site.faults.checked) == 2


def test_database_that_the_browser_takes_away_is_filled_again_and_what_was_typed_stays(site):
    customer(site)
    site.sign_in()
    asked_for_proof(site, 1)
    site.go_offline()
    site.add_customer("Typed Before")
    site.page.wait_for_url(CUSTOMER)

    site.page.evaluate("new Promise((ok) => (indexedDB.deleteDatabase('roadbook').onsuccess = ok))")
    site.context.set_offline(False)
    site.page.evaluate(ONLINE)

    # The chip may still say what was so before the database went: look until the rows are there again.
    for _ in range(60):
        site.open("/customers")
        shown = site.page.inner_text("main")
        if "Acme" in shown and "Typed Before" in shown:
            break
        site.page.wait_for_timeout(250)
    assert "Acme" in shown and "Typed Before" in shown
    site.wait_for_chip("synced")
    assert sorted(row["name"] for row in site.customers()) == ["Acme", "Typed Before"]
    asked_for_proof(site, 2)


def test_rows_that_do_not_fit_are_told_with_the_way_out_and_what_was_typed_is_still_sent(site):
    site.sign_in()
    site.wait_for_chip("synced")
    [worker] = site.context.service_workers
    worker.evaluate("""() => {
      self.realPut = IDBObjectStore.prototype.put;
      IDBObjectStore.prototype.put = () => { throw new DOMException("full", "QuotaExceededError"); };
    }""")
    customer(site, "Too Much")
    site.page.evaluate(ONLINE)
    site.wait_for_chip("cannot")

    site.open("/outbox")
    assert "no space left on this device" in site.page.inner_text("main")

    worker.evaluate("() => { IDBObjectStore.prototype.put = self.realPut; }")
    site.page.evaluate(ONLINE)
    site.wait_for_chip("synced")
    site.open("/customers")
    assert "Too Much" in site.page.inner_text("main")
