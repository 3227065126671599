"""A fresh proof of who holds a device, before what a thief with somebody's open phone must not do.

    refusal = await fresh.demand(request, form)      # form: what was posted; left out for a GET
    if refusal:
        return refusal

Fresh is who signed in, or proved themselves, within FRESH_MS: by password, by passkey, by an invite, or by a one-time
code of an administrator (not by one that they made themselves: whoever holds the open phone makes those).  Everybody
else gets a page that asks, with everything that was posted kept in it; once answered, the same form goes on to the same
address.
"""

from __future__ import annotations

from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from server import audit
from server.audit.failures import note_failure
from server.errors import typed_fields
from server.html import show, text_for, who
from server.request import Session, address, safe_next
from server.sign_in import cookies, passkeys, passwords, throttle, words

FRESH_MS = 15 * 60_000
PASSWORD = "proof.password"
PASSKEY = "proof.passkey"


def is_fresh(conn, token_hash: str, now_ms: int) -> bool:
    """Whether whoever holds this session has proved who they are lately."""
    row = conn.execute("SELECT proven_at_ms FROM session WHERE token_hash = ?", (token_hash,)).fetchone()
    return row is not None and 0 <= now_ms - row[0] < FRESH_MS


async def demand(request: Request, form: dict[str, str] | None = None, next_path: str = "") -> Response | None:
    """None where the proof is fresh, or came with this form; else the page that asks for it. Raises SignedOut.

    next_path: where a GET goes on to, if not to its own address: a download leaves nobody on a page.
    """
    session, _ = who(request)
    firm = request.app.state.firm
    with firm.look() as conn:
        if is_fresh(conn, session.token_hash, firm.clock()):
            return None
    if form is None:
        path = next_path or request.url.path + (f"?{request.url.query}" if request.url.query else "")
        return RedirectResponse("/me/proof?next=" + quote(path, safe=""), 303)
    error = await _refusal(request, session, form)
    return None if error is None else await _page(request, session, error)


async def proof(request: Request) -> Response:
    """The same by itself, on the way to a page: GET asks, POST goes on to `next`."""
    session, _ = who(request)
    if request.method != "POST":
        return await _page(request, session, "", fields=[("next", safe_next(request.query_params.get("next")))])
    form = dict(await typed_fields(request))
    error = await _refusal(request, session, form)
    if error is None:
        return RedirectResponse(safe_next(form.get("next")), 303)
    return await _page(request, session, error)


async def _refusal(request: Request, session: Session, form: dict[str, str]) -> str | None:
    """None where the form proves it, and then it is noted; '' where it tries nothing; else why not, in words."""
    if form.get(PASSKEY):
        how, error = "passkey", await _by_passkey(request, session, form[PASSKEY])
    elif form.get(PASSWORD):
        how, error = "password", await _by_password(request, session, form[PASSWORD])
    else:
        return ""
    firm = request.app.state.firm
    if error is None:
        await firm.write(lambda conn: mark(conn, session, firm.clock(), how))
    return error


def mark(conn, session: Session, now_ms: int, how: str) -> None:
    """This session's holder has proved who they are, in a write job."""
    conn.execute("UPDATE session SET proven_at_ms = ? WHERE token_hash = ?", (now_ms, session.token_hash))
    audit.note(conn, now_ms, session.user_id, session.device_id, "proved", f"user/{session.user_id}", {"by": how})


async def _by_password(request: Request, session: Session, password: str) -> str | None:
    text = text_for(request)
    try:
        is_own = await passwords.is_own(request.app.state.firm, session.user_id, password)
    except throttle.Throttled as throttled:
        return words.wait_for_second(text, throttled.wait_ms)
    if is_own:
        return None
    await _note_failure(request, session, "password")
    return text.gettext("This is not your present password.")


async def _by_passkey(request: Request, session: Session, answer: str) -> str | None:
    firm, url = request.app.state.firm, request.app.state.settings.url
    browser, challenges = cookies.read(request, cookies.BROWSER), request.app.state.challenges
    try:
        await passkeys.sign_in(firm, answer, challenges, url, browser, "proof", session.user_id)
    except passkeys.WrongPasskey as wrong:
        await _note_failure(request, session, "passkey")
        return words.wrong_passkey(text_for(request), wrong)
    return None


async def _note_failure(request: Request, session: Session, how: str) -> None:
    firm = request.app.state.firm
    about = session.user_id, "proof_failed", how, address(request)
    await firm.write(lambda conn: note_failure(conn, firm.clock(), *about))


async def _page(request: Request, session: Session, error: str, fields: list | None = None) -> Response:
    """fields: what goes on once the proof is there; left out, what was posted, but for passwords."""
    firm, state, browser = request.app.state.firm, request.app.state, cookies.browser_of(request)
    if fields is None:
        posted = await typed_fields(request)
        fields = [one for one in posted if one[0] not in (PASSWORD, PASSKEY) and not one[0].endswith("password")]
    with firm.look() as conn:
        held = passwords.credential(conn, session.user_id)
        options = ""
        if passkeys.are_possible(state.settings.url) and passkeys.keys(conn, session.user_id):
            challenge = state.challenges.make("proof", browser, session.user_id, firm.clock())
            options = passkeys.sign_in_options(state.settings.url, challenge, conn, session.user_id)
    shown = {"fields": fields, "login": held["login"] if held else "", "options": options}
    status = 422 if error else 200
    answer = show(request, "proof.html", status=status, errors={"form": error} if error else {}, **shown)
    return cookies.name_browser(request, answer, browser)


routes = [Route("/me/proof", proof, methods=["GET", "POST"])]
