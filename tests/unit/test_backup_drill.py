"""The daily drill: what would be restored is fetched, read to its end and held against the firm."""

import asyncio
import shutil
import sqlite3 as plain
from pathlib import Path

import pytest

from server.backup import copies, drill, mending, nightly, state
from server.cli import main
from server.config import read_settings
from server.firm import Firm
from server.offsite import Position

from .. import own_loop
from ..small_firm import START_MS, Clock, as_server, make_firm, op
from .replicas import off_site

DAY_MS = 86_400_000


@pytest.fixture
def settings(tmp_path):
    make_firm(tmp_path / "firm").close()
    return read_settings(
        {
            "ROADBOOK_DATA": str(tmp_path / "firm"),
            "ROADBOOK_URL": "http://localhost:8000",
            "ROADBOOK_REPLICA": f"file://{tmp_path}/replica",
        }
    )


@pytest.fixture
def opened(settings):
    firm = Firm.open(settings.data, Clock())
    yield firm
    firm.close()


def add_account(firm, name: str) -> int:
    as_server(firm, op("account", name.lower(), name=name, kind="customer", owner_id="rita"))
    with firm.look() as db:
        return db.execute("SELECT seq FROM counter").fetchone()[0]


def test_a_replica_that_holds_the_firm_passes_and_leaves_nothing_behind(settings, opened):
    seq = add_account(opened, "Acme")
    off_site(settings)
    add_account(opened, "Later")
    as_server(opened, op("account", "acme", base=seq, name="Acme Inc"))

    done = drill.run(settings, START_MS, safe_seq=seq)

    assert done.ok, done
    note = state.read(settings.data, state.DRILL)
    assert note["ok"] is True and note["at_ms"] == START_MS and note["rows"]["account"] == 1 and note["seq"] >= seq
    assert not (settings.data / drill.SCRATCH).exists()


def test_a_replica_behind_what_was_called_safe_fails(settings, opened):
    off_site(settings)
    seq = add_account(opened, "Acme")

    done = drill.run(settings, START_MS, safe_seq=seq)

    assert not done.ok and f"{seq} was said to be there" in done.words
    note = state.read(settings.data, state.DRILL)
    assert note["ok"] is False and note["words"] == done.words and "roadbook drill" in note["way_out"]


def test_a_row_that_did_not_reach_the_replica_is_found(settings, opened):
    seq = add_account(opened, "Acme")
    off_site(settings)
    with plain.connect(settings.data / "roadbook.db") as db:
        db.execute("UPDATE department SET version = version - 1 WHERE id = 'north'")
    db.close()

    done = drill.run(settings, START_MS, safe_seq=seq)

    assert not done.ok and "rows of department" in done.words


def test_a_row_that_the_firm_never_had_is_found(settings, opened):
    add_account(opened, "Acme")
    off_site(settings)
    with plain.connect(settings.data / "roadbook.db") as db:
        db.execute("PRAGMA foreign_keys = off")
        db.execute("DELETE FROM account WHERE id = 'acme'")
    db.close()

    done = drill.run(settings, START_MS)

    assert not done.ok and "that the firm does not have" in done.words


def test_a_replica_of_an_earlier_life_fails(settings, opened):
    off_site(settings)
    opened.begin_new_life()

    assert "of an earlier life" in drill.run(settings, START_MS).words


def test_damage_in_the_replica_is_found_in_words(settings, opened):
    off_site(settings)
    for path in Path(settings.replica.database.path).rglob("*.ltx"):
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])

    done = drill.run(settings, START_MS)

    assert not done.ok and done.words and done.way_out


def test_a_replica_that_restores_to_a_damaged_file_begins_anew(settings, opened):
    """Litestream may miss a page: only whoever fetches it and reads it to its end finds out."""
    add_account(opened, "Acme")
    with plain.connect(settings.data / "roadbook.db") as db:
        db.execute("CREATE INDEX by_what ON account (name)")
        db.execute("PRAGMA writable_schema = on")
        db.execute("UPDATE sqlite_schema SET sql = replace(sql, '(name)', '(id)') WHERE name = 'by_what'")
    db.close()
    off_site(settings)

    done = drill.run(settings, START_MS)

    assert not done.ok and "is damaged" in done.words and "begins it anew" in done.way_out
    assert (settings.data / mending.ASKED).exists()


def test_a_replica_that_only_waits_or_is_away_does_not_begin_anew(settings, opened):
    drill.run(settings, START_MS)
    off_site(settings)
    drill.run(settings, START_MS, safe_seq=add_account(opened, "Acme"))

    assert not (settings.data / mending.ASKED).exists()


def test_no_replica_at_all_is_said(settings, opened):
    done = drill.run(settings, START_MS)

    assert not done.ok and "there is no replica at" in done.words


def test_without_a_replica_the_newest_copy_is_proven(tmp_path, opened):
    settings = read_settings({"ROADBOOK_DATA": str(opened.path), "ROADBOOK_URL": "http://localhost:8000"})
    assert "neither a replica nor a copy" in drill.run(settings, START_MS).words

    made = copies.make_nightly(settings.data, settings.copies, START_MS)
    assert drill.run(settings, START_MS).ok

    made.file.write_bytes(made.file.read_bytes()[:-4096])
    assert "ends too soon" in drill.run(settings, START_MS).words


def test_no_room_for_a_drill_is_said_and_nothing_is_begun(settings, opened, monkeypatch):
    off_site(settings)
    monkeypatch.setattr(drill.quiet, "ROOM_BYTES", 2**60)

    done = drill.run(settings, START_MS)

    assert not done.ok and "are to stay free" in done.words and "make room" in done.way_out


def test_the_command_says_what_came_of_it(settings, opened, monkeypatch, capsys, tmp_path):
    monkeypatch.setenv("ROADBOOK_DATA", str(settings.data))
    monkeypatch.setenv("ROADBOOK_URL", "http://localhost:8000")
    monkeypatch.setenv("ROADBOOK_REPLICA", f"file://{tmp_path}/replica")
    off_site(settings)

    with pytest.raises(SystemExit) as ended:
        main(["drill"])
    assert ended.value.code == 0 and "is whole and holds what the firm holds" in capsys.readouterr().out
    shutil.rmtree(tmp_path / "replica")
    with pytest.raises(SystemExit) as ended:
        main(["drill"])
    assert ended.value.code == 1 and "→ roadbook drill" in capsys.readouterr().out


# --- by itself --------------------------------------------------------------------------------------------


class Told:
    """What the server was told of how far the replica is."""

    def __init__(self, safe_seq: int) -> None:
        self.safe_seq_ = safe_seq

    def safe_seq(self, seq: int) -> int:
        return min(seq, self.safe_seq_)

    def position(self) -> Position:
        return Position(self.safe_seq_, 0, "")


def look(firm, settings) -> None:
    async def once() -> None:
        async with asyncio.timeout(60):
            await nightly.look(firm, settings)

    own_loop.run(once())


def test_missed_nights_are_made_up_for_and_done_once_a_day(settings, opened):
    off_site(settings)

    look(opened, settings)
    look(opened, settings)
    assert len(copies.all_in(settings.copies)) == 1
    first = state.read(settings.data, state.DRILL)
    assert first["ok"] is True

    opened.clock.ms += DAY_MS
    look(opened, settings)
    assert len(copies.all_in(settings.copies)) == 2
    assert state.read(settings.data, state.DRILL)["at_ms"] >= first["at_ms"] + DAY_MS


def test_what_failed_is_tried_again_within_the_day(opened):
    def is_due(last) -> bool:
        return nightly.is_due(last, opened, nightly.COPY_AT_MS)

    now_ms = opened.clock()
    assert is_due(None)
    assert is_due({"at_ms": now_ms - 2 * nightly.HOUR_MS, "ok": False})
    assert not is_due({"at_ms": now_ms - nightly.HOUR_MS // 2, "ok": False})
    assert not is_due({"at_ms": now_ms, "ok": True})
    assert is_due({"at_ms": now_ms - DAY_MS, "ok": True})
    assert is_due({"at_ms": now_ms + 9 * DAY_MS, "ok": True})


def test_administrators_hear_of_a_drill_that_failed_once_a_day(settings, opened):
    look(opened, settings)
    opened.clock.ms += 2 * nightly.HOUR_MS
    look(opened, settings)

    with opened.look() as db:
        told = db.execute("SELECT user_id, sample, address FROM notice WHERE key LIKE 'drill:%'").fetchall()
    assert [tuple(row) for row in told] == [("boss", "The daily trial restore of Roadbook failed", "/admin/status")]


def test_the_server_s_drill_holds_the_replica_to_what_devices_were_told(settings, opened):
    off_site(settings)
    opened.offsite = Told(add_account(opened, "Acme"))

    look(opened, settings)

    assert "was said to be there" in state.read(settings.data, state.DRILL)["words"]
