"""The line between one phone and the server, which tests can cut and mend.

Emulated offline does not reach a service worker that a new browser starts with; a closed port does, in every browser.
The bytes are passed on as they are.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from urllib.parse import urlsplit


class Line:
    """A port of its own that leads to the server at `url`; its own address stays the same over cuts."""

    def __init__(self, url: str) -> None:
        server = urlsplit(url)
        self._server = (server.hostname, server.port)
        self._ends: set[socket.socket] = set()
        self._port = 0
        self._listening: socket.socket | None = None
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
                for source, sink in ((phone, server), (server, phone)):
                    threading.Thread(target=self._pass_on, args=[source, sink], daemon=True).start()

    def _pass_on(self, source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while piece := source.recv(65_536):
                sink.sendall(piece)
        for end in (source, sink):
            _close(end)
            self._ends.discard(end)


def _close(end: socket.socket) -> None:
    """At once, also for a thread that waits at it."""
    with contextlib.suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)
    end.close()
