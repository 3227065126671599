"""Keeps the modules that are compiled from web/ and sync/, so that a second start need not compile again.

The key is a hash of everything they are made from; a wrong, half-written or foreign file is made anew.
The cache may be deleted at any time.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

SOURCES = (("web", "*.py"), ("web/build", "*.py"), ("web/pages", "*"), ("web/locale", "**/*.po"), ("sync", "**/*"))


def cached(make: Callable[[], dict[str, str]], root: Path, folder: Path | None) -> dict[str, str]:
    """What make() returns, from the folder where it was made from the same sources; without a folder, always made."""
    if folder is None:
        return make()
    file = folder / "compiled.json"
    key = sources_key(root)
    found = _read(file)
    if found.get("key") == key:
        return found["modules"]
    modules = make()
    _write(file, {"key": key, "modules": modules})
    return modules


def sources_key(root: Path) -> str:
    """Changes with any source, with Python and with Jinja2."""
    digest = hashlib.sha256(f"{sys.version} {version('jinja2')}".encode())
    for place, pattern in SOURCES:
        for path in sorted((root / place).glob(pattern)):
            if path.is_file() and path.suffix != ".pyc":
                digest.update(f"{path.relative_to(root)}\0{path.stat().st_size}\0".encode())
                digest.update(path.read_bytes())
    return digest.hexdigest()


def _read(file: Path) -> dict:
    try:
        found = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) and isinstance(found.get("modules"), dict) else {}


def _write(file: Path, content: dict) -> None:
    """In one step, so that a start that is cut short leaves no half of it. A full disk only costs time later."""
    half = file.with_suffix(".new")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        half.write_text(json.dumps(content), "utf-8")
        half.replace(file)
    except OSError:
        half.unlink(missing_ok=True)
