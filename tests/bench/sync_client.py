"""A device that is nothing but the protocol: HTTP/1.1 on a raw socket, rows into SQLite as they arrive.

Its tables are the replica's own.  Derived search keys are left out: they are the device's affair, not the wire's.
"""

from __future__ import annotations

import gzip
import json
import socket
import zlib
from collections.abc import Iterator
from pathlib import Path

import brotli

from server.database import sqlite3
from sync.schema import device_script, schema_hash

SMALL_BYTES = 1_000  # as the worker does: below this, compression costs more than it saves
READ_BYTES = 262_144


class Connection:
    """One keep-alive connection."""

    def __init__(self, port: int, token: str) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.settimeout(120)
        self.cookie = f"Cookie: roadbook={token}\r\n".encode()
        self.held = b""

    def close(self) -> None:
        self.socket.close()

    def send_get(self, path: str) -> None:
        self.socket.sendall(b"GET %b HTTP/1.1\r\nHost: localhost\r\n%b\r\n" % (path.encode(), self.cookie))

    def send(self, path: str, request: dict) -> None:
        body = json.dumps(request, ensure_ascii=False, separators=(",", ":")).encode()
        packed = b""
        if len(body) >= SMALL_BYTES:
            body, packed = gzip.compress(body, 6, mtime=0), b"Content-Encoding: gzip\r\n"
        head = b"POST %b HTTP/1.1\r\nHost: localhost\r\n%bContent-Type: application/json\r\n%bAccept-Encoding: br\r\n"
        length = b"Content-Length: %d\r\n\r\n" % len(body)
        self.socket.sendall(head % (path.encode(), self.cookie, packed) + length + body)

    def answer(self) -> tuple[int, Iterator[bytes]]:
        """The status, and the body piece by piece, unpacked."""
        head = self._until(b"\r\n\r\n")
        status, *lines = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        length = headers.get("content-length")
        pieces = self._chunks() if length is None else self._exactly(int(length))
        if encoding := headers.get("content-encoding"):
            pieces = _inflate(pieces, encoding)
        return int(status.split()[1]), pieces

    def _until(self, mark: bytes) -> bytes:
        while mark not in self.held:
            self._read()
        found, self.held = self.held.split(mark, 1)
        return found

    def _exactly(self, size: int) -> Iterator[bytes]:
        while size:
            if not self.held:
                self._read()
            piece, self.held = self.held[:size], self.held[size:]
            size -= len(piece)
            yield piece

    def _chunks(self) -> Iterator[bytes]:
        while size := int(self._until(b"\r\n"), 16):
            yield from self._exactly(size)
            self._until(b"\r\n")
        self._until(b"\r\n")

    def _read(self) -> None:
        data = self.socket.recv(READ_BYTES)
        if not data:
            raise ConnectionError("the server closed the connection")
        self.held += data


def _inflate(pieces: Iterator[bytes], encoding: str) -> Iterator[bytes]:
    inflate = brotli.Decompressor().process if encoding == "br" else zlib.decompressobj(31).decompress
    for piece in pieces:
        yield inflate(piece)
        if encoding == "br":  # it keeps back what did not fit into its buffer until it is asked again
            yield from iter(lambda: inflate(b""), b"")


def lines_of(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Whole lines; a last one without its newline was cut, and is not given."""
    parts: list[bytes] = []
    for piece in pieces:
        *whole, rest = piece.split(b"\n")
        for line in whole:
            parts.append(line)
            yield b"".join(parts)
            parts = []
        parts.append(rest)


class Device:
    """A replica in a file, and what it must say next."""

    def __init__(self, port: int, token: str, path: Path) -> None:
        self.connection = Connection(port, token)
        self.db = sqlite3.connect(path, isolation_level=None)
        self.db.execute("PRAGMA journal_mode = WAL")
        # The wire is measured, and the server's disk; a device's own has figures in `replica.py`.
        self.db.execute("PRAGMA synchronous = NORMAL")
        self.db.executescript(device_script())
        self.schema = schema_hash()
        self.cursor = ""
        self.known = ""

    def close(self) -> None:
        self.connection.close()
        self.db.close()

    def sync(self, ops: list[dict] | None = None) -> list[dict]:
        """One round trip; returns the outcomes. Rows and cursor are committed together."""
        self.ask(ops)
        return self.take(*self.connection.answer())

    def ask(self, ops: list[dict] | None = None) -> None:
        asked = {"protocol": 1, "schema": self.schema, "cursor": self.cursor, "ops": ops or []}
        if self.known:
            asked["known"] = self.known
        if not ops and self.known:
            del asked["ops"]
        self.connection.send("/sync", asked)

    def take(self, status: int, pieces: Iterator[bytes]) -> list[dict]:
        """Commit an answer; returns the outcomes in it."""
        outcomes, ended = [], False
        self.db.execute("BEGIN")
        for line in lines_of(pieces):
            if status != 200:
                raise RuntimeError(f"/sync answered {status}: {line.decode()[:300]}")
            told = json.loads(line)
            if "outcome" in told:
                outcomes.append(told["outcome"])
            ended = self._take(told) or ended
        self.db.execute("COMMIT")
        if not ended:
            raise RuntimeError(f"/sync answered {status} and was cut")
        return outcomes

    def _take(self, told: dict) -> bool:
        """Whether that was the end."""
        if "rows" in told:
            names = told["columns"]
            marks = ", ".join("?" * len(names))
            self.db.executemany(
                f"INSERT OR REPLACE INTO {told['rows']} ({', '.join(names)}) VALUES ({marks})", told["values"]
            )
            self.cursor = told["cursor"]
        elif "forget" in told:
            self._forget(told["forget"])
        elif "hello" in told:
            self.known = told["hello"].get("key", "")
        elif "end" in told:
            self.cursor = told["end"]["cursor"]
            return True
        return False

    def _forget(self, what: dict) -> None:
        if "rows" in what:
            name, ids = what["rows"]
            self.db.executemany(f"DELETE FROM {name} WHERE id = ?", [(row_id,) for row_id in ids])
        else:
            kind, key = what["bucket"]
            if kind == "account":
                self.db.execute("DELETE FROM account WHERE id = ?", (key,))

    def count(self, entity: str) -> int:
        return self.db.execute(f"SELECT count(*) FROM {entity}").fetchone()[0]
