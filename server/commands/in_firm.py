"""A command that works in one firm: the one of ROADBOOK_DATA, or with ROADBOOK_FIRMS the one that --firm names."""

from __future__ import annotations

import argparse
from collections.abc import Callable

from server.config import read_data_folder, read_settings
from server.firm import Firm


def tell(act: Callable[..., str], *names: str) -> Callable[[argparse.Namespace], int]:
    """A command that prints what act(firm, public url, …) says; names: the options whose values follow."""

    def command(options: argparse.Namespace) -> int:
        settings = read_settings(firm=options.firm)
        firm = Firm.open(settings.data)
        try:
            print(act(firm, settings.url, *(getattr(options, name) for name in names)))
        finally:
            firm.close()
        return 0

    return command


def with_firm(options: argparse.Namespace, act: Callable[[list[str], Firm], int | None]) -> int:
    """Run act(the arguments that are left, firm) with nothing but the firm's folder known."""
    firm = Firm.open(read_data_folder(firm=options.firm))
    try:
        return act(options.rest, firm) or 0
    finally:
        firm.close()
