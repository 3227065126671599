"""Conflicts and history on phones: asked of the server, settled and put back without signal, and nothing lost."""

from __future__ import annotations

import json

from tests.browser.phone import Phone
from tests.browser.test_two_phones import change_industry, two_phones
from tests.device import projection
from tests.small_firm import START_MS, as_server, op


def conflict(id: str, unit: str, kept: str | None, lost: str, **fields) -> dict:
    about = {"target_entity": "account", "target_id": "acme", "account_id": "acme", "kind": "field", "unit": unit}
    sides = {"kept": json.dumps({unit: kept}), "lost": json.dumps({unit: lost}), "kept_by": "rita", "lost_by": "mona"}
    when = {"kept_at_ms": START_MS, "lost_at_ms": START_MS - 1}
    return op("conflict", id) | {"set": about | sides | when | fields | {"base": json.dumps({unit: None})}}


def wait_for_rows(phone: Phone, path: str, selector: str, count: int) -> None:
    for _ in range(60):
        phone.open(path)
        if phone.page.locator(selector).count() == count:
            return
        phone.page.wait_for_timeout(250)
    raise AssertionError(f"{path} never showed {count} of {selector}: {phone.page.locator('main').inner_text()}")


def sync(phone: Phone) -> None:
    phone.go_online()
    phone.wait_for_chip("synced")


def test_a_value_of_old_is_put_back_without_signal(firm, chromium):
    with two_phones(firm, chromium) as (ritas, _):
        change_industry(ritas, "Steel")
        put_back = ritas.page.get_by_role("button", name="Put back as it was before")

        wait_for_rows(ritas, "/history/account/acme", "main button", 1)
        assert ritas.host == "server" and "Trade → Steel" in ritas.page.locator("main").inner_text()
        ritas.go_offline()
        put_back.click()
        ritas.page.wait_for_url("**/customers/acme")

        facts = ritas.page.locator("main").inner_text()
        assert ritas.host == "device" and "Trade" in facts and "To send" in facts
        sync(ritas)
        assert projection(firm, "mona")["account"]["acme"]["industry"] == "Trade"


def test_history_without_signal_says_so_and_leads_back(firm, chromium):
    with two_phones(firm, chromium) as (ritas, _):
        ritas.open("/customers/acme")
        ritas.go_offline()

        ritas.page.get_by_role("link", name="History").click()
        ritas.page.wait_for_url("**/history/account/acme")

        assert "signal" in ritas.page.locator("main").inner_text().lower()
        assert ritas.page.locator("main a[href]").count()


def test_a_deleted_customer_is_brought_back_to_every_phone(firm, chromium):
    with two_phones(firm, chromium) as (ritas, monas):
        as_server(firm, op("account", "acme") | {"set": {}, "delete": True})
        wait_for_rows(monas, "/customers", "main a[href='/customers/acme']", 0)

        monas.open("/history/account/acme")
        monas.page.get_by_role("button", name="Bring it back").click()

        monas.page.get_by_text("Brought back").wait_for()
        for phone in (ritas, monas):
            wait_for_rows(phone, "/customers", "main a[href='/customers/acme']", 1)


def test_several_are_settled_without_signal_though_one_was_settled_meanwhile(firm, chromium):
    with two_phones(firm, chromium) as (ritas, monas):
        as_server(
            firm,
            conflict("clash-region", "region", None, "West"),
            conflict("clash-industry", "industry", "Trade", "Glass"),
            conflict("clash-level", "level", None, "a", kind="proposal"),
        )
        wait_for_rows(ritas, "/conflicts", "main li.clash", 3)
        wait_for_rows(monas, "/conflicts?whose=all", "main li.clash", 3)
        ritas.go_offline()
        monas.open("/conflicts/clash-industry")
        monas.page.locator(".conflict label.pick", has_text="Trade").click()
        monas.page.click(".conflict button[type=submit]")
        monas.wait_for_chip("synced")

        for box in ritas.page.locator("main li.clash input[type=checkbox]").all():
            box.check()
        ritas.page.get_by_role("button", name="Settle the ticked ones").click()
        ritas.page.get_by_role("button", name="Take the other, for all").click()
        ritas.page.wait_for_url("**/conflicts")
        assert ritas.page.locator("main li.clash").count() == 0
        sync(ritas)

        account = projection(firm, "rita")["account"]["acme"]
        assert (account["region"], account["level"]) == ("West", "a")
        assert projection(firm, "rita")["conflict"]["clash-region"]["settled_by"] == "rita"
        assert ritas.page.evaluate("fetch('/outbox').then((page) => page.text())").count("card--danger") == 0


def test_two_who_settle_one_conflict_differently_at_once_lose_nothing(firm, chromium):
    with two_phones(firm, chromium) as (ritas, monas):
        clash = conflict("clash-industry", "industry", "Trade", "Glass")
        as_server(firm, clash, op("account", "acme", industry="Wood"))
        for phone in (ritas, monas):
            wait_for_rows(phone, "/conflicts", "main li.clash", 1)
            phone.open("/conflicts/clash-industry")
            phone.go_offline()
        for phone, says in ((ritas, "Trade"), (monas, "Glass")):
            phone.page.locator(".conflict label.pick", has_text=says).first.click()
            phone.page.click(".conflict button[type=submit]")
            phone.page.wait_for_url("**/customers/acme")

        sync(ritas)
        sync(monas)

        rows = projection(firm, "mona")
        assert rows["account"]["acme"]["industry"] == "Glass"  # the later one
        assert rows["conflict"]["clash-industry"]["settled_at_ms"]
        [again] = [row for row in rows["conflict"].values() if not row["settled_at_ms"]]
        assert (json.loads(again["kept"]), json.loads(again["lost"])) == ({"industry": "Glass"}, {"industry": "Trade"})
