"""Rate limits: whoever asks for too much waits, nobody else does, and a fleet that comes back is served."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from server import connections, limits
from server.buckets import Buckets, Rule
from server.limits import ANYBODY, SIGNED_IN, rule_for
from sync.schema import schema_hash
from tests.unit.shell import client, open_firm, signed_in_client

ROOT = Path(__file__).parents[2]
ASKED = {"protocol": 1, "schema": schema_hash(), "cursor": ""}


@pytest.fixture
def firm(tmp_path):
    made = open_firm(tmp_path)
    yield made
    made.close()


@pytest.fixture
def few(monkeypatch):
    """Limits that a test reaches."""

    def cut(rules):
        return tuple((methods, path, Rule(rule.name, 3, 1 / 3600)) for methods, path, rule in rules)

    monkeypatch.setattr(limits, "SIGNED_IN", cut(SIGNED_IN))
    monkeypatch.setattr(limits, "ANYBODY", cut(ANYBODY))


def test_a_bucket_gives_its_burst_then_its_rate_and_never_more_than_its_burst():
    now = [100.0]
    buckets, rule = Buckets(clock=lambda: now[0]), Rule("r", 3, 0.5)

    assert [buckets.take("a", rule) for _ in range(4)] == [0, 0, 0, 2]
    now[0] += 2
    assert [buckets.take("a", rule) for _ in range(2)] == [0, 2]
    now[0] += 3_600
    assert [buckets.take("a", rule) for _ in range(4)] == [0, 0, 0, 2]


def test_a_clock_that_goes_back_makes_nobody_wait_longer():
    now = [100.0]
    buckets, rule = Buckets(clock=lambda: now[0]), Rule("r", 1, 1)
    buckets.take("a", rule)
    now[0] -= 50

    assert buckets.take("a", rule) == 1


def test_however_many_ask_few_are_remembered():
    buckets, rule = Buckets(most=10), Rule("r", 1, 1e-9)
    for number in range(1_000):
        buckets.take(str(number), rule)

    assert len(buckets) == 10
    assert buckets.take("999", rule) > 0


@pytest.mark.parametrize(
    ("method", "path", "name"),
    [
        ("POST", "/sync", "sync"),
        ("POST", "/sync/check", "sync"),
        ("PATCH", "/uploads/1", "uploads"),
        ("HEAD", "/uploads/1", "uploads"),
        ("GET", "/attachments/ff", "attachments"),
        ("GET", "/export/accounts.csv", "exports"),
        ("GET", "/export/expenses.csv", "exports"),
        ("POST", "/import", "imports"),
        ("POST", "/admin/people/1/invites", "invites"),
        ("POST", "/admin/people/1/codes", "invites"),
        ("POST", "/me/notices/test", "notice tests"),
        ("GET", "/customers", "pages"),
        ("POST", "/customers/new", "pages"),
    ],
)
def test_everything_that_costs_something_has_a_limit_of_its_kind(method, path, name):
    assert rule_for(method, path, True).name == name
    assert rule_for(method, path, False).name in ("anybody", "sign-in")


@pytest.mark.parametrize("path", ["/sw.js", "/static/app.css", "/_/abc/page.js", "/manifest.webmanifest"])
def test_what_is_the_same_for_everybody_is_not_counted(path):
    assert rule_for("GET", path, False) is None


def test_whoever_asks_too_often_is_told_when_to_come_back_and_nobody_else_is(firm, few):
    eager = signed_in_client(firm)
    for _ in range(3):
        assert eager.post("/sync", json=ASKED).status_code == 200
    refused = eager.post("/sync", json=ASKED, headers={"accept": "application/json"})

    assert (refused.status_code, refused.json()) == (429, {"error": "too_many"})
    assert 3_500 < int(refused.headers["retry-after"]) <= 3_600
    assert refused.headers["x-content-type-options"] == "nosniff"
    # Pages are counted apart.
    assert eager.get("/stickies").status_code == 200
    # The same app, the same address, another device.
    other = signed_in_client(firm)
    other.app = eager.app
    eager.cookies.update(other.cookies)
    assert eager.post("/sync", json=ASKED).status_code == 200


def test_a_person_is_told_in_words(firm, few):
    browser = signed_in_client(firm)
    for _ in range(3):
        browser.get("/stickies")
    refused = browser.get("/stickies")

    assert refused.status_code == 429 and refused.headers["retry-after"]
    assert "in a minute" in refused.text and "<main" in refused.text


def test_a_made_up_cookie_buys_no_bucket_of_its_own(firm, few):
    browser = client(firm)
    answers = []
    for number in range(5):
        browser.cookies.set("roadbook", f"made-up-{number}")
        answers.append(browser.post("/sync", json=ASKED).status_code)

    assert answers == [401, 401, 401, 429, 429]


def test_a_thousand_devices_behind_one_address_come_back_at_once(firm):
    """Over the middleware alone: what it lets through is counted."""
    from starlette.responses import PlainTextResponse

    from server.sign_in import sessions

    who = "SELECT user_id FROM session LIMIT 1"
    signed_in_client(firm)

    def many(conn) -> list[str]:
        user = conn.execute(who).fetchone()[0]
        started = {"user_id": user, "device_name": "Phone", "started_by": "password", "now_ms": firm.clock()}
        return [sessions.start(conn, device_id=f"phone-{number}", **started) for number in range(1_000)]

    tokens = firm.write_now(many)
    app = client(firm).app
    guard = limits.Limits(PlainTextResponse("in"), firm)

    async def come_back() -> list[int]:
        told = []

        async def send(message) -> None:
            if message["type"] == "http.response.start":
                told.append(message["status"])

        for token in tokens:
            for path in ("/sync", "/live", "/sync", "/customers"):
                scope = {"type": "http", "method": "GET" if path in ("/live", "/customers") else "POST", "path": path}
                scope |= {"headers": [(b"cookie", f"roadbook={token}".encode())], "client": ("192.0.2.9", 1)}
                scope |= {"app": app, "query_string": b"", "raw_path": path.encode(), "scheme": "http"}
                await guard(scope, None, send)
        return told

    assert asyncio.run(come_back()) == [200] * 4_000


def test_answers_under_way_are_few_for_each_session(firm, monkeypatch):
    monkeypatch.setattr(limits, "MOST_AT_ONCE_ADDRESS", 2)
    app = client(firm).app
    told: list[int] = []

    async def crowd() -> None:
        leave = asyncio.Event()

        async def slow(scope, receive, send) -> None:
            await leave.wait()
            await send({"type": "http.response.start", "status": 200, "headers": []})

        async def send(message) -> None:
            if message["type"] == "http.response.start":
                told.append(message["status"])

        guard = limits.Limits(slow, firm)
        scope = {"type": "http", "method": "GET", "path": "/x", "headers": [], "client": ("192.0.2.9", 1), "app": app}
        scope |= {"query_string": b"", "raw_path": b"/x", "scheme": "http", "server": ("x", 80), "root_path": ""}
        asked = [asyncio.ensure_future(guard(dict(scope), None, send)) for _ in range(5)]
        await asyncio.sleep(0.05)
        assert told == [429] * 3
        leave.set()
        await asyncio.gather(*asked)
        await guard(dict(scope), None, send)

    asyncio.run(crowd())
    assert told == [429] * 3 + [200] * 3


@pytest.mark.parametrize("header", [(b"content-length", b"105000000"), (b"transfer-encoding", b"chunked")])
def test_strangers_bring_few_large_bodies_at_once_and_small_ones_go_on(firm, header):
    app = client(firm).app
    told: list[int] = []

    async def crowd() -> None:
        leave = asyncio.Event()

        async def slow(scope, receive, send) -> None:
            await leave.wait()
            await send({"type": "http.response.start", "status": 200, "headers": []})

        async def send(message) -> None:
            if message["type"] == "http.response.start":
                told.append(message["status"])

        guard = limits.Limits(slow, firm)
        scope = {"type": "http", "method": "POST", "path": "/x", "client": ("192.0.2.9", 1), "app": app}
        scope |= {"query_string": b"", "raw_path": b"/x", "scheme": "http", "server": ("x", 80), "root_path": ""}
        large, small = scope | {"headers": [header]}, scope | {"headers": [(b"content-length", b"90")]}
        asked = [asyncio.ensure_future(guard(dict(large), None, send)) for _ in range(6)]
        asked += [asyncio.ensure_future(guard(dict(small), None, send)) for _ in range(6)]
        await asyncio.sleep(0.05)
        assert told == [429] * 2
        leave.set()
        await asyncio.gather(*asked)
        assert not guard._under_way

    asyncio.run(crowd())
    assert told == [429] * 2 + [200] * 10


@pytest.mark.parametrize(
    "path", ["/sign-in", "/setup", "/invite/any", "/sign-out", "/sign-in/second", "/sign-in/second/set-up"]
)
def test_whoever_signs_in_sends_a_small_form(firm, path):
    """Read before anybody is known, on the one loop that answers all."""
    answer = client(firm).post(path, data={f"field{number}": "x" * 90_000 for number in range(3)})

    assert answer.status_code == 413


def test_a_body_that_stays_away_ends_the_request(monkeypatch):
    monkeypatch.setattr(limits, "SILENCE_S", 0.05)
    pieces = [{"type": "http.request", "body": b"half", "more_body": True}]

    async def receive():
        if pieces:
            return pieces.pop()
        await asyncio.sleep(60)

    async def read() -> list[str]:
        ask = limits.patient(receive, {"content-length": "10"})
        return [(await ask())["type"], (await ask())["type"]]

    assert asyncio.run(asyncio.wait_for(read(), 20)) == ["http.request", "http.disconnect"]


# --- connections, over a real socket --------------------------------------------------------------------


@pytest.fixture(scope="module")
def port(tmp_path_factory):
    """A real server whose patience with heads is short."""
    folder = tmp_path_factory.mktemp("limits")
    with socket.create_server(("127.0.0.1", 0)) as found:
        port = found.getsockname()[1]
    start = "from server import connections; connections.HEAD_S = 1; from server.cli import main; main(['serve'])"
    environ = os.environ | {
        "ROADBOOK_DATA": str(folder / "firm"), "ROADBOOK_URL": f"http://localhost:{port}", "ROADBOOK_PORT": str(port)
    }
    with open(folder / "log", "wb") as log:
        server = subprocess.Popen([sys.executable, "-c", start], cwd=ROOT, env=environ, stdout=log, stderr=log)
    end = time.monotonic() + 60
    while time.monotonic() < end:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 5):
            break
        time.sleep(0.1)
    yield port
    server.send_signal(signal.SIGTERM)
    assert server.wait(30) == 0


def said(port: int, *pieces: bytes, pause_s: float = 0.0) -> bytes:
    """What comes back until the server closes."""
    with socket.create_connection(("127.0.0.1", port), 30) as line:
        line.settimeout(30)
        with contextlib.suppress(ConnectionError):
            for piece in pieces:
                line.sendall(piece)
                time.sleep(pause_s)
        heard = b""
        with contextlib.suppress(ConnectionError):
            while piece := line.recv(65_536):
                heard += piece
    return heard


def test_a_connection_that_says_nothing_is_closed(port):
    assert said(port) == b""


def test_a_head_that_comes_by_the_letter_is_not_waited_for(port):
    assert said(port, *(bytes([letter]) for letter in b"GET /sign-in HTTP/1.1\r\n" * 2), pause_s=0.1) == b""


def test_a_head_that_goes_on_and_on_is_refused(port):
    head = b"GET /sign-in HTTP/1.1\r\nHost: x\r\nX-Long: " + b"x" * (connections.MOST_HEAD_BYTES + 100)

    assert said(port, head).startswith(b"HTTP/1.1 4")


def test_a_good_request_is_answered_and_its_connection_kept(port):
    ask = f"GET /sw.js HTTP/1.1\r\nHost: localhost:{port}\r\n\r\n".encode()
    with socket.create_connection(("127.0.0.1", port), 30) as line:
        line.settimeout(30)
        for _ in range(2):
            line.sendall(ask)
            heard = b""
            while b"\r\n\r\n" not in heard:
                heard += line.recv(65_536)
            head, _, rest = heard.partition(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 200")
            left = int(re.search(rb"content-length: (\d+)", head.lower())[1]) - len(rest)
            while left > 0:
                left -= len(line.recv(65_536))
            time.sleep(1.5)  # longer than a head may take
