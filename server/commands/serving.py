"""run, serve: a firm on a socket."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from server.config import read_firms_folder, read_hosted, read_process_settings, unknown_settings
from server.doctor import why_not_serve
from server.serve import run_sample, serve_firm, serve_firms
from server.setting_values import read_port

SAMPLE_FOLDER = Path(__file__).parents[2] / "var"


def add_to(commands) -> None:
    run = commands.add_parser("run", help="try it: a sample firm on http://localhost:8000; needs no settings")
    run.add_argument("--port", type=_port, default=8000, help="where to listen on this machine (default: 8000)")
    run.add_argument(
        "--data", metavar="FOLDER", type=Path, default=SAMPLE_FOLDER, help="folder of the sample firm (default: var)"
    )
    run.set_defaults(command=lambda options: run_sample(options.data.absolute(), options.port))

    serving = commands.add_parser(
        "serve",
        help="serve the firm in ROADBOOK_DATA, or those in ROADBOOK_FIRMS",
        more="In an empty folder it begins a new firm, and shows the link that makes its first administrator.",
    )
    serving.set_defaults(command=serve)


def _port(text: str) -> int:
    try:
        return read_port(text)
    except ValueError as wrong:
        raise argparse.ArgumentTypeError(str(wrong)) from None


def serve(options: argparse.Namespace) -> int:
    process = read_process_settings()
    for words in unknown_settings():
        print(f"roadbook: {words}", file=sys.stderr)
    finding = why_not_serve()
    if finding:
        print(f"roadbook: {finding.name}: {finding.words}.\nWay out: {finding.way_out}", file=sys.stderr)
        return 1
    if read_firms_folder() is None:
        serve_firm(process)
    else:
        serve_firms(process, read_hosted)
    return 0
