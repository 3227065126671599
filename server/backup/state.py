"""What the last copy and the last drill came to: small JSON files in the firm's folder, for whoever watches.

copy.json and drill.json: {"at_ms", "ok", "words", "way_out", "seconds", …}.  Beside the database, not in it: they tell
of this machine, and must be readable where the database is not.  Each is written whole or not at all.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

COPY, DRILL = "copy", "drill"


def write(folder: Path, name: str, at_ms: int, ok: bool, words: str, way_out: str, seconds: float, **more) -> None:
    """name: COPY or DRILL. Raises OSError."""
    told = {"at_ms": at_ms, "ok": ok, "words": words, "way_out": way_out, "seconds": round(seconds, 2)} | more
    write_whole(folder / f"{name}.json", told)


def write_whole(file: Path, told: dict) -> None:
    """Raises OSError; what was there before is then still there."""
    new = file.with_name(file.name + ".new")
    new.unlink(missing_ok=True)
    with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as written:
        json.dump(told, written, ensure_ascii=False)
        written.flush()
        os.fsync(written.fileno())
    os.replace(new, file)


def read(folder: Path, name: str) -> dict | None:
    """None where there is none that can be read."""
    try:
        told = json.loads((folder / f"{name}.json").read_text("utf-8"))
        return told if isinstance(told.get("at_ms"), int) else None
    except (OSError, ValueError, AttributeError):
        return None
