"""What every answer says to the browser about safety, and the refusal of other sites' posts.

The same policy text reaches the service worker through the generated module `security.gen.js`, so that
a page made on the device is held to it too.  Nothing here knows who is asking.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

CSP = (
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' data: blob:; "
    "connect-src 'self'; manifest-src 'self'; worker-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)

HEADERS = {
    "Content-Security-Policy": CSP,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "geolocation=(self), camera=(), microphone=(), payment=(), usb=()",
    # Pages hold customers' data: no copy stays in a shared browser's cache unless an answer says so itself.
    "Cache-Control": "no-store",
}
HTTPS_HEADERS = {"Strict-Transport-Security": "max-age=31536000"}

# Lines for a device's worker: nothing that a browser would show, frame or run, and every byte is paid for.
FOR_DEVICES = {"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store"}

SAFE_METHODS = ("GET", "HEAD", "OPTIONS")


def headers_for(is_https: bool) -> dict[str, str]:
    """The headers of every answer, under this kind of public address."""
    return HEADERS | HTTPS_HEADERS if is_https else HEADERS


class Guard:
    """ASGI middleware: refuses cross-site posts with 403 and adds headers_for to every answer."""

    def __init__(self, app: ASGIApp, public_url: str) -> None:
        self.app = app
        self.public_url = public_url
        self.headers = headers_for(public_url.startswith("https://"))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                add_missing(headers, self.headers if is_shown(headers) else FOR_DEVICES)
            await send(message)

        refused = is_cross_site(scope["method"], Headers(scope=scope), self.public_url)
        app = JSONResponse({"error": "cross_site"}, 403) if refused else self.app
        await app(scope, receive, send_guarded)


def is_shown(headers: Headers) -> bool:
    """Whether a browser could show this answer to a person, as a document or a part of one."""
    return headers.get("content-type") != "application/x-ndjson"


def add_missing(headers: MutableHeaders, more: dict[str, str]) -> None:
    for name, value in more.items():
        headers.setdefault(name, value)


def is_cross_site(method: str, headers: Headers, public_url: str) -> bool:
    """Whether another site made the browser send this.

    Judged by Sec-Fetch-Site, else by Origin; a client that sends neither is not a browser that could be
    led to misuse its cookie.  Not by a token: a form that the device rendered last week has no fresh one.
    """
    if method in SAFE_METHODS:
        return False
    site = headers.get("sec-fetch-site")
    if site:
        return site not in ("same-origin", "none")
    origin = headers.get("origin")
    if origin is None:
        return False
    return origin != public_url and urlsplit(origin).netloc != headers.get("host")
