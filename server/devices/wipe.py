"""Emptying a device from afar: ordered here, done by the device at its next contact, told by its last word.

An owner who is trusted brings first what was typed there: the device syncs as before, is asked to take leave, and may
do nothing else.  One who is not trusted brings nothing: whatever comes with that device's cookie is answered 401 with
Clear-Site-Data.  The cookies of such a device are known for good, so that it is told even where its session ended long
ago.  Functions that change something run in a write job.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from server.devices.known import DAY_MS, device
from server.sign_in import sessions
from server.sign_in.secrets import new_token
from sync.ids import is_id

# A device that is in a drawer may bring what it has when it is found.
RESCUE_MS = 400 * DAY_MS
MOST_LEFT = 2_000

_FIND = (
    "SELECT w.device_id, w.user_id, w.is_trusted, w.word, w.told_at_ms, w.done_at_ms FROM device_wipe w"
    " JOIN device_wipe_token t ON t.device_id = w.device_id WHERE t.token_hash = ?"
)


class NotOrdered(Exception):
    """There is no such device, or nothing that could be ordered of it."""


@dataclass(frozen=True)
class Order:
    device_id: str
    user_id: str
    is_trusted: bool
    word: str
    told_at_ms: int | None
    is_done: bool

    @property
    def is_rescue(self) -> bool:
        """Whether the device may still bring what was typed there."""
        return self.is_trusted and not self.is_done


def order(conn, device_id: str, is_trusted: bool, by: str, now_ms: int) -> list[dict]:
    """Let a device be emptied; again, or more strictly, as often as wished.

    Returns the push subscriptions by which it can be woken. Raises NotOrdered.
    """
    known = device(conn, now_ms, device_id)
    if known is None or known["done_at_ms"] is not None:
        raise NotOrdered
    conn.execute(
        "INSERT INTO device_wipe (device_id, user_id, is_trusted, word, ordered_at_ms, ordered_by)"
        " VALUES (:device, :user, :trusted, :word, :now, :by)"
        " ON CONFLICT (device_id) DO UPDATE SET is_trusted = :trusted, ordered_by = :by",
        {
            "device": device_id,
            "user": known["user_id"],
            "trusted": int(is_trusted),
            "word": new_token(),
            "now": now_ms,
            "by": str(by),
        },
    )
    conn.execute(
        "INSERT OR IGNORE INTO device_wipe_token (token_hash, device_id)"
        " SELECT token_hash, device_id FROM session WHERE device_id = :device"
        " UNION SELECT token_hash, device_id FROM past_session WHERE device_id = :device",
        {"device": device_id},
    )
    places = [dict(row) for row in conn.execute("SELECT * FROM push_subscription WHERE device_id = ?", (device_id,))]
    if is_trusted:
        _let_it_bring(conn, device_id, now_ms)
    else:
        conn.execute("DELETE FROM session WHERE device_id = ?", (device_id,))
    return places


def _let_it_bring(conn, device_id: str, now_ms: int) -> None:
    """A session that ended comes back for this alone: pages and everything else stay closed to it.

    Its past session stays: by that `take_back` knows that it had ended.
    """
    until_ms = now_ms + RESCUE_MS
    conn.execute("DELETE FROM session WHERE device_id = ? AND expires_at_ms <= ?", (device_id, now_ms))
    conn.execute(
        "INSERT OR IGNORE INTO session (token_hash, user_id, device_id, device_name, started_by, created_at_ms,"
        " last_seen_ms, expires_at_ms, schema, unsent) SELECT token_hash, user_id, device_id, device_name, started_by,"
        " created_at_ms, last_seen_ms, ?, schema, unsent FROM past_session WHERE device_id = ?",
        (until_ms, device_id),
    )
    conn.execute("UPDATE session SET expires_at_ms = max(expires_at_ms, ?) WHERE device_id = ?", (until_ms, device_id))


def take_back(conn, device_id: str, now_ms: int) -> bool:
    """The phone was found. False where it was emptied already, or nothing was ordered."""
    found = conn.execute(
        "DELETE FROM device_wipe WHERE device_id = ? AND done_at_ms IS NULL RETURNING user_id", (device_id,)
    ).fetchone()
    if found:
        conn.execute("DELETE FROM device_wipe_token WHERE device_id = ?", (device_id,))
        _let_it_be(conn, device_id, found["user_id"], now_ms)
    return found is not None


def _let_it_be(conn, device_id: str, user_id: str, now_ms: int) -> None:
    """Sessions that came back end again; the others last as long as any other."""
    conn.execute(
        "DELETE FROM session WHERE device_id = ? AND token_hash IN (SELECT token_hash FROM past_session)", (device_id,)
    )
    conn.execute(
        "UPDATE session SET expires_at_ms = min(expires_at_ms, ?) WHERE device_id = ?",
        (now_ms + sessions.IDLE_MS, device_id),
    )
    if not conn.execute("SELECT 1 FROM user WHERE id = ? AND is_active = 1 AND deleted = 0", (user_id,)).fetchone():
        sessions.begin_farewell(conn, user_id, now_ms)


def order_of(conn, token_hash: str) -> Order | None:
    """What is ordered of the device with this cookie."""
    row = conn.execute(_FIND, (token_hash,)).fetchone()
    return _order(row) if row else None


def order_by_word(conn, word: str) -> Order | None:
    row = conn.execute("SELECT * FROM device_wipe WHERE word = ?", (word,)).fetchone()
    return _order(row) if row else None


def _order(row) -> Order:
    is_done = row["done_at_ms"] is not None
    return Order(
        row["device_id"], row["user_id"], bool(row["is_trusted"]), row["word"], row["told_at_ms"], is_done
    )


def note_told(conn, device_id: str, now_ms: int) -> None:
    conn.execute(
        "UPDATE device_wipe SET told_at_ms = ? WHERE device_id = ? AND told_at_ms IS NULL", (now_ms, device_id)
    )


def note_done(conn, found: Order, now_ms: int) -> bool:
    """The device's last word: it holds nothing any more. False where it had said so before."""
    if found.is_done:
        return False
    conn.execute(
        "UPDATE device_wipe SET done_at_ms = :now, told_at_ms = coalesce(told_at_ms, :now) WHERE device_id = :device",
        {"now": now_ms, "device": found.device_id},
    )
    conn.execute("DELETE FROM session WHERE device_id = ?", (found.device_id,))
    return True


def keep_left(conn, found: Order, left: list[dict], now_ms: int) -> None:
    """What the server had refused, by who typed it: a phone may have changed hands. Of strange hands nothing is kept.
    """
    if not found.is_rescue:
        return
    device_id = found.device_id
    # A device that was stopped in between says it once more.
    conn.execute("DELETE FROM device_left WHERE device_id = ?", (device_id,))
    by_author: dict[str, list] = {}
    for operation in left[:MOST_LEFT]:
        if isinstance(operation, dict) and isinstance(operation.get("user"), str):
            by_author.setdefault(operation["user"], []).append(operation)
    for user_id, operations in by_author.items():
        if conn.execute("SELECT 1 FROM user WHERE id = ?", (user_id,)).fetchone():
            conn.execute(
                "INSERT INTO device_left (id, user_id, device_id, operations, at_ms) VALUES (?, ?, ?, ?, ?)",
                (new_token(), user_id, device_id, json.dumps(operations, ensure_ascii=False), now_ms),
            )


def left_of(conn, user_id: str) -> list[dict]:
    """What this person's emptied devices still held, newest first."""
    rows = conn.execute(
        "SELECT id, device_id, operations, at_ms FROM device_left WHERE user_id = ? ORDER BY at_ms DESC, id", (user_id,)
    )
    return [{**dict(row), "operations": json.loads(row["operations"])} for row in rows]


def read_last_word(said: object) -> tuple[str, list[dict], bool]:
    """(word, what was left, whether the device is empty now). Raises ValueError for what no device says."""
    if not isinstance(said, dict) or not isinstance(said.get("word"), str):
        raise ValueError("a word is needed")
    left = said.get("left", [])
    if not isinstance(left, list) or not all(isinstance(one, dict) and is_id(one.get("id")) for one in left):
        raise ValueError("left is a list of operations")
    return said["word"], left, said.get("is_done") is not False
