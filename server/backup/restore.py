"""A firm's database put back: fetched beside the one that is there, proven, put in its place, and only then the firm's.

Whatever goes wrong before the last step leaves what was there as it was; what is replaced is moved aside and never
deleted.  The restored firm begins a new life, so that devices bring what the copy lacks, unless the copy is proven to
hold everything: the replica's last word of a firm that was frozen for a move.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from server import audit, life
from server.config import Settings
from server.database import connect_writer, sqlite3

from . import check, copies, fetch, in_use, mending, moving
from .check import Found, NotUsable
from .copies import NotCopied
from .fetch import NotFetched

# A mark that is older was left by a move that came to nothing.
MOVES_WITHIN_MS = 7 * 86_400_000


class NotRestored(Exception):
    """Nothing was changed; the message says why and what to do."""


@dataclass(frozen=True)
class Source:
    """The replica, or a copy's file where one is named. at: of the replica, the moment that is wanted."""

    file: Path | None = None
    at: datetime | None = None


@dataclass(frozen=True)
class Report:
    """source: in words. there: what was in its place, None where nothing could be read. aside: where that is now."""

    source: str
    found: Found
    there: Found | None
    target: Path
    aside: Path | None = None
    is_new_life: bool = True


def rehearse(settings: Settings, source: Source, folder: Path, may_be_another: bool = False) -> Report:
    """All of a restore but its last step. Raises NotRestored."""
    with _ready(settings, source, folder, may_be_another) as (_, report):
        return report


def fetch_into(settings: Settings, source: Source, folder: Path) -> Report:
    """Only the file, in a folder of its own, to look at or to try. Raises NotRestored."""
    target = folder / "roadbook.db"
    if target.exists():
        raise NotRestored(f"{target} exists already: name an empty folder")
    with _ready(settings, source, folder, may_be_another=True) as (scratch, report):
        os.replace(scratch, target)
        _sync(folder)
        return report


def restore(settings: Settings, source: Source, now_ms: int, may_be_another: bool = False) -> Report:
    """The firm is as the source has it, and can be served. Raises NotRestored."""
    with _ready(settings, source, settings.data, may_be_another) as (scratch, report):
        is_complete = _is_complete(source, report.found, life.remembered(settings.data), now_ms)
        return put_in_place(settings, scratch, report, now_ms, is_complete)


@contextmanager
def _ready(settings: Settings, source: Source, folder: Path, may_be_another: bool) -> Iterator[tuple[Path, Report]]:
    """The firm's folder for us alone, and in it the scratch file, fetched and proven."""
    with alone_in(settings, folder) as scratch:
        try:
            file = _fetch(settings, source, scratch)
            found = check.check(file)
        except (NotFetched, NotUsable, sqlite3.Error, OSError) as error:
            raise NotRestored(_words(error, folder)) from None
        there = _there(folder / "roadbook.db")
        if there and there.identity and there.identity != found.identity and not may_be_another:
            raise NotRestored(
                f"{_named(settings, source)} is of another firm than the one in {folder}."
                " If it is to take its place all the same, say --another-firm"
            )
        yield file, Report(_named(settings, source), found, there, folder / "roadbook.db")


@contextmanager
def alone_in(settings: Settings, folder: Path) -> Iterator[Path]:
    """An empty scratch folder in the firm's, while nobody has the firm open or follows its file. Raises NotRestored."""
    is_new = not folder.exists()
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with in_use.alone(folder):
            if (folder / "roadbook.db").exists() and folder == settings.data and moving.is_followed(settings.home):
                raise NotRestored(
                    f"the replicator follows the files in {settings.home}."
                    " Stop it first: systemctl stop roadbook-replica"
                )
            scratch = folder / in_use.SCRATCH
            try:
                shutil.rmtree(scratch, ignore_errors=True)
                scratch.mkdir(mode=0o700)
                yield scratch
            finally:
                shutil.rmtree(scratch, ignore_errors=True)
                if is_new and not (folder / "roadbook.db").exists():
                    # An empty folder would be taken for a new firm.
                    (folder / in_use.LOCK).unlink(missing_ok=True)
                    with suppress(OSError):
                        folder.rmdir()
    except in_use.CannotOpen as error:
        raise NotRestored(str(error)) from None
    except OSError as error:
        raise NotRestored(_words(error, folder)) from None


def _fetch(settings: Settings, source: Source, scratch: Path) -> Path:
    if source.file is None:
        if settings.replica is None:
            raise NotRestored("ROADBOOK_REPLICA is not set: say which copy, as in roadbook restore --from FILE")
        return fetch.fetch(settings.replica.database, scratch, source.at)
    return _copy(source.file, scratch)


def _copy(file: Path, scratch: Path) -> Path:
    """A copy of the copy, with the changes that lie beside it where somebody copied a firm's files as they were."""
    to = scratch / "roadbook.db"
    check.check_shape(file)
    shutil.copyfile(file, to)
    wal = file.with_name(file.name + "-wal")
    if wal.exists() and wal.stat().st_size:
        shutil.copyfile(wal, scratch / "roadbook.db-wal")
    to.chmod(0o600)
    _settle(to)
    return to


def _settle(file: Path, work: Callable[[sqlite3.Connection], object] = lambda db: None) -> object:
    """Change a file that is nobody's yet, and leave it whole without another beside it."""
    db = connect_writer(file)
    try:
        db.execute("BEGIN IMMEDIATE")
        result = work(db)
        db.execute("COMMIT")
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return result
    finally:
        db.close()


def _there(file: Path) -> Found | None:
    """What would be replaced; None where nothing is there, or nothing that can be read."""
    if not file.exists():
        return None
    with suppress(NotUsable, sqlite3.Error):
        db = sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True)
        db.row_factory = sqlite3.Row
        try:
            return check.read(db, file)
        finally:
            db.close()
    return None


def _is_complete(source: Source, found: Found, before: dict | None, now_ms: int) -> bool:
    """Whether nothing can have been written after it: the replica's last word is that the firm was frozen."""
    is_last = source.file is None and source.at is None
    is_frozen = found.mark is not None and found.mark.is_final and 0 <= now_ms - found.mark.at_ms < MOVES_WITHIN_MS
    is_further = before is not None and before["epoch"] == found.epoch and before["seq"] > found.seq
    return is_last and is_frozen and not is_further


# --- the last step ------------------------------------------------------------------------------------


def put_in_place(settings: Settings, scratch: Path, report: Report, now_ms: int, is_complete: bool) -> Report:
    """The fetched file becomes the firm's, what was there is moved aside. Raises NotRestored where nothing changed."""
    folder, target = settings.data, settings.data / "roadbook.db"
    remembered = life.remembered(folder)
    try:
        epoch, seq = _settle(scratch, lambda db: _begin(db, now_ms, remembered, is_complete, report))
        aside = _move_aside(folder, target, now_ms)
        # Of a firm that was here once: this one is replicated.
        (folder / moving.HANDED_OVER).unlink(missing_ok=True)
        _sync(scratch)
        os.replace(scratch, target)
        _sync(folder)
    except (OSError, sqlite3.Error) as error:
        raise NotRestored(_words(error, folder)) from None
    # From here on the firm is the restored one. A life that is not remembered is begun anew when it is opened.
    if is_complete and not moving.tell_replica(settings, target):
        is_complete = False
        epoch, seq = _settle(target, lambda db: _begin(db, now_ms, remembered, False, report))
    life.remember(folder, epoch, seq)
    if settings.replica and not is_complete:
        mending.ask_anew(target)
    return Report(report.source, report.found, report.there, target, aside, not is_complete)


def _begin(db: sqlite3.Connection, now_ms: int, remembered: dict | None, is_complete: bool, report: Report):
    """The first words of the restored firm. Returns its epoch and how far it is."""
    db.execute("DELETE FROM meta WHERE name = 'frozen'")
    if not is_complete:
        life.begin_new_life(db, now_ms, remembered["seq"] if remembered else 0)
    if db.execute("SELECT 1 FROM sqlite_master WHERE name = 'audit'").fetchone():
        action = "thawed" if is_complete else "restored"
        audit.note(db, now_ms, "", "", action, "", {"seq": report.found.seq})
    epoch = db.execute("SELECT value FROM meta WHERE name = 'epoch'").fetchone()[0]
    return epoch, db.execute("SELECT seq FROM counter").fetchone()[0]


def _move_aside(folder: Path, target: Path, now_ms: int) -> Path | None:
    """Everything that belongs to the old file; the file itself stays in its place, too, until the new one takes it."""
    if not target.exists():
        return None
    beside = [target.with_name(target.name + end) for end in ("-wal", "-shm")]
    _empty_wal(target)
    stamp = datetime.fromtimestamp(now_ms / 1000).strftime("%Y%m%d-%H%M%S")
    aside = folder / f"before-restore-{stamp}"
    number = 1
    while aside.exists():
        number += 1
        aside = folder / f"before-restore-{stamp}-{number}"
    aside.mkdir(mode=0o700)
    try:
        os.link(target, aside / target.name)
    except OSError:  # a file system without links
        shutil.copy2(target, aside / target.name)
    for file in beside:
        if file.exists():
            os.replace(file, aside / file.name)
    for name in (f".{target.name}-litestream", moving.HANDED_OVER):
        if (folder / name).exists():
            os.replace(folder / name, aside / name)
    if (folder / life.MEMORY).exists():
        shutil.copyfile(folder / life.MEMORY, aside / life.MEMORY)
    _sync(aside)
    return aside


def _empty_wal(file: Path) -> None:
    """The old file is then whole by itself; one that cannot be opened any more is moved as it is."""
    try:
        db = connect_writer(file)
        try:
            db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        finally:
            db.close()
    except sqlite3.DatabaseError as error:
        if any(word in str(error) for word in ("full", "readonly", "locked")):
            raise


def _named(settings: Settings, source: Source) -> str:
    if source.file is not None:
        return str(source.file)
    return str(settings.replica) if settings.replica else "the replica"


def _words(error: Exception, folder: Path) -> str:
    if isinstance(error, NotFetched | NotUsable | NotCopied):
        return str(error)
    if "full" in str(error) or getattr(error, "errno", 0) == 28:
        return f"there is no room in {folder}: make some, at least as much as the database has"
    if isinstance(error, OSError):
        named = f" ({error.filename})" if error.filename else ""
        return f"{folder} cannot be written to: {error.strerror}{named}. Give it to the user that runs Roadbook"
    return f"it cannot be put in place: {error}"


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def timezone_of(settings: Settings) -> str | None:
    """The firm's, where there is one here."""
    found = _there(settings.data / "roadbook.db")
    return found.timezone if found else None


def newest_copy(settings: Settings) -> Path:
    """Raises NotRestored."""
    found = copies.newest(settings.copies)
    if found is None:
        raise NotRestored(f"there is no copy in {settings.copies}")
    return found.file
