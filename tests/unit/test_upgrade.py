"""`roadbook upgrade`: with real servers of two releases, killed and made ill in every place."""

from __future__ import annotations

import hashlib
import shutil
import signal
import tarfile

import pytest

from server.database import sqlite3
from server.upgrade import database, trial
from server.upgrade.change import Change
from server.upgrade.release import Place
from server.upgrade.result import Failed
from server.upgrade.services import Services
from tests.device import new_id

from .upgrading import FAILING, ILL, MIGRATION, NEW, OLD, UpgradeMachine, wait_until


@pytest.fixture
def machine(tmp_path):
    made = UpgradeMachine(tmp_path)
    yield made
    made.end()


def names_of(file) -> set[str]:
    db = sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True)
    try:
        return {row[0] for row in db.execute("SELECT name FROM account")}
    finally:
        db.close()


def tables_of(file) -> set[str]:
    db = sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True)
    try:
        assert db.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
        return {row[0] for row in db.execute("SELECT name FROM sqlite_master")}
    finally:
        db.close()


def type_customer(machine, cursor: str, name: str) -> list[dict]:
    op = {"id": new_id(), "entity": "account", "row": new_id(), "base": 0, "at": 1, "set": {"name": name}}
    return machine.sync(cursor=cursor, ops=[op])


def first_cursor(machine) -> str:
    return machine.sync()[-1]["end"]["cursor"]


def test_upgrade_changes_over_and_keeps_what_was_typed_and_a_copy_from_before(machine):
    machine.lay(NEW, MIGRATION)
    machine.start()
    type_customer(machine, first_cursor(machine), "Typed before")

    done = machine.upgrade(machine.roadbook / "releases" / NEW)

    assert done.returncode == 0, done.stderr
    assert "nobody was served for" in done.stdout
    assert machine.version == NEW and machine.health() == (200, machine.health()[1] | {"version": NEW})
    assert names_of(machine.data / "roadbook.db") == {"Typed before"}
    assert "colour" in tables_of(machine.data / "roadbook.db")
    kept = machine.data / "before-upgrade" / OLD / "roadbook.db"
    assert names_of(kept) == {"Typed before"} and "colour" not in tables_of(kept)
    assert trial.safe_seq(machine.data, 10**12) == 10**12
    assert "in use already" in machine.upgrade(machine.roadbook / "releases" / NEW).stdout


def test_release_whose_migration_fails_costs_no_downtime(machine):
    machine.lay(NEW, FAILING)
    machine.start()
    before = machine.pid

    done = machine.upgrade(machine.roadbook / "releases" / NEW)

    assert done.returncode == 1 and "no_such_table" in done.stderr
    assert machine.version == OLD and machine.pid == before and machine.health()[0] == 200
    assert not (machine.data / ".upgrade").exists() and "colour" not in tables_of(machine.data / "roadbook.db")


def test_release_that_starts_ill_gives_way_and_what_it_was_sent_comes_again_from_devices(machine):
    machine.lay(NEW, MIGRATION, ILL)
    machine.start()
    cursor = first_cursor(machine)
    upgrading = machine.begin(machine.roadbook / "releases" / NEW)
    wait_until(lambda: machine.health()[1].get("version") == NEW, "the new release answers", machine.log)

    lines = type_customer(machine, cursor, "Typed on trial")
    out, wrong = upgrading.communicate(timeout=120)

    assert upgrading.returncode == 2, out + wrong
    assert "failing: disk" in wrong and "changes were written in between" in wrong
    # The device was told that it is accepted, and not that it is safe.
    outcome = next(line["outcome"] for line in lines if "outcome" in line)
    assert outcome["is"] == "applied" and lines[-1]["end"]["safe"] < outcome["seq"]
    assert machine.version == OLD and machine.health() == (200, machine.health()[1] | {"version": OLD})
    assert names_of(machine.data / "roadbook.db") == set()
    assert names_of(machine.data / "after-upgrade" / NEW / "roadbook.db") == {"Typed on trial"}
    # A new life: the device is made to start again, and sends once more what was not safe.
    assert machine.ask("POST", "/sync", b'{"protocol":1,"schema":"x","cursor":"%s"}' % cursor.encode())[0] == 409


SOAKED = [pytest.param(moment, marks=pytest.mark.soak) for moment in ("before-stop", "after-stop", "after-start")]


@pytest.mark.parametrize("moment", ["before-start", *SOAKED])
def test_upgrade_killed_in_the_middle_is_put_right_by_the_next_one(machine, moment):
    machine.lay(NEW, MIGRATION)
    machine.start()
    type_customer(machine, first_cursor(machine), "Typed before")
    (machine.folder / f"kill-{moment}").touch()

    killed = machine.upgrade(machine.roadbook / "releases" / NEW)
    done = machine.upgrade()

    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert done.returncode == 0 and "cut short" in done.stdout, done.stderr
    wait_until(lambda: machine.health()[0] == 200, "it serves", machine.log)
    assert machine.version == (NEW if "start" in moment else OLD) == machine.health()[1]["version"]
    assert names_of(machine.data / "roadbook.db") == {"Typed before"}
    assert trial.safe_seq(machine.data, 10**12) == 10**12


@pytest.mark.soak
@pytest.mark.parametrize("moment", ["before-stop", "after-stop", "before-start", "after-start"])
def test_going_back_killed_in_the_middle_is_gone_on_with(machine, moment):
    machine.lay(NEW, MIGRATION, ILL)
    machine.start()
    upgrading = machine.begin(machine.roadbook / "releases" / NEW)
    wait_until(lambda: machine.health()[1].get("version") == NEW, "the new release answers", machine.log)
    (machine.folder / f"kill-{moment}").touch()
    assert upgrading.wait(120) == -signal.SIGKILL

    done = machine.upgrade()

    assert done.returncode == 0 and "cut short" in done.stdout, done.stderr
    assert machine.version == OLD and machine.health()[0] == 200
    assert "colour" not in tables_of(machine.data / "roadbook.db")


@pytest.mark.soak
@pytest.mark.parametrize("moment", ["before-start", "after-stop"])
def test_server_that_is_started_after_an_upgrade_was_killed_works(machine, moment):
    """As a machine does that was switched off and on again."""
    machine.lay(NEW, MIGRATION)
    machine.start()
    (machine.folder / f"kill-{moment}").touch()
    machine.upgrade(machine.roadbook / "releases" / NEW)

    machine.start()

    assert machine.health() == (200, machine.health()[1] | {"version": machine.version})


@pytest.mark.soak
def test_going_back_by_hand_says_what_was_written_since_and_where_it_lies(machine):
    machine.lay(NEW, MIGRATION)
    machine.start()
    machine.upgrade(machine.roadbook / "releases" / NEW)
    type_customer(machine, first_cursor(machine), "Typed later")

    done = machine.upgrade("--back", OLD)

    assert done.returncode == 0, done.stderr
    assert "changes were written in between; they lie in" in done.stdout and machine.version == OLD
    assert machine.health() == (200, machine.health()[1] | {"version": OLD})
    assert names_of(machine.data / "after-upgrade" / NEW / "roadbook.db") == {"Typed later"}


def test_older_release_is_refused_and_told_how_to_go_back(machine):
    older = machine.lay("0.0.9")

    done = machine.upgrade(older)

    assert done.returncode == 1 and "older than" in done.stderr and "--back" in done.stderr


def test_archive_that_is_damaged_is_refused_before_anything_changes(machine, tmp_path):
    archive = tmp_path / "roadbook-9.0.0.tar.gz"
    with tarfile.open(archive, "w:gz") as packed:
        packed.add(machine.lay(NEW), "roadbook-9.0.0")
    whole = archive.read_bytes()
    (tmp_path / "SHA256SUMS").write_text(f"{hashlib.sha256(whole).hexdigest()}  {archive.name}\n")
    archive.write_bytes(whole[:-1000] + bytes(1000))

    done = machine.upgrade(archive)
    (tmp_path / "SHA256SUMS").unlink()
    archive.write_bytes(whole[: len(whole) // 2])
    halved = machine.upgrade(archive)

    assert done.returncode == 1 and "SHA256SUMS" in done.stderr and "Fetch it again" in done.stderr
    assert halved.returncode == 1 and "Fetch it again" in halved.stderr
    assert machine.version == OLD


def test_database_that_is_newer_than_the_release_is_left_alone(machine):
    machine.lay(NEW)
    db = sqlite3.connect(machine.data / "roadbook.db")
    db.execute("UPDATE _sqlite_migrations SET name = 'm9998_later' WHERE name LIKE 'm0012%'")
    db.commit()
    db.close()

    done = machine.upgrade(machine.roadbook / "releases" / NEW)

    assert done.returncode == 1 and "newer Roadbook" in done.stderr and "m9998_later" in done.stderr


def test_upgrade_without_room_for_the_copies_is_refused(machine, monkeypatch):
    # Of the disk only its fullness is made up.
    usage = shutil.disk_usage(machine.data)
    monkeypatch.setattr("server.upgrade.change.shutil.disk_usage", lambda folder: usage._replace(free=1_000_000))
    machine.lay(NEW)
    change = Change(Place(machine.roadbook), (machine.data,), Services("false", "false", "127.0.0.1", 1, ()))

    with pytest.raises(Failed, match="no room for the copies"):
        change.to(NEW)
    assert change.journal.read() is None


def test_copy_is_refused_while_somebody_has_the_firm_open(firm):
    with pytest.raises(Exception, match="is open in"):
        database.keep(firm.path, OLD, NEW)
