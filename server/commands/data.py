"""import, export: customers and contacts in and out. Their options are declared where they are carried out."""

from __future__ import annotations

import argparse

from .in_firm import with_firm


def add_to(commands) -> None:
    for name, does, command in (
        ("import", "bring in customers and contacts from files", import_files),
        ("export", "write customers and contacts to files", export_files),
    ):
        parser = commands.add_parser(name, help=does, add_help=False)
        parser.set_defaults(command=command, takes_rest=True)


def import_files(options: argparse.Namespace) -> int:
    from server.imports.cli import main, parser

    # Before a firm is looked for: whoever asks for help, or mistypes, may have none at hand.
    parser().parse_args(options.rest)
    return with_firm(options, main)


def export_files(options: argparse.Namespace) -> int:
    from server.export import main, parser

    parser().parse_args(options.rest)
    return with_firm(options, main)
