"""The tree of departments. Functions that change it run in a write job; `by` is the administrator."""

from __future__ import annotations

from server.admin.changes import Refused, change, make, remove


def tree(conn) -> list[dict]:
    """Every department in the order of the tree, each with depth, path (names from the top) and people."""
    rows = conn.execute(
        "SELECT department.id, department.name, department.parent_id, department.version,"
        " (SELECT count(*) FROM user WHERE user.department_id = department.id AND user.deleted = 0"
        "  AND user.is_active = 1) AS people"
        " FROM department WHERE deleted = 0 ORDER BY position, name, id"
    ).fetchall()
    known = {row["id"] for row in rows}
    below: dict[str | None, list] = {}
    for row in rows:
        # A parent that is gone leaves its children at the top rather than out of sight.
        below.setdefault(row["parent_id"] if row["parent_id"] in known else None, []).append(row)
    return list(_walk(below, None, ()))


def _walk(below: dict, parent_id: str | None, above: tuple[str, ...]):
    for row in below.pop(parent_id, []):
        path = (*above, row["name"])
        yield dict(row) | {"depth": len(above), "path": " / ".join(path)}
        yield from _walk(below, row["id"], path)


def add(conn, firm, by: str, name: str, parent_id: str) -> str:
    return make(conn, firm, by, "department", {"name": name, "parent_id": parent_id})


def edit(conn, firm, by: str, department_id: str, seen_version: int, name: str, parent_id: str) -> None:
    """Rename or move. Raises Refused."""
    _check_not_below_itself(conn, department_id, parent_id)
    change(conn, firm, by, "department", department_id, seen_version, {"name": name, "parent_id": parent_id})


def delete(conn, firm, by: str, department_id: str) -> None:
    """Raises Refused while anybody or anything is in it."""
    held = conn.execute(
        "SELECT 1 FROM user WHERE department_id = :id AND deleted = 0"
        " UNION ALL SELECT 1 FROM department WHERE parent_id = :id AND deleted = 0 LIMIT 1",
        {"id": department_id},
    ).fetchone()
    if held:
        raise Refused("not_empty")
    remove(conn, firm, by, "department", department_id)


def _check_not_below_itself(conn, department_id: str, parent_id: str) -> None:
    above, seen = parent_id, set()
    while above and above not in seen:
        if above == department_id:
            raise Refused("below_itself", field="parent_id")
        seen.add(above)
        row = conn.execute("SELECT parent_id FROM department WHERE id = ?", (above,)).fetchone()
        above = row[0] if row else None
