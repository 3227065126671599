"""The second copy: once a night the whole database as one file, proven whole, with some of the earlier ones kept.

Made by SQLite itself while people go on working (VACUUM INTO); the replica is the first line, this one is for the day
when the replica turns out to be wrong.  A copy has its name only when it is complete, on the disk, and found good.
Nothing is deleted but copies that were made here, and only after a newer one is in place.  Files are not in it.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from server import disk
from server.database import connect_reader, sqlite3

from . import quiet, state
from .check import Found, NotUsable, check

NAME = re.compile(r"roadbook-(\d{8}T\d{6})Z\.db")
MAKING = ".making"
# The newest copy of each of so many days, weeks and months that have one.
KEPT = (("%Y-%m-%d", 7), ("%G-%V", 4), ("%Y-%m", 12))


class NotCopied(Exception):
    """There is no new copy; the message says why and what to do."""


@dataclass(frozen=True)
class Copy:
    file: Path
    at: datetime


def make_nightly(data: Path, copies: Path, now_ms: int) -> Copy:
    """A new copy among the others, and a note of how that went. Raises NotCopied."""
    begun = time.monotonic()
    name = f"roadbook-{datetime.fromtimestamp(now_ms / 1000, UTC):%Y%m%dT%H%M%SZ}.db"
    try:
        _make_folder(copies)
        found = make(data / "roadbook.db", copies / name)
    except NotCopied as error:
        _note(data, now_ms, False, str(error), time.monotonic() - begun)
        raise
    let_go(copies)
    _note(data, now_ms, True, f"{copies / name}, {found.bytes:,} bytes", time.monotonic() - begun, seq=found.seq)
    return Copy(copies / name, _moment(name))


def make(database: Path, to: Path) -> Found:
    """Copy, prove and name it. Nothing is at `to` unless all of that went well. Raises NotCopied."""
    making = to.with_name(to.name + MAKING)
    if to.exists():
        raise NotCopied(f"{to} exists already: choose another name")
    try:
        _clear(to.parent)
        quiet.need_room(to.parent, _size(database))
        # Empty, and for nobody else to read, before anything is in it.
        os.close(os.open(making, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        found = _fill(database, making)
        _sync(making)
        os.replace(making, to)
        _sync(to.parent)
        return found
    except quiet.NoRoom as error:
        raise NotCopied(f"no room for a copy: {error}. Make room, or set ROADBOOK_COPIES to another disk") from None
    except NotUsable as error:
        raise NotCopied(f"the copy is not good: {error}. Look with roadbook doctor whether the database is") from None
    except (OSError, sqlite3.Error) as error:
        raise NotCopied(_why_not(database, to.parent, error)) from None
    finally:
        with suppress(OSError):  # why it could not be made is told already
            making.unlink(missing_ok=True)


def newest(copies: Path) -> Copy | None:
    """One that says it is of a day that has not come was made while the clock was wrong: any other is newer."""
    soon = datetime.now(UTC) + timedelta(days=1)
    return max(all_in(copies), key=lambda copy: (copy.at <= soon, copy.at), default=None)


def all_in(copies: Path) -> list[Copy]:
    with suppress(OSError):
        return [Copy(copies / name, _moment(name)) for name in os.listdir(copies) if NAME.fullmatch(name)]
    return []


def let_go(copies: Path) -> list[Path]:
    """Delete what need not be kept. Returns what was."""
    there = all_in(copies)
    gone = sorted({copy.file for copy in there} - {copy.file for copy in kept(there)})
    for file in gone:
        file.unlink(missing_ok=True)
    return gone


def kept(there: Iterable[Copy]) -> list[Copy]:
    """Counted in days, weeks and months that have a copy: a machine that was off for a year keeps what it has."""
    newest_first = sorted(there, key=lambda copy: copy.at, reverse=True)
    found: dict[Path, Copy] = {}
    for form, most in KEPT:
        periods: dict[str, Copy] = {}
        for copy in newest_first:
            periods.setdefault(copy.at.strftime(form), copy)
        for copy in list(periods.values())[:most]:
            found[copy.file] = copy
    return sorted(found.values(), key=lambda copy: copy.at)


def _fill(database: Path, making: Path) -> Found:
    """As it is at one moment; readers and the writer go on."""
    db = connect_reader(database)
    try:
        db.execute("VACUUM INTO ?", (str(making),))
    finally:
        db.close()
    _unfreeze(making)
    return check(making)


def _unfreeze(making: Path) -> None:
    """A copy of a firm that is being moved is a copy like any other, whatever becomes of the move."""
    db = sqlite3.connect(making, isolation_level=None)
    try:
        db.execute("DELETE FROM meta WHERE name = 'frozen'")
    finally:
        db.close()


def _make_folder(copies: Path) -> None:
    try:
        copies.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise NotCopied(f"{copies} cannot be made: {error.strerror}. {_way_out(error)}") from None


def _clear(copies: Path) -> None:
    """What a copy left that was cut short."""
    for file in copies.glob(f"roadbook-*{MAKING}*"):
        file.unlink(missing_ok=True)


def _size(database: Path) -> int:
    wal = database.with_name(database.name + "-wal")
    return database.stat().st_size + (wal.stat().st_size if wal.exists() else 0)


def _note(data: Path, now_ms: int, ok: bool, words: str, seconds: float, **more) -> None:
    way_out = "" if ok else "roadbook backup makes one now, and says what stands in its way"
    with suppress(OSError):  # where nothing can be written, what is there grows old and says so
        state.write(data, state.COPY, now_ms, ok, words, way_out, seconds, **more)


def _moment(name: str) -> datetime:
    return datetime.strptime(NAME.fullmatch(name)[1], "%Y%m%dT%H%M%S").replace(tzinfo=UTC)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _why_not(database: Path, folder: Path, error: Exception) -> str:
    """Beside its database SQLite needs room and leave to write, even to read it: that may be what fails."""
    is_of_the_source = isinstance(error, sqlite3.Error) and disk.trouble(folder, error) is None
    if is_of_the_source and (why := disk.trouble(database.parent, error)):
        return f"no copy can be made of {database}: {why}"
    return f"no copy can be written to {folder}: {_reason(error)}. {_way_out(error)}"


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error)


def _way_out(error: Exception) -> str:
    if "full" in str(error) or getattr(error, "errno", 0) == 28:
        return "Make room, or set ROADBOOK_COPIES to another disk"
    return "Give the folder to the user that runs Roadbook, or set ROADBOOK_COPIES to another"
