"""Secrets that must be read again (those of authenticator apps) are encrypted before they reach the database.

The key is a file beside the database, `sign_in.key`, and on purpose in no copy and no replica of it: whoever steals a
backup or reads the bucket can make nobody's one-time passwords.  The price is paid after the loss of a machine: without
the file these secrets cannot be read, and people set up their app anew (recovery codes, passkeys and an administrator
let them in until then).  Whoever wants to be spared that keeps a copy of the file apart from the backups.
"""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_FILE = "sign_in.key"
KEY_BYTES = 32
NONCE_BYTES = 12


class Unreadable(Exception):
    """The key file is not the one that this was encrypted with, is gone, or may not be read."""


def seal(folder: Path, user_id: str, secret: bytes) -> bytes:
    """Encrypted for this person alone: in another person's row it cannot be read. Makes the key at first use."""
    nonce = secrets.token_bytes(NONCE_BYTES)
    return nonce + AESGCM(_key(folder, may_make=True)).encrypt(nonce, secret, user_id.encode())


def unseal(folder: Path, user_id: str, sealed: bytes) -> bytes:
    """Raises Unreadable."""
    try:
        return AESGCM(_key(folder)).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], user_id.encode())
    except (InvalidTag, ValueError):
        raise Unreadable from None


def _key(folder: Path, may_make: bool = False) -> bytes:
    path = folder / KEY_FILE
    try:
        key = path.read_bytes()
    except FileNotFoundError:
        if not may_make:
            raise Unreadable from None
        _make(path)
        key = path.read_bytes()
    except OSError:  # somebody put it there as root
        raise Unreadable from None
    if len(key) != KEY_BYTES:
        raise Unreadable
    return key


def _make(path: Path) -> None:
    """A new key, readable by the server's user only; whole or not at all, and never in place of another."""
    fresh = path.with_suffix(f".{secrets.token_hex(4)}")
    with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(secrets.token_bytes(KEY_BYTES))
        file.flush()
        os.fsync(file.fileno())
    try:
        with suppress(FileExistsError):
            os.link(fresh, path)
    finally:
        fresh.unlink()
