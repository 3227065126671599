"""Poor networks: slow, far, lossy, broken again and again, somebody else's. Progress is kept, requests are few."""

from __future__ import annotations

import random

import pytest

from tests.browser.line import FAIR, Line, Weather
from tests.browser.phone import PHONE, Phone, served_app
from tests.browser.served import serve
from tests.browser.test_sync_client import BENCH, Faults, Wire, _app, change, stock
from tests.browser.test_sync_client import wire as plain_wire  # noqa: F401
from tests.browser.test_worker import CUSTOMER
from tests.device import Device, projection

SLOW = 2_048
ONLINE = "dispatchEvent(new Event('online'))"


@pytest.fixture
def far_wire(firm, chromium):
    """A browser page that holds the client, behind a line; `line` is the fifth of its parts."""
    faults = Faults(_app(firm))
    with serve(faults) as server:
        line = Line(server)
        context = chromium.new_context()
        page = context.new_page()
        page.goto(f"{line.url}/tests/browser/blank.html")
        page.evaluate(f"import('{BENCH}').then((bench) => (window.bench = bench))")
        made = Wire(firm, faults, line.url, context, page)
        made.line = line
        yield made
        context.close()
        line.cut()


@pytest.fixture
def far_phone(firm, chromium):
    with served_app(firm) as (faults, url):
        line = Line(url)
        context = chromium.new_context(**PHONE)
        yield Phone(firm, faults, url, context, line)
        context.close()
        line.cut()


def grow(firm, accounts: int, calls: int) -> None:
    rita = Device(firm, "rita", "desk")
    made = [rita.add("account", name=f"客户 {n}", kind="customer", owner_id="rita") for n in range(accounts)]
    for n in range(calls):
        rita.add("activity", account_id=made[n % accounts], kind="call", at_ms=n, owner_id="rita", body=f"Call {n}")
    rita.sync()


def test_first_sync_gets_through_a_line_of_2_kb_a_second_that_breaks_at_any_byte(far_wire):
    grow(far_wire.firm, 60, 440)
    dice = random.Random(11)
    far_wire.open()
    far_wire.line.weather = Weather(bytes_per_s=SLOW, cuts=iter(lambda: dice.randint(3_000, 16_000), None))

    held, rounds = [0], 0
    while far_wire.sync() != "" and rounds < 40:
        held.append(sum(map(len, far_wire.call("rows").values())))
        rounds += 1

    assert held == sorted(held), "rows were lost again"
    assert far_wire.call("rows") == projection(far_wire.firm, "rita")
    assert rounds >= 1, "the line never broke: nothing was shown"
    assert len(far_wire.faults.asked) <= 20
    assert min(asked["chunk"] for asked in far_wire.faults.asked) < 5_000


def test_edit_over_a_far_and_lossy_line_is_saved_at_once_said_in_words_and_sent_once(far_phone):
    far_phone.sign_in()
    far_phone.wait_for_chip("synced")
    far_phone.open("/customers/new")
    before = len(far_phone.faults.asked)
    far_phone.line.weather = Weather(latency_s=3, loss=0.2)

    far_phone.page.fill("[name='a.name']", "Far Away")
    far_phone.page.click("main form button[type=submit]")
    far_phone.page.wait_for_url(CUSTOMER, timeout=5_000)  # no page waits for the line

    far_phone.page.locator("#sync-status", has_text="Connecting").wait_for(timeout=10_000)
    far_phone.page.locator("#sync-status [data-state=synced]", has_text="Synced").wait_for(timeout=60_000)
    assert [row["name"] for row in far_phone.customers()] == ["Far Away"]
    assert len(far_phone.faults.asked) - before <= 5
    far_phone.line.weather = FAIR


@pytest.mark.parametrize(
    "answer",
    [
        {"portal": True},
        {"portal": True, "status": 302, "headers": {"Location": "/hotel"}},
        {"portal": True, "status": 511},
        {"portal": True, "status": 403},
    ],
)
def test_network_that_wants_a_sign_in_of_its_own_is_recognised_however_it_says_so(plain_wire, answer):
    stock(plain_wire.firm)
    plain_wire.open()
    plain_wire.sync()
    plain_wire.edit(change("account", "acme", name="Acme", kind="customer"))
    plain_wire.faults.plan = [answer]

    assert plain_wire.sync() == "portal"

    assert plain_wire.states == ["waiting"]
    assert plain_wire.sync() == ""
    assert len(plain_wire.history("acme")) == 1


def test_silence_in_the_middle_of_an_answer_is_a_cut_and_the_next_line_carries_less(far_wire):
    grow(far_wire.firm, 40, 200)
    far_wire.open(patience={"answerMs": 3_000, "silenceMs": 700})
    far_wire.line.weather = Weather(latency_s=1)

    assert far_wire.sync() in ("cut", "offline")

    far_wire.line.weather = FAIR
    assert far_wire.sync() == ""
    assert far_wire.faults.asked[-1]["chunk"] < 5_000
    assert far_wire.call("rows") == projection(far_wire.firm, "rita")


# --- when the server is asked again --------------------------------------------------------------------

BACKOFF = """import('/service_worker/backoff.js').then(({ Backoff }) => {
  let now = 0, chance = 0.5;
  const backoff = new Backoff(() => now, () => chance);
  const waits = [];
  for (let n = 0; n < 12; n++) { backoff.failed(); waits.push(backoff.wait); now += backoff.wait; }
  chance = 0; backoff.hurry(); backoff.failed(); const least = backoff.wait;
  chance = 1; backoff.hurry(); backoff.failed(); const most = backoff.wait;
  backoff.hurry(); const hurried = backoff.wait;
  backoff.failed(90_000); backoff.hurry(); const asked = backoff.wait;
  backoff.succeeded();
  return { waits, least, most, hurried, asked, after: backoff.wait };
})"""


def test_waits_double_up_to_five_minutes_never_in_step_and_a_person_shortens_all_but_the_servers(js):
    told = js(f"await {BACKOFF}")

    assert told["waits"][:4] == [2_000, 4_000, 8_000, 16_000]
    assert told["waits"][-1] == 300_000
    assert (told["least"], told["most"]) == (1_400, 2_600)
    assert told["hurried"] == 0 and told["asked"] == 90_000 and told["after"] == 0


def test_server_that_asks_for_time_is_left_alone_until_then_even_by_a_person(far_phone):
    far_phone.sign_in()
    far_phone.wait_for_chip("synced")
    far_phone.page.wait_for_timeout(500)
    for status, error in ((503, "busy"), (429, "too_many")):
        far_phone.faults.plan = [{"status": status, "error": error, "headers": {"Retry-After": "5"}}]
        far_phone.add_customer(f"Patient {status}")
        far_phone.page.wait_for_url(CUSTOMER)
        far_phone.wait_for_chip("cannot")
        asked = len(far_phone.faults.asked)

        far_phone.page.evaluate(ONLINE)
        far_phone.open("/customers")
        far_phone.page.wait_for_timeout(1_000)
        assert len(far_phone.faults.asked) == asked

        far_phone.wait_for_chip("synced")  # by itself
    assert [row["name"] for row in far_phone.customers()] == ["Patient 503", "Patient 429"]


def test_failing_server_is_asked_ever_less_often_while_a_page_is_open(far_phone):
    far_phone.sign_in()
    far_phone.wait_for_chip("synced")
    far_phone.faults.plan = [{"status": 503, "error": "down"}] * 500
    far_phone.add_customer("Waiting")
    far_phone.page.wait_for_url(CUSTOMER)
    far_phone.wait_for_chip("cannot")
    asked = len(far_phone.faults.asked)

    far_phone.page.wait_for_timeout(9_000)

    assert 1 <= len(far_phone.faults.asked) - asked <= 4
    far_phone.open("/outbox")
    assert "asked again by itself" in far_phone.page.inner_text("main")
    far_phone.faults.plan = []
    far_phone.page.evaluate(ONLINE)
    far_phone.wait_for_chip("synced")


def test_page_asks_by_itself_when_the_stream_of_pokes_is_held_back(far_phone):
    """A proxy that buffers: the stream is open, and nothing of it arrives."""
    far_phone.context.add_init_script(
        """window.EventSource = class extends EventTarget { close() {} };
        const real = window.setInterval;
        window.setInterval = (act, ms) => real(act, ms === 60_000 ? 700 : ms);"""
    )
    rita = Device(far_phone.firm, "rita", "desk")
    account = rita.add("account", name="Before", kind="customer", owner_id="rita")
    rita.sync()
    far_phone.sign_in()
    far_phone.wait_for_chip("synced")

    rita.edit("account", account, name="After")
    rita.sync()

    far_phone.page.locator("main", has_text="After").wait_for()
