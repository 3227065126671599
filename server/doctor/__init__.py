"""Named checks of the place where Roadbook runs: `roadbook doctor`, and the few that serving insists on.

Looks and reports; it repairs and changes nothing.  `machine` and `folder` look at this machine, `away` and `outside`
ask what a firm depends on elsewhere, only what is configured or in use.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

from server.database import sqlite3

from .finding import Finding, worst
from .machine import check_clock, check_open_files, check_python, check_sqlite, why_not_serve

__all__ = ["Finding", "check_sqlite", "examine", "examine_firm", "examine_machine", "sqlite3", "why_not_serve", "worst"]


def examine(folder: Path) -> Iterator[Finding]:
    """All checks that need nothing but the firm's folder."""
    from .folder import examine_folder

    yield from examine_machine()
    yield from examine_folder(folder, time.time())


def examine_machine() -> Iterator[Finding]:
    yield check_sqlite(sqlite3.sqlite_version)
    yield check_python()
    yield check_open_files()
    yield check_clock(time.time())


def examine_firm(settings, is_here: bool = False) -> Iterator[Finding]:
    """One firm of this machine. is_here: only what needs no network."""
    from . import away, folder, outside

    found = list(folder.examine_folder(settings.data, time.time()))
    yield from found
    if any(finding.name in ("data folder", "database") and finding.state == "failed" for finding in found):
        return
    yield from away.examine_safety(settings, is_here)
    if not is_here:
        yield from outside.examine_outside(settings)
