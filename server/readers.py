"""Open connections that read, lent and given back: few, with warm caches, whoever comes.

A reader costs a megabyte and more. What lies idle is counted over all firms of a process: the reader that was idle
longest is closed, whosoever it is.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from .database import sqlite3

# Readers that stay open in one pool, each with a cache of its own.
MOST_READERS = 6
# And in a process.  One firm has three pools.
MOST_IDLE = 48


class Shelf:
    """The idle readers of a process, of every pool, those that were used last at the end."""

    def __init__(self, most: int = MOST_IDLE) -> None:
        self._most = most
        self._idle: list[tuple[Readers, sqlite3.Connection]] = []
        self._lock = threading.Lock()

    def take(self, pool: Readers) -> sqlite3.Connection | None:
        """The pool's reader that was used last: it has the warmest cache."""
        with self._lock:
            for place in reversed(range(len(self._idle))):
                if self._idle[place][0] is pool:
                    return self._idle.pop(place)[1]
        return None

    def put(self, pool: Readers, connection: sqlite3.Connection) -> None:
        with self._lock:
            self._idle.append((pool, connection))
            mine = [place for place, (owner, _) in enumerate(self._idle) if owner is pool]
            is_full = len(self._idle) > self._most
            gone = self._idle.pop(0 if is_full else mine[0]) if is_full or len(mine) > pool.most_idle else None
        if gone:
            gone[1].close()

    def clear(self, pool: Readers) -> None:
        with self._lock:
            gone = [connection for owner, connection in self._idle if owner is pool]
            self._idle = [(owner, connection) for owner, connection in self._idle if owner is not pool]
        for connection in gone:
            connection.close()

    def __len__(self) -> int:
        return len(self._idle)


class Readers:
    """open_one: makes a new one, ready to be lent.  keeps_one: one stays open beside the shelf, for what asks again
    and again all day."""

    def __init__(self, open_one: Callable[[], sqlite3.Connection], shelf: Shelf, keeps_one: bool = False) -> None:
        self._open_one = open_one
        self._shelf = shelf
        self._keeps_one = keeps_one
        self.most_idle = MOST_READERS - 1 if keeps_one else MOST_READERS
        self._kept: list[sqlite3.Connection] = []
        self._lock = threading.Lock()

    @contextmanager
    def lend(self) -> Iterator[sqlite3.Connection]:
        connection = self._take()
        try:
            yield connection
        finally:
            self._give_back(connection)

    def _take(self) -> sqlite3.Connection:
        with self._lock:
            if self._kept:
                return self._kept.pop()
        return self._shelf.take(self) or self._open_one()

    def _give_back(self, connection: sqlite3.Connection) -> None:
        if not self._keeps_one:
            self._shelf.put(self, connection)
            return
        with self._lock:
            before, self._kept = self._kept, [connection]
        for one in before:
            self._shelf.put(self, one)

    def close(self) -> None:
        """Those that are lent close by themselves when nobody has them any more."""
        with self._lock:
            kept, self._kept = self._kept, []
        for connection in kept:
            connection.close()
        self._shelf.clear(self)
