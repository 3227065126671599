"""Every conflict of the firm, for whoever administers it: found by filters, counted, settled in their name.

`find`, `count_by_person` and the like read; `settle` runs in a write job.  Nothing is decided here about who wins:
settling is an ordinary operation, of which history tells like of any other.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache

from server import audit
from server.accept import accept_as_server
from server.admin.changes import fresh_id
from sync.entities import BY_NAME
from web.build.loader import load_pages

MOST_AT_ONCE = 50
DAY_MS = 86_400_000


@dataclass(frozen=True)
class Filter:
    """Which conflicts. state: 'open' or 'settled'; days: at least so old; '' and 0: any."""

    state: str = "open"
    person: str = ""
    entity: str = ""
    kind: str = ""
    days: int = 0


_WHERE = """
WHERE x.deleted = 0 AND (x.settled_at_ms IS NULL) = (:state <> 'settled')
  AND (:person = '' OR :person IN (x.kept_by, x.lost_by))
  AND (:entity = '' OR x.target_entity = :entity)
  AND (:kind = '' OR x.kind = :kind)
  AND max(x.kept_at_ms, x.lost_at_ms) <= :until_ms
"""
_TITLES = {
    **{"account": "name", "contact": "name", "event": "title", "task": "title", "relation": "role"},
    **dict.fromkeys(("activity", "sticky", "comment"), "substr(body, 1, 120)"),
}
_ONE_TITLE = "WHEN '{0}' THEN (SELECT {1} FROM {0} WHERE id = x.target_id)"
_TITLE = f"CASE x.target_entity {' '.join(_ONE_TITLE.format(*pair) for pair in _TITLES.items())} END"
_COLUMNS = f"""
SELECT x.id, x.version, x.target_entity, x.target_id, x.account_id, a.name AS account_name, x.kind, x.unit,
  x.kept, x.kept_by, keeper.name AS kept_by_name, x.kept_at_ms, x.kept_device,
  x.lost, x.lost_by, loser.name AS lost_by_name, x.lost_at_ms, x.lost_device, x.base,
  x.settled_at_ms, settler.name AS settled_by_name, {_TITLE} AS title,
  x.kept ->> '$.deleted' AS kept_deletes, x.lost ->> '$.deleted' AS lost_deletes
FROM conflict AS x
LEFT JOIN account AS a ON a.id = x.account_id
LEFT JOIN user AS keeper ON keeper.id = x.kept_by
LEFT JOIN user AS loser ON loser.id = x.lost_by
LEFT JOIN user AS settler ON settler.id = x.settled_by
"""


def find(conn, wanted: Filter, now_ms: int, most: int, after: int = 0) -> list[dict]:
    """Newest first; `after` of them are left out."""
    given = _given(wanted, now_ms) | {"most": most, "after": after}
    order = "ORDER BY coalesce(x.settled_at_ms, max(x.kept_at_ms, x.lost_at_ms)) DESC, x.id LIMIT :most OFFSET :after"
    return [dict(row) for row in conn.execute(f"{_COLUMNS}{_WHERE}{order}", given)]


def count(conn, wanted: Filter, now_ms: int) -> int:
    return conn.execute(f"SELECT count(*) FROM conflict AS x {_WHERE}", _given(wanted, now_ms)).fetchone()[0]


def sides(conn, ids: list[str]) -> list[dict]:
    """What each side of these says, field by field: as the page of the inbox shows it to everybody."""
    return [dict(row) for row in conn.execute(_lines_sql(), {"listed": json.dumps(ids)})]


def count_by_person(conn) -> list[dict]:
    """Whose open conflicts, most first."""
    rows = conn.execute(
        "SELECT u.id, u.name, count(*) AS open, min(max(x.kept_at_ms, x.lost_at_ms)) AS oldest_ms"
        " FROM conflict AS x JOIN user AS u ON u.id IN (x.kept_by, x.lost_by)"
        " WHERE x.settled_at_ms IS NULL AND x.deleted = 0 GROUP BY u.id ORDER BY open DESC, u.name, u.id LIMIT 30"
    )
    return [dict(row) for row in rows]


def count_by_week(conn, now_ms: int) -> list[dict]:
    """How many arose and how many were settled, of the last twelve weeks; a week is named by its Monday, in UTC."""
    rows = conn.execute(
        "SELECT week, sum(arose) AS arose, sum(settled) AS settled FROM ("
        "  SELECT date(max(kept_at_ms, lost_at_ms) / 1000, 'unixepoch', '-6 days', 'weekday 1') AS week,"
        "    1 AS arose, 0 AS settled FROM conflict WHERE deleted = 0"
        "  UNION ALL SELECT date(settled_at_ms / 1000, 'unixepoch', '-6 days', 'weekday 1'), 0, 1 FROM conflict"
        "    WHERE deleted = 0 AND settled_at_ms IS NOT NULL)"
        " WHERE week >= date(:now_ms / 1000, 'unixepoch', '-84 days') GROUP BY week ORDER BY week DESC",
        {"now_ms": now_ms},
    )
    return [dict(row) for row in rows]


def waiting(conn) -> list[dict]:
    """Operations that came back after a restore and still miss the row they are about, by person."""
    rows = conn.execute(
        "SELECT u.name, count(*) AS groups, min(w.kept_at_ms) AS oldest_ms, sum(w.reason IS NOT NULL) AS refused"
        " FROM waiting AS w LEFT JOIN user AS u ON u.id = w.user_id GROUP BY w.user_id ORDER BY oldest_ms, u.name"
    )
    return [dict(row) for row in rows]


def people(conn) -> list[tuple[str, str]]:
    rows = conn.execute(
        "SELECT id, name FROM user WHERE id IN (SELECT kept_by FROM conflict UNION SELECT lost_by FROM conflict)"
        " ORDER BY name, id"
    )
    return [(row["id"], row["name"]) for row in rows]


def _given(wanted: Filter, now_ms: int) -> dict:
    return {**wanted.__dict__, "until_ms": now_ms - wanted.days * DAY_MS}


@cache
def _lines_sql() -> str:
    [page] = load_pages(names={"conflicts"})
    return next(query.sql for query in page.queries if query.name == "lines")


# --- settling -----------------------------------------------------------------------------------------


@dataclass
class Settled:
    """done: how many; gone: how many somebody had settled before; refused: (title's id, reason, detail)."""

    done: int = 0
    gone: int = 0
    refused: list[tuple[str, str, dict]] | None = None


def settle(conn, firm, by: str, ids: list[str], take: bool) -> Settled:
    """Settle these, each for itself: keep what the row has, or take the other side. by: the administrator."""
    settled = Settled(refused=[])
    for conflict_id in ids[:MOST_AT_ONCE]:
        row = conn.execute(
            "SELECT * FROM conflict WHERE id = ? AND deleted = 0 AND settled_at_ms IS NULL", (conflict_id,)
        ).fetchone()
        if row is None:
            settled.gone += 1
            continue
        outcomes = accept_as_server(conn, firm, _operations(conn, firm, by, dict(row), take), by)
        refusals = [one for one in outcomes if one["is"] == "rejected" and one["reason"] != "with_others"]
        if refusals:
            settled.refused.append((conflict_id, refusals[0]["reason"], refusals[0]["detail"]))
        else:
            settled.done += 1
    if settled.done:
        audit.note_by(conn, firm.clock(), by, "conflicts_settled", "", {"settled": settled.done, "take": int(take)})
    return settled


def _operations(conn, firm, by: str, conflict: dict, take: bool) -> list[dict]:
    now_ms = firm.clock()
    closing = {"entity": "conflict", "row": conflict["id"], "base": conflict["version"]}
    closing["set"] = {"settled_at_ms": now_ms, "settled_by": by}
    change = _taking(conn, conflict) if take else None
    group = {"group": fresh_id(firm)} if change else {}
    return [{"id": fresh_id(firm), "at": now_ms, **op, **group} for op in (change, closing) if op]


def _taking(conn, conflict: dict) -> dict | None:
    """The operation by which the row becomes what the other side said; None where there is nothing to change."""
    entity, lost = BY_NAME[conflict["target_entity"]], json.loads(conflict["lost"] or "{}")
    found = conn.execute(f"SELECT * FROM {entity.name} WHERE id = ?", (conflict["target_id"],)).fetchone()
    about = {"entity": entity.name, "row": conflict["target_id"], "base": found["version"] if found else 0}
    if found is None:
        return about | _patch(entity, _of_somebody_here(conn, conflict, lost), {}) if conflict["unit"] == "+" else None
    if lost.get("deleted"):
        return None if found["deleted"] else about | {"delete": True}
    patch = _patch(entity, lost, dict(found))
    return about | patch if patch else None


def _patch(entity, wanted: dict, row: dict) -> dict:
    patch: dict[str, dict] = {"set": {}, "add": {}, "remove": {}}
    for name, value in wanted.items():
        field = entity.by_name.get(name)
        if field is None:
            continue
        if field.type == "set":
            held, asked = json.loads(row.get(name) or "[]"), json.loads(value or "[]")
            patch["add"][name] = [one for one in asked if one not in held]
            patch["remove"][name] = [one for one in held if one not in asked]
        elif value != row.get(name):
            patch["set"][name] = value
    kept = {part: {name: value for name, value in named.items() if value != []} for part, named in patch.items()}
    return {part: named for part, named in kept.items() if named}


def _of_somebody_here(conn, conflict: dict, lost: dict) -> dict:
    """A new row stays its author's; of somebody who has left, it goes to whoever decides."""
    active = {row[0] for row in conn.execute("SELECT id FROM user WHERE is_active = 1 AND deleted = 0")}
    names = [name for name in ("owner_id", "assignee_id") if lost.get(name) and lost[name] not in active]
    return lost | dict.fromkeys(names, conflict["kept_by"])
