"""Rows out: what a device must be told so that it equals the part of the server's projection that it holds.

A round goes from the device's sequence number (since) to the server's (target).  It tells first what to
forget, then sends rows, parents before children and by id within an entity, in chunks that carry a
cursor each, so that it may be cut anywhere.  Rows are read through the viewer's views only: what a person
may not see is never in reach of this code.  It costs what changed, not what exists.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import replace

from sync.entities import ENTITIES
from sync.model import Entity
from sync.schema import wire_columns

from . import scope, views
from .cursor import Cursor, StartAgain, read_cursor, stamp
from .database import sqlite3
from .forgets import forgets, late_forgets

__all__ = ["Cursor", "StartAgain", "count_rows", "has_news", "pull", "read_cursor", "stamp"]

# A chunk is one durable commit on the device: few large ones load twice as fast as many small ones.
ROWS_IN_A_CHUNK = 5_000

Read = Callable[[], AbstractContextManager[sqlite3.Connection]]


def pull(
    read: Read,
    cursor: Cursor,
    mark: str,
    chunk: int = ROWS_IN_A_CHUNK,
    safe: int | None = None,
    note_rows: Callable[[int], None] = lambda rows: None,
) -> Iterator[str]:
    """Yield the lines of one round: forgets, rows, end. read() lends a scoped reader for one chunk.

    safe: how far the off-site replica has come, where that is not all. note_rows: hears how many rows each chunk has.
    """
    if cursor.has_way_to_go:
        with read() as db:
            forgotten, numbers = _plan(db, cursor)
        yield from forgotten
        for number in numbers:
            after = cursor.after if number == cursor.entity else ""
            yield from _entity_rows(read, replace(cursor, entity=number, after=after), mark, chunk, note_rows)
        if cursor.since > 0:
            with read() as db:
                views.look_back_to(db, cursor.goal_ms)
                late = list(late_forgets(db, cursor.since, not cursor.is_start_of_round))
            yield from (line for line in late if line not in forgotten)
    more = "" if safe is None else f',"safe":{safe}'
    yield f'{{"end":{{"cursor":"{cursor.at_end.text(mark)}"{more}}}}}\n'


def has_news(db: sqlite3.Connection, cursor: Cursor) -> bool:
    """Whether a round from this cursor would send or forget anything."""
    if not cursor.has_way_to_go:
        return False
    forgotten, numbers = _plan(db, cursor)
    return bool(forgotten) or any(_chunk(db, ENTITIES[number], replace(cursor, entity=number), 1) for number in numbers)


def _plan(db: sqlite3.Connection, cursor: Cursor) -> tuple[list[str], list[int]]:
    """The lines that forget, and the numbers of the entities that may have rows to send."""
    views.look_back_to(db, cursor.goal_ms)
    if cursor.since == 0:
        return [], list(range(cursor.entity, len(ENTITIES)))
    changed = _changed_entities(db, cursor.since)
    forgotten = list(forgets(db, cursor.since, changed)) if cursor.is_start_of_round else []
    kinds = _touched_kinds(db, cursor.since)
    return forgotten, [
        number
        for number, entity in enumerate(ENTITIES[cursor.entity :], cursor.entity)
        if entity.name in changed
        or any(bucket.kind in kinds for bucket in entity.buckets)
        or (cursor.moves_back and entity.ages_by)
    ]


CHANGED_ENTITIES = " UNION ALL ".join(
    f"SELECT '{entity.name}' WHERE EXISTS (SELECT 1 FROM main.{entity.name} WHERE version > :since)"
    for entity in ENTITIES
)


def _changed_entities(db: sqlite3.Connection, since: int) -> set[str]:
    """One statement, because mostly nothing has changed."""
    return {row[0] for row in db.execute(CHANGED_ENTITIES, {"since": since})}


# --- rows --------------------------------------------------------------------------------------------


def _entity_rows(
    read: Read, cursor: Cursor, mark: str, chunk: int, note_rows: Callable[[int], None]
) -> Iterator[str]:
    entity = ENTITIES[cursor.entity]
    head = ",".join(f'"{name}"' for name in wire_columns(entity))
    while True:
        with read() as db:
            views.look_back_to(db, cursor.goal_ms)
            rows = _chunk(db, entity, cursor, chunk)
        if not rows:
            return
        note_rows(len(rows))
        cursor = replace(cursor, after=rows[-1][0])
        values = ",".join([row[1] for row in rows])
        yield f'{{"rows":"{entity.name}","columns":[{head}],"cursor":"{cursor.text(mark)}","values":[{values}]}}\n'
        if len(rows) < chunk:
            return


def _chunk(db: sqlite3.Connection, entity: Entity, cursor: Cursor, chunk: int) -> list[sqlite3.Row]:
    """(id, the row as a JSON array) of the next rows. SQLite writes the JSON: far cheaper than fetching values."""
    which = f"AND id IN ({' UNION '.join(_changed(db, entity, cursor))})" if cursor.since else ""
    return db.execute(
        f"SELECT id, json_array({', '.join(wire_columns(entity))}) FROM temp.held_{entity.name}"
        f" WHERE id > :after {which} ORDER BY id LIMIT :chunk",
        {
            "after": cursor.after,
            "chunk": chunk,
            "since": cursor.since,
            "had_ms": cursor.had_ms,
            "goal_ms": cursor.goal_ms,
        },
    ).fetchall()


def _changed(db: sqlite3.Connection, entity: Entity, cursor: Cursor) -> list[str]:
    """Queries for the ids that a round sends: changed rows, those of buckets whose membership changed, and those
    that the window now reaches back to."""
    kinds = _touched_kinds(db, cursor.since)
    ids = [f"SELECT id FROM main.{entity.name} WHERE version > :since"]
    if cursor.moves_back and entity.ages_by:
        age = entity.ages_by
        ids.append(f"SELECT id FROM main.{entity.name} WHERE {age} >= :goal_ms AND {age} < :had_ms")
    for bucket in entity.buckets:
        if bucket.kind not in kinds:
            continue
        keys = f"SELECT key FROM temp.touched WHERE kind = '{bucket.kind}'"
        if bucket.kind == "firm":
            ids.append(f"SELECT id FROM main.{entity.name}")
        elif scope.is_set(entity, bucket):
            members = f"SELECT 1 FROM json_each(r.{bucket.column}) WHERE value IN ({keys})"
            ids.append(f"SELECT id FROM main.{entity.name} AS r WHERE EXISTS ({members})")
        else:
            ids.append(f"SELECT id FROM main.{entity.name} WHERE {bucket.column} IN ({keys})")
    return ids


# Buckets that the viewer's devices began or ceased to hold since the cursor. The indexes are named: the planner
# would rather walk all that a person holds.
TOUCHED_BUCKETS = f"""INSERT OR IGNORE INTO temp.touched
  SELECT kind, key FROM main.membership INDEXED BY membership_held_from_seq
    WHERE user_id = {views.VIEWER} AND held_from_seq > :since
  UNION SELECT kind, key FROM main.membership INDEXED BY membership_held_until_seq
    WHERE user_id = {views.VIEWER} AND held_until_seq > :since"""


def _touched_kinds(db: sqlite3.Connection, since: int) -> set[str]:
    """Fill temp.touched; returns the kinds of buckets in it."""
    db.execute(TOUCHED_BUCKETS, {"since": since})
    return {row[0] for row in db.execute("SELECT DISTINCT kind FROM temp.touched")}


def count_rows(db: sqlite3.Connection, window_ms: int = views.EVERYTHING) -> int:
    """How many rows a first sync will send this person."""
    views.look_back_to(db, window_ms)
    return sum(db.execute(f"SELECT count(*) FROM temp.held_{entity.name}").fetchone()[0] for entity in ENTITIES)
