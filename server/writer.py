"""The single writer of one firm's file: jobs in, one durable transaction for many of them.

Jobs wait in a queue; the thread takes those that wait (at most MOST_JOBS, and what is done in MOST_S), runs each in a
savepoint of its own and commits them together, so that a slow disk is paid for once.  A job's caller hears of
success only after the commit.  A job that raises is undone alone.

A job that waits alone needs no savepoint, and large ones (imports) must not have one: inside a savepoint
each statement that fires a trigger makes SQLite copy pages into a journal that it walks from its start, so
that 40,000 rows took 8 s instead of 0.6.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future

from .database import let_go, sqlite3

MOST_JOBS = 256
# A commit costs milliseconds: nobody whose job is done should wait much longer for those of a crowd.
MOST_S = 0.1
# After so long without a job what the connection has cached is let go of: of hundreds of firms few are at work.
REST_AFTER_S = 10

log = logging.getLogger(__name__)

Job = Callable[[sqlite3.Connection], object]


class Frozen(Exception):
    """The firm is being moved to another machine: nothing may be written here any more."""

    def __str__(self) -> str:
        return (
            "this firm is frozen, because it is being moved: it can be read, and nothing is written."
            " To go on here: roadbook thaw"
        )


class Writer:
    """Read by whoever watches: taken, waited_s (jobs so far, how long they waited together), longest_wait_s (of all),
    trouble (why the last transaction failed, '' where it did not), busy_since (monotonic, 0 at rest)."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        after_commit: Callable[[], None] = lambda: None,
        is_frozen: Callable[[sqlite3.Connection], bool] = lambda connection: False,
    ) -> None:
        """is_frozen: asked in each transaction; jobs that then change something raise Frozen and are undone."""
        self._connection = connection
        self._after_commit = after_commit
        self._asks_frozen, self._is_frozen = is_frozen, False
        self._waiting: queue.SimpleQueue[tuple[Job, Future] | None] = queue.SimpleQueue()
        self.taken, self.waited_s, self.longest_wait_s, self.busy_since, self.trouble = 0, 0.0, 0.0, 0.0, ""
        self._thread = threading.Thread(target=self._run, name="writer", daemon=True)
        self._thread.start()

    def submit(self, job: Job) -> Future:
        """Queue a job; the future holds what it returned, once that is durable, or what it raised."""
        future: Future = Future()
        future.asked_at = time.monotonic()
        self._waiting.put((job, future))
        return future

    def waiting(self) -> int:
        return self._waiting.qsize()

    def is_alive(self) -> bool:
        return self._thread.is_alive()

    def close(self) -> None:
        """Finish what waits, then stop."""
        self._waiting.put(None)
        self._thread.join()
        self._connection.close()

    def _run(self) -> None:
        while item := self._next(wait=True):
            self.busy_since = time.monotonic()
            self._commit(item)
            self.busy_since = 0.0

    def _next(self, wait: bool) -> tuple[Job, Future] | None:
        """The next job that somebody still wants; None when there is none, or no more will come."""
        while True:
            try:
                item = self._wait() if wait else self._waiting.get_nowait()
            except queue.Empty:
                return None
            if item is None:
                if not wait:
                    self._waiting.put(None)  # for _run to find
                return None
            # From here on nobody can call it off: its outcome has to be told to somebody.
            if item[1].set_running_or_notify_cancel():
                waited_s = time.monotonic() - item[1].asked_at
                self.taken, self.waited_s = self.taken + 1, self.waited_s + waited_s
                self.longest_wait_s = max(self.longest_wait_s, waited_s)
                return item

    def _wait(self) -> tuple[Job, Future] | None:
        try:
            return self._waiting.get(timeout=REST_AFTER_S)
        except queue.Empty:
            let_go(self._connection)
        return self._waiting.get()

    def _commit(self, first: tuple[Job, Future]) -> None:
        """Run this job, and those that wait behind it, in one transaction."""
        batch, done = [first], []
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            self._is_frozen = self._asks_frozen(self._connection)
            if self._waiting.empty():
                job, future = first
                done.append((future, self._do(job)))
            else:
                self._run_batch(batch, done)
            self._connection.execute("COMMIT")
        except BaseException as error:  # the disk is full, the file is locked for good: nobody was told yes
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            if type(error) in (sqlite3.OperationalError, sqlite3.DatabaseError):
                self.trouble = str(error)
            for _, future in batch:
                if not future.done():
                    future.set_exception(error)
            return
        self.trouble = ""
        try:
            self._after_commit()
        except Exception:  # it is written: whoever waits is told so, and the next ones are served
            log.exception("what follows a commit failed")
        for future, result in done:
            future.set_result(result)

    def _run_batch(self, batch: list[tuple[Job, Future]], done: list[tuple[Future, object]]) -> None:
        """batch: the first job; grows with each that is taken, so that a failure of all reaches all."""
        until = time.monotonic() + MOST_S
        item: tuple[Job, Future] | None = batch[0]
        while item:
            self._run_one(*item, done)
            item = self._next(wait=False) if len(batch) < MOST_JOBS and time.monotonic() < until else None
            if item:
                batch.append(item)

    def _run_one(self, job: Job, future: Future, done: list[tuple[Future, object]]) -> None:
        self._connection.execute("SAVEPOINT job")
        try:
            result = self._do(job)
        except Exception as error:
            if not self._connection.in_transaction:
                raise  # SQLite gave the whole transaction up: a matter for the batch
            self._connection.execute("ROLLBACK TO job")
            self._connection.execute("RELEASE job")
            future.set_exception(error)
        else:
            self._connection.execute("RELEASE job")
            done.append((future, result))

    def _do(self, job: Job) -> object:
        before = self._connection.total_changes
        result = job(self._connection)
        if self._is_frozen and self._connection.total_changes != before:
            raise Frozen
        return result
