"""A command that works in one firm: the one of ROADBOOK_DATA, or with ROADBOOK_FIRMS the one that --firm names."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

from server.backup import in_use
from server.config import read_data_folder, read_settings
from server.firm import Firm


def tell(act: Callable[..., str], *names: str, may_begin: bool = False) -> Callable[[argparse.Namespace], int]:
    """A command that prints what act(firm, public url, …) says; names: the options whose values follow.

    may_begin: also in a folder that is made for a firm and still empty.
    """

    def command(options: argparse.Namespace) -> int:
        settings = read_settings(firm=options.firm)
        firm = open_known(settings.data, may_begin)
        try:
            print(act(firm, settings.url, *(getattr(options, name) for name in names)))
        finally:
            firm.close()
        return 0

    return command


def with_firm(options: argparse.Namespace, act: Callable[[list[str], Firm], int | None]) -> int:
    """Run act(the arguments that are left, firm) with nothing but the firm's folder known."""
    firm = open_known(read_data_folder(firm=options.firm))
    try:
        return act(options.rest, firm) or 0
    finally:
        firm.close()


def open_known(folder: Path, may_begin: bool = False) -> Firm:
    """A firm that is there: with a wrong ROADBOOK_DATA, or a disk that is not mounted, no command makes a new one.

    Raises CannotOpen.
    """
    if in_use.is_empty(folder) and not (may_begin and folder.is_dir()):
        raise in_use.CannotOpen(
            f"there is no firm in {folder}. Is ROADBOOK_DATA right, and the disk mounted?"
            " A new firm is begun by roadbook serve"
        )
    return Firm.open(folder)
