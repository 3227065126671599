"""How far the off-site replica has come: devices keep what it does not hold yet, and send it again after a loss.

The server's disk may die a second after it acknowledged an edit.  What replicates the file says how far
it is; `end` lines of the sync pass that on.
"""

from __future__ import annotations

from typing import Protocol


class Offsite(Protocol):
    """Whatever copies the firm's file to another place while it changes."""

    def safe_seq(self, seq: int) -> int:
        """The highest sequence number, at most seq, whose change certainly survives the loss of this machine."""
        ...


class NoReplica:
    """Nothing is copied: waiting would be for ever, so what is accepted counts as safe."""

    def safe_seq(self, seq: int) -> int:
        return seq
