"""The pages with which a person signs in, and out: `routes`."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from server.admin.changes import fresh_id
from server.html import show, text_for
from server.request import SignedOut, address, cookie_name, give_cookie, safe_next, signed_in, take_cookie
from server.sign_in import codes, invites, passwords, sessions, setup, throttle, words
from server.sign_in.device_name import device_name
from server.sign_in.secrets import digest

# Offered at set-up; the firm's zone shows times where a person has not chosen one.
ZONES = (
    "Asia/Shanghai", "Asia/Hong_Kong", "Asia/Taipei", "Asia/Singapore", "Asia/Tokyo", "Asia/Seoul", "Asia/Bangkok",
    "Asia/Jakarta", "Asia/Kolkata", "Asia/Dubai", "Europe/Istanbul", "Europe/Berlin", "Europe/Paris", "Europe/London",
    "America/Sao_Paulo", "America/New_York", "America/Chicago", "America/Denver", "America/Los_Angeles",
    "Australia/Sydney", "Pacific/Auckland", "UTC",
)  # fmt: skip


async def sign_in(request: Request) -> Response:
    firm = request.app.state.firm
    if request.method == "POST":
        form = await typed(request)
        by_code = "code" in form
        return await (_by_code(request, form) if by_code else _by_password(request, form))
    next_path = safe_next(request.query_params.get("next"))
    try:
        signed_in(request, firm)
    except SignedOut:
        return _sign_in_page(request, {"next": next_path})
    return RedirectResponse(next_path, 303)


async def _by_password(request: Request, form: dict[str, str]) -> Response:
    firm, text = request.app.state.firm, text_for(request)
    try:
        user_id = await passwords.sign_in(firm, form.get("login", ""), form.get("password", ""), address(request))
    except throttle.Throttled as throttled:
        return _sign_in_page(request, form, {"form": words.wait(text, throttled.wait_ms)}, 429)
    except passwords.WrongPassword:
        why = text.gettext("Login and password do not fit. Check both, or sign in with a code.")
        return _sign_in_page(request, form, {"form": why}, 422)
    return await enter(request, user_id, "password", safe_next(form.get("next")))


async def _by_code(request: Request, form: dict[str, str]) -> Response:
    firm, text = request.app.state.firm, text_for(request)
    try:
        user_id = await codes.redeem(firm, form["code"], address(request))
    except throttle.Throttled as throttled:
        return _sign_in_page(request, form, {"code": words.wait_for_code(text, throttled.wait_ms)}, 429)
    except codes.WrongCode:
        why = text.gettext("This code is wrong, used or older than 10 minutes. Ask for a new one.")
        return _sign_in_page(request, form, {"code": why}, 422)
    return await enter(request, user_id, "code", safe_next(form.get("next")))


def _sign_in_page(request: Request, form: dict[str, str], errors: dict | None = None, status: int = 200) -> Response:
    with request.app.state.firm.look() as conn:
        is_new = setup.is_needed(conn)
    next_path = safe_next(form.get("next"))
    shown = {"errors": errors or {}, "values": form, "next": next_path, "is_new": is_new}
    return show(request, "sign_in.html", status=status, **shown)


async def enter(request: Request, user_id: str, started_by: str, next_path: str) -> Response:
    """Start a session on this device and go on."""
    firm = request.app.state.firm
    name = device_name(request.headers.get("user-agent", ""))
    old_token = request.cookies.get(cookie_name(request))

    def job(conn) -> str:
        device_id = _device_of(conn, old_token, user_id) or fresh_id(firm)
        return sessions.start(
            conn, user_id=user_id, device_id=device_id, device_name=name, started_by=started_by, now_ms=firm.clock()
        )

    answer = RedirectResponse(next_path, 303)
    give_cookie(request, answer, await firm.write(job))
    return answer


def _device_of(conn, old_token: str | None, user_id: str) -> str | None:
    """End the session that this browser had; its device goes on when the same person comes back."""
    if not old_token:
        return None
    row = conn.execute(
        "DELETE FROM session WHERE token_hash = ? RETURNING user_id, device_id", (digest(old_token),)
    ).fetchone()
    return row["device_id"] if row and row["user_id"] == user_id else None


async def sign_out(request: Request) -> Response:
    """Ends the session. The device wipes its own replica: only it knows what has not been sent yet."""
    firm = request.app.state.firm
    answer = RedirectResponse("/sign-in", 303)
    take_cookie(request, answer)
    try:
        session = signed_in(request, firm)
    except SignedOut:
        return answer
    await firm.write(lambda conn: sessions.end(conn, session.user_id, session.token_hash))
    firm.hub.close_device(session.user_id)
    return answer


async def invite(request: Request) -> Response:
    firm, token = request.app.state.firm, request.path_params["token"]
    try:
        with firm.look() as conn:
            invited = invites.find(conn, token, firm.clock())
    except invites.SpentInvite:
        return _spent(request)
    if request.method != "POST":
        return _invite_page(request, invited)
    form = await typed(request)
    errors = check_new(request, form)
    if errors:
        return _invite_page(request, invited, form, errors)
    password_hash = await passwords.hash_away(form["password"])
    try:
        user_id = await firm.write(
            lambda conn: invites.accept(conn, token, form["login"], password_hash, firm.clock())
        )
    except passwords.UnfitLogin as unfit:
        return _invite_page(request, invited, form, {"login": words.unfit_login(text_for(request), unfit)})
    except invites.SpentInvite:
        return _spent(request)
    return await enter(request, user_id, "invite", "/")


def _invite_page(request: Request, invited, form: dict | None = None, errors: dict | None = None) -> Response:
    shown = {"name": invited["name"], "login": invited["login"] or "", "values": form or {}, "errors": errors or {}}
    return show(request, "invite.html", status=422 if errors else 200, **shown)


def _spent(request: Request) -> Response:
    why = text_for(request).gettext("It was used already, replaced by a newer one, or is too old. Ask for a new one.")
    return show(request, "spent.html", status=410, words=why)


async def first_setup(request: Request) -> Response:
    firm = request.app.state.firm
    form = await typed(request) if request.method == "POST" else {}
    token = form.get("token") or request.query_params.get("token", "")
    try:
        with firm.look() as conn:
            setup.check_link(conn, token, firm.clock())
        if not form:
            return _setup_page(request, token)
        errors = _check_setup(request, form)
        if errors:
            return _setup_page(request, token, form, errors)
        return await _set_up(request, token, form)
    except setup.SpentSetupLink:
        return _spent(request)


async def _set_up(request: Request, token: str, form: dict[str, str]) -> Response:
    firm, text = request.app.state.firm, text_for(request)
    password_hash = await passwords.hash_away(form["password"])
    user_id = await firm.write(lambda conn: setup.set_up(conn, firm, token, form, password_hash, text.gettext))
    firm.timezone = form["timezone"]
    return await enter(request, user_id, "setup", "/")


def _setup_page(request: Request, token: str, form: dict | None = None, errors: dict | None = None) -> Response:
    zone = request.app.state.firm.timezone
    zones = [(name, name.replace("_", " ")) for name in dict.fromkeys((zone, *ZONES))]
    shown = {"token": token, "zones": zones, "timezone": zone, "values": form or {}, "errors": errors or {}}
    return show(request, "setup.html", status=422 if errors else 200, **shown)


def _check_setup(request: Request, form: dict[str, str]) -> dict[str, str]:
    text = text_for(request)
    errors = check_new(request, form)
    for name in ("firm_name", "name"):
        if not form.get(name, "").strip():
            errors[name] = text.reason("required")
        elif len(form[name]) > 200:
            errors[name] = text.reason("too_long", {"most": 200})
    if form.get("timezone") not in (request.app.state.firm.timezone, *ZONES):
        errors["timezone"] = text.reason("not_a_choice")
    return errors


def check_new(request: Request, form: dict[str, str]) -> dict[str, str]:
    """What is wrong with a new login and password, by input name."""
    text, errors = text_for(request), {}
    try:
        passwords.check_login(form.get("login", ""))
    except passwords.UnfitLogin as unfit:
        errors["login"] = words.unfit_login(text, unfit)
    try:
        passwords.check_new_password(form.get("password", ""), form.get("login", ""))
    except passwords.UnfitPassword as unfit:
        errors["password"] = words.unfit_password(text, unfit)
    return errors


async def typed(request: Request) -> dict[str, str]:
    """The form's text fields by name; the last of a repeated name."""
    async with request.form(max_fields=200) as form:
        return {name: value for name, value in form.multi_items() if isinstance(value, str)}


routes = [
    Route("/sign-in", sign_in, methods=["GET", "POST"]),
    Route("/sign-out", sign_out, methods=["POST"]),
    Route("/invite/{token}", invite, methods=["GET", "POST"]),
    Route("/setup", first_setup, methods=["GET", "POST"]),
]
