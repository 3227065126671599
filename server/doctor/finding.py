"""One thing that the doctor looked at: how it stands, and what to do."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

STATES = ("ok", "warning", "failed")


@dataclass(frozen=True)
class Finding:
    """state: 'ok', 'warning' or 'failed'. way_out: what to do about it, '' where nothing needs doing."""

    name: str
    state: str
    words: str
    way_out: str = ""


def worst(findings: Iterable[Finding]) -> str:
    return max((finding.state for finding in findings), key=STATES.index, default="ok")
