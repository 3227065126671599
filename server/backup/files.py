"""Files that outlive this machine: each that comes is brought to the replica's place, and from there back.

What is there is told by looking there, never by a note of ours: whatever was restored, or deleted there, counts as it
is.  A file is removed there only so long after it went here that no point in time that can be restored has it.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import time
from collections.abc import Coroutine, Iterable
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from server.attachments.store import NoRoom, Store, hash_of
from server.database import connect_reader

from .replica import Place
from .state import write_whole

if TYPE_CHECKING:
    # Loaded where it is used: what speaks SFTP and S3 takes long, and most commands need it not.
    from .file_places import FilePlace

AT_ONCE = 4
FIRST_WAIT_S, MOST_WAIT_S = 1, 300
# Without being told of anything: what was missed is found.
LOOK_EVERY_S = 60
LIST_EVERY_S = 86_400
# Longer than the replica goes back (30 days), counted from when the file went here.
KEPT_AWAY_MS = 40 * 86_400_000
GONE = "files-gone.json"

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class FilesPosition:
    """waiting: how many files are here only; oldest_ms: since when the oldest of them. error: why; '' for nothing."""

    waiting: int
    oldest_ms: int | None
    error: str


class FilesHere:
    """`firm.files` without a replica: waiting would be for ever, so what is here counts as safe."""

    def is_safe(self, hash: str) -> bool:
        return True

    def note(self) -> None:
        return

    def brings_back(self, hash: str) -> bool:
        return False

    async def settle(self, hashes: Iterable[str], most_s: float) -> bool:
        return True

    def position(self) -> FilesPosition | None:
        return None


class FilesAway:
    """`firm.files` with a replica. `run` lives in the app's event loop; all else may be called from any thread."""

    def __init__(self, firm, place: Place) -> None:
        self._firm, self._place = firm, place.attachments
        self._store = Store(firm.path / "attachments")
        self._there: set[str] | None = None
        self._missing: set[str] = set()
        self._error = ""
        self._loop: asyncio.AbstractEventLoop | None = None
        self._wanted = asyncio.Event()
        self._arrived = asyncio.Condition()

    def is_safe(self, hash: str) -> bool:
        return self._there is not None and hash in self._there

    def note(self) -> None:
        """A file came."""
        if self._loop is not None:
            with suppress(RuntimeError):  # the server is going down
                self._loop.call_soon_threadsafe(self._wanted.set)

    def brings_back(self, hash: str) -> bool:
        """A file is missing here: whether it may be away, and is fetched from there as soon as that is reached."""
        if self._there is not None and hash not in self._there:
            return False
        self._missing.add(hash)
        self.note()
        return True

    async def settle(self, hashes: Iterable[str], most_s: float) -> bool:
        """Wait until these are away; not at all while the place is known not to answer."""
        wanted = set(hashes)
        if self._loop is None or self._error:
            return False
        self.note()
        with suppress(TimeoutError):
            async with asyncio.timeout(most_s), self._arrived:
                await self._arrived.wait_for(lambda: bool(self._error) or all(map(self.is_safe, wanted)))
        return all(map(self.is_safe, wanted))

    def position(self) -> FilesPosition:
        waiting = self._waiting()
        return FilesPosition(len(waiting), min((row["stored_at_ms"] for row in waiting), default=None), self._error)

    async def run(self) -> None:
        """Bring what is not there, for as long as the server runs; slower and slower while that fails."""
        from .file_places import Unreachable, opened

        self._loop, wait_s = asyncio.get_running_loop(), FIRST_WAIT_S
        while True:
            try:
                async with opened(self._place) as away:
                    await self._keep_up(away)
                    wait_s = FIRST_WAIT_S
            except Unreachable as error:
                await self._failed(str(error))
            except NoRoom:
                await self._failed("there is no room on this disk for files that are missing here: make some")
            except Exception as error:  # this machine's own trouble: the next round may do better
                log.exception("files cannot be brought away")
                await self._failed(f"{type(error).__name__}: {error}")
            await asyncio.sleep(wait_s)
            wait_s = min(2 * wait_s, MOST_WAIT_S)

    async def _keep_up(self, away: FilePlace) -> None:
        """Until something fails, or the connection has nothing to do."""
        self._there = await away.names()
        listed_at = time.monotonic()
        await self._let_go(away)
        while time.monotonic() - listed_at < LIST_EVERY_S:
            self._wanted.clear()
            await self._bring(away, [row["hash"] for row in await asyncio.to_thread(self._waiting)])
            await self._fetch_missing(away)
            await self._tell("")
            try:
                async with asyncio.timeout(LOOK_EVERY_S):
                    await self._wanted.wait()
            except TimeoutError:
                if self._place.kind == "sftp":
                    return  # no connection is held for nothing

    async def _bring(self, away: FilePlace, hashes: list[str]) -> None:
        turns = asyncio.Semaphore(AT_ONCE)

        async def bring(hash: str) -> None:
            async with turns:
                content = await asyncio.to_thread(self._content, hash)
                if content is not None:
                    await away.put(hash, content)
                    self._there.add(hash)
                    await self._tell("")

        await _at_once(bring(hash) for hash in hashes)

    async def _fetch_missing(self, away: FilePlace) -> None:
        """What is not there either is looked for no more: devices that have it are asked for it."""
        while self._missing:
            hash = self._missing.pop()
            try:
                if await _fetch(self._store, away, hash) is None:
                    self._there.discard(hash)
            except BaseException:
                self._missing.add(hash)
                raise

    def _content(self, hash: str) -> bytes | None:
        """None where there is nothing that could be brought: the collection finds out, and asks devices for it."""
        try:
            content = self._store.path(hash).read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:  # one bad spot on the disk keeps no other file here
            log.error("the file %s cannot be read: %s", hash, error.strerror)
            return None
        if hash_of(content) == hash:
            return content
        log.error("the file %s is damaged on this disk; devices that have it are asked for it", hash)
        self._store.remove(hash)
        return None

    def _waiting(self) -> list:
        there = self._there or set()
        with self._firm.look() as db:
            rows = db.execute("SELECT hash, stored_at_ms FROM stored_file ORDER BY stored_at_ms").fetchall()
        return [row for row in rows if row["hash"] not in there]

    async def _let_go(self, away: FilePlace) -> None:
        """Remove what went here long ago. The note of when it went is kept here; without one, counting begins anew."""
        noted, now_ms = _read_gone(self._firm.path), self._firm.clock()
        gone = {hash: noted.get(hash, now_ms) for hash in self._there - await asyncio.to_thread(self._known_here)}
        for hash in [hash for hash, since_ms in gone.items() if now_ms - since_ms > KEPT_AWAY_MS]:
            await away.remove(hash)
            self._there.discard(hash)
            del gone[hash]
        if gone != noted:
            await asyncio.to_thread(write_whole, self._firm.path / GONE, gone)

    def _known_here(self) -> set[str]:
        with self._firm.look() as db:
            return {row[0] for row in db.execute("SELECT hash FROM stored_file UNION SELECT hash FROM attachment")}

    async def _failed(self, why: str) -> None:
        if why != self._error:
            log.warning("files cannot be brought to %s: %s. Devices keep theirs.", self._place, why)
        await self._tell(why)

    async def _tell(self, error: str) -> None:
        async with self._arrived:
            self._error = error
            self._arrived.notify_all()


def _read_gone(folder: Path) -> dict[str, int]:
    try:
        return {str(hash): int(since_ms) for hash, since_ms in json.loads((folder / GONE).read_text("utf-8")).items()}
    except (OSError, ValueError, AttributeError, TypeError):
        return {}


# --- back again ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class FetchedBack:
    """files, bytes: what was fetched. missing: hashes that the database names and the place does not have, or has
    damaged; devices that have them bring them again."""

    files: int
    bytes: int
    missing: tuple[str, ...]


def fetch_back(folder: Path, place: Place, at_once: int = 8) -> FetchedBack:
    """Bring the files that the database in a firm's folder names and that are not here. place: of the firm.

    Whatever was fetched stays, however it ends; again costs only the rest. Raises Unreachable, NoRoom.
    """
    return asyncio.run(_fetch_back(folder, place.attachments, at_once))


async def _fetch_back(folder: Path, place: Place, at_once: int) -> FetchedBack:
    from .file_places import opened

    store, turns = Store(folder / "attachments"), asyncio.Semaphore(at_once)
    wanted = [hash for hash in _named(folder / "roadbook.db") if not store.has(hash)]
    sizes: dict[str, int | None] = {}

    async def fetch(away: FilePlace, hash: str) -> None:
        async with turns:
            sizes[hash] = await _fetch(store, away, hash)

    if wanted:
        async with opened(place) as away:
            await _at_once(fetch(away, hash) for hash in wanted)
    missing = sorted(hash for hash, size in sizes.items() if size is None)
    return FetchedBack(len(sizes) - len(missing), sum(size or 0 for size in sizes.values()), tuple(missing))


async def _fetch(store: Store, away: FilePlace, hash: str) -> int | None:
    """Put it in its place here. Returns its size; None where it is not there, or damaged."""
    content = await away.get(hash)
    if content is None or await asyncio.to_thread(hash_of, content) != hash:
        return None
    await asyncio.to_thread(_put, store, hash, content)
    return len(content)


async def _at_once(works: Iterable[Coroutine]) -> None:
    """The first that fails ends the others, and what it raised is raised as it is."""
    try:
        async with asyncio.TaskGroup() as group:
            for work in works:
                group.create_task(work)
    except BaseExceptionGroup as several:
        raise several.exceptions[0] from None


def _named(file: Path) -> list[str]:
    with closing(connect_reader(file)) as db:
        return [row[0] for row in db.execute("SELECT hash FROM stored_file ORDER BY stored_at_ms, hash")]


def _put(store: Store, hash: str, content: bytes) -> None:
    name = f"fetched-{os.getpid()}-{hash}"
    store.receive(name, content)
    store.put_in_place(name, hash)
