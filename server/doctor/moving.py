"""Whether a firm is on its way to another machine, or this machine follows one: told only where it is so."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

from server.backup import frozen, standby
from server.backup.in_use import STANDBY
from server.database import sqlite3
from server.sign_in import sealing, totp

from .finding import Finding

BACK = "to go on here after all: roadbook thaw"


def examine_move(folder: Path) -> Iterator[Finding]:
    file, followed = folder / "roadbook.db", folder / STANDBY
    if file.exists():
        yield from _check_frozen(file, folder / frozen.HANDED_OVER)
        if followed.exists():
            words = f"{followed} is left from before this machine had a firm of its own"
            yield Finding("standby", "warning", words, f"nothing needs it: rm -r {followed}")
    elif followed.exists():
        yield check_standby(folder)
        yield from _check_key(folder)


def _check_frozen(file: Path, handed_over: Path) -> Iterator[Finding]:
    mark = None
    with suppress(sqlite3.Error), closing(_open(file)) as db:  # a damaged file is told of as such
        mark = frozen.mark_of(db)
    if mark and handed_over.exists():
        words = f"the firm was handed over to another machine ({_moment(mark.at_ms)}): nothing is changed here"
        way_out = f"when nobody asks this machine any more: systemctl disable --now roadbook roadbook-replica; {BACK}"
        yield Finding("move", "warning", words, way_out)
    elif mark:
        words = f"the firm is frozen for a move ({_moment(mark.at_ms)}) that was not finished: nothing is changed"
        yield Finding("move", "failed", words, f"to go on with the move: roadbook freeze; {BACK}")
    elif handed_over.exists():
        words = f"{handed_over.name} says that the firm was handed over, but it is not frozen: nothing is replicated"
        way_out = f"where no other machine serves it: rm {handed_over}, then systemctl restart roadbook-replica"
        yield Finding("move", "failed", words, way_out)


def check_standby(folder: Path) -> Finding:
    """How far it is: when something was last written to what it follows."""
    reached = folder / STANDBY / "roadbook.db-txid"
    last = f"last change {_moment(reached.stat().st_mtime * 1000)}" if reached.exists() else "nothing fetched yet"
    if standby.is_followed(folder):
        words = f"this machine follows another one's firm; {last}"
        return Finding("standby", "ok" if reached.exists() else "warning", words, "see journalctl -u roadbook-standby")
    way_out = (
        "to go on following: systemctl enable --now roadbook-standby; when the other machine is gone for good: roadbook"
        " promote"
    )
    return Finding("standby", "failed", f"this machine is a standby, and nothing follows now; {last}", way_out)


def _check_key(folder: Path) -> Iterator[Finding]:
    """Told beforehand: on the day when it is needed, the other machine is gone."""
    file = folder / STANDBY / "roadbook.db"
    with suppress(sqlite3.Error):  # it is written to meanwhile: another time it can be read
        # Nothing of SQLite's may be left beside what Litestream writes.
        with closing(_open(file, "&immutable=1")) as db:
            lost, apps = totp.unreadable(db, folder)
        if lost:
            words = f"{lost} of {apps} would open nothing here: {sealing.KEY_FILE} of the other machine is missing"
            way_out = f"copy it into {folder} while there is time, see BACKUPS.md"
            yield Finding("authenticator apps", "warning", words, way_out)


def _open(file: Path, more: str = "") -> sqlite3.Connection:
    return sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro{more}", uri=True)


def _moment(at_ms: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(at_ms / 1000))
