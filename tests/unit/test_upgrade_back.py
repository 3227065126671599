"""Going back to an earlier release: once, and never over what people were told is safe."""

from __future__ import annotations

import json
import sys
from contextlib import closing
from pathlib import Path

import pytest

from server import audit
from server.backup import frozen, mending
from server.database import connect_reader, connect_writer
from server.firm import Firm
from server.upgrade import database, journal, trial
from server.upgrade.change import Change
from server.upgrade.journal import Entry
from server.upgrade.release import Place
from server.upgrade.result import Failed
from server.upgrade.services import Services
from tests.conftest import ROOT
from tests.small_firm import as_server, make_firm, op

from .upgrading import NEW, OLD


@pytest.fixture
def data(tmp_path) -> Path:
    make_firm(tmp_path / "data").close()
    return tmp_path / "data"


@pytest.fixture
def change(tmp_path, data) -> Change:
    """Two releases of the same code, and a server that never answers."""
    for name in (OLD, NEW):
        release = tmp_path / "releases" / name
        release.mkdir(parents=True)
        for part in ("server", "service_worker", "sync", "web", "deployment", "pyproject.toml"):
            (release / part).symlink_to(ROOT / part)
        (release / ".venv").symlink_to(Path(sys.executable).parents[1])
    (tmp_path / "current").symlink_to(f"releases/{OLD}")
    return Change(Place(tmp_path), (data,), Services("true", "true", "127.0.0.1", 1, ("http://localhost:1",)))


def write_customer(data: Path, name: str) -> None:
    firm = Firm.open(data)
    as_server(firm, op("account", name.lower(), name=name, kind="customer", owner_id="rita"))
    firm.close()


def names_in(data: Path) -> set[str]:
    firm = Firm.open(data)
    with firm.look() as db:
        found = {row[0] for row in db.execute("SELECT name FROM account")}
    firm.close()
    return found


def epoch_of(data: Path) -> str:
    firm = Firm.open(data)
    firm.close()
    return firm.epoch


def test_what_was_written_after_going_back_is_never_put_back_a_second_time(data):
    database.keep(data, OLD, NEW)
    write_customer(data, "Trial")
    first = database.put_back(data, OLD, NEW)
    write_customer(data, "Since")

    assert database.put_back(data, OLD, NEW) == first and first["written"] > 0
    assert names_in(data) == {"Since"}


def test_a_second_try_with_the_same_release_goes_back_by_itself_again(data):
    database.keep(data, OLD, NEW)
    write_customer(data, "First")
    database.put_back(data, OLD, NEW)
    database.keep(data, OLD, NEW)
    write_customer(data, "Second")

    aside = Path(database.put_back(data, OLD, NEW)["aside"]).parent

    assert names_in(data) == set()
    assert names_in(aside) == {"Second"} and names_in(aside.with_name(f"{NEW}-1")) == {"First"}


def test_devices_begin_anew_after_going_back_though_the_server_was_killed_before_it_could_note_anything(data):
    database.keep(data, OLD, NEW)
    remembered, before = (data / "life.json").read_bytes(), epoch_of(data)
    write_customer(data, "Trial")
    (data / "life.json").write_bytes(remembered)

    database.put_back(data, OLD, NEW)

    assert epoch_of(data) != before


@pytest.mark.parametrize("wrote_on_trial", [True, False])
def test_what_was_written_after_going_back_was_cut_short_lies_aside_too_and_devices_begin_anew(data, wrote_on_trial):
    """The machine was switched off, and on again, before anybody went on with it."""
    database.keep(data, OLD, NEW)
    if wrote_on_trial:
        write_customer(data, "Trial")
    aside = Path(database.put_back(data, OLD, NEW)["aside"]).parent
    (aside / database.DONE).unlink()
    remembered = (data / "life.json").read_bytes()
    write_customer(data, "Between")
    (data / "life.json").write_bytes(remembered)  # killed before it could note anything
    between = epoch_of_file(data)

    told = database.put_back(data, OLD, NEW)

    assert told["written"] > 0 and names_in(aside) == {"Between"}
    assert names_in(aside.with_name(f"{NEW}-1")) == ({"Trial"} if wrote_on_trial else set())
    assert names_in(data) == set() and epoch_of(data) != between


def epoch_of_file(data: Path) -> str:
    with closing(connect_reader(data / "roadbook.db")) as db:
        return db.execute("SELECT value FROM meta WHERE name = 'epoch'").fetchone()[0]


def test_once_the_earlier_database_is_back_the_trial_is_over_and_the_replica_begins_anew(data):
    """What went off-site meanwhile is of a file that is gone from here."""
    database.keep(data, OLD, NEW)
    write_customer(data, "Trial")
    assert trial.is_on(data)

    database.put_back(data, OLD, NEW)

    assert not trial.is_on(data) and (data / mending.ASKED).exists()


def test_no_copy_is_made_while_a_part_of_the_firm_is_only_in_its_log(data, monkeypatch):
    """Somebody looks into the file who knows nothing of our locks."""

    def impatient(file):
        db = connect_writer(file)
        db.execute("PRAGMA busy_timeout = 0")
        return db

    monkeypatch.setattr(database, "connect_writer", impatient)
    with closing(connect_reader(data / "roadbook.db")) as looking:
        looking.execute("BEGIN")
        looking.execute("SELECT count(*) FROM account").fetchone()
        write_customer(data, "Logged")

        with pytest.raises(Failed, match="still open elsewhere"):
            database.keep(data, OLD, NEW)


def test_a_copy_that_is_not_what_was_copied_is_refused_and_has_no_name(data, monkeypatch):
    def spoil(reading, writing, *_):
        writing.write(reading.read()[:-1] + b"?")

    def cannot_share(*_):
        raise OSError

    monkeypatch.setattr(database.fcntl, "ioctl", cannot_share)
    monkeypatch.setattr(database.shutil, "copyfileobj", spoil)

    with pytest.raises(Failed, match="is the disk damaged"):
        database.keep(data, OLD, NEW)
    assert not (data / database.KEPT / OLD / database.NAME).exists() and not trial.is_on(data)


def test_devices_go_on_after_going_back_where_nothing_was_written(data):
    before = epoch_of(data)
    database.keep(data, OLD, NEW)

    assert database.put_back(data, OLD, NEW)["written"] == 0
    assert epoch_of(data) == before


def test_the_audit_log_has_upgrades_and_ways_back(data):
    database.keep(data, OLD, NEW)
    database.finish(data, OLD, NEW)
    database.put_back(data, OLD, NEW)
    database.keep(data, OLD, NEW)
    database.finish(data, OLD, NEW)

    firm = Firm.open(data)
    with firm.look() as db:
        noted = [row[0] for row in db.execute("SELECT action FROM audit ORDER BY n")]
        assert audit.verify(db).broken_at is None
    firm.close()
    assert [action for action in noted if action in ("upgraded", "restored")] == ["restored", "upgraded"]


def test_an_upgrade_that_was_cut_short_long_ago_never_goes_back_by_itself(change, data):
    """What devices were told is safe since is on none of them any more."""
    database.keep(data, OLD, NEW)
    write_customer(data, "Safe")
    mark = json.loads((data / trial.MARK).read_text())
    (data / trial.MARK).write_text(json.dumps(mark | {"until_ms": 1}))
    change.journal.write(Entry(journal.STARTING, OLD, NEW, patience_s=0.1), journal.STARTING)

    with pytest.raises(Failed, match=f"stays in use.*--back {OLD}"):
        change.finish_earlier()

    assert names_in(data) == {"Safe"}
    assert change.place.current() == NEW and change.journal.read() is None


def test_a_trial_that_was_over_does_not_begin_again_when_the_clock_is_set_back(data):
    trial.begin(data, 1)
    mark = json.loads((data / trial.MARK).read_text())
    (data / trial.MARK).write_text(json.dumps(mark | {"until_ms": 1}))

    assert trial.safe_seq(data, 10) == 10 and not (data / trial.MARK).exists()


def test_nothing_is_called_safe_while_it_cannot_be_read_whether_a_trial_is_on(data):
    (data / trial.MARK).mkdir()

    assert trial.safe_seq(data, 10) == 0


def test_going_back_that_was_cut_short_long_ago_before_it_changed_anything_is_given_up(change, data):
    change.place.use(NEW)
    database.keep(data, OLD, NEW)
    trial.end(data)
    write_customer(data, "Safe")
    change.journal.write(Entry(journal.GOING_BACK, OLD, NEW), journal.GOING_BACK)

    change.finish_earlier()

    assert names_in(data) == {"Safe"} and change.place.current() == NEW and change.journal.read() is None


def test_going_back_that_stops_says_that_nobody_is_served_and_what_to_do(change, data):
    database.keep(data, OLD, NEW)
    firm = Firm.open(data)
    change.journal.write(Entry(journal.GOING_BACK, OLD, NEW, why="It was ill"), journal.GOING_BACK)

    with pytest.raises(Failed, match=r"It was ill.*is open in.*nobody is served.*roadbook upgrade"):
        change.finish_earlier()
    firm.close()


def test_whoever_ends_the_upgrade_in_the_middle_leaves_a_server_behind(change, data, tmp_path, monkeypatch):
    started = tmp_path / "started"
    services = Services("true", f"touch {started}", "127.0.0.1", 1, ())
    change = Change(change.place, change.folders, services)

    def tired(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("server.upgrade.journal.Journal.write", _until(journal.STARTING, tired, change.journal))
    with pytest.raises(KeyboardInterrupt):
        change._change(Entry(journal.REHEARSING, OLD, NEW))

    assert started.exists() and change.place.current() == OLD and not trial.is_on(data)


def _until(last: str, act, kept):
    whole = type(kept).write

    def write(self, entry, step, **more):
        return act() if step == last else whole(self, entry, step, **more)

    return write


def test_a_release_that_loses_rows_is_refused_in_the_rehearsal(data, monkeypatch):
    write_customer(data, "Acme")

    def lose(folder: Path) -> None:
        with closing(connect_writer(folder / database.NAME)) as db:
            db.execute("DELETE FROM account")

    monkeypatch.setattr("server.upgrade.rehearsal.answers", lose)
    with pytest.raises(Failed, match="would lose rows of account"):
        database.rehearse(data)
    assert names_in(data) == {"Acme"}


def test_a_firm_that_moved_away_keeps_no_other_from_a_new_release(data):
    frozen.set_mark(data / "roadbook.db", 1)

    assert database.rehearse(data)["seconds"] > 0
    assert epoch_of(data)


def test_the_release_in_use_is_no_release_to_go_back_to(change):
    with pytest.raises(Failed, match="in use already"):
        change.back(OLD)
