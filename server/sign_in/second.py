"""The second factor: who is asked for one, and the half of a sign-in that waits for it.

A password, a one-time code and an invite are one factor each: whoever has an authenticator app, or a role that needs a
second factor, is asked for it before any session begins.  A code stands in for a forgotten password, never for the
second factor.  A passkey is both at once.
"""

from __future__ import annotations

from dataclasses import dataclass

from server.sign_in.secrets import digest, new_token

GOOD_FOR_MS = 15 * 60_000
# What starts a session without being asked for more: a passkey, and the firm's very first administrator.
WHOLE = ("passkey", "setup")


class SpentStep(Exception):
    """No sign-in waits for its second factor here, or no longer."""


@dataclass(frozen=True)
class Factors:
    """What a person has beside the password, and whether the role asks for it."""

    has_app: bool
    passkeys: int
    is_required: bool

    @property
    def is_asked(self) -> bool:
        return self.has_app or self.is_required

    @property
    def must_set_up(self) -> bool:
        return self.is_required and not self.has_app and not self.passkeys


def factors(conn, user_id: str) -> Factors:
    row = conn.execute(
        "SELECT EXISTS (SELECT 1 FROM totp WHERE user_id = :id) AS has_app,"
        " (SELECT count(*) FROM passkey WHERE user_id = :id) AS passkeys,"
        " EXISTS (SELECT 1 FROM user JOIN second_factor_role AS r ON r.role_id = user.role_id WHERE user.id = :id)"
        " AS is_required",
        {"id": user_id},
    ).fetchone()
    return Factors(bool(row["has_app"]), row["passkeys"], bool(row["is_required"]))


def check_must_set_up(conn, user_id: str) -> None:
    """Nobody sets up a second factor on the way in beside one that came meanwhile. Raises SpentStep."""
    if not factors(conn, user_id).must_set_up:
        raise SpentStep


def require(conn, role_id: str, is_required: bool) -> bool:
    """Whether this changes anything; in a write job. The role's people are asked when they next sign in."""
    if is_required:
        done = conn.execute("INSERT INTO second_factor_role (role_id) VALUES (?) ON CONFLICT DO NOTHING", (role_id,))
    else:
        done = conn.execute("DELETE FROM second_factor_role WHERE role_id = ?", (role_id,))
    return done.rowcount > 0


def reset(conn, user_id: str) -> None:
    """Take everything away beside the password: the phone that held it is lost."""
    for table in ("totp", "totp_new", "recovery_code", "passkey", "sign_in_step"):
        conn.execute(f"DELETE FROM {table} WHERE user_id = ?", (user_id,))


def wait_for(conn, user_id: str, started_by: str, is_proven: bool, next_path: str, now_ms: int) -> str:
    """The token of a sign-in that waits for its second factor, in a write job; a person has one at most."""
    token = new_token()
    conn.execute("DELETE FROM sign_in_step WHERE user_id = ? OR expires_at_ms <= ?", (user_id, now_ms))
    conn.execute(
        "INSERT INTO sign_in_step (token_hash, user_id, started_by, is_proven, next_path, expires_at_ms)"
        " VALUES (?, ?, ?, ?, ?, ?)",
        (digest(token), user_id, started_by, int(is_proven), next_path, now_ms + GOOD_FOR_MS),
    )
    return token


def waiting(conn, token: str, now_ms: int):
    """user_id, started_by, is_proven, next_path. Raises SpentStep."""
    row = conn.execute(
        "SELECT step.user_id, step.started_by, step.is_proven, step.next_path FROM sign_in_step AS step"
        " JOIN user ON user.id = step.user_id WHERE step.token_hash = ? AND step.expires_at_ms > ?"
        " AND user.is_active = 1 AND user.deleted = 0",
        (digest(token), now_ms),
    ).fetchone()
    if row is None:
        raise SpentStep
    return row


def end(conn, token: str) -> None:
    """Raises SpentStep where somebody was faster."""
    if not conn.execute("DELETE FROM sign_in_step WHERE token_hash = ?", (digest(token),)).rowcount:
        raise SpentStep
