"""Whether a file is a firm's database, whole, and one that this version can open: asked of every copy and every fetch.

Only looks: the file is opened as one that nobody changes, so that not even a lock is left beside it.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from server.database import sqlite3
from server.migrations import unknown_names
from sync.entities import ENTITIES
from web import sql_functions

from .frozen import Mark, mark_of

HEADER = b"SQLite format 3\0"


class NotUsable(Exception):
    """This file cannot take a firm's place; the message says why and what to do."""


class Newer(NotUsable):
    """A newer release than this one can use it."""


@dataclass(frozen=True)
class Found:
    """rows: entity -> how many are not deleted. identity: of the firm, whatever copy. last_ms: of the last change."""

    bytes: int
    seq: int
    epoch: str
    timezone: str
    identity: str
    last_ms: int
    rows: dict[str, int]
    mark: Mark | None


def check(file: Path) -> Found:
    """Reads all of it. Raises NotUsable."""
    check_shape(file)
    try:
        db = open_still(file)
        try:
            return _proven(db, file)
        finally:
            db.close()
    except sqlite3.Error as error:
        raise NotUsable(f"{file} is damaged ({error}): take another copy") from None


def open_still(file: Path) -> sqlite3.Connection:
    """A file that nobody changes while it is open."""
    db = sqlite3.connect(f"{file.absolute().as_uri()}?immutable=1", uri=True, check_same_thread=False)
    db.row_factory = sqlite3.Row
    db.execute("PRAGMA cache_size = -65536")
    db.execute("PRAGMA mmap_size = 268435456")
    sql_functions.register(db)
    return db


def identity_of(db: sqlite3.Connection) -> str:
    """The first change there ever was: the same in every copy of a firm, and in no other firm."""
    found = db.execute("SELECT op_id FROM history ORDER BY rowid LIMIT 1").fetchone()
    return found[0] if found else ""


def check_shape(file: Path) -> None:
    """What the first bytes and the length say: most that is not a copy, or half of one, is seen here."""
    try:
        with open(file, "rb") as opened:
            head = opened.read(100)
        length = file.stat().st_size
    except OSError as error:
        raise NotUsable(f"{file} cannot be read: {error.strerror}") from None
    if not head:
        raise NotUsable(f"{file} is empty: take another copy")
    if head[:16] != HEADER:
        raise NotUsable(f"{file} is not an SQLite database")
    page = int.from_bytes(head[16:18], "big")
    promised = (65_536 if page == 1 else page) * int.from_bytes(head[28:32], "big")
    if length < promised:
        raise NotUsable(f"{file} ends too soon ({length:,} of {promised:,} bytes): only half of it was written")


def _proven(db: sqlite3.Connection, file: Path) -> Found:
    tables = {row[0] for row in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    if not {"meta", "counter", "history", "_sqlite_migrations"} <= tables:
        raise NotUsable(f"{file} is a database, but not Roadbook's")
    if newer := unknown_names(db):
        raise Newer(f"{file} is of a newer Roadbook (it has {newer[-1]}): bring this one up to date first")
    answer = [row[0] for row in db.execute("PRAGMA integrity_check(3)")]
    if answer != ["ok"]:
        raise NotUsable(f"{file} is damaged ({'; '.join(answer)[:200]}): take another copy")
    return read(db, file)


def read(db: sqlite3.Connection, file: Path) -> Found:
    """What a database says of itself, whole or not. Raises sqlite3.Error."""
    tables = {row[0] for row in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    meta = dict(db.execute("SELECT name, value FROM meta WHERE name IN ('epoch', 'timezone')").fetchall())
    last = db.execute("SELECT at_ms FROM history ORDER BY rowid DESC LIMIT 1").fetchone()
    return Found(
        bytes=file.stat().st_size,
        seq=db.execute("SELECT seq FROM counter").fetchone()[0],
        epoch=meta.get("epoch", ""),
        timezone=meta.get("timezone", "UTC"),
        identity=identity_of(db),
        last_ms=last[0] if last else 0,
        rows={
            entity.name: db.execute(f"SELECT count(*) FROM {entity.name} WHERE deleted = 0").fetchone()[0]
            for entity in ENTITIES
            if entity.name in tables
        },
        mark=mark_of(db),
    )
