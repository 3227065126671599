"""The pages between a password and a session, for whoever has, or needs, a second factor: `routes`.

Nothing but a cookie that names the half of a sign-in brings anybody here, and nothing else of the app opens with it.
"""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from server import audit
from server.audit.failures import note_failure
from server.html import show, text_for
from server.request import address
from server.sign_in import cookies, passkeys, recovery, sealing, second, throttle, totp, words
from server.sign_in.endpoint import MOST_BYTES, start_session, typed
from server.sign_in.enrolling import app_shown, person_of, register, registration_shown


async def second_factor(request: Request) -> Response:
    """GET asks for the digits of the app, a recovery code or a passkey; POST takes digits or a recovery code."""
    firm = request.app.state.firm
    try:
        step = _waiting(request)
        with firm.look() as conn:
            has = second.factors(conn, step["user_id"])
        if has.must_set_up:
            return RedirectResponse("/sign-in/second/set-up", 303)
        if request.method != "POST":
            return _page(request, step, has)
        form = await typed(request)
        try:
            used = await _spend(request, step["user_id"], form.get("digits", ""))
        except throttle.Throttled as throttled:
            return _page(request, step, has, words.wait_for_second(text_for(request), throttled.wait_ms), 429)
        except sealing.Unreadable:
            return _page(request, step, has, words.unreadable(text_for(request)), 422)
        except totp.WrongDigits:
            return _page(request, step, has, words.wrong_digits(text_for(request)), 422)
        return await _go_on(request, step, used)
    except second.SpentStep:
        return _again(request)


async def _spend(request: Request, user_id: str, text: str) -> str:
    """Which second factor this is; it is spent. Raises throttle.Throttled, totp.WrongDigits, sealing.Unreadable."""
    firm, now_ms = request.app.state.firm, request.app.state.firm.clock()
    tries = [throttle.by_person("second_account", user_id)]
    await firm.write(lambda conn: throttle.attempt(conn, tries, now_ms))
    is_code = recovery.is_one(text)
    selector = await recovery.matching(firm, user_id, text) if is_code else None

    def job(conn) -> None:
        if not is_code:
            totp.check(conn, firm.path, user_id, text, now_ms)
        elif selector is None or not recovery.spend(conn, user_id, selector):
            raise totp.WrongDigits
        else:
            left = {"left": recovery.left(conn, user_id)}
            audit.note(conn, now_ms, user_id, "", "recovery_code_used", f"user/{user_id}", left)
        throttle.forgive(conn, tries)

    try:
        await firm.write(job)
    except totp.WrongDigits:
        about = user_id, "sign_in_failed", "recovery" if is_code else "app", address(request)
        await firm.write(lambda conn: note_failure(conn, now_ms, *about))
        raise
    return "recovery" if is_code else "app"


async def set_up(request: Request) -> Response:
    """Somebody whose role needs a second factor and who has none: an app or a passkey, then in."""
    firm = request.app.state.firm
    try:
        step = _waiting(request)
        with firm.look() as conn:
            if not second.factors(conn, step["user_id"]).must_set_up:
                return RedirectResponse("/sign-in/second", 303)
        if request.method != "POST":
            return await _set_up_page(request, step)
        form = await typed(request)
        if "passkey" in form:
            return await _with_new_passkey(request, step, form)
        return await _with_new_app(request, step, form)
    except second.SpentStep:
        return _again(request)


async def _with_new_app(request: Request, step, form: dict[str, str]) -> Response:
    firm, user_id = request.app.state.firm, step["user_id"]
    tries = [throttle.by_person("second_account", user_id)]

    browser = cookies.read(request, cookies.STEP)

    def job(conn) -> None:
        second.check_must_set_up(conn, user_id)
        totp.switch_on(conn, firm.path, user_id, browser, form.get("digits", ""), firm.clock())
        throttle.forgive(conn, tries)
        audit.note(conn, firm.clock(), user_id, "", "totp_on", f"user/{user_id}")

    try:
        await firm.write(lambda conn: throttle.attempt(conn, tries, firm.clock()))
        await firm.write(job)
    except throttle.Throttled as throttled:
        return await _set_up_page(request, step, words.wait_for_second(text_for(request), throttled.wait_ms), 429)
    except (totp.WrongDigits, sealing.Unreadable):
        return await _set_up_page(request, step, words.wrong_digits(text_for(request)))
    return await _go_on(request, step, "app", "/me/recovery-codes")


async def _with_new_passkey(request: Request, step, form: dict[str, str]) -> Response:
    user_id = step["user_id"]
    error = await register(request, user_id, "", form, lambda conn: second.check_must_set_up(conn, user_id))
    if error:
        return await _set_up_page(request, step, error)
    return await _go_on(request, step, "passkey")


async def _go_on(request: Request, step, used: str, next_path: str = "") -> Response:
    token = cookies.read(request, cookies.STEP)
    await request.app.state.firm.write(lambda conn: second.end(conn, token))
    path = next_path or step["next_path"]
    answer = await start_session(request, step["user_id"], step["started_by"], path, bool(step["is_proven"]), used)
    cookies.take(request, answer, cookies.STEP)
    return answer


def _waiting(request: Request):
    """The half that is done. Raises SpentStep."""
    firm = request.app.state.firm
    with firm.look() as conn:
        return second.waiting(conn, cookies.read(request, cookies.STEP), firm.clock())


def _again(request: Request) -> Response:
    answer = RedirectResponse("/sign-in", 303)
    cookies.take(request, answer, cookies.STEP)
    return answer


def _page(request: Request, step, has: second.Factors, error: str = "", status: int = 200) -> Response:
    state, browser, options = request.app.state, cookies.browser_of(request), ""
    if has.passkeys and passkeys.are_possible(state.settings.url):
        challenge = state.challenges.make("sign_in", browser, "", state.firm.clock())
        options = passkeys.sign_in_options(state.settings.url, challenge)
    errors = {"digits" if has.has_app else "form": error} if error else {}
    shown = {"has_app": has.has_app, "options": options, "next": step["next_path"], "errors": errors}
    return cookies.name_browser(request, show(request, "second.html", status=status, **shown), browser)


async def _set_up_page(request: Request, step, error: str = "", status: int = 422) -> Response:
    browser, person = cookies.browser_of(request), person_of(request, step["user_id"])
    step_token = cookies.read(request, cookies.STEP)
    shown = {**await app_shown(request, person, step_token), **registration_shown(request, person, browser)}
    errors = {"form": error} if error else {}
    answer = show(request, "second_set_up.html", status=status if error else 200, errors=errors, **shown)
    return cookies.name_browser(request, answer, browser)


routes = [
    Route("/sign-in/second", second_factor, methods=["GET", "POST"], max_body_size=MOST_BYTES),
    Route("/sign-in/second/set-up", set_up, methods=["GET", "POST"], max_body_size=MOST_BYTES),
]
