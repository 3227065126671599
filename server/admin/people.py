"""The people of a firm: who works here, where, in which role, and who may still come in.

Functions that change something run in a write job; `by` is the administrator who does it.
"""

from __future__ import annotations

from server import audit
from server.admin.changes import Refused, change, find, make
from server.sign_in import codes, invites, second


def people(conn) -> list:
    """Everybody, those who are active first, with the state of their sign-in."""
    return conn.execute(
        "SELECT user.id, user.name, user.title, user.is_active, role.name AS role, department.name AS department,"
        " credential.login, EXISTS (SELECT 1 FROM invite WHERE invite.user_id = user.id) AS is_invited"
        " FROM user LEFT JOIN role ON role.id = user.role_id"
        " LEFT JOIN department ON department.id = user.department_id"
        " LEFT JOIN credential ON credential.user_id = user.id"
        " WHERE user.deleted = 0 ORDER BY user.is_active DESC, user.name, user.id"
    ).fetchall()


def person(conn, user_id: str) -> dict:
    """One person with login, and when a device of theirs was last used. Raises Refused."""
    row = dict(find(conn, "user", user_id))
    more = conn.execute(
        "SELECT (SELECT login FROM credential WHERE user_id = :id) AS login,"
        " (SELECT expires_at_ms FROM invite WHERE user_id = :id) AS invite_until_ms,"
        " (SELECT max(last_seen_ms) FROM session WHERE user_id = :id) AS last_seen_ms,"
        " (SELECT count(*) FROM session WHERE user_id = :id) AS devices",
        {"id": user_id},
    ).fetchone()
    return row | dict(more) | {"factors": second.factors(conn, user_id)}


def add(conn, firm, by: str, fields: dict) -> str:
    """A new person; returns the id. Raises Refused."""
    user_id = make(conn, firm, by, "user", fields)
    _note_administrator(conn, firm, by, user_id, None)
    return user_id


def edit(conn, firm, by: str, user_id: str, seen_version: int, fields: dict) -> None:
    """Raises Refused."""
    _check_not_own_manager(conn, user_id, fields.get("manager_id") or None)
    before = find(conn, "user", user_id)["role_id"]
    change(conn, firm, by, "user", user_id, seen_version, fields)
    check_an_admin_remains(conn)
    _note_administrator(conn, firm, by, user_id, before)


def administers(conn, role_id: str | None) -> bool:
    """Whether whoever holds this role is an administrator."""
    return conn.execute("SELECT 1 FROM role WHERE id = ? AND is_admin = 1", (role_id,)).fetchone() is not None


def _note_administrator(conn, firm, by: str | None, user_id: str, role_before: str | None) -> None:
    if administers(conn, find(conn, "user", user_id)["role_id"]) and not administers(conn, role_before):
        audit.note_by(conn, firm.clock(), by, "became_administrator", f"user/{user_id}")


def deactivate(conn, firm, by: str, user_id: str) -> None:
    """The person leaves: devices bring what they still have and no more, what is left is handed over.

    Raises Refused.
    """
    change(conn, firm, by, "user", user_id, find(conn, "user", user_id)["version"], {"is_active": 0})
    check_an_admin_remains(conn)
    conn.execute("DELETE FROM invite WHERE user_id = ?", (user_id,))
    conn.execute("DELETE FROM sign_in_code WHERE user_id = ?", (user_id,))
    audit.note_by(conn, firm.clock(), by, "person_deactivated", f"user/{user_id}")


def reactivate(conn, firm, by: str, user_id: str) -> None:
    change(conn, firm, by, "user", user_id, find(conn, "user", user_id)["version"], {"is_active": 1})
    audit.note_by(conn, firm.clock(), by, "person_activated", f"user/{user_id}")


def invite(conn, firm, by: str | None, user_id: str) -> str:
    """A fresh invite's token. Raises Refused."""
    _check_active(conn, user_id)
    audit.note_by(conn, firm.clock(), by, "invite_made", f"user/{user_id}")
    return invites.make_invite(conn, user_id, by, firm.clock())


def code(conn, firm, by: str | None, user_id: str) -> str:
    """A fresh one-time code. Raises Refused."""
    _check_active(conn, user_id)
    audit.note_by(conn, firm.clock(), by, "code_made", f"user/{user_id}")
    return codes.make_code(conn, user_id, by, firm.clock())


def reset_second_factor(conn, firm, by: str | None, user_id: str) -> None:
    """The phone is lost that held app and passkeys: they open nothing any more. Raises Refused."""
    find(conn, "user", user_id)
    second.reset(conn, user_id)
    audit.note_by(conn, firm.clock(), by, "second_factor_reset", f"user/{user_id}")


def _check_active(conn, user_id: str) -> None:
    if not find(conn, "user", user_id)["is_active"]:
        raise Refused("inactive")


def check_an_admin_remains(conn) -> None:
    """Somebody must be able to undo this: an active person who can sign in and administer. Raises Refused."""
    found = conn.execute(
        "SELECT 1 FROM user JOIN role ON role.id = user.role_id AND role.is_admin = 1 AND role.deleted = 0"
        " JOIN credential ON credential.user_id = user.id WHERE user.is_active = 1 AND user.deleted = 0 LIMIT 1"
    ).fetchone()
    if not found:
        raise Refused("last_admin")


def _check_not_own_manager(conn, user_id: str, manager_id: str | None) -> None:
    """Nobody is their own manager's manager: scopes of `reports` would have no end."""
    above = manager_id
    seen = set()
    while above and above not in seen:
        if above == user_id:
            raise Refused("own_manager", field="manager_id")
        seen.add(above)
        row = conn.execute("SELECT manager_id FROM user WHERE id = ?", (above,)).fetchone()
        above = row[0] if row else None
