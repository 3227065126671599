"""What holds for the machine, whichever firms it hosts: SQLite, Python, open files, the clock."""

from __future__ import annotations

import platform
import resource
import sys
import time

from server.database import sqlite3

from .finding import Finding

# https://sqlite.org/wal.html: a checkpoint that meets a reset of the WAL can corrupt the database. An
# application beside a replicating tool (Litestream) is the very recipe for it.
WAL_RESET_SINCE = (3, 7, 0)
WAL_RESET_UNTIL = (3, 51, 2)

# What is tested; a newer one may work.
PYTHON_SINCE, PYTHON_BEFORE = (3, 11), (3, 15)
# Every device that listens is an open file.
FEW_FILES = 4_096
# The start of 2025: this was written later.
NOT_BEFORE_S = 1_735_689_600


def check_sqlite(version: str) -> Finding:
    name = "SQLite build"
    if not is_affected(version):
        return Finding(name, "ok", f"{version}, without the WAL-reset bug")
    words = f"{version} can corrupt the database when the write-ahead log is reset (3.7.0 to 3.51.2 do)"
    return Finding(name, "failed", words, "install the locked requirements: pip install -r requirements.lock")


def is_affected(version: str) -> bool:
    numbers = tuple(int(part) for part in version.split(".")[:3])
    return WAL_RESET_SINCE <= numbers <= WAL_RESET_UNTIL


def why_not_serve() -> Finding | None:
    """The finding that forbids serving a firm's real data here, or None."""
    finding = check_sqlite(sqlite3.sqlite_version)
    return finding if finding.state == "failed" else None


def check_python(version: tuple[int, int] = sys.version_info[:2]) -> Finding:
    words = f"{version[0]}.{version[1]}" if version != sys.version_info[:2] else platform.python_version()
    if PYTHON_SINCE <= version < PYTHON_BEFORE:
        return Finding("Python", "ok", words)
    return Finding("Python", "warning", f"{words}: 3.11 to 3.14 are tested", "make the environment with one of them")


def check_open_files(hard: int | None = None) -> Finding:
    """hard: as many as this user may ask for."""
    if hard is None:
        hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    if hard == resource.RLIM_INFINITY or hard >= FEW_FILES:
        return Finding("open files", "ok", "no limit" if hard == resource.RLIM_INFINITY else f"up to {hard:,}")
    way_out = "raise it: LimitNOFILE=65536 in the systemd unit, or ulimit -n"
    return Finding("open files", "warning", f"at most {hard:,}, one for each device that listens", way_out)


def check_clock(now_s: float) -> Finding:
    """Phones' clocks are judged by this one."""
    words = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(now_s))
    if now_s < NOT_BEFORE_S:
        return Finding("clock", "failed", f"{words}: this is in the past", "set the clock: timedatectl set-ntp true")
    return Finding("clock", "ok", words)
