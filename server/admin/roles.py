"""Roles: what the people who hold one may see, and whether they administer or pay.

Functions that change something run in a write job; `by` is the administrator.
"""

from __future__ import annotations

from server import audit
from server.admin.changes import Refused, change, make, remove
from server.admin.people import check_an_admin_remains
from server.sign_in import second

# In order of reach; the words are the endpoint's.
SCOPES = ("own", "reports", "department", "below", "everything")


def roles(conn) -> list:
    """Every role with the number of active people who hold it."""
    return conn.execute(
        "SELECT role.id, role.name, role.data_scope, role.is_admin, role.is_cashier, role.version,"
        " EXISTS (SELECT 1 FROM second_factor_role WHERE role_id = role.id) AS needs_second,"
        " (SELECT count(*) FROM user WHERE user.role_id = role.id AND user.deleted = 0"
        "  AND user.is_active = 1) AS people"
        " FROM role WHERE deleted = 0 ORDER BY name, id"
    ).fetchall()


def add(conn, firm, by: str, fields: dict) -> str:
    return make(conn, firm, by, "role", fields)


def edit(conn, firm, by: str, role_id: str, seen_version: int, fields: dict) -> None:
    """Raises Refused."""
    change(conn, firm, by, "role", role_id, seen_version, fields)
    check_an_admin_remains(conn)


def require_second_factor(conn, firm, by: str, role_id: str, is_required: bool) -> None:
    """From their next sign-in on, whoever holds this role gives a second factor, or sets one up first."""
    if second.require(conn, role_id, is_required):
        detail = {"is_required": int(is_required)}
        audit.note_by(conn, firm.clock(), by, "second_factor_of_role", f"role/{role_id}", detail)


def delete(conn, firm, by: str, role_id: str) -> None:
    """Raises Refused while anybody holds it."""
    if conn.execute("SELECT 1 FROM user WHERE role_id = ? AND deleted = 0 LIMIT 1", (role_id,)).fetchone():
        raise Refused("in_use")
    remove(conn, firm, by, "role", role_id)
    second.require(conn, role_id, False)
