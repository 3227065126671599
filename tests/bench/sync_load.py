"""Thousands of devices in one process of their own, so that they do not share the server's interpreter.

Told what to do in lines of JSON on its input, answers in lines of JSON: see `Load`.  A device is an open event
stream, a list of pushes, or both; one that is poked asks for what is new, once at a time, as the worker does.
"""

from __future__ import annotations

import asyncio
import gzip
import json
import subprocess
import sys
import time

import brotli

from .sync_firm import raise_open_files

SMALL_BYTES = 1_000


class Load:
    """The process, as a context. do(what, **arguments) waits for its answer."""

    def __init__(self, port: int, schema: str) -> None:
        raise_open_files()
        command = [sys.executable, "-m", "tests.bench.sync_load", str(port), schema]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def begin(self, what: str, **arguments) -> None:
        self._process.stdin.write(json.dumps({"do": what} | arguments) + "\n")
        self._process.stdin.flush()

    def answer(self) -> dict:
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("the load's process ended")
        return json.loads(line)

    def do(self, what: str, **arguments) -> dict:
        self.begin(what, **arguments)
        return self.answer()

    def __enter__(self) -> Load:
        return self

    def __exit__(self, *_) -> None:
        self._process.stdin.close()
        self._process.wait(20)


class Devices:
    """All devices, by name."""

    def __init__(self, port: int, schema: str) -> None:
        self.port, self.schema = port, schema
        self.devices: dict[str, Device] = {}

    async def add(self, devices: list[dict]) -> dict:
        """devices: name, token, cursor, pushes (a list of lists of operations)."""
        for told in devices:
            self.devices[told["name"]] = Device(self, **told)
        return {"devices": len(self.devices)}

    async def give(self, pushes: dict[str, list]) -> dict:
        """What these devices are to push next, by name."""
        for name, given in pushes.items():
            self.devices[name].pushes += given
        return {}

    async def listen(self, names: list[str]) -> dict:
        """Open these devices' event streams, all at once; until each has been greeted."""
        return await self._all(names, lambda device: device.listen())

    async def drop(self, names: list[str]) -> dict:
        return await self._all(names, lambda device: device.drop())

    async def push(self, names: list[str]) -> dict:
        """All at once, each its own pushes one after the other, as fast as they go."""
        return await self._all(names, lambda device: device.push())

    async def reconnect(self, names: list[str]) -> dict:
        """All at once: what waits is sent, then the stream is opened."""

        async def back(device: Device) -> None:
            await device.push()
            await device.listen()

        return await self._all(names, back)

    async def settle(self) -> dict:
        """Until no device asks for anything any more."""
        begun = time.perf_counter()
        while any(device.asking for device in self.devices.values()):
            await asyncio.sleep(0.02)
        pulls = sum(device.pulls for device in self.devices.values())
        return {"s": time.perf_counter() - begun, "pulls": pulls, "pokes": sum(d.pokes for d in self.devices.values())}

    async def _all(self, names: list[str], work) -> dict:
        begun = time.perf_counter()
        verdicts: dict[str, int] = {}
        taken = []

        async def one(device: Device) -> None:
            await work(device)
            taken.append(time.perf_counter() - begun)

        await asyncio.gather(*(one(self.devices[name]) for name in names))
        for name in names:
            for verdict, times in self.devices[name].verdicts.items():
                verdicts[verdict] = verdicts.get(verdict, 0) + times
        taken.sort()
        return {"s": taken[-1], "median_s": taken[len(taken) // 2], "verdicts": verdicts}


class Device:
    def __init__(self, all_: Devices, name: str, token: str, cursor: str, pushes: list | None = None) -> None:
        self.all, self.name, self.token, self.cursor = all_, name, token, cursor
        self.pushes: list[list[dict]] = pushes or []
        self.known = ""
        self.line: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        self.stream: asyncio.StreamWriter | None = None
        self.ear: asyncio.Task | None = None
        self.asking: asyncio.Task | None = None
        self.is_poked = False
        # One round at a time, as a worker has it: a poke may come while something is sent.
        self.turn = asyncio.Lock()
        self.pulls = self.pokes = 0
        self.verdicts: dict[str, int] = {}

    async def push(self) -> None:
        pushes, self.pushes = self.pushes, []
        for ops in pushes:
            await self._sync(ops)

    async def listen(self) -> None:
        reader, self.stream = await self._connect()
        self.stream.write(self._head("GET", "/live") + b"\r\n")
        status = (await reader.readuntil(b"\r\n\r\n")).split(b" ", 2)[1]
        if status != b"200":
            raise RuntimeError(f"/live answered {status.decode()}")
        await reader.readuntil(b"event: poke")
        self.ear = asyncio.create_task(self._hear(reader))

    async def drop(self) -> None:
        for end in (self.stream, self.line and self.line[1]):
            if end:
                end.close()
        if self.ear:
            self.ear.cancel()
        self.line = self.stream = None

    async def _hear(self, reader: asyncio.StreamReader) -> None:
        while True:
            try:
                await reader.readuntil(b"event: poke")
            except (asyncio.IncompleteReadError, ConnectionError):
                return
            self.pokes += 1
            self.is_poked = True
            if not self.asking:
                self.asking = asyncio.create_task(self._ask())

    async def _ask(self) -> None:
        while self.is_poked:
            self.is_poked = False
            await self._sync([])
            self.pulls += 1
        self.asking = None

    async def _sync(self, ops: list[dict]) -> None:
        async with self.turn:
            await self._round(ops)

    async def _round(self, ops: list[dict]) -> None:
        asked = {"protocol": 1, "schema": self.all.schema, "cursor": self.cursor, "known": self.known, "ops": ops}
        if not self.line:
            self.line = await self._connect()
        reader, writer = self.line
        body = json.dumps(asked, ensure_ascii=False, separators=(",", ":")).encode()
        head = self._head("POST", "/sync") + b"Content-Type: application/json\r\nAccept-Encoding: br\r\n"
        if len(body) >= SMALL_BYTES:
            body = gzip.compress(body, 1)
            head += b"Content-Encoding: gzip\r\n"
        writer.write(head + b"Content-Length: %d\r\n\r\n" % len(body) + body)
        status, text = await _answer(reader)
        if status != 200:
            raise RuntimeError(f"/sync answered {status}: {text[:300]!r}")
        self._take(text)

    def _take(self, text: bytes) -> None:
        *lines, end, _ = text.split(b"\n")
        for line in lines:
            if line.startswith(b'{"outcome"'):
                verdict = json.loads(line)["outcome"]["is"]
                self.verdicts[verdict] = self.verdicts.get(verdict, 0) + 1
            elif line.startswith(b'{"hello"'):
                self.known = json.loads(line)["hello"].get("key", "")
        self.cursor = json.loads(end)["end"]["cursor"]

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection("127.0.0.1", self.all.port, limit=2**24)

    def _head(self, method: str, path: str) -> bytes:
        return f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nCookie: roadbook={self.token}\r\n".encode()


async def _answer(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    if b"content-length:" in head:
        body = await reader.readexactly(int(head.split(b"content-length:")[1].split(b"\r\n")[0]))
    else:
        body = b""
        while size := int(await reader.readuntil(b"\r\n"), 16):
            body += await reader.readexactly(size)
            await reader.readexactly(2)
        await reader.readexactly(2)
    if b"content-encoding: br" in head:
        body = brotli.decompress(body)
    return int(head.split(b" ", 2)[1]), body


async def _obey(port: int, schema: str) -> None:
    devices = Devices(port, schema)
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        told = json.loads(line)
        answer = await getattr(devices, told.pop("do"))(**told)
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    asyncio.run(_obey(int(sys.argv[1]), sys.argv[2]))
