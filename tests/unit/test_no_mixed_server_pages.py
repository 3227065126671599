"""The pages that only the server has are Chinese throughout, too: refusals, imports and administration included."""

from __future__ import annotations

import re

import pytest

from server.admin import people
from server.firm import Firm
from server.sign_in import invites, passwords, setup
from tests.small_firm import as_server, op
from tests.unit import shell
from tests.unit.visible import english_words
from web.text import Text

SPEAKS = {"zh-Hans": "zh-CN,en;q=0.5", "zh-Hant": "zh-TW,en;q=0.5"}
ANSWERS = {"firm_name": "北光机电", "name": "王芳", "login": "王芳", "timezone": "Asia/Shanghai"}
NEXT = {"accept": "text/html", "sec-fetch-mode": "navigate"}
CUSTOMERS = (
    "客户名称,联系人,手机,级别,下次联系\n示例机电,张三,13912345678,A,03/04/2026\n坏行厂,李四,13912345679,丙,无\n"
)


@pytest.fixture(params=SPEAKS)
def lang(request) -> str:
    return request.param


@pytest.fixture
def new_firm(tmp_path):
    firm = Firm.open(tmp_path / "firm", shell.Clock())
    yield firm
    firm.close()


@pytest.fixture
def firm(new_firm, lang):
    token = new_firm.write_now(lambda conn: setup.make_link(conn, new_firm.clock()))
    translate = Text(lang, "UTC", 0).gettext
    hashed = shell.password_hash()
    new_firm.write_now(lambda conn: setup.set_up(conn, new_firm, token, ANSWERS, hashed, translate))
    return new_firm


@pytest.fixture
def stranger(new_firm, lang):
    return speaking(shell.client(new_firm), lang)


@pytest.fixture
def admin(firm, lang):
    return speaking(shell.signed_in_client(firm, "王芳"), lang)


@pytest.fixture
def rep_id(firm) -> str:
    """Somebody who may administer nothing, with a sign-in."""

    def job(conn) -> str:
        role_id = conn.execute("SELECT id FROM role WHERE is_admin = 0 AND data_scope = 'own'").fetchone()[0]
        user_id = people.add(conn, firm, None, {"name": "李娜", "role_id": role_id})
        passwords.store(conn, user_id, "李娜", shell.password_hash())
        return user_id

    return firm.write_now(job)


def speaking(browser, lang: str):
    browser.headers.update({"accept-language": SPEAKS[lang], **NEXT})
    return browser


def assert_chinese(answer, status: int = 200):
    assert answer.status_code == status, answer.text
    assert re.search("[\u4e00-\u9fff]", answer.text)
    assert english_words(answer.text) == []
    return answer


def test_first_set_up(new_firm, stranger):
    token = new_firm.write_now(lambda conn: setup.make_link(conn, new_firm.clock()))
    address = f"/setup?token={token}"

    assert_chinese(stranger.get("/sign-in"))
    assert_chinese(stranger.get(address))
    assert_chinese(stranger.post(address, data=ANSWERS | {"login": "王 芳", "firm_name": "", "password": "短"}), 422)
    assert_chinese(stranger.get("/setup?token=spent"), 410)


def test_the_roles_of_a_new_firm(new_firm, stranger):
    token = new_firm.write_now(lambda conn: setup.make_link(conn, new_firm.clock()))

    answer = stranger.post(f"/setup?token={token}", data=ANSWERS | {"password": shell.PASSWORD})

    assert answer.status_code == 303
    with new_firm.look() as conn:
        names = " ".join(name for (name,) in conn.execute("SELECT name FROM role"))
    assert english_words(names) == []


def test_signing_in(firm, stranger):
    wrong = {"login": "王芳", "password": "wrong"}

    assert_chinese(stranger.get("/sign-in"))
    assert_chinese(stranger.post("/sign-in", data={"code": "ABCD EFGH"}), 422)
    for _ in range(8):
        refused = stranger.post("/sign-in", data=wrong)
        assert refused.status_code in (422, 429)
        assert_chinese(refused, refused.status_code)


def test_an_invite(firm, stranger, rep_id):
    token = firm.write_now(lambda conn: invites.make_invite(conn, rep_id, None, firm.clock()))

    assert_chinese(stranger.get(f"/invite/{token}"))
    assert_chinese(stranger.post(f"/invite/{token}", data={"login": "王芳", "password": "短"}), 422)
    assert_chinese(stranger.get("/invite/spent"), 410)


def test_what_is_ones_own(admin):
    for address in ("/me/devices", "/me/password", "/sign-in/code", "/me/sign-in", "/me/authenticator", "/me/proof"):
        assert_chinese(admin.get(address))
    assert_chinese(admin.post("/me/authenticator", data={"digits": "000000"}), 422)

    assert_chinese(admin.post("/sign-in/code"))
    assert_chinese(admin.post("/me/password", data={"old_password": "wrong", "password": "短", "login": "王芳"}), 422)


def test_administration(firm, admin, rep_id):
    own_id = shell.id_of(firm, "王芳")
    for address in ("", "/people", "/people/new", f"/people/{rep_id}", "/departments", "/roles"):
        assert_chinese(admin.get(f"/admin{address}"))

    assert_chinese(admin.post(f"/admin/people/{rep_id}/invites"))
    assert_chinese(admin.post(f"/admin/people/{rep_id}/codes"))
    assert_chinese(admin.get(f"/admin/people/{rep_id}"))
    assert_chinese(admin.post("/admin/people/new", data={"name": "", "emails": "x", "phones": "1"}), 422)
    assert_chinese(admin.post(f"/admin/people/{own_id}/activity", data={"is_active": "0"}), 422)
    assert_chinese(admin.post("/admin/departments", data={"name": ""}), 422)
    assert_chinese(admin.post("/admin/roles", data={"name": ""}), 422)
    assert_chinese(admin.get("/admin/audit"))
    assert_chinese(admin.get("/admin/pool"))
    assert_chinese(admin.get("/admin/status"))
    assert_chinese(admin.post("/admin/pool", data={"name": "安静", "days": "30", "preview": "1"}))
    assert_chinese(admin.post("/admin/pool", data={"name": "", "days": "x"}), 422)
    assert_chinese(admin.get(f"/admin/people/{rep_id}/leave"))
    assert_chinese(admin.post(f"/admin/people/{own_id}/leave"), 422)


def test_the_conflicts_of_the_firm(firm, admin, rep_id):
    fields = {"kind": "field", "unit": "region", "target_entity": "account", "target_id": "account-account"}
    fields |= {"kept": '{"region":"甲"}', "lost": '{"region":"乙"}', "kept_by": rep_id, "lost_by": rep_id}
    fields |= {"kept_at_ms": shell.START_MS, "lost_at_ms": shell.START_MS, "kept_device": "手机"}
    proposal = fields | {"kind": "proposal", "lost": '{"region":null}', "settled_at_ms": shell.START_MS}
    customer = op("account", "account-account", name="示例机电")
    as_server(firm, customer, op("conflict", "clash-1-clash", **fields), op("conflict", "clash-2-clash", **proposal))

    assert_chinese(admin.get("/admin/conflicts"))
    assert_chinese(admin.get("/admin/conflicts?state=settled"))
    assert_chinese(admin.get("/admin/conflicts?person=nobody"))
    settled = admin.post("/admin/conflicts", data={"id": ["clash-1-clash", "gone"], "side": "keep"})
    assert_chinese(admin.get(settled.headers["location"]))


def test_import_and_export(admin):
    assert_chinese(admin.get("/export"))
    assert_chinese(admin.get("/import"))
    assert_chinese(admin.post("/import", files={"file": ("空.csv", b"")}), 422)
    address = admin.post("/import", files={"file": ("客户.csv", CUSTOMERS.encode())}).headers["location"]
    columns = assert_chinese(admin.get(address)).text
    chosen = re.findall(
        r'<select[^>]* name="([\w-]+)"(?:(?!</select>).)*?<option value="([^"]*)" selected', columns, re.S
    )
    assert_chinese(admin.post(address, data={name: "" for name, _ in chosen}), 422)
    report = admin.post(address, data=dict(chosen)).headers["location"]
    assert_chinese(admin.get(report))
    assert_chinese(admin.get(admin.post(f"{address}/result").headers["location"]))
    assert_chinese(admin.get("/import/gone"), 404)


def test_what_went_wrong(firm, stranger, lang, rep_id):
    rep = speaking(shell.signed_in_client(firm, "李娜"), lang)

    assert_chinese(rep.get("/admin"), 403)
    assert_chinese(rep.get("/nowhere"), 404)
    assert_chinese(rep.put("/me/devices"), 405)
    assert_chinese(stranger.post("/stickies", data={"s.body": "王"}), 401)
