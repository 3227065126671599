"""Restoring a firm of 1 GB: from a folder, from S3, at a drill, and how long a copy takes. `make bench restore`."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path

from server.backup import copies, drill, moving, restore
from server.backup.restore import Source
from server.config import Settings, read_settings
from server.firm import Firm
from server.sample.bulk import fill
from tests.disaster.storage import in_bucket, in_folder, s3_server

from .figures import Figures

# Together about a gigabyte with their history.
ACCOUNTS, ACTIVITIES, PEOPLE = 60_000, 600_000, 50
GIGABYTE = 1_000_000_000
LIMIT_S = 20


def run(accounts: int = ACCOUNTS, activities: int = ACTIVITIES) -> None:
    figures = Figures("Restoring a firm of 1 GB")
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        made = folder / "made"
        made.mkdir()
        firm = Firm.open(made)
        fill(firm, accounts=accounts, activities=activities, people=PEOPLE)
        firm.close()
        grow(made / "roadbook.db", GIGABYTE)
        size = (made / "roadbook.db").stat().st_size / GIGABYTE
        figures.tell("size of the database", size, "GB")
        _measure(figures, "a folder", made, folder, in_folder(folder / "replica"))
        with s3_server(folder / "log") as port:
            _measure(figures, "S3 (moto, which serves from memory in Python)", made, folder, in_bucket(port, "firm"))


def grow(file: Path, to_bytes: int) -> None:
    """Longer reports of visits, of words, until the file is as large as that."""
    from server.database import connect_writer

    db = connect_writer(file)
    have, rows = file.stat().st_size, db.execute("SELECT count(*) FROM activity").fetchone()[0]
    more = max(0, (to_bytes - have) // max(1, rows))
    db.execute(
        "UPDATE activity SET body = coalesce(body, '') || substr(replace(hex(randomblob(?)), '0', ' '), 1, ?)",
        (more // 2 + 1, more),
    )
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    db.close()


def _measure(figures: Figures, where: str, made: Path, folder: Path, replica: dict[str, str]) -> None:
    data = folder / "data"
    shutil.rmtree(data, ignore_errors=True)
    shutil.copytree(made, data)
    settings = read_settings({"ROADBOOK_DATA": str(data), "ROADBOOK_URL": "http://localhost:8000"} | replica)
    took = _took(lambda: moving.wait_off_site(settings, data / "roadbook.db", 600))
    figures.tell(f"first replication to {where}", took, "s")
    done: list = []
    _took(lambda: done.append(drill.run(settings, _now_ms())))
    assert done[0].ok, done[0]
    figures.tell(f"drill from {where}", done[0].seconds, "s")
    shutil.rmtree(data)
    took = _took(lambda: restore.restore(settings, Source(), _now_ms()))
    figures.at_most(f"restore from {where}", took, LIMIT_S, "s")
    if settings.replica.kind == "file":
        _copy(figures, settings)


def _copy(figures: Figures, settings: Settings) -> None:
    with _removed(settings.copies):
        took = _took(lambda: copies.make_nightly(settings.data, settings.copies, _now_ms()))
        figures.tell("a copy, proven", took, "s")
        newest = copies.newest(settings.copies).file
        took = _took(lambda: restore.restore(settings, Source(newest), _now_ms()))
        figures.at_most("restore from a copy", took, LIMIT_S, "s")


@contextmanager
def _removed(folder: Path):
    try:
        yield
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _took(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def _now_ms() -> int:
    return int(time.time() * 1000)
