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
# One that says of itself, for so long, that it does not work, will not.
ILL_S = 10.0


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
        until, why, ill_since = time.monotonic() + patience_s, "", None
        while time.monotonic() < until and not (ill_since and time.monotonic() - ill_since > ILL_S):
            why, is_ill = self._why_not(version)
            if not why:
                healthy_at = time.monotonic()
                time.sleep(STEADY_S)
                why, is_ill = self._why_not(version)
                if not why:
                    return healthy_at
            ill_since = (ill_since or time.monotonic()) if is_ill else None
            time.sleep(ASK_EVERY_S)
        raise Failed(f"the server of {version} does not work: {why}")

    def _why_not(self, version: str) -> tuple[str, bool]:
        for url in self.urls:
            why, is_ill = self._why_not_of(urlsplit(url).netloc, version)
            if why:
                return why, is_ill
        return "", False

    def _why_not_of(self, host: str, version: str) -> tuple[str, bool]:
        """What keeps one firm from being served, '' for nothing; and whether that is the server's own word."""
        connection = http.client.HTTPConnection(self.address, self.port, timeout=ASKING_TAKES_S)
        try:
            connection.request("GET", "/healthz/serving", headers={"Host": host})
            answer = connection.getresponse()
            told = json.loads(answer.read())
        except OSError as error:
            return f"it does not answer on {self.address}:{self.port} ({error.strerror or error})", False
        except (http.client.HTTPException, ValueError):
            return "it gives no answer that makes sense to /healthz/serving", False
        finally:
            connection.close()
        if told.get("version") != version:
            return f"{host} is answered by {told.get('version', 'something else')}", False
        if answer.status != 200:
            return f"{host} answers {answer.status}, failing: {', '.join(map(str, told.get('failing', [])))}", True
        return "", False


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
