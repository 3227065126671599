"""Changes of the server's schema, in order. Append only: what has been released is never edited.

Each migration runs in a transaction together with its record.  A new field is one line in
`sync/entities.py` and one migration here; `tests/unit/test_migrations.py` holds the result against
the model.
"""

from __future__ import annotations

from pathlib import Path

from sqlite_utils import Database, Migrations

migrations = Migrations("roadbook")

HERE = Path(__file__).parent


@migrations()
def m0001_start(db: Database) -> None:
    _run(db, HERE / "schema" / "0001_start.sql")


@migrations()
def m0002_sign_in(db: Database) -> None:
    _run(db, HERE / "schema" / "0002_sign_in.sql")


@migrations()
def m0003_trust(db: Database) -> None:
    _run(db, HERE / "schema" / "0003_trust.sql")


@migrations()
def m0004_holding(db: Database) -> None:
    _run(db, HERE / "schema" / "0004_holding.sql")


@migrations()
def m0005_handover(db: Database) -> None:
    _run(db, HERE / "schema" / "0005_handover.sql")


@migrations()
def m0006_approvals(db: Database) -> None:
    _run(db, HERE / "schema" / "0006_approvals.sql")


@migrations()
def m0007_attachments(db: Database) -> None:
    _run(db, HERE / "schema" / "0007_attachments.sql")


@migrations()
def m0008_notices(db: Database) -> None:
    _run(db, HERE / "schema" / "0008_notices.sql")


@migrations()
def m0009_reminders(db: Database) -> None:
    _run(db, HERE / "schema" / "0009_reminders.sql")


@migrations()
def m0010_keys(db: Database) -> None:
    _run(db, HERE / "schema" / "0010_keys.sql")


@migrations()
def m0011_wipe(db: Database) -> None:
    _run(db, HERE / "schema" / "0011_wipe.sql")


@migrations()
def m0012_watching(db: Database) -> None:
    _run(db, HERE / "schema" / "0012_watching.sql")


def unknown_names(db) -> list[str]:
    """Migrations that this database has and this version does not know: a newer one made it. db: a connection."""
    applied = migrations.applied(Database(db, execute_plugins=False))
    known = {migration.name for migration in migrations._migrations}
    return [migration.name for migration in applied if migration.name not in known]


def _run(db: Database, script: Path) -> None:
    """Run a file's statements one by one: executescript would commit the migration's transaction."""
    for statement in _statements(script.read_text("utf-8")):
        db.conn.execute(statement)


def _statements(script: str) -> list[str]:
    from .database import sqlite3

    found, pending = [], ""
    for line in script.splitlines(keepends=True):
        pending += line
        if sqlite3.complete_statement(pending):
            found.append(pending)
            pending = ""
    return found
