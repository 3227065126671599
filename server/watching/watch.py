"""ASGI middleware around a firm's app: names each request, counts it, writes one line of the log about it.

The line says the route as the code has it, `/customers/{id}`, never the address itself: that holds ids, names that
were searched for, and links that let somebody in.  Nothing is held back: streams pass as they come.
"""

from __future__ import annotations

import logging
import time

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .request_id import HEADER, name_request

# Refused before any route was asked for.
NO_ROUTE = "-"
# Whoever asked has gone before there was an answer.
GONE = 499

log = logging.getLogger("server.request")


class Watch:
    """firm: its `measures` are kept, its clock is asked. host: what the firm is called in the log."""

    def __init__(self, app: ASGIApp, firm, host: str) -> None:
        self.app = app
        self.firm = firm
        self.host = host

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        seen = _Seen(self, scope, send)
        try:
            await self.app(scope, receive, seen.send)
        except Exception:
            # Starlette makes the answer to this outside of here, and whoever serves writes the exception down.
            seen.end(500)
            raise
        finally:
            seen.end(GONE)


class _Seen:
    """One request and what is answered."""

    __slots__ = ("began", "is_over", "request_id", "scope", "send_on", "sent", "status", "watch")

    def __init__(self, watch: Watch, scope: Scope, send: Send) -> None:
        self.watch, self.scope, self.send_on = watch, scope, send
        self.request_id = name_request(scope)
        scope.setdefault("state", {})["request_id"] = self.request_id
        self.status = self.sent = 0
        self.began = time.perf_counter()
        self.is_over = False

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            if not _is_for_devices(message["headers"]):
                message["headers"].append((HEADER, self.request_id.encode()))
        else:
            self.sent += len(message.get("body", b""))
            if not message.get("more_body"):
                self.end(self.status)
        await self.send_on(message)

    def end(self, status: int) -> None:
        """Once, whatever comes first. status: what to say where nothing was answered."""
        if self.is_over:
            return
        self.is_over = True
        seconds = time.perf_counter() - self.began
        status = status if status == 500 else self.status or status
        method, route = self.scope["method"], route_of(self.scope)
        firm = self.watch.firm
        firm.measures.note_request(method, route, status, seconds, self.sent, firm.clock())
        if log.isEnabledFor(logging.INFO):
            told = {
                "request_id": self.request_id,
                "method": method[:16],
                "route": route,
                "status": status,
                "ms": round(seconds * 1000, 1),
                "bytes": self.sent,
                "firm": self.watch.host,
            }
            log.info("answered", extra=told)


def route_of(scope: Scope) -> str:
    """The address as the code has it: of a page its own, of everything else the route's."""
    page = scope.get("state", {}).get("page")
    if page:
        return page
    route = scope.get("route")
    return route.path if route is not None else NO_ROUTE


def _is_for_devices(headers: list[tuple[bytes, bytes]]) -> bool:
    """Lines for a device's worker, of which every byte is paid for."""
    return any(name == b"content-type" and value == b"application/x-ndjson" for name, value in headers)
