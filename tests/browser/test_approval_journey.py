"""A request is written, submitted and decided without signal, and what changed meanwhile is never approved by it."""

from __future__ import annotations

from contextlib import ExitStack

import pytest

from server.firm import wall_clock_ms
from tests.browser.phone import served_app
from tests.browser.test_journeys import Office, wait_until
from tests.unit.approving import MANAGER, Firm, people

FORM = [{"key": "days", "label": "Days", "type": "number", "required": True}]


@pytest.fixture
def office(firm, chromium):
    firm.clock = wall_clock_ms
    with served_app(firm) as (faults, url), ExitStack() as closing:
        yield Office(firm, faults, url, chromium, closing)


@pytest.fixture
def at(office):
    """What the server has; Mona is Rita's manager, the boss is asked after her."""
    at = Firm(office.firm)
    at.define("leave", MANAGER, people("top", "boss"), form=FORM, asks=["amount"])
    return at


def text(phone) -> str:
    return phone.page.locator("main").inner_text()


def shows(phone, path: str, *words: str) -> None:
    """The page says all this, at the latest when the next sync has brought it."""

    def is_there() -> bool:
        phone.open(path)
        return all(word in text(phone) for word in words)

    wait_until(is_there, 30)


def ask(phone, title: str, days: str) -> str:
    """Rita's request, typed and submitted; its address."""
    phone.open("/approvals/new")
    phone.page.locator("main .row__link").first.click()
    phone.page.fill("[name='r.title']", title)
    phone.page.fill("[name='r.answers.days']", days)
    phone.page.fill("[name='r.amount_cents']", "1280.50")
    phone.tap_through("#request button[name='s.verb']")
    return phone.page.url.removeprefix(phone.url)


def states(at) -> dict[str, str]:
    with at.firm.look() as db:
        return dict(db.execute("SELECT title, state FROM approval").fetchall())


def test_asked_and_approved_without_signal_and_what_changed_meanwhile_is_asked_again(office, at):
    ritas = office.phone("rita")
    ritas.go_offline()
    address = ask(ritas, "Wedding", "3")
    assert "Submitted, to send" in text(ritas) and "Not yet in force" in text(ritas)
    assert states(at) == {}

    ritas.go_online()
    wait_until(lambda: states(at) == {"Wedding": "pending"}, 30)
    monas = office.phone("mona", "/approvals")
    shows(monas, "/approvals", "Wedding", "¥1,280.50")
    assert "Wedding" in (monas.open("/"), text(monas))[1]

    monas.go_offline()
    monas.open(address)
    monas.tap_through("#approve button")
    assert "Approved, to send" in text(monas) and "Not yet in force" in text(monas)

    shows(ritas, address, "In approval")
    ritas.open(address + "/edit")
    ritas.page.fill("[name='r.answers.days']", "5")
    ritas.tap_through("#request .btn--primary")
    wait_until(lambda: len(at.rows("approval_revision", address.rpartition("/")[2])) == 2, 30)

    monas.go_online()
    shows(monas, address, "Changed meanwhile", "Version 2 stands", "decide about it as it stands now")
    assert states(at) == {"Wedding": "pending"}
    monas.tap_through("#approve button")
    wait_until(lambda: at.waiting(address.rpartition("/")[2]) == ["boss"], 30)
    shows(ritas, address, "Mona: Approved", "Not in force: it was about version 1")
    assert ritas.problems == monas.problems == []


def test_a_decision_can_be_undone_before_it_is_sent(office, at):
    request = at.ask("rita", "leave", title="Wedding", answers='{"days": "3"}', amount_cents=100, currency="CNY")
    monas = office.phone("mona", "/approvals")
    shows(monas, f"/approvals/{request}", "Wedding")
    monas.go_offline()

    monas.page.locator(".decide__no summary").tap()
    monas.page.fill("[name='n.note']", "Not now")
    monas.tap_through("#reject button")
    assert "Rejected, to send" in text(monas) and "Not now" in text(monas)
    monas.tap_through(".notice--undo button")

    assert "to send" not in text(monas)
    assert monas.page.locator("#approve").count() == 1
    monas.go_online()
    monas.wait_for_chip("synced")
    assert at.state(request) == "pending"
    assert [row["verb"] for row in at.rows("approval_action", request)] == ["submit"]


def test_two_who_decide_at_once_are_told_who_was_faster(office, at):
    at.define("offer", people("money", "kim", "lee", mode="any"))
    request = at.ask("rita", "offer", title="Discount")
    lees = office.phone("lee", "/approvals")
    shows(lees, f"/approvals/{request}", "Discount")
    lees.go_offline()
    lees.tap_through("#approve button")
    at.does("kim", "reject", request)

    lees.go_online()

    shows(lees, f"/approvals/{request}", "Kim had decided already.", "It is kept below.")
    assert at.state(request) == "rejected"


def test_several_are_approved_at_once_and_each_counts_once(office, at):
    requests = [
        at.ask("rita", "leave", title=f"Trip {n}", answers='{"days": "3"}', amount_cents=n, currency="CNY")
        for n in range(1, 4)
    ]
    monas = office.phone("mona", "/approvals")
    shows(monas, "/approvals/several", "Trip 1", "Trip 2", "Trip 3")
    monas.go_offline()

    for title in ("Trip 1", "Trip 2"):
        monas.page.locator("label.several", has_text=title).tap()
    monas.tap_through("#several .btn--primary")
    assert text(monas).count("Approved, to send") == 2
    monas.go_online()

    wait_until(lambda: [at.waiting(one) for one in requests] == [["boss"], ["boss"], ["mona"]], 30)
    approvals = [row for one in requests for row in at.rows("approval_action", one) if row["verb"] == "approve"]
    assert [row["effect"] for row in approvals] == ["in_force", "in_force"]
