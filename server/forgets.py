"""What a device must drop: buckets that it holds no longer, rows that moved out of sight, aged or were deleted.

Told by id or by bucket, from the row's own tables: a row that a person may no longer see is named, never
shown.  Works through the `views` that were cut for the viewer.
"""

from __future__ import annotations

from collections.abc import Iterator

from sync.entities import ENTITIES
from sync.model import Entity

from . import views
from .database import sqlite3


def forgets(db: sqlite3.Connection, since: int, changed: set[str]) -> Iterator[str]:
    """The lines that forget. changed: the names of the entities that have rows newer than since."""
    for kind, key in _left_buckets(db, since):
        yield _line("bucket", f'["{kind}","{key}"]')
    gone = _moved_away(db, since)
    for entity in ENTITIES:
        ids = gone.get(entity.name, set())
        if entity.name in changed:
            ids = ids | _deleted(db, entity, since) | _aged(db, entity, since)
        if ids:
            yield _rows(entity, ids)


def late_forgets(db: sqlite3.Connection, since: int, was_cut: bool) -> Iterator[str]:
    """What moved before the round began and went out of sight while it was under way, or cut: nobody tells it later.

    was_cut: the window may have moved on since the round began, past rows that it had yet to send.
    """
    gone = _moved_away(db, since)
    for entity in ENTITIES:
        ids = gone.get(entity.name, set())
        if was_cut:
            ids = ids | _aged(db, entity, since)
        if ids:
            yield _rows(entity, ids)


def _rows(entity: Entity, ids: set[str]) -> str:
    listed = ",".join(f'"{row_id}"' for row_id in sorted(ids))
    return _line("rows", f'["{entity.name}",[{listed}]]')


def _line(what: str, value: str) -> str:
    return f'{{"forget":{{"{what}":{value}}}}}\n'


def _left_buckets(db: sqlite3.Connection, since: int) -> list[sqlite3.Row]:
    """Buckets left, or left and entered again."""
    # A round may have sent rows newer than its cursor says: a bucket entered and left since counts too.
    return db.execute(
        "SELECT kind, key FROM main.membership INDEXED BY membership_held_until_seq"
        f" WHERE user_id = {views.VIEWER} AND held_until_seq > :since"
        " UNION SELECT kind, key FROM main.membership INDEXED BY membership_held_from_seq"
        f" WHERE user_id = {views.VIEWER} AND held_from_seq > :since AND first_seq < held_from_seq",
        {"since": since},
    ).fetchall()


def _moved_away(db: sqlite3.Connection, since: int) -> dict[str, set[str]]:
    """Rows that left a bucket which this person's devices held then, and that no other bucket shows now."""
    moved = db.execute(
        "SELECT DISTINCT mv.entity, mv.row_id FROM main.moved AS mv"
        " JOIN main.membership AS m ON m.kind = mv.kind AND m.key = mv.key"
        f" WHERE mv.seq > :since AND m.user_id = {views.VIEWER} AND m.held_from_seq <= mv.seq"
        " AND (m.held_until_seq IS NULL OR m.held_until_seq > mv.seq)",
        {"since": since},
    )
    gone: dict[str, set[str]] = {}
    for name, row_id in moved.fetchall():
        if not db.execute(f"SELECT 1 FROM temp.held_{name} WHERE id = ?", (row_id,)).fetchone():
            gone.setdefault(name, set()).add(row_id)
    return gone


def _deleted(db: sqlite3.Connection, entity: Entity, since: int) -> set[str]:
    rows = db.execute(
        f"SELECT r.id FROM main.{entity.name} AS r WHERE r.version > :since AND r.deleted = 1 AND {views.held(entity)}",
        {"since": since},
    )
    return {row[0] for row in rows}


def _aged(db: sqlite3.Connection, entity: Entity, since: int) -> set[str]:
    """Rows that an edit made too old: what devices hold of them is younger, so that they cannot tell by themselves.

    Rows that are as they were made never were young; a large import of old ones is not told.
    """
    if not entity.ages_by:
        return set()
    rows = db.execute(
        f"SELECT r.id FROM main.{entity.name} AS r WHERE r.version > :since AND r.deleted = 0"
        f" AND NOT {views.young(entity)} AND {views.held(entity)} AND EXISTS ("
        "  SELECT 1 FROM main.history AS h WHERE h.row_id = r.id AND h.seq = r.version AND h.unit <> '+')",
        {"since": since},
    )
    return {row[0] for row in rows}
