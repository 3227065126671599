"""run, serve: a firm on a socket."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from server.config import read_firms_folder, read_hosted, read_process_settings
from server.doctor import why_not_serve
from server.serve import run_sample, serve_firm, serve_firms

SAMPLE_FOLDER = Path(__file__).parents[2] / "var"


def add_to(commands) -> None:
    run = commands.add_parser("run", help="try it: a sample firm on http://localhost:8000")
    run.add_argument("--port", type=int, default=8000)
    run.add_argument("--data", type=Path, default=SAMPLE_FOLDER, help="folder of the sample firm (default: var)")
    run.set_defaults(command=lambda options: run_sample(options.data.absolute(), options.port))

    serving = commands.add_parser("serve", help="serve the firm in ROADBOOK_DATA, or those in ROADBOOK_FIRMS")
    serving.set_defaults(command=serve)


def serve(options: argparse.Namespace) -> int:
    process = read_process_settings()
    finding = why_not_serve()
    if finding:
        print(f"roadbook: {finding.name}: {finding.words}.\nWay out: {finding.way_out}", file=sys.stderr)
        return 1
    if read_firms_folder() is None:
        serve_firm(process)
    else:
        serve_firms(process, read_hosted)
    return 0
