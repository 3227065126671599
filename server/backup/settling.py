"""What a person posts to the server itself is acknowledged once it is off-site: no device keeps it.

Devices keep what they send (`/sync`) until they are told that it is safe, so their answers hardly wait.  Where the
replica is known to be away nothing waits at all: the server goes on, and says on its status page what is at risk.
"""

from __future__ import annotations

from starlette.types import ASGIApp, Message, Receive, Scope, Send

# Longer than an upload takes. A replica that is slower still does not keep people waiting.
MOST_S = 2.0
# Their answers say how far the replica has come, and are no acknowledgement to be waited for.
OF_DEVICES = ("/sync", "/sync/check", "/uploads/safe")


class Settling:
    """ASGI. Holds an answer's beginning back until what the request wrote has left the machine."""

    def __init__(self, app: ASGIApp, firm) -> None:
        self.app, self.firm = app, firm

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "POST" or scope["path"] in OF_DEVICES:
            await self.app(scope, receive, send)
            return

        async def settled(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] < 400:
                await self.firm.offsite.settle(MOST_S)
            await send(message)

        await self.app(scope, receive, settled)
