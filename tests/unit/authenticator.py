"""An authenticator in software: real keys and real signatures, and every part of an answer can be told otherwise."""

from __future__ import annotations

import hashlib
import json
import re
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from html import unescape

import cbor2
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256

PRESENT, VERIFIED, MAY_SYNC, SYNCED, WITH_KEY = 0x01, 0x04, 0x08, 0x10, 0x40


class Authenticator:
    """One passkey. origin, rp_id: what its browser says it is at. counts: a hardware key's counter; else 0 for ever."""

    def __init__(self, origin: str = "http://localhost:8000", counts: bool = False) -> None:
        self.origin, self.counts = origin, counts
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.key_id = secrets.token_bytes(32)
        self.count = 0
        self.user_handle = b""

    def register(self, options: dict, flags: int = PRESENT | VERIFIED, **said) -> str:
        """The answer to registration options, as the page's script sends it. said: parts of the client data."""
        self.user_handle = unpacked(options["user"]["id"])
        public = self.key.public_key().public_numbers()
        cose = {1: 2, 3: -7, -1: 1, -2: public.x.to_bytes(32, "big"), -3: public.y.to_bytes(32, "big")}
        held = bytes(16) + len(self.key_id).to_bytes(2, "big") + self.key_id + cbor2.dumps(cose)
        data = self._data(options["rp"]["id"], flags | WITH_KEY | self._synced) + held
        made = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": data})
        client = self._client("webauthn.create", options["challenge"], said)
        return self._answer({"clientDataJSON": client, "attestationObject": made, "transports": ["internal"]})

    def sign(self, options: dict, flags: int = PRESENT | VERIFIED, rp_id: str = "", **said) -> str:
        """The answer to sign-in options."""
        self.count += self.counts
        data = self._data(rp_id or options["rpId"], flags | self._synced)
        client = self._client("webauthn.get", options["challenge"], said)
        signature = self.key.sign(data + hashlib.sha256(client).digest(), ec.ECDSA(SHA256()))
        parts = {"clientDataJSON": client, "authenticatorData": data, "signature": signature}
        return self._answer(parts | {"userHandle": self.user_handle})

    @property
    def _synced(self) -> int:
        return 0 if self.counts else MAY_SYNC | SYNCED

    def _data(self, rp_id: str, flags: int) -> bytes:
        return hashlib.sha256(rp_id.encode()).digest() + bytes([flags]) + self.count.to_bytes(4, "big")

    def _client(self, kind: str, challenge: str, said: dict) -> bytes:
        client = {"type": kind, "challenge": challenge, "origin": self.origin, "crossOrigin": False} | said
        return json.dumps(client).encode()

    def _answer(self, response: dict) -> str:
        coded = {name: packed(part) if isinstance(part, bytes) else part for name, part in response.items()}
        named = packed(self.key_id)
        return json.dumps({"id": named, "rawId": named, "type": "public-key", "response": coded})


def options_in(page: str) -> dict:
    """What a page asks its browser."""
    return json.loads(unescape(re.search(r'data-options="([^"]+)"', page)[1]))


def packed(data: bytes) -> str:
    return urlsafe_b64encode(data).decode().rstrip("=")


def unpacked(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))
