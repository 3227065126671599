"""A disk that is full, may only be read, or belongs to somebody else: it is said so, not that something is damaged."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import threading
from contextlib import suppress
from pathlib import Path

import pytest

from server import cli, disk
from server.backup import copies
from server.backup.in_use import LOCK, CannotOpen
from server.database import sqlite3
from server.doctor import folder
from server.firm import Firm
from tests.unit.nobody import as_nobody
from tests.unit.shell import PASSWORD, client, open_firm

MIB = 2**20


@pytest.fixture
def small(tmp_path):
    """Two megabytes of disk: as a file system of its own where this user may mount one."""
    place = tmp_path / "small"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={2 * MIB}", "tmpfs", str(place)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True).returncode != 0:
        pytest.skip("only where one may mount a disk")
    yield place
    subprocess.run(["umount", "--lazy", str(place)], check=True)


def remount(place: Path, options: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{options}", str(place)], check=True)


def fill(place: Path) -> None:
    with suppress(OSError), open(place / "filling", "wb", buffering=0) as file:
        while file.write(b"\0" * 1024):
            pass


def test_a_new_firm_on_a_disk_without_room_is_begun_once_there_is_some(small):
    remount(small, "size=200k")
    with pytest.raises(CannotOpen, match=r"the disk is full\. Make room"):
        Firm.open(small / "firm")

    remount(small, "size=20m")
    Firm.open(small / "firm").close()


def test_a_firm_on_a_full_disk_opens_again_once_there_is_room(small):
    remount(small, "size=20m")
    Firm.open(small / "firm").close()
    fill(small)
    with pytest.raises(CannotOpen, match="the disk is full") as said:
        Firm.open(small / "firm")
    assert "restore" not in str(said.value)

    (small / "filling").unlink()
    Firm.open(small / "firm").close()


def test_a_firm_that_could_not_be_opened_is_held_by_nobody(small):
    """Where several are served, the process goes on and tries again."""
    remount(small, "size=20m")
    firm = Firm.open(small / "firm")  # beside it the file can be opened, and what is noted then has no room
    fill(small)
    before = threading.active_count(), held(small / "firm" / LOCK)
    for _ in range(3):
        with pytest.raises(CannotOpen, match="the disk is full"):
            Firm.open(small / "firm")

    assert (threading.active_count(), held(small / "firm" / LOCK)) == before
    firm.close()


def held(file: Path) -> int:
    """How many times this process has it open."""
    found = []
    for number in os.listdir("/proc/self/fd"):
        with suppress(OSError):  # that of the listing itself
            found.append(os.readlink(f"/proc/self/fd/{number}"))
    return found.count(str(file))


@pytest.mark.parametrize("is_script", [False, True], ids=["a page", "a script"])
def test_whoever_saves_while_the_disk_is_full_is_told_so_and_saves_later(small, is_script):
    remount(small, "size=20m")
    (small / "firm").mkdir()
    firm = open_firm(small / "firm")
    browser = client(firm, raise_server_exceptions=False)
    if is_script:
        browser.headers["accept"] = "application/json"
    fill(small)

    refused = [browser.post("/sign-in", data={"login": "anna", "password": f"wrong {n}"}) for n in range(40)][-1]

    assert refused.status_code == 507
    assert ("no_room" if is_script else "The disk of the server is full") in refused.text
    assert browser.get("/sign-in", headers={"accept": "text/html"}).status_code == 200
    (small / "filling").unlink()
    assert browser.post("/sign-in", data={"login": "anna", "password": PASSWORD}).status_code in (303, 429)
    firm.close()


def test_a_firm_on_a_disk_that_may_only_be_read_is_told_so(small):
    remount(small, "size=20m")
    Firm.open(small / "firm").close()
    remount(small, "ro,size=20m")

    with pytest.raises(CannotOpen, match=r"the disk may only be read\. Mount it for writing") as said:
        Firm.open(small / "firm")
    assert "chown" not in str(said.value)

    remount(small, "rw,size=20m")
    Firm.open(small / "firm").close()


@pytest.mark.parametrize("how", ["full", "read-only"])
def test_the_doctor_does_not_call_a_disk_s_trouble_damage(small, how):
    remount(small, "size=20m")
    Firm.open(small / "firm").close()
    fill(small) if how == "full" else remount(small, "ro,size=20m")

    told = {one.name: one for one in folder.examine_folder(small / "firm", 0)}

    assert told["disk space"].state == "failed"
    assert ("may only be read" if how == "read-only" else "MiB free") in str(told)
    assert "restore" not in str(told) and "chown" not in str(told)


def test_a_copy_says_which_of_two_disks_refuses(small, tmp_path):
    remount(small, "size=300m")
    Firm.open(small / "firm").close()
    Firm.open(tmp_path / "firm").close()
    remount(small, "ro,size=300m")

    with pytest.raises(copies.NotCopied, match=r"no copy can be written to .*small: Read-only"):
        copies.make(tmp_path / "firm" / "roadbook.db", small / "copy.db")
    with pytest.raises(copies.NotCopied, match=r"no copy can be made of .*small.*: the disk may only be read"):
        copies.make(small / "firm" / "roadbook.db", tmp_path / "copy.db")
    assert not (tmp_path / "copy.db").exists()


def test_a_command_that_runs_out_of_room_ends_in_words(small, monkeypatch, capsys):
    remount(small, "size=20m")
    Firm.open(small / "firm").close()
    monkeypatch.setenv("ROADBOOK_DATA", str(small / "firm"))
    monkeypatch.setenv("ROADBOOK_URL", "http://localhost:8000")

    def fails(options) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(small / "firm" / "x"))

    monkeypatch.setattr("server.commands.people.administer", fails)
    with pytest.raises(SystemExit) as ended:
        cli.main(["admin"])
    assert "roadbook: the disk is full. Make room" in str(ended.value.code)


def test_somebody_else_s_folder_is_told_apart_from_damage(tmp_path):
    os.chmod(tmp_path, 0o755)
    Firm.open(tmp_path / "firm").close()
    os.chmod(tmp_path / "firm", 0o755)
    error = sqlite3.OperationalError("attempt to write a readonly database")
    error.sqlite_errorcode = disk.SQLITE_READONLY

    told = as_nobody(lambda: str(disk.trouble(tmp_path / "firm", error)))

    assert "permission denied. Give it to the user that runs Roadbook: chown -R roadbook" in told


def test_what_is_no_matter_of_the_disk_is_not_called_one(tmp_path):
    for error in (sqlite3.DatabaseError("file is not a database"), OSError(errno.ECONNREFUSED, "refused"), KeyError()):
        assert disk.trouble(tmp_path, error) is None
    assert shutil.disk_usage(tmp_path).free > MIB


def test_a_folder_that_cannot_be_made_says_how_to_make_it(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(CannotOpen, match="there is a file where a folder should be"):
        Firm.open(tmp_path / "file")
    refused = OSError(errno.EACCES, "Permission denied")
    # Not the folder above it: that may be everybody's.
    said = disk.why_not_made(Path("/var/lib/roadbook"), refused)
    assert said.endswith("install -d -o roadbook -m 700 /var/lib/roadbook")


def test_a_new_firm_is_closed_to_other_users(tmp_path):
    Firm.open(tmp_path / "firm").close()

    assert (tmp_path / "firm").stat().st_mode & 0o077 == 0
