"""What Litestream does not mend by itself: its notes are damaged, or the replica has gone from where it was.

It would go on counting, and every barrier would be answered, while nothing could be restored.  The way out is always
the same: forget Litestream's notes beside the file, and begin with a whole snapshot.  The firm's own file is never
touched, and nothing is deleted off-site.
"""

from __future__ import annotations

import asyncio
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable, Mapping, Set
from pathlib import Path

from . import litestream
from .claim import Claims
from .replica import Place

# How often it is looked at whether a firm could be restored now, going by the names of what lies there.
CHECK_EVERY_S = 600
# A check that finds nothing to restore from is made again this soon; twice, and it is believed.
AGAIN_S = 15
CHECK_TAKES_S = 120

# Lines of Litestream's log that tell of damage here, with the folder of its notes in them.
DAMAGE = re.compile(r"(?:ltx file corrupted|verify ltx file|auto-recovery failed).*")
NOTES = re.compile(r'(/[^"]*?)/\.roadbook\.db-litestream\b')
# What `restore` says where it reaches the place, and there is nothing whole there.
GONE = re.compile(
    r"no matching backup files|no snapshot|non-contiguous|cannot (find|calc).* (plan|target)", re.IGNORECASE
)
# Put beside a firm's file by whoever found that its replica cannot be restored.
ASKED = "replica.anew"
STUCK = (
    "no whole snapshot came through; it is tried again. Where the storage can be reached, move away what lies there,"
    " or name another place in ROADBOOK_REPLICA"
)
# What Litestream is told that brings a snapshot.
ANEW = "litestream.anew.json"


def ask_anew(database: Path) -> None:
    """Let the replicator begin this firm's replica anew with a whole snapshot, soon. Raises OSError."""
    database.with_name(ASKED).touch()


class Mending:
    """Finds the files whose replica has to begin anew, and begins it. under_way: those that nobody else may follow now.

    last_line: of Litestream's log.
    """

    def __init__(
        self, home: Path, program: Path, say: Callable[[str], None], check_every_s: float, claims: Claims
    ) -> None:
        self._home, self._program, self._say, self._check_every_s = home, program, say, check_every_s
        self._claims = claims
        self.last_line = ""
        self.under_way: frozenset[Path] = frozenset()
        self._files: list[Path] = []
        self._damaged: set[Path] = set()
        self._snapshots: list[subprocess.Popen] = []
        self._ended = threading.Event()
        self._checking = threading.Thread(target=self._check_in_turn, name="check", daemon=True)
        self._checking.start()

    def follow(self, files: Iterable[Path]) -> None:
        """These are replicated now."""
        self._files = sorted(files)

    def listen(self, log: Iterable[str]) -> None:
        """Read a new Litestream's log to its end in a thread, and pass it on."""
        self.last_line = ""
        threading.Thread(target=self._listen, args=[log], name="log", daemon=True).start()

    def found(self, files: Set[Path]) -> set[Path]:
        """Of these, what has to begin anew. Said once."""
        asked = {file for file in files - self.under_way if file.with_name(ASKED).exists()}
        found, self._damaged = self._damaged | asked, set()
        return found & files

    def begin(self, places: Mapping[Path, Place]) -> None:
        """Bring these whole, in the background. Nothing follows them now."""
        self.under_way |= places.keys()
        threading.Thread(target=self._begin_anew, args=[places], name="snapshot", daemon=True).start()

    def end(self) -> None:
        self._ended.set()
        for snapshot in list(self._snapshots):
            snapshot.terminate()
        self._checking.join(litestream.BARRIER_S)

    def _begin_anew(self, places: Mapping[Path, Place]) -> None:
        self._say_of(places, "its replica was damaged or gone, and begins anew with a whole snapshot")
        try:
            for file in places:
                ask_anew(file)  # whoever comes after us, should we be killed, must not take the place for another's
                litestream.forget(file)
            is_whole = self._snapshot(places)
            if is_whole:
                for file in places:
                    file.with_name(ASKED).unlink(missing_ok=True)
        except OSError as error:
            is_whole = False
            self._say_of(places, str(error))
        if not is_whole:
            self._say_of(places, STUCK)
            self._damaged |= places.keys()
            self._ended.wait(AGAIN_S)
        self.under_way -= places.keys()

    def _say_of(self, places: Mapping[Path, Place], words: str) -> None:
        for file in sorted(places):
            self._say(f"{file}: {words}")

    def _snapshot(self, places: Mapping[Path, Place]) -> bool:
        """Whether all of them are whole off-site now."""
        litestream.write_configuration(self._home / ANEW, litestream.configuration(places, with_socket=False))
        told = "-no-expand-env", "-config", ANEW
        bringing = subprocess.Popen(
            [self._program, "replicate", "-once", "-force-snapshot", *told],
            cwd=self._home,
            env=litestream.environment(),
            stdin=subprocess.DEVNULL,
        )
        self._snapshots.append(bringing)
        is_whole = bringing.wait() == 0
        self._snapshots.remove(bringing)
        (self._home / ANEW).unlink(missing_ok=True)
        return is_whole

    def _listen(self, log: Iterable[str]) -> None:
        for line in log:
            sys.stderr.write(line)
            sys.stderr.flush()
            self.last_line = line.strip()
            if (damage := DAMAGE.search(line)) and (notes := NOTES.search(damage[0])):
                self._damaged.add(Path(notes[1]) / "roadbook.db")

    def _check_in_turn(self) -> None:
        while not self._ended.wait(self._check_every_s / max(1, len(self._files))):
            if self._files:
                self._files = [*self._files[1:], file := self._files[0]]
                self._check(file)

    def _check(self, file: Path) -> None:
        if self._is_gone(file) and not self._ended.wait(min(AGAIN_S, self._check_every_s)) and self._is_gone(file):
            self._damaged.add(file)

    def _is_gone(self, file: Path) -> bool:
        """Whether nothing could be restored, though Litestream says that all is there and the place answers."""
        try:
            asyncio.run(litestream.barrier(self._home, file))
        except litestream.NotReplicated as error:
            return str(error) == litestream.FOREIGN and self._claims.still_holds(file)
        told = "-no-expand-env", "-config", litestream.CONFIGURATION
        try:
            asked = subprocess.run(
                [self._program, "restore", "-dry-run", *told, "-o", file.with_name("not-written.db"), file],
                cwd=self._home,
                env=litestream.environment(),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=CHECK_TAKES_S,
            )
        except (OSError, subprocess.TimeoutExpired):
            return False
        return asked.returncode != 0 and bool(GONE.search(asked.stderr))
