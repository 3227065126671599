"""What a device says of being emptied, and what people do about devices of their own: `routes`."""

from __future__ import annotations

import json
from contextlib import suppress

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from server import audit
from server.devices import known, waking, wipe
from server.devices.emptying import CLEAR, LAST_WORD
from server.errors import problem
from server.html import show, who
from server.request import SignedOut, signed_in_or_leaving, take_cookie
from server.sign_in import fresh, sessions
from server.sign_in.endpoint import typed

# wipe.MOST_LEFT operations as people type them; whoever says it need not be signed in.
MOST_WORD_BYTES = 4_000_000


async def last_word(request: Request) -> Response:
    """A device has emptied itself. It may have no session any more: the word that it was given says which it is."""
    firm = request.app.state.firm
    try:
        word, left, is_done = wipe.read_last_word(json.loads(await request.body()))
    except (ValueError, RecursionError):
        return JSONResponse({"error": "malformed"}, 400)
    with firm.look() as conn:
        found = wipe.order_by_word(conn, word)
    if found is None:
        return problem(request, 404)
    await firm.write(lambda conn: _hear(conn, word, left, is_done, firm.clock()))
    return JSONResponse({"heard": True}, headers=CLEAR if is_done else None)


def _hear(conn, word: str, left: list[dict], is_done: bool, now_ms: int) -> None:
    found = wipe.order_by_word(conn, word)
    if found is None:  # taken back just now
        return
    if left:
        wipe.keep_left(conn, found, left, now_ms)
    if is_done and wipe.note_done(conn, found, now_ms):
        action = "wipe_done" if found.is_trusted else "wiped_unsent"
        audit.note(conn, now_ms, found.user_id, found.device_id, action, f"device/{found.device_id}")


async def page_is_shown(request: Request) -> Response:
    """The page that came with Clear-Site-Data loads this: the browser has emptied the device before it showed it."""
    firm = request.app.state.firm
    with firm.look() as conn:
        found = wipe.order_by_word(conn, request.path_params["word"])
    if found is None:
        return problem(request, 404)
    await firm.write(lambda conn: _hear(conn, request.path_params["word"], [], True, firm.clock()))
    return Response(status_code=204)


async def leave(request: Request) -> Response:
    """End this session and leave the device as it is: its app lock was tried too often, and asks who is there."""
    firm = request.app.state.firm
    answer = Response(status_code=204)
    take_cookie(request, answer)
    try:
        session = signed_in_or_leaving(request, firm)
    except SignedOut:
        return answer
    await firm.write(lambda conn: _leave(conn, session, firm.clock()))
    return answer


def _leave(conn, session, now_ms: int) -> None:
    if sessions.end(conn, session.user_id, session.token_hash):
        about = f"device/{session.device_id}"
        audit.note(conn, now_ms, session.user_id, session.device_id, "app_lock_reset", about)


async def wiped(request: Request) -> Response:
    return show(request, "emptied.html", word="")


async def own_device(request: Request) -> Response:
    """POST act=sign_out, wipe (with trusted=1 or 0) or take_back."""
    session, _ = who(request)
    firm, device_id = request.app.state.firm, request.path_params["id"]
    with firm.look() as conn:
        found = known.device(conn, firm.clock(), device_id, session.user_id)
    if found is None:
        return problem(request, 404)
    if request.method == "POST" and device_id != session.device_id:
        form = await typed(request)
        if refusal := await fresh.demand(request, form):
            return refusal
        await act(request, session.user_id, session.device_id, found, form)
        return RedirectResponse(f"/me/devices/{device_id}", 303)
    is_this = device_id == session.device_id
    shown = {"device": found, "is_this": is_this, "back": ("/me/devices", ""), "is_own": True}
    return show(request, "device.html", **shown)


async def act(request: Request, by: str, by_device: str, found: dict, form: dict[str, str]) -> None:
    """What an administrator or the owner wants of a device; asked again it changes nothing."""
    firm, device_id, act = request.app.state.firm, found["device_id"], form.get("act", "")
    places: list[dict] = []

    def job(conn) -> None:
        now_ms, about = firm.clock(), f"device/{device_id}"
        if act == "sign_out" and known.sign_out(conn, device_id, found["user_id"]):
            audit.note(conn, now_ms, by, by_device, "device_signed_out", about, {"of": found["user_id"]})
        elif act == "take_back" and wipe.take_back(conn, device_id, now_ms):
            audit.note(conn, now_ms, by, by_device, "wipe_taken_back", about, {"of": found["user_id"]})
        elif act == "wipe":
            is_trusted = form.get("trusted") == "1"
            # It has emptied itself meanwhile, or it was long ago: the page that comes next says so.
            with suppress(wipe.NotOrdered):
                places.extend(wipe.order(conn, device_id, is_trusted, by, now_ms))
                detail = {"of": found["user_id"], "trusted": int(is_trusted)}
                audit.note(conn, now_ms, by, by_device, "wipe_ordered", about, detail)

    await firm.write(job)
    # Its open pages make it ask, and hear it.
    firm.hub.poke([found["user_id"]])
    firm.hub.close_device(found["user_id"])
    waking.wake(request.app.state.courier, places, firm.clock())


async def left(request: Request) -> Response:
    """What an emptied device still held and the server had refused: for whoever typed it."""
    session, _ = who(request)
    firm = request.app.state.firm
    with firm.look() as conn:
        found = [one for one in wipe.left_of(conn, session.user_id) if one["id"] == request.path_params["id"]]
    if not found:
        return problem(request, 404)
    told = {"roadbook": "outbox", "exported_at_ms": found[0]["at_ms"], "user": session.user_id}
    headers = {"Content-Disposition": 'attachment; filename="roadbook-emptied-device.json"'}
    return JSONResponse(told | {"operations": found[0]["operations"]}, headers=headers)


routes = [
    Route(LAST_WORD, last_word, methods=["POST"], max_body_size=MOST_WORD_BYTES),
    Route(LAST_WORD + "/{word}", page_is_shown),
    Route("/devices/leave", leave, methods=["POST"]),
    Route("/wiped", wiped),
    Route("/me/devices/left/{id}", left),
    Route("/me/devices/{id}", own_device, methods=["GET", "POST"]),
]
