"""replicate: every change goes off-site at once, for as long as this runs."""

from __future__ import annotations

import argparse
import signal
import sys

from server.config import read_hosted, read_process_settings


def add_to(commands) -> None:
    replicating = commands.add_parser(
        "replicate",
        help="bring every change to ROADBOOK_REPLICA at once",
        more="It goes on until it is stopped; the service roadbook-replica runs it.",
    )
    replicating.set_defaults(command=replicate)


def replicate(options: argparse.Namespace) -> int:
    from server.backup.replicator import CannotReplicate, Replicator, places_of

    process = read_process_settings()
    places_of([process])
    replicator = Replicator(process.home, lambda: places_of(read_hosted()), _say)
    for ending in (signal.SIGTERM, signal.SIGINT):
        signal.signal(ending, lambda *_: replicator.end())
    try:
        replicator.run()
    except CannotReplicate as error:
        sys.exit(f"roadbook: {error}")
    return 0


def _say(words: str) -> None:
    print(f"roadbook: {words}", file=sys.stderr, flush=True)
