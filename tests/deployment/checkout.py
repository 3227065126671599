"""Roadbook as an administrator gets it, and install.sh run from it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from ..conftest import ROOT

URL = "https://roadbook.example.com"


def take_checkout(folder: Path) -> Path:
    """A copy of what is installed: the checkout itself may change while tests run."""
    folder.mkdir(parents=True)
    packed = subprocess.run(["sh", ROOT / "deployment/files.sh", ROOT], capture_output=True, check=True, timeout=60)
    subprocess.run(["tar", "-C", folder, "-xf", "-"], input=packed.stdout, check=True, timeout=60)
    return folder


def install(checkout: Path, *arguments: str | Path, **environ: str) -> subprocess.CompletedProcess:
    """Both streams in stdout, as on a terminal."""
    return subprocess.run(
        ["sh", checkout / "deployment/install.sh", *arguments],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=230, check=False,
        env={name: value for name, value in os.environ.items() if not name.startswith("ROADBOOK_")}
        | {"PYTHON": sys.executable, "PIP_NO_COMPILE": "1"} | environ,
    )  # fmt: skip
