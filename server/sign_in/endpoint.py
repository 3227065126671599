"""The pages with which a person signs in, and out: `routes`."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from server import audit
from server.admin.changes import fresh_id
from server.audit.failures import network, note_failure
from server.devices.known import has_left
from server.html import firm_name, show, text_for
from server.request import SignedOut, address, cookie_name, give_cookie, safe_next, signed_in, take_cookie
from server.sign_in import (
    codes,
    cookies,
    invites,
    passkeys,
    passwords,
    second,
    sessions,
    setup,
    throttle,
    words,
)
from server.sign_in.device_name import device_name
from server.sign_in.secrets import digest

# A login, a password and a passkey's answer: whoever sends more is not signing in.
MOST_BYTES = 100_000
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
        if "passkey" in form:
            return await _by_passkey(request, form)
        return await (_by_code(request, form) if "code" in form else _by_password(request, form))
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
        await _note_failure(request, _user_of(firm, form.get("login", "")), "password")
        why = text.gettext("Login and password do not fit. Check both, or sign in with a code.")
        return _sign_in_page(request, form, {"form": why}, 422)
    return await enter(request, user_id, "password", safe_next(form.get("next")))


async def _by_code(request: Request, form: dict[str, str]) -> Response:
    firm, text = request.app.state.firm, text_for(request)
    try:
        user_id, is_vouched = await codes.redeem(firm, form["code"], address(request))
    except throttle.Throttled as throttled:
        return _sign_in_page(request, form, {"code": words.wait_for_code(text, throttled.wait_ms)}, 429)
    except codes.WrongCode:
        await _note_failure(request, "", "code")
        why = text.gettext("This code is wrong, used or older than 10 minutes. Ask for a new one.")
        return _sign_in_page(request, form, {"code": why}, 422)
    return await enter(request, user_id, "code", safe_next(form.get("next")), is_vouched)


async def _by_passkey(request: Request, form: dict[str, str]) -> Response:
    state = request.app.state
    browser = cookies.read(request, cookies.BROWSER)
    try:
        user_id = await passkeys.sign_in(state.firm, form["passkey"], state.challenges, state.settings.url, browser)
    except passkeys.WrongPasskey as wrong:
        copied = isinstance(wrong, passkeys.CopiedPasskey)
        await _note_failure(request, wrong.user_id if copied else "", "passkey", copied)
        return _sign_in_page(request, form, {"form": words.wrong_passkey(text_for(request), wrong)}, 422)
    return await enter(request, user_id, "passkey", safe_next(form.get("next")))


def _user_of(firm, login: str) -> str:
    with firm.look() as conn:
        row = passwords.find(conn, login)
    return row["user_id"] if row else ""


async def _note_failure(request: Request, user_id: str, how: str, is_copied: bool = False) -> None:
    firm, came_from = request.app.state.firm, address(request)
    action = "passkey_suspect" if is_copied else "sign_in_failed"
    await firm.write(lambda conn: note_failure(conn, firm.clock(), user_id, action, how, came_from))


def _sign_in_page(request: Request, form: dict[str, str], errors: dict | None = None, status: int = 200) -> Response:
    firm, state, browser = request.app.state.firm, request.app.state, cookies.browser_of(request)
    with firm.look() as conn:
        is_new = setup.is_needed(conn)
    options = ""
    if passkeys.are_possible(state.settings.url):
        challenge = state.challenges.make("sign_in", browser, "", firm.clock())
        options = passkeys.sign_in_options(state.settings.url, challenge)
    next_path = safe_next(form.get("next"))
    shown = {"errors": errors or {}, "values": form, "next": next_path, "is_new": is_new, "options": options}
    answer = show(request, "sign_in.html", status=status, **shown)
    return cookies.name_browser(request, answer, browser) if options else answer


async def enter(
    request: Request, user_id: str, started_by: str, next_path: str, is_proven: bool = True
) -> Response:
    """Go on with a session on this device; or to the second factor, where one is asked for.

    is_proven: see sessions.start.
    """
    firm = request.app.state.firm
    with firm.look() as conn:
        is_asked = second.factors(conn, user_id).is_asked
    if started_by in second.WHOLE or not is_asked:
        return await start_session(request, user_id, started_by, next_path, is_proven)
    step = user_id, started_by, is_proven, next_path, firm.clock()
    token = await firm.write(lambda conn: second.wait_for(conn, *step))
    answer = RedirectResponse("/sign-in/second", 303)
    cookies.give(request, answer, cookies.STEP, token, second.GOOD_FOR_MS // 1000)
    return answer


async def start_session(
    request: Request, user_id: str, started_by: str, next_path: str, is_proven: bool, with_second: str = ""
) -> Response:
    """Sign this device in and go on. with_second: which second factor was given."""
    firm = request.app.state.firm
    name = device_name(request.headers.get("user-agent", ""))
    old_token, came_from = request.cookies.get(cookie_name(request)), network(address(request))

    def job(conn) -> str:
        known_id = _device_of(conn, old_token, user_id)
        device_id, now_ms, about = known_id or fresh_id(firm), firm.clock(), f"user/{user_id}"
        if not known_id:
            audit.note(conn, now_ms, user_id, device_id, "device_added", about, {"device": name})
        detail = {"by": started_by, "network": came_from} | ({"second": with_second} if with_second else {})
        audit.note(conn, now_ms, user_id, device_id, "signed_in", about, detail)
        device = {"device_id": device_id, "device_name": name}
        return sessions.start(
            conn, user_id=user_id, started_by=started_by, now_ms=now_ms, is_proven=is_proven, **device
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
    has_left(conn, digest(old_token))
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
    await firm.write(lambda conn: _end(conn, session, firm.clock()))
    firm.hub.close_device(session.user_id)
    return answer


def _end(conn, session, now_ms: int) -> None:
    sessions.end(conn, session.user_id, session.token_hash)
    has_left(conn, session.token_hash)
    audit.note(conn, now_ms, session.user_id, session.device_id, "signed_out", f"user/{session.user_id}")


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

    def job(conn) -> str:
        user_id = invites.accept(conn, token, form["login"], password_hash, firm.clock())
        audit.note(conn, firm.clock(), user_id, "", "invite_used", f"user/{user_id}")
        return user_id

    try:
        user_id = await firm.write(job)
    except passwords.UnfitLogin as unfit:
        return _invite_page(request, invited, form, {"login": words.unfit_login(text_for(request), unfit)})
    except invites.SpentInvite:
        return _spent(request)
    firm.hub.close_device(user_id)
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

    def job(conn) -> str:
        user_id = setup.set_up(conn, firm, token, form, password_hash, text.gettext)
        audit.note(conn, firm.clock(), user_id, "", "firm_set_up")
        return user_id

    user_id = await firm.write(job)
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
        name = form.get("firm_name") or firm_name(request.app.state.firm)
        passwords.check_new_password(form.get("password", ""), form.get("login", ""), name)
    except passwords.UnfitPassword as unfit:
        errors["password"] = words.unfit_password(text, unfit)
    return errors


async def typed(request: Request) -> dict[str, str]:
    """The form's text fields by name; the last of a repeated name."""
    async with request.form(max_fields=200) as form:
        return {name: value for name, value in form.multi_items() if isinstance(value, str)}


routes = [
    Route("/sign-in", sign_in, methods=["GET", "POST"], max_body_size=MOST_BYTES),
    Route("/sign-out", sign_out, methods=["POST"], max_body_size=MOST_BYTES),
    Route("/invite/{token}", invite, methods=["GET", "POST"], max_body_size=MOST_BYTES),
    Route("/setup", first_setup, methods=["GET", "POST"], max_body_size=MOST_BYTES),
]
