"""How a person signs in, for that person: password, passkeys, authenticator app, recovery codes. `routes`.

Whatever makes a sign-in weaker, or gives somebody else a way in, asks first for a fresh proof (fresh.py).  Nothing here
can lock anybody out for good: a password and an administrator's one-time code always remain.
"""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from server import audit
from server.html import show, text_for, who
from server.sign_in import cookies, fresh, passkeys, passwords, recovery, sealing, second, throttle, totp, words
from server.sign_in.endpoint import typed
from server.sign_in.enrolling import app_shown, person_of, register, registration_shown


async def overview(request: Request) -> Response:
    session, _ = who(request)
    return _overview(request, session)


def _overview(request: Request, session, error: str = "") -> Response:
    with request.app.state.firm.look() as conn:
        held = passwords.credential(conn, session.user_id)
        since = conn.execute("SELECT since_ms FROM totp WHERE user_id = ?", (session.user_id,)).fetchone()
        shown = {
            "login": held["login"] if held else "",
            "keys": passkeys.keys(conn, session.user_id),
            "has": second.factors(conn, session.user_id),
            "app_since_ms": since[0] if since else None,
            "codes_left": recovery.left(conn, session.user_id),
        }
    are_possible = passkeys.are_possible(request.app.state.settings.url)
    errors = {"form": error} if error else {}
    return show(request, "keys.html", status=422 if error else 200, errors=errors, are_possible=are_possible, **shown)


async def new_passkey(request: Request) -> Response:
    session, _ = who(request)
    form = await typed(request) if request.method == "POST" else None
    refusal = await fresh.demand(request, form)
    if refusal:
        return refusal
    error = await register(request, session.user_id, session.device_id, form) if form and form.get("passkey") else ""
    if form and form.get("passkey") and not error:
        return RedirectResponse("/me/sign-in", 303)
    browser = cookies.browser_of(request)
    shown = registration_shown(request, person_of(request, session.user_id), browser)
    errors = {"form": error} if error else {}
    answer = show(request, "passkey_new.html", status=422 if error else 200, errors=errors, values=form or {}, **shown)
    return cookies.name_browser(request, answer, browser)


async def remove_passkey(request: Request) -> Response:
    """POST id."""
    session, _ = who(request)
    form = await typed(request)
    refusal = await fresh.demand(request, form)
    if refusal:
        return refusal
    firm = request.app.state.firm

    def job(conn) -> bool:
        has = second.factors(conn, session.user_id)
        if has.is_required and not has.has_app and has.passkeys == 1:
            return False
        if passkeys.remove(conn, session.user_id, form.get("id", "")):
            _note(conn, firm, session, "passkey_removed")
        return True

    if not await firm.write(job):
        return _overview(request, session, words.role_needs_second(text_for(request)))
    return RedirectResponse("/me/sign-in", 303)


async def app(request: Request) -> Response:
    """GET shows the QR code, POST digits switches the app on, in place of an earlier one."""
    session, _ = who(request)
    form = await typed(request) if request.method == "POST" else None
    refusal = await fresh.demand(request, form)
    if refusal:
        return refusal
    error = await _switch_on(request, session, form["digits"]) if form and "digits" in form else ""
    if form and "digits" in form and not error:
        return RedirectResponse("/me/recovery-codes", 303)
    shown = await app_shown(request, person_of(request, session.user_id), session.token_hash)
    errors = {"digits": error} if error else {}
    return show(request, "app_set_up.html", status=422 if error else 200, errors=errors, **shown)


async def _switch_on(request: Request, session, digits: str) -> str:
    firm, text = request.app.state.firm, text_for(request)
    tries = [throttle.by_person("second_account", session.user_id)]

    def job(conn) -> None:
        totp.switch_on(conn, firm.path, session.user_id, session.token_hash, digits, firm.clock())
        throttle.forgive(conn, tries)
        _note(conn, firm, session, "totp_on")

    try:
        await firm.write(lambda conn: throttle.attempt(conn, tries, firm.clock()))
        await firm.write(job)
    except throttle.Throttled as throttled:
        return words.wait_for_second(text, throttled.wait_ms)
    except (totp.WrongDigits, sealing.Unreadable):
        return words.wrong_digits(text)
    return ""


async def app_off(request: Request) -> Response:
    session, _ = who(request)
    refusal = await fresh.demand(request, await typed(request))
    if refusal:
        return refusal
    firm = request.app.state.firm

    def job(conn) -> bool:
        has = second.factors(conn, session.user_id)
        if has.is_required and not has.passkeys:
            return False
        if totp.switch_off(conn, session.user_id):
            _note(conn, firm, session, "totp_off")
        return True

    if not await firm.write(job):
        return _overview(request, session, words.role_needs_second(text_for(request)))
    return RedirectResponse("/me/sign-in", 303)


async def recovery_codes(request: Request) -> Response:
    """GET says what they are; POST makes ten new ones and shows them, this once."""
    session, _ = who(request)
    form = await typed(request) if request.method == "POST" else None
    refusal = await fresh.demand(request, form)
    if refusal:
        return refusal
    firm = request.app.state.firm
    with firm.look() as conn:
        if not second.factors(conn, session.user_id).has_app:
            return RedirectResponse("/me/sign-in", 303)
        left = recovery.left(conn, session.user_id)
    codes = await _make_codes(firm, session) if form is not None else []
    return show(request, "recovery_codes.html", codes=[recovery.spaced(code) for code in codes], left=left)


async def _make_codes(firm, session) -> list[str]:
    codes = recovery.make()
    kept = await recovery.hashed(codes)

    def job(conn) -> None:
        recovery.store(conn, session.user_id, kept)
        _note(conn, firm, session, "recovery_codes_made")

    await firm.write(job)
    return codes


def _note(conn, firm, session, action: str) -> None:
    audit.note(conn, firm.clock(), session.user_id, session.device_id, action, f"user/{session.user_id}")


routes = [
    Route("/me/sign-in", overview),
    Route("/me/passkeys/new", new_passkey, methods=["GET", "POST"]),
    Route("/me/passkeys/removed", remove_passkey, methods=["POST"]),
    Route("/me/authenticator", app, methods=["GET", "POST"]),
    Route("/me/authenticator/off", app_off, methods=["POST"]),
    Route("/me/recovery-codes", recovery_codes, methods=["GET", "POST"]),
]
