"""Invites: a link (and its QR code) with which a new person chooses a login and a password.

The person's row exists already; the invite only opens the door.  One use, seven days; a new invite
replaces the person's earlier one.
"""

from __future__ import annotations

import io

import segno

from server.sign_in import passwords, sessions
from server.sign_in.secrets import digest, new_token

GOOD_FOR_MS = 7 * 86_400_000


class SpentInvite(Exception):
    """No such invite, or used, or too old."""


def make_invite(conn, user_id: str, made_by: str | None, now_ms: int) -> str:
    """A fresh invite's token for this person, in a write job."""
    token = new_token()
    conn.execute("DELETE FROM invite WHERE user_id = ? OR expires_at_ms <= ?", (user_id, now_ms))
    conn.execute(
        "INSERT INTO invite (token_hash, user_id, made_by, created_at_ms, expires_at_ms) VALUES (?, ?, ?, ?, ?)",
        (digest(token), user_id, made_by, now_ms, now_ms + GOOD_FOR_MS),
    )
    return token


def find(conn, token: str, now_ms: int):
    """Whom an invite is for (user_id, name, login or NULL). Raises SpentInvite."""
    row = conn.execute(
        "SELECT invite.user_id, user.name, credential.login"
        " FROM invite JOIN user ON user.id = invite.user_id"
        " LEFT JOIN credential ON credential.user_id = invite.user_id"
        " WHERE invite.token_hash = ? AND invite.expires_at_ms > ? AND user.is_active = 1 AND user.deleted = 0",
        (digest(token), now_ms),
    ).fetchone()
    if row is None:
        raise SpentInvite
    return row


def accept(conn, token: str, login: str, password_hash: str, now_ms: int) -> str:
    """Spend an invite and return the user id, in a write job. Raises SpentInvite, passwords.UnfitLogin.

    Someone who had a password before gets the new one, and devices that knew the old one are signed out.
    """
    user_id = find(conn, token, now_ms)["user_id"]
    passwords.store(conn, user_id, login, password_hash)
    conn.execute("DELETE FROM invite WHERE user_id = ?", (user_id,))
    sessions.end_all(conn, user_id)
    return user_id


def invite_url(public_url: str, token: str) -> str:
    return f"{public_url}/invite/{token}"


def qr_svg(text: str) -> str:
    """A QR code as an SVG element without inline style, black on white in both colour schemes."""
    out = io.BytesIO()
    code = segno.make(text, error="m", micro=False)
    look = {"dark": "#000", "light": "#fff", "svgclass": "qr", "lineclass": None}
    code.save(out, kind="svg", scale=6, border=4, xmldecl=False, omitsize=True, **look)
    return out.getvalue().decode()
