"""The nightly copy: whole or not there, kept for a while, and in nobody's way."""

import os
import stat
import subprocess
import threading
from datetime import UTC, datetime, timedelta

import pytest

from server.backup import check, copies, frozen, quiet, state
from server.backup.copies import Copy, NotCopied
from server.cli import main
from server.config import read_settings

from ..small_firm import as_server, op

NOW_MS = 1_795_500_000_000


def copy_now(firm, now_ms=NOW_MS):
    return copies.make_nightly(firm.path, firm.path / "copies", now_ms)


def test_a_copy_is_whole_for_its_owner_alone_and_noted(firm):
    made = copy_now(firm)

    found = check.check(made.file)
    assert found.rows["user"] == 5 and found.epoch == firm.epoch
    assert stat.S_IMODE(made.file.stat().st_mode) == 0o600
    assert stat.S_IMODE(made.file.parent.stat().st_mode) == 0o700
    note = state.read(firm.path, state.COPY)
    assert note["ok"] is True and note["at_ms"] == NOW_MS and note["way_out"] == "" and note["seconds"] >= 0
    assert [path.name for path in made.file.parent.iterdir()] == [made.file.name]


def test_people_go_on_saving_while_a_copy_is_made(firm):
    blob = os.urandom(700).hex()
    for start in range(0, 20_000, 5_000):
        firm.write_now(
            lambda db, start=start: db.executemany(
                "INSERT INTO meta (name, value) VALUES (?, ?)", ((f"f{n}", blob) for n in range(start, start + 5_000))
            )
        )
    saved = []

    def save() -> None:
        while copying.is_alive():
            as_server(firm, op("account", f"a{len(saved)}", name=f"A{len(saved)}", kind="customer", owner_id="rita"))
            saved.append(copying.is_alive())

    copying = threading.Thread(target=copy_now, args=[firm])
    copying.start()
    save()
    copying.join(60)

    assert sum(saved) >= 3


def test_a_copy_of_a_frozen_firm_is_a_copy_like_any_other(firm):
    frozen.set_mark(firm.path / "roadbook.db", NOW_MS)

    assert check.check(copy_now(firm).file).mark is None


def test_days_weeks_and_months_keep_one_copy_each(tmp_path):
    start = datetime(2026, 1, 1, 19, 30, tzinfo=UTC)
    for day in range(400):
        at = start + timedelta(days=day)
        (tmp_path / f"roadbook-{at:%Y%m%dT%H%M%SZ}.db").touch()
        copies.let_go(tmp_path)
    (tmp_path / "mine.db").touch()
    copies.let_go(tmp_path)

    left = sorted(copy.at for copy in copies.all_in(tmp_path))
    last = start + timedelta(days=399)
    assert left[-7:] == [last - timedelta(days=n) for n in range(6, -1, -1)]
    assert len({at.strftime("%Y-%m") for at in left}) == 12
    assert len(left) <= 7 + 4 + 12
    assert (tmp_path / "mine.db").exists()


def test_a_machine_that_was_off_for_long_keeps_what_it_has():
    at = datetime(2020, 1, 1, tzinfo=UTC)
    there = [Copy(f"{n}", at + timedelta(days=n)) for n in range(7)]

    assert copies.kept(there) == there


def test_a_copy_of_a_night_when_the_clock_was_years_ahead_is_not_taken_for_the_newest(tmp_path):
    ahead, last = "roadbook-29990101T190000Z.db", "roadbook-20200105T190000Z.db"
    for name in (ahead, last, "roadbook-20200104T190000Z.db"):
        (tmp_path / name).touch()
    assert copies.newest(tmp_path).file.name == last

    (tmp_path / last).unlink()
    (tmp_path / "roadbook-20200104T190000Z.db").unlink()
    assert copies.newest(tmp_path).file.name == ahead


def test_a_copy_that_is_not_good_takes_no_name_and_no_earlier_one_goes(firm, monkeypatch):
    before = copy_now(firm)

    def unfreeze_and_spoil(making):
        making.write_bytes(before.file.read_bytes()[:8_192])

    monkeypatch.setattr(copies, "_unfreeze", unfreeze_and_spoil)
    with pytest.raises(NotCopied, match="ends too soon"):
        copy_now(firm, NOW_MS + 86_400_000)

    assert [path.name for path in before.file.parent.iterdir()] == [before.file.name]
    note = state.read(firm.path, state.COPY)
    assert note["ok"] is False and "ends too soon" in note["words"] and "roadbook backup" in note["way_out"]


def test_what_a_killed_copy_left_is_cleared_away(firm):
    (firm.path / "copies").mkdir()
    (firm.path / "copies" / "roadbook-20260101T000000Z.db.making").write_text("half")

    made = copy_now(firm)

    assert [path.name for path in made.file.parent.iterdir()] == [made.file.name]


def test_a_disk_without_room_is_said_before_anything_is_written(firm, monkeypatch):
    monkeypatch.setattr(quiet, "ROOM_BYTES", 2**60)

    with pytest.raises(NotCopied, match=r"no room for a copy.*ROADBOOK_COPIES"):
        copy_now(firm)
    assert list((firm.path / "copies").iterdir()) == []


@pytest.fixture
def small_disk(tmp_path):
    """A disk of 3 MiB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", folder], capture_output=True)
    if mounted.returncode:
        pytest.skip("only root can make a small disk")
    yield folder
    subprocess.run(["umount", folder], check=True)


def test_a_disk_that_fills_up_meanwhile_leaves_no_half_copy(firm, small_disk, monkeypatch):
    monkeypatch.setattr(quiet, "ROOM_BYTES", -(2**40))
    (small_disk / "ballast").write_bytes(bytes(2_900_000))

    with pytest.raises(NotCopied, match="Make room"):
        copies.make(firm.path / "roadbook.db", small_disk / "copy.db")
    assert [path.name for path in small_disk.iterdir()] == ["ballast"]

    (small_disk / "ballast").unlink()
    copies.make(firm.path / "roadbook.db", small_disk / "copy.db")


def test_a_folder_that_cannot_be_written_is_named(firm, tmp_path):
    (tmp_path / "file").touch()

    with pytest.raises(NotCopied, match=f"{tmp_path}/file/copies cannot be made"):
        copies.make_nightly(firm.path, tmp_path / "file" / "copies", NOW_MS)
    assert state.read(firm.path, state.COPY)["ok"] is False


def test_the_command_takes_a_copy_now_wherever_it_is_wanted(firm, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("ROADBOOK_DATA", str(firm.path))
    monkeypatch.setenv("ROADBOOK_URL", "http://localhost:8000")

    with pytest.raises(SystemExit) as ended:
        main(["backup", "--to", str(tmp_path / "mine.db")])
    assert ended.value.code == 0 and check.check(tmp_path / "mine.db").rows["user"] == 5
    assert "is whole" in capsys.readouterr().out
    with pytest.raises(SystemExit, match="exists already"):
        main(["backup", "--to", str(tmp_path / "mine.db")])
    with pytest.raises(SystemExit) as ended:
        main(["backup"])
    assert ended.value.code == 0 and copies.newest(firm.path / "copies")


def test_copies_of_several_firms_lie_apart():
    environ = {"ROADBOOK_FIRMS": "/srv/firms", "ROADBOOK_COPIES": "/mnt/copies"}

    assert str(read_settings(environ, "acme.example.com").copies) == "/mnt/copies/acme.example.com"
    assert str(read_settings({"ROADBOOK_FIRMS": "/srv/firms"}, "acme.example.com").copies) == (
        "/srv/firms/acme.example.com/copies"
    )


def test_only_one_heavy_piece_of_work_runs_on_a_machine(tmp_path):
    with quiet.in_turn(tmp_path), pytest.raises(quiet.Busy), quiet.in_turn(tmp_path):
        pass
    with quiet.in_turn(tmp_path):
        pass


def test_heavy_work_gives_way_to_whoever_serves_people():
    nice = {}

    def work() -> None:
        quiet.give_way()
        nice["here"] = os.getpriority(os.PRIO_PROCESS, threading.get_native_id())

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()

    assert nice["here"] == 19 and os.getpriority(os.PRIO_PROCESS, 0) < 19
