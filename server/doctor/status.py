"""How a firm stands, in a few lines: asked of the server that runs, over the loopback address.

A server that does not answer is said plainly; then the database and the small files beside it are read.
"""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from contextlib import closing
from urllib.parse import urlsplit

from server.database import connect_reader, sqlite3
from server.version import version
from server.watching import gauges, words
from web.text import Text

from .away import examine_daily

TIMEOUT_S = 15
DAILY = {"replica": "Replica", "copy": "Daily copy", "drill": "Trial restore"}


def of_firm(settings) -> dict:
    """What /healthz says to this machine, of this firm alone; 'status' is 'down' where no server answers."""
    host = urlsplit(settings.url).netloc
    asked = urllib.request.Request(f"http://{_here(settings.host)}:{settings.port}/healthz", headers={"Host": host})
    # No proxy of the environment: it is this machine that is asked.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        answer = json.load(opener.open(asked, timeout=TIMEOUT_S))
    except urllib.error.HTTPError as error:
        if error.code != 503:
            return _down(settings, f"another server answers ({error.code})")
        answer = json.load(error)
    except (OSError, ValueError) as error:
        return _down(settings, _in_words(getattr(error, "reason", error)))
    if not isinstance(answer, dict) or host not in answer.get("firms", {}):
        return _down(settings, "another server answers")
    firm = answer.pop("firms")[host]
    return answer | firm


def _here(host: str) -> str:
    """Where to ask a server that listens on this address."""
    if host in ("0.0.0.0", "::", ""):
        return "127.0.0.1"
    return f"[{host}]" if ":" in host else host


def _down(settings, why: str) -> dict:
    told = {"status": "down", "why": f"{why} at {_here(settings.host)}:{settings.port}", "version": version()}
    now_ms = time.time_ns() // 1_000_000
    file = settings.data / "roadbook.db"
    try:
        with closing(connect_reader(file)) as db:
            seen, last_ms = gauges.devices_seen(db, now_ms)
        told |= {"devices": dict(zip(("day", "week", "month", "longer"), seen, strict=True)), "last_seen_ms": last_ms}
        told["database_bytes"] = gauges.size(file)
    except sqlite3.Error as error:
        told["why"] += f"; the database cannot be read: {error}"
    daily = examine_daily(settings, now_ms)
    told["parts"] = {finding.name: {"state": finding.state, "words": finding.words} for finding in daily}
    return told


def lines(host: str, told: dict) -> list[str]:
    """For people."""
    now_ms = time.time_ns() // 1_000_000
    text = Text("en", "UTC", now_ms)
    shown = [f"{host}: {_overall(told)} (version {told['version']})"]
    if "people" in told:
        shown.append(_line("People", text.number(told["people"])))
    if "devices" in told:
        seen = told["devices"]
        of_today = f"{text.number(sum(seen.values()))}, {text.number(seen['day'])} of them seen within a day"
        shown.append(_line("Devices", of_today))
        shown.append(_line("Last seen", text.since(told["last_seen_ms"]) if told["last_seen_ms"] else "never"))
    if "last_sync_ms" in told:
        shown.append(_line("Last sync", text.since(told["last_sync_ms"]) if told["last_sync_ms"] else "none yet"))
    for name, key in (("Notices", "notices_wait_ms"), ("Reminders", "reminders_wait_ms")):
        if key in told:
            waits = f"the oldest waits {told[key] / 1000:,.0f} s" if told[key] else "none waits"
            shown.append(_line(name, waits))
    if "database_bytes" in told:
        shown.append(_line("Database", words.room(text, told["database_bytes"])))
    for key, part in told.get("parts", {}).items():
        if key in DAILY or part["state"] != "ok":
            shown.append(_line(DAILY.get(key, key.capitalize()), part["words"], part.get("way_out", "")))
    return shown


def _in_words(reason: object) -> str:
    """Without the number that the system has for it."""
    return (getattr(reason, "strerror", None) or str(reason)).lower()


def _overall(told: dict) -> str:
    if told["status"] == "down":
        return f"no server: {told['why']}"
    failing = told.get("failing") or []
    return f"failing: {', '.join(failing)}" if failing else "works"


def _line(name: str, said: str, way_out: str = "") -> str:
    return f"  {name + ':':15} {said}" + (f"\n{'':18}→ {way_out}" if way_out else "")
