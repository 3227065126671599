"""Releases side by side: /opt/roadbook/releases/VERSION, and the link `current` to the one in use.

An archive is unpacked and laid beside the others by its own deployment/lay.sh; what runs is not touched by that.
"""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from .result import Failed

HERE = Path(__file__).parents[2]
# An environment with all packages takes some 250 MB.
RELEASE_BYTES = 600_000_000
LAYING_TAKES_S = 1_800
DAMAGED = "it is damaged or was not fetched whole. Fetch it again"


@dataclass(frozen=True)
class Place:
    """folder: the one that holds releases/ and current."""

    folder: Path

    def release(self, name: str) -> Path:
        return self.folder / "releases" / name

    def current(self) -> str:
        """The name of the release in use. Raises Failed."""
        try:
            return os.readlink(self.folder / "current").rstrip("/").rpartition("/")[2]
        except OSError:
            raise Failed(
                f"{self.folder} was not made by deployment/install.sh: it has no link `current`."
                " Name the folder that has, with --roadbook"
            ) from None

    def use(self, name: str) -> None:
        """Swap the link; there is always one."""
        new = self.folder / ".current"
        new.unlink(missing_ok=True)
        new.symlink_to(f"releases/{name}")
        os.replace(new, self.folder / "current")
        handle = os.open(self.folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def default_place() -> Place:
    return Place(HERE.parents[1])


def python_of(release: Path) -> Path:
    return release / ".venv" / "bin" / "python"


def numbers_of(release: Path) -> tuple[int, ...]:
    """Of the version that pyproject.toml says, to be compared. Raises Failed."""
    return tuple(int(part) for part in re.findall(r"\d+", version_of(release)))


def version_of(release: Path) -> str:
    """What a server of this release says of itself. Raises Failed."""
    try:
        found = re.search(r'^version = "([0-9A-Za-z.]+)"$', (release / "pyproject.toml").read_text("utf-8"), re.M)
    except OSError:
        found = None
    if found is None:
        raise Failed(f"{release} is no Roadbook: it has no pyproject.toml with a version")
    return found[1]


# --- from an archive ----------------------------------------------------------------------------------


@contextmanager
def unpacked(source: Path) -> Iterator[Path]:
    """The folder of a release: the one that is named, or what an archive holds. Raises Failed."""
    if source.is_dir():
        yield source
        return
    if not source.is_file():
        raise Failed(f"{source} is not there. Name a release archive (roadbook-….tar.gz) or its folder")
    _check_sum(source)
    with tempfile.TemporaryDirectory(prefix="roadbook-") as scratch:
        yield _unpack(source, Path(scratch))


def lay(source: Path, place: Place) -> str:
    """Put it beside the others, with an environment of its own. Returns its name. Raises Failed."""
    script = source / "deployment" / "lay.sh"
    version_of(source)
    if not script.is_file():
        raise Failed(f"{source} is no release of Roadbook that could be laid: {script} is missing")
    try:
        ran = subprocess.run(
            ["sh", script, source, place.folder, _python()],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=LAYING_TAKES_S,
        )
    except subprocess.TimeoutExpired:
        raise Failed(
            f"the release was not laid within {LAYING_TAKES_S // 60} minutes; nothing runs differently"
        ) from None
    if ran.returncode:
        why = "\n".join(ran.stderr.strip().splitlines()[-5:])
        raise Failed(f"the release could not be laid; nothing runs differently. {why}")
    return ran.stdout.strip().splitlines()[-1]


def _python() -> str:
    """The interpreter that environments are made from, not the one of this environment."""
    return getattr(sys, "_base_executable", None) or sys.executable


def _check_sum(archive: Path) -> None:
    """Against SHA256SUMS beside it, where that is there and names it."""
    try:
        lines = archive.with_name("SHA256SUMS").read_text("utf-8").splitlines()
    except OSError:
        return
    sums = {line.split(maxsplit=1)[1].lstrip("*"): line.split()[0] for line in lines if len(line.split()) == 2}
    if (wanted := sums.get(archive.name)) is None:
        return
    with open(archive, "rb") as opened:
        if hashlib.file_digest(opened, "sha256").hexdigest() != wanted:
            raise Failed(f"{archive} is not what SHA256SUMS beside it says: {DAMAGED}")


def _unpack(archive: Path, into: Path) -> Path:
    try:
        with tarfile.open(archive) as packed:
            packed.extractall(into, filter="data")
    except (tarfile.TarError, EOFError, OSError, ValueError) as error:
        raise Failed(f"{archive} cannot be unpacked ({error}): {DAMAGED}") from None
    found = [path.parent for path in (*into.glob("pyproject.toml"), *into.glob("*/pyproject.toml"))]
    if len(found) != 1:
        raise Failed(f"{archive} holds no release of Roadbook: {DAMAGED}")
    return found[0]
