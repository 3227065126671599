"""Row and operation ids, made by whoever makes the row.

Pure: the time and the random bytes come in as arguments.  Twin: service_worker/ids.js.
"""

from __future__ import annotations

import hashlib
import re
from uuid import UUID

# UUIDs, and the readable ids that imports and the sample firm give ('user-anna').
_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")

RANDOM_BYTES = 10


def uuid7(now_ms: int, random_bytes: bytes) -> str:
    """A UUIDv7 (RFC 9562) from a time and RANDOM_BYTES random bytes; sorts by time."""
    if len(random_bytes) != RANDOM_BYTES:
        raise ValueError(f"uuid7 needs {RANDOM_BYTES} random bytes, got {len(random_bytes)}")
    high, low = random_bytes[:2], random_bytes[2:]
    octets = bytearray(now_ms.to_bytes(6, "big") + high + low)
    octets[6] = 0x70 | octets[6] & 0x0F
    octets[8] = 0x80 | octets[8] & 0x3F
    digits = octets.hex()
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


def is_id(text: object) -> bool:
    """Whether this can name a row or an operation."""
    return isinstance(text, str) and _ID.fullmatch(text) is not None


def derived_id(*texts: str) -> str:
    """One id for what several devices may make, each by itself: the same for the same texts (a UUIDv8)."""
    digest = bytearray(hashlib.sha256("\n".join(texts).encode()).digest()[:16])
    digest[6] = 0x80 | digest[6] & 0x0F
    digest[8] = 0x80 | digest[8] & 0x3F
    return str(UUID(bytes=bytes(digest)))
