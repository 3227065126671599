"""Random secrets, and the hashes that are stored in their place."""

from __future__ import annotations

import hashlib
import secrets

# Letters and digits that nobody confuses on paper or aloud: no 0 O, 1 I L, U V alike, 5 S, 2 Z.
CODE_ALPHABET = "ABCDEFGHJKMNPQRTWXY346789"
CODE_LENGTH = 8


def new_token() -> str:
    """An opaque secret of 256 bits, fit for a cookie and for an address."""
    return secrets.token_urlsafe(32)


def new_code() -> str:
    """A secret that a person can type: 25^8, about 37 bits, good for ten minutes behind a throttle."""
    return "".join(secrets.choice(CODE_ALPHABET) for _ in range(CODE_LENGTH))


def digest(secret: str) -> str:
    """What is stored for a token or a code. No salt: the secrets are random already."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
