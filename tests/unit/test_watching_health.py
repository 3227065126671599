"""Health: what is wrong is named while it is wrong, to whoever may hear it; then the server is back by itself."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import tempfile
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from server.app import create_app
from server.backup import state
from server.backup.litestream import NotReplicated
from server.backup.offsite import Replicated
from server.backup.replica import read_place
from server.config import WrongSetting, read_settings
from server.database import sqlite3
from server.sign_in import sessions
from server.watching import health
from tests.small_firm import as_server, op
from tests.unit import shell
from tests.unit.nobody import as_nobody

ROOT = Path(__file__).parents[2]
DAY_MS, HOUR_MS = 86_400_000, 3_600_000
HERE = {"address": "127.0.0.1"}


@pytest.fixture
def firm(tmp_path):
    firm = shell.open_firm(tmp_path / "firm")
    firm.browser = shell.client(firm, **HERE)
    yield firm
    firm.close()


def healthz(firm, path: str = "/healthz", headers: dict | None = None):
    """A new look, whatever was seen a second ago."""
    firm.browser.app.state.watchman._seen = None
    return firm.browser.get(path, headers=headers or {})


def part(firm, key: str) -> dict:
    return next(iter(healthz(firm).json()["firms"].values()))["parts"][key]


def test_a_sound_firm_is_ok_and_says_its_version(firm):
    answer = healthz(firm)

    assert answer.status_code == 200
    assert answer.json()["status"] == "ok"
    assert answer.json()["version"] == "0.1.0" or answer.json()["version"].count(".") == 2


@pytest.mark.parametrize(
    ("address", "headers"),
    [("192.0.2.1", {}), ("127.0.0.1", {"x-forwarded-for": "192.0.2.1"}), ("127.0.0.1", {"via": "2.0 Caddy"})],
)
def test_a_guest_hears_nothing_about_the_firm(firm, address, headers):
    answer = shell.client(firm, address=address).get("/healthz", headers=headers)

    assert set(answer.json()) == {"status", "version"}


def test_whoever_is_on_this_machine_hears_each_part_in_words(firm):
    [(host, told)] = healthz(firm).json()["firms"].items()

    assert host == "localhost:8000"
    assert set(told["parts"]) == {"writer", "database", "disk", "clock", "replica", "copy", "notices"}
    assert told["parts"]["replica"]["state"] == "warning"
    assert "ROADBOOK_REPLICA" in told["parts"]["replica"]["way_out"]
    assert told["people"] == 1


def test_looking_changes_nothing_and_leaves_nothing_behind(firm):
    healthz(firm)
    before, files = wal(firm), sorted(path.name for path in firm.path.iterdir())
    for _ in range(3):
        healthz(firm)

    assert wal(firm) == before
    assert sorted(path.name for path in firm.path.iterdir()) == files


def wal(firm) -> bytes:
    return (firm.path / "roadbook.db-wal").read_bytes()


# --- the writer ---------------------------------------------------------------------------------------


def test_a_writer_that_does_not_answer_is_named(firm, monkeypatch):
    monkeypatch.setattr(health, "WRITER_S", 0.2)
    may_go_on = threading.Event()
    stuck = firm.writer.submit(lambda db: may_go_on.wait(20))

    answer = healthz(firm)
    may_go_on.set()
    stuck.result(20)

    assert answer.status_code == 503
    assert answer.json()["failing"] == ["writer"]
    assert healthz(firm).status_code == 200


def test_a_writer_that_has_stopped_is_named(tmp_path):
    firm = shell.open_firm(tmp_path / "gone")
    watchman = health.Watchman(firm, shell.settings(firm.path))
    firm.writer._waiting.put(None)
    firm.writer._thread.join(20)

    seen = asyncio.run(watchman.look())

    assert seen.failing == ["writer"]


def test_a_database_that_somebody_holds_is_named(firm):
    firm.write_now(lambda db: None)
    firm._writing.execute("PRAGMA busy_timeout = 50")
    other = sqlite3.connect(firm.path / "roadbook.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")

    answer = healthz(firm)
    other.execute("ROLLBACK")
    other.close()

    assert answer.json()["failing"] == ["database"]
    assert healthz(firm).status_code == 200


def test_a_firm_that_is_being_moved_is_told_and_still_serves(firm):
    firm.write_now(lambda db: db.execute("INSERT INTO meta (name, value) VALUES ('frozen', '{}')"))

    assert part(firm, "database")["way_out"].endswith("roadbook thaw")
    assert healthz(firm, "/healthz/serving").status_code == 200


# --- the disk -----------------------------------------------------------------------------------------


@pytest.fixture
def small_disk():
    """A disk of 16 MB."""
    if os.geteuid() != 0:
        pytest.skip("only root can mount a disk")
    folder = Path(tempfile.mkdtemp(prefix="roadbook-disk-"))
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", folder], capture_output=True)
    if mounted.returncode:
        pytest.skip("nothing can be mounted here")
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)
    folder.rmdir()


def fill(disk: Path) -> Path:
    ballast = disk / "ballast"
    with open(ballast, "wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(65_536))
        except OSError:
            pass
    with open(ballast, "ab", buffering=0) as file:
        try:
            while True:
                file.write(b"x" * 512)
        except OSError:
            pass
    return ballast


def test_a_full_disk_is_said_plainly_and_the_server_comes_back_when_there_is_room(small_disk):
    firm = shell.open_firm(small_disk / "firm")
    firm.browser = shell.client(firm, **HERE)
    try:
        ballast = fill(small_disk)
        with pytest.raises(sqlite3.OperationalError, match="full"):
            for n in range(2_000):
                as_server(firm, op("account", f"account-{n}", name="x" * 200))
        full = healthz(firm)
        ballast.unlink()
        back = healthz(firm)
        as_server(firm, op("account", "account-later", name="Later"))
    finally:
        firm.close()

    assert full.status_code == 503
    assert "disk" in full.json()["failing"]
    told = next(iter(full.json()["firms"].values()))["parts"]
    assert told["disk"]["detail"] == "No space left on device"
    assert "disk is full" in told["disk"]["words"] and "larger disk" in told["disk"]["way_out"]
    assert back.status_code == 200


def test_little_room_is_told_before_it_is_none(small_disk):
    assert health.check_disk(small_disk).state == "warning"


def test_a_folder_that_may_only_be_read_is_named():
    folder = Path(tempfile.mkdtemp(prefix="roadbook-readonly-"))
    folder.chmod(0o555)
    found = as_nobody(lambda: health.check_disk(folder))
    folder.rmdir()

    assert found == "Part(key='disk', state='failed', code='cannot_write', values={'why': 'Permission denied'})"


# --- the clock ----------------------------------------------------------------------------------------


def test_a_clock_that_has_gone_back_is_named(firm):
    shell.signed_in_client(firm)
    firm.clock.now_ms -= DAY_MS

    assert healthz(firm).json()["failing"] == ["clock"]
    assert "timedatectl" in part(firm, "clock")["way_out"]

    firm.clock.now_ms += DAY_MS
    assert healthz(firm).status_code == 200


# --- the replica --------------------------------------------------------------------------------------


class Storage:
    """Stands for Litestream: brings everything off-site while it is there."""

    is_there = True

    async def barrier(self) -> None:
        if not self.is_there:
            raise NotReplicated("the storage cannot be reached: check the network")


def replicated(firm, storage: Storage) -> TestClient:
    """A server with a replica, asked once."""
    settings = replace(shell.settings(firm.path), replica=read_place("file:///mnt/elsewhere/roadbook"))
    app = create_app(firm, settings, **shell.shared_parts())
    firm.offsite = Replicated(firm, storage.barrier)
    ask(firm)
    return TestClient(app, base_url="http://localhost:8000", client=("127.0.0.1", 50_000))


def ask(firm) -> None:
    """Let the keeper of the position ask once more."""

    async def once() -> None:
        before = firm.offsite.position()
        running = asyncio.create_task(firm.offsite.run())
        for _ in range(500):
            await asyncio.sleep(0.01)
            if firm.offsite.position() is not before:
                break
        running.cancel()

    asyncio.run(once())


def replica(browser) -> tuple[int, dict]:
    answer = browser.get("/healthz")
    return answer.status_code, next(iter(answer.json()["firms"].values()))["parts"]["replica"]


def test_a_replica_that_has_everything_is_ok(firm):
    status, told = replica(replicated(firm, Storage()))

    assert (status, told["state"]) == (200, "ok")
    assert "All changes are there" in told["words"]


def test_a_replica_that_cannot_be_reached_is_a_warning_at_first_then_an_alarm_then_well_again(firm):
    storage, began = Storage(), firm.clock()
    browser = replicated(firm, storage)
    storage.is_there = False
    found = []
    for minutes in (0, 2, 11):
        firm.clock.now_ms = began + minutes * 60_000
        ask(firm)
        found.append(looked_at_again(browser))
    storage.is_there = True
    ask(firm)

    assert [(status, told["state"]) for status, told in found] == [(200, "ok"), (200, "warning"), (503, "failed")]
    assert found[-1][1]["detail"] == "the storage cannot be reached: check the network"
    assert looked_at_again(browser)[0] == 200


def looked_at_again(browser) -> tuple[int, dict]:
    browser.app.state.watchman._seen = None
    return replica(browser)


def test_a_server_serves_while_its_replica_is_away(firm):
    """Whoever starts servers anew must not do it because a storage is away."""
    storage = Storage()
    storage.is_there = False
    browser = replicated(firm, storage)
    firm.clock.now_ms += HOUR_MS

    assert browser.get("/healthz").status_code == 503
    assert browser.get("/healthz/serving").status_code == 200


# --- copies and trials --------------------------------------------------------------------------------


def test_a_copy_that_failed_tells_why_and_what_to_do(firm):
    state.write(firm.path, state.COPY, firm.clock(), False, "no room in /mnt/copies", "make some there", 1.5)

    assert healthz(firm).json()["failing"] == ["copy"]
    assert part(firm, "copy")["detail"] == "no room in /mnt/copies"


@pytest.mark.parametrize(("hours", "is_ok"), [(1, True), (31, True), (73, False)])
def test_a_copy_grows_old(firm, hours, is_ok):
    state.write(firm.path, state.COPY, firm.clock() - hours * HOUR_MS, True, "", "", 1.5)

    assert healthz(firm).status_code == (200 if is_ok else 503)


def test_a_trial_restore_that_failed_is_an_alarm(firm):
    state.write(firm.path, state.COPY, firm.clock(), True, "", "", 1.5)
    state.write(firm.path, state.DRILL, firm.clock(), False, "3 accounts are missing", "", 9)

    answer = healthz(firm)

    assert (answer.status_code, answer.json()["failing"]) == (503, ["drill"])


def test_no_copy_is_no_alarm_before_there_could_be_one(firm):
    assert part(firm, "copy")["state"] == "warning"

    began = firm.clock() - 4 * DAY_MS
    firm.write_now(lambda db: db.execute("INSERT INTO watched VALUES ('day', ?, 'syncs', 1)", (began,)))

    assert healthz(firm).json()["failing"] == ["copy"]


def test_a_torn_result_counts_as_none(firm):
    (firm.path / "copy.json").write_text('{"at_ms": 1')

    assert part(firm, "copy")["state"] == "warning"


def test_notices_that_wait_for_long_are_a_warning(firm):
    at = firm.clock() - 2 * HOUR_MS
    firm.write_now(
        lambda db: db.execute(
            "INSERT INTO notice (key, user_id, kind, sample, given, address, urgency, made_at_ms, at_ms)"
            " VALUES ('k', 'u', 'mention', 's', '{}', '/', 'normal', ?, ?)",
            (at, at),
        )
    )

    assert part(firm, "notices")["state"] == "warning"


# --- measures -----------------------------------------------------------------------------------------


def measures(firm, setting: str = "loopback", address: str = "127.0.0.1", headers: dict | None = None):
    environ = {"ROADBOOK_METRICS": setting}
    settings = read_settings(environ, data=firm.path, host="127.0.0.1", port=8000, url="http://localhost:8000")
    app = create_app(firm, settings, **shell.shared_parts())
    browser = TestClient(app, base_url="http://localhost:8000", client=(address, 50_000))
    return browser.get("/metrics", headers=headers or {})


TOKEN = "0123456789abcdef"


@pytest.mark.parametrize(
    ("setting", "address", "headers", "status"),
    [
        ("loopback", "127.0.0.1", {}, 200),
        ("loopback", "::1", {}, 200),
        ("loopback", "192.0.2.1", {}, 404),
        # Caddy on the same machine, whether the proxy is trusted or not.
        ("loopback", "127.0.0.1", {"x-forwarded-for": "192.0.2.1"}, 404),
        ("loopback", "127.0.0.1", {"x-forwarded-for": "127.0.0.1"}, 404),
        ("off", "127.0.0.1", {}, 404),
        (f"token:{TOKEN}", "192.0.2.1", {}, 404),
        (f"token:{TOKEN}", "192.0.2.1", {"authorization": "Bearer wrong"}, 404),
        (f"token:{TOKEN}", "192.0.2.1", {"authorization": f"Bearer {TOKEN}"}, 200),
        (f"token:{TOKEN}", "127.0.0.1", {}, 200),
    ],
)
def test_measures_are_for_this_machine_or_whoever_holds_the_token(firm, setting, address, headers, status):
    assert measures(firm, setting, address, headers).status_code == status


@pytest.mark.parametrize("value", ["everybody", "token:short", "token:", "token:ümlautümlautümlaut"])
def test_a_wrong_setting_is_refused_and_its_token_not_said(value):
    with pytest.raises(WrongSetting, match="ROADBOOK_METRICS") as refused:
        read_settings({"ROADBOOK_METRICS": value, "ROADBOOK_DATA": "/x", "ROADBOOK_URL": "https://x.example"})

    assert value.partition(":")[2] in ("", "…") or value.partition(":")[2] not in str(refused.value)


def series(text: str) -> dict[str, float]:
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    return {line.rpartition(" ")[0]: float(line.rpartition(" ")[2]) for line in lines}


def an_id(n: int) -> str:
    return f"0193aaaa-0000-7000-8000-{n:012x}"


def test_measures_tell_what_was_done(firm):
    browser = shell.signed_in_client(firm, **HERE)
    account = {
        "id": "0193aaaa-0000-7000-8000-000000000001",
        "entity": "account",
        "row": "0193aaaa-0000-7000-8000-000000000002",
    }
    account |= {"base": 0, "at": firm.clock(), "set": {"name": "Nord"}}
    wrong = account | {"id": "0193aaaa-0000-7000-8000-000000000003", "set": {"nonsense": 1}}
    wrong["row"] = "0193aaaa-0000-7000-8000-000000000004"
    browser.post("/sync", json={"protocol": 1, "cursor": "", "ops": [account, wrong]})
    browser.post("/sync", json={"protocol": 1, "cursor": "", "ops": [account]})
    browser.get("/customers/secret-name")

    text = browser.get("/metrics").text
    found = series(text)

    one = 'firm="localhost:8000"'
    assert found[f'roadbook_requests_total{{{one},method="POST",route="/sync",status="200"}}'] == 2
    assert found[f"roadbook_syncs_total{{{one}}}"] == 2
    # The second sending of an operation is no second one.
    assert found[f'roadbook_operations_total{{{one},outcome="applied"}}'] == 1
    assert found[f'roadbook_operations_total{{{one},outcome="rejected"}}'] == 1
    assert found[f"roadbook_rows_total{{{one}}}"] > 2
    assert found[f'roadbook_request_seconds_count{{{one},route="/sync"}}'] == 2
    assert found[f'roadbook_devices{{{one},seen_within="day"}}'] == 1
    assert found[f"roadbook_writer_jobs_total{{{one}}}"] > 2
    assert found[f"roadbook_database_bytes{{{one}}}"] + found[f"roadbook_wal_bytes{{{one}}}"] > 100_000
    assert found[f'roadbook_health{{{one},part="database"}}'] == 0
    assert found["roadbook_process_memory_bytes"] > 10_000_000
    assert "secret-name" not in text


def test_the_number_of_series_is_bounded_by_the_code(firm):
    browser = shell.client(firm, **HERE)
    for n in range(50):
        browser.get(f"/nowhere/{n}")
        browser.request(f"ODD{n}", "/sign-in")

    assert len(firm.measures.requests) < 6


def test_measures_of_the_last_copy_and_trial(firm):
    state.write(firm.path, state.COPY, firm.clock() - HOUR_MS, True, "", "", 2)
    state.write(firm.path, state.DRILL, firm.clock() - HOUR_MS, False, "torn", "", 2)
    found = series(measures(firm).text)

    assert found['roadbook_last_age_seconds{firm="localhost:8000",what="copy"}'] == 3_600
    assert found['roadbook_last_succeeded{firm="localhost:8000",what="copy"}'] == 1
    assert found['roadbook_last_succeeded{firm="localhost:8000",what="drill"}'] == 0


def test_requests_ask_the_database_for_no_measure(firm):
    """What is measured for each request is counted in memory alone."""
    asked = []
    firm.write_now(lambda db: db.set_trace_callback(asked.append))
    with firm.look() as db:
        db.set_trace_callback(asked.append)
    asked.clear()
    for _ in range(3):
        firm.browser.get("/static/app.css")

    assert asked == []
    assert sum(firm.measures.requests.values()) == 3


def test_sessions_that_ended_count_no_more(firm):
    shell.signed_in_client(firm)
    firm.clock.now_ms += sessions.IDLE_MS + 1

    assert next(iter(healthz(firm).json()["firms"].values()))["devices"] == {
        "day": 0,
        "week": 0,
        "month": 0,
        "longer": 0,
    }


def test_details_hold_no_secret(firm):
    shell.signed_in_client(firm)

    assert "token" not in json.dumps(healthz(firm).json()).lower()
