"""Connections to a firm's SQLite file, and their settings, in one place.

`sqlite3` here is the module sqlite-utils uses: pysqlite3 where a wheel exists, because Python's own
build may carry the WAL-reset bug (see `server/doctor/machine.py`).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from sqlite_utils.utils import sqlite3

from web import sql_functions

__all__ = ["connect_reader", "connect_writer", "let_go", "sqlite3", "wall_clock_ms"]

# A commit of the writer empties every reader's cache, so that a large one would be filled for nothing; the map is
# what the operating system holds anyway.
READER_CACHE_KB, WRITER_CACHE_KB = 8_192, 65_536
MAP_BYTES = 64 * 2**20


def wall_clock_ms() -> int:
    return time.time_ns() // 1_000_000


def connect_writer(path: Path, clock: Callable[[], int] = wall_clock_ms) -> sqlite3.Connection:
    """The one connection that writes. Autocommit: the writer issues BEGIN and COMMIT itself.

    Its SQL may ask for the firm's time, in milliseconds: clock_ms().
    """
    connection = _connect(path.absolute().as_uri(), WRITER_CACHE_KB)
    connection.create_function("clock_ms", 0, clock)
    connection.execute("PRAGMA journal_mode = WAL")
    # FULL: an acknowledged edit is on the disk, not only in the WAL's page cache.
    connection.execute("PRAGMA synchronous = FULL")
    return connection


def connect_reader(path: Path) -> sqlite3.Connection:
    """A connection that only reads. `query_only` would forbid the TEMP tables that carry the scope."""
    return _connect(f"{path.absolute().as_uri()}?mode=ro", READER_CACHE_KB)


def let_go(connection: sqlite3.Connection) -> None:
    """Free what a connection at rest has cached and mapped; it comes back with the next use."""
    for pragma in ("shrink_memory", "mmap_size = 0", f"mmap_size = {MAP_BYTES}"):
        with suppress(sqlite3.Error):  # a disk that fails now is a matter for whoever writes next
            connection.execute(f"PRAGMA {pragma}").close()


def _connect(uri: str, cache_kb: int) -> sqlite3.Connection:
    connection = sqlite3.connect(uri, uri=True, isolation_level=None, check_same_thread=False, cached_statements=512)
    connection.row_factory = sqlite3.Row
    # First of all: everything after it may already meet a lock.
    connection.execute("PRAGMA busy_timeout = 10000")
    connection.execute("PRAGMA temp_store = MEMORY")
    connection.execute(f"PRAGMA cache_size = -{cache_kb}")
    connection.execute(f"PRAGMA mmap_size = {MAP_BYTES}")
    sql_functions.register(connection)
    return connection
