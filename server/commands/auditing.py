"""audit: is the audit log whole, and is it still what a CSV from before says?"""

from __future__ import annotations

import argparse
import csv
from pathlib import Path

from server import audit, let_in

from .in_firm import tell


def add_to(commands) -> None:
    log = commands.add_parser("audit", help="check that the log of who did what is whole")
    what = log.add_subparsers(required=True, metavar="WHAT")
    verify = what.add_parser("verify", help="find an entry that was changed, removed or slipped in")
    verify.add_argument("--against", type=Path, metavar="CSV", help="a log that was taken out before")
    verify.set_defaults(command=checked)


def checked(options: argparse.Namespace) -> int:
    return tell(verify, "against")(options)


def verify(firm, url: str, against: Path | None) -> str:
    """Raises let_in.Unknown, which ends the command with status 1, where something does not fit."""
    exported = _read(against) if against else {}
    with firm.look() as db:
        found = audit.verify(db)
        differs_at = audit.verify_export(db, exported)
    if found.broken_at is not None:
        raise let_in.Unknown(
            f"the audit log is broken at entry {found.broken_at}: it, or one before it, was changed or removed by"
            " somebody who can write the database. A copy from before shows what it said"
        )
    if differs_at is not None:
        raise let_in.Unknown(f"entry {differs_at} of the audit log is not what {against} says: the log was rewritten")
    same = f", all {len(exported)} of {against} among them" if against else ""
    return f"The audit log is whole: {found.entries} entries{same}. Fingerprint of the last: {found.hash or 'none yet'}"


def _read(path: Path) -> dict[int, str]:
    """Number -> hash of a log that was taken out. Raises let_in.Unknown."""
    try:
        with open(path, encoding="utf-8-sig", newline="") as file:
            lines = list(csv.reader(file))[1:]
        return {int(line[0]): line[-1] for line in lines}
    except (OSError, ValueError, IndexError, csv.Error) as error:
        raise let_in.Unknown(f"{path} is no audit log as Roadbook writes it: {error}") from None
