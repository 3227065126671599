"""The cashier's page and the engine agree on what is to be paid."""

from __future__ import annotations

import re

import pytest

from server.approvals import ready_made
from server.pages import Pages
from server.sign_in import sessions
from tests.device import Device
from tests.small_firm import make_firm
from tests.unit import shell


@pytest.fixture
def firm(tmp_path):
    firm = make_firm(tmp_path / "firm")
    firm.write_now(lambda db: ready_made.install(db, firm, "boss", "en"))
    firm.write_now(lambda db: db.execute("UPDATE role SET is_cashier = 1 WHERE id = 'boss'"))
    yield firm
    firm.close()


def signed_in(firm, user_id: str):
    about = {"user_id": user_id, "device_id": "desk", "device_name": "Desk", "started_by": "password"}
    browser = shell.client(firm)
    browser.app.state.pages = Pages()
    token = firm.write_now(lambda conn: sessions.start(conn, now_ms=firm.clock(), **about))
    browser.cookies.set("roadbook", token)
    return browser


def approved(firm) -> tuple[str, str]:
    """An advance of 500 and a claim of 800 against it, as the last step leaves them."""
    with firm.look() as conn:
        definitions = dict(conn.execute("SELECT kind, id FROM approval_definition").fetchall())
        versions = dict(conn.execute("SELECT definition_id, id FROM definition_version").fetchall())
    desk = Device(firm, "rita", "desk")

    def ask(kind: str, **fields) -> str:
        about = {"definition_id": definitions[kind], "version_id": versions[definitions[kind]], "owner_id": "rita"}
        return desk.add("approval", title=kind, currency="CNY", **about, **fields)

    advance = ask("advance", amount_cents=50_000)
    claim = ask("expense_claim", advance_id=advance)
    desk.sync()
    granted = "UPDATE approval SET state = 'approved', applicant_id = 'rita', sanctioned_cents = ? WHERE id = ?"
    firm.write_now(lambda db: db.executemany(granted, [(50_000, advance), (80_000, claim)]))
    return advance, claim


def pay(browser, request_id: str) -> int:
    html = browser.get(f"/approvals/{request_id}/pay").text
    form = html[html.index('id="pay-form"') :].partition("</form>")[0]
    typed = dict(re.findall(r'name="([^"]+)"[^>]*?value="([^"]*)"', form))
    own = {"Origin": "http://localhost:8000", "Sec-Fetch-Site": "same-origin"}
    return browser.post(f"/approvals/{request_id}/pay", data=typed, headers=own, follow_redirects=False).status_code


def test_what_the_page_says_is_to_pay_is_what_the_server_takes(firm):
    advance, claim = approved(firm)
    browser = signed_in(firm, "boss")

    assert (pay(browser, advance), pay(browser, claim)) == (303, 303)

    with firm.look() as conn:
        paid = dict(conn.execute("SELECT id, paid_cents FROM approval").fetchall())
        assert paid == {advance: 50_000, claim: 30_000}
    assert "Nothing of this advance is left." in browser.get(f"/approvals/{advance}/repay").text
