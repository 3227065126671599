"""How far the off-site replica has come: devices keep what it does not hold yet, and send it again after a loss.

The server's disk may die a second after it acknowledged an edit.  What replicates the file says how far
it is; `end` lines of the sync pass that on.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class Position:
    """safe_at_ms: when all that was there was last known to be off-site, 0 for not since this server started.

    error: why it cannot be said that it is now, and what to do; '' where it can.
    """

    safe_seq: int
    safe_at_ms: int
    error: str


class Offsite(Protocol):
    """Whatever copies the firm's file to another place while it changes."""

    def safe_seq(self, seq: int) -> int:
        """The highest sequence number, at most seq, whose change certainly survives the loss of this machine."""
        ...

    def position(self) -> Position | None:
        """The same for people who look after the server; None where nothing is copied."""
        ...

    async def settle(self, most_s: float) -> bool:
        """Wait until all that is committed now is off-site. False after most_s, or where it may take for ever."""
        ...


class NoReplica:
    """Nothing is copied: waiting would be for ever, so what is accepted counts as safe."""

    def safe_seq(self, seq: int) -> int:
        return seq

    def position(self) -> None:
        return None

    async def settle(self, most_s: float) -> bool:
        return True
