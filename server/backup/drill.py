"""The daily proof that the firm can be restored: its replica is fetched, read to its end, and held against the firm.

Done beside the server's work and in nobody's way, in a scratch folder that is removed afterwards.  Where there is no
replica the newest copy is proven instead.  The firm itself is only read.
"""

from __future__ import annotations

import shutil
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from server.config import Settings
from server.database import connect_reader, sqlite3
from sync.entities import ENTITIES

from . import check, copies, fetch, mending, quiet, state
from .check import Found, Newer, NotUsable

SCRATCH = ".drill"


class Failed(Exception):
    """What would have been restored is not the firm; the message says why and what to do."""


@dataclass(frozen=True)
class Drill:
    """words: what was proven, or why it was not."""

    ok: bool
    words: str
    way_out: str
    seconds: float
    rows: int = 0


def run(settings: Settings, now_ms: int, safe_seq: int | None = None) -> Drill:
    """safe_seq: what devices were told is off-site: it must be there. Notes what came of it."""
    begun = time.monotonic()
    scratch = settings.data / SCRATCH
    more: dict = {}
    try:
        shutil.rmtree(scratch, ignore_errors=True)
        scratch.mkdir(mode=0o700)
        file, source = _fetch(settings, scratch)
        found = check.check(file)
        _hold_against(settings.data / "roadbook.db", file, found, safe_seq)
        rows = sum(found.rows.values())
        more = {"seq": found.seq, "rows": found.rows, "bytes": found.bytes}
        drill = Drill(True, f"{source} is whole and holds what the firm holds: {rows:,} rows", "", 0, rows)
    except (Failed, NotUsable, fetch.NotFetched, quiet.NoRoom) as error:
        drill = Drill(False, str(error), _way_out(error, _begins_anew(settings, error)), 0)
    except (OSError, sqlite3.Error) as error:
        drill = Drill(False, f"it could not be tried: {error}", "roadbook doctor looks at disk and folder", 0)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    seconds = time.monotonic() - begun
    with suppress(OSError):  # where nothing can be written, what is there grows old and says so
        state.write(settings.data, state.DRILL, now_ms, drill.ok, drill.words, drill.way_out, seconds, **more)
    return Drill(drill.ok, drill.words, drill.way_out, seconds, drill.rows)


def _fetch(settings: Settings, scratch: Path) -> tuple[Path, str]:
    if settings.replica is None:
        copy = copies.newest(settings.copies)
        if copy is None:
            raise Failed(f"there is neither a replica nor a copy in {settings.copies}: nothing could be restored")
        return copy.file, str(copy.file)
    database = settings.data / "roadbook.db"
    quiet.need_room(settings.data, int(1.2 * database.stat().st_size))
    return fetch.fetch(settings.replica.database, scratch), str(settings.replica)


def _hold_against(live: Path, file: Path, found: Found, safe_seq: int | None) -> None:
    """Every row that has not changed since is in what was fetched, and nothing is in it that the firm never had."""
    db = connect_reader(live)
    try:
        db.execute("ATTACH ? AS copy", (f"{file.absolute().as_uri()}?immutable=1",))
        db.execute("BEGIN")
        epoch = db.execute("SELECT value FROM main.meta WHERE name = 'epoch'").fetchone()[0]
        if epoch != found.epoch:
            raise Failed("what is kept off-site is of an earlier life of this firm")
        if safe_seq is not None and found.seq < safe_seq:
            raise Failed(f"what is kept off-site ends at {found.seq}, and {safe_seq} was said to be there")
        for entity in ENTITIES:
            _compare(db, entity.name, found)
        db.execute("ROLLBACK")
    finally:
        db.close()


def _compare(db: sqlite3.Connection, name: str, found: Found) -> None:
    if name not in found.rows:
        return
    expected = db.execute(f"SELECT count(*) FROM main.{name} WHERE version <= ?", (found.seq,)).fetchone()[0]
    there = db.execute(
        f"SELECT count(*) FROM main.{name} AS live JOIN copy.{name} AS copied"
        " ON copied.id = live.id AND copied.version = live.version WHERE live.version <= ?",
        (found.seq,),
    ).fetchone()[0]
    strange = db.execute(
        f"SELECT count(*) FROM copy.{name} AS copied WHERE copied.deleted = 0"
        f" AND NOT EXISTS (SELECT 1 FROM main.{name} AS live WHERE live.id = copied.id)"
    ).fetchone()[0]
    if expected != there or strange:
        raise Failed(
            f"of {expected:,} rows of {name} {there:,} are in what would be restored"
            + (f", and {strange:,} that the firm does not have" if strange else "")
        )


def _begins_anew(settings: Settings, error: Exception) -> bool:
    """Whether the replica is damaged, and the replicator was asked for a whole one: what lies there stays for whoever
    restores an earlier moment."""
    if settings.replica is None or not isinstance(error, NotUsable) or isinstance(error, Newer):
        return False
    with suppress(OSError):
        mending.ask_anew(settings.data / "roadbook.db")
        return True
    return False


def _way_out(error: Exception, begins_anew: bool) -> str:
    if begins_anew:
        return "the replicator begins it anew with a whole snapshot by itself; in some minutes: roadbook drill"
    if isinstance(error, quiet.NoRoom):
        return "make room on the disk: what cannot be tried may not work"
    return "roadbook drill tries it again, roadbook doctor looks at the replica; meanwhile: roadbook backup"
