"""A firm's folder and its database: there, writable, private, with room, whole, of this release, not of tomorrow."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from sqlite_utils import Database

from server import disk
from server.database import sqlite3
from server.migrations import migrations
from server.watching import gauges

from .finding import Finding
from .moving import examine_move
from .signing_in import check_audit, check_sign_in_key

GIB = 2**30
# Clocks are set by small steps; what is more has another reason.
AHEAD_S = 300
SET_CLOCK = "set the clock of this machine: timedatectl set-ntp true"


def examine_folder(folder: Path, now_s: float) -> Iterator[Finding]:
    if folder.exists() and not folder.is_dir():
        yield Finding("data folder", "failed", f"{folder} is a file", "name a folder in ROADBOOK_DATA")
        return
    if not folder.is_dir():
        yield Finding("data folder", "failed", f"{folder} does not exist", f"mkdir -p -m 700 {folder}")
        return
    yield _check_writable(folder)
    yield _check_private(folder)
    yield _check_owner(folder)
    yield check_space(folder, shutil.disk_usage(folder).free)
    yield from examine_move(folder)
    file = folder / "roadbook.db"
    if file.exists():
        whole = check_database(file)
        yield whole
        if whole.state == "ok":
            yield from _look_inside(file, now_s)


def _check_writable(folder: Path) -> Finding:
    """Asked by doing it: a disk that went read-only says no only then."""
    probe = folder / f".doctor-{os.getpid()}"
    try:
        probe.write_bytes(b"")
        probe.unlink()
    except OSError as error:
        why = disk.trouble(folder, error) or disk.Trouble(error.strerror, "Look whether its disk is mounted")
        return Finding("data folder", "failed", f"{folder} cannot be written: {why.words}", why.way_out)
    return Finding("data folder", "ok", f"{folder} can be written")


def _check_private(folder: Path) -> Finding:
    if folder.stat().st_mode & 0o007 == 0:
        return Finding("permissions", "ok", "closed to other users of this machine")
    return Finding("permissions", "warning", "other users of this machine can look in", f"chmod -R o-rwx {folder}")


def _check_owner(folder: Path) -> Finding:
    """A command that was run as root leaves files that the server cannot write."""
    owner = folder.stat().st_uid
    others = sorted(path.name for path in folder.iterdir() if path.lstat().st_uid != owner)
    if not others:
        return Finding("owner", "ok", "all files belong to the folder's owner")
    words = f"{', '.join(others[:5])}: not of the folder's owner, so the server may not be able to write"
    return Finding("owner", "failed", words, f"chown -R --reference={folder} {folder}")


def check_space(folder: Path, free: int) -> Finding:
    """A backup before a migration needs as much again as the database has."""
    database = folder / "roadbook.db"
    needed = 2 * database.stat().st_size if database.exists() else 0
    words = f"{free / GIB:.1f} GiB free" if free >= GIB else f"{free // 2**20} MiB free"
    if free < GIB // 4:
        return Finding("disk space", "failed", words, "free some space: below 0.25 GiB edits may be refused")
    if free < max(needed, GIB):
        return Finding("disk space", "warning", words, "keep 1 GiB, and twice the size of the database, free")
    return Finding("disk space", "ok", words)


def check_database(file: Path) -> Finding:
    try:
        with closing(_open(file)) as connection:
            answer = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
    except sqlite3.Error as error:
        if why := disk.trouble(file.parent, error):
            return Finding("database", "failed", f"it cannot be looked at: {why.words}", why.way_out)
        answer = str(error)
    if answer == "ok":
        return Finding("database", "ok", "quick_check found nothing wrong")
    way_out = "stop Roadbook and restore the last good state: roadbook restore --dry-run says what there is"
    return Finding("database", "failed", f"quick_check: {answer}", way_out)


def _open(file: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True)


def _look_inside(file: Path, now_s: float) -> Iterator[Finding]:
    migrated = "SELECT name FROM _sqlite_migrations WHERE migration_set = 'roadbook'"
    with closing(_open(file)) as db:
        try:
            done = {row[0] for row in db.execute(migrated)}
            yield check_migrations(done)
            # In an older file the tables that tell of it may be missing.
            is_current = done >= _names()
            newest_s = gauges.newest(db) / 1000 if is_current else 0
            yield check_newest(max(newest_s, file.stat().st_mtime), now_s)
            if is_current:
                yield check_push_key(db.execute("SELECT value FROM meta WHERE name = 'vapid_key'").fetchone())
                yield check_audit(db)
                yield check_sign_in_key(db, file.parent)
        except sqlite3.Error as error:
            yield Finding("migrations", "failed", f"no database of Roadbook: {error}", "is this the right folder?")


def _names() -> set[str]:
    """The migrations of this release: all that an empty database lacks."""
    return {each.name for each in migrations.pending(Database(memory=True))}


def check_migrations(done: set[str]) -> Finding:
    newer, missing = sorted(done - _names()), sorted(_names() - done)
    if newer:
        words = f"the database is of a newer release than this one ({newer[-1]})"
        return Finding("migrations", "failed", words, "run that release again, or restore a copy from before it")
    if missing:
        words = f"the database is of an earlier release; the next start changes it ({', '.join(missing)})"
        return Finding("migrations", "warning", words, "take a copy first: roadbook upgrade does")
    return Finding("migrations", "ok", "the database is of this release")


def check_newest(newest_s: float, now_s: float) -> Finding:
    """A clock that shows less than what it wrote down itself has gone back."""
    if newest_s - now_s > AHEAD_S:
        newest = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(newest_s))
        return Finding("clock and data", "failed", f"something was written at {newest} already", SET_CLOCK)
    return Finding("clock and data", "ok", "nothing is of a later time than now")


def check_push_key(kept: tuple | None) -> Finding:
    """The firm's key for push services (VAPID). A lost one means that every phone has to subscribe anew."""
    from cryptography.hazmat.primitives import serialization

    if kept is None:
        return Finding("push key", "ok", "will be made at the first start")
    try:
        serialization.load_pem_private_key(kept[0].encode(), None)
    except (ValueError, TypeError) as error:
        way_out = "restore the row vapid_key of the table meta from a copy; else every phone has to switch push on anew"
        return Finding("push key", "failed", f"cannot be read: {type(error).__name__}", way_out)
    return Finding("push key", "ok", "is there")
