"""A firm that is being moved: its file says that nothing may be written any more.

The mark is in the file itself, so that every process obeys it and every copy carries it: the replica's last word holds
everything, where it has the mark and the mark says that it is final.  It is set and taken away by commands, beside the
writer, never by a job.
"""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass
from pathlib import Path

from server.database import connect_writer, sqlite3

# Beside the database: this machine has handed the firm over, and replicates it no further.
HANDED_OVER = "handed-over.json"


@dataclass(frozen=True)
class Mark:
    """token: of this one freeze. is_final: said when all else was off-site, and not taken back."""

    at_ms: int
    token: str
    is_final: bool = False


def mark_of(db: sqlite3.Connection) -> Mark | None:
    """None where the firm may be written to."""
    found = db.execute("SELECT value FROM meta WHERE name = 'frozen'").fetchone()
    if found is None:
        return None
    try:
        told = json.loads(found[0])
        return Mark(int(told["at_ms"]), str(told["token"]), bool(told.get("is_final")))
    except (ValueError, TypeError, KeyError):
        return Mark(0, "")


def is_frozen(db: sqlite3.Connection) -> bool:
    """Asked before each transaction of the writer."""
    return db.execute("SELECT 1 FROM meta WHERE name = 'frozen'").fetchone() is not None


def set_mark(file: Path, now_ms: int, note=lambda db: None) -> Mark:
    """From here on the writer changes nothing. note: what else is to be written last. The mark that is there stays."""
    db = connect_writer(file)
    try:
        db.execute("BEGIN IMMEDIATE")
        mark = mark_of(db)
        if mark is None:
            mark = Mark(now_ms, secrets.token_hex(8))
            told = json.dumps({"at_ms": mark.at_ms, "token": mark.token})
            note(db)
            db.execute("INSERT INTO meta (name, value) VALUES ('frozen', ?)", (told,))
        db.execute("COMMIT")
        return mark
    finally:
        db.close()


def set_final(file: Path, is_final: bool) -> None:
    """Whether whoever restores this from now on may take it for the firm's last word. It stays frozen either way."""
    db = connect_writer(file)
    try:
        db.execute(
            "UPDATE meta SET value = json_set(value, '$.is_final', ?) WHERE name = 'frozen' AND json_valid(value)",
            (int(is_final),),
        )
    finally:
        db.close()


def take_mark(file: Path, note=lambda db: None) -> None:
    """The firm may be written to again. note: what else is to be written with it."""
    db = connect_writer(file)
    try:
        db.execute("BEGIN IMMEDIATE")
        db.execute("DELETE FROM meta WHERE name = 'frozen'")
        note(db)
        db.execute("COMMIT")
    finally:
        db.close()
