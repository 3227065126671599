"""What an upgrade changes of the machine's systemd units, and what it leaves alone."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from server.upgrade import journal, units
from server.upgrade.change import Change
from server.upgrade.journal import Entry
from server.upgrade.release import Place
from server.upgrade.result import Failed
from server.upgrade.services import Services
from tests.conftest import ROOT
from tests.small_firm import make_firm

from .upgrading import NEW, OLD

HAD, BRINGS = "roadbook.service", "roadbook-standby.service"

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root changes units")


@pytest.fixture
def systemd(tmp_path, monkeypatch) -> Path:
    """A machine's folder of units, with the server's. `reloads` beside it: for each reload, what was there then."""
    folder, bin = tmp_path / "systemd", tmp_path / "bin"
    folder.mkdir()
    bin.mkdir()
    (folder / HAD).write_text(OLD)
    (bin / "systemctl").write_text(f"#!/bin/sh\necho $(ls {folder}) >>{tmp_path / 'reloads'}\n")
    (bin / "systemctl").chmod(0o755)
    monkeypatch.setenv("PATH", str(bin), prepend=os.pathsep)
    for name, place in (("INSTALLED", tmp_path), ("SYSTEMD", folder), ("COMMAND", tmp_path / "roadbook")):
        monkeypatch.setattr(units, name, place)
    return folder


@pytest.fixture
def releases(tmp_path) -> list[Path]:
    """An earlier one, and one that brings a unit of its own; with the code of this one."""
    made = []
    for name, brought in ((OLD, (HAD,)), (NEW, (HAD, BRINGS))):
        release = tmp_path / "releases" / name
        (release / "deployment/systemd").mkdir(parents=True)
        for unit in brought:
            (release / "deployment/systemd" / unit).write_text(name)
        for part in ("server", "service_worker", "sync", "web", "pyproject.toml"):
            (release / part).symlink_to(ROOT / part)
        (release / ".venv").symlink_to(Path(sys.executable).parents[1])
        made.append(release)
    return made


def test_units_of_the_new_release_come_with_it_and_leave_when_it_goes_back(tmp_path, systemd, releases):
    make_firm(tmp_path / "data").close()
    (tmp_path / "current").symlink_to(f"releases/{OLD}")
    change = Change(Place(tmp_path), (tmp_path / "data",), Services("true", "true", "127.0.0.1", 1, ("http://x:1",)))
    change.journal.write(Entry(journal.STARTING, OLD, NEW, patience_s=0.1), journal.STARTING)

    with pytest.raises(Failed, match="is in use again"):
        change.finish_earlier()

    assert (tmp_path / "reloads").read_text().splitlines() == [f"{BRINGS} {HAD}", HAD]
    assert [(unit.name, unit.read_text()) for unit in systemd.iterdir()] == [(HAD, OLD)]


def test_a_new_unit_is_readable_and_not_enabled(systemd, releases):
    units.put(releases[1], releases[0])

    assert (systemd / BRINGS).stat().st_mode & 0o777 == 0o644
    assert {path.name for path in systemd.iterdir()} == {HAD, BRINGS}


@pytest.mark.parametrize("theirs", ["changed", "enabled", "masked"])
def test_a_unit_that_somebody_made_theirs_is_not_taken_away(systemd, releases, theirs):
    if theirs == "masked":
        (systemd / BRINGS).symlink_to("/dev/null")
    units.put(releases[1], releases[0])
    if theirs == "changed":
        (systemd / BRINGS).write_text("mine")
    elif theirs == "enabled":
        (systemd / "multi-user.target.wants").mkdir()
        (systemd / "multi-user.target.wants" / BRINGS).symlink_to(systemd / BRINGS)

    units.put(releases[0], releases[1])

    assert os.path.lexists(systemd / BRINGS)
    assert theirs != "masked" or (systemd / BRINGS).is_symlink()


@pytest.mark.parametrize("gone", [HAD, BRINGS])
def test_what_is_not_installed_or_was_taken_away_does_not_come_by_itself(systemd, releases, gone):
    """No server's unit: something else runs it here. A unit that the earlier release had, too: somebody removed it."""
    if gone == HAD:
        (systemd / HAD).unlink()
    else:
        (releases[0] / "deployment/systemd" / BRINGS).write_text(OLD)

    units.put(releases[1], releases[0])

    assert not (systemd / gone).exists() and not (systemd / BRINGS).exists()
