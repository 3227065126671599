"""The event stream that tells open pages to sync: a poke, never a row.

Rows reach a device by the same pull code whoever asked for it, so a poke carries nothing but the fact.
Thousands of streams may be open: each is one waiting task, and a poke for many is spread, so that they do not
all ask in the same moment.
"""

from __future__ import annotations

import asyncio
import random
import threading
from collections import defaultdict
from collections.abc import Iterable
from contextlib import suppress

from starlette.requests import Request
from starlette.types import Receive, Scope, Send

# An event now and then keeps proxies from closing a quiet stream, and tells a page that none holds it back.
KEEP_ALIVE_S = 25.0
# So many hear of a change at once; whoever else listens hears in turn: 500 a second.
AT_ONCE, PAUSE_S = 25, 0.05
# Between these a browser waits before it connects again by itself: not all in the same moment.
RETRY_MS = (3_000, 8_000)

POKE, STILL = b"event: poke\ndata: 0\n\n", b"event: still\ndata: 0\n\n"
HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),
]


class Hub:
    """Who listens. Listeners live in an event loop; pokes come from the writer's thread."""

    def __init__(self) -> None:
        self._listeners: dict[str, set[Listener]] = defaultdict(set)
        self._lock = threading.Lock()

    def poke(self, user_ids: Iterable[str]) -> None:
        self._in_their_loops(_poke_in_turn, user_ids)

    def close_device(self, user_id: str) -> None:
        """End a person's streams, for example when a session is revoked."""
        self._in_their_loops(_end, [user_id])

    def close_all(self) -> None:
        """End every stream: the server is going down."""
        with self._lock:
            user_ids = list(self._listeners)
        self._in_their_loops(_end, user_ids)

    def add(self, listener: Listener) -> None:
        with self._lock:
            self._listeners[listener.user_id].add(listener)

    def remove(self, listener: Listener) -> None:
        with self._lock:
            self._listeners[listener.user_id].discard(listener)
            if not self._listeners[listener.user_id]:
                del self._listeners[listener.user_id]

    def open_streams(self) -> int:
        with self._lock:
            return sum(len(listeners) for listeners in self._listeners.values())

    def _in_their_loops(self, work, user_ids: Iterable[str]) -> None:
        """One call into a loop, however many listen there: each call wakes it."""
        by_loop: dict[asyncio.AbstractEventLoop, list[Listener]] = defaultdict(list)
        with self._lock:
            for user_id in user_ids:
                for listener in self._listeners.get(user_id, ()):
                    by_loop[listener.loop].append(listener)
        for loop, listeners in by_loop.items():
            with suppress(RuntimeError):  # the loop has closed: the server is going down
                loop.call_soon_threadsafe(work, listeners)


def _poke_in_turn(listeners: list[Listener]) -> None:
    for listener in listeners[:AT_ONCE]:
        listener.say(POKE)
    if later := listeners[AT_ONCE:]:
        later[0].loop.call_later(PAUSE_S, _poke_in_turn, later)


def _end(listeners: list[Listener]) -> None:
    for listener in listeners:
        listener.end()


class Listener:
    """One open stream. What comes while something is on its way waits; pokes that wait are one poke."""

    def __init__(self, user_id: str, send: Send) -> None:
        self.user_id = user_id
        self.loop = asyncio.get_running_loop()
        self._send = send
        self._unsaid = b""
        self._sending: asyncio.Task | None = None
        self._has_ended = self._is_over = False
        # The first one early: streams that were opened in the same moment keep alive in different ones.
        self._timer = self.loop.call_later(KEEP_ALIVE_S * random.uniform(0.3, 1), self._keep_alive)

    def say(self, event: bytes) -> None:
        if event not in self._unsaid:
            self._unsaid += event
        self._go_on()

    def end(self) -> None:
        """The answer is complete; whoever waits for its connection to close hears that."""
        self._has_ended = True
        self._go_on()

    def close(self) -> None:
        """Whoever still has this listener in hand may poke it: nothing more is sent."""
        self._timer.cancel()
        self._is_over = True

    def _keep_alive(self) -> None:
        self._timer = self.loop.call_later(KEEP_ALIVE_S, self._keep_alive)
        self.say(STILL)

    def _go_on(self) -> None:
        if self._sending is None and not self._is_over:
            self._sending = self.loop.create_task(self._send_all())

    async def _send_all(self) -> None:
        try:
            while self._unsaid:
                body, self._unsaid = self._unsaid, b""
                await self._send({"type": "http.response.body", "body": body, "more_body": True})
            if self._has_ended:
                self._is_over = True
                await self._send({"type": "http.response.body", "body": b"", "more_body": False})
        except OSError:  # the device has gone
            self.close()
        finally:
            self._sending = None


class EventStream:
    """The answer: an ASGI application that lasts until the device goes or the stream is ended."""

    def __init__(self, hub: Hub, user_id: str) -> None:
        self.hub = hub
        self.user_id = user_id

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": list(HEADERS)})
        listener = Listener(self.user_id, send)
        self.hub.add(listener)
        try:
            # The first poke makes a device that connects late ask once.
            listener.say(b"retry: %d\n%b" % (random.randint(*RETRY_MS), POKE))
            while (await receive())["type"] != "http.disconnect":
                pass
        finally:
            self.hub.remove(listener)
            listener.close()


async def live(request: Request, firm) -> EventStream:
    """GET /live: `event: poke` whenever rows that this person may see have changed."""
    from .request import signed_in

    return EventStream(firm.hub, signed_in(request, firm).user_id)
