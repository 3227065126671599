"""Which browsers can be pushed to: noted when a person switches it on, compared at each start of the app.

An endpoint belongs to whoever is signed in there now.
"""

from __future__ import annotations

import hashlib

from server.database import sqlite3
from server.notices import push
from server.notices.reach import Reach

MOST_EACH = 20
MOST_LETTERS = 1_000


class Unfit(Exception):
    """This subscription cannot be used; reason is a code."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def check(given: object, reach: Reach) -> tuple[str, str, str]:
    """(endpoint, p256dh, auth) of what a browser sent. Raises Unfit, NotAllowed."""
    keys = given.get("keys") if isinstance(given, dict) else None
    if not isinstance(keys, dict):
        raise Unfit("malformed")
    found = given.get("endpoint"), keys.get("p256dh"), keys.get("auth")
    if not all(isinstance(text, str) and 0 < len(text) <= MOST_LETTERS for text in found):
        raise Unfit("malformed")
    endpoint, p256dh, auth = found
    reach.check(endpoint)
    try:
        push.check_keys(p256dh, auth)
    except ValueError:
        raise Unfit("bad_keys") from None
    return endpoint, p256dh, auth


def keep(
    db: sqlite3.Connection, user_id: str, device_id: str, found: tuple[str, str, str], language: str, now_ms: int
) -> None:
    """Note a browser, or that it is still there."""
    endpoint, p256dh, auth = found
    name = hashlib.sha256(f"{user_id}\n{endpoint}\n{p256dh}".encode()).hexdigest()[:32]
    db.execute("DELETE FROM push_subscription WHERE endpoint = ? AND id <> ?", (endpoint, name))
    db.execute(
        "INSERT INTO push_subscription"
        " (id, user_id, device_id, endpoint, p256dh, auth, language, made_at_ms, seen_at_ms)"
        " VALUES (:id, :user, :device, :endpoint, :p256dh, :auth, :language, :now, :now)"
        " ON CONFLICT (id) DO UPDATE SET device_id = excluded.device_id, auth = excluded.auth,"
        " language = excluded.language, seen_at_ms = excluded.seen_at_ms",
        {
            "id": name,
            "user": user_id,
            "device": device_id,
            "endpoint": endpoint,
            "p256dh": p256dh,
            "auth": auth,
            "language": language,
            "now": now_ms,
        },
    )
    db.execute(
        "DELETE FROM push_subscription WHERE user_id = ? AND id NOT IN"
        " (SELECT id FROM push_subscription WHERE user_id = ? ORDER BY seen_at_ms DESC, id LIMIT ?)",
        (user_id, user_id, MOST_EACH),
    )


def drop(db: sqlite3.Connection, user_id: str, endpoint: str) -> None:
    db.execute("DELETE FROM push_subscription WHERE user_id = ? AND endpoint = ?", (user_id, endpoint))
