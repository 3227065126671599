"""Programs of the system's packages that these tests run: those installed, else fetched and unpacked, never installed.

Installing would start services on the machine of whoever runs the tests.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from ..conftest import ROOT

UNPACKED = ROOT / "build" / "tools"


def program(name: str, package: str) -> str:
    """The path of a program; skips the test where it is not to be had."""
    found = shutil.which(name) or shutil.which(name, path=str(UNPACKED / "usr" / "bin"))
    return found or _fetched(name, package)


def _fetched(name: str, package: str) -> str:
    if not shutil.which("apt-get"):
        pytest.skip(f"{name} is not installed, and there is no apt-get to fetch it with")
    UNPACKED.mkdir(parents=True, exist_ok=True)
    fetching = subprocess.run(
        ["apt-get", "download", "-qq", package], cwd=UNPACKED, capture_output=True, text=True, timeout=120, check=False
    )
    packages = sorted(UNPACKED.glob(f"{package}_*.deb"))
    if not packages:
        pytest.skip(f"{name} is not installed: apt-get install {package} ({fetching.stderr.strip()[-200:]})")
    subprocess.run(["dpkg-deb", "-x", packages[-1], UNPACKED], check=True, timeout=60)
    return str(Path(UNPACKED / "usr" / "bin" / name))
