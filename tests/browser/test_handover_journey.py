"""Handing customers over and claiming them, by people with phones, without signal where it matters most."""

from __future__ import annotations

from contextlib import ExitStack

import pytest

from server.firm import wall_clock_ms
from tests.browser.phone import served_app
from tests.browser.served import session_cookie
from tests.browser.test_journeys import DAY_MS, Office, assert_holds_what_the_server_shows, save, wait_until
from tests.device import Device, projection
from tests.small_firm import as_server, op

HOW_MANY = 30


@pytest.fixture
def office(firm, chromium):
    firm.clock = wall_clock_ms
    with served_app(firm) as (faults, url), ExitStack() as closing:
        yield Office(firm, faults, url, chromium, closing)


@pytest.fixture
def customers(office) -> list[str]:
    """Rita's, each with a contact; the first with an appointment to come and an open task."""
    desk, soon = Device(office.firm, "rita", "desk"), office.firm.clock() + DAY_MS
    made = []
    for n in range(HOW_MANY):
        made.append(desk.add("account", name=f"Customer {n:02}", kind="customer", level="ab"[n % 2], owner_id="rita"))
        desk.add("contact", name=f"Contact {n:02}", account_id=made[n], owner_id="rita")
    times = {"start_ms": soon, "end_ms": soon + 3_600_000}
    desk.add("event", title="Samples", kind="visit", account_id=made[0], owner_id="rita", **times)
    desk.add("task", title="Quote", account_id=made[0], owner_id="rita", assignee_id="rita")
    desk.sync()
    return made


def owners(office, user_id: str) -> dict[str, str]:
    return {id: row["owner_id"] for id, row in projection(office.firm, user_id).get("account", {}).items()}


def text_of(phone) -> str:
    return phone.page.locator("main").inner_text()


def open_until(phone, path: str, words: str, is_there: bool = True) -> str:
    """Open a page again and again, as a person does who waits for news."""

    def shows() -> bool:
        phone.open(path)
        return (words in text_of(phone)) is is_there

    wait_until(shows, 20)
    return text_of(phone)


def test_thirty_customers_go_to_a_colleague_while_the_leaver_is_without_signal(office, customers):
    ritas, monas, rons = (office.phone(name) for name in ("rita", "mona", "ron"))

    # Rita, in the cellar, writes on.
    ritas.go_offline()
    ritas.open(f"/customers/{customers[0]}/edit")
    ritas.page.fill("[name='a.industry']", "Steel")
    save(ritas)
    ritas.open(f"/activities/new?account={customers[1]}")
    ritas.page.fill("[name='a.body']", "They want samples")
    save(ritas)

    # Her manager hands all of it to Ron, on the train.
    monas.go_offline()
    monas.open("/people/rita")
    monas.tap_through("main a[href='/people/rita/handover']")
    monas.page.select_option("#c-to", "ron")
    monas.page.locator("#hand-over").wait_for()
    assert f"{HOW_MANY}\nCustomers" in text_of(monas) or f"Customers\n{HOW_MANY}" in text_of(monas)
    monas.page.fill("[name='a0.note']", "Call Customer 03 first")
    monas.tap_through("#hand-over button[type=submit]")
    assert "Until then nothing changes" in text_of(monas)
    assert set(owners(office, "mona").values()) == {"rita"}

    monas.go_online()
    monas.wait_for_chip("synced")
    wait_until(lambda: set(owners(office, "mona").values()) == {"ron"})
    sheet = next(iter(projection(office.firm, "mona")["handover"]))
    shown = open_until(monas, f"/handovers/{sheet}", "Customer 29")
    assert "Rita to Ron" in shown and "Call Customer 03 first" in shown
    assert shown.count("No appointment") == HOW_MANY - 1 and "1 open task: Quote" in shown

    # Ron has everything, and says so.
    open_until(rons, "/customers", "Customer 29")
    rons.open("/handovers")
    assert "Yours to take over" in text_of(rons)
    rons.open(f"/handovers/{sheet}")
    rons.tap_through("#receive button")
    assert "Ron has taken this over." in text_of(rons)
    rons.wait_for_chip("synced")

    # What Rita wrote arrives, although it is no longer hers; then it leaves her phone.
    ritas.go_online()
    open_until(ritas, "/customers", "Customer 00", is_there=False)
    ritas.open("/outbox")
    assert ritas.page.locator("main [name='outbox.n']").count() == 0
    assert_holds_what_the_server_shows(ritas, "rita")
    held = projection(office.firm, "ron")
    assert len(held["account"]) == HOW_MANY and len(held["contact"]) == HOW_MANY
    assert held["account"][customers[0]]["industry"] == "Steel"
    assert [row["body"] for row in held["activity"].values()] == ["They want samples"]
    assert [(row["owner_id"], row["assignee_id"]) for row in held["task"].values()] == [("ron", "ron")]
    assert [row["owner_id"] for row in held["event"].values()] == ["ron"]
    open_until(rons, f"/customers/{customers[1]}", "They want samples")
    assert_holds_what_the_server_shows(rons, "ron")
    open_until(monas, f"/handovers/{sheet}", "Ron has taken this over.")
    assert not any((ritas.problems, monas.problems, rons.problems))


def test_two_claim_one_customer_one_has_it_and_the_other_is_told(office):
    as_server(office.firm, op("account", "free", name="Nordwind", kind="customer"))
    ritas, sams = office.phone("rita", "/pool"), office.phone("sam", "/pool")
    for phone in (ritas, sams):
        phone.go_offline()
        phone.open("/pool")
        phone.tap("main button:has-text('Claim')")
        phone.page.locator("text=the server decides").first.wait_for()

    sams.go_online()
    sams.wait_for_chip("synced")
    wait_until(lambda: owners(office, "sam").get("free") == "sam")
    ritas.go_online()
    ritas.wait_for_chip("needs_you")

    assert "Nordwind" in open_until(ritas, "/pool", "Sam was faster and has it now.")
    ritas.open("/outbox")
    assert "Sam was faster and has it now." in text_of(ritas)
    ritas.open("/pool")
    ritas.tap_through("main button:has-text('Let it go')")
    ritas.wait_for_chip("synced")
    assert "Nordwind" not in text_of(ritas)
    sams.open("/customers/free")
    assert "Sam" in text_of(sams) and "In the shared pool" not in text_of(sams)
    for phone, user_id in ((ritas, "rita"), (sams, "sam")):
        assert_holds_what_the_server_shows(phone, user_id)


def test_a_customer_given_back_is_in_everybodys_pool(office, customers):
    ritas, sams = office.phone("rita"), office.phone("sam", "/pool")
    ritas.open(f"/customers/{customers[0]}")
    ritas.tap("summary:has-text('Give it back to the shared pool')")
    ritas.tap_through("button:has-text('Give it back')")
    ritas.wait_for_chip("synced")

    open_until(sams, "/pool", "Customer 00")
    sams.tap("main button:has-text('Claim')")
    wait_until(lambda: owners(office, "sam").get(customers[0]) == "sam")
    open_until(ritas, "/pool", "Customer 00", is_there=False)


def test_without_scripts_the_server_hands_over_two_ways_at_once(office, customers, chromium):
    context = chromium.new_context(java_script_enabled=False, locale="en-GB")
    try:
        context.add_cookies([session_cookie(office.firm, "mona", office.url)])
        page = context.new_page()
        page.goto(office.url + "/people/rita/handover")
        page.select_option("#c-to", "ron")
        page.select_option("#c-level", "a")
        page.select_option("#c-rest", "mona")
        page.click("text=Show what goes")
        page.fill("[name='a0.note']", "for Ron")
        page.click("text=Hand over now")

        assert page.url == office.url + "/handovers"
        assert all(page.locator(f"main >> text=Rita to {name}").count() == 1 for name in ("Ron", "Mona"))
        assert sorted(owners(office, "mona").values()) == ["mona"] * 15 + ["ron"] * 15
        names = {row["name"] for row in projection(office.firm, "ron")["account"].values()}
        assert names == {f"Customer {n:02}" for n in range(0, HOW_MANY, 2)}
    finally:
        context.close()
