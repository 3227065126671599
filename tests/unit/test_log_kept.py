"""Where a replicator follows the write-ahead log, it is moved into the file seldom, and by the replicator alone."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from server.app import create_app
from server.backup import litestream
from server.backup.replica import read_place
from server.config import read_settings

from .shell import open_firm, shared_parts


def moves_at(firm) -> int:
    return firm.write_now(lambda db: db.execute("PRAGMA wal_autocheckpoint").fetchone()[0])


@pytest.mark.parametrize("is_replicated", [True, False])
def test_the_server_leaves_the_log_to_a_replicator_and_to_nobody_else(tmp_path, is_replicated):
    firm = open_firm(tmp_path / "firm")
    given = {"ROADBOOK_DATA": str(tmp_path / "firm"), "ROADBOOK_URL": "http://localhost:8000"}
    if is_replicated:
        given["ROADBOOK_REPLICA"] = f"file://{tmp_path}/replica"

    create_app(firm, read_settings(given), **shared_parts())

    assert moves_at(firm) == (2 * litestream.LOG_PAGES if is_replicated else 1_000)
    firm.close()


def test_the_replicator_moves_it_seldom():
    place = read_place("file:///srv/replica")
    [told] = json.loads(litestream.configuration({Path("/srv/firm/roadbook.db"): place.database}))["dbs"]

    assert told["min-checkpoint-page-count"] >= 25_000
    assert told["checkpoint-interval"] == "24h"
