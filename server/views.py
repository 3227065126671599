"""The views through which everything is read: what one person may see, and the part of it that devices hold.

`prepare` and `look_as` make a reader see one person's rows: pages and exports read through these TEMP VIEWs and
nothing else, so that no page can show what a device may not hold.  The pull and the proof read through
others beside them, named `held_…`: the part of it that lies on the person's devices (see `holding`).
Nothing here writes or decides who sees what; that is `scope`.
"""

from __future__ import annotations

from sync.entities import ENTITIES
from sync.model import Bucket, Entity

from . import past
from .database import sqlite3
from .scope import is_set

# From how many accounts on a person's views probe membership row by row instead of listing it first.
BROAD_FROM = 2_000

VIEWER = "(SELECT user_id FROM temp.viewer)"

# The window that holds every instant.
EVERYTHING = -(2**62)


def prepare(connection: sqlite3.Connection) -> None:
    """Give a new reader its TEMP tables; `look_as` then says for whom it reads."""
    connection.execute("CREATE TEMP TABLE viewer (user_id TEXT NOT NULL, is_broad INTEGER NOT NULL, window_ms INTEGER)")
    connection.execute("INSERT INTO viewer VALUES ('', -1, ?)", (EVERYTHING,))
    # What the pull works with: the buckets whose membership changed, for one chunk.
    connection.execute("CREATE TEMP TABLE touched (kind TEXT, key TEXT, PRIMARY KEY (kind, key)) WITHOUT ROWID")
    # Tables that only devices fill: the same SQL runs on both hosts.
    connection.execute(
        "CREATE TEMP TABLE outbox (n INTEGER PRIMARY KEY, id TEXT, group_id TEXT, entity TEXT, row_id TEXT, op TEXT,"
        " at_ms INTEGER, state TEXT, seq INTEGER, reason TEXT, detail TEXT)"
    )


def look_as(connection: sqlite3.Connection, user_id: str) -> bool:
    """From now on this reader sees what user_id may see. Whether that is many accounts: it then has other views."""
    is_broad = int(_holds_many(connection, user_id))
    known = connection.execute("SELECT is_broad FROM temp.viewer").fetchone()[0]
    if known != is_broad:
        _make_views(connection, bool(is_broad))
    connection.execute("UPDATE temp.viewer SET user_id = ?, is_broad = ?", (user_id, is_broad))
    return bool(is_broad)


def look_back_to(connection: sqlite3.Connection, window_ms: int) -> None:
    """Cut the `held_…` views, until this reader is given back."""
    connection.execute("UPDATE temp.viewer SET window_ms = ?", (window_ms,))


def _holds_many(connection: sqlite3.Connection, user_id: str) -> bool:
    """As of this morning where that is known: a guess at the quicker query, not at what it finds."""
    known = connection.execute("SELECT visible FROM main.holding WHERE user_id = ?", (user_id,)).fetchone()
    if known:
        return known[0] >= BROAD_FROM
    counted = connection.execute(
        "SELECT count(*) FROM (SELECT 1 FROM main.membership WHERE user_id = ? AND kind = 'account'"
        " AND until_seq IS NULL LIMIT ?)",
        (user_id, BROAD_FROM),
    ).fetchone()[0]
    return counted >= BROAD_FROM


def _make_views(connection: sqlite3.Connection, is_broad: bool) -> None:
    for entity in ENTITIES:
        connection.execute(f"DROP VIEW IF EXISTS temp.{entity.name}")
        connection.execute(
            f"CREATE TEMP VIEW {entity.name} AS SELECT * FROM main.{entity.name} AS r"
            f" WHERE r.deleted = 0 AND {visible(entity, is_broad)}"
        )
        connection.execute(f"DROP VIEW IF EXISTS temp.held_{entity.name}")
        connection.execute(
            f"CREATE TEMP VIEW held_{entity.name} AS SELECT * FROM main.{entity.name} AS r"
            f" WHERE r.deleted = 0 AND {held(entity, is_broad)} AND {young(entity)}"
        )
    connection.execute("DROP VIEW IF EXISTS temp.account_stat")
    account_key = _holds("account", "r.account_id", "until_seq", is_broad)
    connection.execute(f"CREATE TEMP VIEW account_stat AS SELECT * FROM main.account_stat AS r WHERE {account_key}")
    past.make_views(connection, lambda entity: visible(entity, is_broad), VIEWER)


def visible(entity: Entity, is_broad: bool = True) -> str:
    """SQL that is true for a row `r` of this entity that the viewer may see (tombstones included)."""
    return _in_any_bucket(entity, "until_seq", is_broad)


def held(entity: Entity, is_broad: bool = True) -> str:
    """The same for a row whose bucket the viewer's devices hold, whatever the row's age."""
    return _in_any_bucket(entity, "held_until_seq", is_broad)


def young(entity: Entity) -> str:
    """SQL that is true for a row `r` that the viewer's window does not cut off."""
    if not entity.ages_by:
        return "1"
    ageless = f" OR r.{entity.ageless_with} IS NOT NULL" if entity.ageless_with else ""
    age = f"r.{entity.ages_by}"
    return f"({age} IS NULL OR {age} >= (SELECT window_ms FROM temp.viewer){ageless})"


def _in_any_bucket(entity: Entity, until: str, is_broad: bool) -> str:
    return "(" + " OR ".join(_in_bucket(entity, bucket, until, is_broad) for bucket in entity.buckets) + ")"


def _in_bucket(entity: Entity, bucket: Bucket, until: str, is_broad: bool) -> str:
    if bucket.kind == "firm":
        return _holds("firm", "''", until, True)  # not whoever was disabled
    if is_set(entity, bucket):
        probe = _holds(bucket.kind, "j.value", until, True)
        condition = f"EXISTS (SELECT 1 FROM json_each(r.{bucket.column}) AS j WHERE {probe})"
    else:
        condition = _holds(bucket.kind, f"r.{bucket.column}", until, is_broad)
    if bucket.only_without:
        return f"(r.{bucket.only_without} IS NULL AND {condition})"
    return condition


def _holds(kind: str, key: str, until: str, is_broad: bool) -> str:
    member = f"m.user_id = {VIEWER} AND m.kind = '{kind}' AND m.{until} IS NULL"
    if is_broad:
        return f"EXISTS (SELECT 1 FROM main.membership AS m WHERE {member} AND m.key = {key})"
    return f"{key} IN (SELECT m.key FROM main.membership AS m WHERE {member})"
