"""`roadbook replicate`: keeps one Litestream running over the files of all firms, and ends with it.

Apart from the server, so that what is on its way off-site goes on while the server is started anew, and the other way
round.  Two must never follow one file: a lock in the home folder is held by the replicator and its Litestream, so that
neither outlives the other unnoticed.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

from server.config import REPLICA, Settings, WrongSetting

from . import litestream, mending
from .claim import AGAIN_S, Claims
from .frozen import HANDED_OVER
from .replica import Place

# How often to see whether firms came or went, and whether Litestream still runs.
LOOK_EVERY_S, SOON_S = 1.0, 0.1
# Litestream that ends by itself is started anew: at once, then ever more slowly while it does not last.
MOST_WAIT_S, LASTS_S = 30, 60
# Longer than its last upload may take.
ENDS_WITHIN_S = 15
PR_SET_PDEATHSIG = 1


class CannotReplicate(Exception):
    """Nothing is replicated; the message says why and what to do."""


class Replicator:
    """home: the folder of the lock, the socket and what Litestream is told. places: what is to be followed now."""

    def __init__(
        self,
        home: Path,
        places: Callable[[], Mapping[Path, Place]],
        say: Callable[[str], None],
        check_every_s: float = mending.CHECK_EVERY_S,
    ) -> None:
        self._home, self._places, self._say, self._check_every_s = home, places, say, check_every_s
        self._followed: Mapping[Path, Place] = {}
        self._child: subprocess.Popen | None = None
        self._started_s = 0.0
        self._wait_s = 0.0
        self._ending = threading.Event()

    def end(self) -> None:
        """Make `run` return soon; from a signal handler or another thread."""
        self._ending.set()

    def run(self) -> None:
        """Until `end`. Raises CannotReplicate where it cannot begin."""
        program, lock = self._begin()
        self._claims = Claims(self._say, min(AGAIN_S, self._check_every_s))
        self._mending = mending.Mending(self._home, program, self._say, self._check_every_s, self._claims)
        try:
            while not self._ending.is_set():
                self._look(program, lock)
                self._ending.wait(SOON_S if self._claims.is_looking else LOOK_EVERY_S)
        finally:
            self._mending.end()
            self._stop()
            os.close(lock)

    def _begin(self) -> tuple[Path, int]:
        try:
            program = litestream.program()
            self._home.mkdir(parents=True, exist_ok=True)
            lock = os.open(self._home / litestream.LOCK, os.O_RDWR | os.O_CREAT, 0o600)
        except litestream.NoLitestream as error:
            raise CannotReplicate(str(error)) from None
        except OSError as error:
            raise CannotReplicate(
                f"{self._home} cannot be written to: {error.strerror}. Give it to this user"
            ) from None
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(lock)
            raise CannotReplicate(
                f"another replicator, or the Litestream of one that was killed, follows the files in {self._home}:"
                " two would spoil each other's replica. End it first"
            ) from None
        return program, lock

    def _look(self, program: Path, lock: int) -> None:
        """Start what does not run, anew what has other firms to follow."""
        try:
            places = self._places()
        except WrongSetting as error:  # the folder of the firms is away for a moment
            self._say(f"{error}. What was followed is followed further")
            return
        if self._child and self._child.poll() is not None:
            self._note_end(self._child.returncode)
        damaged = self._mending.found(places.keys())
        followed = self._followed_of(places, damaged)
        if followed != self._followed:
            self._stop()
            self._followed = followed
            self._mending.follow(followed)
        if damaged:
            self._mending.begin({file: places[file] for file in damaged & places.keys()})
        if followed and self._child is None and time.monotonic() - self._started_s >= self._wait_s:
            self._start(program, lock)

    def _followed_of(self, places: Mapping[Path, Place], damaged: set[Path]) -> dict[Path, Place]:
        """What may be followed now: whoever is asked to begin anew has asked nobody whose the place is."""
        quiet = damaged | self._mending.under_way
        free = self._claims.granted({file: places[file] for file in places.keys() - quiet})
        return {file: places[file] for file in free - quiet}

    def _note_end(self, status: int) -> None:
        lasted_s = time.monotonic() - self._started_s
        self._wait_s = 0 if lasted_s >= LASTS_S else min(max(2 * self._wait_s, LOOK_EVERY_S), MOST_WAIT_S)
        self._child = None
        words = litestream.in_words(self._mending.last_line or f"it ended with status {status}")
        with suppress(OSError):
            (self._home / litestream.LAST_WORDS).write_text(words, "utf-8")
        self._say(f"Litestream ended by itself, and is started anew: {words}")

    def _start(self, program: Path, lock: int) -> None:
        self._started_s = time.monotonic()
        try:
            litestream.write_configuration(
                self._home / litestream.CONFIGURATION, litestream.configuration(self._followed)
            )
            self._child = subprocess.Popen(
                [program, "replicate", "-no-expand-env", "-config", litestream.CONFIGURATION],
                cwd=self._home,
                env=litestream.environment(),
                stdin=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                text=True,
                errors="replace",
                pass_fds=[lock],
                preexec_fn=_end_with_parent(),
            )
        except OSError as error:
            self._wait_s = min(max(2 * self._wait_s, LOOK_EVERY_S), MOST_WAIT_S)
            self._say(f"Litestream cannot be started: {error}. It is tried again")
            return
        self._mending.listen(self._child.stderr)
        for file, place in sorted(self._followed.items(), key=str):
            self._say(f"{file} is replicated to {place}")

    def _stop(self) -> None:
        """With its last upload, where that does not take too long."""
        if self._child is None:
            return
        self._child.terminate()
        try:
            self._child.wait(ENDS_WITHIN_S)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()
        self._child = None
        self._wait_s = 0


def _end_with_parent() -> Callable[[], None]:
    """For the child: the kernel ends it when the replicator is killed."""
    libc = ctypes.CDLL(None)
    return lambda: libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def places_of(hosted: list[Settings]) -> dict[Path, Place]:
    """The file of each firm and where it goes. Raises WrongSetting where that is nowhere."""
    if any(settings.replica is None for settings in hosted):
        raise WrongSetting(f"ROADBOOK_REPLICA is not set. For example: ROADBOOK_REPLICA={REPLICA.example}")
    return {
        settings.data / "roadbook.db": settings.replica.database
        for settings in hosted
        # Another machine's replicator writes there now.
        if not (settings.data / HANDED_OVER).exists()
    }
