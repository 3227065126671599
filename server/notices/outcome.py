"""What came of sending something once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime

MOST_WAIT_MS = 86_400_000


@dataclass(frozen=True)
class Outcome:
    """reason: a code, '' where it was sent. is_final: another try would end the same.
    is_gone: nobody can be reached there any more. wait_ms: what the other side asks for."""

    reason: str = ""
    is_final: bool = False
    is_gone: bool = False
    wait_ms: int = 0

    @property
    def is_sent(self) -> bool:
        return not self.reason


SENT = Outcome()


def retry_after_ms(header: str | None, now_ms: int) -> int:
    """What a Retry-After header asks for: seconds or a date; 0 where it says nothing that can be read."""
    text = (header or "").strip()
    if text.isascii() and text.isdigit():
        return min(int(text) * 1000, MOST_WAIT_MS)
    try:
        at = parsedate_to_datetime(text)
    except (ValueError, TypeError):
        return 0
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return min(max(int(at.timestamp() * 1000) - now_ms, 0), MOST_WAIT_MS)


