"""The pages of what may be asked for: `routes`. For administrators only.

The editor is one plain form. Its buttons (add, remove, up, down, try) post all of it, and it comes back with everything
typed and nothing saved; only the button that saves does.
"""

from __future__ import annotations

import itertools

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from server.admin import approvals, approvals_documents, approvals_draft, approvals_editor, approvals_words
from server.admin.changes import Refused
from server.admin.endpoint import administrator, seen_version, told
from server.approvals import ready_made
from server.approvals.case import firm_currency
from server.approvals.definition import parse
from server.errors import problem
from server.html import show, text_for

# What an editor of many people, fields and steps may post.
MOST_INPUTS = 10_000


async def all_definitions(request: Request) -> Response:
    """POST up=ID or down=ID moves one; ready_made=1 adds the ready-made ones that are missing."""
    by = administrator(request)
    if request.method != "POST":
        return _list_page(request)
    form = dict(await _posted(request))
    lang = text_for(request).lang
    firm = request.app.state.firm
    try:
        await firm.write(lambda conn: _change_list(conn, firm, by, lang, form))
    except Refused as refused:
        return _list_page(request, refused)
    return RedirectResponse("/admin/approvals", 303)


def _change_list(conn, firm, by: str, lang: str, form: dict[str, str]) -> None:
    if form.get("ready_made"):
        ready_made.install(conn, firm, by, lang)
    elif form.get("up"):
        approvals.move(conn, firm, by, form["up"], -1)
    elif form.get("down"):
        approvals.move(conn, firm, by, form["down"], 1)


def _list_page(request: Request, refused: Refused | None = None) -> Response:
    with request.app.state.firm.look() as conn:
        rows, missing = approvals.definitions(conn), ready_made.missing(conn)
    groups = [(subject, list(group)) for subject, group in itertools.groupby(rows, lambda one: one["subject"] or "")]
    shown = {"groups": groups, "missing": missing, "kinds": approvals_words.kinds(text_for(request))}
    return show(request, "admin_approvals.html", **shown, **told(request, {}, refused))


async def new_definition(request: Request) -> Response:
    """GET copy=ID begins with what another one says."""
    return await _edit(request, "")


async def one_definition(request: Request) -> Response:
    return await _edit(request, request.path_params["id"])


async def _edit(request: Request, definition_id: str) -> Response:
    by = administrator(request)
    try:
        if request.method != "POST":
            return _first_page(request, by, definition_id)
        return await _editor_posted(request, by, definition_id)
    except _NoSuchDefinition:
        return problem(request, 404)


class _NoSuchDefinition(Exception):
    """The address names none."""


def _first_page(request: Request, by: str, definition_id: str) -> Response:
    copied = "" if definition_id else request.query_params.get("copy", "")
    with request.app.state.firm.look() as conn:
        about = _row(conn, definition_id or copied)
        draft = approvals_draft.blank(by)
        if about:
            draft = approvals_draft.from_version(about, parse(approvals.current(conn, about["id"])))
        if copied:
            name = draft["name"]
            draft["name"] = text_for(request).gettext("Copy of %(name)s", name=name)
        seen = about["version"] if definition_id else 0
        return approvals_editor.page(request, conn, definition_id, seen, draft, {})


async def _editor_posted(request: Request, by: str, definition_id: str) -> Response:
    firm, items = request.app.state.firm, await _posted(request)
    draft, form = approvals_draft.from_post(items), dict(items)
    with firm.look() as conn:
        _row(conn, definition_id)
        button = form.get("do", "")
        if button not in ("", "save"):
            return approvals_editor.pressed(request, conn, definition_id, seen_version(form), draft, form)
        made = approvals_documents.checked(conn, draft)
        if made.faults:
            return approvals_editor.page(request, conn, definition_id, seen_version(form), draft, form, made.faults)
    try:
        await firm.write(lambda conn: _save(conn, firm, by, definition_id, seen_version(form), made))
    except Refused as refused:
        with firm.look() as conn:
            return approvals_editor.refused(request, conn, definition_id, seen_version(form), draft, form, refused)
    return RedirectResponse("/admin/approvals", 303)


def _save(conn, firm, by: str, definition_id: str, seen: int, made: approvals_documents.Documents) -> None:
    approvals.save(conn, firm, by, definition_id, seen, made.about, made.version)


async def switch(request: Request) -> Response:
    """POST is_active=0 or 1, version."""
    by = administrator(request)
    firm, definition_id, form = request.app.state.firm, request.path_params["id"], dict(await _posted(request))
    is_active = 1 if form.get("is_active") == "1" else 0
    try:
        await firm.write(lambda conn: approvals.switch(conn, firm, by, definition_id, seen_version(form), is_active))
    except Refused as refused:
        return _list_page(request, refused)
    return RedirectResponse("/admin/approvals", 303)


async def all_versions(request: Request) -> Response:
    """Who made which when, and what each changed."""
    administrator(request)
    text = text_for(request)
    with request.app.state.firm.look() as conn:
        try:
            about = _row(conn, request.path_params["id"]) or {}
        except _NoSuchDefinition:
            return problem(request, 404)
        rows = approvals.versions(conn, about["id"])
        known = approvals_words.names(conn, firm_currency(conn))
    for newer, older in itertools.pairwise(rows):
        newer["differences"] = approvals_words.differences(text, parse(older), parse(newer), known)
    return show(request, "admin_approval_versions.html", definition=about, versions=rows)


async def one_version(request: Request) -> Response:
    administrator(request)
    text, number = text_for(request), request.path_params["number"]
    with request.app.state.firm.look() as conn:
        try:
            about = _row(conn, request.path_params["id"]) or {}
            row = approvals.version(conn, about["id"], number)
        except (_NoSuchDefinition, Refused):
            return problem(request, 404)
        known = approvals_words.names(conn, firm_currency(conn))
    definition = parse(row)
    said = approvals_words.items(text, definition, known)
    shown = [pair for key, pair in said.items() if key not in approvals_words.ORDERS]
    way = approvals_words.way(text, definition, known)
    return show(request, "admin_approval_version.html", definition=about, version=row, said=shown, way=way)


def _row(conn, definition_id: str) -> dict | None:
    if not definition_id:
        return None
    try:
        return approvals.definition(conn, definition_id)
    except Refused as refused:
        raise _NoSuchDefinition from refused


async def _posted(request: Request) -> list[tuple[str, str]]:
    async with request.form(max_fields=MOST_INPUTS) as form:
        return [(name, value) for name, value in form.multi_items() if isinstance(value, str)]


routes = [
    Route("/admin/approvals", all_definitions, methods=["GET", "POST"]),
    Route("/admin/approvals/new", new_definition, methods=["GET", "POST"]),
    Route("/admin/approvals/{id}", one_definition, methods=["GET", "POST"]),
    Route("/admin/approvals/{id}/activity", switch, methods=["POST"]),
    Route("/admin/approvals/{id}/versions", all_versions),
    Route("/admin/approvals/{id}/versions/{number:int}", one_version),
]
