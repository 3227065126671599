"""The event stream: who is poked, how often, and how it ends. Over a real socket, with uvicorn in front."""

from __future__ import annotations

import socket
import time
from contextlib import contextmanager

import pytest

from server.live import AT_ONCE, POKE, EventStream, Hub
from tests.browser.served import serve


@pytest.fixture
def hub():
    return Hub()


@pytest.fixture
def port(hub):
    async def app(scope, receive, send):
        if scope["type"] == "lifespan":
            raise RuntimeError("no lifespan")
        await EventStream(hub, scope["path"].strip("/"))(scope, receive, send)

    with serve(app) as url:
        found = int(url.rpartition(":")[2])
        wait_until(lambda: is_open(found))
        yield found


def is_open(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port)).close()
    except ConnectionRefusedError:
        return False
    return True


class Ear:
    """One open stream, after its greeting."""

    def __init__(self, port: int, user_id: str) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=5)
        self.socket.sendall(f"GET /{user_id} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        self.heard = b""
        self.until(b"event: poke")
        self.heard = b""

    def until(self, mark: bytes) -> None:
        while mark not in self.heard:
            data = self.socket.recv(65536)
            if not data:
                raise ConnectionError(f"ended after {self.heard!r}")
            self.heard += data

    def hears_nothing(self) -> bool:
        self.socket.settimeout(0.15)
        try:
            return self.socket.recv(65536) == b""
        except TimeoutError:
            return True


@contextmanager
def ears(port: int, *user_ids: str):
    opened = [Ear(port, user_id) for user_id in user_ids]
    try:
        yield opened
    finally:
        for ear in opened:
            ear.socket.close()


def test_a_poke_reaches_every_stream_of_the_person_and_of_nobody_else(hub, port):
    with ears(port, "anna", "anna", "ben") as (phone, computer, other):
        hub.poke(["anna", "nobody"])
        phone.until(b"event: poke")
        computer.until(b"event: poke")
        assert other.hears_nothing()


def test_each_change_after_the_last_poke_is_told(hub, port):
    with ears(port, "anna") as (ear,):
        for _ in range(5):
            hub.poke(["anna"])
            ear.until(b"event: poke")
            ear.heard = b""


def test_a_poke_for_very_many_reaches_all_of_them(hub, port):
    with ears(port, *["anna"] * (3 * AT_ONCE)) as many:
        hub.poke(["anna"])
        for ear in many:
            ear.until(b"event: poke")


def test_an_ended_stream_is_complete_and_forgotten(hub, port):
    with ears(port, "anna", "ben") as (ear, other):
        hub.close_device("anna")
        ear.until(b"0\r\n\r\n")  # the last chunk: no browser takes it for a line that broke
        wait_until(lambda: "anna" not in hub._listeners)
        hub.poke(["ben"])
        other.until(b"event: poke")


def test_a_stream_is_ended_once_however_often_it_is_told(hub, port, caplog):
    """A server that stops tells all of them again and again, until each has closed."""
    with ears(port, "anna") as (ear,):
        [listener] = hub._listeners["anna"]
        for _ in range(20):
            hub.close_device("anna")
        ear.until(b"0\r\n\r\n")
        wait_until(lambda: "anna" not in hub._listeners)
        listener.loop.call_soon_threadsafe(listener.end)
        listener.loop.call_soon_threadsafe(listener.say, POKE)
        assert ear.hears_nothing()
        assert ear.heard.count(b"0\r\n\r\n") == 1
    assert not caplog.records


def test_a_device_that_goes_is_forgotten(hub, port):
    with ears(port, "anna"):
        assert "anna" in hub._listeners
    wait_until(lambda: not hub._listeners)
    hub.poke(["anna"])


def test_a_stream_greets_so_that_who_connects_late_asks_once(hub, port):
    with ears(port, "anna") as (ear,):
        assert ear.hears_nothing()


def wait_until(is_so) -> None:
    for _ in range(500):
        if is_so():
            return
        time.sleep(0.01)
    raise AssertionError("it never became so")
