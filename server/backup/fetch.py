"""A firm's database fetched from its replica into a scratch file: what a restore, a drill and a standby begin with.

Runs the pinned Litestream, tells it its secrets in a file that only this user may read, and says in words what went
wrong.  Nothing that is in use is ever written to.
"""

from __future__ import annotations

import json
import re
import subprocess
import time
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from . import litestream
from .replica import Place

TOLD = "fetch.json"
# A snapshot that is replaced while it is being read: what is there a moment later fits together again.
PASSING = re.compile(r"non-contiguous|cannot find|no such file|NoSuchKey|not exist", re.IGNORECASE)
TRIES, PAUSE_S = 6, 0.5
NOTHING_THERE = "no matching backup files available"


class NotFetched(Exception):
    """Nothing was fetched; the message says why and what to do."""


def fetch(place: Place, scratch: Path, at: datetime | None = None) -> Path:
    """The database as it was last, or at a moment; scratch: an empty folder for it. Raises NotFetched."""
    file = scratch / "roadbook.db"
    moment = ["-timestamp", f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%fZ}"] if at else []
    for tried in range(TRIES):
        for left in scratch.glob("roadbook.db*"):
            left.unlink()
        said = run(place, scratch, "restore", *moment, "-o", str(file))
        if said.returncode == 0 and file.exists():
            file.chmod(0o600)
            return file
        if not PASSING.search(said.stderr) or tried == TRIES - 1:
            raise NotFetched(_in_words(place, said.stderr, at))
        time.sleep(PAUSE_S * (tried + 1))
    raise AssertionError("unreachable")


def last_transaction(place: Place, scratch: Path) -> int:
    """How far the replica is, in Litestream's own count; 0 where nothing is there. Raises NotFetched."""
    said = run(place, scratch, "ltx", "-level", "all", "-json")
    if said.returncode != 0:
        raise NotFetched(_in_words(place, said.stderr, None))
    with suppress(ValueError):
        return max((int(one["max_txid"], 16) for one in json.loads(said.stdout) or ()), default=0)
    return 0


def run(
    place: Place, scratch: Path, command: str, *argv: str, file: Path | None = None
) -> subprocess.CompletedProcess:
    """One of Litestream's commands about this place. Raises NotFetched where it is not installed."""
    try:
        return subprocess.run(
            command_line(place, scratch, command, *argv, file=file),
            env=litestream.environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
        )
    except litestream.NoLitestream as error:
        raise NotFetched(str(error)) from None


def command_line(place: Place, scratch: Path, command: str, *argv: str, file: Path | None = None) -> list[str]:
    """file: the database that is meant, where it is not the one in scratch. Raises NoLitestream, OSError."""
    database = file or scratch / "roadbook.db"
    litestream.write_configuration(scratch / TOLD, litestream.configuration({database: place}, with_socket=False))
    target = [] if command == "replicate" else [str(database)]
    return [
        str(litestream.program()), command, "-no-expand-env", "-config", str(scratch / TOLD), *argv, *target
    ]  # fmt: skip


def _in_words(place: Place, error: str, at: datetime | None) -> str:
    if NOTHING_THERE in error and at:
        return f"{place} has nothing from before {at.astimezone(UTC):%Y-%m-%d %H:%M UTC}: choose a later moment"
    if NOTHING_THERE in error or "no backup" in error:
        return f"there is no replica at {place}: check ROADBOOK_REPLICA, or restore a copy with --from FILE"
    return f"{place} cannot be fetched: {litestream.in_words(error.strip().removeprefix('Error: '))}"
