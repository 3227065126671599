"""One-time codes that a person types on a new phone: eight characters, ten minutes, one use.

They work where a mailed link does not: in the installed app, on a phone without mail, read over the
telephone.  A new code replaces the person's earlier one.
"""

from __future__ import annotations

import unicodedata

from server.sign_in import throttle
from server.sign_in.secrets import digest, new_code

GOOD_FOR_MS = 10 * 60_000


class WrongCode(Exception):
    """No such code, or used, or too old."""


def make_code(conn, user_id: str, made_by: str | None, now_ms: int) -> str:
    """A fresh code for this person, in a write job."""
    code = new_code()
    conn.execute("DELETE FROM sign_in_code WHERE user_id = ? OR expires_at_ms <= ?", (user_id, now_ms))
    conn.execute(
        "INSERT INTO sign_in_code (code_hash, user_id, made_by, expires_at_ms) VALUES (?, ?, ?, ?)",
        (digest(code), user_id, made_by, now_ms + GOOD_FOR_MS),
    )
    return code


async def redeem(firm, typed: str, address: str) -> tuple[str, bool]:
    """The user id that a typed code stands for, and whether somebody else vouched for it; the code is spent.

    A code that a person made on a device of their own says no more than that device does.
    Raises WrongCode, or throttle.Throttled.
    """
    tries = [throttle.by_address("code_address", address)]
    now_ms = firm.clock()
    await firm.write(lambda conn: throttle.attempt(conn, tries, now_ms))
    return await firm.write(lambda conn: _spend(conn, tries, typed, now_ms))


def _spend(conn, tries: list[throttle.Try], typed: str, now_ms: int) -> tuple[str, bool]:
    row = conn.execute(
        "DELETE FROM sign_in_code WHERE code_hash = ? AND expires_at_ms > ?"
        " AND user_id IN (SELECT id FROM user WHERE is_active = 1 AND deleted = 0) RETURNING user_id, made_by",
        (digest(tidy_code(typed)), now_ms),
    ).fetchone()
    if row is None:
        raise WrongCode
    throttle.forgive(conn, tries)
    return row[0], row[0] != row[1]


def tidy_code(typed: str) -> str:
    """What was typed, without the gaps and the case that people add."""
    text = unicodedata.normalize("NFKC", typed).upper()
    return "".join(letter for letter in text if letter.isalnum())


def spaced(code: str) -> str:
    """A code as it is shown: ABCD EFGH."""
    return f"{code[:4]} {code[4:]}"
