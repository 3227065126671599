"""The shared pool: customers that nobody was in touch with for as long as a rule says go back to it.

Once a day, from the background; each as an operation of the server, so that history says so and every device follows.
Pages foretell the same from the same rows (`web/pages/account.sql`), administration counts it.
"""

from __future__ import annotations

import os

from sync.ids import RANDOM_BYTES, uuid7
from web.dates import local_date

from .accept import accept_as_server
from .database import sqlite3

# Of the rule :id: customers with an owner in its departments, of its levels, without an appointment to come.
# A series counts as one that goes on.
QUIET = """
WITH RECURSIVE
rule AS (SELECT days, department_id, levels FROM pool_rule WHERE id = :id),
place (id) AS (
  SELECT department_id FROM rule
  UNION SELECT d.id FROM department AS d JOIN place AS p ON d.parent_id = p.id WHERE d.deleted = 0
)
SELECT a.id, a.version FROM account AS a
JOIN rule
JOIN user AS u ON u.id = a.owner_id
LEFT JOIN account_stat AS s ON s.account_id = a.id
WHERE a.deleted = 0 AND a.kind = 'customer'
  AND coalesce(a.owner_since_ms, s.last_contact_at_ms) IS NOT NULL
  AND max(coalesce(a.owner_since_ms, 0), coalesce(s.last_contact_at_ms, 0)) < :now_ms - rule.days * 86400000
  AND (rule.department_id IS NULL OR u.department_id IN (SELECT id FROM place))
  AND (coalesce(rule.levels, '[]') = '[]' OR a.level IN (SELECT value FROM json_each(rule.levels)))
  AND NOT EXISTS (
    SELECT 1 FROM event AS e
    WHERE e.account_id = a.id AND e.deleted = 0 AND e.cancelled_at_ms IS NULL
      AND (e.end_ms >= :now_ms OR e.rrule IS NOT NULL)
  )
ORDER BY a.id
"""


def return_daily(db: sqlite3.Connection, firm) -> int:
    """`return_to_pool`, once a day of the firm's time zone. Returns how many accounts went back."""
    today = local_date(firm.clock(), firm.timezone)
    done = db.execute("SELECT value FROM meta WHERE name = 'pool_day'").fetchone()
    if done and done[0] == today:
        return 0
    count = return_to_pool(db, firm)
    db.execute(
        "INSERT INTO meta (name, value) VALUES ('pool_day', ?) ON CONFLICT DO UPDATE SET value = excluded.value",
        (today,),
    )
    return count


def return_to_pool(db: sqlite3.Connection, firm) -> int:
    """Give back what the rules say, now. Returns how many accounts went back."""
    now_ms = firm.clock()
    rules = db.execute("SELECT id FROM pool_rule WHERE is_active = 1 AND deleted = 0 ORDER BY days, id").fetchall()
    count = 0
    for rule in rules:
        quiet = db.execute(QUIET, {"id": rule["id"], "now_ms": now_ms}).fetchall()
        ops = [_give_back(row["id"], row["version"], now_ms) for row in quiet]
        accept_as_server(db, firm, ops)
        count += len(ops)
    return count


def _give_back(account_id: str, version: int, now_ms: int) -> dict:
    return {
        "id": uuid7(now_ms, os.urandom(RANDOM_BYTES)),
        "entity": "account",
        "row": account_id,
        "base": version,
        "at": now_ms,
        "set": {"owner_id": None},
    }
