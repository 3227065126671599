"""Two releases at once on one device: while one worker takes over, what is being saved is saved once or said not to be.

tests/browser/test_worker_update.py holds what a person sees of an update; this is about the rows.
"""

from __future__ import annotations

import re

from tests.browser.replica_file import outbox_on_disk, rows_on_disk
from tests.browser.test_worker_update import RELEASE, next_release, site  # noqa: F401
from tests.device import projection

MANY = 60

# One form after the other, as fast as the worker takes them; what came of each, in window.answers.
SAVE_MANY = """(many) => {
  window.answers = {};
  const save = async (name) => {
    const body = new URLSearchParams({ "row.a": "account//0", "a.name": name, "a.kind": "customer" });
    const answer = await fetch("/customers/new", { method: "POST", body });
    window.answers[name] = answer.redirected;
  };
  const all = async () => {
    for (let n = 0; n < many; n++) await save(`Customer ${n}`).catch(() => (window.answers[`Customer ${n}`] = false));
  };
  all();
}"""


# Ask the newer worker for a sync while it still waits: both are alive, and both want the rows.
WAKE_WAITING = """navigator.serviceWorker.getRegistration().then(
  (registration) => registration.waiting.postMessage({ type: "sync" }))"""


def wait_for_answers(page, least: int) -> None:
    for _ in range(600):
        if page.evaluate("Object.keys(window.answers).length") >= least:
            return
        page.wait_for_timeout(50)
    raise AssertionError(f"less than {least} answers")


def wait_until_equal(phone) -> None:
    """The device holds what the server shows, and has nothing left to send."""
    for _ in range(100):
        if rows_on_disk(phone.page) == projection(phone.firm, "rita") and outbox_on_disk(phone.page) == []:
            return
        phone.page.wait_for_timeout(100)
    assert rows_on_disk(phone.page) == projection(phone.firm, "rita")
    assert outbox_on_disk(phone.page) == []


def test_two_workers_alive_at_once_save_everything_once_and_spoil_nothing(site):
    typing = site.context.new_page()
    typing.goto(site.url + "/customers/new")
    typing.fill("[name='a.name']", "Half a name")
    site.deploy()

    typing.evaluate(SAVE_MANY, MANY)
    wait_for_answers(typing, 5)
    typing.evaluate(WAKE_WAITING)
    wait_for_answers(typing, 25)
    site.page.click("[data-notice=update] button")
    wait_for_answers(typing, MANY)
    site.wait_for(f"{RELEASE} === '2'", seconds=40)  # a browser lets a busy worker finish first

    assert typing.input_value("[name='a.name']") == "Half a name"
    saved = [name for name, is_saved in typing.evaluate("window.answers").items() if is_saved]
    site.open("/customers")
    site.wait_for_chip("synced")
    wait_until_equal(site)
    arrived = [row["name"] for row in site.customers()]
    assert len(saved) > MANY - 10 and sorted(arrived) == sorted(set(arrived))
    assert set(saved) <= set(arrived)
    # A worker that left between saving and answering: saved, though the page was not told so.
    assert len(arrived) <= len(saved) + 3


def test_edit_made_without_signal_in_the_old_release_arrives_once_from_the_new(site):
    site.go_offline()
    site.add_customer("Typed in the old release")
    site.page.wait_for_url(re.compile(r"/customers/[0-9a-f-]{36}$"))
    site.open("/customers")
    site.faults.plan = [{"status": 503, "error": "down"}] * 50  # enough signal for the new release, not for sync
    site.context.set_offline(False)
    site.deploy()
    site.page.click("[data-notice=update] button")
    site.wait_for(f"{RELEASE} === '2'")
    assert site.customers() == []

    site.faults.plan = [{"lost": True}]
    site.go_online()
    site.open("/customers")
    site.wait_for_chip("synced")

    assert [row["name"] for row in site.customers()] == ["Typed in the old release"]
    wait_until_equal(site)
