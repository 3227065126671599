"""Rules of the shared pool: after how many days without contact customers go back to it.

Functions that change something run in a write job; `by` is the administrator.
"""

from __future__ import annotations

import json

from server.admin.changes import Refused, change, find, make, remove

LEVELS = ("a", "b", "c", "d")
DAY_MS = 86_400_000

# As `server/pool.py` returns them and as web/pages/account.sql foretells it.
WOULD_RETURN = """
WITH RECURSIVE places (id) AS (
  SELECT :department_id
  UNION SELECT d.id FROM department AS d JOIN places AS p ON d.parent_id = p.id WHERE d.deleted = 0
)
SELECT count(*) FROM account AS a
JOIN user AS u ON u.id = a.owner_id
LEFT JOIN account_stat AS s ON s.account_id = a.id
WHERE a.deleted = 0 AND a.kind = 'customer'
  AND (:department_id IS NULL OR u.department_id IN (SELECT id FROM places))
  AND (:levels = '[]' OR a.level IN (SELECT value FROM json_each(:levels)))
  AND coalesce(a.owner_since_ms, s.last_contact_at_ms) IS NOT NULL
  AND max(coalesce(a.owner_since_ms, 0), coalesce(s.last_contact_at_ms, 0)) < :before_ms
  AND NOT EXISTS (
    SELECT 1 FROM event AS e
    WHERE e.account_id = a.id AND e.deleted = 0 AND e.cancelled_at_ms IS NULL
      AND (e.end_ms >= :now_ms OR e.rrule IS NOT NULL)
  )
"""


def pool_rules(conn, now_ms: int) -> list[dict]:
    """Every rule, with its department's name and how many customers would go back today."""
    rows = conn.execute(
        "SELECT r.*, d.name AS department FROM pool_rule AS r LEFT JOIN department AS d ON d.id = r.department_id"
        " WHERE r.deleted = 0 ORDER BY r.is_active DESC, r.days, r.id"
    ).fetchall()
    return [dict(row) | {"would_return": would_return(conn, dict(row), now_ms)} for row in rows]


def would_return(conn, rule: dict, now_ms: int) -> int:
    """How many customers have nobody in touch for longer than the rule allows."""
    asked = {
        "department_id": rule["department_id"] or None,
        "levels": rule["levels"] or "[]",
        "before_ms": now_ms - rule["days"] * DAY_MS,
        "now_ms": now_ms,
    }
    return conn.execute(WOULD_RETURN, asked).fetchone()[0]


def as_typed(form: dict[str, str], levels: list[str]) -> dict:
    """A rule's fields from a form. Raises Refused where the days are no number."""
    days = form.get("days", "").strip()
    if not (days.isascii() and days.isdigit() and len(days) < 9):
        raise Refused("not_a_number" if days else "required", field="days")
    return {
        "name": form.get("name", "").strip(),
        "days": int(days),
        "department_id": form.get("department_id", ""),
        "levels": [level for level in LEVELS if level in levels],
        "is_active": 1 if form.get("is_active") else 0,
    }


def save(conn, firm, by: str, rule_id: str, seen_version: int, fields: dict) -> None:
    """A new rule where rule_id is ''. Raises Refused."""
    if rule_id:
        change(conn, firm, by, "pool_rule", rule_id, seen_version, fields)
    else:
        make(conn, firm, by, "pool_rule", fields)


def delete(conn, firm, by: str, rule_id: str) -> None:
    find(conn, "pool_rule", rule_id)
    remove(conn, firm, by, "pool_rule", rule_id)


def preview(fields: dict) -> dict:
    """A rule that is typed and not saved yet, as `would_return` takes it."""
    return fields | {"levels": json.dumps(fields["levels"])}
