import json
import os
import re
import tempfile
import time
from pathlib import Path

import pytest

from server import cli, doctor
from server.backup import state
from server.commands import serving
from server.config import read_settings
from server.database import sqlite3
from server.doctor import away, folder, machine
from server.firm import Firm
from tests.unit.nobody import as_nobody


@pytest.mark.parametrize("version", ["3.7.0", "3.40.1", "3.51.0", "3.51.2"])
def test_builds_with_the_wal_reset_bug_fail(version):
    finding = doctor.check_sqlite(version)

    assert (finding.name, finding.state) == ("SQLite build", "failed")
    assert "requirements.lock" in finding.way_out


@pytest.mark.parametrize("version", ["3.6.23", "3.51.3", "3.53.4", "3.54.0", "4.0.0"])
def test_other_builds_pass(version):
    assert doctor.check_sqlite(version).state == "ok"


def test_serving_refuses_an_affected_build(monkeypatch, capsys, tmp_path):
    monkeypatch.setattr(doctor.sqlite3, "sqlite_version", "3.40.1")
    monkeypatch.setenv("ROADBOOK_DATA", str(tmp_path))
    monkeypatch.setenv("ROADBOOK_URL", "https://crm.example.com")

    assert serving.serve(None) == 1
    assert "3.40.1 can corrupt the database" in capsys.readouterr().err


def states(place, **more):
    return {finding.name: finding.state for finding in doctor.examine(place)}


def found(place, name):
    return next(finding for finding in doctor.examine(place) if finding.name == name)


@pytest.fixture
def place(tmp_path):
    """The folder of a sound firm that is not served now."""
    place = tmp_path / "firm"
    Firm.open(place).close()
    place.chmod(0o700)
    return place


FIRM_CHECKS = {"data folder", "permissions", "owner", "database", "migrations", "clock and data", "push key"} | {
    "audit log",
    "authenticator apps",
}
MACHINE_CHECKS = {"SQLite build", "Python", "open files", "clock", "disk space"}


def test_a_sound_firm_passes_every_check(place):
    told = states(place)

    assert set(told) == FIRM_CHECKS | MACHINE_CHECKS
    assert {told[name] for name in FIRM_CHECKS | {"Python", "clock"}} == {"ok"}


def test_looking_leaves_nothing_behind(place):
    before = {path.name: path.stat().st_mtime_ns for path in place.iterdir()}
    states(place)

    after = {path.name: path.stat().st_mtime_ns for path in place.iterdir()}
    assert {name: at for name, at in after.items() if not name.startswith("roadbook.db-")} == {
        name: at for name, at in before.items() if not name.startswith("roadbook.db-")
    }


def test_a_folder_open_to_others_is_a_warning(tmp_path):
    tmp_path.chmod(0o755)

    assert states(tmp_path)["permissions"] == "warning"


def test_a_missing_folder_fails_with_the_command_that_makes_it(tmp_path):
    findings = {finding.name: finding for finding in doctor.examine(tmp_path / "none")}

    assert findings["data folder"].state == "failed"
    assert "mkdir" in findings["data folder"].way_out


def test_a_folder_that_cannot_be_written_fails_with_the_command_that_mends_it():
    place = Path(tempfile.mkdtemp(prefix="roadbook-readonly-"))
    place.chmod(0o555)
    told = as_nobody(lambda: [one for one in folder.examine_folder(place, 0) if one.name == "data folder"])
    place.rmdir()

    assert "state='failed'" in told and "permission denied" in told and "chown" in told


def test_a_file_that_another_user_left_is_named(place):
    if os.geteuid() != 0:
        pytest.skip("only root can give a file away")
    os.chown(place / "life.json", 65_534, 65_534)

    assert found(place, "owner").state == "failed"
    assert "life.json" in found(place, "owner").words


def test_a_full_disk_fails_and_a_nearly_full_one_warns(tmp_path):
    assert folder.check_space(tmp_path, 10_000_000).state == "failed"
    assert folder.check_space(tmp_path, 500_000_000).state == "warning"
    assert folder.check_space(tmp_path, 5 * 2**30).state == "ok"


def test_a_clock_in_the_past_fails():
    assert machine.check_clock(0).state == "failed"


def test_a_clock_that_is_behind_what_was_written_fails(place):
    later = time.time() + 86_400
    os.utime(place / "roadbook.db", (later, later))

    assert found(place, "clock and data").state == "failed"
    assert "timedatectl" in found(place, "clock and data").way_out


def test_a_clock_that_is_behind_a_device_that_was_seen_fails(place):
    db = sqlite3.connect(place / "roadbook.db")
    later_ms = int((time.time() + 86_400) * 1000)
    db.execute(
        "INSERT INTO session (token_hash, user_id, device_id, device_name, started_by, created_at_ms, last_seen_ms,"
        " expires_at_ms) VALUES ('t', 'u', 'd', 'n', 'password', 1, ?, ?)",
        (later_ms, later_ms),
    )
    db.commit()
    db.close()
    now = time.time()
    os.utime(place / "roadbook.db", (now, now))

    assert found(place, "clock and data").state == "failed"


def test_a_damaged_database_fails(place):
    file = place / "roadbook.db"
    whole = file.read_bytes()
    file.write_bytes(whole[:4096] + b"\xff" * 8192 + whole[12288:])

    assert states(place)["database"] == "failed"


def migrated(place, change: str) -> doctor.Finding:
    db = sqlite3.connect(place / "roadbook.db")
    db.execute(change)
    db.commit()
    db.close()
    return found(place, "migrations")


def test_a_database_of_a_newer_release_fails(place):
    told = migrated(place, "INSERT INTO _sqlite_migrations VALUES (99, 'roadbook', 'm0099_tomorrow', 'now')")

    assert told.state == "failed"
    assert "m0099_tomorrow" in told.words and "restore" in told.way_out


def test_a_database_of_an_earlier_release_is_a_warning(place):
    told = migrated(place, "DELETE FROM _sqlite_migrations WHERE name = 'm0012_watching'")

    assert told.state == "warning"
    assert "m0012_watching" in told.words


def test_a_file_that_is_no_firms_fails(place):
    assert migrated(place, "DROP TABLE _sqlite_migrations").state == "failed"


def test_a_torn_push_key_fails(place):
    db = sqlite3.connect(place / "roadbook.db")
    db.execute("INSERT OR REPLACE INTO meta (name, value) VALUES ('vapid_key', 'torn')")
    db.commit()
    db.close()

    assert found(place, "push key").state == "failed"


def test_an_untested_python_and_few_files_are_warnings():
    assert machine.check_python((3, 16)).state == "warning"
    assert machine.check_python((3, 14)).state == "ok"
    assert machine.check_open_files(1_024).state == "warning"
    assert machine.check_open_files(65_536).state == "ok"


# --- would it survive this machine? -------------------------------------------------------------------


def settings(place, **environ):
    environ = {"ROADBOOK_DATA": str(place), "ROADBOOK_URL": "https://crm.example.com"} | environ
    return read_settings(environ)


def safety(place, **environ) -> dict:
    return {finding.name: finding for finding in away.examine_safety(settings(place, **environ))}


def test_without_a_replica_the_doctor_warns(place):
    told = safety(place)

    assert (told["replica"].state, "ROADBOOK_REPLICA" in told["replica"].way_out) == ("warning", True)
    assert told["daily copy"].state == "warning"
    assert "trial restore" not in told


def test_a_replicator_that_does_not_run_fails(place, tmp_path):
    told = safety(place, ROADBOOK_REPLICA=f"file://{tmp_path}/elsewhere")

    assert told["replica"].state == "failed"
    assert "does not run" in told["replica"].words and "roadbook replicate" in told["replica"].way_out


def test_a_trial_that_failed_says_what_its_maker_said(place):
    now_ms = int(time.time() * 1000)
    state.write(place, state.COPY, now_ms, True, "", "", 1)
    state.write(place, state.DRILL, now_ms, False, "3 rows are missing", "run roadbook backup", 1)
    told = safety(place)

    assert told["daily copy"].state == "ok"
    assert told["trial restore"].state == "failed"
    assert "3 rows are missing" in told["trial restore"].words
    assert told["trial restore"].way_out == "run roadbook backup"


# --- the command --------------------------------------------------------------------------------------


def run(capsys, *argv) -> tuple[int, str]:
    with pytest.raises(SystemExit) as ended:
        cli.main(list(argv))
    return ended.value.code, capsys.readouterr().out


def test_the_command_prints_each_finding_and_its_way_out(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("ROADBOOK_DATA", str(tmp_path / "none"))
    status, out = run(capsys, "doctor")

    assert status == 1
    assert re.search(r"^failed +data folder: .* does not exist$", out, re.M)
    assert "→ mkdir" in out
    # The setting that is missing is a finding among others.
    assert re.search(r"^failed +settings: ROADBOOK_URL is not set", out, re.M)


def test_the_command_says_it_to_programs_too(place, monkeypatch, capsys):
    monkeypatch.setenv("ROADBOOK_DATA", str(place))
    monkeypatch.setenv("ROADBOOK_URL", "http://localhost:8000")
    status, out = run(capsys, "doctor", "--json", "--here")
    told = json.loads(out)

    assert status == 0
    assert told["state"] in ("ok", "warning")
    assert {"firm": "localhost:8000", "name": "database", "state": "ok"} in [
        {name: one[name] for name in ("firm", "name", "state")} for one in told["findings"]
    ]


def test_several_firms_are_looked_at_each(tmp_path, monkeypatch, capsys):
    for name in ("acme", "zhou"):
        Firm.open(tmp_path / name).close()
    (tmp_path / "zhou" / "roadbook.db").write_bytes(b"torn")
    monkeypatch.delenv("ROADBOOK_DATA", raising=False)
    monkeypatch.setenv("ROADBOOK_FIRMS", str(tmp_path))
    monkeypatch.setenv("ROADBOOK_URL", "https://*.example.com")
    status, out = run(capsys, "doctor", "--here")

    assert status == 1
    acme, zhou = out.split("\nacme.example.com\n")[1].split("\nzhou.example.com\n")
    assert "ok       database" in acme and "failed   database" in zhou
