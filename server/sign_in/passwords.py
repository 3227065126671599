"""Passwords: argon2id hashes, checked away from the event loop and behind the throttle.

A wrong login and a wrong password give the same answer in the same time, so that nobody learns who works
here.  Plain passwords are never stored, logged or put into an error.
"""

from __future__ import annotations

import unicodedata
from functools import cache

from anyio import CapacityLimiter, to_thread
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from server.sign_in import throttle
from server.sign_in.guessable import is_guessed_first

LEAST_LENGTH = 10
MOST_LENGTH = 1_000
MOST_LOGIN = 100

_hasher = PasswordHasher()
# A hash takes 64 MiB and a core: two at a time, and the others wait their turn.
_two_at_a_time = CapacityLimiter(2)


class WrongPassword(Exception):
    """No active person has this login with this password."""


class UnfitPassword(ValueError):
    """A new password that may not be used; reason is a code: too_short, too_long, same_as_login, guessable."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class UnfitLogin(ValueError):
    """A login that may not be used; reason is a code: required, too_long, has_spaces, taken."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


async def sign_in(firm, login: str, password: str, address: str) -> str:
    """The user id of whoever signs in so. Raises WrongPassword, or throttle.Throttled.

    The attempt is counted before the slow check, so that many at once gain nothing.
    """
    tries = [throttle.by_login(tidy_login(login)), throttle.by_address("password_address", address)]
    await firm.write(lambda conn: throttle.attempt(conn, tries, firm.clock()))
    with firm.look() as conn:
        row = find(conn, login)
    known_hash = row["password_hash"] if row else _some_hash()
    matched = await to_thread.run_sync(matches, known_hash, password, limiter=_two_at_a_time)
    if not row or not matched:
        raise WrongPassword
    await firm.write(lambda conn: throttle.forgive(conn, tries))
    return row["user_id"]


async def hash_away(password: str) -> str:
    """hash_password, away from the event loop."""
    return await to_thread.run_sync(hash_password, password, limiter=_two_at_a_time)


async def matches_away(password_hash: str, password: str) -> bool:
    """matches, away from the event loop."""
    return await to_thread.run_sync(matches, password_hash, password, limiter=_two_at_a_time)


async def is_own(firm, user_id: str, password: str) -> bool:
    """Whether this is the password of this person, who is signed in already. Raises throttle.Throttled."""
    with firm.look() as conn:
        row = credential(conn, user_id)
    if row is None:
        return False
    tries = [throttle.by_login(row["login"])]
    await firm.write(lambda conn: throttle.attempt(conn, tries, firm.clock()))
    matched = await to_thread.run_sync(matches, row["password_hash"], password, limiter=_two_at_a_time)
    if matched:
        await firm.write(lambda conn: throttle.forgive(conn, tries))
    return matched


def find(conn, login: str):
    """The credential of an active person with this login, or None."""
    return conn.execute(
        "SELECT credential.user_id, credential.login, credential.password_hash"
        " FROM credential JOIN user ON user.id = credential.user_id"
        " WHERE credential.login = ? AND user.is_active = 1 AND user.deleted = 0",
        (tidy_login(login),),
    ).fetchone()


def credential(conn, user_id: str):
    return conn.execute(
        "SELECT user_id, login, password_hash FROM credential WHERE user_id = ?", (user_id,)
    ).fetchone()


def set_password(conn, user_id: str, login: str, password: str) -> None:
    """Give a person a login and a password, in a write job. Raises UnfitLogin.

    Whether the password is good enough is for check_new_password to say.
    """
    store(conn, user_id, login, hash_password(password))


def store(conn, user_id: str, login: str, password_hash: str) -> None:
    """The same with a hash that was made before the job: hashing in the writer would hold everybody up."""
    login = check_login(login)
    holder = conn.execute("SELECT user_id FROM credential WHERE login = ?", (login,)).fetchone()
    if holder and holder[0] != user_id:
        raise UnfitLogin("taken")
    conn.execute(
        "INSERT INTO credential (user_id, login, password_hash) VALUES (?, ?, ?)"
        " ON CONFLICT (user_id) DO UPDATE SET login = excluded.login, password_hash = excluded.password_hash",
        (user_id, login, password_hash),
    )


def check_new_password(password: str, login: str, firm_name: str = "") -> None:
    """Raises UnfitPassword. Length is what counts; rules about kinds of letters only make people write it down."""
    if len(password) < LEAST_LENGTH:
        raise UnfitPassword("too_short")
    if len(password) > MOST_LENGTH:
        raise UnfitPassword("too_long")
    if _prepared(password).casefold() == tidy_login(login):
        raise UnfitPassword("same_as_login")
    if is_guessed_first(password, (login, firm_name)):
        raise UnfitPassword("guessable")


def check_login(text: str) -> str:
    """A login as it is stored. Raises UnfitLogin."""
    login = tidy_login(text)
    if not login:
        raise UnfitLogin("required")
    if len(login) > MOST_LOGIN:
        raise UnfitLogin("too_long")
    if not login.isprintable() or any(letter.isspace() for letter in login):
        raise UnfitLogin("has_spaces")
    return login


def tidy_login(text: str) -> str:
    """Anna, ANNA and full-width ＡＮＮＡ are one login."""
    return unicodedata.normalize("NFKC", text).strip().casefold()


def hash_password(password: str) -> str:
    return _hasher.hash(_prepared(password))


def matches(password_hash: str, password: str) -> bool:
    try:
        return _hasher.verify(password_hash, _prepared(password[: MOST_LENGTH + 1]))
    except (VerificationError, InvalidHashError):
        return False


def _prepared(password: str) -> str:
    # Two keyboards may write one letter in two ways (RFC 8265); lone surrogates have no bytes to hash.
    clean = password.encode("utf-8", "replace").decode()
    return unicodedata.normalize("NFC", clean)


@cache
def _some_hash() -> str:
    """What is checked when nobody has the login, so that the answer takes as long."""
    return hash_password("nobody's password")
