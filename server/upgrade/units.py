"""What a release brings for this machine: its systemd units and the command `roadbook`, where they were installed."""

from __future__ import annotations

import filecmp
import os
import shutil
import subprocess
from pathlib import Path

INSTALLED = Path("/opt/roadbook")
SYSTEMD = Path("/etc/systemd/system")
COMMAND = Path("/usr/local/bin/roadbook")
# Without it, whatever runs the server here is not ours to add to.
SERVER = "roadbook.service"


def put(release: Path, other: Path) -> None:
    """Of the release that is to run now; other: the one it takes over from. Only by root, and a place for trials
    leaves the machine alone. Nothing is enabled."""
    if os.geteuid() != 0 or INSTALLED not in release.parents:
        return
    ours, others = _units_of(release), _units_of(other)
    changed = [_replace(unit, SYSTEMD / name) for name, unit in ours.items()]
    if (SYSTEMD / SERVER).is_file():
        # What somebody took away stays away: only what the other release does not know is new.
        changed += [_add(ours[name], SYSTEMD / name) for name in ours.keys() - others.keys()]
        changed += [_take_away(others[name], SYSTEMD / name) for name in others.keys() - ours.keys()]
    _replace(release / "deployment" / "roadbook.sh", COMMAND)
    if any(changed):
        subprocess.run(["systemctl", "daemon-reload"], stdin=subprocess.DEVNULL, check=False)


def _units_of(release: Path) -> dict[str, Path]:
    return {unit.name: unit for unit in (release / "deployment" / "systemd").glob("*.service")}


def _replace(new: Path, old: Path) -> bool:
    """Whether something else was there."""
    if not old.is_file() or not new.is_file() or filecmp.cmp(new, old, shallow=False):
        return False
    _copy(new, old, old.stat().st_mode & 0o777)
    return True


def _add(new: Path, place: Path) -> bool:
    """Whether nothing was there; a unit that is masked is a link to nowhere."""
    if os.path.lexists(place):
        return False
    _copy(new, place, 0o644)
    return True


def _take_away(unit: Path, place: Path) -> bool:
    """Whether it was there as we put it. One that somebody changed or enabled since is theirs."""
    is_enabled = any(os.path.lexists(one / place.name) for one in place.parent.glob("*.wants"))
    if is_enabled or place.is_symlink() or not place.is_file() or not filecmp.cmp(unit, place, shallow=False):
        return False
    place.unlink()
    return True


def _copy(source: Path, target: Path, mode: int) -> None:
    making = target.with_name(target.name + ".new")
    shutil.copyfile(source, making)
    making.chmod(mode)
    os.replace(making, target)
