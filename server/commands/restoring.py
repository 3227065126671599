"""restore, restored: a firm's file put back from its replica or from a copy."""

from __future__ import annotations

import argparse
import sys
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from server.config import Settings, read_settings
from server.database import sqlite3, wall_clock_ms

from .apps import told_on_arrival
from .in_firm import tell


def add_to(commands) -> None:
    restoring = commands.add_parser(
        "restore",
        help="put the firm back, from the replica or a copy",
        more="Stop the server first: systemctl stop roadbook roadbook-replica. What was there is kept aside.",
    )
    restoring.add_argument(
        "--from",
        dest="source",
        metavar="SOURCE",
        help="replica, copy (the newest nightly one), or a copy's FILE; left out, the replica where there is one",
    )
    restoring.add_argument(
        "--at",
        metavar="MOMENT",
        help="as the replica was then: 2026-11-20T14:00, in the firm's time zone, or with Z or +08:00 at its end",
    )
    restoring.add_argument("--dry-run", action="store_true", help="do all of it but the last step, and say what it is")
    restoring.add_argument("--into", metavar="FOLDER", type=Path, help="only fetch the database into an empty folder")
    restoring.add_argument(
        "--another-firm", action="store_true", help="let a database take the place of another firm's"
    )
    restoring.set_defaults(command=restore)

    files = commands.add_parser(
        "fetch-files",
        help="fetch files of attachments that are off-site and not here",
        more="restore does it, too: this is for what it could not fetch, and may run beside the server.",
    )
    files.set_defaults(command=fetch_files)

    restored = commands.add_parser(
        "restored",
        help="say that the firm's file was put back from a copy by hand",
        more="Phones then fetch their rows anew and send again what it lacks. Not needed after roadbook restore.",
    )
    restored.set_defaults(command=tell(begin_new_life))


def restore(options: argparse.Namespace) -> int:
    from server.backup import restore as restoring

    settings = read_settings(firm=options.firm)
    try:
        source = _source(settings, options)
        if source.file is None:
            tell_of_waiting(settings)
        if options.dry_run:
            report = restoring.rehearse(
                settings, source, (options.into or settings.data).absolute(), bool(options.into or options.another_firm)
            )
        elif options.into:
            report = restoring.fetch_into(settings, source, options.into.absolute())
        else:
            report = restoring.restore(settings, source, wall_clock_ms(), options.another_firm)
    except restoring.NotRestored as error:
        sys.exit(f"roadbook: nothing was restored: {error}")
    print(_told(report, source))
    if options.dry_run:
        print("This was a rehearsal: nothing was changed.")
    elif not options.into:
        _fetch_files(settings)
        print(_what_now(settings, report))
    return 0


def tell_of_waiting(settings: Settings) -> None:
    """Litestream asks again and again before it gives a place up: whoever waits knows for what."""
    print(f"Asking {settings.replica} … (where nothing answers, this is given up after some minutes)", file=sys.stderr)


def _source(settings: Settings, options: argparse.Namespace):
    """Raises NotRestored."""
    from server.backup import restore as restoring

    name = options.source or ("replica" if settings.replica else "")
    at = _moment(options.at, settings) if options.at else None
    if not name:
        raise restoring.NotRestored("ROADBOOK_REPLICA is not set: say which copy, with --from copy or --from FILE")
    if name == "replica":
        return restoring.Source(None, at)
    if at:
        raise restoring.NotRestored("--at is for the replica: a copy is of one moment only")
    return restoring.Source(restoring.newest_copy(settings) if name == "copy" else Path(name).absolute())


def _moment(text: str, settings: Settings) -> datetime:
    """Raises NotRestored."""
    from server.backup import restore as restoring

    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise restoring.NotRestored(f"{text!r} is no moment. For example: --at 2026-11-20T14:00") from None
    if at.tzinfo is None:
        zone = restoring.timezone_of(settings)
        if zone is None:
            raise restoring.NotRestored(
                f"which time zone? There is no firm here yet to say it. For example: --at {text}Z or --at {text}+08:00"
            )
        at = at.replace(tzinfo=ZoneInfo(zone))
    if at > datetime.now(UTC):
        raise restoring.NotRestored(f"{text} ({at.astimezone(UTC):%Y-%m-%d %H:%M UTC}) has not come yet")
    return at


def _told(report, source=None) -> str:
    """From where, which moment, how much, what is replaced."""
    zone = ZoneInfo(report.found.timezone)

    def moment(ms: int) -> str:
        at = datetime.fromtimestamp(ms / 1000, zone)
        return f"{at:%Y-%m-%d %H:%M:%S} {report.found.timezone} ({at.astimezone(UTC):%H:%M:%S} UTC)"

    def size(found) -> str:
        counted = ", ".join(f"{count:,} {name}" for name, count in found.rows.items() if count)
        return f"{found.bytes:,} bytes, {sum(found.rows.values()):,} rows ({counted or 'none'})"

    lines = [f"From       {report.source}"]
    if source and source.at:
        lines.append(f"Asked for  {moment(int(source.at.timestamp() * 1000))}")
    lines.append(f"Last edit  {moment(report.found.last_ms) if report.found.last_ms else 'none'}")
    lines.append(f"Holds      {size(report.found)}; whole")
    lines.append(f"Goes to    {report.target}")
    if report.there:
        last = moment(report.there.last_ms) if report.there.last_ms else "none"
        lines.append(f"Replaces   {size(report.there)}; last edit {last}")
    if report.aside:
        lines.append(f"Kept       what was there, in {report.aside}")
    return "\n".join(lines)


START = "systemctl start roadbook roadbook-replica"
# A standby ran neither, nor the web server, and must not follow again when the machine starts anew.
START_PROMOTED = "systemctl disable roadbook-standby && systemctl enable --now roadbook roadbook-replica caddy"


def _what_now(settings: Settings, report, start: str = START) -> str:
    apps = told_on_arrival(settings.data)
    if not report.is_new_life:
        return (
            "It was frozen for the move and holds everything: phones go on as if nothing had happened."
            f" Start the server now: {start}{apps}"
        )
    return (
        f"Start the server now: {start}. Phones fetch their rows anew and send again what this does not have; nobody"
        f" has to do anything.{apps}"
    )


def told_of_promotion(settings: Settings, report) -> str:
    _fetch_files(settings)
    return f"{_told(report)}\n{_what_now(settings, report, START_PROMOTED)}"


def _fetch_files(settings: Settings) -> None:
    """Files of attachments, as far as they are off-site and not here. Without them the firm can be served, too."""
    if settings.replica is None:
        return
    from server.attachments.store import NoRoom
    from server.backup.file_places import Unreachable
    from server.backup.files import fetch_back

    try:
        fetched = fetch_back(settings.data, settings.replica)
    except NoRoom:
        print("Files      not all could be fetched: there is no room on the disk. The rest later: roadbook fetch-files")
        return
    except (Unreachable, OSError, sqlite3.Error) as error:
        print(f"Files      not all could be fetched ({error}). The rest later: roadbook fetch-files")
        return
    lack = f"; {len(fetched.missing)} are not there: phones that have them bring them" if fetched.missing else ""
    print(f"Files      {fetched.files} fetched, {fetched.bytes:,} bytes{lack}")


def fetch_files(options: argparse.Namespace) -> int:
    _fetch_files(read_settings(firm=options.firm))
    return 0


def begin_new_life(firm, url: str) -> str:
    from server.backup import mending

    firm.begin_new_life()
    mending.ask_anew(firm.path / "roadbook.db")
    return (
        "This firm's file counts as put back from a copy: every device fetches its rows anew and sends again"
        " what the copy does not have. Start the server now; nobody has to do anything."
        + told_on_arrival(firm.path)
    )
