"""freeze, thaw, standby, promote: a firm on another machine."""

from __future__ import annotations

import argparse
import signal
import sys

from server.config import read_settings
from server.database import wall_clock_ms


def add_to(commands) -> None:
    freezing = commands.add_parser(
        "freeze",
        help="stop all changes, to move the firm to another machine",
        more="It waits until all is off-site and says what to do on the other machine. roadbook thaw takes it back.",
    )
    freezing.set_defaults(command=freeze)
    thawing = commands.add_parser(
        "thaw",
        help="go on here after all, when a firm was frozen",
        more="It asks the replica first whether another machine has taken the firm over.",
    )
    thawing.add_argument(
        "--new-life", action="store_true", help="where the replica cannot be asked; phones then fetch their rows anew"
    )
    thawing.set_defaults(command=thaw)
    following = commands.add_parser("standby", help="follow the firm's replica on a second machine, ready to take over")
    following.set_defaults(command=standby)
    promoting = commands.add_parser(
        "promote",
        help="make this standby the firm's server",
        more="Make sure first that the other machine stays off: two that write to one replica spoil it.",
    )
    promoting.set_defaults(command=promote)


def freeze(options: argparse.Namespace) -> int:
    from server.backup import moving

    from .apps import told_on_leaving

    settings = read_settings(firm=options.firm)
    print("From now on nothing is changed here. Waiting until everything is off-site …", flush=True)
    try:
        handed = moving.freeze(settings, wall_clock_ms())
    except moving.NotMoved as error:
        sys.exit(f"roadbook: {error}")
    if handed.copy:
        print(
            f"Everything up to {handed.seq} is in {handed.copy}. Carry it and the folder attachments to the new"
            f" machine, and run there: roadbook restore --from {handed.copy.name}"
        )
    else:
        print(f"Everything up to {handed.seq} is at {settings.replica}. On the new machine: roadbook restore")
    print(f"Then let the name point there. To go on here instead: roadbook thaw{told_on_leaving(settings.data)}")
    return 0


def thaw(options: argparse.Namespace) -> int:
    from server.backup import moving

    from .apps import told_on_arrival

    settings = read_settings(firm=options.firm)
    try:
        goes_on = moving.thaw(settings, wall_clock_ms(), options.new_life)
    except moving.NotMoved as error:
        sys.exit(f"roadbook: {error}")
    told = "The firm goes on here" + ("." if goes_on else " in a new life: phones fetch their rows anew.")
    print(told + told_on_arrival(settings.data))
    return 0


def standby(options: argparse.Namespace) -> int:
    from server.backup.standby import Follower, NotStandby

    follower = Follower(read_settings(firm=options.firm), lambda words: print(f"roadbook: {words}", file=sys.stderr))
    for ending in (signal.SIGTERM, signal.SIGINT):
        signal.signal(ending, lambda *_: follower.end())
    try:
        follower.run()
    except NotStandby as error:
        sys.exit(f"roadbook: {error}")
    return 0


def promote(options: argparse.Namespace) -> int:
    from server.backup.restore import NotRestored
    from server.backup.standby import promote

    from .restoring import told_of_promotion

    settings = read_settings(firm=options.firm)
    try:
        report = promote(settings, wall_clock_ms())
    except NotRestored as error:
        sys.exit(f"roadbook: not promoted: {error}")
    print(told_of_promotion(settings, report))
    return 0
