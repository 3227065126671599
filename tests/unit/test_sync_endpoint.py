"""POST /sync over HTTP: what it refuses, and how little it says when there is nothing to say."""

import json
import socket
import threading
import time
from contextlib import contextmanager

import pytest
import uvicorn

from server.app import create_app
from server.serve import listen, uvicorn_config
from sync.schema import schema_hash
from tests.browser.served import session_cookie

from ..device import Device, new_id
from .shell import client, open_firm, settings, shared_parts, signed_in_client


@pytest.fixture
def office(tmp_path):
    made = open_firm(tmp_path / "office")
    yield made
    made.close()


def request(**more) -> dict:
    return {"protocol": 1, "schema": schema_hash(), "cursor": "", **more}


def test_everything_but_protocol_schema_and_cursor_may_be_left_out(office):
    answer = signed_in_client(office).post("/sync", json=request())

    assert answer.status_code == 200
    said = [next(iter(json.loads(line))) for line in answer.text.splitlines()]
    assert (said[0], set(said[1:-1]), said[-1]) == ("hello", {"rows"}, "end")


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"cursor": 5}, "cursor is text"),
        ({"known": 5}, "known is text"),
        ({"clock": "now"}, "clock is a number of milliseconds"),
        ({"clock": True}, "clock is a number of milliseconds"),
        ({"chunk": 99}, "chunk is a number from 100 to 5000"),
        ({"chunk": 5_001}, "chunk is a number from 100 to 5000"),
        ({"chunk": "all"}, "chunk is a number from 100 to 5000"),
        ({"ops": {}}, "ops is a list"),
        ({"ops": [{}]}, "operation 0 has no id"),
        ({"ops": [{"id": new_id(), "group": 1}]}, "operation 0: group is an id"),
    ],
)
def test_malformed_requests_hear_what_is_wrong(office, more, reason):
    answer = signed_in_client(office).post("/sync", json=request(**more))

    assert (answer.status_code, answer.json()) == (400, {"error": "malformed", "reason": reason})


def test_cursor_that_is_none_of_this_persons_is_told_to_start_again(office):
    answer = signed_in_client(office).post("/sync", json=request(cursor="nonsense"))

    assert (answer.status_code, answer.json()) == (409, {"error": "start_again"})


def test_nobody_signed_in_is_401(office):
    assert client(office).post("/sync", json=request()).status_code == 401


# --- bytes -------------------------------------------------------------------------------------------


@contextmanager
def served(firm):
    """The port of the firm's real server."""
    listening = listen("127.0.0.1", 0)
    by = settings(firm.path)
    server = uvicorn.Server(uvicorn_config(create_app(firm, by, **shared_parts()), by))
    thread = threading.Thread(target=lambda: server.run(sockets=[listening]), daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield listening.getsockname()[1]
    server.should_exit = True
    thread.join()


def raw(firm, device: Device, *headers: str) -> bytes:
    """The request of a device with nothing to say, as bytes."""
    token = session_cookie(firm, device.user_id, "http://localhost")["value"]
    known = request(cursor=device.cursor) | {"known": device.hello["key"]}
    body = json.dumps(known, separators=(",", ":")).encode()
    lines = ["POST /sync HTTP/1.1", "Host: localhost", f"Cookie: roadbook={token}", "Content-Type: application/json"]
    return "\r\n".join([*lines, *headers, f"Content-Length: {len(body)}", "", ""]).encode() + body


def exchanged(port: int, asked: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", port)) as line:
        line.sendall(asked.replace(b"\r\n", b"\r\nConnection: close\r\n", 1))
        return b"".join(iter(lambda: line.recv(65_536), b""))


def headers_of(answer: bytes) -> dict[str, str]:
    _, *lines = answer.split(b"\r\n\r\n", 1)[0].decode().split("\r\n")
    return dict(line.lower().split(": ", 1) for line in lines)


def test_sync_with_nothing_new_is_at_most_450_bytes_both_ways(firm):
    rita = Device(firm, "rita")
    # As long as numbers get: a firm of many years, a device with a window.
    firm.write_now(lambda db: db.execute("UPDATE counter SET seq = 98765432"))
    rita.add("preference", "rita", window_days=90)
    rita.sync()
    assert rita.hello["window_ms"]

    with served(firm) as port:
        asked = raw(firm, rita)
        answer = exchanged(port, asked)

    assert answer.startswith(b"HTTP/1.1 200 OK") and b'{"end":' in answer
    assert headers_of(answer).keys() - {"connection"} == {
        "cache-control",
        "content-length",
        "content-type",
        "x-content-type-options",
    }
    assert len(asked) + len(answer) - len("connection: close\r\n") <= 450


def test_small_answers_are_whole_and_plain_and_large_ones_are_streamed_and_packed(firm):
    rita = Device(firm, "rita")
    rita.sync()
    with served(firm) as port:
        small = exchanged(port, raw(firm, rita, "Accept-Encoding: gzip"))
        for number in range(300):
            rita.add("account", name=f"Customer {number}", owner_id="rita")
        rita.sync()
        fresh = Device(firm, "rita", "tablet")
        fresh.hello = rita.hello
        large = exchanged(port, raw(firm, fresh, "Accept-Encoding: gzip"))

    assert "content-encoding" not in headers_of(small)
    assert headers_of(large)["content-encoding"] == "gzip"
    assert headers_of(large)["transfer-encoding"] == "chunked"
    assert len(large) < 40_000


def test_packed_answer_is_the_plain_one(office):
    browser = signed_in_client(office)
    plain = browser.post("/sync", json=request(), headers={"accept-encoding": "identity"})
    packed = browser.post("/sync", json=request(), headers={"accept-encoding": "gzip"})

    assert "content-encoding" not in plain.headers and packed.headers["content-encoding"] == "gzip"
    assert packed.text == plain.text and int(packed.headers["content-length"]) < len(plain.content)
