"""The command `roadbook`: run a sample, serve a firm, let people in, look after it.

Commands read ROADBOOK_DATA and the other settings from the environment, except `run`, which needs nothing.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from server import let_in
from server.config import WrongSetting, read_data_folder, read_settings
from server.doctor import examine, why_not_serve
from server.firm import Firm
from server.serve import CannotServe, run_sample, serve_firm

SAMPLE_FOLDER = Path(__file__).parent.parent / "var"


def main(argv: list[str] | None = None) -> None:
    """Ends the process with status 1 and a sentence where a command cannot do what it was asked."""
    argv = sys.argv[1:] if argv is None else argv
    try:
        # Import and export have options of their own, declared where they are carried out.
        if argv[:1] == ["import"]:
            status = import_files(argv[1:])
        elif argv[:1] == ["export"]:
            status = export_files(argv[1:])
        else:
            options = parser().parse_args(argv)
            status = options.command(options)
    except (WrongSetting, CannotServe, let_in.Unknown) as error:
        sys.exit(f"roadbook: {error}")
    sys.exit(status or 0)


def parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="roadbook", description="An offline-first CRM for small firms.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    run = commands.add_parser("run", help="try it: a sample firm on http://localhost:8000")
    run.add_argument("--port", type=int, default=8000)
    run.add_argument("--data", type=Path, default=SAMPLE_FOLDER, help="folder of the sample firm (default: var)")
    run.set_defaults(command=lambda options: run_sample(options.data.absolute(), options.port))

    serving = commands.add_parser("serve", help="serve the firm in ROADBOOK_DATA")
    serving.set_defaults(command=lambda options: serve())

    admin = commands.add_parser("admin", help="make somebody an administrator; in a new firm, show the set-up link")
    admin.add_argument("person", nargs="?", help="login, name or id")
    admin.set_defaults(command=lambda options: in_firm(let_in.admin, options.person))

    invite = commands.add_parser("invite", help="make an invite link for somebody")
    invite.add_argument("person", help="login, name or id; with --role, the name of a new person")
    invite.add_argument("--role", help="add the person first, in the role of this name")
    invite.set_defaults(command=lambda options: in_firm(let_in.invite, options.person, options.role))

    code = commands.add_parser("code", help="make a one-time code with which somebody signs in")
    code.add_argument("person", help="login, name or id")
    code.set_defaults(command=lambda options: in_firm(let_in.code, options.person))

    restored = commands.add_parser("restored", help="say that the firm's file was put back from a copy")
    restored.set_defaults(command=lambda options: in_firm(begin_new_life))

    commands.add_parser("import", help="bring in customers and contacts from files: see roadbook import --help")
    commands.add_parser("export", help="write customers and contacts to files: see roadbook export --help")

    doctor = commands.add_parser("doctor", help="check this machine and the firm's folder")
    doctor.set_defaults(command=lambda options: report(read_data_folder()))
    return parser


def serve() -> int:
    settings = read_settings()
    finding = why_not_serve()
    if finding:
        print(f"roadbook: {finding.name}: {finding.words}.\nWay out: {finding.way_out}", file=sys.stderr)
        return 1
    serve_firm(settings)
    return 0


def in_firm(act, *arguments) -> int:
    """Run act(firm, public url, …) in the firm of ROADBOOK_DATA and print what it says."""
    settings = read_settings()
    firm = Firm.open(settings.data)
    try:
        print(act(firm, settings.url, *arguments))
    finally:
        firm.close()
    return 0


def begin_new_life(firm, url: str) -> str:
    firm.begin_new_life()
    return (
        "This firm's file counts as put back from a copy: every device fetches its rows anew and sends again"
        " what the copy does not have. Start the server now; nobody has to do anything."
    )


def import_files(argv: list[str]) -> int:
    from server.imports.cli import main as imports_main

    return _with_firm(imports_main, argv)


def export_files(argv: list[str]) -> int:
    from server.export import main as export_main

    return _with_firm(export_main, argv)


def _with_firm(act, argv: list[str]) -> int:
    firm = Firm.open(read_data_folder())
    try:
        return act(argv, firm) or 0
    finally:
        firm.close()


def report(folder: Path) -> int:
    """Print every finding; 1 where one failed."""
    findings = list(examine(folder))
    for finding in findings:
        print(f"{finding.state:8} {finding.name}: {finding.words}")
        if finding.way_out:
            print(f"{'':8} → {finding.way_out}")
    return 1 if any(finding.state == "failed" for finding in findings) else 0
