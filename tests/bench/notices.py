"""A thousand pushes at once, and what people who open pages meanwhile notice of it.

The server is a process of its own, as on a firm's machine; its courier finds everything due at the same instant.  Time
counts from that instant, so the courier's own second between two looks is in it.  What arrives is decrypted with the
key of the browser that it was meant for.
"""

from __future__ import annotations

import asyncio
import json
import tempfile
import time
from contextlib import suppress
from pathlib import Path

import httpx2

from server.firm import Firm
from server.notices import queue, subscriptions
from tests.browser.served import serve
from tests.unit.notice_servers import Browser

from .figures import Figures, median
from .grown_firm import grown_firm
from .sync_peers import share_of_a_processor

ACCOUNTS, ACTIVITIES = 5_000, 50_000
PEOPLE, BROWSERS_EACH = 100, 10
PUSHES = PEOPLE * BROWSERS_EACH
# A server needs so long to be there, and to be asked for pages before anything is sent.
STARTS_S, BEFORE_S = 25, 5
GIVEN_UP_S = 120
PAGES_A_S = 20
PATHS = ("/", "/customers", "/approvals", "/schedule")


class PushService:
    """Takes everything, as a push service does; notes when what arrived."""

    def __init__(self) -> None:
        self.arrived: list[tuple[float, str, bytes]] = []

    async def __call__(self, scope, receive, send) -> None:
        if scope["type"] != "http":
            return
        body, more = b"", True
        while more:
            message = await receive()
            body, more = body + message.get("body", b""), message.get("more_body", False)
        self.arrived.append((time.time(), scope["path"], body))
        await send({"type": "http.response.start", "status": 201, "headers": [(b"content-length", b"0")]})
        await send({"type": "http.response.body", "body": b""})


def run() -> None:
    service = PushService()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder, serve(service) as push_url:
        browsers = {f"/{number}": Browser() for number in range(PUSHES)}
        due: list[float] = []

        def add(firm: Firm, people: list[str]) -> None:
            due.append(time.time() + STARTS_S)
            firm.write_now(lambda db: _queue(db, firm, people[1:], push_url, browsers, round(due[0] * 1_000)))

        settings = {"ROADBOOK_PUSH_ORIGINS": push_url}
        grown = grown_firm(Path(folder), ACCOUNTS, ACTIVITIES, people=PEOPLE + 1, add=add, settings=settings)
        with grown as (url, cookie):
            asked = asyncio.run(_ask_for_pages(url, cookie, service, due[0]))
    _tell(service, browsers, due[0], asked)


def _queue(db, firm: Firm, people: list[str], push_url: str, browsers: dict[str, Browser], at_ms: int) -> None:
    """One notice each, to all of a person's browsers."""
    now_ms = firm.clock()
    for number, (path, browser) in enumerate(browsers.items()):
        keys = browser.subscription("")["keys"]
        found = f"{push_url}{path}", keys["p256dh"], keys["auth"]
        subscriptions.keep(db, people[number % PEOPLE], f"device-{number}", found, "en", now_ms)
    for number, user_id in enumerate(people):
        queue.add(
            db,
            key=f"bench-{number}",
            user_id=user_id,
            kind="approval",
            text="%(name)s mentions you",
            values={"name": "Bulk Director"},
            address=f"/approvals/bench-{number}",
            now_ms=now_ms,
            at_ms=at_ms,
        )


async def _ask_for_pages(url: str, cookie: dict, service: PushService, due: float) -> list[tuple[float, float]]:
    """(when asked, seconds) of pages, twenty a second whether or not the last ones have come, until all was pushed."""
    asked: list[tuple[float, float]] = []
    running: set[asyncio.Task] = set()
    limits = httpx2.Limits(max_connections=None)
    cookies = {cookie["name"]: cookie["value"]}
    async with httpx2.AsyncClient(base_url=url, cookies=cookies, limits=limits, timeout=60) as web:

        async def ask(path: str) -> None:
            begun, at = time.perf_counter(), time.time()
            (await web.get(path)).raise_for_status()
            asked.append((at, time.perf_counter() - begun))

        for path in PATHS:
            await ask(path)
        asked.clear()
        await asyncio.sleep(max(0, due - BEFORE_S - time.time()))
        turn, begun = 0, time.perf_counter()
        while len(service.arrived) < PUSHES and time.time() < due + GIVEN_UP_S:
            running.add(asyncio.create_task(ask(PATHS[turn % len(PATHS)])))
            turn += 1
            await asyncio.sleep(max(0, begun + turn / PAGES_A_S - time.perf_counter()))
        await asyncio.gather(*running)
        # What comes twice comes within the courier's next looks.
        await asyncio.sleep(3)
    return asked


def _tell(service: PushService, browsers: dict[str, Browser], due: float, asked: list[tuple[float, float]]) -> None:
    figures = Figures(f"{PUSHES:,} pushes at once to {PEOPLE} people's browsers, beside {PAGES_A_S} pages a second")
    figures.tell("of a processor a busy process gets now", 100 * share_of_a_processor(), "%")
    paths = [path for _, path, _ in service.arrived]
    readable = sum(_is_readable(browsers[path], body) for _, path, body in service.arrived)
    last = max((at for at, _, _ in service.arrived), default=time.time())
    figures.at_most("all have arrived, after they were due", last - due if len(set(paths)) == PUSHES else 1e9, 10, "s")
    figures.tell("browsers that were reached", len(set(paths)), "")
    figures.tell("pushes that their browser can read", readable, "")
    figures.tell("pushes that came more than once", len(paths) - len(set(paths)), "")
    before = [1_000 * seconds for at, seconds in asked if at < due]
    meanwhile = [1_000 * seconds for at, seconds in asked if due <= at <= last]
    if before:
        figures.tell(f"pages before: {len(before)}, median", median(before), "ms")
        figures.tell("pages before, p99", _p99(before), "ms")
    if meanwhile:
        figures.tell(f"pages meanwhile: {len(meanwhile)}, median", median(meanwhile), "ms")
        figures.at_most("pages meanwhile, p99", _p99(meanwhile), 1_000, "ms")


def _is_readable(browser: Browser, body: bytes) -> bool:
    with suppress(Exception):
        return json.loads(browser.decrypt(body))["web_push"] == 8030
    return False


def _p99(taken: list[float]) -> float:
    ordered = sorted(taken)
    return ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))]
