"""The application: which address is answered by what, around one firm.

All state hangs on `app.state` (firm, settings, pages, assets); nothing is global, so that a process can hold
several.  Order matters at the end only: what no route before it claims is a page of web/.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from urllib.parse import urlsplit

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from server import assets_kept, background, digest, errors, expenses_csv, export, live, page_endpoint, sync_endpoint
from server.admin import approvals_endpoint as admin_approvals
from server.admin import approvals_money_endpoint as admin_money
from server.admin import conflicts_endpoint as admin_conflicts
from server.admin import devices_endpoint as admin_devices
from server.admin import endpoint as admin
from server.admin import pool_endpoint as admin_pool
from server.admin import robots_endpoint as admin_robots
from server.admin import status_endpoint as admin_status
from server.assets import Assets
from server.attachments import serving as attachment_serving
from server.attachments import uploads as attachment_uploads
from server.attachments.posted import MOST_FORM_BYTES
from server.audit import endpoint as audit_log
from server.backup import litestream, nightly
from server.backup.files import FilesAway
from server.backup.offsite import Replicated
from server.backup.settling import Settling
from server.config import Settings
from server.devices import endpoint as devices
from server.devices.emptying import Emptying
from server.imports import endpoint as imports
from server.limits import Limits
from server.notices import endpoint as notices
from server.notices.courier import Courier
from server.pages import Pages
from server.reminders.tick import keep_reminding
from server.request import NoteSeen
from server.security import Guard
from server.sign_in import endpoint as sign_in
from server.sign_in import fresh as fresh_proof
from server.sign_in import keys_endpoint as sign_in_keys
from server.sign_in import own_endpoint as own_sign_in
from server.sign_in import second_endpoint as second_factor
from server.sign_in.challenges import Challenges
from server.watching import endpoint as watching
from server.watching.counts import keep_counting
from server.watching.health import Watchman
from server.watching.watch import Watch

# An import of 20 MB and its form around it; the sync endpoint has a smaller limit of its own.
MOST_BYTES = 21_000_000


def create_app(firm, settings: Settings, pages: Pages | None = None, assets: Assets | None = None) -> Starlette:
    """The app that serves this firm. Pages and assets are the same for every firm and may be shared."""
    assets = assets or assets_kept.ready()
    host = urlsplit(settings.url).netloc
    routes = [
        Route("/sync", sync, methods=["POST"]),
        Route("/sync/check", check, methods=["POST"]),
        Route("/live", stream),
        *sign_in.routes,
        *own_sign_in.routes,
        *devices.routes,
        *second_factor.routes,
        *sign_in_keys.routes,
        *fresh_proof.routes,
        *admin.routes,
        *admin_approvals.routes,
        *admin_money.routes,
        *admin_conflicts.routes,
        *admin_pool.routes,
        *admin_robots.routes,
        *admin_devices.routes,
        *admin_status.routes,
        *audit_log.routes,
        *imports.routes,
        *notices.routes,
        *expenses_csv.routes,
        *export.routes,
        *attachment_uploads.routes,
        *attachment_serving.routes,
        *watching.routes,
        Route("/sw.js", assets.serve),
        Route("/manifest.webmanifest", assets.serve),
        Route("/static/{path:path}", assets.serve),
        Route("/_/{path:path}", assets.serve),
        Route("/{path:path}", page_endpoint.page, methods=["GET", "POST"], max_body_size=MOST_FORM_BYTES),
    ]
    app = Starlette(
        routes=routes,
        middleware=[
            Middleware(Watch, firm=firm, host=host),
            Middleware(Guard, public_url=settings.url),
            Middleware(Limits, firm=firm),
            Middleware(NoteSeen, firm=firm),
            Middleware(Emptying, firm=firm),
            Middleware(Settling, firm=firm),
        ],
        exception_handlers=errors.HANDLERS,
        lifespan=_keep_house,
        max_body_size=MOST_BYTES,
    )
    app.state.firm = firm
    app.state.host = host
    app.state.watchman = Watchman(firm, settings)
    app.state.settings = settings
    app.state.pages = pages or Pages()
    app.state.assets = assets
    app.state.challenges = Challenges()
    app.state.uploads = attachment_uploads.Taken()
    app.state.courier = Courier(firm, settings)
    if settings.replica:
        firm.offsite = Replicated(firm, lambda: litestream.barrier(settings.home, settings.data / "roadbook.db"))
        firm.files = FilesAway(firm, settings.replica)
        firm.keep_log(litestream.LOG_PAGES_UNREPLICATED)
    return app


@asynccontextmanager
async def _keep_house(app: Starlette) -> AsyncIterator[None]:
    """Background work runs for as long as the app does."""
    firm = app.state.firm
    duties = background.keep_house(firm), keep_reminding(firm), app.state.courier.run(), keep_counting(firm)
    duties = *duties, nightly.keep_copies(firm, app.state.settings)
    if app.state.settings.replica:
        duties = *duties, firm.offsite.run(), firm.files.run()
    works = [asyncio.create_task(duty) for duty in duties]
    try:
        yield
    finally:
        for work in works:
            work.cancel()
            with suppress(asyncio.CancelledError):
                await work


async def sync(request: Request) -> Response:
    return await sync_endpoint.sync(request, request.app.state.firm)


async def check(request: Request) -> Response:
    return await digest.check_endpoint(request, request.app.state.firm)


async def stream(request: Request) -> Response:
    return await live.live(request, request.app.state.firm)
