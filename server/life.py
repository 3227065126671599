"""The life of a firm's database: a copy that was put back begins a new one, which every device notices.

A device's cursor belongs to a life (`epoch`).  Sequence numbers of a new life lie far above any that the earlier one
can have given, so that no version means two things.  A small file beside the database remembers which database was
here and how far it had come; it holds nothing that is not in the database.
"""

from __future__ import annotations

import json
import os
import secrets
from pathlib import Path

from .database import sqlite3

# A thousand numbers a millisecond are more than any server gives: by its clock, a life begins above every other.
NUMBERS_A_MS = 1_000
# How far above everything known the numbers of a new life begin where the clock would have them lower: more than
# were ever given between a copy and the end.  No more than that: lives that began from one copy are told apart by
# their clocks, as soon as those are above this.
LEAP = 10_000_000
# More numbers than any life loses: what lies further apart is of different lives, or was not lost.
MOST_NUMBERS = LEAP // 2
# For so long after a restore, what names a missing row waits for it: phones come back from their drawers.
RECENT_MS = 30 * 86_400_000

MEMORY = "life.json"


def begin_new_life(db: sqlite3.Connection, now_ms: int, remembered_seq: int = 0) -> str:
    """Make this database a new one to every device, which then bring what it lost. Returns the new epoch."""
    epoch = secrets.token_hex(8)
    db.execute(
        "UPDATE counter SET seq = max(max(seq, ?) + ?, ?) WHERE id = 1", (remembered_seq, LEAP, now_ms * NUMBERS_A_MS)
    )
    for name, value in (("epoch", epoch), ("life_began_ms", str(now_ms))):
        db.execute(
            "INSERT INTO meta (name, value) VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value",
            (name, value),
        )
    return epoch


def is_recent(db: sqlite3.Connection, now_ms: int) -> bool:
    """Whether this database was put back from a copy not long ago."""
    found = db.execute("SELECT value FROM meta WHERE name = 'life_began_ms'").fetchone()
    return found is not None and now_ms - int(found[0]) < RECENT_MS


# --- the file that was here ---------------------------------------------------------------------------


def notice_restore(db: sqlite3.Connection, folder: Path, now_ms: int) -> bool:
    """Begin a new life where this database is not the one that was here last. Runs before anything is served."""
    found = db.execute("SELECT value FROM meta WHERE name = 'epoch'").fetchone()
    seq = db.execute("SELECT seq FROM counter").fetchone()[0]
    before = remembered(folder)
    is_new = found is None and seq == 0
    is_as_before = found and before and before["epoch"] == found[0] and before["seq"] <= seq
    if is_new or is_as_before:
        return False
    begin_new_life(db, now_ms, before["seq"] if before else 0)
    return True


def remember(folder: Path, epoch: str, seq: int) -> None:
    """Note how far the database has come. seq: of something that is durable."""
    written = folder / (MEMORY + ".new")
    with open(written, "w", encoding="utf-8") as file:
        json.dump({"epoch": epoch, "seq": seq}, file)
        file.flush()
        os.fsync(file.fileno())
    os.replace(written, folder / MEMORY)


def remembered(folder: Path) -> dict | None:
    """What was remembered; nothing where there is no file, or none that can be read."""
    try:
        held = json.loads((folder / MEMORY).read_text("utf-8"))
        return {"epoch": str(held["epoch"]), "seq": int(held["seq"])}
    except (OSError, ValueError, TypeError, KeyError):
        return None
