"""Recovery codes: ten on paper, each once in place of the authenticator app.

Twelve letters and digits: the first four find the code, the other eight are kept as an argon2id hash, because a stolen
database would give so short a secret away otherwise.  They are shown once, when they are made.
"""

from __future__ import annotations

from server.sign_in import passwords
from server.sign_in.codes import tidy_code
from server.sign_in.secrets import CODE_LENGTH, new_code

HOW_MANY = 10
SELECTOR = 4


def make() -> list[str]:
    """Ten codes whose first letters differ."""
    by_selector: dict[str, str] = {}
    while len(by_selector) < HOW_MANY:
        code = new_code()[:SELECTOR] + new_code()
        by_selector[code[:SELECTOR]] = code
    return list(by_selector.values())


async def hashed(codes: list[str]) -> list[tuple[str, str]]:
    """(selector, hash) of each, made away from the writer."""
    return [(code[:SELECTOR], await passwords.hash_away(code[SELECTOR:])) for code in codes]


def store(conn, user_id: str, codes: list[tuple[str, str]]) -> None:
    """They replace all earlier ones, in a write job."""
    conn.execute("DELETE FROM recovery_code WHERE user_id = ?", (user_id,))
    conn.executemany(
        "INSERT INTO recovery_code (user_id, selector, code_hash) VALUES (?, ?, ?)",
        [(user_id, selector, code_hash) for selector, code_hash in codes],
    )


def is_one(typed: str) -> bool:
    """Whether this has a recovery code's length rather than six digits."""
    return len(tidy_code(typed)) == SELECTOR + CODE_LENGTH


async def matching(firm, user_id: str, typed: str) -> str | None:
    """The selector of the code that this is, still to be spent."""
    code = tidy_code(typed)
    with firm.look() as conn:
        row = conn.execute(
            "SELECT code_hash FROM recovery_code WHERE user_id = ? AND selector = ?", (user_id, code[:SELECTOR])
        ).fetchone()
    matched = row is not None and await passwords.matches_away(row[0], code[SELECTOR:])
    return code[:SELECTOR] if matched else None


def spend(conn, user_id: str, selector: str) -> bool:
    """False where somebody was faster, in a write job."""
    spent = conn.execute("DELETE FROM recovery_code WHERE user_id = ? AND selector = ?", (user_id, selector))
    return spent.rowcount > 0


def left(conn, user_id: str) -> int:
    return conn.execute("SELECT count(*) FROM recovery_code WHERE user_id = ?", (user_id,)).fetchone()[0]


def spaced(code: str) -> str:
    return f"{code[:4]} {code[4:8]} {code[8:]}"
