"""What the last copy, the last drill, the last sending of files came to: read from the small files beside the database.

Whoever makes them writes them; here they are only read.  A file that is missing or torn says nothing.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path


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
    try:
        said = json.loads((folder / f"{name}.json").read_text("utf-8"))
        return Result(
            int(said["at_ms"]),
            bool(said["ok"]),
            str(said.get("words", "")),
            str(said.get("way_out", "")),
            float(said.get("seconds") or 0),
        )
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return None
