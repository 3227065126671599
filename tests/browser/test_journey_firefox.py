"""The main journey in another engine: a day without signal in Firefox. Skipped where there is no Firefox."""

from __future__ import annotations

import time

import pytest

from server.firm import wall_clock_ms
from server.sign_in import passwords
from tests.browser import firefox
from tests.browser.line import Line
from tests.browser.phone import served_app
from tests.browser.replica_file import outbox_on_disk, rows_on_disk
from tests.device import Device, projection
from tests.unit.shell import PASSWORD, password_hash

pytestmark = pytest.mark.skipif(not firefox.find(), reason="there is no Firefox here: install firefox or firefox-esr")

HOST = "document.body.dataset.host"
MAIN = "document.getElementById('main').innerText"


@pytest.fixture
def site(firm):
    """Rita's firm with one customer, on a line that can be cut."""
    firm.clock = wall_clock_ms
    firm.write_now(lambda conn: passwords.store(conn, "rita", "rita", password_hash()))
    desk = Device(firm, "rita", "desk")
    desk.add("account", name="王芳贸易", kind="customer", owner_id="rita")
    desk.sync()
    with served_app(firm) as (faults, url):
        line = Line(url)
        yield firm, faults, line
        line.cut()


def test_day_without_signal_from_a_cold_start_arrives_once_in_firefox(site, tmp_path):
    firm, faults, line = site
    with firefox.start(tmp_path / "profile") as started:
        sign_in_and_wait_for_first_sync(started.new_page(), line.url)

    line.cut()
    with firefox.start(tmp_path / "profile") as started:  # the whole browser anew
        page = started.new_page()
        for path, text in (("/", "Today"), ("/customers", "王芳贸易"), ("/search?q=wf", "王芳贸易")):
            page.goto(line.url + path)
            assert page.evaluate(HOST) == "device" and text in page.evaluate(MAIN), path
        write_a_visit(page, line.url)
        page.goto(line.url + "/outbox")
        assert "Visit at 王芳贸易" in page.evaluate(MAIN)
        assert "activity" not in projection(firm, "rita")

        faults.plan = [{"lost": True}]  # done on the server, and not heard of here
        line.mend()
        page.evaluate("dispatchEvent(new Event('online'))")
        wait_until(lambda: "activity" in projection(firm, "rita"))
        page.goto(line.url + "/customers")
        page.wait_for("document.querySelector('#sync-status [data-state=synced]') !== null")

        [visit] = projection(firm, "rita")["activity"].values()
        assert visit["body"] == "They want steel samples"
        assert outbox_on_disk(page) == []
        assert rows_on_disk(page) == projection(firm, "rita")


def sign_in_and_wait_for_first_sync(page, url: str) -> None:
    page.goto(url + "/")
    page.fill("[name=login]", "rita")
    page.fill("[name=password]", PASSWORD)
    page.click("form:has([name=password]) button")
    page.wait_for("location.pathname === '/' && document.readyState === 'complete'")
    page.wait_for("caches.keys().then((names) => names.length > 0 && navigator.serviceWorker.controller !== null)")
    for _ in range(100):
        page.goto(url + "/")
        if page.evaluate(HOST) == "device":
            return
        time.sleep(0.1)
    raise AssertionError("pages never came from the replica")


def write_a_visit(page, url: str) -> None:
    wait_until(lambda: is_open(page, url + "/activities/new", "#choices label"))
    page.click("#choices label")
    page.fill("[name='a.body']", "They want steel samples")
    page.click("main form[method=post] .actions button[type=submit]")
    page.wait_for("location.pathname === '/' && document.readyState === 'complete'")


def is_open(page, url: str, selector: str) -> bool:
    """A slow machine may still be loading the copy: then the page says so, and is asked again."""
    page.goto(url)
    return page.evaluate("(selector) => document.querySelector(selector) !== null", selector)


def wait_until(condition) -> None:
    end = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < end, "never came true"
        time.sleep(0.1)
