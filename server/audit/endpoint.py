"""The page of the audit log, and the log as CSV: `routes`. For administrators only; taking it out is noted in it."""

from __future__ import annotations

from datetime import date
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from server import audit
from server.admin.endpoint import administrator
from server.audit import reading, words
from server.audit.actions import ACTIONS
from server.audit.reading import Filter
from server.html import macros, show, text_for
from server.pages import speaking
from server.spreadsheet import csv_bytes
from web import dates
from web.reasons import N_
from web.text import Text

ON_A_PAGE = 50
MOST_IN_FILE = 200_000
# The first and the last are what `roadbook audit verify --against` reads.
HEADER = (
    N_("Number"), N_("Date and time"), N_("Person"), N_("Number of the person"), N_("Number of the device"),
    N_("Action"), N_("Name of the action"), N_("About"), N_("What it is about"), N_("Details"), N_("Fingerprint"),
)  # fmt: skip


async def page(request: Request) -> Response:
    administrator(request)
    firm, text, wanted = request.app.state.firm, text_for(request), _filter(request)
    with firm.look() as conn:
        found = reading.find(conn, wanted, ON_A_PAGE + 1, _whole(request.query_params.get("before")))
        people, actions = reading.people(conn), reading.actions(conn)
    with speaking(text):
        labels = macros("_labels.html")
        entries = [_shown(text, entry, labels) for entry in found[:ON_A_PAGE]]
    asked = {name: value for name, value in _given(request).items() if value}
    more = urlencode(asked | {"before": found[ON_A_PAGE - 1]["n"]}) if len(found) > ON_A_PAGE else ""
    choices = {"people": people, "actions": [(name, words.action(text, name)) for name in actions]}
    shown = {"entries": entries, "given": _given(request), "asked": urlencode(asked), "more": more}
    return show(request, "admin_audit.html", **shown, **choices)


def _shown(text: Text, entry: dict, labels) -> dict:
    return entry | {
        "said": words.action(text, entry["action"]),
        "what": words.row(text, entry["entity"], labels) if entry["entity"] else "",
        "details": words.details(text, entry, labels),
    }


async def file(request: Request) -> Response:
    by = administrator(request)
    firm, text, wanted = request.app.state.firm, text_for(request), _filter(request)
    with firm.look() as conn:
        found = reading.find(conn, wanted, MOST_IN_FILE)
    data = csv_bytes([text.gettext(name) for name in HEADER], [_line(text, entry) for entry in found])
    rows = {"rows": len(found)}
    await firm.write(lambda conn: audit.note_by(conn, firm.clock(), by, "audit_exported", "", rows))
    headers = {"Content-Disposition": 'attachment; filename="audit.csv"'}
    return Response(data, media_type="text/csv; charset=utf-8", headers=headers)


def _line(text: Text, entry: dict) -> tuple:
    said = words.action(text, entry["action"])
    who = entry["person"], entry["user_id"], entry["device_id"]
    what = entry["action"], said, entry["subject"], entry["about"], entry["detail_json"]
    return (entry["n"], text.iso(entry["at_ms"]).replace("T", " "), *who, *what, entry["hash"])


def _filter(request: Request) -> Filter:
    given, tz = _given(request), text_for(request).tz
    until = dates.add_days(given["until"], 1) if given["until"] else ""
    days = {"from_ms": _start_of(given["from"], tz), "until_ms": _start_of(until, tz)}
    return Filter(given["person"], given["action"], **days)


def _given(request: Request) -> dict[str, str]:
    """The filter as the address says it; what is no action and no day counts as left out."""
    given = {name: request.query_params.get(name, "") for name in ("person", "action", "from", "until")}
    given["action"] = given["action"] if given["action"] in ACTIONS else ""
    return given | {name: given[name] if _is_day(given[name]) else "" for name in ("from", "until")}


def _is_day(text: str) -> bool:
    try:
        return 1970 <= date.fromisoformat(text).year < 9999 and len(text) == 10
    except ValueError:
        return False


def _start_of(day: str, tz: str) -> int:
    return dates.day_start_ms(day, tz) if day else 0


def _whole(text: str | None) -> int:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 16 else 0


routes = [Route("/admin/audit", page), Route("/admin/audit.csv", file)]
