"""Who is asking, from where, and for what kind of answer.

The only module that reads the session cookie.  It decides nothing about what a person may see.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import quote

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from server.devices.known import KEPT_MS
from server.sign_in import sessions
from server.writer import Frozen

SECURE_COOKIE = "__Host-roadbook"
PLAIN_COOKIE = "roadbook"


class SignedOut(Exception):
    """Nobody is signed in on this device, or no longer."""


@dataclass(frozen=True)
class Session:
    user_id: str
    device_id: str
    token_hash: str


def signed_in(request: Request, firm) -> Session:
    """The session of whoever sent this request. Raises SignedOut."""
    return _session(request, firm, sessions.find)


def signed_in_or_leaving(request: Request, firm) -> Session:
    """The same, also of somebody who was disabled: a device may still bring what was typed. Raises SignedOut."""
    return _session(request, firm, sessions.find_any)


def _session(request: Request, firm, find) -> Session:
    token = request.cookies.get(cookie_name(request))
    if not token:
        raise SignedOut
    now_ms = firm.clock()
    with firm.look() as conn:
        row = find(conn, token, now_ms)
    if row is None:
        raise SignedOut
    # A farewell has its day, however often the device comes.
    if row["is_active"] and sessions.is_worth_noting(row, now_ms):
        request.state.seen = row["token_hash"]
    elif row["is_active"] and not row["schema"]:
        request.state.unknown = row["token_hash"]
    return Session(row["user_id"], row["device_id"], row["token_hash"])


def cookie_name(request: Request) -> str:
    return SECURE_COOKIE if request.app.state.settings.is_https else PLAIN_COOKIE


def give_cookie(request: Request, response, token: str) -> None:
    """Hand a fresh session's token to the browser: out of reach of scripts, never sent cross-site."""
    # Longer than the session: a device whose session ended is known again when it is to be emptied.
    seconds = KEPT_MS // 1000
    secure = request.app.state.settings.is_https
    response.set_cookie(
        cookie_name(request), token, max_age=seconds, path="/", secure=secure, httponly=True, samesite="lax"
    )


def take_cookie(request: Request, response) -> None:
    secure = request.app.state.settings.is_https
    response.delete_cookie(cookie_name(request), path="/", secure=secure, httponly=True, samesite="lax")


def is_navigation(request: Request) -> bool:
    """Whether a person waits for a whole page (else a script waits for an answer)."""
    mode = request.headers.get("sec-fetch-mode")
    if mode:
        return mode == "navigate"
    is_htmx = "hx-request" in request.headers or "hx-request-type" in request.headers
    return not is_htmx and "text/html" in request.headers.get("accept", "")


def is_partial(request: Request) -> bool:
    """Whether htmx wants a fragment. HX-Request alone says nothing: going back sends none of it."""
    return request.headers.get("hx-request-type") == "partial"


def address(request: Request) -> str:
    """Where the request came from; behind a trusted proxy uvicorn has already put the person's address here."""
    return request.client.host if request.client else "unknown"


def sign_in_path(request: Request) -> str:
    """Where to sign in, coming back to this page afterwards."""
    query = f"?{request.url.query}" if request.url.query else ""
    return "/sign-in?next=" + quote(request.url.path + query, safe="")


def safe_next(text: str | None) -> str:
    """An address on this site to go on to, else the start page: never a way to another site.

    Browsers read `//host` and `/\\host` as another host, and drop tabs and line ends inside an address.
    """
    path = text or "/"
    is_local = path.startswith("/") and not path.startswith("//")
    has_tricks = "\\" in path or any(ord(letter) < 33 or ord(letter) == 127 for letter in path)
    return path if is_local and not has_tricks and len(path) <= 2_000 else "/"


class NoteSeen:
    """ASGI middleware: after the answer, notes when a session was last used (every few minutes at most)."""

    def __init__(self, app: ASGIApp, firm) -> None:
        self.app = app
        self.firm = firm

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.app(scope, receive, send)
        state = scope.get("state", {})
        told = state.get("told")
        token_hash = state.get("seen") or (state.get("unknown") if told else None)
        if token_hash:
            with suppress(Frozen):
                await self.firm.write(lambda conn: sessions.note_seen(conn, token_hash, self.firm.clock(), told))
