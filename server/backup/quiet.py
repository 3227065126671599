"""Heavy work that nobody waits for: at the lowest priority, one piece at a time on this machine, bounded by the disk.

Copies and drills read whole databases.  They run in threads of their own, since SQLite works outside the interpreter's
lock, and give way to whoever serves people; programs that they start inherit that.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

LOCK = "heavy.lock"
# Never taken by a copy or a drill: edits must go on being accepted.
ROOM_BYTES = 256 * 2**20


class NoRoom(Exception):
    """The disk has no room for this; nothing was begun."""


class Busy(Exception):
    """Other work of the kind is under way."""


def give_way() -> None:
    """From here on this thread, and whatever it starts, runs when nothing else wants to."""
    with suppress(OSError, AttributeError):
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), 19)


@contextmanager
def in_turn(home: Path) -> Iterator[None]:
    """One at a time, of any firm and any process of this machine. Raises Busy."""
    lock = os.open(home / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise Busy from None
        yield
    finally:
        os.close(lock)


def need_room(folder: Path, wanted: int) -> None:
    """Raises NoRoom where the disk would not have enough left."""
    free = shutil.disk_usage(folder).free
    if free < wanted + ROOM_BYTES:
        raise NoRoom(
            f"{wanted / 2**20:,.0f} MiB are needed in {folder}, and 256 MiB are to stay free;"
            f" {free / 2**20:,.0f} MiB are free"
        )
