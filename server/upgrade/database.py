"""A firm's database before an upgrade, and the way back to it: `python -m server.upgrade.database STEP FOLDER …`.

Runs as whoever owns the firm's folder, while nobody serves it (but for `rehearse` and `finish`).  A copy that an
upgrade may go back to is never opened for writing and never moved: going back, cut short, is done again from its
beginning.  Once it is done, people work with what was put back, and it is never put back a second time.
"""

from __future__ import annotations

import fcntl
import filecmp
import json
import os
import shutil
import sys
import time
from contextlib import closing, suppress
from pathlib import Path

from server import audit, life
from server.backup import in_use, mending
from server.backup.check import NotUsable, check, open_still
from server.backup.frozen import is_frozen
from server.backup.scratch import emptied
from server.backup.state import write_whole
from server.database import connect_reader, connect_writer, sqlite3

from . import result, trial
from .result import Failed

NAME = "roadbook.db"
SCRATCH = ".upgrade"
KEPT, ASIDE = "before-upgrade", "after-upgrade"
# Beside what was set aside, once going back was done: what came of it.
DONE = "put-back.json"
FICLONE = 0x40049409


def rehearse(folder: Path) -> dict:
    """Let this release's code change a copy, and answer from it. The firm is being served meanwhile, and untouched."""
    from .rehearsal import answers

    if not (folder / NAME).exists():
        return {"rows": 0, "seconds": 0}  # nobody has ever opened it
    with emptied(folder / SCRATCH) as scratch:
        with closing(connect_reader(folder / NAME)) as db:
            db.execute("VACUUM INTO ?", (str(scratch / NAME),))
        _let_write(scratch / NAME)
        before = _checked(scratch / NAME, folder)
        began = time.monotonic()
        answers(scratch)
        seconds = time.monotonic() - began
        after = check(scratch / NAME)
    lost = [name for name, rows in before.rows.items() if after.rows.get(name, 0) < rows]
    if lost:
        raise Failed(f"the new release would lose rows of {', '.join(lost)} in {folder}. Nothing was changed")
    return {"rows": sum(before.rows.values()), "seconds": seconds}


def keep(folder: Path, name: str, newer: str, lasts_s: str = "0") -> dict:
    """Copy the file, with nothing of it left in a write-ahead log, and begin the trial. name: of the release in use."""
    file, kept = folder / NAME, _kept(folder, name)
    if not file.exists():
        return {"seq": 0, "bytes": 0}
    with in_use.alone(folder):
        seq = _settle(file)
        shutil.rmtree(kept.parent, ignore_errors=True)
        kept.parent.mkdir(parents=True, mode=0o700)
        _copy(file, kept)
        _clear_aside(folder, newer)
        trial.begin(folder, seq, float(lasts_s))
        _tidy(folder)
    return {"seq": seq, "bytes": file.stat().st_size}


def put_back(folder: Path, name: str, newer: str) -> dict:
    """The copy takes its place again, and what the newer release wrote lies aside. May be cut short and done again."""
    kept, aside = _kept(folder, name), folder / ASIDE / newer / NAME
    if not kept.exists():
        trial.end(folder)
        return {"written": 0}
    done = aside.with_name(DONE)
    if not done.exists():
        with in_use.alone(folder):
            write_whole(done, _put_back(folder, kept, aside))
    trial.end(folder)
    return json.loads(done.read_text("utf-8"))


def _put_back(folder: Path, kept: Path, aside: Path) -> dict:
    if aside.exists() and _was_written_to(folder / NAME, kept, aside):
        # Cut short after the copy was in its place, and the machine was switched on meanwhile.
        _clear_aside(folder, aside.parent.name)
    if not aside.exists():
        _set_aside(folder / NAME, aside)
    logs = [where.with_name(NAME + "-wal") for where in (folder / NAME, aside)]
    before, after = _end_of(kept), _end_of(aside, *logs)
    if before is None or before != after:
        # Devices know of what the copy lacks, and must be told that it is gone from here.
        remembered = life.remembered(folder)
        life.remember(folder, "", max(after or 0, remembered["seq"] if remembered else 0))
    with emptied(folder / SCRATCH) as scratch:
        _copy(kept, scratch / NAME)
        for log in ("-wal", "-shm"):
            with suppress(FileNotFoundError):
                os.replace(folder / (NAME + log), aside.with_name(NAME + log))
        os.replace(scratch / NAME, folder / NAME)
        _flush(folder)
    # What went off-site meanwhile is of a file that is gone from here.
    mending.ask_anew(folder / NAME)
    _note(folder / NAME, "restored", {"seq": before or 0})
    return {"written": _written_since(aside, before), "aside": str(aside)}


def _was_written_to(file: Path, kept: Path, aside: Path) -> bool:
    """Whether this is neither what lies aside already, nor the copy as it was put in its place."""
    if not file.exists() or file.samefile(aside):
        return False
    here = _end_of(file, file.with_name(NAME + "-wal"))
    return here is None or here != _end_of(kept)


def finish(folder: Path, *names: str) -> dict:
    """The new release is here to stay, or was never used. names: of the earlier and the new one where it is."""
    trial.end(folder)
    shutil.rmtree(folder / SCRATCH, ignore_errors=True)
    if names and (folder / NAME).exists():
        _note(folder / NAME, "upgraded", dict(zip(("before", "after"), names, strict=True)))
    return {}


def _note(file: Path, action: str, detail: dict) -> None:
    """In the audit log, where there is one that can be written to now: nothing else depends on it."""
    with suppress(sqlite3.Error), closing(connect_writer(file)) as db:
        if is_frozen(db):
            return
        db.execute("BEGIN IMMEDIATE")
        audit.note(db, time.time_ns() // 1_000_000, "", "", action, "", detail)
        db.execute("COMMIT")


def _checked(copy: Path, folder: Path):
    """What the copy holds. What is wrong with it is wrong with the firm's file."""
    try:
        return check(copy)
    except NotUsable as error:
        raise Failed(str(error).replace(str(copy.parent), str(folder))) from None


# --- files --------------------------------------------------------------------------------------------


def _kept(folder: Path, name: str) -> Path:
    return folder / KEPT / name / NAME


def _settle(file: Path) -> int:
    """Bring everything from the write-ahead log into the file. Returns how far it goes."""
    with closing(connect_writer(file)) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        seq = db.execute("SELECT seq FROM counter").fetchone()[0]
    log = file.with_name(NAME + "-wal")
    if log.exists() and log.stat().st_size:
        raise Failed(f"{file} is still open elsewhere, so that no whole copy can be made. End what has it open")
    return seq


def _copy(source: Path, target: Path) -> None:
    """The same bytes, on the disk, under their name only once they are whole."""
    new = target.with_name(target.name + ".new")
    with open(source, "rb") as reading, open(os.open(new, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as writing:
        try:  # file systems that can share what is the same: at once, and without room
            fcntl.ioctl(writing, FICLONE, reading.fileno())
            is_shared = True
        except OSError:
            shutil.copyfileobj(reading, writing, 2**22)
            is_shared = False
        writing.flush()
        os.fsync(writing.fileno())
    if not is_shared and not filecmp.cmp(source, new, shallow=False):
        raise Failed(f"{new} is not what was copied from {source}: is the disk damaged? Look at dmesg")
    os.replace(new, target)
    _flush(target.parent)


def _let_write(copy: Path) -> None:
    """A firm that was frozen for a move and lies here still must not keep the others from a new release."""
    with closing(sqlite3.connect(copy, isolation_level=None)) as db:
        db.execute("DELETE FROM meta WHERE name = 'frozen'")


def _clear_aside(folder: Path, newer: str) -> None:
    """What an earlier try with the same release has left gets another name: it must not be taken for this one's."""
    old = folder / ASIDE / newer
    if old.exists():
        number = 1
        while (free := old.with_name(f"{newer}-{number}")).exists():
            number += 1
        os.rename(old, free)


def _set_aside(file: Path, aside: Path) -> None:
    aside.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with suppress(sqlite3.Error, Failed):  # what cannot be read lies aside as it is, its log with it
        _settle(file)
    if file.exists():
        os.link(file, aside)
        _flush(aside.parent)


def _end_of(file: Path, *logs: Path) -> int | None:
    """How far a file goes that nobody has open; None where that cannot be read, or where more is in one of its logs."""
    if any(log.exists() and log.stat().st_size for log in logs):
        return None
    try:
        with closing(open_still(file)) as db:
            return db.execute("SELECT seq FROM counter").fetchone()[0]
    except (sqlite3.Error, OSError):
        return None


def _written_since(newer: Path, seq: int | None) -> int:
    """How many changes the newer file has beyond the copy; -1 where it cannot be read."""
    if seq is None:
        return -1
    try:
        with closing(open_still(newer)) as db:
            return db.execute("SELECT count(*) FROM history WHERE seq > ?", (seq,)).fetchone()[0]
    except (sqlite3.Error, OSError):
        return -1


def _tidy(folder: Path) -> None:
    """Of copies of earlier upgrades the newest one stays beside this one's; of what was set aside, too."""
    for name in (KEPT, ASIDE):
        kept = sorted((folder / name).glob("*"), key=lambda one: one.stat().st_mtime, reverse=True)
        for old in kept[2:]:
            shutil.rmtree(old, ignore_errors=True)


def _flush(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


STEPS = {"rehearse": rehearse, "keep": keep, "put-back": put_back, "finish": finish}


def main(step: str, folder: str, *names: str) -> int:
    try:
        print(result.told(STEPS[step](Path(folder), *names)))
        return 0
    except (Failed, NotUsable, in_use.CannotOpen) as error:
        print(result.failed(str(error)))
    except OSError as error:
        print(result.failed(f"{error.filename or folder}: {error.strerror}"))
    except sqlite3.Error as error:
        print(result.failed(f"the database in {folder}: {error}"))
    return 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
