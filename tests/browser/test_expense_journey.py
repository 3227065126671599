"""A claim put together without signal: two expenses, a photo with each, and all of it at the office afterwards."""

from __future__ import annotations

from contextlib import ExitStack

import pytest

from server.approvals import ready_made
from server.firm import wall_clock_ms
from tests.browser.phone import served_app
from tests.browser.test_journeys import Office, wait_until
from tests.device import projection

# Two pictures of one pixel each, of different colours: a phone's photos as far as a form can tell.
PHOTO = """async (colour) => {
  const canvas = new OffscreenCanvas(8, 8);
  const context = canvas.getContext('2d');
  context.fillStyle = colour;
  context.fillRect(0, 0, 8, 8);
  const bytes = new Uint8Array(await (await canvas.convertToBlob({ type: 'image/jpeg' })).arrayBuffer());
  return [...bytes];
}"""


@pytest.fixture
def office(firm, chromium):
    firm.clock = wall_clock_ms
    firm.write_now(lambda db: ready_made.install(db, firm, "boss", "en"))
    with served_app(firm) as (faults, url), ExitStack() as closing:
        yield Office(firm, faults, url, chromium, closing)


def photo(phone, colour: str) -> dict:
    return {"name": f"{colour}.jpg", "mimeType": "image/jpeg", "buffer": bytes(phone.page.evaluate(PHOTO, colour))}


def spend(phone, amount: str, category: str, colour: str, button: str) -> None:
    phone.page.fill("[name='l.amount_cents']", amount)
    phone.page.locator("label.pill", has_text=category).tap()
    phone.page.set_input_files("[name='p.file']", photo(phone, colour))
    phone.tap_through(f"#line-form .actions button:text-is('{button}')")


def rows(office, entity: str) -> list[dict]:
    return list(projection(office.firm, "rita").get(entity, {}).values())


def test_a_claim_with_two_photos_is_put_together_without_signal_and_arrives_whole(office):
    phone = office.phone("rita")
    phone.go_offline()

    phone.open("/expenses/new")
    phone.tap_through("form[id^=begin] button[type=submit]")
    spend(phone, "128.50", "Meals", "red", "Save and next")
    assert "¥128.50" in phone.page.locator(".running").inner_text()
    spend(phone, "400", "Lodging", "blue", "Save")

    said = phone.page.locator("main").inner_text()
    assert "¥528.50" in said and "2 expenses" in said
    # Photos are made smaller before the form goes.
    phone.page.locator(".receipts img").nth(1).wait_for()
    phone.go_online()

    wait_until(lambda: len(rows(office, "attachment")) == 2, 30)
    lines = {line["id"]: line["amount_cents"] for line in rows(office, "expense_line")}
    assert sorted(lines.values()) == [12_850, 40_000]
    assert {file["target_id"] for file in rows(office, "attachment")} == set(lines)
    wait_until(lambda: all(file["stored_at_ms"] for file in rows(office, "attachment")), 30)
    assert phone.problems == []


def test_paying_says_plainly_that_it_needs_the_network(office):
    phone = office.phone("boss")
    phone.go_offline()

    phone.open("/approvals/any/pay")

    said = phone.page.locator("main").inner_text()
    assert "network" in said.lower() or "signal" in said.lower() or "server" in said.lower(), said
    assert phone.page.locator("#pay-form").count() == 0
