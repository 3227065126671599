"""Rows out: what a device must be told so that it equals the server's projection for its person.

A round goes from the device's sequence number (since) to the server's (target).  It tells first what to
forget, then sends rows, parents before children and by id within an entity, in chunks that carry a
cursor each, so that it may be cut anywhere.  Rows are read through the scope's views only: what a person
may not see is never in reach of this code.  It costs what changed, not what exists.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace

from sync.entities import ENTITIES
from sync.model import Entity
from sync.schema import wire_columns

from . import scope
from .database import sqlite3

# A chunk is one durable commit on the device: few large ones load twice as fast as many small ones.
ROWS_IN_A_CHUNK = 5_000
NAMES = [entity.name for entity in ENTITIES]

Read = Callable[[], AbstractContextManager[sqlite3.Connection]]


class StartAgain(Exception):
    """The cursor is not one that this person's device can have from this database."""


@dataclass(frozen=True)
class Cursor:
    """since: all up to here is held. target: where this round ends (equal to since between rounds).
    entity, after: how far the round has come."""

    since: int
    target: int
    entity: int = 0
    after: str = ""

    def text(self, stamp: str) -> str:
        return f"{stamp}.{self.since}.{self.target}.{self.entity}.{self.after}"

    @property
    def is_start_of_round(self) -> bool:
        return self.entity == 0 and self.after == ""


def stamp(epoch: str, user_id: str) -> str:
    """Binds a cursor to one person and one life of the database."""
    return hashlib.sha256(f"{epoch} {user_id}".encode()).hexdigest()[:12]


def read_cursor(text: str, epoch: str, user_id: str, seq: int) -> Cursor:
    """The cursor a device sent; a new round begins where the last one ended. Raises StartAgain."""
    if text == "":
        return Cursor(0, seq)
    parts = text.split(".", 4)
    if len(parts) != 5 or parts[0] != stamp(epoch, user_id) or not all(part.isdecimal() for part in parts[1:4]):
        raise StartAgain
    since, target, entity = (int(part) for part in parts[1:4])
    if not since <= target <= seq or entity > len(ENTITIES):
        raise StartAgain
    if since == target:
        return Cursor(since, seq)
    return Cursor(since, target, entity, parts[4])


def pull(read: Read, cursor: Cursor, mark: str) -> Iterator[str]:
    """Yield the lines of one round: forgets, rows, end. read() lends a scoped reader for one chunk."""
    if cursor.since < cursor.target:
        if cursor.is_start_of_round and cursor.since > 0:
            with read() as db:
                yield from _forgets(db, cursor.since)
        for number in range(cursor.entity, len(ENTITIES)):
            after = cursor.after if number == cursor.entity else ""
            yield from _entity_rows(read, replace(cursor, entity=number, after=after), mark)
    end = Cursor(cursor.target, cursor.target).text(mark)
    yield f'{{"end":{{"cursor":"{end}"}}}}\n'


# --- rows --------------------------------------------------------------------------------------------


def _entity_rows(read: Read, cursor: Cursor, mark: str) -> Iterator[str]:
    entity = ENTITIES[cursor.entity]
    head = ",".join(f'"{name}"' for name in wire_columns(entity))
    while True:
        with read() as db:
            rows = _chunk(db, entity, cursor)
        if not rows:
            return
        cursor = replace(cursor, after=rows[-1][0])
        values = ",".join(row[1] for row in rows)
        yield f'{{"rows":"{entity.name}","columns":[{head}],"cursor":"{cursor.text(mark)}","values":[{values}]}}\n'
        if len(rows) < ROWS_IN_A_CHUNK:
            return


def _chunk(db: sqlite3.Connection, entity: Entity, cursor: Cursor) -> list[sqlite3.Row]:
    """(id, the row as a JSON array) of the next rows. SQLite writes the JSON: far cheaper than fetching values."""
    which = f"AND id IN ({' UNION '.join(_changed(db, entity, cursor.since))})" if cursor.since else ""
    return db.execute(
        f"SELECT id, json_array({', '.join(wire_columns(entity))}) FROM temp.{entity.name}"
        f" WHERE id > :after {which} ORDER BY id LIMIT {ROWS_IN_A_CHUNK}",
        {"after": cursor.after, "since": cursor.since},
    ).fetchall()


# Buckets that the viewer entered or left since the cursor. The indexes are named: the planner would rather
# walk all that a person holds.
TOUCHED_BUCKETS = f"""INSERT OR IGNORE INTO temp.touched
  SELECT kind, key FROM main.membership INDEXED BY membership_from_seq
    WHERE user_id = {scope.VIEWER} AND from_seq > :since
  UNION SELECT kind, key FROM main.membership INDEXED BY membership_until_seq
    WHERE user_id = {scope.VIEWER} AND until_seq > :since"""


def _changed(db: sqlite3.Connection, entity: Entity, since: int) -> list[str]:
    """Queries for the ids that a round sends: changed rows, and those of buckets whose membership changed."""
    db.execute(TOUCHED_BUCKETS, {"since": since})
    kinds = {row[0] for row in db.execute("SELECT DISTINCT kind FROM temp.touched")}
    ids = [f"SELECT id FROM main.{entity.name} WHERE version > :since"]
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


def count_rows(db: sqlite3.Connection) -> int:
    """How many rows a first sync will send this person."""
    return sum(db.execute(f"SELECT count(*) FROM temp.{name}").fetchone()[0] for name in NAMES)


# --- forgets -----------------------------------------------------------------------------------------


def _forgets(db: sqlite3.Connection, since: int) -> Iterator[str]:
    """Buckets left (or left and entered again), rows that moved out of sight, rows deleted."""
    # A round may have sent rows newer than its cursor says: a bucket entered and left since counts too.
    left = db.execute(
        "SELECT kind, key FROM main.membership INDEXED BY membership_until_seq"
        f" WHERE user_id = {scope.VIEWER} AND until_seq > :since"
        " UNION SELECT kind, key FROM main.membership INDEXED BY membership_from_seq"
        f" WHERE user_id = {scope.VIEWER} AND from_seq > :since AND first_seq < from_seq",
        {"since": since},
    )
    for kind, key in left.fetchall():
        yield _line("bucket", f'["{kind}","{key}"]')
    gone = _moved_away(db, since)
    for entity in ENTITIES:
        ids = gone.get(entity.name, set()) | _deleted(db, entity, since)
        if ids:
            listed = ",".join(f'"{row_id}"' for row_id in sorted(ids))
            yield _line("rows", f'["{entity.name}",[{listed}]]')


def _line(what: str, value: str) -> str:
    return f'{{"forget":{{"{what}":{value}}}}}\n'


def _moved_away(db: sqlite3.Connection, since: int) -> dict[str, set[str]]:
    """Rows that left a bucket which this person held then, and that no other bucket shows now."""
    moved = db.execute(
        "SELECT DISTINCT mv.entity, mv.row_id FROM main.moved AS mv"
        " JOIN main.membership AS m ON m.kind = mv.kind AND m.key = mv.key"
        f" WHERE mv.seq > :since AND m.user_id = {scope.VIEWER} AND m.from_seq <= mv.seq"
        " AND (m.until_seq IS NULL OR m.until_seq > mv.seq)",
        {"since": since},
    )
    gone: dict[str, set[str]] = {}
    for name, row_id in moved.fetchall():
        if not db.execute(f"SELECT 1 FROM temp.{name} WHERE id = ?", (row_id,)).fetchone():
            gone.setdefault(name, set()).add(row_id)
    return gone


def _deleted(db: sqlite3.Connection, entity: Entity, since: int) -> set[str]:
    rows = db.execute(
        f"SELECT r.id FROM main.{entity.name} AS r WHERE r.version > :since AND r.deleted = 1"
        f" AND {scope.visible(entity)}",
        {"since": since},
    )
    return {row[0] for row in rows}
