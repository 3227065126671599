"""The event stream that tells open pages to sync: a poke, never a row.

Rows reach a device by the same pull code whoever asked for it, so a poke carries nothing but the fact.
"""

from __future__ import annotations

import asyncio
import threading
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable

from starlette.requests import Request
from starlette.responses import StreamingResponse

# A comment line now and then keeps proxies from closing a quiet stream.
KEEP_ALIVE_S = 25.0


class Hub:
    """Who listens. Listeners live in the event loop; pokes come from the writer's thread."""

    def __init__(self) -> None:
        self._listeners: dict[str, set[Listener]] = defaultdict(set)
        self._lock = threading.Lock()

    def poke(self, user_ids: Iterable[str]) -> None:
        with self._lock:
            listeners = [listener for user_id in user_ids for listener in self._listeners.get(user_id, ())]
        for listener in listeners:
            listener.poke()

    def add(self, listener: Listener) -> None:
        with self._lock:
            self._listeners[listener.user_id].add(listener)

    def remove(self, listener: Listener) -> None:
        with self._lock:
            self._listeners[listener.user_id].discard(listener)
            if not self._listeners[listener.user_id]:
                del self._listeners[listener.user_id]

    def close_device(self, user_id: str) -> None:
        """End a person's streams, for example when a session is revoked."""
        with self._lock:
            listeners = list(self._listeners.get(user_id, ()))
        for listener in listeners:
            listener.end()


class Listener:
    """One open stream. Pokes that come while one is waiting are one poke."""

    def __init__(self, user_id: str) -> None:
        self.user_id = user_id
        self.ended = False
        self._loop = asyncio.get_running_loop()
        self._event = asyncio.Event()

    def poke(self) -> None:
        try:
            self._loop.call_soon_threadsafe(self._event.set)
        except RuntimeError:  # the loop has closed: the server is going down
            pass

    def end(self) -> None:
        self.ended = True
        self.poke()

    async def wait(self, timeout_s: float) -> bool:
        """True when poked, False when the time is up."""
        try:
            await asyncio.wait_for(self._event.wait(), timeout_s)
        except TimeoutError:
            return False
        self._event.clear()
        return True


async def live(request: Request, firm) -> StreamingResponse:
    """GET /live: `event: poke` whenever rows that this person may see have changed."""
    from .request import signed_in

    session = signed_in(request, firm)
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(_stream(firm.hub, session.user_id), media_type="text/event-stream", headers=headers)


async def _stream(hub: Hub, user_id: str) -> AsyncIterator[str]:
    listener = Listener(user_id)
    hub.add(listener)
    try:
        # The first poke makes a device that connects late ask once.
        yield "retry: 5000\nevent: poke\ndata: 0\n\n"
        while True:
            poked = await listener.wait(KEEP_ALIVE_S)
            if listener.ended:
                return
            yield "event: poke\ndata: 0\n\n" if poked else ": still here\n\n"
    finally:
        hub.remove(listener)
