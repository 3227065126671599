"""`roadbook upgrade` on a machine that follows another one: nothing there is its to stop or start."""

import pytest

from .upgrading import NEW, OLD, UpgradeMachine


@pytest.fixture
def machine(tmp_path):
    made = UpgradeMachine(tmp_path)
    yield made
    made.end()


def test_a_standby_is_not_upgraded_and_is_told_what_to_run(machine):
    machine.lay(NEW)
    (machine.data / "roadbook.db").unlink()
    (machine.data / "standby").mkdir()
    before = sorted(path for path in machine.roadbook.rglob("*") if ".venv" not in path.parts)

    for asked in ([machine.roadbook / "releases" / NEW], ["--back", NEW], []):
        done = machine.upgrade(*asked)

        assert (done.returncode, done.stdout) == (1, ""), done.stderr
        assert "is a standby" in done.stderr and "run instead: sudo sh deployment/install.sh" in done.stderr
    assert machine.version == OLD and not (machine.folder / "server.pid").exists()
    assert sorted(path for path in machine.roadbook.rglob("*") if ".venv" not in path.parts) == before
