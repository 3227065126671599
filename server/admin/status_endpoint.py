"""The status page, /admin/status: how the server stands, and how that went. For administrators only: `routes`."""

from __future__ import annotations

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from server.admin import status
from server.admin.endpoint import administrator
from server.html import show, text_for
from server.version import version
from server.watching import words
from server.watching.health import Health
from server.watching.part import OK


async def status_page(request: Request) -> Response:
    """?span=hours, days or weeks: of what the plots tell."""
    await run_in_threadpool(administrator, request)
    health = await request.app.state.watchman.look()
    return await run_in_threadpool(_page, request, health)


def _page(request: Request, health: Health) -> Response:
    app, text = request.app, text_for(request)
    span = request.query_params.get("span", "days")
    span = span if span in status.SPANS else "days"
    said = [words.say(text, part) for part in health.parts]
    with app.state.firm.look() as db:
        each = status.spans(db, text, span)
    return show(
        request,
        "admin_status.html",
        state=health.state,
        overall=words.overall(text, health.state),
        troubles=[part for part in said if part.state != OK],
        fine=[part for part in said if part.state == OK],
        found=health.gauges,
        room=lambda size: words.room(text, size),
        devices=status.devices(text, health.gauges) if health.gauges else [],
        plots=status.plots(text, each, span, app.state.watchman.has_replica),
        span=span,
        version=version(),
        started_ms=app.state.watchman.started_ms,
    )


routes = [Route("/admin/status", status_page, methods=["GET"])]
