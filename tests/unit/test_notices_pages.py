"""Where people say how they are told, and where administrators set up robots."""

from __future__ import annotations

import json

import pytest

from server.notices import queue
from server.pages import Pages
from tests.unit.desk import Desk
from tests.unit.notice_servers import Browser
from tests.unit.shell import add_person, open_firm, settings, signed_in_client
from tests.unit.test_notices import rows


@pytest.fixture(scope="module")
def pages():
    return Pages()


@pytest.fixture
def desk(pages):
    made = Desk(pages)
    made.person("anna", "Anna")
    return made


@pytest.fixture
def firm(tmp_path):
    made = open_firm(tmp_path / "firm")
    yield made
    made.close()


def switch(desk, name: str) -> None:
    shown = desk.get("/me/notices")
    both = shown.forms_with("p.notice_off", name) + shown.forms_with("p.notice_off.was", name)
    desk.post(shown, both[0])


def off(desk) -> list[str]:
    return json.loads(desk.row("preference", "anna")["notice_off"])


def test_a_switch_turns_one_way_of_one_kind_off_and_on_again(desk):
    switch(desk, "approval:email")
    switch(desk, "mention:push")
    assert sorted(off(desk)) == ["approval:email", "mention:push"]
    switch(desk, "approval:email")
    assert off(desk) == ["mention:push"]
    assert desk.get("/me/notices").html.count('aria-checked="false"') == 1


def test_there_is_a_switch_for_every_kind_and_way(desk):
    html = desk.get("/me/notices").html
    for kind in queue.KINDS:
        for way in queue.WAYS:
            assert f'value="{kind}:{way}"' in html


def test_quiet_hours_an_address_and_a_robot_are_kept(desk):
    typed = {"p__quiet_from": "22:00", "p__quiet_until": "07:00", "p__notice_email": "anna@example.com"}
    typed |= {"p__robot_url": "https://open.feishu.cn/open-apis/bot/v2/hook/x", "p__robot_kind": "feishu"}
    result = desk.post(desk.get("/me/notices"), "notices-form", **typed)
    row = desk.row("preference", "anna")
    assert result.errors == {}
    assert (row["quiet_from"], row["quiet_until"], row["notice_email"]) == ("22:00", "07:00", "anna@example.com")
    assert row["robot_kind"] == "feishu"


# --- subscriptions -----------------------------------------------------------------------------------

ENDPOINT = "https://fcm.googleapis.com/fcm/send/abc"


def test_a_browser_is_noted_once_however_often_it_says_so_and_dropped_when_it_asks(firm):
    web, given = signed_in_client(firm), Browser().subscription(ENDPOINT)
    for _ in range(2):
        assert web.post("/push/subscription", json=given | {"language": "zh-Hant"}).status_code == 204
    assert rows(firm, "SELECT endpoint, language FROM push_subscription") == [
        {"endpoint": ENDPOINT, "language": "zh-Hant"}
    ]
    assert web.request("DELETE", "/push/subscription", json={"endpoint": ENDPOINT}).status_code == 204
    assert rows(firm, "SELECT * FROM push_subscription") == []


def test_a_browser_belongs_to_whoever_is_signed_in_there_now(firm):
    add_person(firm, "Ben", login="ben")
    given = Browser().subscription(ENDPOINT)
    signed_in_client(firm).post("/push/subscription", json=given)
    signed_in_client(firm, "ben").post("/push/subscription", json=given)
    names = rows(firm, "SELECT u.name FROM push_subscription s JOIN user u ON u.id = s.user_id")
    assert names == [{"name": "Ben"}]


def test_nobody_drops_the_browser_of_somebody_else(firm):
    add_person(firm, "Ben", login="ben")
    signed_in_client(firm).post("/push/subscription", json=Browser().subscription(ENDPOINT))
    signed_in_client(firm, "ben").request("DELETE", "/push/subscription", json={"endpoint": ENDPOINT})
    assert len(rows(firm, "SELECT * FROM push_subscription")) == 1


@pytest.mark.parametrize(
    ("given", "error"),
    [
        ([], "malformed"),
        ({}, "malformed"),
        ({"endpoint": ENDPOINT}, "malformed"),
        ({"endpoint": ENDPOINT, "keys": {"p256dh": "x", "auth": "y"}}, "bad_keys"),
        (Browser().subscription("https://169.254.169.254/latest"), "unknown_host"),
        (Browser().subscription("http://fcm.googleapis.com/x"), "not_https"),
        (Browser().subscription("https://evil.example/x"), "unknown_host"),
    ],
)
def test_what_cannot_be_pushed_to_is_refused_with_the_reason(firm, given, error):
    answer = signed_in_client(firm).post("/push/subscription", json=given)
    assert (answer.status_code, answer.json()["error"]) == (422, error)
    assert rows(firm, "SELECT * FROM push_subscription") == []


def test_only_people_who_are_signed_in_hear_the_key_and_subscribe(firm):
    from tests.unit.shell import client

    web = client(firm)
    headers = {"accept": "application/json"}
    assert web.get("/push/key", headers=headers).status_code == 401
    assert web.post("/push/subscription", json=Browser().subscription(ENDPOINT), headers=headers).status_code == 401


# --- robots ------------------------------------------------------------------------------------------

ROBOT = {"name": "Sales", "kind": "wecom", "url": "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=k"}
ROBOT |= {"kinds": ["approval", "decision"], "language": "en", "is_active": "1", "department_id": ""}


def robots(firm) -> list[dict]:
    return rows(firm, "SELECT * FROM group_robot")


def test_an_administrator_adds_changes_and_deletes_a_robot(firm):
    web = signed_in_client(firm)
    assert web.post("/admin/robots", data=ROBOT | {"secret": "s3"}).status_code == 303
    [one] = robots(firm)
    assert json.loads(one["kinds"]) == ["approval", "decision"] and one["secret"] == "s3"
    web.post("/admin/robots", data=ROBOT | {"id": one["id"], "name": "North", "secret": ""})
    [one] = robots(firm)
    assert (one["name"], one["secret"]) == ("North", "s3")
    assert "s3" not in web.get("/admin/robots").text
    web.post("/admin/robots", data={"id": one["id"], "delete": "1"})
    assert robots(firm) == []


@pytest.mark.parametrize(
    "wrong",
    [{"url": "https://evil.example/x"}, {"url": "http://qyapi.weixin.qq.com/x"}, {"kind": "dingtalk"}, {"name": " "},
     {"kind": "other"}, {"department_id": "nowhere"}, {"url": "x" * 600}],
)  # fmt: skip
def test_a_robot_that_cannot_work_is_not_kept_and_what_was_typed_is(firm, wrong):
    answer = signed_in_client(firm).post("/admin/robots", data=ROBOT | wrong)
    assert answer.status_code == 422 and robots(firm) == []
    assert ('role="alert"' in answer.text and 'value="https' in answer.text) or "url" in wrong


def test_nobody_else_sees_robots(firm):
    add_person(firm, "Ben", login="ben")
    web = signed_in_client(firm, "ben")
    assert web.get("/admin/robots").status_code == 403
    assert web.post("/admin/robots", data=ROBOT).status_code == 403 and robots(firm) == []


def test_administrators_see_what_could_not_be_delivered_and_why_but_not_what_about(firm):
    [anna] = rows(firm, "SELECT id FROM user")

    def job(db):
        told = {"key": "k", "user_id": anna["id"], "kind": "mention", "text": "Secret business", "values": {}}
        queue.add(db, **told, address="/x", now_ms=1)
        db.execute(
            "INSERT INTO delivery (notice_id, way, state, reason, next_at_ms, done_at_ms)"
            " VALUES (1, 'email', 'failed', 'smtp 550 No such person', 0, ?)",
            (firm.clock(),),
        )

    firm.write_now(job)
    page = signed_in_client(firm).get("/admin/robots").text
    assert "550 No such person" in page and "Anna Keller" in page and "Secret business" not in page


def test_settings_of_tests_send_nothing_anywhere(firm):
    assert settings(firm.path).smtp is None and settings(firm.path).push_origins == frozenset()
