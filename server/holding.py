"""What a person's devices hold of what the person may see: how far back, and which accounts.

A device is a phone: what fits on it is about MOST_BYTES.  Who sees less holds everything; who sees more holds
what is younger than a window of days (of the entities that age) and the accounts somebody is in touch with.
Nothing here changes what a person may see: pages of the server show the rest.
"""

from __future__ import annotations

from dataclasses import dataclass

from .database import sqlite3
from .scope import EVERYTHING


@dataclass(frozen=True)
class Holding:
    """window_ms: the instant before which rows that age stay on the server. Of the accounts seen, how many are held."""

    window_ms: int = EVERYTHING
    accounts_held: int = 0
    accounts_visible: int = 0

    @property
    def is_part(self) -> bool:
        return self.accounts_held < self.accounts_visible


def decide(firm, user_id: str, is_first: bool = False) -> Holding:
    """What this person's devices hold today."""
    return Holding()


def collected_seq(db: sqlite3.Connection) -> int:
    found = db.execute("SELECT value FROM main.meta WHERE name = 'collected_seq'").fetchone()
    return int(found[0]) if found else 0
