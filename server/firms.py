"""Several firms in one process: each request goes to the app of the firm whose host name it asks for.

Each firm is a folder with a file, a writer and an app of its own; what they share are the pages and the assets, which
hold nothing of anybody.  A folder that appears while the process runs is opened when somebody first asks for it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack
from urllib.parse import urlsplit

from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from server.config import Settings
from server.firm import Firm

# Says nothing about which firms there are.
NO_FIRM = "There is no Roadbook at this address. / 此网址没有路书。 / 此網址沒有路書。\n"


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
        self._running = AsyncExitStack()
        self._opening = asyncio.Lock()

    def apps(self) -> list[Starlette]:
        return list(self._apps.values())

    def not_open(self) -> list[str]:
        """The hosts of firms that could not be opened when it was last tried."""
        return list(getattr(self, "_failed_at", ()))

    def __iter__(self) -> Iterator[Firm]:
        return (app.state.firm for app in list(self._apps.values()))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
            return
        app = await self._app_for(Headers(scope=scope).get("host", ""))
        await app(scope, receive, send)

    async def _app_for(self, host: str) -> ASGIApp:
        host = host.lower()
        if host not in self._apps:
            await self._open(host)
        return self._apps.get(host) or self.nobody

    async def _open(self, host: str) -> None:
        """Open the firm of this host where there is one: asked once at a time, so that nothing is opened twice."""
        async with self._opening:
            settings = (await asyncio.to_thread(self._settings_by_host)).get(host)
            if settings is None or host in self._apps:
                return
            firm = await asyncio.to_thread(Firm.open, settings.data)
            self._running.callback(firm.close)
            app = self._app_of(firm, settings)
            await self._running.enter_async_context(app.router.lifespan_context(app))
            self._apps[host] = app

    async def _live(self, receive: Receive, send: Send) -> None:
        """The life of the process: all firms are open from its start to its end."""
        await receive()
        try:
            for host in self._settings_by_host():
                await self._open(host)
        except Exception as error:
            await self._running.aclose()
            await send({"type": "lifespan.startup.failed", "message": str(error)})
            return
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self._running.aclose()
        await send({"type": "lifespan.shutdown.complete"})


def by_host(hosted: list[Settings]) -> dict[str, Settings]:
    """Settings by what browsers send as Host."""
    return {urlsplit(settings.url).netloc.lower(): settings for settings in hosted}
