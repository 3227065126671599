"""Pushes at devices that are locked, or that are to be emptied: nothing is told, and nothing stays."""

from __future__ import annotations

from server.devices import known, waking, wipe
from tests.browser.test_app_lock import SAID, set_pin
from tests.browser.test_push import (  # noqa: F401
    TAP,
    notifications,
    office,
    phone,
    send_all,
    stand_in,
    subscriptions,
    switch_on,
    wait_for_notification,
)
from tests.own_loop import run
from tests.unit.approving import MANAGER

# The worker itself goes, and the browser deletes what it would write: it says so to the page.
WATCH = """() => {
  const say = (word) => new BroadcastChannel("watch").postMessage(word);
  const clear = navigator.clearAppBadge.bind(navigator);
  navigator.clearAppBadge = () => { say("badge cleared"); return clear(); };
  const end = PushSubscription.prototype.unsubscribe;
  PushSubscription.prototype.unsubscribe = function () { say("unsubscribed"); return end.call(this); };
}"""
HEAR = "() => { window.heard = []; new BroadcastChannel('watch').onmessage = ({ data }) => heard.push(data); }"


def test_a_notification_says_nothing_while_the_app_is_locked_and_does_nothing(office, phone):
    switch_on(phone)
    set_pin(phone)
    phone.page.click("text=Lock now")
    phone.page.locator("#unlock").wait_for()
    request = office.ask("rita", office.define("leave", MANAGER))

    send_all(phone)

    wait_for_notification(phone, "Something new in Roadbook")
    shown = phone.page.evaluate("""async () => (await (await navigator.serviceWorker.ready).getNotifications())
      .map(({ title, body, actions }) => [title, body, actions.length])""")
    assert shown == [["Something new in Roadbook", "", 0]]
    [worker] = phone.context.service_workers
    worker.evaluate(TAP, "approve")
    worker.evaluate("self.tapped.then(() => true)")
    phone.page.locator("#unlock").wait_for()
    # Nor does it wait to be sent: a decision is held back for some seconds.
    assert phone.page.evaluate(SAID, {"type": "unsent"}) == 0
    assert office.state(request) == "pending"
    assert "Rita" not in phone.page.content()


def test_a_push_that_shows_nothing_empties_a_device_that_nobody_looks_at(office, phone):
    switch_on(phone)
    firm = office.firm
    [worker] = phone.context.service_workers
    worker.evaluate(WATCH)
    phone.page.goto(phone.url + "/manifest.webmanifest")  # no page that hears of anything by itself
    phone.page.evaluate(HEAR)
    places = firm.write_now(lambda conn: wipe.order(conn, "browser-mona", False, "boss", firm.clock()))
    assert len(places) == 1

    run(wake(phone, places))

    phone.wait_for("(await indexedDB.databases()).every(({ name }) => !name.startsWith('roadbook'))")
    phone.wait_for("!(await navigator.serviceWorker.getRegistration())")
    assert phone.page.evaluate("indexedDB.databases()") == []
    assert sorted(phone.page.evaluate("heard")) == ["badge cleared", "unsubscribed"]
    assert subscriptions(firm) == []
    with firm.look() as conn:
        assert known.device(conn, firm.clock(), "browser-mona")["state"] == "emptied"


async def wake(phone, places) -> None:
    courier = phone.courier
    courier._web = courier.new_web()
    try:
        waking.wake(courier, places, phone.firm.clock())
        for task in list(waking._under_way):
            await task
    finally:
        await courier.close()
