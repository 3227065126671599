"""A replica is written to by the firm that it is of, and by nobody who is behind it: with a real Litestream."""

from __future__ import annotations

import shutil
import threading

import pytest

from server.backup import claim, litestream, mending, moving, restore
from server.backup.claim import why_not
from server.backup.replicator import Replicator, places_of
from server.cli import main
from server.config import read_settings
from server.firm import Firm
from server.life import begin_new_life

from ..disaster.machine import wait_until
from ..own_loop import run
from ..small_firm import START_MS, Clock, as_server, make_firm, op
from .replicas import off_site

OTHERS = "is of another firm, or of a later state"


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """Settings of a machine by its name; all of them have one replica."""
    (tmp_path / "away").mkdir()

    def named(name: str):
        environ = {
            "ROADBOOK_DATA": str(tmp_path / name),
            "ROADBOOK_URL": "http://localhost:8000",
            "ROADBOOK_REPLICA": f"file://{tmp_path}/away/replica",
        }
        for setting, value in environ.items():
            monkeypatch.setenv(setting, value)
        return read_settings(environ)

    return named


@pytest.fixture
def lost(machine):
    """A firm with one customer, all of it off-site."""
    settings = machine("lost")
    make_firm(settings.data).close()
    add_account(settings, "Acme")
    off_site(settings)
    return settings


def add_account(settings, name: str) -> None:
    firm = Firm.open(settings.data, Clock())
    as_server(firm, op("account", name.lower(), name=name, kind="customer", owner_id="rita"))
    firm.close()


def refusal(settings) -> str:
    return why_not(settings.data / "roadbook.db", settings.replica.database)


def test_a_new_firm_begins_where_nothing_lies(machine):
    settings = machine("new")
    make_firm(settings.data).close()

    assert refusal(settings) == ""


@pytest.mark.parametrize("has_people", [False, True])
def test_a_fresh_machine_that_is_started_before_the_restore_writes_nothing_over_the_lost_firm(
    lost, machine, has_people
):
    fresh = machine("fresh")
    make_firm(fresh.data).close() if has_people else Firm.open(fresh.data).close()
    replicator = Replicator(fresh.home, lambda: places_of([fresh]), lambda words: None)
    thread = threading.Thread(target=replicator.run)
    thread.start()
    try:
        wait_until(lambda: litestream.refusal(fresh.data / "roadbook.db"), "it is refused")
        with pytest.raises(litestream.NotReplicated, match=f"{OTHERS}.*roadbook restore"):
            run(litestream.barrier(fresh.home, fresh.data / "roadbook.db"))
    finally:
        replicator.end()
        thread.join(30)

    report = restore.restore(fresh, restore.Source(), START_MS, may_be_another=has_people)

    assert report.found.rows["account"] == 1


def test_a_freeze_that_uploads_by_itself_writes_nothing_over_another_firm_and_does_not_wait(lost, machine, tmp_path):
    fresh = machine("fresh")
    make_firm(fresh.data).close()
    before = files_in(tmp_path / "away")

    with pytest.raises(moving.NotMoved, match=f"{OTHERS}.*not frozen any more"):
        moving.freeze(fresh, START_MS, patience_s=600)

    assert files_in(tmp_path / "away") == before
    add_account(fresh, "Later")


def files_in(folder) -> dict:
    return {path: path.stat().st_size for path in folder.rglob("*") if path.is_file()}


def test_the_firm_goes_on_at_its_replica_with_its_notes_and_without(lost):
    assert refusal(lost) == ""
    add_account(lost, "Later")
    assert refusal(lost) == ""
    litestream.forget(lost.data / "roadbook.db")
    assert refusal(lost) == ""


def test_a_machine_whose_disk_was_set_back_does_not_write_over_what_it_forgot(lost, tmp_path):
    shutil.copytree(lost.data, tmp_path / "image")
    add_account(lost, "Safe")
    off_site(lost)
    shutil.rmtree(lost.data)
    (tmp_path / "image").rename(lost.data)

    assert OTHERS in refusal(lost)
    assert restore.restore(lost, restore.Source(), START_MS).found.rows["account"] == 2


def test_a_machine_that_comes_back_after_another_took_its_place_does_not_write_there(lost, machine):
    other = machine("other")
    restore.restore(other, restore.Source(), START_MS)
    off_site(other)

    assert OTHERS in refusal(lost)
    assert refusal(other) == ""


def test_whoever_says_that_a_file_was_put_back_begins_the_replica_anew(lost, machine, capsys):
    fresh = machine("fresh")
    make_firm(fresh.data).close()
    with pytest.raises(SystemExit):
        main(["restored"])

    assert (fresh.data / mending.ASKED).exists()


def test_a_place_that_cannot_be_asked_is_not_written_to(lost, tmp_path):
    shutil.rmtree(tmp_path / "away" / "replica" / "database")
    (tmp_path / "away" / "replica" / "database").write_text("a file where a folder should be")

    assert "cannot be fetched" in refusal(lost)


def test_what_litestream_finds_strange_takes_the_grant_back(lost, machine):
    other, said = machine("other"), []
    make_firm(other.data).close()
    file = lost.data / "roadbook.db"
    claims = claim.Claims(said.append)
    places = {file: lost.replica.database}
    wait_until(lambda: claims.granted(places) == {file}, "it is granted")
    assert claims.still_holds(file)

    newer = Firm.open(other.data)
    newer.write_now(lambda db: begin_new_life(db, START_MS))
    newer.close()
    shutil.rmtree(lost.replica.path)
    off_site(other)

    assert not claims.still_holds(file)
    assert claims.granted(places) == set() and OTHERS in said[0]
