"""The name of one request: in the log, in the answer, and on the page that says that something went wrong.

It is made here, or taken from a proxy that is trusted, so that the proxy's log and ours tell of one thing.
"""

from __future__ import annotations

import re
import secrets
from contextvars import ContextVar

from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

HEADER = b"x-request-id"
WELL_FORMED = re.compile(rb"[A-Za-z0-9_-]{8,64}")
# Set on the scope of what came through a trusted proxy.
IS_TRUSTED = "roadbook.trusted_proxy"

# Of the request that is being answered; '' outside of any. Each request runs in a context of its own.
current: ContextVar[str] = ContextVar("request_id", default="")


def name_request(scope: Scope) -> str:
    """The id of this request, from now on also the current one."""
    found = _given(scope) if scope.get(IS_TRUSTED) else None
    request_id = found or secrets.token_hex(8)
    current.set(request_id)
    return request_id


def _given(scope: Scope) -> str | None:
    for name, value in scope["headers"]:
        if name == HEADER and WELL_FORMED.fullmatch(value):
            return value.decode("ascii")
    return None


class BehindProxy:
    """ASGI, outermost: believes a trusted proxy who sent the request, and how it calls it; nobody else."""

    def __init__(self, app: ASGIApp, trusted: str) -> None:
        self.behind = ProxyHeadersMiddleware(app, trusted)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        # Asked before the address of the proxy is replaced by that of the person.
        client = scope.get("client")
        if client and client[0] in self.behind.trusted_hosts:
            scope[IS_TRUSTED] = True
        await self.behind(scope, receive, send)
