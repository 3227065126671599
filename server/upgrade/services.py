"""Stopping and starting what runs, and hearing whether it works: the server of this machine, however it is run."""

from __future__ import annotations

import http.client
import json
import shlex
import subprocess
import time
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

from .result import Failed

TAKES_S = 120
ASK_EVERY_S = 0.2
ASKING_TAKES_S = 30
# One that works for a moment and ends is no server: it must still work after this.
STEADY_S = 2.0


@dataclass(frozen=True)
class Services:
    """stop, start: commands, of everything that has a firm's file open. address, port: where the server listens.
    urls: of the firms, each of which must answer."""

    stop_command: str
    start_command: str
    address: str
    port: int
    urls: tuple[str, ...]

    def stop(self) -> None:
        """Raises Failed."""
        _run(self.stop_command)

    def start(self) -> None:
        """Raises Failed."""
        _run(self.start_command)

    def wait_until_healthy(self, version: str, patience_s: float) -> float:
        """Until every firm is answered by this version. Returns the moment (time.monotonic) of it. Raises Failed."""
        until, why = time.monotonic() + patience_s, ""
        while time.monotonic() < until:
            why = self._why_not(version)
            if not why:
                healthy_at = time.monotonic()
                time.sleep(STEADY_S)
                if not (why := self._why_not(version)):
                    return healthy_at
            time.sleep(ASK_EVERY_S)
        raise Failed(f"the server of {version} does not work: {why}")

    def _why_not(self, version: str) -> str:
        for url in self.urls:
            if why := self._why_not_of(urlsplit(url).netloc, version):
                return why
        return ""

    def _why_not_of(self, host: str, version: str) -> str:
        """What keeps one firm from being served; '' for nothing."""
        connection = http.client.HTTPConnection(self.address, self.port, timeout=ASKING_TAKES_S)
        try:
            connection.request("GET", "/healthz/serving", headers={"Host": host})
            answer = connection.getresponse()
            told = json.loads(answer.read())
        except OSError as error:
            return f"it does not answer on {self.address}:{self.port} ({error.strerror or error})"
        except (http.client.HTTPException, ValueError):
            return "it gives no answer that makes sense to /healthz/serving"
        finally:
            connection.close()
        if told.get("version") != version:
            return f"{host} is answered by {told.get('version', 'something else')}"
        if answer.status != 200:
            return f"{host} answers {answer.status}, failing: {', '.join(map(str, told.get('failing', [])))}"
        return ""


def asked_address(host: str) -> str:
    """Where a server that listens on this address is asked from this machine."""
    return {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}.get(host, host)


def urls_of(settings: Iterable) -> tuple[str, ...]:
    return tuple(one.url for one in settings)


def _run(command: str) -> None:
    try:
        ran = subprocess.run(
            shlex.split(command),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=TAKES_S,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Failed(f"`{command}` could not be run: {error}") from None
    if ran.returncode:
        raise Failed(f"`{command}` failed: {ran.stdout.decode(errors='replace').strip()[-400:]}")
