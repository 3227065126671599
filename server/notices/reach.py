"""Where the server may send things to: addresses of push services and robots come from strangers.

https only, known hosts only, no address inside a private network, no redirects.  The name is resolved once and the
connection goes to the address that was checked.  An origin that the administrator names in a setting may be anything.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import ssl
import time
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

import httpx2

PUSH_HOSTS = (
    "fcm.googleapis.com",
    # Chromium, and the early channels of Chrome.
    "jmt17.google.com",
    "updates.push.services.mozilla.com",
    "*.push.services.mozilla.com",
    "*.notify.windows.com",
    "*.push.apple.com",
)
ROBOT_HOSTS = {
    "wecom": ("qyapi.weixin.qq.com",),
    "dingtalk": ("oapi.dingtalk.com",),
    "feishu": ("open.feishu.cn", "open.larksuite.com"),
}

# (address, port) of a host, several where it has several.
Resolve = Callable[[str, int], Awaitable[list[tuple[str, int]]]]

RESOLVED_S = 60
TIMEOUT_S = 15
MOST_CONNECTIONS = 64


class NotAllowed(Exception):
    """Nothing is sent to this address. reason is a code."""

    def __init__(self, reason: str, host: str = "") -> None:
        super().__init__(f"{reason}: {host}")
        self.reason = reason
        self.host = host


@dataclass(frozen=True)
class Reach:
    """hosts: names, '*.' before those of which any sub-domain is meant. origins: what the administrator adds."""

    hosts: tuple[str, ...]
    origins: frozenset[str] = frozenset()

    def check(self, url: str) -> str:
        """The origin of an address that something may be sent to. Raises NotAllowed."""
        try:
            parts = urlsplit(url)
            origin = origin_of(parts)
        except ValueError:
            raise NotAllowed("bad_address") from None
        if parts.username is not None or not parts.hostname or any(ord(letter) <= 32 for letter in url):
            raise NotAllowed("bad_address")
        if origin in self.origins:
            return origin
        if parts.scheme != "https" or parts.port not in (None, 443):
            raise NotAllowed("not_https", parts.hostname)
        if not any(_matches(parts.hostname, host) for host in self.hosts):
            raise NotAllowed("unknown_host", parts.hostname)
        return origin


def origin_of(parts: SplitResult) -> str:
    """scheme://host[:port], the port only where it is not the scheme's own. Raises ValueError."""
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    usual = {"https": 443, "http": 80}.get(parts.scheme)
    return f"{parts.scheme}://{host}" + (f":{parts.port}" if parts.port not in (None, usual) else "")


def _matches(host: str, pattern: str) -> bool:
    return host.endswith(pattern[1:]) if pattern.startswith("*.") else host == pattern


def web_client(origins: Iterable[str], resolve: Resolve | None = None, verify: ssl.SSLContext | None = None):
    """A client that connects to nothing inside, and follows no redirect. origins: whom the administrator trusts."""
    transport = Pinned(frozenset(origins), resolve or look_up, verify or ssl.create_default_context())
    headers = {"User-Agent": "Roadbook"}
    return httpx2.AsyncClient(
        transport=transport, timeout=TIMEOUT_S, follow_redirects=False, trust_env=False, headers=headers
    )


class Pinned(httpx2.AsyncBaseTransport):
    """Resolves a name, refuses what is not public, and connects to the address that was looked at."""

    def __init__(self, origins: frozenset[str], resolve: Resolve, verify: ssl.SSLContext) -> None:
        self._origins, self._resolve, self._verify = origins, resolve, verify
        # Connections of one origin each: two names on one machine share none.
        self._transports: dict[str, httpx2.AsyncHTTPTransport] = {}
        self._resolved: dict[str, tuple[float, list[tuple[str, int]]]] = {}

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        origin = origin_of(urlsplit(str(request.url)))
        host, port = request.url.host, request.url.port or {"https": 443}.get(request.url.scheme, 80)
        transport = self._transport(origin)
        failure: Exception = httpx2.ConnectError(f"{host} has no address")
        for address, at_port in await self._addresses(origin, host, port):
            pinned = httpx2.Request(
                request.method,
                request.url.copy_with(host=address, port=at_port),
                headers=request.headers,
                stream=request.stream,
                extensions={**request.extensions, "sni_hostname": host},
            )
            try:
                return await transport.handle_async_request(pinned)
            except httpx2.ConnectError as error:
                failure = error
        raise failure

    async def _addresses(self, origin: str, host: str, port: int) -> list[tuple[str, int]]:
        at, found = self._resolved.get(origin, (0.0, []))
        if not found or time.monotonic() - at > RESOLVED_S:
            try:
                found = await self._resolve(host, port)
            except OSError as error:
                raise httpx2.ConnectError(f"{host} cannot be found: {error}") from None
            if origin not in self._origins:
                for address, _ in found:
                    if not is_public(address):
                        raise NotAllowed("private_address", host)
            self._resolved[origin] = (time.monotonic(), found)
        return found

    def _transport(self, origin: str) -> httpx2.AsyncHTTPTransport:
        if origin not in self._transports:
            limits = httpx2.Limits(max_connections=MOST_CONNECTIONS, max_keepalive_connections=MOST_CONNECTIONS)
            self._transports[origin] = httpx2.AsyncHTTPTransport(verify=self._verify, limits=limits, trust_env=False)
        return self._transports[origin]

    async def aclose(self) -> None:
        for transport in self._transports.values():
            await transport.aclose()


async def look_up(host: str, port: int) -> list[tuple[str, int]]:
    """Raises OSError."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys((address[0], address[1]) for *_, address in found))


def is_public(address: str) -> bool:
    ip = ipaddress.ip_address(address.split("%")[0])
    inner = getattr(ip, "ipv4_mapped", None) or getattr(ip, "sixtofour", None)
    return ip.is_global and not ip.is_multicast and (inner is None or (inner.is_global and not inner.is_multicast))
