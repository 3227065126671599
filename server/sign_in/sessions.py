"""Sessions: one a device, found by the hash of the token in its cookie.

All functions work on a connection that they are given; those that change rows belong in a write job.
"""

from __future__ import annotations

from server.sign_in.secrets import digest, new_token

DAY_MS = 86_400_000
# A phone that stays in a drawer over a long holiday comes back signed in, with what it has not sent.
IDLE_MS = 180 * DAY_MS
NOTE_EVERY_MS = 10 * 60_000
# How long somebody who was disabled may still bring what was typed before.
FAREWELL_MS = 30 * DAY_MS


def start(
    conn, *, user_id: str, device_id: str, device_name: str, started_by: str, now_ms: int, is_proven: bool = True
) -> str:
    """Sign a device in and return its token, which is kept nowhere else.

    is_proven: whether what it was started by shows who the person is (see fresh.py).
    """
    token = new_token()
    conn.execute(
        "INSERT INTO session (token_hash, user_id, device_id, device_name, started_by,"
        " created_at_ms, last_seen_ms, expires_at_ms, proven_at_ms)"
        " VALUES (:hash, :user, :device, :name, :by, :now, :now, :until, :proven)",
        {
            "hash": digest(token),
            "user": user_id,
            "device": device_id,
            "name": device_name[:120],
            "by": started_by,
            "now": now_ms,
            "until": now_ms + IDLE_MS,
            "proven": now_ms if is_proven else 0,
        },
    )
    conn.execute("DELETE FROM session WHERE expires_at_ms <= ?", (now_ms,))
    return token


def find(conn, token: str, now_ms: int):
    """The live session of this token, of a person who is still active, or None."""
    found = find_any(conn, token, now_ms)
    return found if found and found["is_active"] else None


def find_any(conn, token: str, now_ms: int):
    """The same, also of a person who was disabled and may still bring what was typed before."""
    return conn.execute(
        "SELECT session.token_hash, session.user_id, session.device_id, session.started_by,"
        " session.created_at_ms, session.last_seen_ms, session.schema,"
        " user.is_active = 1 AND user.deleted = 0 AS is_active"
        " FROM session JOIN user ON user.id = session.user_id"
        " WHERE session.token_hash = ? AND session.expires_at_ms > ?",
        (digest(token), now_ms),
    ).fetchone()


def begin_farewell(conn, user_id: str, now_ms: int) -> None:
    """From now on these devices only bring what they have, and not for long."""
    conn.execute(
        "UPDATE session SET expires_at_ms = min(expires_at_ms, ?) WHERE user_id = ?", (now_ms + FAREWELL_MS, user_id)
    )


def is_worth_noting(row, now_ms: int) -> bool:
    return now_ms - row["last_seen_ms"] >= NOTE_EVERY_MS


def note_seen(conn, token_hash: str, now_ms: int, told: tuple[str, int | None] | None = None) -> None:
    """told: which model the device runs and how much is unsent there, where it has said so."""
    schema, unsent = told or (None, None)
    conn.execute(
        "UPDATE session SET last_seen_ms = ?, expires_at_ms = ?, schema = coalesce(?, schema),"
        " unsent = iif(? IS NULL, unsent, ?) WHERE token_hash = ?",
        (now_ms, now_ms + IDLE_MS, schema, schema, unsent, token_hash),
    )


def devices(conn, user_id: str, now_ms: int) -> list:
    """The person's signed-in devices, last used first."""
    return conn.execute(
        "SELECT token_hash, device_id, device_name, started_by, created_at_ms, last_seen_ms FROM session"
        " WHERE user_id = ? AND expires_at_ms > ? ORDER BY last_seen_ms DESC, token_hash",
        (user_id, now_ms),
    ).fetchall()


def end(conn, user_id: str, token_hash: str) -> bool:
    """Sign one device of this person out; False where it already was."""
    cursor = conn.execute("DELETE FROM session WHERE token_hash = ? AND user_id = ?", (token_hash, user_id))
    return cursor.rowcount > 0


def end_all(conn, user_id: str, except_hash: str = "") -> None:
    conn.execute("DELETE FROM session WHERE user_id = ? AND token_hash <> ?", (user_id, except_hash))
