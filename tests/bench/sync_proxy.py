"""A TCP proxy that counts and delays: a process of its own, so that it takes no time from what is measured.

`Proxy(port, one_way_ms)` starts it; `counts()` gives and forgets what has passed.  It knows nothing of what
passes but that a request begins with a method.
"""

from __future__ import annotations

import asyncio
import json
import re
import socket
import subprocess
import sys
from collections import deque

_REQUEST = re.compile(rb"(?:^|\r\n|[}\n])(?:GET|POST) /[^ ]* HTTP/1\.1\r\n")


class Proxy:
    """The proxy's process, as a context. port: where to connect instead of the server."""

    def __init__(self, server_port: int, one_way_ms: float = 0) -> None:
        command = [sys.executable, "-m", "tests.bench.sync_proxy", str(server_port), str(one_way_ms)]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.port = int(self._process.stdout.readline())

    def counts(self) -> dict[str, int]:
        """up, down (bytes), requests, connections since it was last asked."""
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())

    def __enter__(self) -> Proxy:
        return self

    def __exit__(self, *_) -> None:
        self._process.stdin.close()
        self._process.wait(10)


class _Passing:
    """What passes in all connections, counted."""

    def __init__(self, server_port: int, delay_s: float) -> None:
        self.server_port = server_port
        self.delay_s = delay_s
        self.forget()

    def forget(self) -> None:
        self.counted = {"up": 0, "down": 0, "requests": 0, "connections": 0}


class _End(asyncio.Protocol):
    """One end of one connection; what it receives goes out of the other one, in order, after the delay."""

    def __init__(self, passing: _Passing, is_client: bool, other: _End | None = None) -> None:
        self.passing, self.is_client, self.other = passing, is_client, other
        self.transport: asyncio.Transport | None = None
        self.late: deque[bytes] = deque()  # for this end to send

    def connection_made(self, transport) -> None:
        self.transport = transport
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self.is_client:
            self.passing.counted["connections"] += 1
            self.other = _End(self.passing, False, self)
            transport.pause_reading()
            self.connecting = asyncio.create_task(self._connect())
        else:
            self.other.transport.resume_reading()

    async def _connect(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            await loop.create_connection(lambda: self.other, "127.0.0.1", self.passing.server_port)
        except OSError:
            self.transport.abort()

    def data_received(self, data: bytes) -> None:
        counted = self.passing.counted
        counted["up" if self.is_client else "down"] += len(data)
        if self.is_client:
            counted["requests"] += len(_REQUEST.findall(data))
        if not self.passing.delay_s:
            self.other.transport.write(data)
            return
        self.other.late.append(data)
        asyncio.get_running_loop().call_later(self.passing.delay_s, self.other.send_late)

    def send_late(self) -> None:
        data = self.late.popleft()
        if not self.transport.is_closing():
            self.transport.write(data)

    def connection_lost(self, error) -> None:
        if self.other and self.other.transport:
            asyncio.get_running_loop().call_later(self.passing.delay_s + 0.005, self.other.transport.close)


async def _serve(server_port: int, one_way_ms: float) -> None:
    loop = asyncio.get_running_loop()
    passing = _Passing(server_port, one_way_ms / 1000)
    server = await loop.create_server(lambda: _End(passing, True), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    while await loop.run_in_executor(None, sys.stdin.readline):
        print(json.dumps(passing.counted), flush=True)
        passing.forget()


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1]), float(sys.argv[2])))
