"""A firm of a given size, served by a process of its own, and a person signed in to it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType

from server.firm import Firm
from server.sample.bulk import fill
from tests.browser.served import session_cookie


@contextmanager
def grown_firm(
    folder: Path,
    accounts: int,
    activities: int,
    people: int = 50,
    add: Callable[[Firm, list[str]], None] = lambda firm, people: None,
    settings: Mapping[str, str] = MappingProxyType({}),
) -> Iterator[tuple[str, dict]]:
    """(address, session cookie of a director who sees everything).

    add: what else is in the firm, given its people's ids, the director's first. settings: more of the server's.
    """
    port = _free_port()
    url = f"http://localhost:{port}"
    firm = Firm.open(folder)
    ids = fill(firm, accounts=accounts, activities=activities, people=people)
    cookie = session_cookie(firm, ids[0], url)
    add(firm, ids)
    firm.close()
    given = {"ROADBOOK_DATA": str(folder), "ROADBOOK_URL": url, "ROADBOOK_PORT": str(port), **settings}
    server = subprocess.Popen(
        [sys.executable, "-m", "server", "serve"], env=os.environ | given, stdout=subprocess.DEVNULL
    )
    try:
        _wait_for(url, server)
        yield url, cookie
    finally:
        server.terminate()
        server.wait(10)


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def _wait_for(url: str, server: subprocess.Popen) -> None:
    for _ in range(300):
        if server.poll() is not None:
            raise RuntimeError("the server ended before it served")
        try:
            urllib.request.urlopen(f"{url}/sw.js").close()
            return
        except urllib.error.URLError:
            time.sleep(0.1)
    raise RuntimeError("the server does not answer")
