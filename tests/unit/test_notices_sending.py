"""What leaves the server: the bytes of a push, e-mail, robots' messages, and where nothing is ever sent."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import socket
import ssl
from email import message_from_bytes, policy
from unittest import mock
from urllib.parse import parse_qs, unquote, urlsplit

import httpx2
import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult
from cryptography.hazmat.primitives.asymmetric import ec

from server.config import WrongSetting, read_settings
from server.notices import mail, push, robots
from server.notices.outcome import retry_after_ms
from server.notices.reach import PUSH_HOSTS, NotAllowed, Reach, is_public, web_client
from tests.browser.google import own_certificate
from tests.own_loop import run
from tests.unit.notice_servers import Browser, answering, b64, http_server, unb64
from tests.unit.test_notices import courier_of, prefer, rows, send_all, states, subscribe, tell

NOW_MS = 1_795_500_000_000

# --- RFC 8291, section 5 -----------------------------------------------------------------------------

PLAIN = b"When I grow up, I want to be a watermelon"
SENDER_KEY = "yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"
BROWSER_KEY = "q1dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM94"
AUTH, SALT = "BTBZMqHH6r4Tts7J_aSIgg", "DGv6ra1nlYgDCS1FRnbzlw"
SEALED = (
    "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6Tlz"
    "AC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
)


def private(text: str) -> ec.EllipticCurvePrivateKey:
    return ec.derive_private_key(int.from_bytes(unb64(text), "big"), ec.SECP256R1())


def a_vapid() -> push.Vapid:
    from webpush.vapid import VAPID

    return push.Vapid(VAPID.generate_keys()[0], "mailto:it@example.com")


def test_a_message_is_sealed_as_the_standards_example_is():
    browser = Browser(private(BROWSER_KEY), unb64(AUTH))
    told = browser.subscription("https://fcm.googleapis.com/x")
    subscription = {"endpoint": told["endpoint"], **told["keys"]}
    own_key = mock.patch("webpush.ec.generate_private_key", lambda *_, **__: private(SENDER_KEY))
    with own_key, mock.patch("webpush.os.urandom", lambda n: unb64(SALT)):
        sealed = push.encrypt(PLAIN, subscription, a_vapid())
    assert b64(sealed) == SEALED
    assert browser.decrypt(unb64(SEALED)) == PLAIN


def test_the_largest_message_fits_into_one_record_and_a_larger_one_is_refused():
    told = Browser().subscription("https://fcm.googleapis.com/x")
    subscription = {"endpoint": told["endpoint"], **told["keys"]}
    assert len(push.encrypt(b"x" * push.MOST_BYTES, subscription, a_vapid())) == 4_096
    with pytest.raises(ValueError, match="do not fit"):
        push.encrypt(b"x" * (push.MOST_BYTES + 1), subscription, a_vapid())


def test_keys_that_no_browser_makes_are_refused():
    good = Browser().subscription("x")["keys"]
    push.check_keys(good["p256dh"], good["auth"])
    for wrong in ({"p256dh": b64(b"\4" + b"\1" * 64)}, {"auth": b64(b"short")}, {"p256dh": "?"}, {"p256dh": ""}):
        with pytest.raises(ValueError):
            push.check_keys(**(good | wrong))


# --- where nothing is sent ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("http://fcm.googleapis.com/x", "not_https"),
        ("https://fcm.googleapis.com:8443/x", "not_https"),
        ("https://fcm.googleapis.com.evil.example/x", "unknown_host"),
        ("https://evil.example/fcm.googleapis.com", "unknown_host"),
        ("https://evil-push.apple.com/x", "unknown_host"),
        ("https://127.0.0.1/x", "unknown_host"),
        ("https://[::1]/x", "unknown_host"),
        ("https://localhost/x", "unknown_host"),
        ("https://fcm.googleapis.com@evil.example/x", "bad_address"),
        ("https://user:pass@fcm.googleapis.com/x", "bad_address"),
        ("https://fcm.googleapis.com\n/x", "bad_address"),
        ("https://fcm.googleapis.com:x/", "bad_address"),
        ("file:///etc/passwd", "bad_address"),
        ("", "bad_address"),
    ],
)
def test_nothing_is_sent_to_an_address_of_no_push_service(url, reason):
    with pytest.raises(NotAllowed) as refused:
        Reach(PUSH_HOSTS).check(url)
    assert refused.value.reason == reason


@pytest.mark.parametrize(
    "url",
    [
        "https://fcm.googleapis.com/fcm/send/abc",
        "https://updates.push.services.mozilla.com/wpush/v2/abc",
        "https://db5p.notify.windows.com/w/?token=abc",
        "https://web.push.apple.com/abc",
    ],
)
def test_push_services_of_all_browsers_are_known(url):
    Reach(PUSH_HOSTS).check(url)


@pytest.mark.parametrize(
    "address", ["127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "::1",
                "fe80::1%eth0", "fc00::1", "::ffff:127.0.0.1", "2002:7f00:1::", "224.0.0.1"]
)  # fmt: skip
def test_addresses_inside_a_network_are_not_public(address):
    assert not is_public(address)


def test_a_known_name_that_leads_inside_is_not_followed():
    async def inside(host: str, port: int) -> list[tuple[str, int]]:
        return [("127.0.0.1", port)]

    async def go() -> None:
        async with web_client((), inside) as web:
            with pytest.raises(NotAllowed, match="private_address"):
                await web.post("https://fcm.googleapis.com/x")

    run(go())


def test_the_address_that_was_looked_at_is_the_one_that_is_connected_to(tmp_path):
    """A name is asked once: whoever answers differently the second time gains nothing."""
    asked = []
    with http_server() as (url, reached):
        port = urlsplit(url).port

        async def changing(host: str, at: int) -> list[tuple[str, int]]:
            asked.append(host)
            return [("127.0.0.1", port)]

        async def go() -> None:
            async with web_client({"http://robots.example"}, changing) as web:
                for _ in range(3):
                    await web.post("http://robots.example/x")

        run(go())
    assert asked == ["robots.example"] and len(reached) == 3
    assert {one.headers["host"] for one in reached} == {"robots.example"}


@pytest.mark.parametrize(
    ("header", "gives"),
    [
        ("120", 120_000),
        ("9999999999", 86_400_000),
        ("", 0),
        ("soon", 0),
        (None, 0),
        ("Tue, 24 Nov 2026 06:01:00 GMT", 60_000),
    ],
)
def test_a_service_says_how_long_to_wait_in_seconds_or_by_a_date(header, gives):
    assert retry_after_ms(header, NOW_MS) == gives


# --- e-mail ------------------------------------------------------------------------------------------


class Inbox:
    """Keeps what it is sent; refuses nobody@."""

    def __init__(self) -> None:
        self.messages, self.to = [], []

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("nobody@"):
            return "550 5.1.1 No such person"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        self.to.append(envelope.rcpt_tos)
        self.messages.append(message_from_bytes(envelope.content, policy=policy.default))
        return "250 OK"


@pytest.fixture
def certificate(tmp_path, monkeypatch):
    file = own_certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    return file


@pytest.fixture
def mail_server(certificate):
    """STARTTLS and a login are needed, as a real one does."""
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate)
    inbox = Inbox()

    def authenticate(server, session, envelope, mechanism, data):
        return AuthResult(success=data.login == b"it" and data.password == b"p@ss")

    class Strict(Controller):
        def factory(self):
            return SMTP(
                inbox, tls_context=tls, require_starttls=True, auth_required=True, authenticator=authenticate
            )

    controller = Strict(inbox, hostname="127.0.0.1", port=_free_port())
    controller.start()
    yield f"smtp://it:p%40ss@localhost:{controller.port}", inbox
    controller.stop()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as one:
        return one.getsockname()[1]


def test_whoever_gets_no_push_is_written_to_in_their_language(firm, mail_server):
    url, inbox = mail_server
    prefer(firm, "mona", language="zh-Hans", notice_email="mona@example.com")
    tell(firm)
    send_all(courier_of(firm, ROADBOOK_SMTP=url, ROADBOOK_MAIL_FROM="roadbook@example.com"))
    [message] = inbox.messages
    assert inbox.to == [["mona@example.com"]]
    assert message["Subject"] == "Rita提到了您" and message["From"] == "Roadbook <roadbook@example.com>"
    assert message["Auto-Submitted"] == "auto-generated" and message["Date"]
    assert "https://roadbook.example.com/approvals/a1" in message.get_content()
    assert message.get_content_type() == "text/plain"


def test_a_mail_keeps_its_name_however_often_it_is_sent(firm, mail_server):
    url, inbox = mail_server
    prefer(firm, "mona", notice_email="mona@example.com")
    tell(firm)
    courier = courier_of(firm, ROADBOOK_SMTP=url)
    send_all(courier)
    firm.write_now(lambda db: db.execute("UPDATE delivery SET state = 'waiting'"))
    send_all(courier)
    names = {message["Message-ID"] for message in inbox.messages}
    assert len(inbox.messages) == 2 and len(names) == 1


def test_an_address_of_ones_own_is_used_only_where_no_device_takes_pushes(firm, mail_server):
    from tests.small_firm import as_server, op

    smtp, _ = mail_server
    with firm.look() as db:
        version = db.execute("SELECT version FROM user WHERE id = 'mona'").fetchone()[0]
    as_server(firm, {**op("user", "mona", version), "add": {"emails": ["mona@firm.example"]}})
    with http_server() as (url, _):
        tell(firm, key="first")
        send_all(courier_of(firm, url, ROADBOOK_SMTP=smtp))
        subscribe(firm, "mona", url)
        tell(firm, key="second")
        send_all(courier_of(firm, url, ROADBOOK_SMTP=smtp))
    assert states(firm) == [("email", "sent"), ("push", "sent")]


def test_the_last_device_that_is_gone_hands_over_to_email(firm, mail_server):
    smtp, inbox = mail_server
    from tests.small_firm import as_server, op

    with firm.look() as db:
        version = db.execute("SELECT version FROM user WHERE id = 'mona'").fetchone()[0]
    as_server(firm, {**op("user", "mona", version), "add": {"emails": ["mona@firm.example"]}})
    with http_server(lambda asked: (410, {}, b"")) as (url, _):
        subscribe(firm, "mona", url)
        tell(firm)
        send_all(courier_of(firm, url, ROADBOOK_SMTP=smtp))
    assert states(firm) == [("push", "failed"), ("email", "sent")] and len(inbox.messages) == 1


def test_an_address_that_nobody_has_is_given_up_with_the_servers_words(firm, mail_server):
    url, _ = mail_server
    prefer(firm, "mona", notice_email="nobody@example.com")
    tell(firm)
    send_all(courier_of(firm, ROADBOOK_SMTP=url))
    [one] = rows(firm, "SELECT * FROM delivery")
    assert one["state"] == "failed" and "550" in one["reason"] and "No such person" in one["reason"]


def test_a_mail_server_that_is_away_is_asked_again(firm):
    prefer(firm, "mona", notice_email="mona@example.com")
    tell(firm)
    send_all(courier_of(firm, ROADBOOK_SMTP=f"smtp+plain://127.0.0.1:{_free_port()}"))
    [one] = rows(firm, "SELECT * FROM delivery")
    assert one["state"] == "waiting" and one["reason"].startswith("no_answer")


def test_a_name_with_a_line_break_makes_no_header(firm, mail_server):
    url, inbox = mail_server
    prefer(firm, "mona", notice_email="mona@example.com")
    tell(firm, values={"name": "Rita\r\nBcc: all@example.com"})
    send_all(courier_of(firm, ROADBOOK_SMTP=url))
    assert inbox.messages[0]["Bcc"] is None and inbox.to == [["mona@example.com"]]


@pytest.mark.parametrize("wrong", ["mail.example.com", "http://mail.example.com", "smtp://"])
def test_a_wrong_mail_server_stops_the_start_with_an_example(wrong):
    with pytest.raises(WrongSetting, match="ROADBOOK_SMTP"):
        read_settings({"ROADBOOK_DATA": "/x", "ROADBOOK_URL": "https://x.example", "ROADBOOK_SMTP": wrong})


def test_a_password_may_hold_any_letter():
    server = mail.read_server("smtps://a%40b.c:p%3Aq%40r@mail.example.com")
    assert (server.login, server.password, server.port) == ("a@b.c", "p:q@r", 465)


# --- robots ------------------------------------------------------------------------------------------

LINES = [robots.Line("Rita asks", "https://roadbook.example.com/approvals/a1")]
SECRET = "SECabc"


def say(kind: str, answer, secret: str = SECRET, lines=LINES, path: str = "/robot/send?access_token=t"):
    """Let a robot say this to a server that answers so: the outcome and what it was asked."""

    async def go(url: str):
        async with web_client({url}) as web:
            robot = {"kind": kind, "url": url + path, "secret": secret}
            return await robots.send(web, frozenset({url}), robot, "Roadbook", lines, NOW_MS)

    with http_server(answering(answer)) as (url, asked):
        outcome = run(go(url))
    return outcome, asked[0] if asked else None


def signed(key: str, text: str) -> str:
    return base64.b64encode(hmac.new(key.encode(), text.encode(), hashlib.sha256).digest()).decode()


def test_wecom_takes_text():
    outcome, asked = say("wecom", {"errcode": 0, "errmsg": "ok"}, "", path="/cgi-bin/webhook/send?key=k")
    assert outcome.is_sent and asked.path == "/cgi-bin/webhook/send?key=k"
    content = "Rita asks\nhttps://roadbook.example.com/approvals/a1"
    assert asked.json == {"msgtype": "text", "text": {"content": content}}


def test_dingtalk_signs_in_the_address():
    outcome, asked = say("dingtalk", {"errcode": 0, "errmsg": "ok"})
    query = parse_qs(urlsplit(asked.path).query)
    assert outcome.is_sent and query["access_token"] == ["t"] and query["timestamp"] == [str(NOW_MS)]
    assert unquote(query["sign"][0]) == signed(SECRET, f"{NOW_MS}\n{SECRET}")
    assert asked.json["msgtype"] == "link" and asked.json["link"]["messageUrl"] == LINES[0].url


def test_feishu_signs_in_the_body():
    outcome, asked = say("feishu", {"code": 0, "msg": "success", "data": {}}, path="/open-apis/bot/v2/hook/h")
    seconds = str(NOW_MS // 1000)
    assert outcome.is_sent and asked.json["timestamp"] == seconds
    assert asked.json["sign"] == signed(f"{seconds}\n{SECRET}", "")
    assert asked.json["content"]["post"]["zh_cn"]["content"] == [
        [{"tag": "a", "text": "Rita asks", "href": LINES[0].url}]
    ]


@pytest.mark.parametrize(
    ("kind", "answer", "reason", "is_final"),
    [
        ("wecom", {"errcode": 45009, "errmsg": "api freq out of limit"}, "too_often", False),
        ("wecom", {"errcode": 93000, "errmsg": "invalid webhook url"}, "robot 93000 invalid webhook url", True),
        ("wecom", {"errcode": -1, "errmsg": "system busy"}, "robot -1 system busy", False),
        ("dingtalk", {"errcode": 130101, "errmsg": "send too fast"}, "too_often", False),
        ("dingtalk", {"errcode": 310000, "errmsg": "sign not match"}, "robot 310000 sign not match", True),
        ("feishu", {"code": 11232, "msg": "frequency limited"}, "too_often", False),
        ("feishu", {"code": 19021, "msg": "sign match fail"}, "robot 19021 sign match fail", True),
    ],
)
def test_what_robots_answer_is_understood(kind, answer, reason, is_final):
    outcome, _ = say(kind, answer)
    assert (outcome.reason, outcome.is_final) == (reason, is_final)


def test_a_robot_elsewhere_is_not_told():
    async def go():
        async with httpx2.AsyncClient() as web:
            robot = {"kind": "wecom", "url": "https://oapi.dingtalk.com/x", "secret": ""}
            return await robots.send(web, frozenset(), robot, "Roadbook", LINES, NOW_MS)

    assert run(go()).reason == "unknown_host"


def test_long_names_leave_every_link_of_a_message_whole():
    lines = [robots.Line("长" * 400, f"https://roadbook.example.com/approvals/{n}") for n in range(robots.MOST_LINES)]
    robot = {"kind": "wecom", "url": "https://qyapi.weixin.qq.com/x", "secret": ""}
    content = robots.message(robot, "Roadbook", lines, NOW_MS)[1]["text"]["content"]
    assert len(content.encode()) <= robots.MOST_BYTES and all(line.url in content.split("\n") for line in lines)


def group_robot(firm, url: str, **fields) -> None:
    from server.admin import robots as groups

    given = {"name": "Sales", "kind": "wecom", "url": url, "secret": "", "kinds": ["approval"], "department_id": None}
    given |= {"language": "en", "is_active": 1} | fields
    firm.write_now(lambda db: groups.save(db, firm, "", given))


def test_a_groups_robot_says_for_whom_of_its_department_and_of_its_kinds(firm):
    with http_server(answering({"errcode": 0})) as (url, asked):
        group_robot(firm, url + "/north", department_id="north")
        group_robot(firm, url + "/all", name="All")
        for user_id in ("mona", "sam"):
            tell(firm, user_id)
        tell(firm, "mona", key="d", kind="decision")
        send_all(courier_of(firm, url))
    said = {one.path: one.json["text"]["content"] for one in asked}
    assert said["/north"].startswith("For Mona: Rita") and "Sam" not in said["/north"]
    # What waits for one robot goes in one message.
    assert len(asked) == 2 and "For Mona" in said["/all"] and "For Sam" in said["/all"]


def test_a_robot_that_was_asked_too_often_rests(firm):
    with http_server(answering({"errcode": 45009})) as (url, asked):
        group_robot(firm, url + "/x")
        tell(firm)
        courier = courier_of(firm, url)
        send_all(courier)
        tell(firm, key="another")
        send_all(courier)
        assert len(asked) == 1
        firm.clock.ms += 120_000
        send_all(courier)
    assert len(asked) == 2 and len(asked[1].json["text"]["content"].split("\n")) == 4


def test_a_robot_of_ones_own_tells_its_person_alone(firm):
    with http_server(answering({"code": 0})) as (url, asked):
        prefer(firm, "mona", robot_kind="feishu", robot_url=url + "/hook", robot_secret="s")
        tell(firm)
        tell(firm, "sam")
        send_all(courier_of(firm, url))
    assert len(asked) == 1 and json.loads(asked[0].body)["sign"]
