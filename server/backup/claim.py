"""Whether a firm's replica may be written to from here: never over a firm that is further than this file, or another.

Litestream goes on from whatever lies at a place.  A fresh machine that is started before its firm was fetched, one
whose disk was set back, or one that comes back after another took its place would put its own words behind the firm's
last ones, and the next restore would bring those.  So whoever has no proof of having written what lies there fetches
it first, and compares.  Only looks.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from contextlib import closing, suppress
from pathlib import Path

from server.database import connect_reader, sqlite3

from . import check, fetch, litestream
from .replica import Place
from .scratch import emptied

SCRATCH = ".claiming"
# A place that could not be asked, or that is another's, is asked again this soon.
AGAIN_S = 15
# Of many firms, so many at once; and Litestream is not started anew for each of them.
AT_ONCE, TOGETHER_S = 4, 5

OTHERS = (
    "what lies at {place} is of another firm, or of a later state of this one, and nothing is written over it."
    " If it is to go on here: roadbook restore. If this file is to take its place: stop Roadbook, roadbook restored,"
    " start. Else name another place in ROADBOOK_REPLICA"
)


class Others(litestream.NotReplicated):
    """What lies at the place is not ours to write over."""


class Claims:
    """Which files may be replicated now. say: what is told to whoever looks after the machine."""

    def __init__(self, say: Callable[[str], None], again_s: float = AGAIN_S) -> None:
        self._say, self._again_s = say, again_s
        self._granted: dict[Path, Place] = {}
        self._told: set[Path] = set()
        self._told_at = 0.0
        self._asked_at: dict[Path, float] = {}
        self._under_way: set[Path] = set()
        self._turns = threading.Semaphore(AT_ONCE)

    @property
    def is_looking(self) -> bool:
        return bool(self._under_way)

    def granted(self, places: Mapping[Path, Place]) -> set[Path]:
        """Of these, those that may be followed. The others are looked into, in the background."""
        self._granted = {file: place for file, place in self._granted.items() if places.get(file) == place}
        for file in places.keys() - self._granted.keys() - self._under_way:
            if time.monotonic() - self._asked_at.get(file, -self._again_s) >= self._again_s:
                self._under_way.add(file)
                threading.Thread(target=self._look_into, args=[file, places[file]], name="claim", daemon=True).start()
        if not self._under_way or time.monotonic() - self._told_at >= TOGETHER_S:
            self._told, self._told_at = set(self._granted), time.monotonic()
        return self._told & self._granted.keys()

    def still_holds(self, file: Path) -> bool:
        """Asked where Litestream finds something at the place that is not from here; takes the grant back if not."""
        place = self._granted.get(file)
        if place is None or self._note(file, _why_not_by_content(file, place)):
            self._granted.pop(file, None)
            return False
        return True

    def _look_into(self, file: Path, place: Place) -> None:
        with self._turns:
            self._asked_at[file] = time.monotonic()
            if not self._note(file, why_not(file, place)):
                self._granted[file] = place
                del self._asked_at[file]
        self._under_way.discard(file)

    def _note(self, file: Path, why: str) -> str:
        """For whoever asks for a barrier. Said once."""
        if why and why != litestream.refusal(file):
            self._say(f"{file} is not replicated: {why}")
        with suppress(OSError):
            litestream.note_refusal(file, why)
        return why


def check_claim(file: Path, place: Place) -> None:
    """Raises NotReplicated where this file may not be replicated there, Others where waiting changes nothing."""
    if why := why_not(file, place):
        raise (Others if why == OTHERS.format(place=place) else litestream.NotReplicated)(why)


def why_not(file: Path, place: Place) -> str:
    """'' where this file may be replicated there."""
    try:
        with emptied(file.with_name(SCRATCH)) as scratch:
            there = fetch.last_transaction(place, scratch)
    except (fetch.NotFetched, OSError) as error:
        return str(error)
    return "" if there <= _noted_here(file) else _why_not_by_content(file, place)


def _why_not_by_content(file: Path, place: Place) -> str:
    """What is there is fetched: it must be an earlier state of this file, or nobody's."""
    try:
        with emptied(file.with_name(SCRATCH)) as scratch:
            there = _end_of(check.open_still(fetch.fetch(place, scratch)))
        here = _end_of(connect_reader(file))
    except (fetch.NotFetched, OSError) as error:
        return str(error)
    except sqlite3.Error:
        return OTHERS.format(place=place)
    is_nobodys = not there[0]
    is_earlier = there[0] == here[0] and there[1] <= here[1]
    return "" if is_nobodys or is_earlier else OTHERS.format(place=place)


def _noted_here(file: Path) -> int:
    """The last transaction that Litestream noted beside this file; 0 for none."""
    names = (path.stem for path in (file.with_name(f".{file.name}-litestream") / "ltx").rglob("*.ltx"))
    return max((int(name.rpartition("-")[2], 16) for name in names), default=0)


def _end_of(db: sqlite3.Connection) -> tuple[str, int]:
    """Which firm it is, and how far."""
    with closing(db):
        return check.identity_of(db), db.execute("SELECT seq FROM counter").fetchone()[0]
