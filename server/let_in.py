"""Letting people in from the server's own command line, for whoever has lost every other way.

Each function returns what to print.  Whoever may run these may read the database anyway.
"""

from __future__ import annotations

import io

import segno

from server import audit
from server.admin import people
from server.admin.changes import Refused, change, find, make
from server.sign_in import invites, setup
from server.sign_in.codes import spaced


class Unknown(Exception):
    """What was named does not exist, or cannot be done; the message says which and what to do."""


def setup_link(firm, url: str) -> str:
    token = firm.write_now(lambda conn: setup.make_link(conn, firm.clock()))
    return f"Make the first administrator (once, within a day):\n  {setup.setup_url(url, token)}"


def is_new(firm) -> bool:
    with firm.look() as conn:
        return setup.is_needed(conn)


def admin(firm, url: str, name: str | None) -> str:
    """Give a person a role that administers; without a name, the set-up link of a new firm."""
    if name is None:
        if is_new(firm):
            return setup_link(firm, url)
        raise Unknown("this firm is set up already: name the person to make an administrator")
    person_id, shown = _person(firm, name)

    def job(conn) -> str:
        role_id = _admin_role(conn, firm)
        row = find(conn, "user", person_id)
        change(conn, firm, None, "user", person_id, row["version"], {"role_id": role_id, "is_active": 1})
        audit.note(conn, firm.clock(), "", "", "became_administrator", f"user/{person_id}")
        return find(conn, "role", role_id)["name"]

    role = firm.write_now(job)
    return f"{shown} is now in the role {role}, and may administer."


def _admin_role(conn, firm) -> str:
    row = conn.execute("SELECT id FROM role WHERE is_admin = 1 AND deleted = 0 ORDER BY id LIMIT 1").fetchone()
    if row:
        return row[0]
    return make(conn, firm, None, "role", {"name": "Administrator", "data_scope": "everything", "is_admin": 1})


def invite(firm, url: str, name: str, role: str | None) -> str:
    """An invite link and its QR code; with a role, for a new person."""
    person_id = _add(firm, name, role) if role else _person(firm, name)[0]
    token = _refusable(firm, lambda conn: people.invite(conn, firm, None, person_id))
    link = invites.invite_url(url, token)
    return f"{_terminal_qr(link)}\nInvite for {name}, good for one use within 7 days:\n  {link}"


def code(firm, url: str, name: str) -> str:
    person_id, shown = _person(firm, name)
    made = _refusable(firm, lambda conn: people.code(conn, firm, None, person_id))
    return f"Code for {shown}, good for one use within 10 minutes:\n  {spaced(made)}\nTo be typed at {url}/sign-in"


def reset_second_factor(firm, url: str, name: str) -> str:
    person_id, shown = _person(firm, name)
    _refusable(firm, lambda conn: people.reset_second_factor(conn, firm, None, person_id))
    return (
        f"{shown}'s authenticator app, recovery codes and passkeys open nothing any more. Password and one-time codes"
        " are as before; a role that needs a second factor asks for a new one at the next sign-in."
    )


def _add(firm, name: str, role: str) -> str:
    with firm.look() as conn:
        row = conn.execute("SELECT id FROM role WHERE name = ? AND deleted = 0", (role,)).fetchone()
        known = conn.execute("SELECT name FROM role WHERE deleted = 0 ORDER BY name").fetchall()
    if row is None:
        raise Unknown(f"there is no role {role!r}; there are: {', '.join(one[0] for one in known) or 'none yet'}")
    return _refusable(firm, lambda conn: people.add(conn, firm, None, {"name": name, "role_id": row[0]}))


def _person(firm, name: str) -> tuple[str, str]:
    """Id and name of whoever has this login, id or name. Raises Unknown."""
    with firm.look() as conn:
        rows = conn.execute(
            "SELECT user.id, user.name FROM user LEFT JOIN credential ON credential.user_id = user.id"
            " WHERE user.deleted = 0 AND (credential.login = :login OR user.id = :name OR user.name = :name)"
            " ORDER BY user.id",
            {"login": name.casefold(), "name": name},
        ).fetchall()
    if not rows:
        raise Unknown(f"nobody has the login, name or id {name!r}")
    if len(rows) > 1:
        raise Unknown(f"{name!r} is more than one person; use an id: {', '.join(row[0] for row in rows)}")
    return rows[0][0], rows[0][1]


def _refusable(firm, job):
    try:
        return firm.write_now(job)
    except Refused as refused:
        raise Unknown(f"refused ({refused.reason}) {refused.detail or ''}".strip()) from None


def _terminal_qr(text: str) -> str:
    out = io.StringIO()
    segno.make(text, error="l", micro=False).terminal(out, compact=True)
    return out.getvalue()
