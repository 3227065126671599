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
LASTS_S = 3_600


def begin(folder: Path, seq: int, more_s: float = 0) -> None:
    """seq: the last change that the copy has, to which we may have to go back. more_s: than most trials need."""
    write_whole(folder / MARK, {"safe_seq": seq, "until_ms": int((time.time() + LASTS_S + more_s) * 1000)})


def end(folder: Path) -> None:
    (folder / MARK).unlink(missing_ok=True)


def is_on(folder: Path) -> bool:
    return _safe_seq(folder) is not None


def safe_seq(folder: Path, seq: int) -> int:
    """How far devices may count what they sent as safe; seq: as far as the replica goes."""
    most = _safe_seq(folder)
    return seq if most is None else min(seq, most)


def _safe_seq(folder: Path) -> int | None:
    try:
        told = json.loads((folder / MARK).read_text("utf-8"))
        if told["until_ms"] > time.time() * 1000:
            return int(told["safe_seq"])
        end(folder)  # once over, it stays so: devices let go of what is safe, and a clock may be set back
        return None
    except (FileNotFoundError, ValueError, TypeError, KeyError):
        return None
    except OSError:  # there is one, and it cannot be read now: nothing is called safe meanwhile
        return 0
