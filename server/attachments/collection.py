"""What is let go of: uploads that nobody finished, and bytes that no row has named for thirty days.

Also notices files that are gone from the disk (it was put back from a copy): they are fetched from the replica's place,
or else their rows say so, and a device that holds the bytes brings them again.
"""

from __future__ import annotations

import time

from ..database import sqlite3
from . import known
from .store import Store, store_of

KEEP_MS = 30 * 86_400_000
LIFE_S = 8 * 86_400


def keep_up(firm) -> None:
    """A round, in a thread of its own."""
    store = store_of(firm)
    now_ms = firm.clock()
    with firm.look() as db:
        missing = [row[0] for row in db.execute("SELECT hash FROM stored_file") if not store.has(row[0])]
    for hash in missing:
        # Where the machine was lost, files come back after the database: nobody is asked for those meanwhile.
        if firm.files.brings_back(hash):
            continue
        firm.write_now(lambda db, hash=hash: _lose(db, firm, store, hash))
    firm.write_now(lambda db: _drop_unfinished(db, store, now_ms))
    firm.write_now(lambda db: _mark_unnamed(db, now_ms))
    firm.write_now(lambda db: _drop_unnamed(db, store, now_ms))
    with firm.look() as db:
        _drop_unknown(db, store, time.time())


def _lose(db: sqlite3.Connection, firm, store: Store, hash: str) -> None:
    # In the writer nothing can come in between any more.
    if not store.has(hash):
        known.lose(db, hash, firm.clock(), firm.touched)


def _drop_unfinished(db: sqlite3.Connection, store: Store, now_ms: int) -> None:
    for row in db.execute("DELETE FROM upload WHERE expires_at_ms <= ? RETURNING id", (now_ms,)).fetchall():
        store.drop(row["id"])


def _mark_unnamed(db: sqlite3.Connection, now_ms: int) -> None:
    """A row names its file while it lives; one that was deleted may still be brought back for a while."""
    named = "EXISTS (SELECT 1 FROM attachment a WHERE a.hash = stored_file.hash AND a.deleted = 0)"
    db.execute(f"UPDATE stored_file SET unnamed_since_ms = NULL WHERE unnamed_since_ms IS NOT NULL AND {named}")
    db.execute(f"UPDATE stored_file SET unnamed_since_ms = ? WHERE unnamed_since_ms IS NULL AND NOT {named}", (now_ms,))


def _drop_unnamed(db: sqlite3.Connection, store: Store, now_ms: int) -> None:
    old = db.execute("SELECT hash FROM stored_file WHERE unnamed_since_ms <= ?", (now_ms - KEEP_MS,)).fetchall()
    for row in old:
        known.lose(db, row["hash"], now_ms, set())
        store.remove(row["hash"])


def _drop_unknown(db: sqlite3.Connection, store: Store, now_s: float) -> None:
    """What lies on the disk and nobody knows of, once it is old: the leavings of a crash, or of a later life."""
    under_way = {row[0] for row in db.execute("SELECT id FROM upload")}
    here = {row[0] for row in db.execute("SELECT hash FROM stored_file")}
    for path in store.unfinished():
        if path.name not in under_way and now_s - path.lstat().st_mtime > LIFE_S:
            path.unlink(missing_ok=True)
    for path in store.files():
        if path.name not in here and now_s - path.lstat().st_mtime > KEEP_MS / 1000:
            path.unlink(missing_ok=True)
