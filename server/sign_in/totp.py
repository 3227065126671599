"""Authenticator apps (RFC 6238): six digits that change every 30 seconds, asked after a password or a code.

Each time step is good once, the one before and the one after the present one too, for clocks that differ.  Wrong ones
are throttled for the person.  Secrets are encrypted (sealing.py) and leave the server once, in the QR code.
"""

from __future__ import annotations

import hmac

import pyotp

from server.sign_in import sealing
from server.sign_in.secrets import digest

STEP_MS = 30_000
DRIFT_STEPS = 1
NEW_GOOD_FOR_MS = 30 * 60_000


class WrongDigits(Exception):
    """Not the digits of this moment, or used already."""


def begin(conn, folder, user_id: str, browser: str, now_ms: int) -> str:
    """The secret of an app that is being set up: the one begun lately, or a new one. In a write job.

    browser: what names the session, or half a session, that sets it up. Another one's secret is never shown or kept:
    whoever stole a password could begin before its owner does, and know the owner's digits for good.
    """
    conn.execute("DELETE FROM totp_new WHERE expires_at_ms <= ?", (now_ms,))
    try:
        return _new_secret(conn, folder, user_id, browser, now_ms)
    except (WrongDigits, sealing.Unreadable):
        secret = pyotp.random_base32()
    conn.execute(
        "INSERT INTO totp_new (user_id, secret, expires_at_ms) VALUES (?, ?, ?)"
        " ON CONFLICT (user_id) DO UPDATE SET secret = excluded.secret, expires_at_ms = excluded.expires_at_ms",
        (user_id, sealing.seal(folder, _place(user_id, browser), secret.encode()), now_ms + NEW_GOOD_FOR_MS),
    )
    return secret


def switch_on(conn, folder, user_id: str, browser: str, typed: str, now_ms: int) -> None:
    """The app that was begun shows the right digits: it counts from now on, in place of an earlier one.

    Raises WrongDigits, sealing.Unreadable.
    """
    secret = _new_secret(conn, folder, user_id, browser, now_ms)
    step = matching_step(secret, typed, now_ms)
    if step is None:
        raise WrongDigits
    conn.execute(
        "INSERT INTO totp (user_id, secret, last_step, since_ms) VALUES (?, ?, ?, ?) ON CONFLICT (user_id)"
        " DO UPDATE SET secret = excluded.secret, last_step = excluded.last_step, since_ms = excluded.since_ms",
        (user_id, sealing.seal(folder, user_id, secret.encode()), step, now_ms),
    )
    conn.execute("DELETE FROM totp_new WHERE user_id = ?", (user_id,))


def _new_secret(conn, folder, user_id: str, browser: str, now_ms: int) -> str:
    row = conn.execute(
        "SELECT secret FROM totp_new WHERE user_id = ? AND expires_at_ms > ?", (user_id, now_ms)
    ).fetchone()
    if row is None:
        raise WrongDigits
    return sealing.unseal(folder, _place(user_id, browser), row[0]).decode()


def _place(user_id: str, browser: str) -> str:
    """What a secret that is being set up is sealed for."""
    return f"{user_id} {digest(browser)}"


def check(conn, folder, user_id: str, typed: str, now_ms: int) -> None:
    """Spend the digits of this moment, in a write job. Raises WrongDigits, sealing.Unreadable."""
    row = conn.execute("SELECT secret, last_step FROM totp WHERE user_id = ?", (user_id,)).fetchone()
    if row is None:
        raise WrongDigits
    step = matching_step(sealing.unseal(folder, user_id, row[0]).decode(), typed, now_ms)
    if step is None or step <= row[1]:
        raise WrongDigits
    conn.execute("UPDATE totp SET last_step = ? WHERE user_id = ?", (step, user_id))


def matching_step(secret: str, typed: str, now_ms: int) -> int | None:
    """The time step whose digits these are, of those that count now."""
    digits = "".join(letter for letter in typed if letter.isascii() and letter.isdigit())
    now_step = now_ms // STEP_MS
    app = pyotp.TOTP(secret)
    found = None
    for step in range(now_step - DRIFT_STEPS, now_step + DRIFT_STEPS + 1):
        if hmac.compare_digest(app.generate_otp(step), digits):
            found = step
    return found


def unreadable(conn, folder) -> tuple[int, int]:
    """How many apps can show no right digits here, because the key of their secrets is not; of how many."""
    rows = conn.execute("SELECT user_id, secret FROM totp ORDER BY user_id").fetchall()
    lost = 0
    for user_id, secret in rows:
        try:
            sealing.unseal(folder, user_id, secret)
        except sealing.Unreadable:
            lost += 1
    return lost, len(rows)


def address(secret: str, login: str, firm_name: str) -> str:
    """What the QR code says to the app (otpauth://)."""
    return pyotp.TOTP(secret).provisioning_uri(name=login, issuer_name=firm_name or "Roadbook")


def switch_off(conn, user_id: str) -> bool:
    """Also what is left of setting up, and the recovery codes, which stand in for the app."""
    conn.execute("DELETE FROM totp_new WHERE user_id = ?", (user_id,))
    conn.execute("DELETE FROM recovery_code WHERE user_id = ?", (user_id,))
    return conn.execute("DELETE FROM totp WHERE user_id = ?", (user_id,)).rowcount > 0
