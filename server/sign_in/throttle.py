"""Slows guessing down: after some tries in vain the next one must wait, longer each time.

Counts are stored, so a restart forgives nothing.  Passwords are counted per account and per address, codes
per address alone and apart from passwords: whoever guesses at somebody's password makes that person wait
for the password, but never keeps out a one-time code that came another way.  Second factors are counted per
person, and only by whoever got as far as that.
"""

from __future__ import annotations

import hashlib
import ipaddress
from dataclasses import dataclass

DAY_MS = 86_400_000
FORGET_MS = DAY_MS


@dataclass(frozen=True)
class Rule:
    """free: failures that cost nothing. Then a wait of first_wait_ms, doubled each time up to longest_wait_ms."""

    free: int
    first_wait_ms: int
    longest_wait_ms: int


RULES = {
    "password_account": Rule(5, 30_000, 15 * 60_000),
    # A whole office comes from one address.
    "password_address": Rule(30, 30_000, 15 * 60_000),
    # Well within a code's ten minutes, and far from enough tries to meet one of 25^8.
    "code_address": Rule(10, 5_000, 60_000),
    # Of a million digits three count at a time: at most some hundred tries a day.
    "second_account": Rule(5, 30_000, 15 * 60_000),
}

Try = tuple[str, str]  # kind, key


class Throttled(Exception):
    """Too many tries in vain; wait_ms says how long until the next."""

    def __init__(self, wait_ms: int) -> None:
        super().__init__(f"too many tries: wait {wait_ms} ms")
        self.wait_ms = wait_ms


def by_login(login: str) -> Try:
    return ("password_account", _hashed(login))


def by_person(kind: str, user_id: str) -> Try:
    return (kind, _hashed(user_id))


def by_address(kind: str, address: str) -> Try:
    return (kind, _hashed(network(address)))


def attempt(conn, tries: list[Try], now_ms: int) -> None:
    """Count a try as failed ahead of its outcome. Raises Throttled, and then counts nothing."""
    wait_ms = max(_wait_ms(conn, one, now_ms) for one in tries)
    if wait_ms > 0:
        raise Throttled(wait_ms)
    conn.execute("DELETE FROM sign_in_attempt WHERE last_failed_ms < ?", (now_ms - FORGET_MS,))
    conn.executemany(
        "INSERT INTO sign_in_attempt (kind, key, failures, last_failed_ms) VALUES (?, ?, 1, ?)"
        " ON CONFLICT (kind, key) DO UPDATE SET failures = failures + 1, last_failed_ms = excluded.last_failed_ms",
        [(kind, key, now_ms) for kind, key in tries],
    )


def forgive(conn, tries: list[Try]) -> None:
    """The try succeeded: its account starts afresh, its address is credited with this one try only.

    Else whoever has an account of their own could clear an address's count again and again.
    """
    for kind, key in tries:
        if kind.endswith("_account"):
            conn.execute("DELETE FROM sign_in_attempt WHERE kind = ? AND key = ?", (kind, key))
        else:
            conn.execute(
                "UPDATE sign_in_attempt SET failures = failures - 1 WHERE kind = ? AND key = ? AND failures > 0",
                (kind, key),
            )


def _wait_ms(conn, one: Try, now_ms: int) -> int:
    kind, key = one
    row = conn.execute(
        "SELECT failures, last_failed_ms FROM sign_in_attempt WHERE kind = ? AND key = ?", (kind, key)
    ).fetchone()
    if row is None or now_ms - row[1] >= FORGET_MS:
        return 0
    rule, over = RULES[kind], row[0] - RULES[kind].free
    if over < 0:
        return 0
    wait_ms = min(rule.first_wait_ms * 2 ** min(over, 20), rule.longest_wait_ms)
    # A clock that was set back must not make anybody wait longer than the rule says.
    return min(wait_ms, row[1] + wait_ms - now_ms)


def network(address: str) -> str:
    """Whom an address belongs to: one IPv4 address, or the /64 that every IPv6 customer is given."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return address
    if ip.version == 6 and ip.ipv4_mapped:
        ip = ip.ipv4_mapped
    return str(ip) if ip.version == 4 else str(ipaddress.ip_network((ip, 64), strict=False))


def _hashed(text: str) -> str:
    # People type passwords into the login field: what they typed is not kept.
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
