"""What stands behind a file that cannot be made or written: a full disk, one that may only be read, somebody else's
folder.  SQLite's own words ("disk I/O error", "unable to open database file") leave that open, and sound like damage
where there is none.

It looks and tells; it writes nothing.
"""

from __future__ import annotations

import errno
import os
import shutil
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from server.database import sqlite3

FULL = {errno.ENOSPC, errno.EDQUOT}
REFUSED = {errno.EACCES, errno.EPERM}
# With less than this SQLite cannot even open a file: its index of the WAL takes 32 KiB.
FULL_BELOW_BYTES = 256 * 1024
SQLITE_FULL, SQLITE_IOERR, SQLITE_CANTOPEN, SQLITE_READONLY, SQLITE_PERM = 13, 10, 14, 8, 3
# Those that a disk may be the cause of.
OF_A_DISK = {SQLITE_FULL, SQLITE_IOERR, SQLITE_CANTOPEN, SQLITE_READONLY, SQLITE_PERM}


@dataclass(frozen=True)
class Trouble:
    """words: what is wrong, as the end of a sentence. way_out: what to do about it."""

    words: str
    way_out: str

    def __str__(self) -> str:
        return f"{self.words}. {self.way_out}"


def trouble(folder: Path, error: Exception) -> Trouble | None:
    """What about this folder made the error; None where it is something else."""
    if found := refusal(folder, error):
        return found
    if _number(error) in REFUSED or (_sqlite_code(error) in OF_A_DISK and not _may_write(folder)):
        return Trouble("permission denied", f"Give it to the user that runs Roadbook: chown -R roadbook {folder}")
    return None


def refusal(folder: Path, error: Exception) -> Trouble | None:
    """What about its disk, whoever asks."""
    number, may_be = _number(error), _sqlite_code(error) in OF_A_DISK
    if number in FULL or (may_be and (_sqlite_code(error) == SQLITE_FULL or _is_full(folder))):
        return Trouble("the disk is full", f"Make room: du -xh -d1 {folder} says what is large there")
    if number == errno.EROFS or (may_be and _is_read_only(folder)):
        return Trouble(
            "the disk may only be read",
            "Mount it for writing (dmesg tells of a disk that failed). The services write only where"
            " deployment/install.sh lets them: run it again after a change of folders",
        )
    return None


def why_not_made(folder: Path, error: OSError) -> str:
    """Why this folder cannot be made, and the way out."""
    if error.errno in REFUSED:
        return f"permission denied. Make it for the user that runs Roadbook: install -d -o roadbook -m 700 {folder}"
    if error.errno in (errno.EEXIST, errno.ENOTDIR):
        return "there is a file where a folder should be. Name another folder, or move the file away"
    return str(trouble(folder.parent, error) or error.strerror)


def _number(error: Exception) -> int | None:
    return error.errno if isinstance(error, OSError) else None


def _sqlite_code(error: Exception) -> int | None:
    """The primary code, without what SQLite says in detail."""
    code = getattr(error, "sqlite_errorcode", None) if isinstance(error, sqlite3.Error) else None
    return None if code is None else code & 0xFF


def _is_full(folder: Path) -> bool:
    with suppress(OSError):
        return shutil.disk_usage(folder).free < FULL_BELOW_BYTES
    return False


def _is_read_only(folder: Path) -> bool:
    with suppress(OSError):
        return bool(os.statvfs(folder).f_flag & os.ST_RDONLY)
    return False


def _may_write(folder: Path) -> bool:
    """Also its files: one that a command left behind as root cannot be written by anybody else."""
    files = [folder / name for name in ("roadbook.db", "roadbook.db-wal", "roadbook.db-shm")]
    return os.access(folder, os.W_OK) and all(os.access(file, os.W_OK) for file in files if file.exists())
