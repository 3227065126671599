"""What a device that is to be emptied hears, whatever it asks for: ASGI middleware, and its answers.

The cookie of such a device opens nothing.  Where its owner is trusted it may still sync and bring files, until it says
that it is done.
"""

from __future__ import annotations

import asyncio
import re
from contextlib import suppress

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from server.devices import wipe
from server.html import show
from server.request import cookie_name, is_navigation
from server.sign_in.secrets import digest
from server.writer import Frozen

# "storage" takes databases and the worker, too.
CLEAR = {"Clear-Site-Data": '"cache", "cookies", "storage"'}
# The worker empties the device itself and says when it is done; "storage" would end it before.
# A release that knows of no wipe has that much time; "cookies" stay, so that it is known when it asks again.
PATIENCE_MS = 60_000
FIRST, THEN = {"Clear-Site-Data": '"cache"'}, {"Clear-Site-Data": '"cache", "storage"'}
# Of a page that the worker fetched, the worker has to know the word, too.
WORD = "Roadbook-Wipe"
LAST_WORD = "/devices/word"
SAID = re.compile(LAST_WORD + "(/[^/]+)?")
# What a device needs to bring what was typed there, and to say that it is done.
RESCUE = re.compile(r"/sync(/check)?|/uploads(/.*)?|/static/.*|/_/.*|/sw\.js|/manifest\.webmanifest|" + LAST_WORD)


class Emptying:
    def __init__(self, app: ASGIApp, firm) -> None:
        self.app = app
        self.firm = firm

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        found = self._order(scope) if scope["type"] == "http" else None
        if found is None or SAID.fullmatch(scope["path"]):
            await self.app(scope, receive, send)
        elif found.is_rescue and RESCUE.fullmatch(scope["path"]):
            scope.setdefault("state", {})["wipe"] = found.word
            await self.app(scope, receive, send)
            await self._note_told(found)
        else:
            answer = await asyncio.to_thread(_answer, Request(scope), found, self.firm.clock())
            await answer(scope, receive, send)
            # A page that waits to be emptied has not told the worker yet.
            if not found.is_rescue:
                await self._note_told(found)

    def _order(self, scope: Scope) -> wipe.Order | None:
        request = Request(scope)
        token = request.cookies.get(cookie_name(request))
        if not token:
            return None
        with self.firm.look() as conn:
            return wipe.order_of(conn, digest(token))

    async def _note_told(self, found: wipe.Order) -> None:
        if found.told_at_ms is None:
            with suppress(Frozen):
                await self.firm.write(lambda conn: wipe.note_told(conn, found.device_id, self.firm.clock()))


def _answer(request: Request, found: wipe.Order, now_ms: int) -> Response:
    if is_navigation(request):
        headers = {} if found.is_rescue else CLEAR | {WORD: found.word}
        shown = {} if found.is_rescue else {"word": found.word}
        answer = show(request, "emptying.html" if found.is_rescue else "emptied.html", status=401, **shown)
        answer.headers.update(headers)
        return answer
    if found.is_rescue:
        return JSONResponse({"error": "signed_out"}, 401)
    is_slow = found.told_at_ms is not None and now_ms - found.told_at_ms > PATIENCE_MS
    clear = CLEAR if found.is_done else THEN if is_slow else FIRST
    return JSONResponse({"error": "wiped", "word": found.word}, 401, clear | {"HX-Redirect": "/wiped"})
