"""The tables of both hosts, made from the model.

The server's real schema is made by migrations, which are never edited; a test holds it against
`server_tables`.  A device makes its schema from `device_script` and, when `schema_hash` changes, makes
its replica anew (its outbox stays).  The SQL here stays inside what both SQLite builds know.
"""

from __future__ import annotations

import hashlib
from functools import cache

from .entities import ENTITIES
from .model import STAMPS, Entity

# Kept by triggers, in both hosts, from rows that every viewer of the account holds: never sent.
DERIVED_TABLES = """\
CREATE TABLE account_stat (
  account_id TEXT PRIMARY KEY NOT NULL,
  last_contact_at_ms INTEGER
) STRICT;
CREATE INDEX account_stat_last_contact_at_ms ON account_stat (last_contact_at_ms);
"""

# What an activity does to its account: a note is not a contact with the customer.
_CONTACTS = "kind <> 'note'{live}"


def derived_triggers(live: str = "") -> str:
    """The triggers that keep DERIVED_TABLES; live narrows to rows that count (the server's tombstones)."""
    recount = """\
  INSERT INTO account_stat (account_id, last_contact_at_ms)
    SELECT {row}.account_id, max(at_ms) FROM activity WHERE account_id = {row}.account_id AND {contacts}
    HAVING {row}.account_id IS NOT NULL
    ON CONFLICT (account_id) DO UPDATE SET last_contact_at_ms = excluded.last_contact_at_ms;
"""
    contacts = _CONTACTS.format(live=live)
    new, old = (recount.format(row=row, contacts=contacts) for row in ("NEW", "OLD"))
    # A new contact can only move the date forward: no recount, so that a first sync stays fast.
    forward = """\
  INSERT INTO account_stat (account_id, last_contact_at_ms) VALUES (NEW.account_id, NEW.at_ms)
    ON CONFLICT (account_id) DO UPDATE
    SET last_contact_at_ms = max(coalesce(last_contact_at_ms, 0), excluded.last_contact_at_ms);
"""
    return (
        f"CREATE TRIGGER activity_counts_on_insert AFTER INSERT ON activity "
        f"WHEN NEW.account_id IS NOT NULL AND NEW.kind <> 'note' BEGIN\n{forward}END;\n"
        f"CREATE TRIGGER activity_counts_on_update AFTER UPDATE ON activity BEGIN\n{old}{new}END;\n"
        f"CREATE TRIGGER activity_counts_on_delete AFTER DELETE ON activity BEGIN\n{old}END;\n"
    )


DEVICE_TABLES = """\
CREATE TABLE outbox (
  n INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  group_id TEXT,
  entity TEXT NOT NULL,
  row_id TEXT NOT NULL,
  op TEXT NOT NULL,
  at_ms INTEGER NOT NULL,
  state TEXT NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'acked', 'refused')),
  seq INTEGER,
  reason TEXT,
  detail TEXT
) STRICT;
CREATE INDEX outbox_row_id ON outbox (row_id);
CREATE TABLE sent (
  n INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  group_id TEXT,
  entity TEXT NOT NULL,
  row_id TEXT NOT NULL,
  op TEXT NOT NULL,
  at_ms INTEGER NOT NULL,
  seq INTEGER NOT NULL
) STRICT;
CREATE TABLE base (
  entity TEXT NOT NULL,
  row_id TEXT NOT NULL,
  row TEXT,
  PRIMARY KEY (entity, row_id)
) STRICT;
CREATE TABLE replica_meta (
  name TEXT PRIMARY KEY NOT NULL,
  value TEXT
) STRICT;
"""


def wire_columns(entity: Entity) -> list[str]:
    """The columns that travel in a row, in order."""
    return ["id", *(f.name for f in entity.fields), *(name for name, _ in STAMPS)]


def table(entity: Entity, server: bool) -> str:
    """CREATE TABLE and CREATE INDEX statements of one entity on one host."""
    columns = ["id TEXT PRIMARY KEY NOT NULL"]
    columns += [f"{f.name} {f.sql_type}" for f in entity.fields]
    columns += [f"{name} {sql_type}" for name, sql_type in STAMPS]
    if entity.search:
        columns.append("search_key TEXT")
    if server:
        columns.append("deleted INTEGER NOT NULL DEFAULT 0")
    body = ",\n  ".join(columns)
    statements = [f"CREATE TABLE {entity.name} (\n  {body}\n) STRICT;\n"]
    indexes = entity.indexes + (("version",) if server else ())
    for index in indexes:
        name = "_".join([entity.name, *index.replace(",", "").split()])
        statements.append(f"CREATE INDEX {name} ON {entity.name} ({index});\n")
    return "".join(statements)


def server_tables() -> str:
    """What the migrations must have made: every entity's table, derived tables and triggers."""
    tables = "".join(table(entity, server=True) for entity in ENTITIES)
    return tables + DERIVED_TABLES + derived_triggers(" AND deleted = 0")


def device_script() -> str:
    """Everything a new replica needs, as one SQL script."""
    tables = "".join(table(entity, server=False) for entity in ENTITIES)
    return tables + DERIVED_TABLES + derived_triggers() + DEVICE_TABLES


@cache
def schema_hash() -> str:
    """Changes whenever a device must make its replica anew."""
    return hashlib.sha256(device_script().encode()).hexdigest()[:16]
