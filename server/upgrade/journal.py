"""How far an upgrade has come, on the disk: whoever comes after one that was cut short knows where it stood.

The steps in their order: `rehearsing` (nothing runs differently), `stopping` (the server is down, the earlier release
is in use), `starting` (the new one is), `going back` (until the earlier one serves again).  Without the file nothing is
under way.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from server.backup.state import write_whole

NAME = "upgrade.json"
REHEARSING, STOPPING, STARTING, GOING_BACK = "rehearsing", "stopping", "starting", "going back"


@dataclass(frozen=True)
class Entry:
    """before, after: names of releases. why: it goes back. patience_s: for the new release to be ready."""

    step: str
    before: str
    after: str
    patience_s: float = 60.0
    why: str = ""


class Journal:
    """place: the folder of the releases."""

    def __init__(self, place: Path) -> None:
        self.file = place / NAME

    def read(self) -> Entry | None:
        try:
            return Entry(**json.loads(self.file.read_text("utf-8")))
        except (OSError, ValueError, TypeError):
            return None

    def write(self, entry: Entry, step: str, **more) -> Entry:
        """Raises OSError."""
        entry = replace(entry, step=step, **more)
        write_whole(self.file, asdict(entry))
        return entry

    def end(self) -> None:
        self.file.unlink(missing_ok=True)
