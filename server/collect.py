"""What the server lets go of: tombstones, moves and ended memberships that every device was told of long ago.

Old is what the sequence had passed KEEP_DAYS ago by the server's own calendar (`reached`), whatever clock an
edit had.  A device that comes back from before that fetches its rows anew.  What was in a deleted row stays
in history (unit 'gone'), so that an edit of it which arrives later still can bring it back: nothing that a
person typed goes with its tombstone.
"""

from __future__ import annotations

import json

from sync.entities import ENTITIES
from sync.model import SERVER_ONLY, Entity
from sync.schema import wire_columns
from web.dates import add_days, local_date

from .database import sqlite3

KEEP_DAYS = 180
# So many rows in one job of the writer: nobody waits long behind it.
MOST_ROWS = 2_000


def collect(db: sqlite3.Connection, firm) -> bool:
    """Let some of it go, in a writer job. Returns whether there may be more."""
    today = local_date(firm.clock(), firm.timezone)
    db.execute("INSERT OR IGNORE INTO reached (day, seq) SELECT ?, seq FROM counter", (today,))
    seq = db.execute("SELECT max(seq) FROM reached WHERE day <= ?", (add_days(today, -KEEP_DAYS),)).fetchone()[0]
    if not seq:
        return False
    # First of all: a device that is behind must not be answered from what is only partly there.
    db.execute(
        "INSERT INTO meta (name, value) VALUES ('collected_seq', ?)"
        " ON CONFLICT (name) DO UPDATE SET value = max(CAST(value AS INTEGER), excluded.value)",
        (seq,),
    )
    room = MOST_ROWS
    for entity in ENTITIES:
        room -= _collect_rows(db, entity, seq, room, firm.clock())
    for table, column in (("moved", "seq"), ("membership", "until_seq")):
        room -= _collect_lines(db, table, column, seq, room)
    return room == 0


def collected_seq(db: sqlite3.Connection) -> int:
    """Deletions up to here are told no more."""
    found = db.execute("SELECT value FROM main.meta WHERE name = 'collected_seq'").fetchone()
    return int(found[0]) if found else 0


def _collect_rows(db: sqlite3.Connection, entity: Entity, seq: int, most: int, now_ms: int) -> int:
    gone = db.execute(
        f"SELECT * FROM {entity.name} WHERE deleted = 1 AND version <= ? ORDER BY version LIMIT ?", (seq, most)
    ).fetchall()
    for row in gone:
        if entity.writers != SERVER_ONLY:
            _keep_content(db, entity, dict(row), now_ms)
        db.execute(f"DELETE FROM {entity.name} WHERE id = ?", (row["id"],))
    return len(gone)


def _keep_content(db: sqlite3.Connection, entity: Entity, row: dict, now_ms: int) -> None:
    db.execute(
        "INSERT INTO history (seq, entity, row_id, unit, old, op_id, at_ms, in_force)"
        " VALUES (?, ?, ?, 'gone', ?, '', ?, 0)",
        (row["version"], entity.name, row["id"], json.dumps(row, ensure_ascii=False, separators=(",", ":")), now_ms),
    )


def _collect_lines(db: sqlite3.Connection, table: str, column: str, seq: int, most: int) -> int:
    names = "(user_id, kind, key)" if table == "membership" else "(rowid)"
    old = f"SELECT {names[1:-1]} FROM {table} WHERE {column} <= ? LIMIT ?"
    return db.execute(f"DELETE FROM {table} WHERE {names} IN ({old})", (seq, most)).rowcount


# --- an edit that comes later still ------------------------------------------------------------------


def last_content(db: sqlite3.Connection, entity: Entity, row_id: str) -> dict | None:
    """The tombstone of a row that was let go of, as it was; None where there was none."""
    found = db.execute(
        "SELECT old FROM history WHERE row_id = ? AND entity = ? AND unit = 'gone' ORDER BY seq DESC LIMIT 1",
        (row_id, entity.name),
    ).fetchone()
    if found is None:
        return None
    kept = json.loads(found[0])
    # By today's columns: the entity may have changed since.
    names = [*wire_columns(entity), *(["search_key"] if entity.search else []), "deleted"]
    return {name: kept.get(name) for name in names}


def put_back(db: sqlite3.Connection, entity: Entity, row: dict) -> None:
    """Make a row that was let go of a tombstone again, before it is brought back. Nothing where it still is one."""
    names, values = ", ".join(row), ", ".join(f":{name}" for name in row)
    added = db.execute(f"INSERT INTO {entity.name} ({names}) VALUES ({values}) ON CONFLICT (id) DO NOTHING", row)
    if added.rowcount:
        db.execute(
            "DELETE FROM history WHERE row_id = ? AND entity = ? AND unit = 'gone'", (row["id"], entity.name)
        )
