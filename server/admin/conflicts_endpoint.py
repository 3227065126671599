"""/admin/conflicts: the firm's conflicts as a page and as a file. Asks first whether the person is an administrator."""

from __future__ import annotations

from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from server import audit
from server.admin import conflicts
from server.admin.conflicts import Filter
from server.admin.endpoint import administrator
from server.html import macros, show, text_for
from server.pages import speaking
from server.spreadsheet import csv_bytes
from web.reasons import N_
from web.text import Text

ON_A_PAGE = conflicts.MOST_AT_ONCE
MOST_IN_FILE = 100_000

COLUMNS = {
    "arose": N_("Date and time"),
    "kind": N_("Kind"),
    "where": N_("Where"),
    "title": N_("Name"),
    "account": N_("Customer"),
    "field": N_("Field"),
    "base": N_("Before"),
    "kept": N_("Kept"),
    "kept_by": N_("Kept: by whom"),
    "lost": N_("The other"),
    "lost_by": N_("The other: by whom"),
    "settled": N_("Settled"),
    "settled_by": N_("Settled by"),
    "id": N_("Number in Roadbook"),
}


async def page(request: Request) -> Response:
    administrator(request)
    done, gone = (_whole(request.query_params.get(name)) for name in ("done", "gone"))
    return _page(request, _filter(request), done=done, gone=gone)


async def settle(request: Request) -> Response:
    """POST id=… (several), side=keep or take."""
    by = administrator(request)
    firm = request.app.state.firm
    async with request.form(max_fields=200) as form:
        ids, side = [str(one) for one in form.getlist("id")], form.get("side")
    settled = await firm.write(lambda conn: conflicts.settle(conn, firm, by, ids, take=side == "take"))
    if settled.refused:
        return _page(request, _filter(request), done=settled.done, gone=settled.gone, refused=settled.refused)
    told = {"done": settled.done, "gone": settled.gone}
    return RedirectResponse(f"/admin/conflicts?{urlencode(_asked(_filter(request)) | told)}", 303)


async def file(request: Request) -> Response:
    by = administrator(request)
    firm, text = request.app.state.firm, text_for(request)
    with firm.look() as conn:
        found = conflicts.find(conn, _filter(request), firm.clock(), MOST_IN_FILE)
        lines = conflicts.sides(conn, [one["id"] for one in found])
    headers = {"Content-Disposition": 'attachment; filename="conflicts.csv"'}
    with speaking(text):
        data = conflicts_csv(found, lines, text)
    rows = {"rows": len(found)}
    await firm.write(lambda conn: audit.note_by(conn, firm.clock(), by, "exported", "conflicts.csv", rows))
    return Response(data, media_type="text/csv; charset=utf-8", headers=headers)


def conflicts_csv(found: list[dict], lines: list[dict], text: Text) -> bytes:
    """One line a field; a conflict in which no field differs has one line, too.  To be called while `speaking`."""
    words = macros("_labels.html")
    by_id: dict[str, list[dict]] = {}
    for line in lines:
        by_id.setdefault(line["id"], []).append(line)
    rows = [_cells(one, line, words, text) for one in found for line in by_id.get(one["id"], [None])]
    return csv_bytes([text.gettext(header) for header in COLUMNS.values()], rows)


def _cells(one: dict, line: dict | None, words, text: Text) -> list:
    def said(side: str) -> str:
        if one.get(f"{side}_deletes"):
            return text.gettext("Deleted it")
        return str(words.value(one["target_entity"], line["field"], line[side], line[f"{side}_shown"])) if line else ""

    return [
        _minute(max(one["kept_at_ms"] or 0, one["lost_at_ms"] or 0), text),
        kind_in_words(one["kind"], text),
        str(words.entity(one["target_entity"])),
        one["title"],
        one["account_name"],
        str(words.field(line["field"])) if line else "",
        said("base"),
        said("kept"),
        one["kept_by_name"],
        said("lost"),
        one["lost_by_name"],
        _minute(one["settled_at_ms"], text),
        one["settled_by_name"],
        one["id"],
    ]


def kind_in_words(kind: str, text: Text) -> str:
    _ = text.gettext
    return {
        "field": _("Changed in two places"),
        "delete": _("Changed and deleted"),
        "proposal": _("Proposals"),
    }.get(kind, kind)


def _minute(ms: int | None, text: Text) -> str:
    return text.iso(ms).replace("T", " ") if ms else ""


def _page(request: Request, wanted: Filter, refused: list | None = None, **told) -> Response:
    firm, text = request.app.state.firm, text_for(request)
    now_ms, at = firm.clock(), _whole(request.query_params.get("page"))
    with firm.look() as conn:
        found = conflicts.find(conn, wanted, now_ms, ON_A_PAGE + 1, at * ON_A_PAGE)
        shown = {
            "conflicts": found[:ON_A_PAGE],
            "has_more": len(found) > ON_A_PAGE,
            "lines": conflicts.sides(conn, [one["id"] for one in found[:ON_A_PAGE]]),
            "total": conflicts.count(conn, wanted, now_ms),
            "by_person": conflicts.count_by_person(conn),
            "by_week": conflicts.count_by_week(conn, now_ms),
            "waiting": conflicts.waiting(conn),
            "people": conflicts.people(conn),
        }
    why = {conflict_id: text.reason(reason, detail) for conflict_id, reason, detail in refused or []}
    more = {"wanted": wanted, "asked": urlencode(_asked(wanted)), "page": at, "why": why, "status": 422 if why else 200}
    return show(request, "admin_conflicts.html", **shown, **more, **told)


def _filter(request: Request) -> Filter:
    given = request.query_params
    state = "settled" if given.get("state") == "settled" else "open"
    texts = {name: given.get(name, "") for name in ("person", "entity", "kind")}
    return Filter(state, days=_whole(given.get("days")), **texts)


def _asked(wanted: Filter) -> dict:
    """The filter as an address says it."""
    return {name: value for name, value in wanted.__dict__.items() if value and (name, value) != ("state", "open")}


def _whole(text: str | None) -> int:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 7 else 0


routes = [
    Route("/admin/conflicts", page),
    Route("/admin/conflicts", settle, methods=["POST"]),
    Route("/admin/conflicts.csv", file),
]
