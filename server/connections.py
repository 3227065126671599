"""Connections: how many there may be, how large a request's head, how long it may take to come.

uvicorn closes a connection that is idle between two requests, and waits for ever for one that begins a request and
does not go on.  A body that stays away is a matter of `limits`.
"""

from __future__ import annotations

import asyncio

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

# A device that listens is one connection, its sync another.
MOST_CONNECTIONS = 10_000
MOST_HEAD_BYTES = 32_768
# A head is a kilobyte: whoever needs longer sends it by the letter.
HEAD_S = 30


class PatientProtocol(H11Protocol):
    """Closes what has sent no whole head in time."""

    _closing: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:
        super().connection_made(transport)
        self._closing = self.loop.call_later(HEAD_S, self._close)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        is_cut = self.conn.their_state is h11.IDLE and self.conn.trailing_data[0]
        if not is_cut:
            self._stop()
        elif not self._closing:
            self._closing = self.loop.call_later(HEAD_S, self._close)

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop()
        super().connection_lost(exc)

    def _close(self) -> None:
        self._closing = None
        self.transport.close()

    def _stop(self) -> None:
        if self._closing:
            self._closing.cancel()
            self._closing = None
