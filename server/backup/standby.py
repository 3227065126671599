"""A second machine that follows a firm's replica, ready to take its place: a second behind, and never served from.

Following is Litestream's work; here it is started, watched and started anew.  Taking the place is a restore whose file
is there already: it must have everything that was ever called safe, and it always begins a new life.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from server.config import Settings

from . import check, fetch, litestream, restore
from .check import NotUsable
from .fetch import NotFetched
from .in_use import STANDBY
from .restore import NotRestored, Report

LOCK, STOP = "standby.lock", "standby.stop"
EVERY = "1s"
LOOK_EVERY_S = 0.3
# Litestream that ends by itself is started anew; so often in a row, and it begins from the start.
AFRESH_AFTER, MOST_WAIT_S, LASTS_S = 3, 30, 60
# How long whoever follows may take to end, and to catch up.
ENDS_WITHIN_S, CATCHES_UP_WITHIN_S = 20, 300
PR_SET_PDEATHSIG = 1


class NotStandby(Exception):
    """This machine cannot follow the firm; the message says why and what to do."""


class Follower:
    """say: what is told to whoever looks after the machine."""

    def __init__(self, settings: Settings, say: Callable[[str], None]) -> None:
        self._settings, self._say = settings, say
        self._folder = settings.data / STANDBY
        self._ending = threading.Event()
        self._child: subprocess.Popen | None = None
        self._failures = 0

    def end(self) -> None:
        """Make `run` return soon; from a signal handler or another thread."""
        self._ending.set()

    def run(self) -> None:
        """Until `end`, or until this machine is promoted. Raises NotStandby where it cannot begin."""
        lock = self._begin()
        stop = self._settings.data / STOP
        started, wait_s = 0.0, 0.0
        try:
            stop.unlink(missing_ok=True)
            while not self._ending.is_set() and not stop.exists():
                if self._child and self._child.poll() is not None:
                    wait_s = self._note_end(time.monotonic() - started)
                if self._child is None and time.monotonic() - started >= wait_s:
                    started = time.monotonic()
                    self._start()
                self._ending.wait(LOOK_EVERY_S)
        finally:
            self._stop()
            os.close(lock)

    def _begin(self) -> int:
        settings = self._settings
        if settings.replica is None:
            raise NotStandby("ROADBOOK_REPLICA is not set: it is what a standby follows")
        if (settings.data / "roadbook.db").exists():
            raise NotStandby(f"{settings.data} has a firm of its own: a standby begins in an empty folder")
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            lock = os.open(settings.data / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise NotStandby(f"{settings.data} cannot be written to: {error.strerror}. Give it to this user") from None
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(lock)
            raise NotStandby(f"{settings.data} is followed already by another process") from None
        return lock

    def _start(self) -> None:
        if self._failures and self._failures % AFRESH_AFTER == 0 and _can_be_reached(self._settings, self._folder):
            self._say("what was followed cannot be gone on with: it is fetched anew")
            empty(self._folder)
        try:
            argv = command_line(self._settings, self._folder)
            with open(self._folder / "said", "wb") as said:
                self._child = subprocess.Popen(
                    argv,
                    env=litestream.environment(),
                    stdin=subprocess.DEVNULL,
                    stderr=said,
                    preexec_fn=_end_with_parent(),
                )
        except (OSError, litestream.NoLitestream) as error:
            self._failures += 1
            self._say(f"Litestream cannot be started: {error}")
            return
        self._say(f"{self._settings.replica} is followed")

    def _note_end(self, lasted_s: float) -> float:
        """How long to wait before the next start."""
        self._child = None
        self._failures = 1 if lasted_s >= LASTS_S else self._failures + 1
        with suppress(OSError):
            self._say(f"following ended: {litestream.in_words((self._folder / 'said').read_text(errors='replace'))}")
        return min(2.0 ** (self._failures - 1), MOST_WAIT_S)

    def _stop(self) -> None:
        if self._child is not None:
            end_child(self._child)
            self._child = None


def promote(settings: Settings, now_ms: int) -> Report:
    """What was followed becomes the firm, with everything that is off-site. Raises NotRestored."""
    if settings.replica is None:
        raise NotRestored("ROADBOOK_REPLICA is not set: it is what a standby follows")
    folder = settings.data / STANDBY
    if not (folder / "roadbook.db").exists():
        raise NotRestored(f"nothing was followed into {folder}: roadbook restore fetches the firm")
    if (settings.data / "roadbook.db").exists():
        raise NotRestored(f"{settings.data} has a firm of its own already")
    with _nobody_follows(settings.data), restore.alone_in(settings, settings.data) as scratch:
        file = scratch / "roadbook.db"
        try:
            _catch_up(settings, folder)
            found = check.check(folder / "roadbook.db")
            os.replace(folder / "roadbook.db", file)
        except check.Newer as error:
            raise NotRestored(f"{error}, by deployment/install.sh of that release, and promote again") from None
        except NotUsable:
            empty(folder)  # and without the folder this would look like a machine for a new firm
            raise NotRestored("what was followed is damaged: roadbook restore fetches the firm") from None
        except (NotFetched, OSError) as error:
            raise NotRestored(f"{error}. What is off-site may be more than what was followed: without it edits that"
                              " devices no longer keep would be lost. Until then, to go on following:"
                              " systemctl start roadbook-standby") from None  # fmt: skip
        report = Report(f"{settings.replica}, followed", found, None, settings.data / "roadbook.db")
        report = restore.put_in_place(settings, file, report, now_ms, is_complete=False)
    shutil.rmtree(folder, ignore_errors=True)
    for name in (STOP, LOCK):
        (settings.data / name).unlink(missing_ok=True)
    return report


@contextmanager
def _nobody_follows(data: Path) -> Iterator[None]:
    """Whoever follows sees this and ends, and nobody begins meanwhile. Raises NotRestored."""
    (data / STOP).touch()
    lock = os.open(data / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    until = time.monotonic() + ENDS_WITHIN_S
    try:
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except OSError:
                if time.monotonic() > until:
                    raise NotRestored("roadbook standby does not end: systemctl stop roadbook-standby") from None
                time.sleep(0.1)
        yield
    finally:
        os.close(lock)


def is_followed(data: Path) -> bool:
    """Whether a follower runs in this folder."""
    try:
        lock = os.open(data / LOCK, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        return False
    except OSError:
        return True
    finally:
        os.close(lock)


def _catch_up(settings: Settings, folder: Path) -> None:
    """Until it holds the replica's last transaction. Raises NotFetched."""
    last = fetch.last_transaction(settings.replica.database, folder)
    if not last:
        raise NotFetched(f"{settings.replica} is empty or away")
    if _reached(folder) == last:
        return
    argv, nothing = command_line(settings, folder), subprocess.DEVNULL
    child = subprocess.Popen(argv, env=litestream.environment(), stdin=nothing, stderr=nothing)
    until = time.monotonic() + CATCHES_UP_WITHIN_S
    try:
        while _reached(folder) != last and child.poll() is None and time.monotonic() < until:
            time.sleep(0.1)
    finally:
        end_child(child)
    if _reached(folder) != last:
        empty(folder)
        fetch.fetch(settings.replica.database, folder)


def _reached(folder: Path) -> int:
    """Litestream's note of how far it has followed."""
    with suppress(OSError, ValueError):
        return int((folder / "roadbook.db-txid").read_text().strip(), 16)
    return -1


def command_line(settings: Settings, folder: Path) -> list[str]:
    """Raises NoLitestream, OSError."""
    out = str(folder / "roadbook.db")
    return fetch.command_line(
        settings.replica.database, folder, "restore", "-f", "-follow-interval", EVERY, "-o", out
    )


def _can_be_reached(settings: Settings, folder: Path) -> bool:
    with suppress(NotFetched):
        return fetch.last_transaction(settings.replica.database, folder) > 0
    return False


def empty(folder: Path) -> None:
    for file in folder.glob("roadbook.db*"):
        file.unlink(missing_ok=True)


def end_child(child: subprocess.Popen) -> None:
    child.terminate()
    try:
        child.wait(ENDS_WITHIN_S)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


def _end_with_parent() -> Callable[[], None]:
    """For the child: the kernel ends it when whoever follows is killed."""
    libc = ctypes.CDLL(None)
    return lambda: libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
