"""What the database knows of files: which are here, who has shown them, and that a row and its bytes have met.

Row and bytes come in any order.  `stored_at_ms` is set once both are there, and only for whoever has shown the bytes
or sees them already: a hash that somebody merely heard of gives no file.  Runs in the writer's transaction.
"""

from __future__ import annotations

import os

from sync.entities import BY_NAME
from sync.ids import RANDOM_BYTES, uuid7
from sync.values import Refused

from .. import permission, record
from ..database import sqlite3
from ..record import Author

ATTACHMENT = BY_NAME["attachment"]

DAY_MS = 86_400_000
# What one person may bring in a day, and have under way at a time.
MOST_A_DAY = 2_000_000_000
MOST_UNDER_WAY = 100


class TooMany(Exception):
    """This person has brought more than anybody takes photos."""


def check_limits(db: sqlite3.Connection, user_id: str, more: int, now_ms: int) -> None:
    """Raises TooMany."""
    brought = db.execute(
        "SELECT coalesce(sum(bytes), 0) FROM file_holder WHERE user_id = ? AND at_ms > ?", (user_id, now_ms - DAY_MS)
    ).fetchone()[0]
    under_way = db.execute(
        "SELECT count(*), coalesce(sum(bytes), 0) FROM upload WHERE user_id = ? AND expires_at_ms > ?",
        (user_id, now_ms),
    ).fetchone()
    if brought + under_way[1] + more > MOST_A_DAY or under_way[0] >= MOST_UNDER_WAY:
        raise TooMany


def has_shown(db: sqlite3.Connection, user_id: str, hash: str) -> bool:
    """Whether the file is here, and this person has brought it."""
    found = db.execute(
        "SELECT 1 FROM stored_file JOIN file_holder USING (hash) WHERE hash = ? AND user_id = ?", (hash, user_id)
    )
    return found.fetchone() is not None


def keep(db: sqlite3.Connection, firm, user_id: str, hash: str, media_type: str, size: int) -> None:
    """The bytes are in their place, and this person brought them: every row of theirs that waits for them has them."""
    now_ms = firm.clock()
    db.execute(
        "INSERT INTO stored_file (hash, media_type, bytes, stored_at_ms, unnamed_since_ms) VALUES (?, ?, ?, ?, ?)"
        " ON CONFLICT DO NOTHING",
        (hash, media_type, size, now_ms, now_ms),
    )
    db.execute("INSERT OR IGNORE INTO file_holder VALUES (?, ?, ?, ?)", (hash, user_id, size, now_ms))
    waiting = db.execute(
        "SELECT * FROM attachment WHERE hash = ? AND stored_at_ms IS NULL AND deleted = 0"
        " AND (owner_id = ? OR created_by = ?)",
        (hash, user_id, user_id),
    ).fetchall()
    for row in map(dict, waiting):
        # A row that said something else of it now says what it is; history keeps what it had said.
        truth = {"media_type": media_type, "bytes": size}
        wrong = {name: value for name, value in truth.items() if row[name] != value}
        _change(db, row, wrong | {"stored_at_ms": now_ms}, now_ms, firm.touched)


def met(db: sqlite3.Connection, row: dict, user_id: str | None, now_ms: int) -> dict:
    """What a new row gets because its bytes are here before it. Raises Refused where they are something else."""
    file = db.execute("SELECT media_type, bytes FROM stored_file WHERE hash = ?", (row["hash"],)).fetchone()
    if file is None or not (user_id is None or has_shown(db, user_id, row["hash"]) or _sees(db, user_id, row["hash"])):
        return {}
    if (file["media_type"], file["bytes"]) != (row["media_type"], row["bytes"]):
        raise Refused("not_the_file", {"field": "hash"})
    db.execute("UPDATE stored_file SET unnamed_since_ms = NULL WHERE hash = ?", (row["hash"],))
    return {"stored_at_ms": now_ms}


def lose(db: sqlite3.Connection, hash: str, now_ms: int, touched: set) -> None:
    """The bytes are no longer on the disk: the rows say so, and devices that have them bring them again."""
    db.execute("DELETE FROM stored_file WHERE hash = ?", (hash,))
    db.execute("DELETE FROM file_holder WHERE hash = ?", (hash,))
    rows = db.execute("SELECT * FROM attachment WHERE hash = ? AND stored_at_ms IS NOT NULL AND deleted = 0", (hash,))
    for row in map(dict, rows.fetchall()):
        _change(db, row, {"stored_at_ms": None}, now_ms, touched)
    # Rows that are deleted may be brought back, and must not speak of bytes that are gone.
    db.execute("UPDATE attachment SET stored_at_ms = NULL WHERE hash = ? AND deleted = 1", (hash,))


def _sees(db: sqlite3.Connection, user_id: str, hash: str) -> bool:
    """Whether the person is given these bytes already, through another row."""
    rows = db.execute("SELECT * FROM attachment WHERE hash = ? AND stored_at_ms IS NOT NULL AND deleted = 0", (hash,))
    return any(permission.level(db, user_id, ATTACHMENT, dict(row)) for row in rows.fetchall())


def _change(db: sqlite3.Connection, row: dict, patch: dict, now_ms: int, touched: set) -> None:
    author = Author(None, None, uuid7(now_ms, os.urandom(RANDOM_BYTES)), now_ms)
    record.update(db, ATTACHMENT, row, patch, author, touched)
