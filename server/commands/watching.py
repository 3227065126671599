"""doctor, status: whether this machine is fit for its firms, and how they stand."""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Mapping
from dataclasses import asdict
from urllib.parse import urlsplit

from server.config import WrongSetting, read_data_folder, read_hosted, read_settings, unknown_settings
from server.doctor import Finding, examine, examine_firm, examine_machine, worst

SEE = "see ADMINISTRATION.md, Settings; on an installed machine they stand in /etc/roadbook/roadbook.env"


def add_to(commands) -> None:
    doctor = commands.add_parser("doctor", help="check this machine, its firms and what they need of others")
    doctor.add_argument("--json", action="store_true", help="findings as JSON")
    doctor.add_argument("--here", action="store_true", help="only what needs no network")
    doctor.set_defaults(command=examine_all)

    status = commands.add_parser("status", help="how the firms stand, as the server that runs says it")
    status.add_argument("--json", action="store_true", help="as JSON")
    status.set_defaults(command=tell_status)


def examine_all(options: argparse.Namespace) -> int:
    """1 where something failed."""
    found = {"": [*examine_machine(), check_settings()]}
    try:
        firms = hosted(options.firm)
    except WrongSetting as wrong:
        found = {
            "": [Finding("settings", "failed", str(wrong), SEE), *_of_folder(options)]
        }
    else:
        found |= {urlsplit(one.url).netloc: list(examine_firm(one, options.here)) for one in firms}
    every = [finding for findings in found.values() for finding in findings]
    if options.json:
        told = [{"firm": host} | asdict(finding) for host, findings in found.items() for finding in findings]
        print(json.dumps({"state": worst(every), "findings": told}, ensure_ascii=False, indent=1))
    else:
        for host, findings in found.items():
            _print(host, findings)
    return 1 if worst(every) == "failed" else 0


def check_settings(environ: Mapping[str, str] = os.environ) -> Finding:
    """What is misspelled is not there: a replica, say, that everybody believes to have."""
    unknown = unknown_settings(environ)
    return Finding("settings", "warning" if unknown else "ok", "; ".join(unknown) or "each is known", SEE)


def _of_folder(options: argparse.Namespace) -> list[Finding]:
    """What can be said without the other settings."""
    try:
        return list(examine(read_data_folder(firm=options.firm)))
    except WrongSetting:
        return list(examine_machine())


def _print(host: str, findings: list[Finding]) -> None:
    if host:
        print(f"\n{host}")
    for finding in findings:
        print(f"{finding.state:8} {finding.name}: {finding.words}")
        if finding.way_out and finding.state != "ok":
            print(f"{'':8} → {finding.way_out}")


def hosted(firm: str | None):
    """The settings of the firm that is named, or of all."""
    return read_hosted() if firm is None else [read_settings(firm=firm)]


def tell_status(options: argparse.Namespace) -> int:
    """1 where something does not work, or the server does not answer."""
    from server.doctor import status

    told = {urlsplit(one.url).netloc: status.of_firm(one) for one in hosted(options.firm)}
    if options.json:
        print(json.dumps(told, ensure_ascii=False, indent=1))
    else:
        print("\n\n".join("\n".join(status.lines(host, of_firm)) for host, of_firm in told.items()))
    return 0 if all(of_firm.get("status") == "ok" for of_firm in told.values()) else 1
