"""backup, drill: a copy now, and the proof now that the firm can be restored."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from server.config import Settings, read_settings
from server.database import wall_clock_ms

from .restoring import tell_of_waiting


def add_to(commands) -> None:
    backup = commands.add_parser("backup", help="take a copy of the database now, and prove that it is whole")
    backup.add_argument("--to", metavar="FILE", type=Path, help="where to; left out, among the nightly copies")
    backup.set_defaults(command=take_copy)
    drill = commands.add_parser(
        "drill",
        help="prove now that the firm can be restored",
        more="It restores the replica, or the newest copy, into a scratch file and compares. The firm stays as it is.",
    )
    drill.set_defaults(command=prove)


def take_copy(options: argparse.Namespace) -> int:
    from server.backup import copies

    settings = _settings(options)
    try:
        if options.to:
            found = copies.make(settings.data / "roadbook.db", options.to.absolute())
            print(f"{options.to.absolute()} is whole: {found.bytes:,} bytes, {sum(found.rows.values()):,} rows")
        else:
            made = copies.make_nightly(settings.data, settings.copies, wall_clock_ms())
            print(f"{made.file} is whole: {made.file.stat().st_size:,} bytes")
    except copies.NotCopied as error:
        sys.exit(f"roadbook: {error}")
    print("Files of attachments are not in it.")
    return 0


def prove(options: argparse.Namespace) -> int:
    from server.backup import drill

    settings = _settings(options)
    if settings.replica:
        tell_of_waiting(settings)
    done = drill.run(settings, wall_clock_ms())
    print(f"{done.words} ({done.seconds:.1f} s)" if done.ok else f"It failed: {done.words}")
    if done.way_out:
        print(f"→ {done.way_out}")
    return 0 if done.ok else 1


def _settings(options: argparse.Namespace) -> Settings:
    settings = read_settings(firm=options.firm)
    if not (settings.data / "roadbook.db").exists():
        sys.exit(f"roadbook: there is no firm in {settings.data}")
    return settings
