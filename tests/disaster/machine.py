"""A machine that runs Roadbook as an administrator would: server and replicator, and a disk that can be lost."""

from __future__ import annotations

import http.client
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from server.config import read_settings

from ..conftest import ROOT
from .fetching import fetch

PATIENCE_S = 60


class Machine:
    """folder: its disk. replica: ROADBOOK_REPLICA and what belongs to it."""

    def __init__(self, folder: Path, replica: Mapping[str, str]) -> None:
        self.folder, self.data, self.port = folder, folder / "data", _free_port()
        self.data.mkdir(parents=True, exist_ok=True)
        self.environ = dict(replica) | {
            "ROADBOOK_DATA": str(self.data),
            "ROADBOOK_URL": f"http://localhost:{self.port}",
            "ROADBOOK_PORT": str(self.port),
        }
        self._processes: dict[str, subprocess.Popen] = {}

    @property
    def settings(self):
        return read_settings(self.environ)

    @property
    def database(self) -> Path:
        return self.data / "roadbook.db"

    def start(self) -> None:
        self.start_replicator()
        self.start_server()

    def start_server(self) -> None:
        self._run("serve")
        wait_until(self._serves, "the server serves", self.log)

    def start_replicator(self) -> None:
        self._run("replicate")

    def stop(self, command: str) -> int:
        """As systemd does it. Returns the status."""
        process = self._processes.pop(command)
        process.terminate()
        return process.wait(PATIENCE_S)

    def die(self) -> None:
        """The power is gone: everything stops in one moment, and nothing is finished."""
        groups = [process.pid for process in self._processes.values()]
        for sent in (signal.SIGSTOP, signal.SIGKILL):
            for group in groups:
                with suppress(ProcessLookupError):
                    os.killpg(group, sent)
        for process in self._processes.values():
            process.wait(PATIENCE_S)
        self._processes.clear()

    def burn(self) -> None:
        """And the disk with it."""
        self.die()
        shutil.rmtree(self.folder)

    def kill_litestream(self) -> None:
        """It alone, without a word of goodbye."""
        for pid in self.litestreams():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def litestreams(self) -> list[int]:
        replicator = self._processes["replicate"].pid
        try:
            return [int(pid) for pid in Path(f"/proc/{replicator}/task/{replicator}/children").read_text().split()]
        except OSError:
            return []

    def restore(self) -> float:
        """Fetch the firm from its replica, as it was last. Returns how many seconds that took."""
        begun = time.monotonic()
        fetch(self.settings.replica, self.database, self.database)
        return time.monotonic() - begun

    def log(self) -> str:
        return (self.folder / "log").read_text(errors="replace")[-4_000:]

    def _run(self, command: str) -> None:
        with open(self.folder / "log", "a") as log:
            self._processes[command] = subprocess.Popen(
                [sys.executable, "-m", "server", command],
                cwd=ROOT, env=plain_environment() | self.environ, stdout=log, stderr=log, process_group=0,
            )  # fmt: skip

    def _serves(self) -> bool:
        assert self._processes["serve"].poll() is None, self.log()
        with suppress(OSError, http.client.HTTPException):
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
            connection.request("GET", "/manifest.webmanifest", headers={"Host": f"localhost:{self.port}"})
            return connection.getresponse().status == 200
        return False


def plain_environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith(("ROADBOOK_", "AWS_"))}


def wait_until(is_so, what: str, log=lambda: "", patience_s: float = PATIENCE_S) -> None:
    """Raises AssertionError after patience_s."""
    until = time.monotonic() + patience_s
    while not is_so():
        assert time.monotonic() < until, f"waited for: {what}\n{log()}"
        time.sleep(0.02)


def _free_port() -> int:
    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        return trial.getsockname()[1]
