"""How far Litestream has brought a firm's file: asked when there is something new, and never guessed.

A sequence number counts as safe once a barrier answered that was asked after its commit.  A server that has just
started knows nothing and says 0: devices then keep more than they must.  What was safe stays safe, whatever happens
to Litestream; while it does not answer, the position stands still.
"""

from __future__ import annotations

import asyncio
import logging
import math
import threading
from collections.abc import Awaitable, Callable
from contextlib import suppress

from server.offsite import Position
from server.record import current_seq

from .litestream import NotReplicated

# Under load one upload brings what many edits wrote: between two, this long at least.
PAUSE_S = 0.05
# When nothing is written, how often to see whether the replica still works.
LOOK_EVERY_S = 30
# A barrier that takes longer is nothing that somebody should wait for.
SLOW_S = 2
# After a failure, and after more of them.
FIRST_WAIT_S, MOST_WAIT_S = 0.5, 15
# Only what lasts is told: a replicator that is started anew is back within a second or two.
WORTH_A_WORD_S = 5

log = logging.getLogger(__name__)


class Replicated:
    """`firm.offsite` where there is a replica. barrier: returns once all that is committed is off-site, or raises
    NotReplicated.

    `safe_seq` is called from any thread; `run` lives in the app's event loop for as long as the app does.
    """

    def __init__(self, firm, barrier: Callable[[], Awaitable[None]]) -> None:
        self._firm, self._barrier = firm, barrier
        self._position = Position(0, 0, "not asked yet")
        self._lock = threading.Lock()
        self._known = 0  # the highest number that is known to be committed
        self._loop: asyncio.AbstractEventLoop | None = None
        self._wanted = asyncio.Event()
        self._waiting: list[asyncio.Future] = []
        self._asked_s = math.inf  # when the barrier that is under way was asked
        self._failures = 0
        self._failing_since_ms = 0

    def safe_seq(self, seq: int) -> int:
        """seq: of something that is committed. Whatever is newer than the position makes the replica be asked."""
        safe = self._position.safe_seq
        if seq > safe:
            self._note(seq)
        return min(seq, safe)

    def position(self) -> Position:
        return self._position

    async def settle(self, most_s: float) -> bool:
        """Wait for a barrier that is asked after this moment. Nobody waits while the replica is away, or so slow that
        the one before is still under way."""
        if self._loop is None or self._failures or self._loop.time() - self._asked_s > SLOW_S:
            return False
        done = self._loop.create_future()
        self._waiting.append(done)
        self._wanted.set()
        with suppress(TimeoutError):
            async with asyncio.timeout(most_s):
                return await done
        return False

    async def run(self) -> None:
        """Ask, whenever there is a reason to."""
        self._loop = asyncio.get_running_loop()
        try:
            while True:
                await self._ask()
                await asyncio.sleep(self._pause_s())
                with suppress(TimeoutError):
                    async with asyncio.timeout(LOOK_EVERY_S):
                        await self._wanted.wait()
        finally:
            self._loop = None
            self._tell(False)

    async def _ask(self) -> None:
        self._wanted.clear()
        self._asked_s = self._loop.time()
        waiting, self._waiting = self._waiting, []
        try:
            # Read before the barrier is asked: what it waits for is then among what the barrier brings.
            seq = await asyncio.to_thread(self._current_seq)
            await self._barrier()
        except NotReplicated as error:
            self._note_failure(str(error))
        except Exception as error:  # the file cannot be read now: the next round may do better
            log.exception("the position of the replica cannot be found out")
            self._note_failure(f"{type(error).__name__}: {error}")
        else:
            self._note_safe(seq)
        self._asked_s = math.inf
        is_safe = not self._failures
        _answer(waiting, is_safe)
        if not is_safe:
            self._tell(False)

    def _current_seq(self) -> int:
        with self._firm.look() as db:
            return current_seq(db)

    def _pause_s(self) -> float:
        if not self._failures:
            return PAUSE_S
        self._wanted.set()
        return min(FIRST_WAIT_S * 2 ** (self._failures - 1), MOST_WAIT_S)

    def _note(self, seq: int) -> None:
        with self._lock:
            if seq <= self._known:
                return
            self._known = seq
        loop = self._loop
        if loop is not None:
            with suppress(RuntimeError):  # the loop has closed: the server is going down
                loop.call_soon_threadsafe(self._wanted.set)

    def _note_safe(self, seq: int) -> None:
        if self._failing_since_ms and self._firm.clock() - self._failing_since_ms >= WORTH_A_WORD_S * 1000:
            log.warning("the replica works again")
        self._failures = self._failing_since_ms = 0
        self._position = Position(max(seq, self._position.safe_seq), self._firm.clock(), "")
        with self._lock:
            self._known = max(self._known, seq)

    def _note_failure(self, why: str) -> None:
        self._failures += 1
        now_ms = self._firm.clock()
        self._failing_since_ms = self._failing_since_ms or now_ms
        is_news = why != self._position.error
        self._position = Position(self._position.safe_seq, self._position.safe_at_ms, why)
        if is_news:
            log.warning("the replica does not work: %s. Devices keep what they sent.", why)

    def _tell(self, is_safe: bool) -> None:
        waiting, self._waiting = self._waiting, []
        _answer(waiting, is_safe)


def _answer(waiting: list[asyncio.Future], is_safe: bool) -> None:
    for one in waiting:
        if not one.done():
            one.set_result(is_safe)
