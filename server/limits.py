"""How much one session or one address may ask for: 429 with a time to come back, for whoever asks for more.

A signed-in device is counted by its session, so that a firm whose thousand devices come back behind one address is
served; whoever is not signed in is counted by address.  Counts are in memory, few and forgotten with the process: this
protects the server's time.  Guesses at passwords are `sign_in.throttle`'s, which forgets nothing.
What costs less to serve than to count (static files, the worker) is not counted.
"""

from __future__ import annotations

import asyncio
import math
import re
import time
from collections import Counter, OrderedDict
from collections.abc import Callable
from contextlib import ExitStack, contextmanager

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from server.buckets import MOST_KEYS, Buckets, Rule
from server.errors import problem
from server.request import address, cookie_name
from server.sign_in import sessions
from server.sign_in.secrets import digest
from server.sign_in.throttle import network

# Answers under way at once: pages, uploads, open event streams.
MOST_AT_ONCE_SESSION, MOST_AT_ONCE_ADDRESS = 60, 200
# Of strangers' bodies few are large: a form that was typed before its session ended. They are read into memory.
LARGE_BYTES, MOST_LARGE_AT_ONCE = 200_000, 4
# A body that stays silent for so long will not come any more: a phone comes again with what is left.
SILENCE_S = 60


# The first that fits: (methods, path, rule).  `*` is every method.
SIGNED_IN = (
    ("POST", r"/sync(/check)?", Rule("sync", 600, 20)),
    ("GET", r"/live", Rule("live", 60, 1)),
    ("*", r"/uploads(/.*)?", Rule("uploads", 200, 5)),
    ("GET", r"/attachments/.*", Rule("attachments", 300, 20)),
    ("GET", r"/export/.+|/import/[^/]+/errors\.csv", Rule("exports", 12, 0.2)),
    ("POST", r"/import(/.*)?", Rule("imports", 40, 0.5)),
    ("POST", r"/admin/people/[^/]+/(invites|codes)|/sign-in/code", Rule("invites", 40, 0.2)),
    ("POST", r"/me/notices/test", Rule("notice tests", 5, 1 / 30)),
    ("*", r"/.*", Rule("pages", 300, 10)),
)
ANYBODY = (
    ("POST", r"/sign-in|/setup|/invite/.*", Rule("sign-in", 150, 2)),
    ("*", r"/.*", Rule("anybody", 600, 20)),
)
FREE = re.compile(r"/static/.*|/_/.*|/sw\.js|/manifest\.webmanifest")


def rule_for(method: str, path: str, is_signed_in: bool) -> Rule | None:
    """None where nothing is counted."""
    if FREE.fullmatch(path):
        return None
    rules = SIGNED_IN if is_signed_in else ANYBODY
    method = "GET" if method == "HEAD" else method
    return next((rule for methods, pattern, rule in rules if methods in ("*", method) and re.fullmatch(pattern, path)))


class Limits:
    """ASGI middleware, around everything that may cost something."""

    def __init__(self, app: ASGIApp, firm, clock: Callable[[], float] = time.monotonic) -> None:
        self.app, self.firm = app, firm
        self._buckets = Buckets(clock=clock)
        self._known: OrderedDict[str, None] = OrderedDict()
        self._under_way: Counter[str] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or FREE.fullmatch(scope["path"]):
            await self.app(scope, receive, send)
            return
        request = Request(scope)
        session = self._session(request)
        key = session or network(address(request))
        rule = rule_for(scope["method"], scope["path"], session is not None)
        wait_s = self._buckets.take(key, rule)
        most = MOST_AT_ONCE_SESSION if session else MOST_AT_ONCE_ADDRESS
        kinds = [(key, most)]
        if not session and is_large(request.headers):
            kinds.append((f"large {key}", MOST_LARGE_AT_ONCE))
        if wait_s or any(self._under_way[kind] >= most for kind, most in kinds):
            await too_many(request, wait_s)(scope, receive, send)
            return
        with ExitStack() as counted:
            for kind, _ in kinds:
                counted.enter_context(self._counted(kind))
            await self.app(scope, patient(receive, request.headers), send)

    def _session(self, request: Request) -> str | None:
        """What the session is counted by; None where nobody is signed in, whatever the cookie says."""
        token = request.cookies.get(cookie_name(request))
        if not token:
            return None
        hashed = digest(token)
        if hashed not in self._known:
            with self.firm.look() as conn:
                if sessions.find_any(conn, token, self.firm.clock()) is None:
                    return None
            if len(self._known) >= MOST_KEYS:
                self._known.popitem(last=False)
        self._known[hashed] = None
        self._known.move_to_end(hashed)
        return hashed

    @contextmanager
    def _counted(self, key: str):
        self._under_way[key] += 1
        try:
            yield
        finally:
            self._under_way[key] -= 1
            if not self._under_way[key]:
                del self._under_way[key]


def too_many(request: Request, wait_s: float) -> Response:
    return problem(request, 429, {"Retry-After": str(max(1, math.ceil(wait_s)))})


def is_large(headers: Headers) -> bool:
    """Whether a body is, or may become, larger than what people sign in with."""
    told = headers.get("content-length", "")
    return "transfer-encoding" in headers or (told.isascii() and told.isdigit() and int(told[:12]) > LARGE_BYTES)


def patient(receive: Receive, headers: Headers) -> Receive:
    """The same, until a body that was announced stays away: then as if the connection had broken."""
    if headers.get("content-length", "0") == "0" and "transfer-encoding" not in headers:
        return receive
    is_all = False

    async def receive_in_time() -> Message:
        nonlocal is_all
        if is_all:
            return await receive()
        try:
            message = await asyncio.wait_for(receive(), SILENCE_S)
        except TimeoutError:
            message = {"type": "http.disconnect"}
        is_all = not message.get("more_body", False)
        return message

    return receive_in_time
