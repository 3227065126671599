"""Two people, two phones, one customer: both see a conflict and settle it offline; lost access takes rows away."""

from __future__ import annotations

from contextlib import contextmanager

from tests.browser.phone import PHONE, Phone, phone_at
from tests.device import projection
from tests.small_firm import as_server, op


@contextmanager
def two_phones(firm, chromium):
    """Rita's phone and her manager Mona's, both with everything that they may hold."""
    as_server(
        firm,
        op("account", "acme", name="王芳贸易", kind="customer", industry="Trade", owner_id="rita"),
        op("contact", "wang", name="王芳", account_id="acme", owner_id="rita"),
    )
    with phone_at(firm, chromium) as ritas:
        context = chromium.new_context(**PHONE)
        try:
            monas = Phone(firm, ritas.faults, ritas.url, context)
            ritas.sign_in("rita")
            monas.sign_in("mona")
            yield ritas, monas
        finally:
            context.close()


def change_industry(phone: Phone, industry: str) -> None:
    phone.open("/customers/acme/edit")
    phone.page.fill("[name='a.industry']", industry)
    phone.page.locator("main").get_by_role("button", name="Save").click()
    phone.page.wait_for_url("**/customers/acme")


def test_conflict_is_seen_by_both_and_settled_without_signal(firm, chromium):
    with two_phones(firm, chromium) as (ritas, monas):
        ritas.go_offline()
        monas.go_offline()
        change_industry(ritas, "Steel")
        change_industry(monas, "Glass")
        ritas.go_online()
        ritas.wait_for_chip("synced")
        monas.go_online()

        for phone in (ritas, monas):
            for _ in range(60):
                phone.open("/conflicts")
                if phone.page.locator("main a[href^='/conflicts/']").count():
                    break
                phone.page.wait_for_timeout(250)
            phone.page.locator("main a[href^='/conflicts/']").first.click()
            card = phone.page.locator(".conflict").inner_text()
            assert all(word in card for word in ("Steel", "Glass", "You", "Trade"))

        ritas.go_offline()
        ritas.page.locator(".conflict label.pick", has_text="Steel").click()
        ritas.page.click(".conflict button[type=submit]")
        ritas.page.wait_for_url("**/customers/acme")
        assert "Steel" in ritas.page.locator("main").inner_text()

        ritas.go_online()
        ritas.wait_for_chip("synced")
        assert projection(firm, "rita")["account"]["acme"]["industry"] == "Steel"
        assert [row["settled_by"] for row in projection(firm, "mona")["conflict"].values()] == ["rita"]
        for _ in range(60):
            monas.open("/customers/acme")
            if "Steel" in monas.page.locator("main").inner_text():
                break
            monas.page.wait_for_timeout(250)
        assert "Steel" in monas.page.locator("main").inner_text()


def test_lost_access_takes_the_customer_off_the_phone_and_the_unsent_edit_is_not_lost(firm, chromium):
    with two_phones(firm, chromium) as (ritas, _):
        ritas.go_offline()
        change_industry(ritas, "Steel")
        as_server(firm, op("account", "acme", owner_id="sam"))

        ritas.go_online()
        for _ in range(60):
            ritas.open("/customers")
            if "王芳贸易" not in ritas.page.locator("main").inner_text():
                break
            ritas.page.wait_for_timeout(250)

        assert "王芳贸易" not in ritas.page.locator("main").inner_text()
        ritas.open("/search?q=wf")
        assert "王芳" not in "".join(ritas.page.locator("main ul").all_inner_texts())
        ritas.open("/outbox")
        assert ritas.page.locator("main [name='outbox.n']").count() == 0
        assert projection(firm, "sam")["account"]["acme"]["industry"] == "Steel"
