"""The command `roadbook`: run a sample, serve firms, let people in, look after them.

Commands read ROADBOOK_DATA and the other settings from the environment, except `run`, which needs nothing.
"""

from __future__ import annotations

import argparse
import sys

from server import let_in
from server.backup.in_use import CannotOpen
from server.commands import (
    auditing,
    backing_up,
    data,
    moving,
    people,
    replicating,
    restoring,
    serving,
    upgrading,
    watching,
)
from server.config import WrongSetting
from server.serve import CannotServe
from server.writer import Frozen

# In the order in which they are listed to whoever asks for help.
SUBJECTS = serving, watching, people, data, backing_up, replicating, restoring, moving, auditing, upgrading


def main(argv: list[str] | None = None) -> None:
    """Ends the process with status 1 and a sentence where a command cannot do what it was asked."""
    try:
        options = parsed(sys.argv[1:] if argv is None else argv)
        status = options.command(options)
    except (WrongSetting, CannotServe, CannotOpen, Frozen, let_in.Unknown) as error:
        sys.exit(f"roadbook: {error}")
    sys.exit(status or 0)


def parsed(argv: list[str]) -> argparse.Namespace:
    """The command and its options; `rest` is what a command with options of its own goes on to read."""
    known = parser()
    options, rest = known.parse_known_args(argv)
    if rest and not getattr(options, "takes_rest", False):
        known.error(f"unrecognized arguments: {' '.join(rest)}")
    options.rest = rest
    return options


def parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="roadbook", description="An offline-first CRM for small firms.")
    parser.add_argument("--firm", metavar="HOST", help="which firm, where ROADBOOK_FIRMS holds several")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for subject in SUBJECTS:
        subject.add_to(commands)
    return parser
