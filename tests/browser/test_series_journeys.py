"""Series and clashes on two phones without signal: what was done apart is the same on both afterwards."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from sync.ids import derived_id
from tests.browser.phone import PHONE, Phone, phone_at
from tests.device import projection
from tests.small_firm import as_server, op


@contextmanager
def two_phones(firm, chromium, one: str, two: str):
    with phone_at(firm, chromium, has_touch=True) as first:
        context = chromium.new_context(**PHONE, has_touch=True)
        try:
            second = Phone(firm, first.faults, first.url, context)
            first.sign_in(one)
            second.sign_in(two)
            yield first, second
        finally:
            context.close()


def day(firm, days: int) -> str:
    """A day from next Tuesday on, where the firm is."""
    today = datetime.now(ZoneInfo(firm.timezone)).date()
    return (today + timedelta(days=7 + (1 - today.weekday()) % 7 + days)).isoformat()


def instant(firm, date: str, clock: str) -> int:
    return int(datetime.fromisoformat(f"{date}T{clock}").replace(tzinfo=ZoneInfo(firm.timezone)).timestamp() * 1000)


def save(phone: Phone) -> None:
    phone.tap_through("main form.form button[type=submit].btn--primary")


def make_series(phone: Phone, date: str, colleague: str) -> str:
    """Every Tuesday at ten, together with a colleague; the row's id."""
    phone.open(f"/events/new?date={date}&time=10:00")
    phone.page.fill("[name='e.title']", "Round")
    phone.page.select_option("[name='e.rrule']", "FREQ=WEEKLY")
    phone.page.locator("details.people > summary").click()
    phone.page.check(f"[name='e.attendee_ids'][value='{colleague}']")
    save(phone)
    assert "Every Tuesday" in phone.page.inner_text("main")
    return phone.page.url.rpartition("/")[2].partition("?")[0]


def sync(phone: Phone) -> None:
    phone.go_online()
    phone.wait_for_chip("synced")


def wait_for_text(phone: Phone, path: str, text: str) -> str:
    for _ in range(60):
        phone.open(path)
        if text in phone.page.inner_text("main"):
            break
        phone.page.wait_for_timeout(250)
    assert text in phone.page.inner_text("main"), phone.page.inner_text("main")
    return phone.page.inner_text("main")


def test_series_made_without_signal_and_one_of_it_changed_on_two_phones(firm, chromium):
    with two_phones(firm, chromium, "rita", "sam") as (ritas, sams):
        ritas.go_offline()
        series = make_series(ritas, day(firm, 0), "sam")
        assert "Round" in wait_for_text(ritas, f"/schedule?date={day(firm, 14)}", "Round")
        sync(ritas)
        wait_for_text(sams, f"/schedule?date={day(firm, 14)}", "10:00–11:00")

        for phone in (ritas, sams):
            phone.go_offline()
        # Sam moves the second one to the day after; Rita gives the same one another place.
        sams.open(f"/events/{series}?on={day(firm, 7)}")
        sams.tap_through("section[aria-labelledby=move] button")
        ritas.open(f"/events/{series}?on={day(firm, 7)}")
        ritas.tap("details.ask > summary:has-text('Edit')")
        ritas.tap_through("text=Only this one")
        ritas.page.fill("[name='e.place']", "Room 7")
        save(ritas)
        sync(sams)
        sync(ritas)

        for phone in (ritas, sams):
            text = wait_for_text(phone, f"/events/{derived_id(series, day(firm, 7))}", "Room 7")
            assert "goes its own way" in text
            assert "Round" in wait_for_text(phone, f"/schedule?date={day(firm, 8)}", "Room 7")
            phone.open(f"/schedule?date={day(firm, 7)}")
            assert "Round" not in phone.page.inner_text("main")
            phone.open(f"/schedule?date={day(firm, 14)}")
            assert "Round" in phone.page.inner_text("main")
        for person in ("rita", "sam"):
            assert projection(firm, person).get("conflict", {}) == {}
            one = projection(firm, person)["event"][derived_id(series, day(firm, 7))]
            assert (one["place"], one["start_ms"]) == ("Room 7", instant(firm, day(firm, 8), "10:00"))


def visit(phone: Phone, title: str, date: str, clock: str, colleague: str = "") -> None:
    phone.open(f"/events/new?date={date}&time={clock}")
    phone.page.fill("[name='e.title']", title)
    if colleague:
        phone.page.locator("details.people > summary").click()
        phone.page.check(f"[name='e.attendee_ids'][value='{colleague}']")
    save(phone)


@pytest.mark.parametrize("way_out", ["Move Meeting to", "Keep both", "Cancel Meeting"])
def test_two_places_at_once_are_seen_on_both_phones_and_settled_in_one_tap(firm, chromium, way_out):
    as_server(firm, op("account", "acme", name="王芳贸易", kind="customer", owner_id="rita"))
    with two_phones(firm, chromium, "rita", "mona") as (ritas, monas):
        for phone in (ritas, monas):
            phone.go_offline()
        visit(ritas, "Visit", day(firm, 0), "10:00")
        visit(monas, "Meeting", day(firm, 0), "10:30", colleague="rita")
        sync(ritas)
        sync(monas)

        wait_for_text(monas, f"/schedule?date={day(firm, 0)}", "Meeting")
        monas.tap_through("main a:has-text('Meeting')")
        assert "Rita: Visit, 10:00–11:00" in monas.page.inner_text("main")
        wait_for_text(ritas, "/", "Two appointments at one time")
        assert "Overlaps with Meeting" in wait_for_text(ritas, f"/schedule?date={day(firm, 0)}", "Meeting")

        ritas.go_offline()
        ritas.open("/")
        if way_out == "Keep both":
            ritas.tap_through("main button:has-text('Keep both')")
        elif way_out == "Cancel Meeting":
            ritas.tap_through("main button:has-text('Cancel Meeting')")
        else:
            ritas.tap_through("main :is(button, a.btn):has-text('Move Meeting')")
            ritas.tap_through("main button:has-text('Move to')")
        ritas.open("/")
        assert "one time" not in ritas.page.inner_text("main")
        sync(ritas)

        for _ in range(60):
            monas.open(monas.page.url.removeprefix(monas.url))
            if "At the same time" not in monas.page.inner_text("main"):
                break
            monas.page.wait_for_timeout(250)
        assert "At the same time" not in monas.page.inner_text("main")
        if way_out == "Cancel Meeting":
            assert "Cancelled" in monas.page.inner_text("main")
