"""upgrade: another release takes this one's place, and gives it back where it does not work."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from contextlib import suppress
from pathlib import Path

from server.config import read_firms_folder, read_hosted, read_process_settings

STOP = "systemctl stop roadbook.service roadbook-replica.service"
START = "systemctl start --no-block roadbook.service roadbook-replica.service"


def add_to(commands) -> None:
    parser = commands.add_parser("upgrade", help="change to another release, and back where it does not work")
    parser.add_argument(
        "source", nargs="?", type=Path, help="an archive, or its folder; none: finish an upgrade that was cut short"
    )
    parser.add_argument("--back", metavar="VERSION", help="go back to that release and the database from before")
    parser.add_argument("--dry-run", action="store_true", help="lay the release and say what would happen")
    parser.add_argument(
        "--roadbook", metavar="FOLDER", type=Path, help="the folder of `releases` (default: where this release is)"
    )
    parser.add_argument("--stop", default=STOP, metavar="COMMAND", help=f"how to stop the server (default: {STOP})")
    parser.add_argument("--start", default=START, metavar="COMMAND", help=f"how to start it (default: {START})")
    parser.add_argument("--laid", help=argparse.SUPPRESS)
    parser.set_defaults(command=upgrade)


def upgrade(options: argparse.Namespace) -> int:
    from server.upgrade.change import WentBack
    from server.upgrade.release import Place, default_place
    from server.upgrade.result import Failed

    # A line that breaks must not end it in the middle, with nobody served.
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    place = Place(options.roadbook.absolute()) if options.roadbook else default_place()
    try:
        _upgrade(options, place)
        return 0
    except WentBack as error:
        print(f"roadbook: the upgrade went back. {error}", file=sys.stderr)
        return 2
    except Failed as error:
        print(f"roadbook: {error}.", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"roadbook: {error}. When the cause is gone: roadbook upgrade", file=sys.stderr)
        return 1


def _say(words: str) -> None:
    with suppress(OSError):  # nobody listens any more
        print(words, flush=True)


def _upgrade(options: argparse.Namespace, place) -> None:
    from server.upgrade import release
    from server.upgrade.change import only_one
    from server.upgrade.result import Failed

    now = place.current()
    _check_no_standby()
    if options.laid is None and options.source is not None:
        with release.unpacked(options.source.absolute()) as source:
            if release.numbers_of(source) < release.numbers_of(place.release(now)):
                raise Failed(
                    f"{source.name} is {release.version_of(source)}, older than {now}, which is in use."
                    f" To go back to what was here before: roadbook upgrade --back VERSION"
                )
            laid = release.lay(source, place)
        # The new release knows best what it needs: its own code goes on from here.
        _hand_over(options, place, laid)
    with only_one(place):
        _go_on(options, place, now)


def _check_no_standby() -> None:
    """It has no firm to copy and no server to ask, and what would be started is not what runs there. Raises Failed."""
    from server.backup.in_use import is_standby
    from server.upgrade.result import Failed

    for followed in (one.data for one in read_hosted() if is_standby(one.data)):
        if read_firms_folder() is None:
            way_out = "in the folder of the new release, run instead: sudo sh deployment/install.sh"
        else:
            way_out = "stop what follows it, and move it out of ROADBOOK_FIRMS until the upgrade is done"
        raise Failed(f"{followed} is a standby, and upgrade is for what serves. Nothing was changed; {way_out}")


def _go_on(options: argparse.Namespace, place, now: str) -> None:
    change = _change(options, place)
    change.finish_earlier()
    now = place.current()
    if options.back:
        change.back(options.back)
    elif options.laid is None:
        print(f"{now} is in use.")
    elif options.laid == now:
        print(f"{now} is in use already.")
    elif options.dry_run:
        print(f"Would change from {now} to {options.laid}, with {len(change.folders)} firm(s). It is laid already.")
    else:
        down_s = change.to(options.laid)
        print(f"From {now} to {options.laid}: nobody was served for {down_s:.1f} s.")


def _change(options: argparse.Namespace, place):
    from server.upgrade.change import Change
    from server.upgrade.services import Services, asked_address, urls_of

    process, hosted = read_process_settings(), read_hosted()
    services = Services(options.stop, options.start, asked_address(process.host), process.port, urls_of(hosted))
    return Change(place, tuple(one.data for one in hosted), services, _say)


def _hand_over(options: argparse.Namespace, place, laid: str) -> None:
    """Become the new release's `roadbook upgrade`."""
    from server.upgrade.release import python_of

    code = place.release(laid)
    program = str(python_of(code))
    further = ["--stop", options.stop, "--start", options.start] + ["--dry-run"] * options.dry_run
    sys.stdout.flush()
    os.chdir(code)
    os.execve(
        program,
        [program, "-P", "-m", "server", "upgrade", "--laid", laid, "--roadbook", str(place.folder), *further],
        os.environ | {"PYTHONPATH": str(code)},
    )
