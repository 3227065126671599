"""The migrations, never edited, must end where the model is."""

from sqlite_utils import Database

from server.database import sqlite3
from server.migrations import migrations
from sync import schema


def shape(db):
    """Every table with its columns, every index with its columns, every trigger's text."""
    objects = db.execute(
        "SELECT type, name, tbl_name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite_%'"
    ).fetchall()
    found = {}
    for kind, name, _, sql in objects:
        if kind == "table":
            found[name] = sorted(tuple(column[1:4]) for column in db.execute(f"PRAGMA table_info({name})"))
        elif kind == "index":
            found[name] = [column[2] for column in db.execute(f"PRAGMA index_info({name})")]
        else:
            found[name] = " ".join(sql.split())
    return found


def test_migrated_schema_is_the_models():
    migrated, declared = sqlite3.connect(":memory:", isolation_level=None), sqlite3.connect(":memory:")
    migrations.apply(Database(migrated))
    declared.executescript(schema.server_tables())

    found, wanted = shape(migrated), shape(declared)

    assert {name: found.get(name) for name in wanted} == wanted


def test_migrating_twice_changes_nothing():
    db = sqlite3.connect(":memory:", isolation_level=None)
    migrations.apply(Database(db))
    before = shape(db)

    migrations.apply(Database(db))

    assert shape(db) == before
