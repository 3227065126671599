"""Serving: a socket, uvicorn around the app, and what is said on the console before.

One process, because one writer owns the file.
"""

from __future__ import annotations

import asyncio
import errno
import gc
import resource
import shutil
import signal
import socket
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

import uvicorn
from anyio import to_thread
from starlette.types import ASGIApp

from server import let_in, systemd
from server.config import Settings, read_settings
from server.connections import MOST_CONNECTIONS, MOST_HEAD_BYTES, PatientProtocol
from server.doctor import why_not_serve
from server.firm import Firm
from server.firms import Firms, by_host
from server.watching import log
from server.watching.request_id import BehindProxy
from server.writer import Frozen

# Threads that make pages: as many as two processors keep busy. In a crowd of threads nobody gets a turn in time.
PAGE_THREADS = 6
# Every device that listens is an open file; most systems allow 1,024 until asked.
OPEN_FILES = 65_536
# Longer than a proxy in front keeps an idle connection: else it now and then posts into one that is just closing.
KEEP_ALIVE_S = 150
# How long answers under way may take once the server is told to stop.
SHUTDOWN_S = 3


class CannotServe(Exception):
    """The address or the folder cannot be served; the message says why and what to do."""


def serve_firm(settings: Settings) -> None:
    """Serve until told to stop. Raises CannotServe."""
    _write_log(settings)
    listening = listen(settings.host, settings.port)
    firm = Firm.open(settings.data)
    try:
        print(f"Roadbook serves {settings.data} at {settings.url}", flush=True)
        if let_in.is_new(firm):
            with suppress(Frozen):  # where it goes, its administrator is made
                print(let_in.setup_link(firm, settings.url), flush=True)
        _serve(firm, settings, listening)
    finally:
        firm.close()


def serve_firms(process: Settings, hosted: Callable[[], list[Settings]]) -> None:
    """Serve all firms that are hosted, and those that come while it runs, until told to stop. Raises CannotServe."""
    # Imported here: it reads and compiles every page, which the commands that serve nothing need not wait for.
    from server import assets_kept
    from server.app import create_app
    from server.pages import Pages
    from server.watching.endpoint import process_app

    _write_log(process)
    listening = listen(process.host, process.port)
    pages, assets = Pages(), assets_kept.ready()
    firms = Firms(lambda: by_host(hosted()), lambda firm, settings: create_app(firm, settings, pages, assets))
    firms.nobody = process_app(firms, process.metrics, firms.nobody)
    print(f"Roadbook serves the firms in {process.data} at {process.url}", flush=True)
    _run(firms, assets, firms, process, listening)


def run_sample(folder: Path, port: int) -> int:
    """Serve a sample firm, making it first where the folder is new.

    A trial runs on any SQLite, with a word about it.
    """
    log.setup("text" if log.is_on_terminal() else "json")
    listening = listen("127.0.0.1", port, "choose another with --port, as in roadbook run --port 8010")
    port = listening.getsockname()[1]
    settings = read_settings({}, data=folder, host="127.0.0.1", port=port, url=f"http://localhost:{port}")
    if finding := why_not_serve():
        print(f"Fit for a trial only: {finding.name} {finding.words}.", flush=True)
    if not (folder / "roadbook.db").exists():
        print("Making the sample firm …", flush=True)
        make_sample_folder(folder)
    firm = Firm.open(folder)
    try:
        print(welcome(settings.url, _sample_people()), flush=True)
        _serve(firm, settings, listening)
    finally:
        firm.close()
    return 0


def make_sample_folder(folder: Path) -> None:
    """All of it or nothing: a start that is cut short leaves no half a firm behind."""
    from server.sample import make_sample

    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise CannotServe(f"{folder} is not empty and holds no firm: choose another with --data")
    making = folder.with_name(folder.name + ".making")
    shutil.rmtree(making, ignore_errors=True)
    firm = Firm.open(making)
    try:
        make_sample(firm, firm.clock())
    finally:
        firm.close()
    making.replace(folder)


def _sample_people() -> list[tuple[str, str, str, str]]:
    from server.sample import sample_people

    return sample_people()


def welcome(url: str, people: list[tuple[str, str, str, str]]) -> str:
    """Who can sign in, and how. people: (login, password, name, role)."""
    wide = max((len(login) for login, *_ in people), default=0)
    lines = [f"  {login:{wide}}  {password}  {name}, {role}" for login, password, name, role in people]
    return "\n".join([f"\nRoadbook is at {url}", "Sign in as (login, password):", *lines, "Stop with Ctrl-C.\n"])


def listen(host: str, port: int, other_port: str = "choose another, as in ROADBOOK_PORT=8010") -> socket.socket:
    """other_port: how whoever started this says another. Raises CannotServe."""
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        # The protocol is named because asyncio turns Nagle's algorithm off only where it is: without that, an
        # answer in two pieces waits 40 ms for the other side's acknowledgement.
        listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
        listening.listen(2048)
    except OSError as error:
        way_out = _another_address(error, other_port)
        raise CannotServe(f"cannot listen on {host}:{port}: {error.strerror or error}. {way_out}.") from None
    return listening


def _another_address(error: OSError, other_port: str) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"Stop what uses it (ss -tlnp tells what that is), or {other_port}"
    if error.errno == errno.EACCES:
        return f"Ports below 1024 are the proxy's, which does TLS: {other_port}"
    return "This machine has no such address. Behind a proxy on the same machine: ROADBOOK_HOST=127.0.0.1"


def _serve(firm, settings: Settings, listening: socket.socket) -> None:
    # Imported here: it reads and compiles every page, which the commands that serve nothing need not wait for.
    from server.app import create_app

    app = create_app(firm, settings)
    _run(app, app.state.assets, [firm], settings, listening)


def _write_log(settings: Settings) -> None:
    log.setup(settings.log or ("text" if log.is_on_terminal() else "json"))


def _run(app: ASGIApp, assets, firms: Iterable[Firm], settings: Settings, listening: socket.socket) -> None:
    from server import assets_kept

    allow_open_files()
    config = uvicorn_config(app, settings)
    # Pages and catalogues stay for good: looking through them for rubbish again and again stops every answer.
    gc.collect()
    gc.freeze()
    threading.Thread(target=assets_kept.finish, args=[assets], name="pack", daemon=True).start()
    # uvicorn raises the signal that stopped it once more when it is done; the firm must still be closed then.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with suppress(KeyboardInterrupt):
        _Server(config, firms).run(sockets=[listening])


def uvicorn_config(app, settings: Settings) -> uvicorn.Config:
    return uvicorn.Config(
        BehindProxy(app, settings.trusted_proxies),
        # Loggers are set up already, and uvicorn's write where all do.
        log_config=None,
        # Addresses may hold one-time tokens.
        access_log=False,
        server_header=False,
        # Nothing here is cached by its date, and a small sync is mostly headers.
        date_header=False,
        # BehindProxy sees to it.
        proxy_headers=False,
        http=PatientProtocol,
        h11_max_incomplete_event_size=MOST_HEAD_BYTES,
        limit_concurrency=MOST_CONNECTIONS,
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=SHUTDOWN_S,
        callback_notify=systemd.tell_alive,
        timeout_notify=systemd.ALIVE_EVERY_S,
    )


def allow_open_files() -> None:
    """As many as this user may have, up to OPEN_FILES."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = OPEN_FILES if hard == resource.RLIM_INFINITY else min(OPEN_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with suppress(ValueError, OSError):  # some systems have a lower limit than they tell
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


class _Server(uvicorn.Server):
    """uvicorn's server, which first ends the open event streams: they would never end by themselves."""

    def __init__(self, config: uvicorn.Config, firms: Iterable[Firm]) -> None:
        super().__init__(config)
        self.firms = firms

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        to_thread.current_default_thread_limiter().total_tokens = PAGE_THREADS
        await super().startup(sockets)
        systemd.tell(systemd.READY)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        systemd.tell(systemd.STOPPING)
        ending = asyncio.create_task(self._end_streams())
        try:
            await super().shutdown(sockets)
        finally:
            ending.cancel()

    async def _end_streams(self) -> None:
        """Again and again: a request that was on its way may still open one."""
        while True:
            for firm in self.firms:
                firm.hub.close_all()
            await asyncio.sleep(0.1)
