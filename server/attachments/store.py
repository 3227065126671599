"""A firm's files on the disk: each under the SHA-256 of its bytes, whole or not there at all.

What is being received lies beside them in `partial/`, and becomes a file by being renamed once it is complete, was
verified and is on the disk.  Knows no database, no person and no HTTP.
"""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

# So much of the disk is left to the database: it must go on taking what people type.
RESERVE_BYTES = 256_000_000
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


class NoRoom(Exception):
    """The disk is full. Nothing of what was to be written is kept."""


class WrongHash(Exception):
    """The bytes are others than were announced."""


class Store:
    """folder: of one firm's files. free: how many bytes the disk that holds a folder has left."""

    def __init__(self, folder: Path, free: Callable[[Path], int] | None = None) -> None:
        self.folder = folder
        self.partial = folder / "partial"
        self._free = free or (lambda place: shutil.disk_usage(place).free)

    def path(self, hash: str) -> Path:
        return self.folder / hash[:2] / hash

    def has(self, hash: str) -> bool:
        return self.path(hash).is_file()

    def check_room(self, more: int) -> None:
        """Raises NoRoom where so many bytes would eat into what the database needs."""
        self.partial.mkdir(parents=True, exist_ok=True)
        if self._free(self.partial) < more + RESERVE_BYTES:
            raise NoRoom

    # --- in pieces ---

    def begin(self, upload_id: str) -> None:
        with _room():
            self.partial.mkdir(parents=True, exist_ok=True)
            (self.partial / upload_id).touch()

    def size(self, upload_id: str) -> int | None:
        """How much has come; None where nothing of this name is under way."""
        try:
            return (self.partial / upload_id).stat().st_size
        except FileNotFoundError:
            return None

    def append(self, upload_id: str, at: int, piece: bytes) -> None:
        """Write a piece at its place; all of it, or NoRoom and nothing of it."""
        path = self.partial / upload_id
        try:
            with _room(), path.open("r+b", buffering=0) as file:
                file.seek(at)
                view = memoryview(piece)
                while view:
                    view = view[file.write(view) :]
        except NoRoom:
            self.cut(upload_id, at)
            raise

    def cut(self, upload_id: str, at: int) -> None:
        """Take back what came after this position."""
        with suppress(OSError):
            os.truncate(self.partial / upload_id, at)

    def drop(self, upload_id: str) -> None:
        (self.partial / upload_id).unlink(missing_ok=True)

    # --- whole ---

    def verified(self, upload_id: str, hash: str) -> bytes:
        """The content of a complete upload, safely on the disk. Raises WrongHash."""
        path = self.partial / upload_id
        content = path.read_bytes()
        if hash_of(content) != hash:
            raise WrongHash
        with _room():
            _flush(path)
        return content

    def receive(self, upload_id: str, content: bytes) -> None:
        """The same for content that came in one piece. Raises NoRoom."""
        self.check_room(len(content))
        path = self.partial / upload_id
        try:
            with _room():
                path.write_bytes(content)
                _flush(path)
        except NoRoom:
            path.unlink(missing_ok=True)
            raise

    def put_in_place(self, upload_id: str, hash: str) -> None:
        """What was verified gets its name. In the writer's job, so that nothing collects it in between."""
        path = self.path(hash)
        with _room():
            path.parent.mkdir(parents=True, exist_ok=True)
            os.replace(self.partial / upload_id, path)
            _flush(path.parent)

    def remove(self, hash: str) -> None:
        self.path(hash).unlink(missing_ok=True)

    def files(self) -> Iterator[Path]:
        """Everything that lies here under a hash."""
        for folder in self.folder.glob("[0-9a-f][0-9a-f]"):
            yield from folder.iterdir()

    def unfinished(self) -> Iterator[Path]:
        return self.partial.iterdir() if self.partial.is_dir() else iter(())


def store_of(firm) -> Store:
    return Store(firm.path / "attachments")


def hash_of(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _flush(path: Path) -> None:
    """Files and folders alike: what the operating system only remembers would be lost with the power."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def _room() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise NoRoom from error
        raise
