"""The file of a firm in which nothing has happened yet: migrated once a run, then laid where tests open a firm."""

from __future__ import annotations

import tempfile
from functools import cache
from pathlib import Path

from sqlite_utils import Database

from server.database import connect_writer
from server.migrations import migrations


def lay_empty_file(folder: Path) -> Path:
    """Spare a test the twelve migrations, which take most of the time of opening a firm. Returns the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "roadbook.db"
    if not file.exists():
        file.write_bytes(_migrated())
    return folder


@cache
def _migrated() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "roadbook.db"
        connection = connect_writer(file)
        migrations.apply(Database(connection, execute_plugins=False))
        connection.close()
        return file.read_bytes()
