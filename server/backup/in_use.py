"""Who has a firm's folder open: whoever serves it or works in it shares a lock, whoever replaces its file has it alone.

The lock is the kernel's (flock): it ends with the process that holds it, however that ends.  It says nothing of
Litestream, which has a lock of its own.
"""

from __future__ import annotations

import fcntl
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from server import disk

LOCK = "roadbook.lock"
# What is being fetched stands here, until it is put in place whole.
SCRATCH = ".restoring"
# What follows another machine's firm stands here.
STANDBY = "standby"


class CannotOpen(Exception):
    """A firm's folder cannot be opened; the message says why and what to do."""


class InUse(CannotOpen):
    """Somebody else has the folder in a way that rules this out."""


def is_empty(folder: Path) -> bool:
    """No firm was ever begun here, nor is one on its way."""
    return not any((folder / name).exists() for name in ("roadbook.db", SCRATCH, STANDBY))


def is_standby(folder: Path) -> bool:
    """Another machine's firm is followed here, or was; none of its own was made of it yet."""
    return (folder / STANDBY).exists() and not (folder / "roadbook.db").exists()


def share(folder: Path) -> BinaryIO:
    """Say that the firm is open, until this is closed. Raises CannotOpen."""
    if (folder / SCRATCH).exists() and not (folder / "roadbook.db").exists():
        raise CannotOpen(
            f"a restore into {folder} was cut short, or is still under way: run roadbook restore again"
            f" (or remove {folder / SCRATCH} to begin with a new firm)"
        )
    if is_standby(folder):
        raise CannotOpen(f"{folder} is a standby: roadbook promote makes it the firm's server")
    lock = _open(folder)
    try:
        fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        lock.close()
        raise InUse(f"{folder} is being restored by {holders(folder)}: wait until that is done") from None
    return lock


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Nobody else opens the firm meanwhile. Raises CannotOpen."""
    lock = _open(folder)
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise InUse(f"{folder} is open in {holders(folder)}. Stop that first: systemctl stop roadbook") from None
        yield
    finally:
        lock.close()


def holders(folder: Path) -> str:
    """Which processes hold the lock, in words."""
    with suppress(OSError):
        inode = os.stat(folder / LOCK).st_ino
        held = re.findall(rf"FLOCK\s+\S+\s+\S+\s+(\d+)\s+\S+:{inode} ", Path("/proc/locks").read_text())
        if found := [f"process {pid}{_command(int(pid))}" for pid in dict.fromkeys(held) if int(pid) > 0]:
            return ", ".join(found)
    return "another process"


def _command(pid: int) -> str:
    """What runs there, without its arguments' values: only which of our commands."""
    with suppress(OSError):
        words = Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").split("\0")
        for name in ("serve", "run", "restore", "import", "export", "admin", "invite", "code", "drill", "backup"):
            if name in words:
                return f" (roadbook {name})"
    return ""


def _open(folder: Path) -> BinaryIO:
    try:
        return os.fdopen(os.open(folder / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600), "r+b", buffering=0)
    except OSError as error:
        said = disk.trouble(folder, error) or error.strerror
        raise CannotOpen(f"{folder} cannot be written to: {said}") from None
