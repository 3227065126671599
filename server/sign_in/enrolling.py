"""What is alike wherever an authenticator app or a passkey is set up: on the way in, and under Me."""

from __future__ import annotations

from collections.abc import Callable

from starlette.requests import Request

from server import audit
from server.html import firm_name, text_for
from server.sign_in import cookies, passkeys, totp, words
from server.sign_in.device_name import device_name
from server.sign_in.invites import qr_svg


def person_of(request: Request, user_id: str) -> dict:
    """id, name, login (the name where there is none)."""
    with request.app.state.firm.look() as conn:
        row = conn.execute(
            "SELECT user.id, user.name, coalesce(credential.login, user.name) AS login FROM user"
            " LEFT JOIN credential ON credential.user_id = user.id WHERE user.id = ?",
            (user_id,),
        ).fetchone()
    return dict(row)


async def app_shown(request: Request, person: dict, browser: str) -> dict:
    """What a page needs to set an app up: the QR code, and the secret for whoever types it. browser: as in totp."""
    firm = request.app.state.firm
    secret = await firm.write(lambda conn: totp.begin(conn, firm.path, person["id"], browser, firm.clock()))
    qr = qr_svg(totp.address(secret, person["login"], firm_name(firm)))
    return {"qr": qr, "secret": " ".join(secret[at : at + 4] for at in range(0, len(secret), 4))}


def registration_shown(request: Request, person: dict, browser: str) -> dict:
    """What a page needs to make a passkey: options '' where this address can have none."""
    state, url = request.app.state, request.app.state.settings.url
    suggested = device_name(request.headers.get("user-agent", ""))
    if not passkeys.are_possible(url):
        return {"options": "", "suggested": suggested}
    challenge = state.challenges.make("register", browser, person["id"], state.firm.clock())
    with state.firm.look() as conn:
        options = passkeys.registration_options(conn, url, person, firm_name(state.firm), challenge)
    return {"options": options, "suggested": suggested}


async def register(
    request: Request, user_id: str, device_id: str, form: dict[str, str], check: Callable = lambda conn: None
) -> str:
    """Keep the passkey that a browser made; '' or why not, in words. check(conn) runs in the job, and may raise."""
    state, text = request.app.state, text_for(request)
    browser, now_ms = cookies.read(request, cookies.BROWSER), state.firm.clock()
    name = form.get("name", "").strip() or device_name(request.headers.get("user-agent", ""))
    try:
        verified, ways = passkeys.verified_registration(
            form["passkey"], state.challenges, state.settings.url, browser, user_id, now_ms
        )

        def job(conn) -> None:
            check(conn)
            passkeys.store(conn, user_id, name, verified, ways, now_ms)
            audit.note(conn, now_ms, user_id, device_id, "passkey_added", f"user/{user_id}")

        await state.firm.write(job)
    except passkeys.TooManyPasskeys:
        return text.gettext("You have many passkeys already. Remove one that you no longer use first.")
    except passkeys.StalePasskey as stale:
        return words.wrong_passkey(text, stale)
    except passkeys.WrongPasskey:
        return text.gettext("This passkey could not be kept. Please try again, or use another device.")
    return ""
