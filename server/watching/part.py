"""What was looked at, and how it stands: the one form of a finding, for health, doctor and the status page.

A part says a code and its values, never a sentence: `words.py` is where they become words, in three languages.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

OK, WARNING, FAILED = "ok", "warning", "failed"
_ORDER = (OK, WARNING, FAILED)


@dataclass(frozen=True)
class Part:
    """key: what was looked at ('disk'). code: what was found ('full'). values: times in ms, sizes in bytes, text as
    a machine or a library said it (English)."""

    key: str
    state: str
    code: str
    values: dict = field(default_factory=dict)


def worst(parts: Iterable[Part]) -> str:
    """The state of all of them together."""
    return max((part.state for part in parts), key=_ORDER.index, default=OK)
