"""A firm on a real socket for browser tests, and what networks do to `/sync` on the way.

`serve_firm(app_of, firm)` runs an app in a thread; `Faults` stands in front of it and spoils the next
answers as planned: cut after n bytes, a portal's page, a status, silence.  Everything else passes.
"""

from __future__ import annotations

import asyncio
import gzip
import json
import socket
import threading
from collections.abc import Callable
from contextlib import contextmanager
from types import SimpleNamespace

import uvicorn

from server.sign_in import sessions

PORTAL = b"<!doctype html><title>Hotel</title><form>Room number: <input name=room></form>"


class Faults:
    """ASGI in front of an app.  plan: one entry a coming `/sync`, None for none; asked: every request's JSON.
    check_plan, checked: the same of `/sync/check`."""

    def __init__(self, app) -> None:
        self.app = app
        self.plan: list[dict | None] = []
        self.check_plan: list[dict | None] = []
        self.asked: list[dict] = []
        self.checked: list[dict] = []
        self.headers: list[dict[str, str]] = []
        self.is_plain = False  # uncompressed: each position of a cut is a position in a line

    async def __call__(self, scope, receive, send) -> None:
        if scope["type"] != "http" or scope["path"] not in ("/sync", "/sync/check"):
            await self.app(scope, receive, send)
            return
        is_check = scope["path"] == "/sync/check"
        body = await _body_of(receive)
        self._note(scope, body, self.checked if is_check else self.asked)
        plan = self.check_plan if is_check else self.plan
        fault = plan.pop(0) if plan else None
        if self.is_plain:
            kept = [header for header in scope["headers"] if header[0] != b"accept-encoding"]
            scope = {**scope, "headers": kept}
        await self._spoil(fault or {}, scope, body, send)

    async def _spoil(self, fault: dict, scope, body: bytes, send) -> None:
        if "portal" in fault:
            await asyncio.sleep(fault.get("wait_s", 0))
            await _answer(send, fault.get("status", 200), b"text/html", PORTAL, fault.get("headers", {}))
        elif "say" in fault:  # a server of the test's own making
            lines = "".join(json.dumps(line, ensure_ascii=False, separators=(",", ":")) + "\n" for line in fault["say"])
            await _answer(send, 200, b"application/x-ndjson", lines.encode())
        elif "status" in fault:
            error = json.dumps({"error": fault["error"]}).encode()
            await _answer(send, fault["status"], b"application/json", error, fault.get("headers", {}))
        elif "lost" in fault:  # the server does it, and nobody hears of it
            await self.app(scope, _replay(body), _Nowhere())
            headers = [(b"content-type", b"application/x-ndjson")]
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            raise ConnectionAbortedError("cut by the test")
        elif "wait_s" in fault:
            await asyncio.sleep(fault["wait_s"])
            await self.app(scope, _replay(body), send)
        else:
            await self.app(scope, _replay(body), _Cut(send, fault["cut"]) if "cut" in fault else send)

    def _note(self, scope, body: bytes, asked: list[dict]) -> None:
        headers = {name.decode(): value.decode() for name, value in scope["headers"]}
        packed = headers.get("content-encoding") == "gzip"
        if asked is self.asked:
            self.headers.append(headers)
        asked.append(json.loads(gzip.decompress(body) if packed else body))


class _Cut:
    """Passes so many bytes of the body on, then breaks the connection."""

    def __init__(self, send, left: int) -> None:
        self.send, self.left = send, left

    async def __call__(self, message) -> None:
        if message["type"] == "http.response.body":
            body = message.get("body", b"")
            if len(body) >= self.left:
                await self.send({**message, "body": body[: self.left], "more_body": True})
                await asyncio.sleep(0.2)  # what arrived is read before the break is noticed, which drops the rest
                raise ConnectionAbortedError("cut by the test")
            self.left -= len(body)
        await self.send(message)


class _Nowhere:
    async def __call__(self, message) -> None:
        pass


async def _body_of(receive) -> bytes:
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    return body


def _replay(body: bytes) -> Callable:
    messages = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive():
        if messages:
            return messages.pop()
        await asyncio.sleep(3600)

    return receive


async def _answer(send, status: int, kind: bytes, body: bytes, headers: dict[str, str] | None = None) -> None:
    more = [(name.lower().encode(), value.encode()) for name, value in (headers or {}).items()]
    await send({"type": "http.response.start", "status": status, "headers": [(b"content-type", kind), *more]})
    await send({"type": "http.response.body", "body": body})


@contextmanager
def serve(app):
    """Run an ASGI app on a free port; gives its address."""
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    listening.listen()  # at once: whoever comes before the server runs waits instead of being refused
    config = uvicorn.Config(app, log_level="critical", access_log=False, timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(5)


def session_cookie(firm, user_id: str, url: str, device_id: str = "browser") -> dict:
    """Sign a person in without a form: a cookie for Playwright's add_cookies."""
    token = firm.write_now(
        lambda conn: sessions.start(
            conn,
            user_id=user_id,
            device_id=f"{device_id}-{user_id}",
            device_name="Test browser",
            started_by="password",
            now_ms=firm.clock(),
        )
    )
    return {"name": "roadbook", "value": token, "url": url, "httpOnly": True, "sameSite": "Lax"}


def plain_settings(url: str = "http://127.0.0.1") -> SimpleNamespace:
    """What `server.request` asks of settings."""
    return SimpleNamespace(is_https=False, url=url)
