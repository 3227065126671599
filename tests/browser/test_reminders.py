"""The device reminds by itself: with and without signal, once, in the server's words.  What is put off comes again."""

from __future__ import annotations

import time

import pytest

from server.reminders import tick
from sync.ids import derived_id
from tests.browser.phone import phone_at
from tests.small_firm import as_server, op

HOUR = 3_600_000


def now_ms() -> int:
    return int(time.time() * 1000)


@pytest.fixture
def real_time(firm):
    """A firm whose clock goes as the browser's does."""
    firm.clock.ms = now_ms()
    return firm


def visit(in_s: float, row_id: str = "visit", **fields) -> int:
    """An appointment that reminds in so many seconds. Returns when it begins."""
    start_ms = now_ms() + int(in_s * 1000) + 600_000
    return start_ms, op(
        "event", row_id, title="Signing", kind="visit", start_ms=start_ms, end_ms=start_ms + HOUR, remind_minutes=10,
        owner_id="rita", **fields,
    )  # fmt: skip


def notices(page) -> list[str]:
    return page.locator("[data-notice^='event:'] p, [data-notice^='task:'] p").all_inner_texts()


NOTIFICATIONS = """(async () => (await (await navigator.serviceWorker.getRegistration()).getNotifications())
  .map(({ title, tag, data, actions }) => ({ title, tag, data, actions: actions.map(({ action }) => action) })))()"""


def test_an_open_page_without_signal_reminds_and_says_it_until_it_is_answered(real_time, chromium):
    as_server(real_time, op("account", "acme", name="Acme Ltd", short_name="Acme", kind="customer", owner_id="rita"))
    start_ms, made = visit(4, account_id="acme")
    as_server(real_time, made)
    with phone_at(real_time, chromium) as phone:
        phone.sign_in()
        phone.go_offline()
        phone.page.locator("[data-notice^='event:']").wait_for(timeout=15_000)
        clock = phone.page.evaluate(
            "(ms) => new Date(ms).toLocaleTimeString('en-GB',"
            " { timeZone: 'Asia/Shanghai', hour: '2-digit', minute: '2-digit' })",
            start_ms,
        )
        assert notices(phone.page) == [f"Appointment at {clock}: Acme"]

        phone.open("/tasks")  # it was not answered: it stands on the next page, too
        phone.page.locator("[data-notice^='event:'] button:has-text('Close')").click()
        phone.wait_for("!document.querySelector('[data-notice]')")
        phone.stop_worker()
        phone.open("/customers")
        phone.wait_for("navigator.serviceWorker.controller")
        phone.page.wait_for_timeout(1_500)
        assert notices(phone.page) == []
        assert phone.problems == []


def test_what_is_put_off_without_signal_reaches_the_server_and_comes_again(real_time, chromium):
    start_ms, made = visit(3)
    as_server(real_time, made)
    key = f"event:visit:{start_ms}"
    with phone_at(real_time, chromium) as phone:
        phone.sign_in()
        phone.go_offline()
        phone.page.locator("[data-notice^='event:'] button:has-text('In 10 minutes')").click(timeout=15_000)
        phone.wait_for("!document.querySelector('[data-notice]')")
        phone.open("/me/reminders")
        assert "Signing" in phone.page.locator("main").inner_text()

        real_time.clock.ms = now_ms()
        phone.go_online()
        phone.wait_for_chip("synced")
        with real_time.look() as db:
            until_ms = db.execute("SELECT until_ms FROM snooze WHERE id = ?", (derived_id(key, "rita"),)).fetchone()[0]
            due = db.execute("SELECT at_ms FROM reminder WHERE key = ?", (key,)).fetchone()[0]
        assert due == until_ms > start_ms - 600_000


def test_with_permission_the_system_shows_it_once_with_the_tag_and_words_of_a_push(real_time, chromium):
    as_server(real_time, op("account", "acme", name="Acme Ltd", short_name="Acme", kind="customer", owner_id="rita"))
    start_ms, made = visit(3, account_id="acme")
    as_server(real_time, made)
    with phone_at(real_time, chromium, permissions=["notifications"]) as phone:
        phone.sign_in()
        phone.go_offline()
        phone.wait_for_notifications(f"(await {NOTIFICATIONS}).length === 1")
        [shown] = phone.page.evaluate(NOTIFICATIONS)
        real_time.clock.ms = start_ms - 500_000
        real_time.write_now(lambda db: tick.send_due(db, real_time))
        with real_time.look() as db:
            [notice] = db.execute("SELECT * FROM notice WHERE kind = 'reminder'").fetchall()
        assert shown["tag"] == f"reminder:{notice['address']}" == "reminder:/events/visit"
        assert shown["data"] == {"key": notice["key"], "kind": "reminder", "for": "rita", "address": "/events/visit"}
        assert shown["actions"] == ["snooze"]
        assert shown["title"].startswith("Appointment at ") and shown["title"].endswith(": Acme")

        phone.page.evaluate(
            "(async () => (await (await navigator.serviceWorker.getRegistration()).getNotifications())"
            ".forEach((one) => one.close()))()"
        )
        phone.open("/tasks")
        phone.page.wait_for_timeout(1_500)
        assert phone.page.evaluate(NOTIFICATIONS) == []
        assert notices(phone.page) == []


def test_many_at_once_are_told_in_a_few_lines(real_time, chromium):
    for n in range(6):
        as_server(real_time, visit(-60, f"visit{n}")[1])
    with phone_at(real_time, chromium) as phone:
        phone.sign_in()
        phone.page.locator("[data-notice=reminders]").wait_for()
        assert len(notices(phone.page)) == 3
        assert "3 more reminders" in phone.page.locator("[data-notice=reminders]").inner_text()

        phone.page.locator("[data-notice=reminders] button").click()
        phone.wait_for("!document.querySelector('[data-notice]')")
        phone.open("/tasks")
        phone.page.wait_for_timeout(1_500)
        assert notices(phone.page) == []


SAID = {"zh-Hans": "有任务到期打开10 分钟后关闭", "zh-Hant": "有任務到期開啟10 分鐘後關閉"}


@pytest.mark.parametrize("language, said", SAID.items())
def test_a_device_reminds_in_its_persons_language(real_time, chromium, language, said):
    with real_time.look() as db:
        today = db.execute("SELECT local_date(?, 'Asia/Shanghai')", (now_ms(),)).fetchone()[0]
    as_server(real_time, op("task", "call", title="Call", due_on=today, assignee_id="rita", owner_id="mona"))
    as_server(real_time, op("preference", "rita", owner_id="rita", remind_at="00:00", language=language))
    with phone_at(real_time, chromium) as phone:
        phone.sign_in()
        notice = phone.page.locator("[data-notice^='task:']")
        notice.wait_for()
        assert "".join(notice.inner_text().split("\n")) == said


def test_both_hosts_put_a_task_off(real_time, chromium):
    with real_time.look() as db:
        today = db.execute("SELECT local_date(?, 'Asia/Shanghai')", (now_ms(),)).fetchone()[0]
    for n in ("here", "there"):
        as_server(real_time, op("task", n, title="Call back", due_on=today, assignee_id="rita", owner_id="mona"))
    # At midnight, so that it has come at any hour of the day on which this runs.
    as_server(real_time, op("preference", "rita", owner_id="rita", remind_at="00:00"))
    with phone_at(real_time, chromium) as phone:
        phone.sign_in()
        for row_id, more in (("here", ""), ("there", "?server=1")):
            phone.open(f"/tasks/{row_id}{more}")
            phone.page.locator("main button:has-text('In 1 hour')").click()
            phone.page.locator("text=You will be reminded again").wait_for()
        phone.wait_for_chip("synced")
        with real_time.look() as db:
            assert db.execute("SELECT count(*) FROM snooze").fetchone()[0] == 2
