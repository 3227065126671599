"""A device is emptied from afar in a real browser: what is unsent is rescued or refused, and nothing at all stays."""

from __future__ import annotations

import json

import pytest

from server.devices import known, wipe
from server.offsite import NoReplica
from tests.browser.phone import phone_at

NOTHING_STAYS = """(await indexedDB.databases()).length === 0 && (await caches.keys()).length === 0
  && !(await navigator.serviceWorker.getRegistration())"""

# At /wiped, or wherever the page was that the browser itself has loaded anew.
SAYS_SO = "document.querySelector('main')?.innerText.includes('was deleted')"


@pytest.fixture
def site(firm, chromium):
    with phone_at(firm, chromium, has_touch=True) as made:
        yield made


def device_of(firm, user_id="rita"):
    with firm.look() as conn:
        return known.device(conn, firm.clock(), f"browser-{user_id}")


def order(site, is_trusted):
    """As the page of an administrator does it, on another machine."""
    site.firm.write_now(lambda conn: wipe.order(conn, "browser-rita", is_trusted, "boss", site.firm.clock()))
    site.firm.hub.poke(["rita"])


def names(firm):
    with firm.look() as conn:
        return [row[0] for row in conn.execute("SELECT name FROM account WHERE deleted = 0 ORDER BY name")]


def write_without_signal(site, name="Acme"):
    site.go_offline()
    site.add_customer(name)
    site.wait_for_chip("saved")


def test_what_is_unsent_is_rescued_where_the_owner_is_trusted_and_the_device_can_be_used_again(site):
    site.sign_in()
    write_without_signal(site)
    order(site, is_trusted=True)

    site.context.set_offline(False)
    site.page.wait_for_url("**/wiped")

    assert names(site.firm) == ["Acme"]
    assert device_of(site.firm)["state"] == "emptied"
    assert "was deleted" in site.page.inner_text("main") and "已删除" in site.page.inner_text("main")
    site.wait_for(NOTHING_STAYS)

    site.sign_in("ron")

    assert site.host == "device"


class Behind(NoReplica):
    """A replica that has come as far as the test says."""

    most = 0

    def safe_seq(self, seq: int) -> int:
        return min(seq, self.most)


def test_what_was_typed_stays_until_it_is_away_from_the_servers_disk(site):
    site.firm.offsite = Behind()
    site.sign_in()
    write_without_signal(site)
    order(site, is_trusted=True)

    site.context.set_offline(False)
    wait_until(site, lambda: names(site.firm) == ["Acme"])
    wait_until(site, lambda: device_of(site.firm)["state"] == "emptying")
    for _ in range(2):
        sync(site)
    assert device_of(site.firm)["state"] == "emptying"
    site.firm.offsite.most = 1_000_000
    sync(site)

    site.page.wait_for_url("**/wiped")
    assert device_of(site.firm)["state"] == "emptied"


def sync(site):
    before = len(site.faults.asked)
    site.page.evaluate("dispatchEvent(new Event('online'))")
    wait_until(site, lambda: len(site.faults.asked) > before)


def test_what_is_unsent_is_refused_where_the_owner_is_not_trusted(site):
    site.sign_in()
    write_without_signal(site)
    order(site, is_trusted=False)

    site.context.set_offline(False)

    site.page.wait_for_url("**/wiped")
    assert names(site.firm) == []
    site.wait_for(NOTHING_STAYS)
    assert site.context.cookies() == []
    assert device_of(site.firm)["state"] == "emptied"


def test_whoever_opens_a_page_of_the_server_on_it_empties_it(site):
    site.sign_in()
    write_without_signal(site)
    order(site, is_trusted=False)
    site.faults.plan = [{"status": 503, "error": "down"}] * 50  # else the worker hears it by itself, a moment earlier
    site.context.set_offline(False)

    site.page.evaluate("void setTimeout(() => (location.href = '/me/devices'))")

    site.wait_for(SAYS_SO)
    site.wait_for(NOTHING_STAYS)
    assert names(site.firm) == []
    assert device_of(site.firm)["state"] == "emptied"


def test_a_wipe_that_was_stopped_in_the_middle_goes_on_at_the_next_start(site):
    site.sign_in()
    [worker] = site.context.service_workers
    # It comes to nothing before the last step, deleting the rows, and the browser ends the worker.
    worker.evaluate("""() => {
      const whole = indexedDB.deleteDatabase.bind(indexedDB);
      indexedDB.deleteDatabase = (name) => {
        if (name === 'roadbook') throw new DOMException('not now');
        return whole(name);
      };
    }""")
    site.faults.plan = [{"status": 401, "error": "wiped"}]
    site.page.evaluate("dispatchEvent(new Event('online'))")
    site.wait_for("(await caches.keys()).length === 0")
    site.wait_for("(await indexedDB.databases()).map(({ name }) => name).join() === 'roadbook'")
    site.go_offline()
    site.stop_worker()

    # The page goes on to say so, which it cannot without signal.
    with site.page.expect_event("requestfailed", lambda request: request.url.endswith("/wiped")):
        # More than once: what is said to a worker that is just being stopped is lost.
        site.page.evaluate("""() => {
          const wake = () => navigator.serviceWorker.controller.postMessage({ type: 'wake' });
          setInterval(wake, 1000);
          wake();
        }""")
    site.context.set_offline(False)
    site.open("/wiped")
    assert site.page.evaluate("indexedDB.databases()") == []


class Deaf:
    """In front of an app: it hears no word of a device while it is deaf, and then each other one."""

    def __init__(self, app) -> None:
        self.app, self.is_deaf, self.words = app, True, 0

    async def __call__(self, scope, receive, send) -> None:
        is_word = scope.get("path") == "/devices/word"
        self.words += is_word
        if is_word and (self.is_deaf or self.words % 2):
            await send({"type": "http.response.start", "status": 500, "headers": []})
            await send({"type": "http.response.body", "body": b""})
        else:
            await self.app(scope, receive, send)


def test_what_the_server_had_refused_is_handed_in_before_anything_is_deleted(site):
    site.sign_in()
    site.page.evaluate("""async () => {
      const body = new FormData();
      const typed = { 'row.a': 'activity//0', 'a.kind': 'call', 'a.account_id': 'no-such-account', 'a.body': 'Typed' };
      for (const [name, value] of Object.entries(typed)) body.append(name, value);
      await fetch('/activities/new', { method: 'POST', body });
    }""")
    site.wait_for_chip("needs_you")
    deaf = site.faults.app = Deaf(site.faults.app)

    order(site, is_trusted=True)
    wait_until(site, lambda: deaf.words)
    sync(site)
    assert "roadbook" in site.page.evaluate("indexedDB.databases().then((all) => all.map(({ name }) => name))")
    # What is left is heard, and that all is done is not heard at once.
    deaf.is_deaf, deaf.words = False, 1
    sync(site)
    site.page.wait_for_url("**/wiped")

    with site.firm.look() as conn:
        [left] = wipe.left_of(conn, "rita")
    assert [one["set"]["body"] for one in left["operations"]] == ["Typed"]
    assert device_of(site.firm)["state"] == "emptied"
    site.wait_for(NOTHING_STAYS)


def wait_until(site, is_so):
    for _ in range(500):
        if is_so():
            return
        site.page.wait_for_timeout(20)
    raise AssertionError("it never was so")


def test_what_others_left_on_the_device_is_handed_in_under_their_names(js):
    def entry(author: str, state: str) -> dict:
        return {"op": json.dumps({"id": f"{author}-{state}", "x_user": author}), "state": state, "reason": None}

    typed = [entry("rita", state) for state in ("waiting", "acked", "refused")]
    kept = [entry("ron", state) for state in ("waiting", "refused", "sent")]

    left = js("(await import('/service_worker/wipe.js')).leftBehind(...arg)", [typed, kept])

    assert [(one["id"], one["user"], one["state"]) for one in left] == [
        ("rita-refused", "rita", "refused"),
        ("ron-waiting", "ron", "waiting"),
        ("ron-refused", "ron", "refused"),
    ]


def test_a_farewell_leaves_nothing_either(site):
    from server.admin import people

    site.sign_in()
    write_without_signal(site)
    site.firm.write_now(lambda conn: _disable(conn, people, site.firm))

    site.context.set_offline(False)
    site.page.wait_for_url("**/sign-in*")

    assert names(site.firm) == ["Acme"]
    site.wait_for("(await indexedDB.databases()).length === 0 && (await caches.keys()).length === 0")


def _disable(conn, people, firm):
    from server.sign_in import passwords
    from tests.unit.shell import password_hash

    passwords.store(conn, "boss", "boss", password_hash())
    people.deactivate(conn, firm, None, "rita")
