"""Which accounts lie on the devices of a person who sees more than fit: those that somebody is in touch with.

Up to MOST_ACCOUNTS everything is held.  Above, the HOT_ACCOUNTS that the person owns or that were contacted,
changed or made within the window, the newest first.  An account goes quiet here, once a day; it is held again
in the transaction that accepts a change of it, or of what hangs on it (`scope.wake`).
Decides what is held, never what may be seen.
"""

from __future__ import annotations

from sync.entities import ENTITIES
from web.dates import DAY_MS

from . import record
from .database import sqlite3
from .views import EVERYTHING

MOST_ACCOUNTS = 20_000
HOT_ACCOUNTS = 10_000
# How far back somebody must have been in touch where nothing was decided yet.
FIRST_DAYS = 365


def settle(firm, user_id: str, window_ms: int) -> tuple[int, int]:
    """Make what is held what it should be; returns how many accounts are held, and how many are seen."""
    with firm.look() as db:
        visible, quiet = _counts(db, user_id)
        if visible <= MOST_ACCOUNTS and not quiet:
            return visible, visible
        seq = record.current_seq(db)
        chosen = None if visible <= MOST_ACCOUNTS else _choose(db, user_id, window_ms)
    firm.write_now(lambda db: _hold(db, firm, user_id, chosen, seq))
    with firm.look() as db:
        visible, quiet = _counts(db, user_id)
    return visible - quiet, visible


def _counts(db: sqlite3.Connection, user_id: str) -> tuple[int, int]:
    """How many accounts the person sees, and how many of them are quiet."""
    return tuple(
        db.execute(
            "SELECT count(*), count(held_until_seq) FROM membership"
            " WHERE user_id = ? AND kind = 'account' AND until_seq IS NULL",
            (user_id,),
        ).fetchone()
    )


def _choose(db: sqlite3.Connection, user_id: str, window_ms: int) -> set[str]:
    """The accounts to hold."""
    heat = _heat(db, _seq_at(db, window_ms))
    seen = db.execute(
        "SELECT m.key, a.owner_id IS m.user_id, coalesce(s.last_contact_at_ms, 0) FROM membership AS m"
        " JOIN account AS a ON a.id = m.key LEFT JOIN account_stat AS s ON s.account_id = m.key"
        " WHERE m.user_id = ? AND m.kind = 'account' AND m.until_seq IS NULL",
        (user_id,),
    )
    ranked = []
    for key, is_own, contact_ms in seen:
        heat_ms = max(contact_ms, heat.get(key, EVERYTHING))
        if is_own or heat_ms >= window_ms:
            # By day: rows of one import are equally new, and the last contact decides among them.
            ranked.append((is_own, heat_ms // DAY_MS, contact_ms, key))
    ranked.sort(reverse=True)
    return {key for *_, key in ranked[:HOT_ACCOUNTS]}


# The columns that hang a row on an account.
ACCOUNT_KEYS = [
    (entity.name, bucket.column) for entity in ENTITIES for bucket in entity.buckets if bucket.kind == "account"
]
# Activities are many: how new they are is read from their index, and an old one that was changed only where it is
# known how far back to look.
CHANGED = " UNION ALL ".join(
    f"SELECT {column} AS account_id, updated_at_ms AS at_ms FROM {name}"
    f" WHERE {':seq > 0 AND ' if name == 'activity' else ''}version > :seq AND {column} IS NOT NULL"
    for name, column in ACCOUNT_KEYS
)
CONTACTED = "SELECT account_id, at_ms FROM activity INDEXED BY activity_account_id_at_ms WHERE account_id IS NOT NULL"


def _heat(db: sqlite3.Connection, seq: int) -> dict[str, int]:
    """When somebody last changed each account, or something that hangs on it (after seq), or was in touch."""
    heat = _last(db, CHANGED, seq)
    for account_id, at_ms in _last(db, CONTACTED, seq).items():
        heat[account_id] = max(at_ms, heat.get(account_id, at_ms))
    return heat


def _last(db: sqlite3.Connection, rows: str, seq: int) -> dict[str, int]:
    found = db.execute(f"SELECT account_id, max(at_ms) FROM ({rows}) GROUP BY account_id", {"seq": seq})
    return {row[0]: row[1] for row in found}


def _seq_at(db: sqlite3.Connection, at_ms: int) -> int:
    """A sequence number that was reached before an instant; 0 where none is known."""
    found = db.execute(
        "SELECT max(seq) FROM reached WHERE day < date(? / 1000, 'unixepoch', '-1 day')", (max(at_ms, 0),)
    ).fetchone()[0]
    return found or 0


def _hold(db: sqlite3.Connection, firm, user_id: str, chosen: set[str] | None, since: int) -> None:
    """Hold the chosen ones (None: all), and what was changed or came since they were chosen."""
    rows = db.execute(
        "SELECT key, held_from_seq, held_until_seq FROM membership"
        " WHERE user_id = ? AND kind = 'account' AND until_seq IS NULL",
        (user_id,),
    ).fetchall()
    fresh = _last(db, CHANGED, since).keys()
    wanted = {row["key"] for row in rows} if chosen is None else chosen | fresh
    cooling = [
        row["key"]
        for row in rows
        if row["held_until_seq"] is None and row["key"] not in wanted and row["held_from_seq"] <= since
    ]
    waking = [row["key"] for row in rows if row["held_until_seq"] is not None and row["key"] in wanted]
    if not cooling and not waking:
        return
    seq = record.next_seq(db)
    one = "WHERE user_id = ? AND kind = 'account' AND key = ?"
    db.executemany(f"UPDATE membership SET held_until_seq = ? {one}", [(seq, user_id, key) for key in cooling])
    db.executemany(
        f"UPDATE membership SET held_from_seq = ?, held_until_seq = NULL {one}", [(seq, user_id, key) for key in waking]
    )
    firm.touched.add(("private", user_id))
