"""Whole journeys through the real app: the service worker answers, online or not, and nothing typed is lost."""

from __future__ import annotations

import json
import re

import pytest

from server.sign_in import passwords
from tests.browser.phone import phone_at
from tests.device import Device
from tests.unit.shell import PASSWORD, password_hash

CUSTOMER = re.compile(r"/customers/[0-9a-f-]{36}$")


@pytest.fixture
def site(firm, chromium):
    with phone_at(firm, chromium) as phone:
        yield phone


def test_pages_come_from_the_replica_after_the_first_sync_and_from_a_cold_start_without_signal(site):
    rita = Device(site.firm, "rita", "desk")
    account = rita.add("account", name="王芳贸易", kind="customer", owner_id="rita")
    rita.sync()
    site.sign_in()

    site.go_offline()
    site.stop_worker()
    answer = site.open(f"/customers/{account}")

    assert answer.status == 200 and answer.from_service_worker
    assert site.host == "device" and "王芳贸易" in site.page.inner_text("main")
    assert "script-src 'self' 'wasm-unsafe-eval'" in answer.headers["content-security-policy"]
    assert answer.headers["vary"] == "HX-Request-Type"
    assert site.page.evaluate("getComputedStyle(document.body).margin") == "0px"  # the style sheet was there
    assert site.problems == []


def test_customer_typed_without_signal_is_on_the_server_once_after_it_is_back(site):
    site.sign_in()
    site.go_offline()

    site.add_customer("Acme Offline")

    site.page.wait_for_url(CUSTOMER)
    assert "Acme Offline" in site.page.inner_text("main")
    site.wait_for_chip("saved")
    assert site.customers() == []

    site.go_online()
    site.wait_for_chip("synced")
    assert [row["name"] for row in site.customers()] == ["Acme Offline"]


def test_edit_outlives_the_worker_that_took_it(site):
    site.sign_in()
    site.faults.plan = [{"status": 503, "error": "down"}] * 50
    site.add_customer("Acme Offline")
    site.page.wait_for_url(CUSTOMER)
    assert site.customers() == []

    site.stop_worker()
    site.faults.plan = []
    site.open("/customers")

    assert "Acme Offline" in site.page.inner_text("main")
    site.wait_for_chip("synced")
    assert [row["name"] for row in site.customers()] == ["Acme Offline"]


def test_browser_that_notices_the_signal_sends_what_waits_without_a_page(site):
    site.sign_in()
    site.faults.plan = [{"status": 503, "error": "down"}] * 50
    site.add_customer("Acme")
    site.page.wait_for_url(CUSTOMER)
    site.wait_for("(await (await navigator.serviceWorker.ready).sync.getTags()).includes('outbox')")
    site.open("/static/icons/roadbook.svg")  # nothing of ours runs in here
    site.faults.plan = []

    site.dispatch_sync("outbox")

    for _ in range(100):
        if site.customers():
            break
        site.page.wait_for_timeout(50)
    assert [row["name"] for row in site.customers()] == ["Acme"]


def test_form_that_is_not_right_comes_back_with_everything_typed(site):
    site.sign_in()
    site.go_offline()
    site.open("/customers/new")
    site.page.fill("[name='a.name']", "Acme")
    site.page.fill("[name='a.phones']", "12")

    with site.page.expect_navigation() as navigation:
        site.page.click("main form button[type=submit]")

    assert navigation.value.status == 422
    assert site.page.input_value("[name='a.name']") == "Acme"
    assert site.page.input_value("[name='a.phones']") == "12"
    assert "three digits" in site.page.inner_text("main")


def test_full_storage_is_said_and_keeps_what_was_typed(site):
    site.sign_in()
    site.go_offline()
    [worker] = site.context.service_workers
    worker.evaluate("""() => {
      self.realPut = IDBObjectStore.prototype.put;
      IDBObjectStore.prototype.put = () => { throw new DOMException("full", "QuotaExceededError"); };
    }""")

    site.add_customer("Acme")
    assert "no space left" in site.page.inner_text("main")
    assert site.page.input_value("[name='a.name']") == "Acme"

    worker.evaluate("() => { IDBObjectStore.prototype.put = self.realPut; }")
    site.page.click("main form button[type=submit]")
    site.page.wait_for_url(CUSTOMER)


@pytest.mark.parametrize(("locale", "words"), [("en-GB", "This needs the signal"), ("zh-CN", "需要联网")])
def test_page_of_the_server_alone_says_what_it_needs_in_the_persons_language(firm, chromium, locale, words):
    with phone_at(firm, chromium, locale=locale) as site:
        site.sign_in()
        site.go_offline()

        answer = site.open("/me/devices")

        assert answer.status == 503
        assert site.page.inner_text("h1") == words
        assert site.page.locator("main a.btn").get_attribute("href") == "/me/devices"


def test_page_that_is_nowhere_says_so_with_a_next_step(site):
    site.sign_in()

    answer = site.open("/customers/no-such-customer")

    assert answer.status == 404
    assert site.page.inner_text("h1") == "This is not here"
    assert site.page.locator("main a.btn").get_attribute("href") == "/"


def test_page_that_fails_is_an_answer_too(site):
    site.sign_in()
    [worker] = site.context.service_workers
    worker.evaluate("() => { TextDecoder.prototype.decode = () => { throw new Error('broken by the test'); }; }")

    answer = site.open("/customers")

    assert answer.status == 500
    assert "What you saved before is safe" in site.page.inner_text("main")
    assert site.page.locator("main a.btn").is_visible()


def test_partial_request_is_answered_with_the_page_without_its_shell(site):
    site.sign_in()
    ask = """async ([path, values]) => {
      const body = values && new URLSearchParams(values);
      const headers = { "HX-Request-Type": "partial" };
      const answer = await fetch(path, { method: body ? "POST" : "GET", headers, body });
      return [answer.status, answer.redirected, await answer.text()];
    }"""

    status, redirected, text = site.page.evaluate(ask, ["/customers", None])
    assert status == 200 and "<nav" not in text and "Import a list" in text

    form = {"row.a": "account//0", "a.name": "Acme", "a.kind": "customer"}
    status, redirected, text = site.page.evaluate(ask, ["/customers/new", form])
    assert (status, redirected) == (200, False) and "<nav" not in text
    site.open("/customers")
    assert "Acme" in site.page.inner_text("main")

    status, _, text = site.page.evaluate(ask, ["/customers/new", form | {"row.a": "nonsense"}])
    assert status == 500 and "What you saved before is safe" in text


def test_what_a_colleague_changes_appears_on_the_open_page(site):
    rita = Device(site.firm, "rita", "desk")
    account = rita.add("account", name="Before", kind="customer", owner_id="rita")
    rita.sync()
    site.sign_in()
    site.page.wait_for_timeout(500)  # the stream is open

    rita.edit("account", account, name="After")
    rita.sync()

    site.page.locator("main", has_text="After").wait_for(timeout=5_000)


def test_outbox_can_be_taken_away_as_a_file(site):
    site.sign_in()
    site.go_offline()
    site.add_customer("Acme")
    site.page.wait_for_url(CUSTOMER)

    file = site.page.evaluate("fetch('/outbox/export.json').then((answer) => answer.text())")

    [operation] = json.loads(file)["operations"]
    assert (operation["entity"], operation["set"]["name"], operation["state"]) == ("account", "Acme", "waiting")


def test_refused_entry_is_settled_on_the_outbox_page(site):
    site.sign_in()
    site.add_customer("Acme")
    site.wait_for_chip("synced")
    site.page.evaluate("""async () => {
      const form = new FormData();
      form.append("row.a", "activity//0");
      form.append("a.kind", "call");
      form.append("a.account_id", "no-such-account");
      await fetch("/activities/new", { method: "POST", body: form });
    }""")
    site.wait_for_chip("needs_you")

    site.open("/outbox")
    site.page.click("text=Discard")

    site.wait_for_chip("synced")
    assert "Everything is sent" in site.page.inner_text("main")


def test_signing_out_leaves_nothing_on_the_device(site):
    site.sign_in()
    answers = []

    def accept(dialog):
        answers.append(dialog.message)
        site.faults.plan = []
        dialog.accept()

    site.page.on("dialog", accept)
    site.go_offline()
    site.add_customer("Acme")
    site.wait_for_chip("saved")
    # Planned before the signal is back: the first thing a device does then is to sync.
    site.faults.plan = [{"status": 503, "error": "down"}] * 50
    site.context.set_offline(False)
    site.open("/me")

    site.page.click("form[data-sign-out] button")
    site.page.wait_for_url("**/sign-in*")

    assert "1 of your changes" in answers[0]
    site.wait_for("(await indexedDB.databases()).length === 0 && (await caches.keys()).length === 0")


def test_another_person_who_signs_in_sees_nothing_of_the_first(site):
    rita = Device(site.firm, "rita", "desk")
    rita.add("account", name="Ritas Kunde", kind="customer", owner_id="rita")
    rita.sync()
    site.sign_in()
    assert "Ritas Kunde" in site.page.inner_text("main")

    site.context.clear_cookies()
    site.firm.write_now(lambda conn: passwords.store(conn, "sam", "sam", password_hash()))
    site.open("/sign-in")
    site.page.fill("[name=login]", "sam")
    site.page.fill("[name=password]", PASSWORD)
    site.page.press("[name=password]", "Enter")
    site.page.wait_for_url(site.url + "/")
    assert site.host == "server"  # until the server has said whose rows these are

    for path in ("/customers", "/customers", "/customers"):
        site.open(path)
        assert "Ritas Kunde" not in site.page.inner_text("main")
        site.page.wait_for_timeout(300)
    assert site.host == "device"


def test_double_tap_saves_once(site):
    site.sign_in()
    site.open("/customers/new")
    site.page.fill("[name='a.name']", "Tapped Twice")

    site.page.evaluate(
        "() => { const b = document.querySelector('main form button[type=submit]'); b.click(); b.click(); }"
    )
    site.page.wait_for_url("**/customers/*")
    site.wait_for_chip("synced")

    assert [row["name"] for row in site.customers()] == ["Tapped Twice"]
