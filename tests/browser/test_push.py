"""Pushes for real: Chromium subscribes, decrypts what the server sent, shows it, and approves from the notification."""

from __future__ import annotations

import ssl

import pytest

from server.config import read_settings
from server.notices.courier import Courier
from server.notices.reach import web_client
from tests.browser.google import HOST, google
from tests.browser.phone import PHONE, Phone, served_app
from tests.conftest import QUIET
from tests.own_loop import run
from tests.small_firm import make_firm
from tests.unit.approving import MANAGER, Firm

# Nothing but this machine can be found.
LOOPBACK = "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost"

SHOWN = """(await (await navigator.serviceWorker.ready).getNotifications())
  .map(({title, tag, data, actions, lang}) => ({title, tag, data, lang, actions: actions.map(({action}) => action)}))"""

# A tap on a button of a notification, as the browser tells the worker of it; its own waitUntil takes no made-up event.
TAP = """async (action) => {
  const [notification] = await self.registration.getNotifications();
  const event = new NotificationEvent("notificationclick", { notification, action });
  let work;
  Object.defineProperty(event, "waitUntil", { value: (promise) => (work = promise) });
  self.dispatchEvent(event);
  self.tapped = work;
  return true;
}"""


@pytest.fixture
def stand_in(tmp_path):
    with google(tmp_path) as made:
        yield made


@pytest.fixture
def office(tmp_path):
    """rita asks mona."""
    firm = make_firm(tmp_path / "firm")
    yield Firm(firm)
    firm.close()


@pytest.fixture
def phone(office, stand_in, playwright, chromium_path, tmp_path):
    """mona's, which may show notifications, and whose pushes come by the stand-in."""
    with served_app(office.firm) as (faults, url):
        faults.app.state.courier = courier_of(office.firm, stand_in, url)
        flags = [flag for flag in QUIET if flag not in ("--disable-background-networking", "--disable-sync")]
        context = playwright.chromium.launch_persistent_context(
            tmp_path / "profile",
            executable_path=chromium_path,
            args=[*flags, *stand_in.flags, LOOPBACK],
            # Playwright switches off what pushes need.
            ignore_default_args=["--disable-background-networking", "--disable-sync", "--disable-default-apps"],
            **PHONE | {"has_touch": True},
        )
        context.grant_permissions(["notifications"], origin=url)
        phone = Phone(office.firm, faults, url, context)
        phone.courier = faults.app.state.courier
        try:
            yield phone
        finally:
            context.close()


def courier_of(firm, stand_in, url: str) -> Courier:
    """As on a server, but that the push service is found on this machine, with a certificate of the test."""

    async def look_up(host: str, port: int) -> list[tuple[str, int]]:
        assert host == HOST
        return [("127.0.0.1", stand_in.port)]

    origins = frozenset({f"https://{HOST}"})
    trust = ssl.create_default_context(cafile=str(stand_in.certificate))
    made = Courier(firm, read_settings({}, data=firm.path.absolute(), url=url, push_origins=origins))
    made.new_web = lambda: web_client(origins, look_up, trust)
    return made


def send_all(phone: Phone) -> int:
    async def once() -> int:
        phone.courier._web = phone.courier.new_web()
        try:
            return await phone.courier.send_all()
        finally:
            await phone.courier.close()

    return run(once())


def subscriptions(firm) -> list[str]:
    with firm.look() as db:
        return [row[0] for row in db.execute("SELECT endpoint FROM push_subscription")]


def switch_on(phone: Phone) -> None:
    phone.sign_in("mona", "/me/notices")
    phone.page.locator("[data-push-state=off] [data-push-on]").tap()
    phone.page.locator("[data-push-state=on]").wait_for()


def notifications(phone: Phone) -> list[dict]:
    return phone.page.evaluate(f"async () => {SHOWN}")


def wait_for_notification(phone: Phone, title: str) -> dict:
    phone.wait_for_notifications(f"{SHOWN}.some(({{title}}) => title === {title!r})")
    return next(one for one in notifications(phone) if one["title"] == title)


def test_a_request_is_pushed_and_approved_from_the_notification_without_signal(office, phone, stand_in):
    switch_on(phone)
    assert subscriptions(office.firm)[0].startswith(f"https://{HOST}/")

    request = office.ask("rita", office.define("leave", MANAGER))
    assert send_all(phone) >= 1
    shown = wait_for_notification(phone, "Rita asks you to approve something")
    assert stand_in.sent[0][0]["urgency"] == "high"
    assert shown["actions"] == ["approve", "reject"] and shown["data"]["approval"]["id"] == request
    # The push made the worker sync: the request is here before anybody taps.
    phone.wait_for(f"(await (await fetch('/approvals/{request}')).text()).includes('data-host=\"device\"')")

    phone.go_offline()
    [worker] = phone.context.service_workers
    assert worker.evaluate(TAP, "approve")
    wait_for_notification(phone, "Approved, to send")
    assert office.state(request) == "pending"

    phone.go_online()
    wait_for_state(phone, office, request, "approved")
    [action] = [one for one in office.rows("approval_action", request) if one["verb"] == "approve"]
    assert (action["owner_id"], action["effect"]) == ("mona", "in_force")
    assert action["revision_hash"] == shown["data"]["approval"]["hash"]
    assert phone.problems == []


def wait_for_state(phone: Phone, office: Firm, request: str, state: str) -> None:
    for _ in range(200):
        if office.state(request) == state:
            return
        phone.page.wait_for_timeout(100)
    raise AssertionError(f"never {state}: {office.rows('approval_action', request)}")


def test_a_tap_opens_what_it_is_about_in_the_window_that_is_open(office, phone):
    switch_on(phone)
    request = office.ask("rita", office.define("leave", MANAGER))
    send_all(phone)
    wait_for_notification(phone, "Rita asks you to approve something")
    [worker] = phone.context.service_workers
    worker.evaluate(TAP, "reject")
    phone.page.wait_for_url(f"**/approvals/{request}#reject")


def test_switching_off_and_signing_out_end_the_pushes(office, phone):
    switch_on(phone)
    phone.page.locator("[data-push-off]").tap()
    phone.page.locator("[data-push-state=off]").wait_for()
    assert subscriptions(office.firm) == []
    phone.page.locator("[data-push-state=off] [data-push-on]").tap()
    phone.page.locator("[data-push-state=on]").wait_for()
    phone.open("/me")
    phone.page.locator("form[data-sign-out] button").tap()
    phone.page.wait_for_url("**/sign-in**")
    assert subscriptions(office.firm) == []
    phone.wait_for("!(await (await navigator.serviceWorker.ready).pushManager.getSubscription())")


def test_a_key_that_changed_is_noticed_at_the_next_start(office, phone):
    switch_on(phone)
    before = subscriptions(office.firm)
    office.firm.write_now(lambda db: db.execute("DELETE FROM meta WHERE name = 'vapid_key'"))
    office.firm.write_now(lambda db: db.execute("DELETE FROM push_subscription"))
    fresh = Courier(office.firm, read_settings({}, data=office.firm.path.absolute(), url=phone.url))
    phone.courier.vapid = fresh.vapid
    phone.page.evaluate("sessionStorage.clear()")
    phone.open("/me/notices")
    phone.wait_for("sessionStorage.getItem('push-compared')")
    assert len(subscriptions(office.firm)) == 1 and subscriptions(office.firm) != before


def test_the_test_button_sends_one_and_says_so(office, phone):
    switch_on(phone)
    phone.courier._web = phone.courier.new_web()
    phone.page.locator("form[action='/me/notices/test'] button").tap()
    phone.page.locator("li .chip[data-state=ok]").wait_for()
    wait_for_notification(phone, "This is a test. It works.")
