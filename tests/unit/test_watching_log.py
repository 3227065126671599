"""The log: one line a request, an id that goes with it, and nobody's name, whatever is asked for or goes wrong."""

from __future__ import annotations

import asyncio
import io
import json
import logging
import re
import threading
import time

import pytest
from starlette.testclient import TestClient

from server.admin import people
from server.app import create_app
from server.sign_in import passwords
from server.watching import log
from server.watching.hidden import hidden
from server.watching.request_id import BehindProxy
from tests.browser.phone import whole_app
from tests.small_firm import as_server, op
from tests.unit import shell
from tests.unit.log_lines import logged

NEXT = {"accept": "text/html", "sec-fetch-mode": "navigate", "accept-language": "en"}
# Stands in every name, address, login, token and search of the test: the log must not have it anywhere.
CANARY = "kanari"


@pytest.fixture
def firm(tmp_path):
    firm = shell.open_firm(tmp_path / "firm")
    yield firm
    firm.close()


def test_a_request_is_one_line_that_says_the_route_and_not_the_address(firm):
    browser = shell.client(firm)
    with logged() as lines:
        answer = browser.get("/invite/kanari-token?next=/kanari", headers=NEXT)
        [line] = lines.requests()

    assert answer.status_code == 410
    assert (line["method"], line["route"], line["status"]) == ("GET", "/invite/{token}", 410)
    assert line["bytes"] == len(answer.content)
    assert line["firm"] == "localhost:8000"
    assert line["level"] == "info" and line["ms"] > 0
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", line["time"])


def test_a_page_is_told_by_its_own_route(firm):
    app = create_app(firm, shell.settings(firm.path), **whole_app())
    with logged() as lines, TestClient(app, base_url="http://localhost:8000") as browser:
        browser.cookies.set("roadbook", shell.signed_in_client(firm).cookies["roadbook"])
        browser.get("/customers/0193aaaa-0000-7000-8000-000000000001/edit")
        browser.get("/nowhere/at/all")
        routes = [line["route"] for line in lines.requests()]

    assert routes == ["/customers/{id}/edit", "/{path:path}"]


def test_the_answer_names_the_request_as_the_log_does(firm):
    browser = shell.client(firm)
    with logged() as lines:
        ids = [browser.get(path).headers["x-request-id"] for path in ("/sign-in", "/sync", "/nowhere")]
        told = [line["request_id"] for line in lines.requests()]

    assert told == ids and len(set(ids)) == 3


def test_lines_for_a_device_pay_for_no_id(firm):
    browser = shell.signed_in_client(firm)

    answer = browser.post("/sync", json={"protocol": 1, "cursor": ""})

    assert answer.status_code == 200
    assert "x-request-id" not in answer.headers


def given_id(firm, value: str, peer: str = "127.0.0.1", trusted: str = "127.0.0.1") -> str:
    app = BehindProxy(create_app(firm, shell.settings(firm.path), **shell.shared_parts()), trusted)
    browser = TestClient(app, base_url="http://localhost:8000", client=(peer, 50_000))
    return browser.get("/sign-in", headers={"x-request-id": value.encode("latin-1")}).headers["x-request-id"]


def test_a_trusted_proxy_says_how_it_calls_the_request(firm):
    assert given_id(firm, "01J-abc_DEF9") == "01J-abc_DEF9"


@pytest.mark.parametrize("value", ["short", "x" * 65, 'a"b c<d>efgh', "\u00fcmlaut\u00fcmlaut"])
def test_an_id_that_is_not_well_formed_is_replaced(firm, value):
    assert given_id(firm, value) != value


def test_a_stranger_does_not_choose_the_id(firm):
    assert given_id(firm, "01J-abc_DEF9", peer="203.0.113.9") != "01J-abc_DEF9"


def test_what_went_wrong_is_named_on_the_page_and_in_the_log(firm):
    browser = shell.signed_in_client(firm, raise_server_exceptions=False)
    firm.write_now(lambda db: db.execute("ALTER TABLE group_robot RENAME TO gone"))
    with logged() as lines:
        answer = browser.get("/admin/robots", headers=NEXT)
        [line] = lines.requests()

    assert (answer.status_code, line["status"]) == (500, 500)
    assert line["request_id"] == answer.headers["x-request-id"]
    assert line["request_id"] in answer.text


def test_a_page_says_no_id_where_nothing_is_broken(firm):
    answer = shell.signed_in_client(firm).get("/nowhere", headers=NEXT)

    assert answer.status_code == 404
    assert answer.headers["x-request-id"] not in answer.text


# --- nobody's name ------------------------------------------------------------------------------------


@pytest.fixture
def canaries(firm):
    """A firm in which every name, address and word is a canary."""

    def job(db):
        user_id = people.add(db, firm, None, {"name": f"{CANARY} Müller", "role_id": shell_role(db)})
        passwords.store(db, user_id, f"{CANARY}-login", shell.password_hash())
        return user_id

    firm.write_now(job)
    customer = op("account", "account-canary", name=f"{CANARY} GmbH", address=f"{CANARY} Allee 1")
    contact = op("contact", "contact-canary", name=f"{CANARY} Vogel", account_id="account-canary")
    as_server(firm, customer, contact)
    return create_app(firm, shell.settings(firm.path), **whole_app())


def shell_role(db) -> str:
    return db.execute("SELECT id FROM role WHERE is_admin = 1").fetchone()[0]


def addresses(app) -> list[str]:
    """Every route of the server and every page, with a canary for each part of an address."""
    paths = [route.path for route in app.routes]
    paths += [route for page in app.state.pages.pages for route in page.routes]
    return sorted({re.sub(r"\{[^}]*\}", f"{CANARY}-0123456789", path) for path in paths if path != "/live"})


def test_no_route_writes_a_name_an_address_or_a_token_to_the_log(firm, canaries):
    signed_in = shell.signed_in_client(firm, f"{CANARY}-login").cookies["roadbook"]
    typed = {name: f"{CANARY}@example.com" for name in ("login", "password", "code", "name", "q", "token", "url")}
    headers = NEXT | {"user-agent": f"Mozilla {CANARY}", "referer": f"http://localhost:8000/{CANARY}"}
    with (
        logged() as lines,
        TestClient(
            canaries, base_url="http://localhost:8000", raise_server_exceptions=False, follow_redirects=False
        ) as browser,
    ):
        for cookie in (signed_in, f"{CANARY}-token"):
            browser.cookies.set("roadbook", cookie)
            for path in addresses(canaries):
                browser.get(f"{path}?q={CANARY}&next=/{CANARY}", headers=headers)
                browser.post(f"{path}?q={CANARY}", headers=headers, data=typed)
                browser.post(path, headers=headers, content=CANARY.encode())
                browser.request("PUT", path, headers=headers, files={"file": (f"{CANARY}.csv", CANARY.encode())})
        asked, text = lines.requests(), lines.text()

    assert len(asked) > 500
    assert CANARY not in text.lower()
    assert signed_in not in text


def test_an_exception_is_told_without_the_values_it_holds():
    with logged() as lines:
        try:
            try:
                {}[f"{CANARY} Müller"]
            except KeyError as error:
                raise ValueError(f"no such person: {CANARY}") from error
        except ValueError:
            logging.getLogger("server.anything").exception("it failed")
        [line], text = lines.all(), lines.text()

    assert CANARY not in text
    assert [one for one in line["error"] if not one.startswith("  ")] == ["ValueError", "KeyError"]
    assert any(
        re.fullmatch(r"  tests/unit/test_watching_log\.py:\d+ test_an_exception.*", one) for one in line["error"]
    )


def test_an_exception_keeps_what_says_no_values(firm):
    def broken(db):
        db.execute("INSERT INTO meta (name, value) VALUES ('epoch', ?)", (CANARY,))

    try:
        firm.write_now(broken)
    except Exception as error:
        told = log.told(error)

    assert told[0].endswith("IntegrityError: UNIQUE constraint failed: meta.name")
    assert log.told(OSError(28, "No space left on device", f"/{CANARY}"))[0] == "OSError: No space left on device"
    assert CANARY not in str(told)


def test_what_a_library_adds_below_its_first_line_is_left_out():
    with logged() as lines:
        logging.getLogger("asyncio").error("Task exception was never retrieved\nfuture: <Task KeyError('%s')>", CANARY)
        logging.getLogger("httpx2").info("HTTP Request: POST https://push.example.com/%s", CANARY)
        told = [line["message"] for line in lines.all()]

    assert told == ["Task exception was never retrieved"]


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("mail to anna.keller+x@firma.example failed", "mail to … failed"),
        ("GET https://it:pass@host/a?token=abc", "GET https://…@host/a?…"),
        ("Authorization: Bearer abc.def", "Authorization: Bearer …"),
        ("password=hunter2 was refused", "password=… was refused"),
        ("session 3q2-7wEj_0aZ3q2-7wEj_0aZ3q2-7wEj_0aZ3q2-7 ended", "session … ended"),
        (
            "reminder event:0193aaaa-0000-7000-8000-000000000001:5",
            "reminder event:0193aaaa-0000-7000-8000-000000000001:5",
        ),
    ],
)
def test_the_last_net_hides_what_lets_somebody_in(said, told):
    assert hidden(said) == told


# --- how it is written --------------------------------------------------------------------------------


def test_text_is_for_people():
    with logged("text") as lines:
        logging.getLogger("server.request").info("answered", extra={"method": "GET", "route": "/x", "status": 200})
        text = lines.text()

    assert re.search(r"Z info    answered method=GET route=/x status=200\n$", text)


def test_a_reader_that_stands_still_holds_nobody_up():
    may_go_on = threading.Event()

    class Slow(io.StringIO):
        def write(self, text):
            may_go_on.wait(20)
            return super().write(text)

    stream = Slow()
    handler = log.Lines(stream, lambda line: json.dumps(line) + "\n")
    record = logging.LogRecord("server.x", logging.INFO, "", 0, "said", (), None)
    began = time.monotonic()
    for _ in range(log.MOST_WAITING + 500):
        handler.emit(record)
    took = time.monotonic() - began
    may_go_on.set()
    handler.flush()
    handler.emit(record)
    handler.close()

    assert took < 15
    assert "lines were dropped" in stream.getvalue()


def test_a_thread_that_fails_is_told_without_values():
    def fails():
        raise ValueError(CANARY)

    with logged() as lines:
        thread = threading.Thread(target=fails)
        thread.start()
        thread.join()
        [line], text = lines.all(), lines.text()

    assert line["message"] == "a thread failed" and CANARY not in text


def test_streams_pass_as_they_come(firm):
    """Each piece reaches whoever listens before the next is made."""
    from server.watching.watch import Watch

    passed = []

    async def app(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": []})
        for n in range(3):
            await send({"type": "http.response.body", "body": b"x", "more_body": True})
            assert len(passed) == n + 2
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def send(message):
        passed.append(message)

    scope = {"type": "http", "method": "GET", "path": "/live", "headers": []}
    asyncio.run(Watch(app, firm, "host")(scope, None, send))

    assert len(passed) == 5
