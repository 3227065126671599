"""One firm: its folder, its file, its writer, its readers. Everything else hangs on it.

There are no global handles, so that one process can serve several firms.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

from sqlite_utils import Database

from . import disk, life, scope, views
from .backup import in_use
from .backup.files import FilesAway, FilesHere
from .backup.frozen import is_frozen
from .database import connect_reader, connect_writer, sqlite3, wall_clock_ms
from .live import Hub
from .migrations import migrations, unknown_names
from .offsite import NoReplica, Offsite
from .readers import Readers, Shelf
from .watching.measures import Measures
from .writer import Job, Writer

DEFAULT_TIMEZONE = "Asia/Shanghai"

# Threads that make answers for devices.  More would not be faster: they take turns in one interpreter, and each
# turn is taken from the writer and from whoever waits for a page.
PULL_THREADS = 3


class Room:
    """What the firms of one process share, so that each is cheap: idle readers, and threads that answer devices.

    most_threads: as many as one firm may use at once, and a few more where there are several.
    """

    def __init__(self, most_threads: int = PULL_THREADS) -> None:
        self.shelf = Shelf()
        self.pull_threads = ThreadPoolExecutor(most_threads, thread_name_prefix="pull")

    def close(self) -> None:
        self.pull_threads.shutdown(cancel_futures=True)


class Firm:
    """path: the firm's folder; its database is `roadbook.db` in it. room: whose else it is; left out, its own.

    Bucket changes that a writer job makes are noted in `touched` (writer thread only) and reach the
    hub of open event streams after the commit.
    """

    def __init__(
        self, path: Path, clock: Callable[[], int] = wall_clock_ms, room: Room | None = None
    ) -> None:
        self.path = path
        self.clock = clock
        self.touched: set[tuple[str, str]] = set()
        # What `holding` has decided for a person and the writer may not have kept yet.
        self.decided: dict[str, object] = {}
        self.hub = Hub()
        self.measures = Measures()
        # Replaced by whatever copies the file to another place.
        self.offsite: Offsite = NoReplica()
        self.files: FilesHere | FilesAway = FilesHere()
        self._file = path / "roadbook.db"
        self._lock = in_use.share(path)
        try:
            self._writing = _open(self._file, lambda: self.clock())
        except BaseException:
            self._lock.close()
            raise
        self.writer = self._writer = Writer(self._writing, self._after_commit, is_frozen)
        # Apart for people who see many accounts: a reader that changes from one kind to the other makes all its
        # views anew, 7 ms.
        self._own_room = None if room else Room()
        self._room = room or self._own_room
        shelf = self._room.shelf
        self._readers = {is_broad: Readers(self._scoped_reader, shelf) for is_broad in (False, True)}
        self._is_broad: dict[str, bool] = {}
        self._lookers = Readers(lambda: connect_reader(self._file), shelf, keeps_one=True)
        self._turns = asyncio.Semaphore(PULL_THREADS)
        try:
            self._begin()
        except BaseException:
            self._let_go()
            raise

    @classmethod
    def open(cls, path: Path, clock: Callable[[], int] = wall_clock_ms, room: Room | None = None) -> Firm:
        """Open a firm's folder, making it when it is new. Raises CannotOpen."""
        path = Path(path)
        try:
            # For nobody else of this machine to look into; one that is there keeps what it has.
            path.mkdir(0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise in_use.CannotOpen(f"{path} cannot be made: {disk.why_not_made(path, error)}") from None
        try:
            return cls(path, clock, room)
        except (OSError, sqlite3.Error) as error:
            # Nothing is damaged then: the same start goes well when the cause is gone.
            if found := disk.trouble(path, error):
                raise in_use.CannotOpen(f"{path} cannot be written to: {found}") from None
            raise

    def _begin(self) -> None:
        """What is written before anything is served."""
        self.write_now(lambda db: life.notice_restore(db, self.path, self.clock()))
        self.epoch = self.write_now(_epoch)
        self.remember_life()
        self.timezone = self.write_now(lambda db: _meta_default(db, "timezone", DEFAULT_TIMEZONE))

    async def write(self, job: Job) -> object:
        """Run a job in the writer; returns its result once it is durable."""
        return await asyncio.wrap_future(self._writer.submit(job))

    def write_now(self, job: Job) -> object:
        """The same for code outside the event loop. Not for what a device waits for: few threads serve thousands."""
        return self._writer.submit(job).result()

    def write_later(self, job: Job) -> None:
        """Run a job in the writer and wait for nothing: for what can be found out again where it fails."""
        self._writer.submit(job)

    async def pull(self, work: Callable[[], object]) -> object:
        """Do a piece of work for a device's sync: a thousand devices that come back at once wait in a queue here,
        and nobody's page waits behind them, nor another firm's devices."""
        async with self._turns:
            return await asyncio.get_running_loop().run_in_executor(self._room.pull_threads, work)

    @contextmanager
    def read(self, user_id: str) -> Iterator[sqlite3.Connection]:
        """A reader that sees exactly what this person may see, at one moment."""
        with self._readers[self._is_broad.get(user_id, False)].lend() as connection:
            self._is_broad[user_id] = views.look_as(connection, user_id)
            connection.execute("BEGIN")
            try:
                yield connection
            finally:
                connection.execute("ROLLBACK")

    @contextmanager
    def look(self) -> Iterator[sqlite3.Connection]:
        """A reader of everything: for sign-in, administration and background work only."""
        with self._lookers.lend() as connection:
            yield connection

    def begin_new_life(self) -> str:
        """This database was put back from a copy: every device notices, and brings what it lost. Returns the epoch."""
        self.epoch = self.write_now(lambda db: life.begin_new_life(db, self.clock()))
        self.remember_life()
        return self.epoch

    def remember_life(self) -> None:
        """Note beside the file how far it has come, so that an older copy in its place is noticed."""
        with self.look() as connection:
            seq = connection.execute("SELECT seq FROM counter").fetchone()[0]
        life.remember(self.path, self.epoch, seq)

    def close(self) -> None:
        # Without room on the disk the older note stays, and is good.
        with suppress(OSError, sqlite3.Error):
            self.remember_life()
        self._let_go()

    def _let_go(self) -> None:
        if self._own_room:
            self._own_room.close()
        for readers in (*self._readers.values(), self._lookers):
            readers.close()
        # Last of all: only the last connection to close empties and removes the WAL.
        self._writer.close()
        self._lock.close()

    def _scoped_reader(self) -> sqlite3.Connection:
        connection = connect_reader(self._file)
        views.prepare(connection)
        return connection

    def keep_log(self, pages: int) -> None:
        """Leave what is written in the write-ahead log until it has so many pages: somebody else moves it."""
        self._writing.execute(f"PRAGMA wal_autocheckpoint = {int(pages)}").close()

    def _after_commit(self) -> None:
        if self.touched:
            touched, self.touched = self.touched, set()
            self.hub.poke(scope.members(self._writing, touched))


def _open(file: Path, clock: Callable[[], int]) -> sqlite3.Connection:
    """The connection that writes, on a file in this version's shape. Raises CannotOpen."""
    try:
        writing = connect_writer(file, clock)
        newer = unknown_names(writing)
    except sqlite3.DatabaseError as error:
        if found := disk.trouble(file.parent, error):
            raise in_use.CannotOpen(f"{file} cannot be opened: {found}") from None
        raise in_use.CannotOpen(
            f"{file} cannot be opened ({error}). roadbook doctor looks into it; roadbook restore puts a copy in place"
        ) from None
    try:
        if newer:
            raise in_use.CannotOpen(
                f"{file} is of a newer Roadbook (it has {newer[-1]}), and was left as it is: install that version again"
            )
        migrations.apply(Database(writing, execute_plugins=False))
    except BaseException:
        writing.close()
        raise
    return writing


def _epoch(db: sqlite3.Connection) -> str:
    """The name of this database's life; a restored copy is given a new one."""
    return _meta_default(db, "epoch", secrets.token_hex(8))


def _meta_default(db: sqlite3.Connection, name: str, value: str) -> str:
    db.execute("INSERT INTO meta (name, value) VALUES (?, ?) ON CONFLICT DO NOTHING", (name, value))
    return db.execute("SELECT value FROM meta WHERE name = ?", (name,)).fetchone()[0]
