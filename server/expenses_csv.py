"""The expenses that a page of /expenses counts, as a file: the same query, the same reader, every line.

    GET /export/expenses.csv?period=…&person=…        what `web/pages/expenses.sql` reads, with the same defaults

It runs that page's own queries through the person's scoped reader, so that the file can hold neither more nor
less than the page says.  Writes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from server import audit
from server.html import text_for, who
from server.pages import Pages, run_queries
from server.person import me_of, timezone_of
from server.spreadsheet import csv_bytes
from web.reasons import N_
from web.text import Text

# What the lines need, in the page's order.
QUERIES = ("home", "days", "lines")
COLUMNS = (
    N_("Date of the expense"),
    N_("Person"),
    N_("Department"),
    N_("Category"),
    N_("Customer"),
    N_("Request"),
    N_("State"),
    N_("Claimed"),
    N_("Sanctioned"),
    N_("Currency"),
    N_("Rate"),
    N_("In %(currency)s"),
    N_("Receipt number"),
    N_("Note"),
    N_("Number in Roadbook"),
)


async def file(request: Request) -> Response:
    session, _ = who(request)
    state = request.app.state
    asked = dict(request.query_params)
    args = (state.firm, state.pages, session.user_id, asked, text_for(request))
    data = await to_thread.run_sync(expenses_csv, *args)
    firm, by = state.firm, (session.user_id, session.device_id)
    lines = {"bytes": len(data)}
    await firm.write(lambda conn: audit.note(conn, firm.clock(), *by, "exported", "expenses.csv", lines))
    headers = {"Content-Disposition": 'attachment; filename="expenses.csv"', "Cache-Control": "no-store"}
    return Response(data, media_type="text/csv; charset=utf-8", headers=headers)


def expenses_csv(firm, pages: Pages, user_id: str, asked: Mapping[str, str], text: Text) -> bytes:
    """asked: the query values of the page; what it does not declare is dropped, and all lines are asked for."""
    page, _ = pages.match("/expenses")
    page = replace(page, queries=tuple(query for query in page.queries if query.name in QUERIES))
    with firm.read(user_id) as conn:
        tz = timezone_of(me_of(conn, user_id), firm)
        given = {name: str(asked.get(name, default)) for name, default in page.defaults.items()}
        given |= {"most": "-1", "me": user_id, "now_ms": text.now_ms, "tz": tz}
        given |= {"today": Text(text.lang, tz, text.now_ms).today, "lang": text.lang}
        found = run_queries(conn, page, given)
    header = [text.gettext(name, currency=found["home"]) for name in COLUMNS]
    return csv_bytes(header, (_cells(line, text) for line in found["lines"]))


def _cells(line: dict, text: Text) -> tuple:
    granted = line["amount_cents"] if line["sanctioned_cents"] is None else line["sanctioned_cents"]
    return (
        line["day"],
        line["person_name"],
        line["department_name"],
        line["category_name"],
        line["account_name"],
        line["title"],
        text.gettext(_state(line)),
        text.amount(line["amount_cents"]),
        text.amount(granted) if line["state"] == "approved" else None,
        line["currency"],
        _rate(line["rate_e6"]),
        text.amount(line["cents"]),
        line["receipt_no"],
        line["note"],
        line["id"],
    )


def _state(line: dict) -> str:
    if line["state"] == "pending":
        return N_("Pending")
    return N_("Paid") if line["paid_at_ms"] else N_("Approved")


def _rate(rate_e6: int | None) -> str:
    whole, millionths = divmod(1_000_000 if rate_e6 is None else rate_e6, 1_000_000)
    return f"{whole}.{millionths:06}".rstrip("0").rstrip(".")


routes = [Route("/export/expenses.csv", file)]
