"""A release on trial: what it is sent counts as safe only once it is there to stay.

Devices keep what is not safe.  If the earlier database is put back, they notice and send it again.  The mark is a
small file beside the database with an end of its own: an upgrade that was cut short holds nothing up for ever.
"""

from __future__ import annotations

import json
import time
from pathlib import Path

from server.backup.state import write_whole

MARK = "trial.json"
LASTS_MS = 3_600_000


def begin(folder: Path, seq: int) -> None:
    """seq: the last change that the copy has, to which we may have to go back."""
    write_whole(folder / MARK, {"safe_seq": seq, "until_ms": int(time.time() * 1000) + LASTS_MS})


def end(folder: Path) -> None:
    (folder / MARK).unlink(missing_ok=True)


def safe_seq(folder: Path, seq: int) -> int:
    """How far devices may count what they sent as safe; seq: as far as the replica goes."""
    try:
        told = json.loads((folder / MARK).read_text("utf-8"))
        if told["until_ms"] > time.time() * 1000:
            return min(seq, int(told["safe_seq"]))
    except (OSError, ValueError, TypeError, KeyError):
        pass
    return seq
