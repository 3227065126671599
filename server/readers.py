"""Open connections that read, lent and given back: few, with warm caches, whoever comes."""

from __future__ import annotations

import queue
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from .database import sqlite3

# Readers that stay open in one pool, each with a cache of its own.
MOST_READERS = 6


class Readers:
    """open_one: makes a new one, ready to be lent."""

    def __init__(self, open_one: Callable[[], sqlite3.Connection]) -> None:
        self._open_one = open_one
        # Last in, first out: the reader that was used last has the warmest cache.
        self._idle: queue.LifoQueue[sqlite3.Connection] = queue.LifoQueue(MOST_READERS)

    @contextmanager
    def lend(self) -> Iterator[sqlite3.Connection]:
        try:
            connection = self._idle.get_nowait()
        except queue.Empty:
            connection = self._open_one()
        try:
            yield connection
        finally:
            try:
                self._idle.put_nowait(connection)
            except queue.Full:
                connection.close()

    def close(self) -> None:
        """Those that are lent close by themselves when nobody has them any more."""
        while not self._idle.empty():
            self._idle.get().close()
