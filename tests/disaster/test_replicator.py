"""The replicator and its Litestream, for real: what its answers are worth, and what it says of what goes wrong."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import signal
import stat
import subprocess
import sys
import threading
from contextlib import contextmanager
from pathlib import Path

import pytest

from server.backup import litestream, mending
from server.backup.litestream import NotReplicated
from server.backup.replicator import CannotReplicate, Replicator, places_of
from server.config import WrongSetting, read_hosted, read_settings
from server.database import sqlite3

from ..conftest import ROOT
from .fetching import fetch
from .machine import plain_environment, wait_until
from .storage import KEYS, Line, in_bucket, in_folder, s3_server, sftp_server

HERE = {"ROADBOOK_DATA": "/srv/roadbook", "ROADBOOK_URL": "http://localhost"}


class Site:
    """One firm's folder with a small file in it, and a replicator in a thread."""

    def __init__(self, folder: Path, replica: dict[str, str], check_every_s: float = mending.CHECK_EVERY_S) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.settings = read_settings({"ROADBOOK_DATA": str(folder), "ROADBOOK_URL": "http://localhost"} | replica)
        self.home, self.database = folder, folder / "roadbook.db"
        self.said: list[str] = []
        self._check_every_s = check_every_s
        self._fetched = 0

    @contextmanager
    def replicated(self):
        replicator = Replicator(self.home, lambda: places_of([self.settings]), self.said.append, self._check_every_s)
        thread = threading.Thread(target=replicator.run)
        thread.start()
        try:
            yield self
        finally:
            replicator.end()
            thread.join(30)
            assert not thread.is_alive()

    def write(self, word: str) -> None:
        connection = sqlite3.connect(self.database, isolation_level=None, timeout=20)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("CREATE TABLE IF NOT EXISTS said (word)")
        connection.execute("INSERT INTO said VALUES (?)", (word,))
        connection.close()

    def barrier(self) -> str:
        """What is wrong, '' for nothing."""
        try:
            asyncio.run(litestream.barrier(self.home, self.database))
        except NotReplicated as error:
            return str(error)
        return ""

    def settle(self) -> None:
        wait_until(lambda: self.barrier() == "", "a barrier is answered", lambda: f"{self.barrier()} {self.said}")

    def off_site(self) -> list[str]:
        """The words that could be restored now."""
        self._fetched += 1
        to = self.home.parent / f"fetched {self._fetched}.db"
        fetch(self.settings.replica, self.database, to)
        return [row[0] for row in sqlite3.connect(to).execute("SELECT word FROM said ORDER BY rowid")]


@pytest.fixture
def sftp(tmp_path):
    with sftp_server(tmp_path, "s3cr3t") as reachable:
        yield reachable


@pytest.fixture(params=["folder", "bucket", "other machine by password", "other machine by key"])
def replica(request, tmp_path):
    if request.param == "folder":
        return in_folder(tmp_path / "replica")
    if request.param == "bucket":
        return in_bucket(request.getfixturevalue("s3"), "firm")
    reachable = request.getfixturevalue("sftp")
    if request.param == "other machine by password":
        return reachable
    return reachable | {"ROADBOOK_REPLICA_SECRET": "", "ROADBOOK_REPLICA_KEY": str(tmp_path / "id_ed25519")}


def test_what_a_barrier_was_answered_for_could_be_restored(replica, tmp_path):
    with Site(tmp_path / "firm", replica).replicated() as site:
        site.write("one")
        site.settle()
        site.write("two")
        assert site.barrier() == ""

        assert site.off_site() == ["one", "two"]


@pytest.mark.parametrize("keeps_notes", [True, False])
def test_older_file_that_is_put_back_goes_on_from_what_it_holds(tmp_path, keeps_notes):
    """The replica is then further than the file; nothing that is written from now on may be taken for known."""
    site, older = Site(tmp_path / "firm", in_folder(tmp_path / "replica")), tmp_path / "older.db"
    with site.replicated():
        site.write("old")
        site.settle()
        fetch(site.settings.replica, site.database, older)
        for word in ("lost", "lost", "lost"):
            site.write(word)
            site.settle()
    for file in site.home.glob("roadbook.db*"):
        file.unlink()
    if not keeps_notes:
        litestream.forget(site.database)
    older.rename(site.database)
    mending.ask_anew(site.database)  # as whoever puts it back does, or says that it was

    with site.replicated():
        site.write("new")
        site.settle()

        assert site.off_site() == ["old", "new"]


def test_replica_that_was_emptied_under_it_begins_anew(tmp_path):
    with Site(tmp_path / "firm", in_folder(tmp_path / "replica"), check_every_s=0.2).replicated() as site:
        site.write("one")
        site.settle()
        shutil.rmtree(tmp_path / "replica")
        site.write("two")
        wait_until(lambda: any("begins anew" in words for words in site.said), "it is noticed", lambda: str(site.said))
        site.settle()

        assert site.off_site() == ["one", "two"]


def test_damaged_notes_are_forgotten_and_everything_is_brought_once_more(tmp_path):
    site = Site(tmp_path / "firm", in_folder(tmp_path / "replica"))
    with site.replicated():
        site.write("one")
        site.settle()
    notes = sorted((site.home / ".roadbook.db-litestream").rglob("*.ltx"))
    os.truncate(notes[-1], 50)
    with site.replicated():
        site.write("two")
        site.settle()

        assert site.off_site() == ["one", "two"]


def test_whoever_finds_a_replica_spoilt_has_it_begun_anew(tmp_path):
    with Site(tmp_path / "firm", in_folder(tmp_path / "replica")).replicated() as site:
        for word in ("one", "two", "three"):
            site.write(word)
            site.settle()
        for file in sorted((tmp_path / "replica" / "database").rglob("*.ltx"))[:-1]:
            os.truncate(file, 50)
        mending.ask_anew(site.database)
        wait_until(lambda: any("begins anew" in words for words in site.said), "it begins anew")
        site.settle()

        assert site.off_site() == ["one", "two", "three"]


def test_firms_that_come_and_go_are_followed_or_not(tmp_path):
    firms = tmp_path / "firms"
    firms.mkdir()
    environ = {"ROADBOOK_FIRMS": str(firms)} | in_folder(tmp_path / "replica")
    replicator = Replicator(firms, lambda: places_of(read_hosted(environ)), lambda words: None)
    thread = threading.Thread(target=replicator.run)
    thread.start()
    try:
        for name in ("acme.example.com", "zhou.example.com"):
            site = Site(firms / name, environ | {"ROADBOOK_FIRMS": ""})
            site.home = firms
            site.write(name)
            site.settle()
            assert (tmp_path / "replica" / name / "database").is_dir()
        shutil.rmtree(firms / "zhou.example.com")
        wait_until(lambda: "does not follow" in site.barrier(), "the firm is not followed any more", site.barrier)
    finally:
        replicator.end()
        thread.join(30)


# --- what goes wrong ----------------------------------------------------------------------------------


def wrong(case: str, tmp_path: Path, request) -> tuple[dict[str, str], str]:
    """Settings of a replica that does not work, and what is said of it."""
    if case == "a port where nobody listens":
        line = Line(1)
        line.close()
        return in_bucket(line.port, "firm"), "cannot be reached.*ROADBOOK_REPLICA"
    if case == "no such bucket":
        return in_bucket(request.getfixturevalue("s3"), "nobody"), "no such bucket"
    if case == "a key that S3 does not know":
        port = request.getfixturevalue("strict_s3")
        return in_bucket(port, "firm"), "refuses the key.*ROADBOOK_REPLICA_SECRET"
    sftp = request.getfixturevalue("sftp")
    if case == "a wrong password":
        return sftp | {"ROADBOOK_REPLICA_SECRET": "wrong"}, "refuses the key or password"
    if case == "another machine's key":
        key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIMvvypUkBrS9RCyV//p+UFCLg8yKNtTu/ew/cV6XXAAP"
        return sftp | {"ROADBOOK_REPLICA_HOST_KEY": key}, "another machine answers"
    key = str(tmp_path / "nothing")
    return sftp | {"ROADBOOK_REPLICA_SECRET": "", "ROADBOOK_REPLICA_KEY": key}, "refuses the key or password"


@pytest.fixture
def strict_s3(tmp_path, monkeypatch):
    monkeypatch.setenv("INITIAL_NO_AUTH_ACTION_COUNT", "1")  # after the bucket is made, only whom it knows
    with s3_server(tmp_path / "log") as port:
        yield port


@pytest.mark.parametrize(
    "case",
    [
        pytest.param("a port where nobody listens", marks=pytest.mark.soak),  # S3 is tried for ten seconds
        "no such bucket",
        "a key that S3 does not know",
        "a wrong password",
        "another machine's key",
        "no key",
    ],
)
def test_replica_that_does_not_work_is_said_with_its_cause_and_a_way_out(case, tmp_path, request, monkeypatch):
    monkeypatch.setattr(litestream, "BARRIER_S", 2)
    monkeypatch.setattr(litestream, "LAST_UPLOAD", "1s")
    replica, says = wrong(case, tmp_path, request)
    with Site(tmp_path / "firm", replica).replicated() as site:
        site.write("one")
        wait_until(lambda: re.search(says, site.barrier()), f"it is said: {says}", site.barrier)

        assert "s3cr3t" not in site.barrier() + str(site.said)


@contextmanager
def small_disk(folder: Path, *options: str):
    folder.mkdir()
    mounting = ["mount", "-t", "tmpfs", "-o", ",".join(["size=200k", *options]), "tmpfs", folder]
    if os.getuid() or subprocess.run(mounting, capture_output=True).returncode:
        pytest.skip("only root can mount a disk this small")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


def test_full_disk_is_said_and_all_is_there_once_there_is_room(tmp_path):
    with small_disk(tmp_path / "disk") as disk:
        site = Site(tmp_path / "firm", {"ROADBOOK_REPLICA": f"file://{disk}/replica"})
        (disk / "other").write_bytes(bytes(190_000))
        with site.replicated():
            site.write("x" * 60_000 + str(os.urandom(60_000)))
            wait_until(lambda: "no room" in site.barrier(), "it is said that there is no room", site.barrier)
            (disk / "other").unlink()
            site.settle()
            site.write("two")
            site.settle()

            assert site.off_site()[-1] == "two"


def test_folder_that_may_not_be_written_to_is_said_and_used_once_it_may(tmp_path):
    with small_disk(tmp_path / "disk", "ro") as disk:
        site = Site(tmp_path / "firm", {"ROADBOOK_REPLICA": f"file://{disk}/replica"})
        with site.replicated():
            site.write("one")
            wait_until(lambda: "may not write" in site.barrier(), "it is said that it may not", site.barrier)
            subprocess.run(["mount", "-o", "remount,rw", disk], check=True)
            site.settle()

            assert site.off_site() == ["one"]


# --- processes, secrets, names ------------------------------------------------------------------------


@pytest.fixture
def replicating(tmp_path):
    """Starts `roadbook replicate` as a process of its own; returns it and what is written to its log."""
    started: list[subprocess.Popen] = []

    def start(data: Path, replica: dict[str, str]) -> subprocess.Popen:
        data.mkdir(parents=True, exist_ok=True)
        settings = {"ROADBOOK_DATA": str(data), "ROADBOOK_URL": "http://localhost"} | replica
        with open(tmp_path / "log", "a") as log:
            started.append(
                subprocess.Popen(
                    [sys.executable, "-m", "server", "replicate"],
                    cwd=ROOT,
                    env=plain_environment() | settings,
                    stdout=log,
                    stderr=log,
                    process_group=0,
                )
            )
        return started[-1]

    yield start
    for process in started:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def children(process: subprocess.Popen) -> list[int]:
    return [int(pid) for pid in Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()]


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_secrets_are_in_a_file_for_its_user_alone_and_in_no_argument(tmp_path, replicating, s3):
    data = tmp_path / "firm"
    process = replicating(data, in_bucket(s3, "firm", "secret"))
    wait_until(lambda: (data / litestream.SOCKET).exists(), "Litestream runs", (tmp_path / "log").read_text)
    [litestreams] = children(process)
    secret = KEYS["ROADBOOK_REPLICA_SECRET"]

    told = data / litestream.CONFIGURATION
    assert secret in told.read_text()
    assert stat.S_IMODE(told.stat().st_mode) == 0o600
    assert stat.S_IMODE((data / litestream.SOCKET).stat().st_mode) == 0o600
    for name in ("cmdline", "environ"):
        assert secret not in Path(f"/proc/{litestreams}/{name}").read_text()
    assert secret not in (tmp_path / "log").read_text()


def test_second_replicator_of_the_same_files_is_refused(tmp_path, replicating):
    replica = in_folder(tmp_path / "replica")
    replicating(tmp_path / "firm", replica)
    wait_until(lambda: (tmp_path / "firm" / litestream.SOCKET).exists(), "Litestream runs")

    second = replicating(tmp_path / "firm", replica)

    assert second.wait(30) == 1
    assert "another replicator" in (tmp_path / "log").read_text()


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_litestream_ends_with_its_replicator_however_that_ends(tmp_path, replicating, how):
    process = replicating(tmp_path / "firm", in_folder(tmp_path / "replica"))
    wait_until(lambda: (tmp_path / "firm" / litestream.SOCKET).exists(), "Litestream runs")
    [child] = children(process)

    process.send_signal(how)

    assert process.wait(30) == (0 if how == signal.SIGTERM else -how)
    wait_until(lambda: not is_running(child), "Litestream has ended")


def test_folder_with_a_long_name_is_replicated_like_any_other(tmp_path):
    """The name of a socket has at most 107 bytes."""
    with Site(tmp_path / ("a" * 120) / "firm", in_folder(tmp_path / "replica")).replicated() as site:
        site.write("one")
        site.settle()


def test_without_a_replica_there_is_nothing_to_do():
    settings = read_settings(HERE)

    with pytest.raises(WrongSetting, match=r"ROADBOOK_REPLICA is not set\. For example: ROADBOOK_REPLICA="):
        places_of([settings])


def test_home_that_is_no_folder_is_said_at_the_start(tmp_path):
    (tmp_path / "file").write_text("")

    with pytest.raises(CannotReplicate, match="cannot be written to"):
        Replicator(tmp_path / "file", dict, print).run()


def test_nothing_that_breaks_https_to_s3_reaches_litestream():
    told = litestream.environment({"AWS_CA_BUNDLE": "/x", "ROADBOOK_REPLICA_SECRET": "s3cr3t", "AWS_PROFILE": "rb"})

    assert told == {"AWS_PROFILE": "rb"}


@pytest.mark.parametrize("inside", ["", "-internal"])
def test_aliyun_is_spoken_to_in_its_own_protocol(inside):
    endpoint = f"https://oss-cn-hangzhou{inside}.aliyuncs.com"
    told = configured(KEYS | {"ROADBOOK_REPLICA": f"s3://firm/roadbook?endpoint={endpoint}"})

    assert (told["type"], told["region"], told["endpoint"]) == ("oss", "cn-hangzhou", endpoint)
    assert (told["bucket"], told["path"], told["access-key-id"]) == (
        "firm",
        "roadbook/database",
        "AKIAIOSFODNN7EXAMPLE",
    )


@pytest.mark.parametrize(("firms", "interval"), [(1, "100ms"), (20, "100ms"), (21, "200ms"), (300, "1500ms")])
def test_few_firms_are_looked_at_ten_times_a_second_and_many_in_turn(firms, interval):
    place = read_settings(HERE | {"ROADBOOK_REPLICA": "file:///mnt/nas"}).replica
    told = json.loads(litestream.configuration({Path(f"/srv/{n}/roadbook.db"): place for n in range(firms)}))["dbs"]

    assert {(one["monitor-interval"], one["replica"]["sync-interval"]) for one in told} == {(interval, interval)}


def configured(replica: dict[str, str]) -> dict:
    """What Litestream is told of the place of one firm."""
    settings = read_settings(HERE | replica)
    return json.loads(litestream.configuration(places_of([settings])))["dbs"][0]["replica"]
