"""What a release brings for this machine: its systemd units and the command `roadbook`, where they were installed."""

from __future__ import annotations

import filecmp
import os
import shutil
import subprocess
from pathlib import Path

SYSTEMD = Path("/etc/systemd/system")
COMMAND = Path("/usr/local/bin/roadbook")


def put(release: Path) -> None:
    """Only what is there already is replaced, and only by root: a place for trials leaves the machine alone."""
    if os.geteuid() != 0 or Path("/opt/roadbook") not in release.parents:
        return
    units = (release / "deployment" / "systemd").glob("*.service")
    changed = [unit for unit in units if _replace(unit, SYSTEMD / unit.name)]
    _replace(release / "deployment" / "roadbook.sh", COMMAND)
    if changed:
        subprocess.run(["systemctl", "daemon-reload"], stdin=subprocess.DEVNULL, check=False)


def _replace(new: Path, old: Path) -> bool:
    """Whether something else was there."""
    if not old.is_file() or not new.is_file() or filecmp.cmp(new, old, shallow=False):
        return False
    making = old.with_name(old.name + ".new")
    shutil.copyfile(new, making)
    shutil.copymode(old, making)
    os.replace(making, old)
    return True
