"""Notices: told once, by the ways that a person chose, at a time that suits, and safe over a crash."""

from __future__ import annotations

import json
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from server.config import read_settings
from server.notices import deliveries, queue, spread, subscriptions
from server.notices.courier import Courier
from server.notices.recipients import quiet_end_ms
from tests.own_loop import run
from tests.small_firm import as_server, make_firm, op
from tests.unit.notice_servers import Browser, http_server, vapid_claims

HOUR_MS = 3_600_000
DAY_MS = 86_400_000


@pytest.fixture
def service():
    """A push service that takes everything."""
    with http_server() as (url, asked):
        yield url, asked


@pytest.fixture
def no_mail(firm):
    return spread.Means(firm.timezone, False)


def courier_of(firm, *origins: str, **environ: str) -> Courier:
    """With http origins allowed as an administrator would allow them."""
    environ = {"ROADBOOK_URL": "https://roadbook.example.com", "ROADBOOK_DATA": str(firm.path.absolute())} | environ
    environ |= {"ROADBOOK_PUSH_ORIGINS": ",".join(origins), "ROADBOOK_ROBOT_ORIGINS": ",".join(origins)}
    return Courier(firm, read_settings(environ))


def send_all(courier: Courier) -> int:
    async def once() -> int:
        try:
            return await courier.send_all()
        finally:
            await courier.close()
            courier._web = None

    return run(once())


def subscribe(firm, user_id: str, url: str, device: str = "phone", language: str = "en") -> Browser:
    browser = Browser()
    given = browser.subscription(f"{url}/push/{user_id}-{device}")
    found = given["endpoint"], given["keys"]["p256dh"], given["keys"]["auth"]
    firm.write_now(lambda db: subscriptions.keep(db, user_id, device, found, language, firm.clock()))
    return browser


def tell(firm, user_id: str = "mona", key: str = "step-1", **more) -> bool:
    given = {
        "key": key,
        "user_id": user_id,
        "kind": "approval",
        "text": "%(name)s mentions you",
        "values": {"name": "Rita"},
        "address": "/approvals/a1",
    } | more
    return firm.write_now(lambda db: queue.add(db, now_ms=firm.clock(), **given))


def prefer(firm, user_id: str, **fields) -> None:
    add = {name: fields.pop(name) for name in list(fields) if isinstance(fields[name], list)}
    as_server(firm, {**op("preference", user_id, owner_id=user_id, **fields), "add": add})


def rows(firm, sql: str, *values) -> list[dict]:
    with firm.look() as db:
        return [dict(row) for row in db.execute(sql, values)]


def states(firm) -> list[tuple]:
    return [(one["way"], one["state"]) for one in rows(firm, "SELECT way, state FROM delivery ORDER BY id")]


# --- the queue ---------------------------------------------------------------------------------------


def test_a_second_notice_under_the_same_key_changes_nothing(firm):
    assert tell(firm)
    assert not tell(firm, text="something else")
    assert [one["sample"] for one in rows(firm, "SELECT sample FROM notice")] == ["%(name)s mentions you"]


def test_two_people_may_be_told_of_one_thing(firm):
    assert tell(firm) and tell(firm, "rita")


@pytest.mark.parametrize("wrong", [{"kind": "advert"}, {"address": "https://elsewhere"}, {"address": "//elsewhere"}])
def test_a_notice_leads_nowhere_else_and_is_of_a_known_kind(firm, wrong):
    with pytest.raises(ValueError, match=r"kind|address"):
        tell(firm, **wrong)


def test_what_is_taken_back_before_it_is_sent_reaches_nobody_and_may_be_added_anew(firm, service):
    url, asked = service
    subscribe(firm, "mona", url)
    tell(firm)
    firm.write_now(lambda db: queue.withdraw(db, address="/approvals/a1"))
    send_all(courier_of(firm, url))
    assert asked == [] and tell(firm)


def test_what_was_spread_already_is_taken_back_too(firm, service, no_mail):
    url, asked = service
    subscribe(firm, "mona", url)
    tell(firm)
    firm.write_now(lambda db: spread.spread(db, no_mail, firm.clock()))
    firm.write_now(lambda db: queue.withdraw(db, address="/approvals/a1", user_id="mona"))
    send_all(courier_of(firm, url))
    assert asked == []


def test_what_one_person_no_longer_needs_still_reaches_the_other(firm, service):
    url, asked = service
    for user_id in ("mona", "boss"):
        subscribe(firm, user_id, url)
        tell(firm, user_id)
    firm.write_now(lambda db: queue.withdraw(db, address="/approvals/a1", user_id="mona"))
    send_all(courier_of(firm, url))
    assert [one.path for one in asked] == ["/push/boss-phone"]


# --- ways --------------------------------------------------------------------------------------------


def test_every_device_of_a_person_is_pushed_to_in_the_persons_language(firm, service):
    url, asked = service
    prefer(firm, "mona", language="zh-Hans")
    browsers = [subscribe(firm, "mona", url, device) for device in ("phone", "desk")]
    tell(firm, approval=("a1", "s1", "f" * 64))
    send_all(courier_of(firm, url))
    assert len(asked) == 2
    by_path = {one.path: one for one in asked}
    for device, browser in zip(("phone", "desk"), browsers, strict=True):
        said = json.loads(browser.decrypt(by_path[f"/push/mona-{device}"].body))
        assert said["web_push"] == 8030
        assert said["notification"]["navigate"] == "https://roadbook.example.com/approvals/a1"
        assert said["notification"]["lang"] == "zh-Hans"
        assert "Rita" in said["notification"]["title"] and "mentions" not in said["notification"]["title"]
        assert said["notification"]["data"]["approval"] == {"id": "a1", "step": "s1", "hash": "f" * 64}
        assert [one["action"] for one in said["notification"]["actions"]] == ["approve", "reject"]


def test_a_push_is_signed_for_its_service_and_says_how_long_and_how_urgent(firm, service):
    url, asked = service
    subscribe(firm, "mona", url)
    tell(firm)
    send_all(courier_of(firm, url, ROADBOOK_CONTACT="it@example.com"))
    headers = asked[0].headers
    claims = vapid_claims(headers["authorization"])
    assert claims["aud"] == url and claims["sub"] == "mailto:it@example.com"
    assert (headers["ttl"], headers["urgency"], headers["content-encoding"]) == ("259200", "high", "aes128gcm")
    assert 0 < len(headers["topic"]) <= 32 and headers["topic"].replace("-", "").replace("_", "").isalnum()


def test_what_is_due_in_a_minute_is_kept_for_a_minute(firm, service):
    url, asked = service
    subscribe(firm, "mona", url)
    tell(firm, until_ms=firm.clock() + 60_000)
    send_all(courier_of(firm, url))
    assert 50 <= int(asked[0].headers["ttl"]) <= 60


def test_a_way_that_is_switched_off_for_a_kind_is_off_for_that_kind_alone(firm, service):
    url, asked = service
    subscribe(firm, "mona", url)
    prefer(firm, "mona", notice_off=["approval:push"])
    tell(firm)
    tell(firm, key="d1", kind="decision", address="/approvals/a2")
    send_all(courier_of(firm, url))
    assert len(asked) == 1 and states(firm) == [("push", "sent")]


def test_the_number_on_the_icon_counts_requests_that_wait_also_for_whom_one_stands_in(firm, service):
    url, asked = service
    browser = subscribe(firm, "mona", url)
    with firm.look() as db:
        today = db.execute("SELECT local_date(?, 'UTC')", (firm.clock(),)).fetchone()[0]
    firm.write_now(
        lambda db: [
            db.execute(
                "INSERT INTO approval (id, owner_id, applicant_id, state, waiting_ids) VALUES (?, ?, ?, ?, ?)", values
            )
            for values in (
                ("a1", "rita", "rita", "pending", '["mona"]'),
                ("a2", "ron", "ron", "pending", '["boss"]'),
                ("a3", "ron", "ron", "pending", '["sam"]'),
                ("a4", "ron", "ron", "approved", '["mona"]'),
                ("a5", "mona", "mona", "pending", '["boss"]'),
            )
        ]
        + [
            db.execute(
                "INSERT INTO substitute (id, owner_id, substitute_id, from_on, until_on)"
                " VALUES ('s', 'boss', 'mona', ?, ?)",
                (today, today),
            )
        ]
    )
    tell(firm)
    send_all(courier_of(firm, url))
    assert json.loads(browser.decrypt(asked[0].body))["app_badge"] == 2


def test_whoever_has_left_is_told_nothing(firm, service):
    url, asked = service
    subscribe(firm, "sam", url)
    tell(firm, "sam")
    with firm.look() as db:
        version = db.execute("SELECT version FROM user WHERE id = 'sam'").fetchone()[0]
    as_server(firm, op("user", "sam", version, is_active=0))
    send_all(courier_of(firm, url))
    assert asked == []


def test_signing_out_ends_the_pushes_of_that_device_alone(firm, service):
    from server.sign_in import sessions

    url, asked = service
    for device in ("phone", "desk"):
        subscribe(firm, "mona", url, device)
        firm.write_now(
            lambda db, device=device: sessions.start(
                db, user_id="mona", device_id=device, device_name=device, started_by="password", now_ms=firm.clock()
            )
        )
    firm.write_now(lambda db: db.execute("DELETE FROM session WHERE device_id = 'phone'"))
    tell(firm)
    send_all(courier_of(firm, url))
    assert [one.path for one in asked] == ["/push/mona-desk"]


# --- quiet hours -------------------------------------------------------------------------------------


def at(text: str, zone: str = "Asia/Shanghai") -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp() * 1000)


@pytest.mark.parametrize(
    ("now", "start", "end", "gives"),
    [
        ("2026-11-24T23:30", "22:00", "07:30", "2026-11-25T07:30"),
        ("2026-11-24T03:00", "22:00", "07:30", "2026-11-24T07:30"),
        ("2026-11-24T07:30", "22:00", "07:30", None),
        ("2026-11-24T12:00", "22:00", "07:30", None),
        ("2026-11-24T12:30", "12:00", "14:00", "2026-11-24T14:00"),
        ("2026-11-24T14:00", "12:00", "14:00", None),
        ("2026-11-24T12:30", "12:00", "", None),
        ("2026-11-24T12:30", "12:00", "12:00", None),
    ],
)
def test_quiet_hours_end_when_they_say_over_midnight_too(now, start, end, gives):
    assert quiet_end_ms(at(now), start, end, "Asia/Shanghai") == (at(gives) if gives else None)


def test_the_hour_that_a_clock_skips_ends_no_later_than_the_next(firm):
    now_ms = at("2026-03-29T01:59", "Europe/Berlin")
    assert now_ms < quiet_end_ms(now_ms, "22:00", "02:30", "Europe/Berlin") <= now_ms + 2 * HOUR_MS


def test_a_notice_waits_for_the_end_of_quiet_hours_unless_it_is_urgent(firm, service):
    url, asked = service
    subscribe(firm, "mona", url)
    prefer(firm, "mona", quiet_from="22:00", quiet_until="07:00", timezone="Asia/Shanghai")
    firm.clock.ms = at("2026-11-24T23:00")
    tell(firm)
    tell(firm, key="urgent", address="/approvals/a2", urgency="high")
    send_all(courier_of(firm, url))
    assert len(asked) == 1
    firm.clock.ms = at("2026-11-25T07:00")
    send_all(courier_of(firm, url))
    assert len(asked) == 2


def test_what_is_of_no_use_when_quiet_hours_end_is_not_sent(firm, service):
    url, asked = service
    subscribe(firm, "mona", url)
    prefer(firm, "mona", quiet_from="22:00", quiet_until="07:00", timezone="Asia/Shanghai")
    firm.clock.ms = at("2026-11-24T23:00")
    tell(firm, until_ms=at("2026-11-25T01:00"))
    firm.clock.ms = at("2026-11-25T08:00")
    send_all(courier_of(firm, url))
    assert asked == []


# --- what goes wrong ---------------------------------------------------------------------------------


def failing(firm, status: int, headers: dict | None = None, subscribers: int = 1):
    """Send one notice to a service that answers so: what it was asked, and the deliveries."""
    with http_server(lambda asked: (status, headers or {}, b"")) as (url, asked):
        for n in range(subscribers):
            subscribe(firm, "mona", url, f"phone{n}")
        tell(firm)
        send_all(courier_of(firm, url))
        return len(asked), rows(firm, "SELECT * FROM delivery ORDER BY id")


@pytest.mark.parametrize("status", [404, 410])
def test_a_browser_that_is_gone_is_forgotten(firm, status):
    asked, found = failing(firm, status)
    assert asked == 1 and found[0]["state"] == "failed" and found[0]["reason"] == "gone"
    assert rows(firm, "SELECT * FROM push_subscription") == []


def test_a_busy_service_is_left_alone_for_as_long_as_it_asks(firm):
    now_ms = firm.clock()
    _, found = failing(firm, 429, {"Retry-After": "600"})
    assert found[0]["state"] == "waiting" and found[0]["next_at_ms"] >= now_ms + 600_000


def test_a_failing_service_is_asked_ever_more_rarely_and_after_two_days_no_more(firm):
    with http_server(lambda asked: (503, {}, b"")) as (url, asked):
        subscribe(firm, "mona", url)
        tell(firm)
        courier, waits = courier_of(firm, url), []
        for _ in range(200):
            send_all(courier)
            one = rows(firm, "SELECT * FROM delivery")[0]
            if one["state"] != "waiting":
                break
            waits.append(one["next_at_ms"] - firm.clock())
            firm.clock.ms = one["next_at_ms"]
    assert one["state"] == "failed" and one["reason"] == "http_503"
    assert waits[0] < 60_000 and waits[-1] > HOUR_MS / 2 and sum(waits) > 1.9 * DAY_MS and len(asked) < 100


def test_what_is_too_large_is_sent_once_more_as_short_as_can_be(firm):
    sizes = []

    def answer(asked):
        sizes.append(len(asked.body))
        return (413, {}, b"") if len(sizes) == 1 else (201, {}, b"")

    with http_server(answer) as (url, _):
        subscribe(firm, "mona", url)
        tell(firm, values={"name": "Rita" * 60}, approval=("a1", "s1", "f" * 64))
        courier = courier_of(firm, url)
        send_all(courier)
        firm.clock.ms += HOUR_MS
        send_all(courier)
    assert len(sizes) == 2 and sizes[1] < sizes[0] and states(firm) == [("push", "sent")]


def test_a_redirect_is_not_followed(firm):
    with http_server() as (inner, reached):
        asked, found = failing(firm, 307, {"Location": f"{inner}/inside"})
    assert asked == 1 and reached == [] and found[0]["state"] == "waiting"


def test_what_was_on_its_way_when_the_server_died_is_sent_once_more_under_the_same_topic(tmp_path, service):
    url, asked = service
    first = make_firm(tmp_path / "firm")
    browser = subscribe(first, "mona", url)
    tell(first)
    courier = courier_of(first, url)
    parcels = first.write_now(lambda db: courier._take(db, first.clock(), 10))

    async def send_and_die():
        await courier.hand_over(parcels[0])
        await courier.close()

    run(send_and_die())
    first.close()

    second = make_firm.__globals__["Firm"].open(tmp_path / "firm", first.clock)
    try:
        second.write_now(deliveries.resume)
        send_all(courier_of(second, url))
        send_all(courier_of(second, url))
        assert len(asked) == 2 and states(second) == [("push", "sent")]
    finally:
        second.close()
    assert asked[0].headers["topic"] == asked[1].headers["topic"]
    told = [json.loads(browser.decrypt(one.body))["notification"] for one in asked]
    assert told[0]["tag"] == told[1]["tag"] and [one["renotify"] for one in told] == [True, False]


def test_the_key_for_push_services_survives_and_is_made_once(tmp_path):
    keys = set()
    for _ in range(2):
        firm = make_firm(tmp_path / "firm") if not keys else make_firm.__globals__["Firm"].open(tmp_path / "firm")
        keys.add(courier_of(firm).vapid.public_key)
        firm.close()
    assert len(keys) == 1


def test_old_notices_are_let_go_of_and_waiting_ones_are_not(firm):
    tell(firm)
    tell(firm, key="later", at_ms=firm.clock() + 200 * DAY_MS)
    send_all(courier_of(firm))
    firm.clock.ms += 100 * DAY_MS
    firm.write_now(lambda db: deliveries.tidy(db, firm.clock()))
    assert [one["key"] for one in rows(firm, "SELECT key FROM notice")] == ["later"]


# --- mentions ----------------------------------------------------------------------------------------


def mention(firm, comment: str, *people: str, **fields) -> None:
    given = {"target_entity": "account", "target_id": "acme", "body": "look", "owner_id": "rita"} | fields
    as_server(firm, {**op("comment", comment, **given), "add": {"mention_ids": list(people)}})


def test_whoever_is_mentioned_is_told_once_and_nobody_who_may_not_read_it(firm):
    as_server(firm, op("account", "acme", name="Acme", owner_id="rita"))
    mention(firm, "c1", "mona", "sam", "rita", account_id="acme")
    told = rows(firm, "SELECT user_id, kind, address, given FROM notice")
    assert told == [{"user_id": "mona", "kind": "mention", "address": "/comments/c1", "given": '{"name": "Rita"}'}]
    version = rows(firm, "SELECT version FROM comment")[0]["version"]
    as_server(firm, {**op("comment", "c1", version), "set": {"body": "look here"}, "add": {"mention_ids": ["boss"]}})
    assert {one["user_id"] for one in rows(firm, "SELECT user_id FROM notice")} == {"mona", "boss"}
