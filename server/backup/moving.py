"""A firm moves to another machine: frozen here, its last word off-site, restored there, and devices notice nothing.

Two machines must never write in the name of one life.  So what ends the frost is off-site, or a new life has begun,
before anything is written; and a machine that has handed its firm over replicates it no further.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from server import audit, life
from server.attachments.store import Store, hash_of
from server.config import Settings
from server.database import connect_reader, connect_writer, sqlite3

from . import check, claim, copies, fetch, frozen, in_use, litestream, state
from .file_places import Unreachable, opened
from .frozen import HANDED_OVER
from .litestream import NotReplicated

# How long everything may take to get off-site before a freeze is given up.
PATIENCE_S = 600


class NotMoved(Exception):
    """The firm is as it was, where it was; the message says why and what to do."""


@dataclass(frozen=True)
class HandedOver:
    """copy: the file to carry over, where there is no replica."""

    seq: int
    copy: Path | None


def freeze(settings: Settings, now_ms: int, patience_s: float = PATIENCE_S) -> HandedOver:
    """Nothing is written from here on, and all that was is off-site. Raises NotMoved."""
    file = _file(settings)
    if (settings.data / HANDED_OVER).exists():
        raise NotMoved("this firm is frozen already, and everything is off-site: restore it on the other machine")
    try:
        mark = frozen.set_mark(file, now_ms, lambda db: _note(db, now_ms, "frozen"))
        with closing(connect_reader(file)) as db:
            seq = db.execute("SELECT seq FROM counter").fetchone()[0]
    except sqlite3.Error as error:
        raise NotMoved(f"{file} cannot be written to: {error}") from None
    if mark.is_final:  # a freeze that was not told whether its last word came
        _hand_over(settings, file, now_ms, seq, patience_s)
        return HandedOver(seq, None)
    try:
        if settings.replica is None:
            return HandedOver(seq, _copy(settings, now_ms))
        asyncio.run(_bring_files(settings))
        wait_off_site(settings, file, patience_s)
    except BaseException as error:
        frozen.take_mark(file, lambda db: _note(db, now_ms, "thawed"))
        if isinstance(error, NotReplicated | Unreachable | copies.NotCopied | OSError):
            raise NotMoved(f"{error}. The firm is not frozen any more, and nothing has changed") from None
        raise
    frozen.set_final(file, True)
    _hand_over(settings, file, now_ms, seq, patience_s)
    return HandedOver(seq, None)


def _hand_over(settings: Settings, file: Path, now_ms: int, seq: int, patience_s: float) -> None:
    """The last word is on its way, and may be there: from here on only `thaw` can take it back. Raises NotMoved."""
    try:
        wait_off_site(settings, file, patience_s)
        state.write_whole(settings.data / HANDED_OVER, {"at_ms": now_ms, "seq": seq})
    except (NotReplicated, OSError) as error:
        raise NotMoved(
            f"{error}. The firm stays frozen, and may have been handed over already: roadbook freeze goes on with it,"
            " roadbook thaw gives it up"
        ) from None


def thaw(settings: Settings, now_ms: int, begins_new_life: bool = False) -> bool:
    """The firm goes on here. Returns whether devices go on, too, instead of beginning anew. Raises NotMoved."""
    file = _file(settings)
    with closing(connect_reader(file)) as db:
        mark = frozen.mark_of(db)
    if mark is None:
        raise NotMoved("this firm is not frozen")
    if settings.replica is None or begins_new_life:
        _thaw_anew(settings, file, now_ms)
        return False
    _check_nobody_took_over(settings, mark.token)
    (settings.data / HANDED_OVER).unlink(missing_ok=True)
    frozen.set_final(file, False)
    try:
        wait_off_site(settings, file, PATIENCE_S)
    except NotReplicated as error:
        raise NotMoved(f"{error}. The firm is still frozen: off-site it must not look as if it moved") from None
    frozen.take_mark(file, lambda db: _note(db, now_ms, "thawed"))
    return True


def _thaw_anew(settings: Settings, file: Path, now_ms: int) -> None:
    """Whatever became of the copies: nobody else has the life that begins here."""
    try:
        with in_use.alone(settings.data):
            (settings.data / HANDED_OVER).unlink(missing_ok=True)
            before = life.remembered(settings.data)

            def begin(db: sqlite3.Connection) -> None:
                life.begin_new_life(db, now_ms, before["seq"] if before else 0)
                _note(db, now_ms, "thawed")

            frozen.take_mark(file, begin)
            with closing(connect_reader(file)) as db:
                epoch = db.execute("SELECT value FROM meta WHERE name = 'epoch'").fetchone()[0]
                seq = db.execute("SELECT seq FROM counter").fetchone()[0]
            life.remember(settings.data, epoch, seq)
    except in_use.CannotOpen as error:
        raise NotMoved(str(error)) from None


def _check_nobody_took_over(settings: Settings, token: str) -> None:
    """The replica's last word must be our own freeze. Raises NotMoved."""
    way_out = "If it is certain that no other machine serves it: stop the server here, then roadbook thaw --new-life"
    scratch = settings.data / ".thawing"
    try:
        shutil.rmtree(scratch, ignore_errors=True)
        scratch.mkdir(mode=0o700)
        file = fetch.fetch(settings.replica.database, scratch)
        with closing(check.open_still(file)) as db:
            mark = frozen.mark_of(db)
    except (fetch.NotFetched, sqlite3.Error, OSError) as error:
        raise NotMoved(f"it cannot be seen whether another machine took over: {error}. {way_out}") from None
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    if mark is None or mark.token != token:
        raise NotMoved(f"another machine has taken this firm over: it goes on there. {way_out}")


# --- the replica ---------------------------------------------------------------------------------------


def is_followed(home: Path) -> bool:
    """Whether a replicator runs for the firms in this folder."""
    with _replicators_lock(home) as is_ours:
        return not is_ours


def wait_off_site(settings: Settings, file: Path, patience_s: float) -> None:
    """Until all that is in the file is off-site: by the replicator, or where none runs by ourselves. Raises
    NotReplicated."""
    until = time.monotonic() + patience_s
    while True:
        try:
            with _replicators_lock(settings.home) as is_ours:
                if is_ours:
                    _upload(settings, file)
                    return
            asyncio.run(litestream.barrier(settings.home, file))
            return
        except claim.Others:
            raise
        except NotReplicated:
            if time.monotonic() > until:
                raise
            time.sleep(0.5)


async def _bring_files(settings: Settings) -> None:
    """Those of attachments that are not off-site yet, whether or not a server is bringing them, too. Raises
    Unreachable."""
    store = Store(settings.data / "attachments")
    with closing(connect_reader(settings.data / "roadbook.db")) as db:
        named = [row[0] for row in db.execute("SELECT hash FROM stored_file")] if _has_files(db) else []
    if not named:
        return
    async with opened(settings.replica.attachments) as away:
        there = await away.names()
        for hash in named:
            if hash not in there and store.has(hash):
                content = store.path(hash).read_bytes()
                if hash_of(content) == hash:  # what is damaged here would look whole there
                    await away.put(hash, content)


def _has_files(db: sqlite3.Connection) -> bool:
    """A database from before there were any has no such table."""
    return db.execute("SELECT 1 FROM sqlite_master WHERE name = 'stored_file'").fetchone() is not None


def tell_replica(settings: Settings, file: Path) -> bool:
    """Whether the replica's last word is now this machine's."""
    try:
        wait_off_site(settings, file, patience_s=30)
        return True
    except NotReplicated:
        return False


def _upload(settings: Settings, file: Path) -> None:
    """Once, and to see that it came; never over what the replicator would not write over. Raises NotReplicated."""
    scratch = settings.data / ".uploading"
    claim.check_claim(file, settings.replica.database)
    try:
        shutil.rmtree(scratch, ignore_errors=True)
        scratch.mkdir(mode=0o700)
        _change(file)
        before = fetch.last_transaction(settings.replica.database, scratch)
        said = fetch.run(settings.replica.database, scratch, "replicate", "-once", file=file)
        if said.returncode != 0:
            raise NotReplicated(litestream.in_words(said.stderr.strip()))
        if fetch.last_transaction(settings.replica.database, scratch) <= before:
            raise NotReplicated("nothing came to the replica: start the replicator, and try again")
    except (fetch.NotFetched, OSError) as error:
        raise NotReplicated(str(error)) from None
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _change(file: Path) -> None:
    """Something new to upload, so that one can see that it was."""
    db = connect_writer(file)
    try:
        db.execute(
            "INSERT INTO meta (name, value) VALUES ('uploaded', ?) ON CONFLICT DO UPDATE SET value = excluded.value",
            (str(time.time_ns()),),
        )
    finally:
        db.close()


@contextmanager
def _replicators_lock(home: Path) -> Iterator[bool]:
    """Whether it is free, and then ours meanwhile."""
    lock = os.open(home / litestream.LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        is_ours = True
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            is_ours = False
        yield is_ours
    finally:
        os.close(lock)


def _copy(settings: Settings, now_ms: int) -> Path:
    settings.copies.mkdir(mode=0o700, parents=True, exist_ok=True)
    to = settings.copies / f"moving-{now_ms}.db"
    copies.make(_file(settings), to)
    return to


def _file(settings: Settings) -> Path:
    file = settings.data / "roadbook.db"
    if not file.exists():
        raise NotMoved(f"there is no firm in {settings.data}")
    return file


def _note(db: sqlite3.Connection, now_ms: int, action: str) -> None:
    with suppress(sqlite3.OperationalError):  # a database from before there was an audit log
        audit.note(db, now_ms, "", "", action)
