import re

import pytest

from server import cli, doctor
from server.commands import serving
from server.firm import Firm


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


def states(folder):
    return {finding.name: finding.state for finding in doctor.examine(folder)}


def test_a_sound_firm_passes_every_check(tmp_path):
    Firm.open(tmp_path).close()
    tmp_path.chmod(0o700)

    found = states(tmp_path)

    assert set(found) == {"SQLite build", "data folder", "permissions", "disk space", "clock", "database"}
    assert {found[name] for name in ("data folder", "permissions", "clock", "database")} == {"ok"}


def test_a_folder_open_to_others_is_a_warning(tmp_path):
    tmp_path.chmod(0o755)

    assert states(tmp_path)["permissions"] == "warning"


def test_a_missing_folder_fails_with_the_command_that_makes_it(tmp_path):
    findings = {finding.name: finding for finding in doctor.examine(tmp_path / "none")}

    assert findings["data folder"].state == "failed"
    assert "mkdir" in findings["data folder"].way_out


def test_a_full_disk_fails_and_a_nearly_full_one_warns(tmp_path):
    assert doctor.check_space(tmp_path, 10_000_000).state == "failed"
    assert doctor.check_space(tmp_path, 500_000_000).state == "warning"
    assert doctor.check_space(tmp_path, 5 * 2**30).state == "ok"


def test_a_clock_in_the_past_fails():
    assert doctor.check_clock(0).state == "failed"


def test_a_damaged_database_fails(tmp_path):
    Firm.open(tmp_path).close()
    file = tmp_path / "roadbook.db"
    whole = file.read_bytes()
    file.write_bytes(whole[:4096] + b"\xff" * 8192 + whole[12288:])

    assert states(tmp_path)["database"] == "failed"


def test_the_command_prints_each_finding_and_its_way_out(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("ROADBOOK_DATA", str(tmp_path / "none"))

    with pytest.raises(SystemExit) as ended:
        cli.main(["doctor"])

    out = capsys.readouterr().out
    assert ended.value.code == 1
    assert re.search(r"^failed +data folder: .* does not exist$", out, re.M)
    assert "→ mkdir" in out
