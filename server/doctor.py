"""Named checks of the place where Roadbook runs: `roadbook doctor`, and the few that serving insists on.

Looks and reports; it repairs and changes nothing.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from server.database import sqlite3

GIB = 2**30

# https://sqlite.org/wal.html: a checkpoint that meets a reset of the WAL can corrupt the database. An
# application beside a replicating tool (Litestream) is the very recipe for it.
WAL_RESET_SINCE = (3, 7, 0)
WAL_RESET_UNTIL = (3, 51, 2)

# The start of 2025: this was written later.
NOT_BEFORE_S = 1_735_689_600


@dataclass(frozen=True)
class Finding:
    """state: 'ok', 'warning' or 'failed'. way_out: what to do about it, '' where nothing needs doing."""

    name: str
    state: str
    words: str
    way_out: str = ""


def examine(folder: Path) -> Iterator[Finding]:
    """All checks, for the firm in this folder."""
    yield check_sqlite(sqlite3.sqlite_version)
    yield from check_folder(folder)
    yield check_clock(time.time())
    if (folder / "roadbook.db").exists():
        yield check_database(folder / "roadbook.db")


def check_sqlite(version: str) -> Finding:
    name = "SQLite build"
    if not is_affected(version):
        return Finding(name, "ok", f"{version}, without the WAL-reset bug")
    words = f"{version} can corrupt the database when the write-ahead log is reset (3.7.0 to 3.51.2 do)"
    return Finding(name, "failed", words, "install the locked requirements: pip install -r requirements.lock")


def is_affected(version: str) -> bool:
    numbers = tuple(int(part) for part in version.split(".")[:3])
    return WAL_RESET_SINCE <= numbers <= WAL_RESET_UNTIL


def check_folder(folder: Path) -> Iterator[Finding]:
    if not folder.is_dir():
        yield Finding("data folder", "failed", f"{folder} does not exist", f"mkdir -p -m 700 {folder}")
        return
    yield _check_writable(folder)
    yield _check_private(folder)
    yield check_space(folder, shutil.disk_usage(folder).free)


def _check_writable(folder: Path) -> Finding:
    if os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        return Finding("data folder", "ok", f"{folder} can be written")
    way_out = f"make the user that runs Roadbook its owner: chown -R roadbook {folder}"
    return Finding("data folder", "failed", f"{folder} cannot be written", way_out)


def _check_private(folder: Path) -> Finding:
    if folder.stat().st_mode & 0o007 == 0:
        return Finding("permissions", "ok", "closed to other users of this machine")
    return Finding("permissions", "warning", "other users of this machine can look in", f"chmod -R o-rwx {folder}")


def check_space(folder: Path, free: int) -> Finding:
    """A backup before a migration needs as much again as the database has."""
    database = folder / "roadbook.db"
    needed = 2 * database.stat().st_size if database.exists() else 0
    words = f"{free / GIB:.1f} GiB free"
    if free < GIB // 4:
        return Finding("disk space", "failed", words, "free some space: below 0.25 GiB edits may be refused")
    if free < max(needed, GIB):
        return Finding("disk space", "warning", words, "keep 1 GiB, and twice the size of the database, free")
    return Finding("disk space", "ok", words)


def check_clock(now_s: float) -> Finding:
    """Phones' clocks are judged by this one."""
    words = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(now_s))
    if now_s < NOT_BEFORE_S:
        return Finding("clock", "failed", f"{words}: this is in the past", "set the clock: timedatectl set-ntp true")
    return Finding("clock", "ok", words)


def check_database(file: Path) -> Finding:
    try:
        connection = sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True)
        try:
            answer = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
        finally:
            connection.close()
    except sqlite3.Error as error:
        answer = str(error)
    if answer == "ok":
        return Finding("database", "ok", "quick_check found nothing wrong")
    return Finding("database", "failed", f"quick_check: {answer}", "stop Roadbook and restore the last good copy")


def why_not_serve() -> Finding | None:
    """The finding that forbids serving a firm's real data here, or None."""
    finding = check_sqlite(sqlite3.sqlite_version)
    return finding if finding.state == "failed" else None
