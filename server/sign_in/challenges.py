"""Challenges of passkeys: random, for one use, for one browser, for ten minutes.

They are kept in memory: whoever opens the sign-in page gets one, and must not make the disk grow.  A restart forgets
them, and the next page brings another.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from server.sign_in.secrets import digest

GOOD_FOR_MS = 10 * 60_000
# Far more than a firm's people open at once; beyond that the oldest gives way.
MOST = 10_000


class SpentChallenge(Exception):
    """Not a challenge of ours for this browser and this purpose, or used, or too old."""


@dataclass(frozen=True)
class Asked:
    """What a challenge was given out for. purpose: sign_in, register, proof. user_id: '' where nobody knows yet."""

    purpose: str
    browser: str
    user_id: str
    until_ms: int


class Challenges:
    def __init__(self) -> None:
        self._asked: dict[bytes, Asked] = {}

    def make(self, purpose: str, browser: str, user_id: str, now_ms: int) -> bytes:
        """browser: the secret in its cookie."""
        challenge = secrets.token_bytes(32)
        while len(self._asked) >= MOST:
            del self._asked[next(iter(self._asked))]
        self._asked[challenge] = Asked(purpose, digest(browser), user_id, now_ms + GOOD_FOR_MS)
        return challenge

    def take(self, challenge: bytes, purpose: str, browser: str, user_id: str, now_ms: int) -> None:
        """Spend it, whether it fits or not. Raises SpentChallenge."""
        asked = self._asked.pop(challenge, None)
        if asked is None or asked.until_ms <= now_ms:
            raise SpentChallenge
        if (asked.purpose, asked.browser, asked.user_id) != (purpose, digest(browser), user_id):
            raise SpentChallenge
