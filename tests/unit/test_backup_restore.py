"""`roadbook restore`: one command, from the replica or a copy; what was there stays until the end, and is kept."""

import re
import shutil
import sqlite3 as plain
import time
from datetime import UTC, datetime

import pytest

from server import life
from server.backup import copies, in_use, litestream, mending, restore
from server.backup.in_use import CannotOpen
from server.backup.replicator import Replicator, places_of
from server.backup.restore import NotRestored, Source
from server.cli import main
from server.config import read_settings
from server.firm import Firm

from ..device import Device
from ..small_firm import Clock, as_server, make_firm, op
from .replicas import off_site, replicated_environment

NOW_MS = 1_795_500_000_000


@pytest.fixture
def settings(tmp_path, monkeypatch):
    """A firm with a replica in a folder; the environment is this firm's."""
    environ = replicated_environment(tmp_path, monkeypatch)
    make_firm(tmp_path / "firm").close()
    return read_settings(environ)


def accounts(folder) -> list[str]:
    with plain.connect(f"file:{folder}/roadbook.db?mode=ro", uri=True) as db:
        return [row[0] for row in db.execute("SELECT name FROM account ORDER BY name")]


def add_account(settings, name: str) -> None:
    firm = Firm.open(settings.data, Clock())
    as_server(firm, op("account", name.lower(), name=name, kind="customer", owner_id="rita"))
    firm.close()


def said(capsys, *argv: str) -> str:
    with pytest.raises(SystemExit) as ended:
        main(list(argv))
    answer = capsys.readouterr()
    return answer.out + (ended.value.code if isinstance(ended.value.code, str) else "")


# --- from the replica -----------------------------------------------------------------------------------


def test_one_command_puts_the_replica_in_place_and_keeps_what_was_there(settings, capsys):
    add_account(settings, "Acme")
    off_site(settings)
    add_account(settings, "Later")

    told = said(capsys, "restore")

    assert accounts(settings.data) == ["Acme"]
    (aside,) = settings.data.glob("before-restore-*")
    assert accounts(aside) == ["Acme", "Later"]
    assert str(aside) in told and "Start the server" in told
    assert (settings.data / mending.ASKED).exists()  # the replica is of what lies aside
    assert not (settings.data / in_use.SCRATCH).exists()


def test_a_machine_that_is_lost_with_its_disk_is_restored_on_an_empty_one(settings, capsys):
    add_account(settings, "Acme")
    off_site(settings)
    shutil.rmtree(settings.data)

    said(capsys, "restore")

    assert accounts(settings.data) == ["Acme"]
    assert (settings.data / "roadbook.db").stat().st_mode & 0o077 == 0


def test_a_restored_firm_begins_a_new_life_above_every_number_that_was_given(settings):
    firm = Firm.open(settings.data)
    before = firm.epoch
    firm.close()
    off_site(settings)
    add_account(settings, "Later")
    remembered = life.remembered(settings.data)["seq"]

    assert restore.restore(settings, Source(), NOW_MS).is_new_life

    firm = Firm.open(settings.data)
    with firm.look() as db:
        seq = db.execute("SELECT seq FROM counter").fetchone()[0]
    assert firm.epoch != before and seq > remembered
    first = firm.epoch
    firm.close()
    again = Firm.open(settings.data)
    assert again.epoch == first
    again.close()


def test_a_point_in_time_brings_the_firm_as_it_was_then(settings, capsys):
    add_account(settings, "Acme")
    off_site(settings)
    time.sleep(1.1)
    between = datetime.now(UTC)
    time.sleep(1.1)
    add_account(settings, "Mistake")
    off_site(settings)

    before = life.remembered(settings.data)["epoch"]

    told = said(capsys, "restore", "--at", between.isoformat())

    assert accounts(settings.data) == ["Acme"] and life.remembered(settings.data)["epoch"] != before
    assert re.search(r"Asked for +\d{4}-\d\d-\d\d \d\d:\d\d:\d\d Asia/Shanghai \(\d\d:\d\d:\d\d UTC\)", told)
    add_account(settings, "Afterwards")
    off_site(settings)
    shutil.rmtree(settings.data)
    said(capsys, "restore")
    assert accounts(settings.data) == ["Acme", "Afterwards"]


def test_a_dry_run_says_all_of_it_and_changes_nothing(settings, capsys):
    add_account(settings, "Acme")
    off_site(settings)
    add_account(settings, "Later")
    before = {path.name: path.stat().st_mtime_ns for path in settings.data.iterdir() if path.is_file()}

    told = said(capsys, "restore", "--dry-run")

    assert f"file://{settings.replica.path}" in told and "1 account" in told and "2 account" in told
    assert "nothing was changed" in told and f"Goes to    {settings.data}/roadbook.db" in told
    after = {path.name: path.stat().st_mtime_ns for path in settings.data.iterdir() if path.is_file()}
    assert {name: after[name] for name in before if name != in_use.LOCK} == {
        name: at for name, at in before.items() if name != in_use.LOCK
    }


def test_into_a_folder_only_the_database_is_fetched(settings, tmp_path, capsys):
    add_account(settings, "Acme")
    off_site(settings)
    add_account(settings, "Later")

    said(capsys, "restore", "--into", str(tmp_path / "look"))

    assert accounts(tmp_path / "look") == ["Acme"] and accounts(settings.data) == ["Acme", "Later"]


@pytest.mark.parametrize(
    "argv, words",
    [
        (["--at", "yesterday"], "'yesterday' is no moment. For example: --at 2026-11-20T14:00"),
        (["--at", "2999-01-01T00:00"], "has not come yet"),
        (["--at", "2001-01-01T00:00"], "nothing from before 2000-12-31 16:00 UTC"),
        (["--from", "copy"], "there is no copy in"),
        (["--from", "/no/such.db"], "/no/such.db cannot be read"),
        (["--from", "copy", "--at", "2025-01-01T00:00"], "--at is for the replica"),
    ],
)
def test_what_cannot_be_meant_is_said_and_nothing_changes(settings, capsys, argv, words):
    off_site(settings)
    add_account(settings, "Later")

    told = said(capsys, "restore", *argv)

    assert words in told and "nothing was restored" in told
    assert accounts(settings.data) == ["Later"]
    assert not list(settings.data.glob("before-restore-*")) and not (settings.data / in_use.SCRATCH).exists()


def test_a_moment_without_a_time_zone_is_refused_where_no_firm_says_one(settings, capsys):
    off_site(settings)
    shutil.rmtree(settings.data)

    assert "which time zone?" in said(capsys, "restore", "--at", "2026-01-01T00:00")
    assert not settings.data.exists()


def test_nothing_at_the_replica_leaves_no_folder_that_looks_like_a_new_firm(settings, capsys):
    shutil.rmtree(settings.data)

    assert "there is no replica at" in said(capsys, "restore")
    assert not settings.data.exists()


# --- who else is there ------------------------------------------------------------------------------------


def test_a_firm_that_is_open_is_not_replaced(settings, capsys):
    off_site(settings)
    firm = Firm.open(settings.data)

    told = said(capsys, "restore")

    firm.close()
    assert re.search(r"is open in process \d+", told) and "systemctl stop roadbook" in told


def test_a_firm_that_is_being_restored_is_not_opened(settings):
    with in_use.alone(settings.data), pytest.raises(CannotOpen, match="is being restored by process"):
        Firm.open(settings.data)
    Firm.open(settings.data).close()


def test_a_restore_that_was_cut_short_on_an_empty_machine_is_not_taken_for_a_new_firm(settings):
    shutil.rmtree(settings.data)
    (settings.data / in_use.SCRATCH).mkdir(parents=True)

    with pytest.raises(CannotOpen, match="run roadbook restore again"):
        Firm.open(settings.data)
    assert not (settings.data / "roadbook.db").exists()


def test_a_running_replicator_is_asked_to_be_stopped_first(settings, capsys):
    import threading

    add_account(settings, "Acme")
    off_site(settings)
    replicator = Replicator(settings.home, lambda: places_of([settings]), lambda words: None)
    running = threading.Thread(target=replicator.run)
    running.start()
    try:
        until = time.monotonic() + 20
        while not (settings.home / litestream.SOCKET).exists():
            assert time.monotonic() < until
            time.sleep(0.05)
        assert "systemctl stop roadbook-replica" in said(capsys, "restore")
    finally:
        replicator.end()
        running.join(30)
    assert accounts(settings.data) == ["Acme"]


# --- from a copy ----------------------------------------------------------------------------------------


def test_the_newest_copy_can_be_put_in_place(settings, capsys):
    add_account(settings, "Acme")
    copies.make_nightly(settings.data, settings.copies, NOW_MS)
    add_account(settings, "Later")

    said(capsys, "restore", "--from", "copy")

    assert accounts(settings.data) == ["Acme"]


def test_what_was_typed_after_the_copy_comes_back_from_the_devices(settings, tmp_path):
    firm = Firm.open(settings.data, Clock())
    rita = Device(firm, "rita")
    rita.sync()
    copies.make(settings.data / "roadbook.db", tmp_path / "copy.db")

    class Nowhere:
        def safe_seq(self, seq):
            return 0

    firm.offsite = Nowhere()
    rita.add("account", name="Acme", kind="customer", owner_id="rita")
    rita.sync()
    firm.close()

    restore.restore(settings, Source(tmp_path / "copy.db"), NOW_MS)

    rita.firm = firm = Firm.open(settings.data, Clock())
    for _ in range(3):
        rita.sync()
    firm.close()
    assert accounts(settings.data) == ["Acme"]


def test_files_that_were_copied_as_they_were_are_taken_with_their_newest_changes(settings, tmp_path):
    firm = Firm.open(settings.data, Clock())
    as_server(firm, op("account", "acme", name="Acme", kind="customer", owner_id="rita"))
    (tmp_path / "by-hand").mkdir()
    for end in ("", "-wal"):
        shutil.copyfile(f"{settings.data}/roadbook.db{end}", f"{tmp_path}/by-hand/roadbook.db{end}")
    firm.close()

    report = restore.rehearse(settings, Source(tmp_path / "by-hand" / "roadbook.db"), settings.data)

    assert report.found.rows["account"] == 1


def half_written(good, bad):
    bad.write_bytes(good.read_bytes()[: good.stat().st_size // 2])


def full_of_zeros(good, bad):
    content = bytearray(good.read_bytes())
    content[20_000:60_000] = bytes(40_000)
    bad.write_bytes(content)


def without_one_index(good, bad):
    """Only whoever reads all of it and compares can find that."""
    shutil.copyfile(good, bad)
    with plain.connect(bad) as db:
        db.execute("PRAGMA writable_schema = on")
        db.execute("DELETE FROM sqlite_master WHERE name = 'membership_held_from_seq'")
    db.close()


def no_database(good, bad):
    bad.write_text("Dear administrator, …")


def empty(good, bad):
    bad.touch()


def of_something_else(good, bad):
    with plain.connect(bad) as db:
        db.execute("CREATE TABLE recipe (name TEXT)")


def of_a_newer_version(good, bad):
    shutil.copyfile(good, bad)
    with plain.connect(bad) as db:
        db.execute(
            "INSERT INTO _sqlite_migrations (migration_set, name, applied_at) VALUES ('roadbook', 'm9999_future', '')"
        )
    db.close()


BAD = {
    half_written: "ends too soon",
    full_of_zeros: "is damaged",
    without_one_index: "is damaged",
    no_database: "is not an SQLite database",
    empty: "is empty",
    of_something_else: "is a database, but not Roadbook's",
    of_a_newer_version: "is of a newer Roadbook (it has m9999_future)",
}


@pytest.mark.parametrize("spoil", BAD, ids=lambda spoil: spoil.__name__)
def test_a_file_that_cannot_be_a_copy_is_refused_and_says_why(settings, tmp_path, capsys, spoil):
    good, bad = tmp_path / "good.db", tmp_path / "bad.db"
    copies.make(settings.data / "roadbook.db", good)
    spoil(good, bad)
    add_account(settings, "Acme")

    told = said(capsys, "restore", "--from", str(bad))

    assert BAD[spoil] in told
    assert accounts(settings.data) == ["Acme"]
    assert not list(settings.data.glob("before-restore-*"))


def test_another_firm_s_copy_takes_no_place_unless_told_to(settings, tmp_path, capsys):
    make_firm(tmp_path / "other").close()
    copies.make(tmp_path / "other" / "roadbook.db", tmp_path / "other.db")
    add_account(settings, "Acme")

    assert "is of another firm than the one in" in said(capsys, "restore", "--from", f"{tmp_path}/other.db")
    assert accounts(settings.data) == ["Acme"]

    said(capsys, "restore", "--from", f"{tmp_path}/other.db", "--another-firm")
    assert accounts(settings.data) == []


def test_a_damaged_database_is_replaced_and_kept(settings, tmp_path, capsys):
    copies.make(settings.data / "roadbook.db", tmp_path / "good.db")
    (settings.data / "roadbook.db").write_bytes(b"not a database any more" * 1000)

    said(capsys, "restore", "--from", f"{tmp_path}/good.db")

    assert accounts(settings.data) == []
    (aside,) = settings.data.glob("before-restore-*")
    assert (aside / "roadbook.db").read_bytes().startswith(b"not a database")


def test_the_log_of_a_damaged_database_is_not_taken_for_one_of_the_restored(settings, tmp_path, capsys):
    """SQLite would read it into whatever file lies beside it."""
    copies.make(settings.data / "roadbook.db", tmp_path / "good.db")
    firm = Firm.open(settings.data, Clock())
    as_server(firm, op("account", "acme", name="Acme", kind="customer", owner_id="rita"))
    shutil.copyfile(settings.data / "roadbook.db-wal", tmp_path / "wal")
    firm.close()
    (settings.data / "roadbook.db").write_bytes(b"not a database any more" * 1000)
    shutil.copyfile(tmp_path / "wal", settings.data / "roadbook.db-wal")

    said(capsys, "restore", "--from", f"{tmp_path}/good.db")

    (aside,) = settings.data.glob("before-restore-*")
    assert (aside / "roadbook.db-wal").read_bytes() == (tmp_path / "wal").read_bytes()
    assert (settings.data / "roadbook.db-wal").read_bytes() == b"" and accounts(settings.data) == []


def test_what_is_not_finished_leaves_the_old_in_place(settings, tmp_path, monkeypatch):
    """The disk refuses the very last step."""
    add_account(settings, "Acme")
    copies.make(settings.data / "roadbook.db", tmp_path / "good.db")
    add_account(settings, "Later")

    def refuse(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(restore.os, "replace", refuse)
    with pytest.raises(NotRestored, match="no room"):
        restore.restore(settings, Source(tmp_path / "good.db"), NOW_MS)
    monkeypatch.undo()

    assert accounts(settings.data) == ["Acme", "Later"]
    Firm.open(settings.data).close()


# --- a newer database ------------------------------------------------------------------------------------


def test_serving_a_newer_database_is_refused_in_words_and_it_stays_as_it_is(settings, tmp_path, capsys):
    of_a_newer_version(settings.data / "roadbook.db", tmp_path / "newer.db")
    shutil.copyfile(tmp_path / "newer.db", settings.data / "roadbook.db")

    told = said(capsys, "serve")

    assert "is of a newer Roadbook (it has m9999_future)" in told and "install that version" in told
    assert (settings.data / "roadbook.db").read_bytes() == (tmp_path / "newer.db").read_bytes()


def test_of_several_firms_the_one_that_is_named_is_restored(tmp_path, monkeypatch, capsys):
    environ = {"ROADBOOK_FIRMS": str(tmp_path / "firms"), "ROADBOOK_REPLICA": f"file://{tmp_path}/replica"}
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    for name in ("acme", "zhou"):
        make_firm(tmp_path / "firms" / name).close()
        settings = read_settings(environ, name)
        add_account(settings, name)
        off_site(settings)
    zhou = Firm.open(tmp_path / "firms" / "zhou")
    shutil.rmtree(tmp_path / "firms" / "acme")

    said(capsys, "--firm", "acme", "restore")

    zhou.close()
    assert accounts(tmp_path / "firms" / "acme") == ["acme"] and accounts(tmp_path / "firms" / "zhou") == ["zhou"]
    assert "name one, as in roadbook --firm" in said(capsys, "restore")
