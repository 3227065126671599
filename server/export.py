"""Taking the data out: customers, contacts and activities as CSV, contacts as vCard 4.0.

Everything is read through the scoped reader of one person: an export never holds what that person may not
see.  The headers are words that the import knows, so that what is taken out can be brought in again.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

from anyio import to_thread
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from server import audit, vcards
from server.export_columns import ACCOUNT_COLUMNS, ACTIVITY_COLUMNS, ACTIVITY_KINDS, CONTACT_COLUMNS
from server.html import show, text_for, who
from server.imports.duplicates import find_people, who_else
from server.sign_in import fresh
from server.spreadsheet import csv_bytes
from web.text import Text

ACCOUNTS_SQL = """
SELECT a.*, p.name AS parent_name, u.name AS owner_name FROM account AS a
  LEFT JOIN account AS p ON p.id = a.parent_id LEFT JOIN user AS u ON u.id = a.owner_id
  ORDER BY a.name, a.id
"""
CONTACTS_SQL = """
SELECT c.*, a.name AS account_name, u.name AS owner_name FROM contact AS c
  LEFT JOIN account AS a ON a.id = c.account_id LEFT JOIN user AS u ON u.id = c.owner_id
  ORDER BY a.name, c.name, c.id
"""
ACTIVITIES_SQL = """
SELECT v.*, a.name AS account_name, u.name AS owner_name,
    (SELECT group_concat(c.name, '; ') FROM json_each(v.contact_ids) AS j
      JOIN contact AS c ON c.id = j.value) AS contact_names
  FROM activity AS v LEFT JOIN account AS a ON a.id = v.account_id LEFT JOIN user AS u ON u.id = v.owner_id
  ORDER BY v.at_ms DESC, v.id DESC
"""


def accounts_csv(conn, text: Text) -> bytes:
    return _csv(ACCOUNT_COLUMNS, (_account(row) for row in conn.execute(ACCOUNTS_SQL)), text)


def contacts_csv(conn, text: Text) -> bytes:
    return _csv(CONTACT_COLUMNS, (_contact(row) for row in conn.execute(CONTACTS_SQL)), text)


def activities_csv(conn, text: Text) -> bytes:
    return _csv(ACTIVITY_COLUMNS, (_activity(row, text) for row in conn.execute(ACTIVITIES_SQL)), text)


def contacts_vcf(conn, text: Text) -> bytes:
    return vcards.cards(conn.execute(CONTACTS_SQL))


# What a line of each file is, as the person's own reader sees it.
LINES = {"accounts.csv": "account", "contacts.csv": "contact", "activities.csv": "activity", "contacts.vcf": "contact"}

FILES: dict[str, Callable[[object, Text], bytes]] = {
    "accounts.csv": accounts_csv,
    "contacts.csv": contacts_csv,
    "activities.csv": activities_csv,
    "contacts.vcf": contacts_vcf,
}


def _csv(columns: dict[str, str], rows: Iterable[dict], text: Text) -> bytes:
    return csv_bytes(
        [text.gettext(header) for header in columns.values()], ([row[name] for name in columns] for row in rows)
    )


def _account(row) -> dict:
    derived = {"account.parent": row["parent_name"], "owner": row["owner_name"], "id": row["id"]}
    place = {"account.lat_e6": _degrees(row["lat_e6"]), "account.lng_e6": _degrees(row["lng_e6"])}
    return _plain("account", ACCOUNT_COLUMNS, row) | derived | place


def _contact(row) -> dict:
    derived = {"account.name": row["account_name"], "owner": row["owner_name"], "id": row["id"]}
    return _plain("contact", CONTACT_COLUMNS, row) | derived


def _activity(row, text: Text) -> dict:
    return {
        "at": text.iso(row["at_ms"]).replace("T", " "),
        "kind": text.gettext(ACTIVITY_KINDS.get(row["kind"], row["kind"])),
        "account": row["account_name"],
        "contacts": row["contact_names"],
        "owner": row["owner_name"],
        "body": row["body"],
        "minutes": row["minutes"],
        "checkin": text.iso(row["checkin_at_ms"]).replace("T", " "),
        "id": row["id"],
    }


def _plain(entity: str, columns: dict[str, str], row) -> dict:
    """Columns that the row itself has; members of a set with semicolons between them."""
    held = set(row.keys())
    names = [name for name in columns if name.startswith(f"{entity}.") and name.split(".")[1] in held]
    return {name: _cell(row[name.split(".")[1]]) for name in names}


def _cell(value: object) -> object:
    is_set = isinstance(value, str) and value.startswith("[") and value.endswith("]")
    return "; ".join(json.loads(value)) if is_set else value


def _degrees(e6: int | None) -> str | None:
    return None if e6 is None else f"{e6 / 1_000_000:.6f}"


# --- the page ----------------------------------------------------------------------------------------


async def page(request: Request) -> Response:
    who(request)
    return show(request, "export.html")


async def file(request: Request) -> Response:
    session, _ = who(request)
    firm, name = request.app.state.firm, request.path_params["name"]
    if name not in FILES:
        raise HTTPException(404)
    # Whoever sees everything takes the whole firm's data away.
    refusal = await fresh.demand(request, next_path="/export") if sees_everything(firm, session.user_id) else None
    if refusal:
        return refusal
    data = await to_thread.run_sync(export_for, firm, session.user_id, name, text_for(request))
    detail = {"rows": rows_in(firm, session.user_id, name)}
    by = session.user_id, session.device_id
    await firm.write(lambda conn: audit.note(conn, firm.clock(), *by, "exported", name, detail))
    kind = "text/vcard" if name.endswith(".vcf") else "text/csv"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(data, media_type=f"{kind}; charset=utf-8", headers=headers)


def sees_everything(firm, user_id: str) -> bool:
    with firm.look() as conn:
        found = conn.execute(
            "SELECT 1 FROM user JOIN role ON role.id = user.role_id WHERE user.id = ? AND data_scope = 'everything'",
            (user_id,),
        ).fetchone()
    return found is not None


def rows_in(firm, user_id: str, name: str) -> int:
    """How many lines a file of FILES has for this person."""
    with firm.read(user_id) as conn:
        return conn.execute(f"SELECT count(*) FROM {LINES[name]}").fetchone()[0]


def export_for(firm, user_id: str, name: str, text: Text) -> bytes:
    """A file of FILES with what this person may see."""
    with firm.read(user_id) as conn:
        return FILES[name](conn, text)


routes = [Route("/export", page), Route("/export/{name}", file)]


# --- the command -------------------------------------------------------------------------------------


def main(argv: list[str], firm) -> int:
    """`roadbook export accounts.csv --for anna`. Returns 0, or 2 where nothing could be written."""
    options = parser().parse_args(argv)
    people = find_people(firm, options.person)
    if len(people) != 1:
        print(f"roadbook: --for {options.person}: {who_else(people)}", file=sys.stderr)
        return 2
    data = export_for(firm, people[0], options.file, Text(options.language, firm.timezone, firm.clock()))
    detail = {"rows": rows_in(firm, people[0], options.file), "for": people[0]}
    firm.write_now(lambda conn: audit.note(conn, firm.clock(), "", "", "exported", options.file, detail))
    if options.output:
        options.output.write_bytes(data)
    else:
        sys.stdout.buffer.write(data)
    return 0


def parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="roadbook export",
        description="Write what one person may see to a file: CSV for spreadsheets (UTF-8 with a byte order mark),"
        " or contact cards (vCard 4.0).",
        epilog="A cell that a spreadsheet would run as a formula gets an apostrophe in front;"
        " an import takes it off again.",
    )
    parser.add_argument("file", choices=list(FILES))
    parser.add_argument(
        "--for",
        dest="person",
        required=True,
        metavar="PERSON",
        help="login, name or id; an administrator sees everything",
    )
    parser.add_argument("--output", "-o", type=Path, metavar="FILE", help="else to standard output")
    parser.add_argument("--language", choices=["en", "zh-Hans", "zh-Hant"], default="en", help="of the headers")
    return parser
