"""How long a thousand pushes take, and what people who open pages meanwhile notice of it.

    .venv/bin/python -m tests.bench.pushes
"""

from __future__ import annotations

import asyncio
import json
import tempfile
import time
from pathlib import Path

import httpx2
from starlette.responses import Response
from starlette.routing import Route

from server.config import read_settings
from server.notices import queue, subscriptions
from server.notices.courier import Courier
from tests.browser.served import serve, session_cookie
from tests.small_firm import make_firm
from tests.unit.notice_servers import Browser


async def service(scope, receive, send) -> None:
    """A push service: takes everything."""
    while (await receive()).get("more_body"):
        pass
    await send({"type": "http.response.start", "status": 201, "headers": [(b"content-length", b"0")]})
    await send({"type": "http.response.body", "body": b""})


def measure(folder: Path, pushes: int = 1_000) -> dict[str, float]:
    """Seconds for all of them, and milliseconds (median, worst) of a page before and meanwhile."""
    firm = make_firm(folder / "firm")
    try:
        with serve(service) as push_url:
            return _measure(firm, push_url, pushes)
    finally:
        firm.close()


def _measure(firm, push_url: str, pushes: int) -> dict[str, float]:
    from server.app import create_app
    from tests.browser.phone import whole_app

    given = {"data": firm.path.absolute(), "push_origins": frozenset({push_url})}
    settings = read_settings({}, url="http://127.0.0.1:1", **given)
    app = create_app(firm, settings, **whole_app())
    courier: Courier = app.state.courier
    keys = Browser().subscription("")["keys"]
    with serve(app) as url:
        cookie = session_cookie(firm, "rita", url)
        with httpx2.Client(base_url=url, cookies={cookie["name"]: cookie["value"]}) as web:
            web.get("/me")
            before = _pages(web, 50)
            _queue(firm, push_url, keys, pushes)
            started = time.perf_counter()
            # In the loop that answers pages, as on a server.
            sending = asyncio.run_coroutine_threadsafe(courier.send_all(), _loop_of(web, app))
            meanwhile = []
            while not sending.done():
                meanwhile += _pages(web, 1)
            sending.result()
            seconds = time.perf_counter() - started
    with firm.look() as db:
        sent = db.execute("SELECT count(*) FROM delivery WHERE state = 'sent'").fetchone()[0]
    assert sent == pushes, sent
    return {"seconds": seconds, **_figures("before", before), **_figures("meanwhile", meanwhile)}


def _queue(firm, push_url: str, keys: dict, pushes: int) -> None:
    def job(db):
        for n in range(pushes):
            found = f"{push_url}/push/{n}", keys["p256dh"], keys["auth"]
            if n < subscriptions.MOST_EACH:
                subscriptions.keep(db, "mona", f"device-{n}", found, "en", firm.clock())
        for n in range(pushes // subscriptions.MOST_EACH):
            queue.add(
                db,
                key=f"n{n}",
                user_id="mona",
                kind="approval",
                text="%(name)s mentions you",
                values={"name": "Rita"},
                address=f"/approvals/{n}",
                now_ms=firm.clock(),
            )

    firm.write_now(job)


def _loop_of(web: httpx2.Client, app) -> asyncio.AbstractEventLoop:
    """The loop of the server: noted by a request."""
    found: dict = {}

    async def note(request) -> Response:
        found["loop"] = asyncio.get_running_loop()
        return Response()

    app.router.routes.insert(0, Route("/loop", note))
    web.get("/loop")
    return found["loop"]


def _pages(web: httpx2.Client, times: int) -> list[float]:
    took = []
    for _ in range(times):
        started = time.perf_counter()
        assert web.get("/me").status_code == 200
        took.append((time.perf_counter() - started) * 1000)
    return took


def _figures(name: str, took: list[float]) -> dict[str, float]:
    ordered = sorted(took)
    return {f"{name}_median_ms": ordered[len(ordered) // 2], f"{name}_p95_ms": ordered[int(len(ordered) * 0.95)]}


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        print(json.dumps({name: round(value, 2) for name, value in measure(Path(folder)).items()}))
