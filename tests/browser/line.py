"""The line between one phone and the server, which tests can cut, mend, and make as bad as they like.

Emulated offline does not reach a service worker that a new browser starts with; a closed port does, in every browser.
The bytes are passed on as they are: late, slowly, or not at all.
"""

from __future__ import annotations

import contextlib
import random
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import urlsplit

PACKET = 1_400  # what a lost packet holds up
RETRANSMISSION_S = 0.4


@dataclass
class Weather:
    """What the line does to bytes on their way.

    latency_s: each packet takes so long. loss: this share of packets is sent once more, or more often.
    bytes_per_s: towards the phone, over all connections; 0 for as fast as it goes.
    cuts: after how many bytes towards the phone each connection breaks, one after the other.
    """

    latency_s: float = 0.0
    loss: float = 0.0
    bytes_per_s: int = 0
    cuts: Iterator[int] = field(default_factory=lambda: iter(()))
    dice: random.Random = field(default_factory=lambda: random.Random(5))

    def delay_s(self) -> float:
        """How much longer than its latency a packet takes."""
        late, wait = 0.0, RETRANSMISSION_S
        while self.dice.random() < self.loss:
            late, wait = late + wait, wait * 2
        return late


FAIR = Weather()


class Line:
    """A port of its own that leads to the server at `url`; its own address stays the same over cuts."""

    def __init__(self, url: str) -> None:
        server = urlsplit(url)
        self._server = (server.hostname, server.port)
        self._ends: set[socket.socket] = set()
        self._port = 0
        self._listening: socket.socket | None = None
        self._pipe = threading.Lock()
        self.weather = FAIR
        self.mend()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    def mend(self) -> None:
        self._listening = socket.create_server(("127.0.0.1", self._port))
        self._port = self._listening.getsockname()[1]
        threading.Thread(target=self._accept, args=[self._listening], daemon=True).start()

    def cut(self) -> None:
        """No new connection is taken, and those that were open end."""
        listening, self._listening = self._listening, None
        for end in [listening, *self._ends]:
            if end:
                _close(end)

    def _accept(self, listening: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                phone, _ = listening.accept()
                server = socket.create_connection(self._server)
                self._ends |= {phone, server}
                if listening is not self._listening:  # cut meanwhile
                    _close(phone)
                for source, sink, is_down in ((phone, server, False), (server, phone, True)):
                    threading.Thread(target=self._pass_on, args=[source, sink, is_down], daemon=True).start()

    def _pass_on(self, source: socket.socket, sink: socket.socket, is_down: bool) -> None:
        left = None  # bytes until the line breaks, once somebody said so
        with contextlib.suppress(OSError):
            while piece := source.recv(65_536 if self.weather is FAIR else PACKET):
                weather = self.weather
                if is_down and left is None:
                    left = next(weather.cuts, None)
                if is_down and left is not None:
                    piece, left = piece[:left], left - len(piece)
                self._travel(weather, len(piece), is_down)
                sink.sendall(piece)
                if left is not None and left <= 0:
                    break
        for end in (source, sink):
            _close(end)
            self._ends.discard(end)

    def _travel(self, weather: Weather, size: int, is_down: bool) -> None:
        if weather is FAIR:
            return
        time.sleep(weather.latency_s + weather.delay_s())
        if is_down and weather.bytes_per_s:
            with self._pipe:
                time.sleep(size / weather.bytes_per_s)


def _close(end: socket.socket) -> None:
    """At once, also for a thread that waits at it."""
    with contextlib.suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)
    end.close()
