"""What a reader may see of the past: TEMP VIEWs `history` and `tombstone`, of rows that the viewer sees or saw last.

Whoever sees a row now sees what became of it.  A row that was deleted is shown to whoever would see it, and an
account that was deleted (with what hangs on it) to those who saw it until then.  What a request for approval was as a
draft stays its author's.  Never shows a row, a tombstone or a device of anybody else.
"""

from __future__ import annotations

from collections.abc import Callable

from sync.entities import ENTITIES
from sync.model import AUTHOR, ONCE, SERVER_ONLY, Entity

from .database import sqlite3

# What a deleted row is called.
TITLES = {
    "account": "r.name",
    "contact": "r.name",
    "relation": "r.role",
    "event": "r.title",
    "activity": "substr(r.body, 1, 120)",
    "task": "r.title",
    "sticky": "substr(r.body, 1, 120)",
    "comment": "substr(r.body, 1, 120)",
}


def make_views(connection: sqlite3.Connection, visible: Callable[[Entity], str], viewer: str) -> None:
    """visible: SQL that is true for a row `r` of an entity that the viewer may see; viewer: SQL of the viewer's id."""
    kept = [entity for entity in ENTITIES if entity.writers != SERVER_ONLY]
    _make_view(connection, "history", [_history(entity, _seen(entity, visible, viewer), viewer) for entity in kept])
    deletable = [entity for entity in kept if entity.name in TITLES]
    _make_view(connection, "tombstone", [_tombstone(entity, _seen(entity, visible, viewer)) for entity in deletable])


def _make_view(connection: sqlite3.Connection, name: str, selects: list[str]) -> None:
    connection.execute(f"DROP VIEW IF EXISTS temp.{name}")
    connection.execute(f"CREATE TEMP VIEW {name} AS {' UNION ALL '.join(selects)}")


def _history(entity: Entity, seen: str, viewer: str) -> str:
    """Asked for one row or a few, it must begin with their lines: hence the CROSS JOIN."""
    return (
        "SELECT line.seq, line.entity, line.row_id, line.unit, line.old, line.new, line.user_id, line.device_id,"
        " (SELECT s.device_name FROM main.session AS s WHERE s.device_id = line.device_id LIMIT 1) AS device_name,"
        " line.op_id, line.at_ms, line.in_force"
        f" FROM main.history AS line CROSS JOIN main.{entity.name} AS r ON r.id = line.row_id"
        f" WHERE line.entity = '{entity.name}' AND {seen} AND {_since_shown(entity, viewer)}"
    )


def _since_shown(entity: Entity, viewer: str) -> str:
    """A draft is private, also when what became of it is not: others see its past from its first submission on."""
    if "applicant_id" not in entity.by_name:
        return "1"
    submitted = (
        "SELECT min(h.seq) FROM main.history AS h WHERE h.row_id = line.row_id AND h.entity = line.entity"
        " AND h.unit = 'applicant_id'"
    )
    return f"(r.owner_id = {viewer} OR line.seq >= coalesce(({submitted}), 0))"


def _tombstone(entity: Entity, seen: str) -> str:
    """field and value: what an edit says again to bring the row back.  author_id: who alone may, where that is so."""
    field = next(f.name for f in entity.fields if f.required and f.merge != ONCE)
    author = "r.owner_id" if entity.writers == AUTHOR else "NULL"
    return (
        f"SELECT '{entity.name}' AS entity, r.id, r.version, {TITLES[entity.name]} AS title, '{field}' AS field,"
        f" r.{field} AS value, {author} AS author_id FROM main.{entity.name} AS r WHERE r.deleted = 1 AND {seen}"
    )


def _seen(entity: Entity, visible: Callable[[Entity], str], viewer: str) -> str:
    keys = [f"r.{bucket.column}" for bucket in entity.buckets if bucket.kind == "account"]
    return "(" + " OR ".join([visible(entity), *(_until_deleted(key, viewer) for key in keys)]) + ")"


def _until_deleted(key: str, viewer: str) -> str:
    """Everyone leaves an account when it is deleted: its last change took them out."""
    return (
        "EXISTS (SELECT 1 FROM main.account AS d JOIN main.membership AS m ON m.kind = 'account' AND m.key = d.id"
        f" AND m.user_id = {viewer} AND m.until_seq = d.version WHERE d.id = {key} AND d.deleted = 1)"
    )
