"""Places for a replica, real ones: a folder, an S3 server, an SFTP server; and a line to them that can be cut."""

from __future__ import annotations

import asyncio
import http.client
import select
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import asyncssh

from .machine import plain_environment, wait_until

KEYS = {"ROADBOOK_REPLICA_KEY": "AKIAIOSFODNN7EXAMPLE", "ROADBOOK_REPLICA_SECRET": "wJalr$XUtnFEMI/K7MDENG"}


def in_folder(folder: Path) -> dict[str, str]:
    folder.mkdir()
    return {"ROADBOOK_REPLICA": f"file://{folder}"}


def in_bucket(port: int, bucket: str, folder: str = "roadbook") -> dict[str, str]:
    return KEYS | {"ROADBOOK_REPLICA": f"s3://{bucket}/{folder}?endpoint=http://127.0.0.1:{port}"}


@contextmanager
def s3_server(log: Path, bucket: str = "firm") -> Iterator[int]:
    """Its port. The server is a process of its own, as everywhere."""
    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        port = trial.getsockname()[1]
    with open(log, "w") as written:
        process = subprocess.Popen(
            [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)],
            env=plain_environment(), stdout=written, stderr=written,
        )  # fmt: skip
    try:
        wait_until(lambda: _has_bucket(port, bucket), "the S3 server has a bucket", log.read_text)
        yield port
    finally:
        process.kill()
        process.wait()


def _has_bucket(port: int, bucket: str) -> bool:
    with suppress(OSError, http.client.HTTPException):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        connection.request("PUT", f"/{bucket}", headers={"Host": f"127.0.0.1:{port}"})
        return connection.getresponse().status == 200
    return False


class Line:
    """A line to a server on this machine: passes everything on, until it is cut."""

    def __init__(self, to_port: int) -> None:
        self._to_port, self._open, self._lock = to_port, [], threading.Lock()
        self._is_cut = False
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = self._listening.getsockname()[1]
        threading.Thread(target=self._listen, daemon=True).start()

    def cut(self) -> None:
        """What is on its way breaks off, and what comes is refused."""
        with self._lock:
            self._is_cut = True
            cut, self._open = self._open, []
        for one in cut:
            _close(one)

    def mend(self) -> None:
        self._is_cut = False

    def close(self) -> None:
        self.cut()
        _close(self._listening)

    def _listen(self) -> None:
        with suppress(OSError):
            while True:
                here, _ = self._listening.accept()
                threading.Thread(target=self._pass_on, args=[here], daemon=True).start()

    def _pass_on(self, here: socket.socket) -> None:
        with suppress(OSError):
            there = socket.create_connection(("127.0.0.1", self._to_port))
            with self._lock:
                ends = [here, there]
                self._open += ends
            if self._is_cut:
                ends = []
            while ends:
                for end in select.select(ends, [], [], 60)[0]:
                    data = end.recv(65_536)
                    if not data:
                        raise ConnectionResetError
                    (there if end is here else here).sendall(data)
        for end in (here, locals().get("there")):
            if end:
                _close(end)


def _close(one: socket.socket) -> None:
    with suppress(OSError):
        one.shutdown(socket.SHUT_RDWR)
    with suppress(OSError):
        one.close()


async def _begun(listening):
    return await listening


class _Door(asyncssh.SSHServer):
    def __init__(self, password: str) -> None:
        self._password = password

    def password_auth_supported(self) -> bool:
        return True

    def validate_password(self, username: str, password: str) -> bool:
        return username == "roadbook" and password == self._password


@contextmanager
def sftp_server(folder: Path, password: str) -> Iterator[dict[str, str]]:
    """What to set to reach it with this password; `client_key` beside it is the path of a key that it knows, too."""
    host_key, client_key = (asyncssh.generate_private_key("ssh-ed25519") for _ in range(2))
    client_key.write_private_key(folder / "id_ed25519")
    client_key.write_public_key(folder / "known")
    (folder / "kept").mkdir()
    loop = asyncio.new_event_loop()
    serving = asyncssh.listen(
        "127.0.0.1", 0, server_host_keys=[host_key], server_factory=lambda: _Door(password),
        authorized_client_keys=str(folder / "known"), sftp_factory=True,
    )  # fmt: skip
    # In its own thread: Playwright's loop may already live in this one.
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    server = asyncio.run_coroutine_threadsafe(_begun(serving), loop).result(20)
    try:
        yield {
            "ROADBOOK_REPLICA": f"sftp://roadbook@127.0.0.1:{server.get_port()}{folder / 'kept'}",
            "ROADBOOK_REPLICA_SECRET": password,
            "ROADBOOK_REPLICA_HOST_KEY": host_key.export_public_key().decode(),
        }
    finally:
        loop.call_soon_threadsafe(server.close)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
