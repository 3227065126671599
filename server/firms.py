"""Several firms in one process: each request goes to the app of the firm whose host name it asks for.

Each firm is a folder with a file, a writer and an app of its own; what they share are the pages and the assets, which
hold nothing of anybody.  A folder that appears while the process runs is opened when somebody first asks for it.
The process answers at once when it starts, and opens one firm after the other meanwhile, those that are asked for
first.  A firm that cannot be opened keeps no other from its work.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack, suppress
from urllib.parse import urlsplit

from starlette.applications import Starlette
from starlette.datastructures import Headers, QueryParams
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from server.buckets import Buckets, Rule
from server.config import Settings
from server.firm import PULL_THREADS, Firm, Room
from server.watching.access import is_forwarded

# Says nothing about which firms there are.
NO_FIRM = "There is no Roadbook at this address. / 此网址没有路书。 / 此網址沒有路書。\n"
NOT_OPEN = (
    "Roadbook cannot open this firm now; its administrator finds the reason in the server's log."
    " / 路书现在无法打开，管理员可在服务器日志中查看原因。 / 路書現在無法打開，管理員可在伺服器日誌中查看原因。\n"
)
# Names that nobody has are looked for on the disk now and then, however often they are asked for.
LOOKING = Rule("looking", 20, 1)
# How long a firm that could not be opened is left alone.
TRY_AGAIN_S = 10.0
NOT_NOW = PlainTextResponse(NOT_OPEN, 503, {"Retry-After": str(int(TRY_AGAIN_S))})
# What the proxy asks before it gets a certificate for a name, with ?domain=NAME: 200 where a firm has it, else 404.
HOSTED = "/hosted"
# Several firms' devices at once; more only take turns in one interpreter.
THREADS = 2 * PULL_THREADS

log = logging.getLogger(__name__)


class Firms:
    """ASGI. settings_by_host: what is hosted now; app_of(firm, settings) makes the app of one."""

    def __init__(
        self,
        settings_by_host: Callable[[], dict[str, Settings]],
        app_of: Callable[[Firm, Settings], Starlette],
    ) -> None:
        self._settings_by_host = settings_by_host
        self._app_of = app_of
        self._apps: dict[str, Starlette] = {}
        # Answers where no firm has the host that is asked for.
        self.nobody: ASGIApp = PlainTextResponse(NO_FIRM, 421)
        self._room = Room(THREADS)
        self._running = AsyncExitStack()
        self._running.callback(self._room.close)
        self._opening = asyncio.Lock()
        self._looking = Buckets()
        self._known: dict[str, Settings] = {}
        self._failed_at: dict[str, float] = {}

    def apps(self) -> list[Starlette]:
        return list(self._apps.values())

    def not_open(self) -> list[str]:
        """The hosts of firms that could not be opened when it was last tried."""
        return list(self._failed_at)

    def __iter__(self) -> Iterator[Firm]:
        return (app.state.firm for app in list(self._apps.values()))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
            return
        headers = Headers(scope=scope)
        app = await self._app_for(headers.get("host", ""))
        # The proxy asks for itself: which firms there are is no guest's business.
        if app is self.nobody and scope["path"] == HOSTED and not is_forwarded(headers):
            app = await self._is_hosted(QueryParams(scope["query_string"]).get("domain", ""))
        await app(scope, receive, send)

    async def _app_for(self, host: str) -> ASGIApp:
        host = host.lower()
        if host not in self._apps:
            try:
                await self._open(host)
            except Exception:
                # What strangers ask for is neither kept nor written down.
                is_known = host in self._known
                log.exception("the firm %s cannot be opened", host if is_known else "that was asked for")
                if not is_known:
                    return NOT_NOW
                self._failed_at[host] = time.monotonic()
            if host in self._failed_at:
                return NOT_NOW
        return self._apps.get(host) or self.nobody

    async def _open(self, host: str) -> None:
        """Open the firm of this host where there is one: asked once at a time, so that nothing is opened twice."""
        async with self._opening:
            if host in self._apps or time.monotonic() - self._failed_at.get(host, float("-inf")) < TRY_AGAIN_S:
                return
            settings = (await self._hosted()).get(host)
            self._failed_at.pop(host, None)
            if settings is None:
                return
            firm = await asyncio.to_thread(Firm.open, settings.data, room=self._room)
            async with AsyncExitStack() as running:
                running.callback(firm.close)
                app = self._app_of(firm, settings)
                await running.enter_async_context(app.router.lifespan_context(app))
                # All of it or nothing: a firm that is tried once more must not be open twice.
                self._running.push_async_callback(running.pop_all().aclose)
            self._apps[host] = app

    async def _is_hosted(self, name: str) -> ASGIApp:
        """Asked under a name that is no firm's. Without it, anybody could have certificates made for any name."""
        names = {host.partition(":")[0] for host in [*self._apps, *await self._hosted()]}
        return PlainTextResponse("", 200 if name.lower() in names else 404)

    async def _hosted(self) -> dict[str, Settings]:
        if not self._looking.take("", LOOKING):
            self._known = await asyncio.to_thread(self._settings_by_host)
        return self._known

    async def _open_all(self) -> None:
        for host in list(await self._hosted()):
            await self._app_for(host)

    async def _live(self, receive: Receive, send: Send) -> None:
        """The life of the process: all firms are open from soon after its start to its end."""
        await receive()
        opening = asyncio.create_task(self._open_all())
        await send({"type": "lifespan.startup.complete"})
        await receive()
        opening.cancel()
        with suppress(asyncio.CancelledError):
            await opening
        await self._running.aclose()
        await send({"type": "lifespan.shutdown.complete"})


def by_host(hosted: list[Settings]) -> dict[str, Settings]:
    """Settings by what browsers send as Host."""
    return {urlsplit(settings.url).netloc.lower(): settings for settings in hosted}
