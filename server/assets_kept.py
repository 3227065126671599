"""Assets that an earlier start of the same code made: `python -m server.assets_kept` makes them ahead of the first.

Compiling and packing them takes seconds of a small machine, reading them next to nothing; and what is kept is packed
as well as can be.
"""

from __future__ import annotations

import json
import logging
import os
from contextlib import closing, suppress
from pathlib import Path

from server.assets import Asset, Assets
from server.database import sqlite3
from web.build import kept

log = logging.getLogger(__name__)

TABLES = """
CREATE TABLE made (build TEXT NOT NULL, precache TEXT NOT NULL);
CREATE TABLE asset (
  address TEXT PRIMARY KEY, body BLOB NOT NULL, type TEXT NOT NULL, etag TEXT NOT NULL, cache TEXT NOT NULL
);
CREATE TABLE packed (address TEXT NOT NULL, encoding TEXT NOT NULL, body BLOB NOT NULL);
"""


def ready() -> Assets:
    """As they were kept, or else made now."""
    file = kept.path()
    if file.exists():
        try:
            return _read(file)
        except sqlite3.Error as error:
            log.warning("%s cannot be read (%s) and is made anew", file, error)
            with suppress(OSError):
                file.unlink()
    return Assets()


def finish(assets: Assets) -> None:
    """Pack them as well as can be, and keep them for the next start of the same code where that may be written."""
    assets.pack_better()
    if not (file := kept.path()).exists():
        _keep(file, assets)


def _keep(file: Path, assets: Assets) -> None:
    """Whole or not at all; what other code kept goes."""
    coming = file.with_suffix(f".{os.getpid()}")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        _write(coming, assets)
        os.replace(coming, file)
        for other in file.parent.iterdir():
            if other != file:
                other.unlink(missing_ok=True)
    except (OSError, sqlite3.Error):
        with suppress(OSError):
            coming.unlink(missing_ok=True)


def _read(file: Path) -> Assets:
    with closing(sqlite3.connect(f"{file.as_uri()}?mode=ro&immutable=1", uri=True)) as db:
        [(build, precache)] = db.execute("SELECT build, precache FROM made")
        packed: dict[str, dict[str, bytes]] = {}
        for address, encoding, body in db.execute("SELECT address, encoding, body FROM packed ORDER BY rowid"):
            packed.setdefault(address, {})[encoding] = body
        rows = db.execute("SELECT address, body, type, etag, cache FROM asset")
        by_address = {address: Asset(body, packed.get(address, {}), *rest) for address, body, *rest in rows}
    return Assets.of(build, json.loads(precache), by_address)


def _write(file: Path, assets: Assets) -> None:
    file.unlink(missing_ok=True)
    with closing(sqlite3.connect(file)) as db, db:
        db.executescript(TABLES)
        db.execute("INSERT INTO made VALUES (?, ?)", (assets.build, json.dumps(assets.precache)))
        for address, asset in assets.by_address.items():
            db.execute(
                "INSERT INTO asset VALUES (?, ?, ?, ?, ?)", (address, asset.body, asset.type, asset.etag, asset.cache)
            )
            packed = [(address, encoding, body) for encoding, body in asset.packed.items()]
            db.executemany("INSERT INTO packed VALUES (?, ?, ?)", packed)


if __name__ == "__main__":
    finish(ready())
