"""What is made of this code at a start is kept for the next one, under a name that changes with any byte of it.

A release is laid with it already (deployment/lay.sh), a checkout makes it at its first start.  That it is there also
says that every page was checked.  It is never asked for by anything older or newer than itself.
"""

from __future__ import annotations

import hashlib
import sys
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "build" / "made"
PACKAGES = ("jinja2", "rjsmin", "brotli", "babel")
MADE_OF = ("server", "sync", "web", "service_worker")


@lru_cache(maxsize=1)
def path() -> Path:
    """Where it is, or would be, for the code of this process and the packages that make it."""
    digest = hashlib.sha256(f"{sys.version} {[version(name) for name in PACKAGES]}".encode())
    for file in _files():
        content = file.read_bytes()
        digest.update(f"{file.relative_to(ROOT)}\0{len(content)}\0".encode())
        digest.update(content)
    return FOLDER / f"{digest.hexdigest()[:32]}.db"


def _files() -> list[Path]:
    found = (file for name in MADE_OF for file in (ROOT / name).rglob("*"))
    return sorted(file for file in found if file.is_file() and "__pycache__" not in file.parts)
