"""What a signed-in person does about signing in: a code for another phone, devices, the password."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from server import audit
from server.devices import known, wipe
from server.html import show, text_for, who
from server.sign_in import codes, fresh, passwords, sessions, throttle, words
from server.sign_in.endpoint import check_new, typed
from server.sign_in.invites import qr_svg


async def own_code(request: Request) -> Response:
    session, _ = who(request)
    if request.method != "POST":
        return show(request, "code.html", code="")
    firm = request.app.state.firm

    def job(conn) -> str:
        audit.note(conn, firm.clock(), session.user_id, session.device_id, "code_made", f"user/{session.user_id}")
        return codes.make_code(conn, session.user_id, session.user_id, firm.clock())

    code = await firm.write(job)
    url = request.app.state.settings.url + "/sign-in"
    return show(request, "code.html", code=codes.spaced(code), url=url, qr=qr_svg(url))


async def devices(request: Request) -> Response:
    session, _ = who(request)
    firm = request.app.state.firm
    if request.method == "POST":
        form = await typed(request)
        refusal = await fresh.demand(request, form)
        if refusal:
            return refusal
        await firm.write(lambda conn: _end_device(conn, firm, session, form.get("device", "")))
        firm.hub.close_device(session.user_id)
        return RedirectResponse("/me/devices", 303)
    with firm.look() as conn:
        rows = known.devices(conn, firm.clock(), session.user_id)
        left = wipe.left_of(conn, session.user_id)
    return show(request, "devices.html", devices=rows, this_hash=session.token_hash, left=left)


def _end_device(conn, firm, session, device_id: str) -> None:
    found = conn.execute("DELETE FROM session WHERE user_id = ? AND device_id = ?", (session.user_id, device_id))
    if found.rowcount:
        by = session.user_id, session.device_id
        audit.note(conn, firm.clock(), *by, "device_signed_out", f"device/{device_id}")


async def own_password(request: Request) -> Response:
    session, _ = who(request)
    firm = request.app.state.firm
    with firm.look() as conn:
        held = passwords.credential(conn, session.user_id)
        asks_old = held is not None and not _may_have_forgotten(conn, session.token_hash, firm.clock())
    shown = {"login": held["login"] if held else "", "asks_old": asks_old}
    if request.method != "POST":
        return show(request, "password.html", **shown)
    form = await typed(request)
    errors = check_new(request, form)
    if not errors and asks_old:
        errors = await _check_old(request, session.user_id, form)
    if not errors:
        errors = await _store(request, session, form)
    if errors:
        return show(request, "password.html", status=422, values=form, errors=errors, **shown)
    return RedirectResponse("/me/sign-in", 303)


def _may_have_forgotten(conn, token_hash: str, now_ms: int) -> bool:
    """Whoever came in lately by a passkey or an administrator's code may choose a password without the old one."""
    row = conn.execute("SELECT started_by FROM session WHERE token_hash = ?", (token_hash,)).fetchone()
    return row is not None and row[0] in ("code", "passkey") and fresh.is_fresh(conn, token_hash, now_ms)


async def _check_old(request: Request, user_id: str, form: dict[str, str]) -> dict[str, str]:
    text = text_for(request)
    try:
        is_own = await passwords.is_own(request.app.state.firm, user_id, form.get("old_password", ""))
    except throttle.Throttled as throttled:
        return {"old_password": words.wait(text, throttled.wait_ms)}
    return {} if is_own else {"old_password": text.gettext("This is not your present password.")}


async def _store(request: Request, session, form: dict[str, str]) -> dict[str, str]:
    password_hash = await passwords.hash_away(form["password"])

    def job(conn) -> None:
        passwords.store(conn, session.user_id, form["login"], password_hash)
        sessions.end_all(conn, session.user_id, except_hash=session.token_hash)
        by = session.user_id, session.device_id
        audit.note(conn, request.app.state.firm.clock(), *by, "password_changed", f"user/{session.user_id}")

    try:
        await request.app.state.firm.write(job)
    except passwords.UnfitLogin as unfit:
        return {"login": words.unfit_login(text_for(request), unfit)}
    request.app.state.firm.hub.close_device(session.user_id)
    return {}


routes = [
    Route("/sign-in/code", own_code, methods=["GET", "POST"]),
    Route("/me/devices", devices, methods=["GET", "POST"]),
    Route("/me/password", own_password, methods=["GET", "POST"]),
]
