"""The first run: a one-time link, shown on the server's console only, makes the first administrator.

It works while nobody has a sign-in, and never again after that.
"""

from __future__ import annotations

from server.admin.approvals_money import set_currency
from server.admin.changes import make
from server.approvals import ready_made
from server.approvals.case import DEFAULT_CURRENCY
from server.sign_in import passwords
from server.sign_in.secrets import digest, new_token
from web.reasons import N_

GOOD_FOR_MS = 86_400_000

# What a new firm starts with: name (translated when it is stored), data scope, is_admin, is_cashier. Until
# somebody is given the role Finance, the administrator pays.
ROLES = (
    (N_("Administrator"), "everything", 1, 1),
    (N_("Team manager"), "below", 0, 0),
    (N_("Salesperson"), "own", 0, 0),
    (N_("Finance"), "own", 0, 1),
)


class SpentSetupLink(Exception):
    """Somebody can sign in already, or this is not the newest link, or it is too old."""


def is_needed(conn) -> bool:
    return conn.execute("SELECT 1 FROM credential LIMIT 1").fetchone() is None


def make_link(conn, now_ms: int) -> str:
    """A fresh setup link's token, in a write job; earlier links are void."""
    token = new_token()
    conn.execute("DELETE FROM setup_link")
    conn.execute(
        "INSERT INTO setup_link (token_hash, expires_at_ms) VALUES (?, ?)", (digest(token), now_ms + GOOD_FOR_MS)
    )
    return token


def check_link(conn, token: str, now_ms: int) -> None:
    """Raises SpentSetupLink."""
    row = conn.execute(
        "SELECT 1 FROM setup_link WHERE token_hash = ? AND expires_at_ms > ?", (digest(token), now_ms)
    ).fetchone()
    if row is None or not is_needed(conn):
        raise SpentSetupLink


def set_up(conn, firm, token: str, answers: dict[str, str], password_hash: str, translate) -> str:
    """Make the firm's top department, its roles, its administrator and what may be asked for, in a write job.

    answers: firm_name, name, login, timezone, all checked but the login.
    translate: message id -> text, for what gets a name here.
    Returns the administrator's user id. Raises SpentSetupLink, passwords.UnfitLogin.
    """
    now_ms = firm.clock()
    check_link(conn, token, now_ms)
    top_id = make(conn, firm, None, "department", {"name": answers["firm_name"]})
    roles = [_make_role(conn, firm, translate(name), *rights) for name, *rights in ROLES]
    person = {"name": answers["name"], "role_id": roles[0], "department_id": top_id}
    user_id = make(conn, firm, None, "user", person)
    conn.execute(
        "INSERT INTO meta (name, value) VALUES ('timezone', ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        (answers["timezone"],),
    )
    passwords.store(conn, user_id, answers["login"], password_hash)
    set_currency(conn, firm, None, DEFAULT_CURRENCY)
    ready_made.install_in_words(conn, firm, user_id, translate)
    conn.execute("DELETE FROM setup_link")
    return user_id


def _make_role(conn, firm, name: str, data_scope: str, is_admin: int, is_cashier: int) -> str:
    rights = {"data_scope": data_scope, "is_admin": is_admin, "is_cashier": is_cashier}
    return make(conn, firm, None, "role", {"name": name, **rights})


def setup_url(public_url: str, token: str) -> str:
    return f"{public_url}/setup?token={token}"
