"""The app lock in a real browser, without signal: only its page is shown until the PIN or the passkey was given.

Its rules, one by one, are in test_guard.py and test_guard_passkey.py.
"""

from __future__ import annotations

import pytest

from server.devices import lease
from server.sign_in import passwords
from tests.browser.phone import phone_at
from tests.browser.shared_phone import aside, meet, post, set_clock, shared  # noqa: F401
from tests.unit.shell import PASSWORD, password_hash

PIN = "493817"
DAY_MS = 86_400_000


def set_pin(site, pin=PIN):
    site.open("/me/app-lock")
    site.page.fill("[name=pin_new]", pin)
    site.page.fill("[name=pin_again]", pin)
    site.page.click("text=Lock with this PIN")
    site.page.locator("text=Lock now").wait_for()


def give(site, pin):
    site.page.fill("[name=pin]", pin)
    site.page.click("#unlock button")
    site.page.wait_for_load_state()


@pytest.fixture
def site(shared):
    """Signed in, in contact, without a lock."""
    if shared.page.is_closed():
        shared.page = shared.context.new_page()
    shared.context.set_offline(False)
    set_clock(shared, DAY_MS)  # no try has to wait any more
    post(shared, "/locked", pin=PIN)
    post(shared, "/me/app-lock", act="off", pin=PIN)
    set_clock(shared, 0)
    return shared


def with_pin(site):
    assert post(site, "/me/app-lock", act="pin", pin_new=PIN, pin_again=PIN)


@pytest.fixture
def locked(site):
    """With a customer, a PIN and no signal; locked, and asked for the customers."""
    with_pin(site)
    site.go_offline()
    post(site, "/me/app-lock", act="now")
    site.open("/customers")
    return site


def test_nothing_is_shown_and_nothing_taken_while_it_is_locked(locked):
    ask = """async (path) => {
      const shown = [];
      const part = { headers: { 'HX-Request-Type': 'partial' } };
      for (const init of [{}, part, { method: 'POST', body: new FormData() }]) {
        const answer = await fetch(path, { ...init, redirect: 'manual' }).catch(() => null);
        shown.push([answer?.status ?? 0, (await answer?.text().catch(() => '')) ?? '']);
      }
      return shown;
    }"""
    paths = ["/", "/customers", "/search?q=Acme", "/me", "/outbox/export.json", "/customers/new", "/me/app-lock"]
    for path in [*paths, "/attachments/a"]:
        for status, text in locked.page.evaluate(ask, path):
            assert "Acme" not in text, path
            assert status in (0, 423), (path, status)  # 0: only the server could, and there is no signal
    locked.open("/customers")
    assert "Acme" not in locked.page.content()
    assert locked.page.locator("nav").count() == 0
    assert locked.page.locator("[name=pin]").is_visible()


# What the worker answers to a message of a page.
SAID = """async (message) => {
  const { port1, port2 } = new MessageChannel();
  const answer = new Promise((resolve) => (port1.onmessage = ({ data }) => resolve(data)));
  navigator.serviceWorker.controller.postMessage(message, [port2]);
  return Promise.race([answer, new Promise((resolve) => setTimeout(resolve, 1000, 'nothing'))]);
}"""


def test_nobody_is_reminded_of_anything_while_it_is_locked(locked):
    page = aside(locked)

    def asked() -> list:
        reminded = page.evaluate(SAID, {"type": "reminders", "is_looked_at": True})
        return [bool(reminded["words"]), page.evaluate(SAID, {"type": "snooze", "key": "task:none:2026-01-01"})]

    assert asked() == [False, "nothing"]
    assert post(locked, "/locked", pin=PIN)
    assert asked()[0] and asked()[1] != "nothing"


def test_the_page_of_the_lock_does_not_keep_it_open(locked):
    set_clock(locked, DAY_MS)
    page = aside(locked)

    for _ in range(2):
        assert page.evaluate(SAID, {"type": "here", "is_looked_at": True}) == {"locked": "app", "has_lock": True}


def test_without_signal_nobody_can_sign_in_again_and_nothing_opens(locked):
    locked.page.click("button:has-text('Sign in again')")
    locked.page.get_by_text("This needs the network").wait_for()
    assert locked.page.locator("[name=pin]").is_visible()

    locked.context.set_offline(False)
    meet(locked)
    locked.open("/customers")

    assert locked.page.locator("[name=pin]").is_visible()


def test_the_pin_opens_it_without_signal_and_leads_on(locked):
    give(locked, PIN)

    assert locked.page.url.endswith("/customers")
    assert "Acme" in locked.page.inner_text("main")


def test_it_stays_locked_when_the_worker_was_stopped(locked):
    locked.stop_worker()
    locked.open("/customers")

    assert locked.page.locator("[name=pin]").is_visible()


def test_it_stays_open_when_the_worker_was_stopped_under_whoever_works(site):
    with_pin(site)
    site.stop_worker()

    site.open("/customers")

    assert site.page.locator("nav").first.is_visible()


def test_it_locks_when_the_app_is_opened_anew(site):
    set_pin(site)
    other = site.context.new_page()
    site.page.close()
    other.close()

    site.page = site.context.new_page()
    site.open("/customers")

    assert site.page.locator("[name=pin]").is_visible()


def test_it_locks_after_some_minutes_in_which_nobody_looked(site):
    with_pin(site)
    set_clock(site, 5 * 60_000 + 1_000)

    site.open("/customers")

    assert site.page.locator("[name=pin]").is_visible()


def test_wrong_pins_have_to_wait_and_the_wait_survives_a_restart(locked):
    for _ in range(3):
        give(locked, "000000")
    assert "The next try counts in" in locked.page.inner_text("main")

    locked.stop_worker()
    give(locked, PIN)

    assert "Please wait" in locked.page.inner_text("main")
    assert locked.page.locator("[name=pin]").count() == 1


def test_after_ten_wrong_pins_the_person_signs_in_and_what_was_typed_is_kept(locked):
    give(locked, PIN)
    locked.add_customer("Typed without signal")
    locked.wait_for_chip("saved")
    post(locked, "/me/app-lock", act="now")
    for n in range(9):
        set_clock(locked, n * 3_700_000)  # an hour and more between them
        assert not post(locked, "/locked", pin="000000" if n == 0 else "0")
    set_clock(locked, 9 * 3_700_000)
    locked.open("/customers")
    give(locked, "000000")
    assert "Sign in again to open the app" in locked.page.inner_text("main")
    assert locked.page.locator("[name=pin]").count() == 0
    locked.context.set_offline(False)

    locked.page.click("button:has-text('Sign in again')")
    sign_in_again(locked)

    locked.wait_for("document.querySelector('main')?.innerText.includes('Typed without signal')")
    names = [row["name"] for row in locked.customers()]
    assert sorted(names) == ["Acme", "Typed without signal"]


# What the server said of a sync comes when the session was ended, and before the page for signing in does.
SLOW_SYNC = """() => {
  const real = self.fetch, begun = Date.now();
  const gate = new Promise((open) => (self.letCome = open));
  const heard = new Promise((resolve) => {
    self.ears = new BroadcastChannel('roadbook');
    self.ears.onmessage = ({ data }) => data.last_ms > begun && setTimeout(resolve, 300);
  });
  self.fetch = async (asked, init) => {
    const answer = await real(asked, init);
    const { pathname } = new URL(asked.url ?? asked, location);
    if (pathname === '/sync') {
      self.isHeld = true;
      await gate;
    } else if (pathname === '/sign-in') {
      self.letCome();
      await heard;
    }
    return answer;
  };
}"""


# A page that makes the worker ask by itself would hide what came of the first answer.
QUIET = """
  self.really = ServiceWorker.prototype.postMessage;
  ServiceWorker.prototype.postMessage = function (message, ...more) {
    if (!['wake', 'sync'].includes(message.type)) self.really.call(this, message, ...more);
  };
"""
ASK = "self.really.call(navigator.serviceWorker.controller, { type: 'sync', wish: 'online' })"


def test_an_answer_to_what_was_asked_before_opens_it_to_nobody(locked):
    [worker] = locked.context.service_workers
    worker.evaluate(SLOW_SYNC)
    aside(locked)
    page = locked.context.new_page()
    page.add_init_script(QUIET)
    page.goto(locked.url + "/customers")
    locked.context.set_offline(False)
    page.evaluate(ASK)
    wait_until(locked, lambda: worker.evaluate("self.isHeld"))

    page.click("button:has-text('Sign in again')")
    page.locator("[name=login]").wait_for()
    page.close()
    locked.open("/customers")

    assert "Acme" not in locked.page.content()
    assert locked.page.locator("[name=pin]").is_visible()
    locked.open("/sign-in?next=/customers")
    sign_in_again(locked)
    locked.wait_for("document.querySelector('main')?.innerText.includes('Acme')")


def sign_in_again(site):
    site.firm.write_now(lambda conn: passwords.store(conn, "rita", "rita", password_hash()))
    site.page.locator("[name=login]").wait_for()
    site.type_sign_in("rita", PASSWORD)


def wait_until(site, is_so, seconds=15):
    for _ in range(seconds * 50):
        if is_so():
            return
        site.page.wait_for_timeout(20)
    raise AssertionError("it never was so")


def test_a_firm_may_want_a_lock_on_every_device(site):
    ask_for_lock(site, True)
    try:
        site.open("/customers")
        assert "Your firm wants" in site.page.inner_text("main")
        site.page.fill("[name=pin_new]", PIN)
        site.page.fill("[name=pin_again]", PIN)
        site.page.click("text=Lock with this PIN")

        site.page.wait_for_url("**/customers")
    finally:
        ask_for_lock(site, False)


def ask_for_lock(site, is_asked):
    site.firm.write_now(lambda conn: lease.ask_for_lock(conn, site.firm, None, is_asked))
    meet(site)


def test_taking_it_off_needs_the_pin(site):
    set_pin(site)

    site.page.fill("#i-off-now", "000000")
    site.page.click("text=Take the lock off")
    assert "This does not open it" in site.page.inner_text("main")
    site.page.fill("#i-off-now", PIN)
    site.page.click("text=Take the lock off")

    site.page.locator("text=With a PIN").wait_for()
    assert site.page.locator("text=Lock now").count() == 0


def test_a_passkey_of_the_device_opens_it(firm, chromium):
    with phone_at(firm, chromium, has_touch=True) as site:
        site.url = site.url.replace("127.0.0.1", "localhost")  # an address is no name for a passkey
        session = site.context.new_cdp_session(site.page)
        session.send("WebAuthn.enable")
        how = {"protocol": "ctap2", "transport": "internal", "hasUserVerification": True, "isUserVerified": True}
        options = how | {"hasResidentKey": True, "automaticPresenceSimulation": True}
        authenticator = session.send("WebAuthn.addVirtualAuthenticator", {"options": options})["authenticatorId"]
        site.sign_in()
        site.open("/me/app-lock")
        site.page.click("text=Lock with a passkey")
        site.page.click("text=Lock now")
        site.go_offline()

        # Whoever cannot show who they are stays outside: the device said no.
        session.send("WebAuthn.setUserVerified", {"authenticatorId": authenticator, "isUserVerified": False})
        with site.page.expect_console_message(lambda said: "no passkey" in said.text):
            site.page.click("#unlock button")
        assert site.page.locator("nav").count() == 0
        session.send("WebAuthn.setUserVerified", {"authenticatorId": authenticator, "isUserVerified": True})
        site.page.click("#unlock button")

        site.page.locator("nav").first.wait_for()


@pytest.mark.parametrize("width", [320, 390])
def test_its_pages_fit_small_phones_and_name_their_inputs(locked, width):
    locked.page.set_viewport_size({"width": width, "height": 700})

    assert locked.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert locked.page.get_by_label("Your PIN").evaluate("e => e.getBoundingClientRect().height") >= 48
