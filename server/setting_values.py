"""How the text of a setting becomes a value: each takes what was set, and raises ValueError with what is needed."""

from __future__ import annotations

from ipaddress import ip_network
from pathlib import Path
from urllib.parse import urlsplit

from server.notices.reach import origin_of


def read_folder(text: str) -> Path:
    path = Path(text)
    if not path.is_absolute():
        raise ValueError("a path from / on is needed, so that every command means the same folder")
    return path


def read_port(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 0 <= int(text) <= 65535:
        raise ValueError("a number from 0 to 65535 is needed")
    return int(text)


def read_log_kind(text: str) -> str:
    if text not in ("json", "text"):
        raise ValueError("json or text is needed")
    return text


def read_url_pattern(text: str) -> str:
    if text.count("*") != 1:
        raise ValueError("with ROADBOOK_FIRMS, an address is needed in which * stands for a firm's folder")
    return read_public_url(text)


def read_public_url(text: str) -> str:
    url = urlsplit(text)
    if url.scheme not in ("http", "https") or not url.hostname:
        raise ValueError("an address that begins with https:// is needed")
    # Browsers run service workers, and with them Roadbook's offline half, on secure origins only.
    if url.scheme == "http" and not _is_this_machine(url.hostname):
        raise ValueError("phones work offline over https only")
    if url.port == 0 or url.path not in ("", "/") or url.query or url.fragment:
        raise ValueError("Roadbook needs a host name of its own, without a path")
    return f"{url.scheme}://{url.netloc}"


def _is_this_machine(host: str) -> bool:
    return host in ("localhost", "127.0.0.1", "::1") or host.endswith(".localhost")


def read_origins(text: str) -> frozenset[str]:
    """Addresses that the server may connect to though they are of no known service, or inside a private network."""
    found = [urlsplit(one.strip()) for one in text.split(",") if one.strip()]
    for url in found:
        if url.scheme not in ("http", "https") or not url.hostname or url.path not in ("", "/"):
            raise ValueError("addresses like https://push.example.com are needed, separated by commas")
    return frozenset(origin_of(url) for url in found)


def read_address(text: str) -> str:
    if "@" not in text or any(letter in text for letter in " <>,"):
        raise ValueError("an e-mail address is needed, without a name")
    return text


def read_contact(text: str) -> str:
    if text.startswith("https://"):
        return text
    return "mailto:" + read_address(text.removeprefix("mailto:"))


def read_proxies(text: str) -> str:
    """As uvicorn takes them; what is no address it would take for a name that nobody ever has."""
    if text != "*":
        try:
            [ip_network(one.strip()) for one in text.split(",")]
        except ValueError:
            words = "addresses like 10.0.0.5 or networks like 10.0.0.0/24 are needed, separated by commas"
            raise ValueError(words) from None
    return text
