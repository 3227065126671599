"""Whole journeys: people with phones in front of one server, the network cut and back, and nothing lost or doubled.

What a person does goes through the app's own pages, forms and taps.  Only what was there before the journey begins is
written by a device of the protocol's own (tests/device.py).
"""

from __future__ import annotations

import re
import time
from contextlib import ExitStack
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from server.firm import wall_clock_ms
from server.sign_in import passwords, sessions
from tests.browser.line import Line
from tests.browser.phone import PHONE, Phone, served_app
from tests.browser.replica_file import outbox_on_disk, rows_on_disk
from tests.conftest import QUIET
from tests.device import Device, projection
from tests.unit.shell import PASSWORD, password_hash

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
BUND = {"latitude": 31.24001, "longitude": 121.49002, "accuracy": 12}
POCKET = {"has_touch": True, "geolocation": BUND, "permissions": ["geolocation"]}

# A page that was just opened asks once more by itself (live.js); after that only pokes bring news.
ASKS_AGAIN_S = 12

# What tells the two hosts apart, and may.
HOST = re.compile(r'data-host="\w+"|<div class="sync".*?</div>', re.DOTALL)


class Office:
    """One served firm; every person's phone is a browser of its own."""

    def __init__(self, firm, faults, url, chromium, closing) -> None:
        self.firm, self.faults, self.url = firm, faults, url
        self._chromium, self._closing = chromium, closing

    def phone(self, user_id: str, path: str = "/customers") -> Phone:
        """A phone on which this person is signed in and the first sync is done."""
        context = self._chromium.new_context(**PHONE, **POCKET)
        self._closing.callback(context.close)
        phone = Phone(self.firm, self.faults, self.url, context)
        phone.sign_in(user_id, path)
        return phone

    def give_password(self, user_id: str) -> None:
        self.firm.write_now(lambda conn: passwords.store(conn, user_id, user_id, password_hash()))

    def changes(self, row_id: str) -> int:
        """How often this row changed: once for every operation that took effect."""
        with self.firm.look() as conn:
            sql = "SELECT count(DISTINCT seq) FROM history WHERE row_id = ?"
            return conn.execute(sql, (row_id,)).fetchone()[0]


@pytest.fixture
def office(firm, chromium):
    firm.clock = wall_clock_ms  # pages of both hosts say "today" and "5 min ago" of the same moment
    with served_app(firm) as (faults, url), ExitStack() as closing:
        yield Office(firm, faults, url, chromium, closing)


@pytest.fixture
def own_phone(office, playwright, chromium_path, tmp_path):
    """Starts Rita's own browser; the next start has the same profile and line, as after a night."""

    def start() -> Phone:
        options = {"executable_path": chromium_path, "args": QUIET, **PHONE, **POCKET}
        context = playwright.chromium.launch_persistent_context(str(tmp_path / "profile"), **options)
        started.append(context)
        return Phone(office.firm, office.faults, office.url, context, line)

    started, line = [], Line(office.url)
    yield start
    for context in started:
        context.close()
    line.cut()


@pytest.fixture
def customer(office) -> dict[str, str]:
    """Rita's customer 王芳贸易 with an appointment today, and a second customer."""
    desk, now = Device(office.firm, "rita", "desk"), office.firm.clock()
    wang = desk.add("account", name="王芳贸易", kind="customer", industry="Trade", owner_id="rita")
    when = {"start_ms": now + 60_000, "end_ms": now + HOUR_MS}
    event = desk.add("event", title="Samples", kind="meeting", account_id=wang, owner_id="rita", **when)
    other = desk.add("account", name="Acme", kind="customer", owner_id="rita")
    desk.sync()
    return {"wang": wang, "event": event, "other": other}


def save(phone: Phone) -> None:
    phone.tap_through("main form:not([method=get]) .actions button[type=submit]")


def wait_until(condition, seconds: float = 10) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "never came true"
        time.sleep(0.1)


def assert_holds_what_the_server_shows(phone: Phone, user_id: str) -> None:
    """Promise 1: the rows on the disk are the server's, and no page can tell."""
    wait_until(lambda: rows_on_disk(phone.page) == projection(phone.firm, user_id))
    for path in ("/", "/customers", "/schedule", "/tasks", "/conflicts", "/search?q=wf"):
        wait_until(lambda path=path: from_device(phone, path) == from_server(phone, path))


def from_device(phone: Phone, path: str) -> str:
    text = phone.page.evaluate("(path) => fetch(path).then((answer) => answer.text())", path)
    assert 'data-host="device"' in text
    return HOST.sub("", text)


def from_server(phone: Phone, path: str) -> str:
    answer = phone.context.request.get(phone.url + path, headers={"accept-language": "en-GB"})
    text = answer.text()
    assert 'data-host="server"' in text
    return HOST.sub("", text)


# --- install -----------------------------------------------------------------------------------------


def test_app_can_be_installed_and_is_offered_after_the_first_useful_act(own_phone):
    phone = own_phone()
    phone.sign_in(path="/")
    browser = phone.context.new_cdp_session(phone.page)

    assert browser.send("Page.getAppManifest")["errors"] == []
    assert browser.send("Page.getInstallabilityErrors")["installabilityErrors"] == []
    # Never change it: an installed app that finds another id is another app, without its rows.
    assert browser.send("Page.getAppId")["appId"] == phone.url + "/"

    phone.page.wait_for_timeout(500)
    assert phone.page.locator("[data-install]").is_hidden()
    phone.add_customer("Acme")
    phone.page.wait_for_url(re.compile(r"/customers/[0-9a-f-]{36}$"))
    phone.open("/")
    phone.page.locator("[data-install] button", has_text="Install").wait_for()


# --- a day without signal ----------------------------------------------------------------------------


def test_day_without_signal_from_a_cold_start_reaches_server_and_colleague_once(office, own_phone, customer):
    wang, event = customer["wang"], customer["event"]
    office.give_password("rita")
    monas = office.phone("mona", f"/customers/{wang}")
    monas.page.evaluate("window.isTheSamePage = true")
    looked_at = time.monotonic()
    phone = own_phone()
    phone.sign_in_by_form("rita", PASSWORD)
    phone.context.close()  # the whole browser

    phone = own_phone()
    phone.go_offline()
    assert_finds_its_way(phone, wang)
    add_visits_in_three_taps(phone, wang)
    move_to_tomorrow(phone, event, office.firm.timezone)
    phone.open("/outbox")
    said = phone.page.inner_text("main")
    assert said.count("Visit at 王芳贸易") == 2 and "Meeting at 王芳贸易" in said and "Samples" in said
    assert "activity" not in projection(office.firm, "rita") and office.changes(event) == 1

    time.sleep(max(0, looked_at + ASKS_AGAIN_S - time.monotonic()))
    office.faults.plan = [{"lost": True}]  # the server does it, and the phone does not hear of it
    phone.go_online()
    wait_until(lambda: office.changes(event) == 2)
    phone.open(f"/customers/{wang}")
    phone.wait_for_chip("synced")

    visits = projection(office.firm, "rita")["activity"]
    assert [office.changes(visit) for visit in visits] == [1, 1]
    assert {visit["account_id"] for visit in visits.values()} == {wang}
    assert [visit["checkin_lat_e6"] for visit in visits.values()] == [None, 31240010]
    monas.page.locator("main .entry[data-kind=visit]").nth(1).wait_for(timeout=15_000)
    assert monas.page.evaluate("window.isTheSamePage")  # it came by itself, into the open page
    assert_holds_what_the_server_shows(phone, "rita")
    assert_holds_what_the_server_shows(monas, "mona")
    assert outbox_on_disk(phone.page) == []


def assert_finds_its_way(phone: Phone, account: str) -> None:
    """Every page of the morning comes from the device."""
    pages = {"/": "Samples", "/customers": "王芳贸易", "/search?q=wf": "王芳贸易", f"/customers/{account}": "Trade"}
    for path, text in pages.items():
        answer = phone.open(path)
        assert answer.from_service_worker and phone.host == "device"
        assert text in phone.page.inner_text("main"), path


def add_visits_in_three_taps(phone: Phone, account: str) -> None:
    """From anywhere in three taps; from the customer's page in three with the place."""
    phone.open("/me")
    phone.taps = 0
    phone.tap_through("nav.tabs a[href='/activities/new']")
    phone.tap("#choices label:has-text('王芳贸易')")
    save(phone)
    assert phone.taps == 3

    phone.open(f"/customers/{account}")
    phone.taps = 0
    phone.tap_through("text=Write what happened")
    phone.tap("[data-checkin]")
    phone.page.locator("[data-checkin-result]", has_text="31.24001, 121.49002").wait_for()
    save(phone)
    assert phone.taps == 3
    assert phone.page.locator("main .entry[data-kind=visit]").count() == 2


def move_to_tomorrow(phone: Phone, event: str, timezone: str) -> None:
    phone.open("/")
    phone.tap_through("main a:has-text('Samples')")
    phone.tap_through("section[aria-labelledby=move] button")
    phone.open("/")
    assert "Samples" not in phone.page.inner_text("main")
    tomorrow = datetime.now(ZoneInfo(timezone)).date() + timedelta(days=1)
    phone.open(f"/schedule?date={tomorrow}")
    assert phone.page.locator(f"main a[href='/events/{event}']").count()


# --- two people, one customer ------------------------------------------------------------------------


def set_industry(phone: Phone, account: str, industry: str) -> None:
    phone.open(f"/customers/{account}/edit")
    details = phone.page.locator("main details:not([open]) summary")
    if not phone.page.is_visible("[name='a.industry']"):
        details.first.click()
    phone.page.fill("[name='a.industry']", industry)
    save(phone)
    assert industry in phone.page.inner_text("main")


def test_conflict_is_shown_to_both_settled_without_signal_and_then_settled_for_everybody(office, customer):
    wang = customer["wang"]
    ritas, monas = office.phone("rita"), office.phone("mona")
    for phone, industry in ((ritas, "Steel"), (monas, "Glass")):
        phone.go_offline()
        set_industry(phone, wang, industry)
        phone.open("/")
    for phone in (ritas, monas):
        phone.go_online()
        phone.wait_for_chip("synced")

    for phone in (ritas, monas):
        phone.open("/")
        phone.page.locator("main a[href^='/conflicts/']").wait_for()
        phone.tap_through("main a[href^='/conflicts/']")
        card = phone.page.locator(".conflict")
        card.wait_for()
        assert all(text in card.inner_text() for text in ("Steel", "Glass", "Trade"))

    ritas.go_offline()
    ritas.tap(".conflict label:has-text('Steel')")
    ritas.tap_through(".conflict button[type=submit]")
    assert "Steel" in ritas.page.inner_text("main")
    assert projection(office.firm, "rita")["account"][wang]["industry"] == "Glass"
    ritas.go_online()
    ritas.wait_for_chip("synced")

    assert projection(office.firm, "rita")["account"][wang]["industry"] == "Steel"
    for phone, user_id in ((ritas, "rita"), (monas, "mona")):
        phone.open(f"/customers/{wang}")
        phone.page.locator("main", has_text="Steel").wait_for(timeout=15_000)
        assert phone.page.locator("main a[href^='/conflicts/']").count() == 0
        assert_holds_what_the_server_shows(phone, user_id)
    assert "Settled" in from_device(monas, "/conflicts")


# --- somebody else's now -----------------------------------------------------------------------------


def test_customer_handed_over_leaves_the_phone_and_what_was_typed_about_it_before_arrives(office, customer):
    wang = customer["wang"]
    ritas, boss = office.phone("rita"), office.phone("boss")
    ritas.go_offline()
    set_industry(ritas, wang, "Steel")
    ritas.open(f"/activities/new?account={wang}")
    ritas.page.fill("[name='a.body']", "They want steel samples")
    save(ritas)

    boss.open(f"/customers/{wang}/edit")
    boss.page.select_option("[name='a.owner_id']", "sam")
    save(boss)
    boss.wait_for_chip("synced")
    ritas.go_online()
    wait_until(lambda: wang not in rows_on_disk(ritas.page)["account"])

    assert "activity" not in rows_on_disk(ritas.page)
    assert ritas.open(f"/customers/{wang}").status == 404
    for path in ("/customers", "/search?q=wf", "/outbox"):
        ritas.open(path)
        assert "王芳" not in ritas.page.inner_text("main"), path
    assert_holds_what_the_server_shows(ritas, "rita")
    held_by_sam = projection(office.firm, "sam")
    assert held_by_sam["account"][wang]["industry"] == "Steel"
    assert [row["body"] for row in held_by_sam["activity"].values()] == ["They want steel samples"]


# --- what stands in the way --------------------------------------------------------------------------


def test_expired_session_keeps_the_outbox_and_asks_to_sign_in_again(office, customer):
    office.give_password("rita")
    phone = office.phone("rita")
    office.firm.write_now(lambda conn: sessions.end_all(conn, "rita"))

    phone.add_customer("Typed while signed out")
    phone.wait_for_chip("cannot")
    phone.open("/outbox")
    assert "Typed while signed out" in phone.page.inner_text("main")
    assert not any(row["name"] == "Typed while signed out" for row in phone.customers())

    phone.tap_through("[data-notice=obstacle] a")
    phone.type_sign_in("rita", PASSWORD)
    phone.page.wait_for_url("**/outbox")
    wait_until(lambda: [row["name"] for row in phone.customers()].count("Typed while signed out") == 1)
    phone.open("/customers")
    phone.wait_for_chip("synced")
    assert_holds_what_the_server_shows(phone, "rita")


def test_outbox_that_is_too_large_for_the_server_arrives_in_parts_once(office, customer):
    phone = office.phone("rita")
    phone.go_offline()
    names = [f"Customer {n}" for n in range(3)]
    for name in names:
        phone.add_customer(name)
        phone.page.wait_for_url(re.compile(r"/customers/[0-9a-f-]{36}$"))
    seen = len(office.faults.asked)

    office.faults.plan = [{"status": 413, "error": "too_large"}]
    phone.go_online()
    phone.wait_for_chip("synced")

    sent = [len(asked["ops"]) for asked in office.faults.asked[seen:]]
    assert sent[0] == 3 and max(sent[1:]) < 3
    arrived = [row["name"] for row in phone.customers()]
    assert [arrived.count(name) for name in names] == [1, 1, 1]
    assert_holds_what_the_server_shows(phone, "rita")


def test_refused_visit_is_mended_on_its_form_and_sent_again(office, customer):
    wang = customer["wang"]
    desk = Device(office.firm, "rita", "desk")
    contact = desk.add("contact", name="王芳", account_id=wang, owner_id="rita")
    desk.sync()
    ritas, monas = office.phone("rita"), office.phone("mona")
    ritas.go_offline()
    ritas.open(f"/activities/new?account={wang}")
    ritas.tap("label:has-text('王芳'):has([name='a.contact_ids'])")
    ritas.page.fill("[name='a.body']", "They want steel samples")
    save(ritas)

    monas.open(f"/contacts/{contact}/edit")
    monas.tap("summary:has-text('Delete')")
    monas.tap_through("button:has-text('Delete')")
    monas.wait_for_chip("synced")
    ritas.go_online()
    ritas.wait_for_chip("needs_you")
    assert "activity" not in projection(office.firm, "rita")

    ritas.open("/outbox")
    assert "does not exist any more" in ritas.page.inner_text("main")
    assert "They want steel samples" in ritas.page.locator("main").text_content()
    ritas.tap_through("main .card--danger a:has-text('Edit')")
    ritas.tap("label:has([name='a.contact_ids']:checked)")
    save(ritas)
    ritas.wait_for_chip("synced")

    [visit] = projection(office.firm, "rita")["activity"].values()
    assert (visit["body"], visit["contact_ids"]) == ("They want steel samples", "[]")
    assert office.changes(visit["id"]) == 1
    assert_holds_what_the_server_shows(ritas, "rita")
