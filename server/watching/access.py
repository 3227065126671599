"""Who may see measures and the details of health: whoever is on this machine, or holds the token. Never a guest.

A proxy on the same machine speaks for others: a request that says for whom it comes is not from here.
"""

from __future__ import annotations

import hmac
import ipaddress
from dataclasses import dataclass, field

from starlette.datastructures import Headers
from starlette.requests import Request

FORWARDED = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "via")
FEWEST_LETTERS = 16


@dataclass(frozen=True)
class Access:
    """kind: 'off', 'loopback' or 'token' (then token holds it; whoever is on this machine needs none)."""

    kind: str
    token: str = field(default="", repr=False)

    def allows(self, request: Request) -> bool:
        if self.kind == "off":
            return False
        return is_local(request) or (self.kind == "token" and self._has_token(request))

    def _has_token(self, request: Request) -> bool:
        given = request.headers.get("authorization", "")
        return hmac.compare_digest(given.encode("utf-8", "replace"), f"Bearer {self.token}".encode())


def read_access(text: str) -> Access:
    """ROADBOOK_METRICS. Raises ValueError, whose message never holds the token."""
    if text in ("off", "loopback"):
        return Access(text)
    kind, _, token = text.partition(":")
    if kind != "token" or len(token) < FEWEST_LETTERS or not token.isascii() or not token.isprintable():
        raise ValueError(f"off, loopback, or token: and at least {FEWEST_LETTERS} letters and digits are needed")
    return Access("token", token)


def is_forwarded(headers: Headers) -> bool:
    """Whether a proxy asks for somebody else."""
    return any(name in headers for name in FORWARDED)


def is_local(request: Request) -> bool:
    """Whether a program on this machine asks, for itself."""
    if is_forwarded(request.headers):
        return False
    try:
        return request.client is not None and ipaddress.ip_address(request.client.host).is_loopback
    except ValueError:
        return False
