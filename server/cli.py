"""The command `roadbook`: run a sample, serve firms, let people in, look after them.

Commands read ROADBOOK_DATA and the other settings from the environment, except `run`, which needs nothing.
"""

from __future__ import annotations

import argparse
import sys
from contextlib import suppress

from server import disk, let_in
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
from server.config import WrongSetting, read_data_folder
from server.database import sqlite3
from server.serve import CannotServe
from server.writer import Frozen

# In the order in which they are listed to whoever asks for help: as one comes to need them.
SUBJECTS = serving, people, data, watching, auditing, upgrading, replicating, backing_up, restoring, moving


def main(argv: list[str] | None = None) -> None:
    """Ends the process with status 1 and a sentence where a command cannot do what it was asked."""
    try:
        options = parsed(sys.argv[1:] if argv is None else argv)
        status = options.command(options)
    except (WrongSetting, CannotServe, CannotOpen, Frozen, let_in.Unknown) as error:
        sys.exit(f"roadbook: {error}")
    except (OSError, sqlite3.Error) as error:
        if found := _of_the_disk(options, error):
            sys.exit(f"roadbook: {found}")
        raise
    sys.exit(status or 0)


def _of_the_disk(options: argparse.Namespace, error: Exception) -> disk.Trouble | None:
    """Where there is no room, or no writing, in the middle of a command."""
    with suppress(WrongSetting):
        return disk.refusal(read_data_folder(firm=options.firm), error)
    return None


def parsed(argv: list[str]) -> argparse.Namespace:
    """The command and its options; `rest` is what a command with options of its own goes on to read."""
    known = parser()
    options, rest = known.parse_known_args(argv)
    if rest and not getattr(options, "takes_rest", False):
        known.error(f"unrecognized arguments: {' '.join(rest)}")
    options.rest = rest
    return options


def parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="roadbook",
        description="An offline-first CRM for small firms. Settings come from the environment:"
        " deployment/ADMINISTRATION.md explains each. roadbook COMMAND --help tells of one command.",
        formatter_class=Roomy,
    )
    parser.add_argument("--firm", metavar="HOST", help="which firm, where ROADBOOK_FIRMS holds several")
    commands = parser.add_subparsers(required=True, metavar="COMMAND", title="commands")
    for subject in SUBJECTS:
        subject.add_to(Commands(commands))
    return parser


class Roomy(argparse.HelpFormatter):
    """Names of commands in a column of their own; argparse would break lines after the longer ones."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=20)


class Commands:
    """Each command says in its own help what it does, too, not only in the list of all."""

    def __init__(self, known) -> None:
        self._known = known

    def add_parser(self, name: str, help: str, more: str = "", **given) -> argparse.ArgumentParser:
        """more: what a person should know before they type it."""
        words = f"{help[0].upper()}{help[1:]}. {more}".rstrip()
        return self._known.add_parser(name, help=help, description=words, formatter_class=Roomy, **given)
