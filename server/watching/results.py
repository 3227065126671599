"""What the last copy, the last drill, the last sending of files came to: read from the small files beside the database.

Whoever makes them writes them; here they are only read.  A file that is missing or torn says nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from server.backup import state


@dataclass(frozen=True)
class Result:
    """words, way_out: what came of it and what to do, in English, as the command line says it."""

    at_ms: int
    is_ok: bool
    words: str
    way_out: str
    seconds: float


def last(folder: Path, name: str) -> Result | None:
    """name: 'copy' or 'drill'."""
    said = state.read(folder, name)
    if said is None:
        return None
    words, way_out = (str(said.get(key, "")) for key in ("words", "way_out"))
    return Result(said["at_ms"], bool(said.get("ok")), words, way_out, float(said.get("seconds") or 0))
