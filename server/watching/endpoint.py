"""`/healthz`, `/healthz/serving`, `/metrics`: `routes` of a firm, and the same of a process that serves several.

Whoever asks from elsewhere hears whether it works and which part does not, and nothing about the firm.
"""

from __future__ import annotations

from collections.abc import Iterable

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.types import ASGIApp

from server.version import version
from web.text import Text

from . import metrics, words
from .access import Access, is_local
from .health import SERVING, Health
from .part import FAILED, WARNING

# A process with hundreds of firms looks after all of them: not every few seconds.
PROCESS_KEPT_S = 30.0
METRICS_TYPE = "text/plain; version=1.0.0; charset=utf-8"


async def healthz(request: Request) -> Response:
    """Everything that ought to work: for whoever wants to hear of it."""
    return _answer(request, {request.app.state.host: await request.app.state.watchman.look()})


async def serving(request: Request) -> Response:
    """Only what the server cannot do without: for whoever starts servers anew, or sends people to them."""
    return _answer(request, {request.app.state.host: await request.app.state.watchman.look()}, SERVING)


async def measures(request: Request) -> Response:
    if not request.app.state.settings.metrics.allows(request):
        return JSONResponse({"error": "not_found"}, 404)
    return Response(await metrics.text([request.app]), media_type=METRICS_TYPE)


routes = [
    Route("/healthz", healthz, methods=["GET"]),
    Route("/healthz/serving", serving, methods=["GET"]),
    Route("/metrics", measures, methods=["GET"]),
]


def process_app(firms, access: Access, otherwise: ASGIApp) -> Starlette:
    """ASGI: the same addresses for a process with several firms, where no firm's name is asked for. On this machine
    only, but for measures with the token: how many firms there are, and which, is nobody's business.

    firms: `apps()` that are open now, and `not_open()`, the hosts of those that could not be opened.
    """

    async def process_health(request: Request) -> Response:
        if not is_local(request):
            return otherwise
        of_firms = {app.state.host: await app.state.watchman.look(PROCESS_KEPT_S) for app in firms.apps()}
        if request.url.path.endswith("/serving"):
            # A firm that cannot be opened is no reason to start the others anew.
            return _answer(request, of_firms, SERVING)
        return _answer(request, of_firms, None, firms.not_open())

    async def process_measures(request: Request) -> Response:
        if not access.allows(request):
            return otherwise
        return Response(await metrics.text(firms.apps(), PROCESS_KEPT_S), media_type=METRICS_TYPE)

    return Starlette(
        routes=[
            Route("/healthz", process_health, methods=["GET"]),
            Route("/healthz/serving", process_health, methods=["GET"]),
            Route("/metrics", process_measures, methods=["GET"]),
            Mount("/", app=otherwise),
        ]
    )


def _answer(
    request: Request, of_firms: dict[str, Health], keys: tuple[str, ...] | None = None, not_open: Iterable[str] = ()
) -> Response:
    """keys: of the parts that are asked for; all where none is named."""
    parts = [part for health in of_firms.values() for part in health.parts if keys is None or part.key in keys]
    failing = sorted({part.key for part in parts if part.state == FAILED})
    failing += ["firm"] if not_open else []
    said: dict = {"status": "failing" if failing else "ok", "version": version()}
    if failing:
        said["failing"] = failing
    if is_local(request):
        said["warnings"] = sorted({part.key for part in parts if part.state == WARNING})
        if not_open:
            said["not_open"] = sorted(not_open)
        said["firms"] = {host: _details(health, keys) for host, health in of_firms.items()}
    return JSONResponse(said, 503 if failing else 200, {"Cache-Control": "no-store"})


def _details(health: Health, keys: tuple[str, ...] | None) -> dict:
    """For whoever is on this machine, in English."""
    text = Text("en", "UTC", health.at_ms)
    parts = {}
    for part in health.parts:
        if keys is not None and part.key not in keys:
            continue
        said = words.say(text, part)
        told = {"state": said.state, "words": said.words, "way_out": said.advice, "detail": said.detail}
        parts[part.key] = {name: value for name, value in told.items() if value}
    found = health.gauges
    if found is None or keys is not None:
        return {"parts": parts}
    return {
        "parts": parts,
        "people": found.people,
        "devices": dict(zip(metrics.DEVICES, found.devices, strict=True)),
        "last_seen_ms": found.last_seen_ms,
        "last_sync_ms": found.last_sync_ms,
        "notices_wait_ms": found.notices_wait_ms,
        "reminders_wait_ms": found.reminders_wait_ms,
        "replica_lag_ms": found.replica_lag_ms,
        "database_bytes": found.database_bytes,
        "free_bytes": found.free_bytes,
    }
