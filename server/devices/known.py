"""The devices of a firm's people: signed in now, or with a session that ended while their rows stayed.

A device that signed out emptied itself and is no longer listed.  Nothing here decides who may look.
"""

from __future__ import annotations

from sync.schema import schema_hash

DAY_MS = 86_400_000
# A browser keeps a cookie for 400 days at most: nothing that is older could be known again.
KEPT_MS = 400 * DAY_MS

_COLUMNS = "token_hash, user_id, device_id, device_name, started_by, created_at_ms, last_seen_ms, schema, unsent"
_ALL = (
    f"SELECT {_COLUMNS}, expires_at_ms > :now AS is_live FROM session"
    f" UNION ALL SELECT {_COLUMNS}, 0 FROM past_session"
)
_DEVICES = (
    f"SELECT s.*, max(s.last_seen_ms + s.is_live * 1000000000000000) AS newest, u.name AS person, u.is_active,"
    " (SELECT min(created_at_ms) FROM ("
    "   SELECT created_at_ms, device_id FROM session UNION ALL SELECT created_at_ms, device_id FROM past_session"
    " ) x WHERE x.device_id = s.device_id) AS first_seen_ms,"
    " w.is_trusted, w.ordered_at_ms, w.told_at_ms, w.done_at_ms"
    f" FROM ({_ALL}) s JOIN user u ON u.id = s.user_id LEFT JOIN device_wipe w ON w.device_id = s.device_id"
    " WHERE (:user = '' OR s.user_id = :user) AND (:device = '' OR s.device_id = :device)"
    " GROUP BY s.device_id ORDER BY s.is_live DESC, s.last_seen_ms DESC, s.device_id"
)


def devices(conn, now_ms: int, user_id: str = "") -> list[dict]:
    """All devices, or those of one person: signed in first, then by when they were used last."""
    return [_told(row) for row in conn.execute(_DEVICES, {"now": now_ms, "user": user_id, "device": ""})]


def device(conn, now_ms: int, device_id: str, user_id: str = "") -> dict | None:
    """One device, of this person where one is named."""
    found = conn.execute(_DEVICES, {"now": now_ms, "user": user_id, "device": device_id}).fetchone()
    return _told(found) if found and device_id else None


def _told(row) -> dict:
    told = dict(row)
    told["is_current"] = None if not row["schema"] else row["schema"] == schema_hash()
    told["state"] = state_of(row)
    return told


def state_of(row) -> str:
    """live, ended (signed out; what is on it stays until its lease is over), ordered, emptying, emptied."""
    if row["ordered_at_ms"] is None:
        return "live" if row["is_live"] else "ended"
    if row["done_at_ms"] is not None:
        return "emptied"
    return "ordered" if row["told_at_ms"] is None else "emptying"


def sign_out(conn, device_id: str, user_id: str) -> bool:
    """End its sessions; what is on it can still be read there until its lease is over. False where none was open."""
    ended = conn.execute("DELETE FROM session WHERE device_id = ? AND user_id = ?", (device_id, user_id))
    return ended.rowcount > 0


def has_left(conn, token_hash: str) -> None:
    """The device signed out itself, and so emptied itself: nothing on it has to be known again."""
    conn.execute("DELETE FROM past_session WHERE token_hash = ?", (token_hash,))


def tidy(conn, now_ms: int) -> None:
    # One that came back for a wipe is known to have ended for as long as it lasts (wipe.take_back).
    conn.execute(
        "DELETE FROM past_session WHERE last_seen_ms < ? AND token_hash NOT IN (SELECT token_hash FROM session)",
        (now_ms - KEPT_MS,),
    )
