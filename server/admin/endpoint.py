"""The pages of administration: `routes`. Every one of them asks first whether the person is an administrator."""

from __future__ import annotations

import re
from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from server.admin import departments, leaving, people, roles, words
from server.admin.changes import Refused
from server.audit import By
from server.errors import Forbidden, problem
from server.html import show, text_for, who
from server.sign_in import fresh, invites
from server.sign_in.codes import spaced
from server.sign_in.endpoint import typed

PERSON_FIELDS = ("name", "title", "department_id", "role_id", "manager_id")


def administrator(request: Request) -> By:
    """The user id of whoever asks, an administrator, and on which device. Raises SignedOut, Forbidden."""
    session, me = who(request)
    if not me["is_admin"]:
        raise Forbidden
    return By(session.user_id, session.device_id)


async def overview(request: Request) -> Response:
    administrator(request)
    return show(request, "admin.html")


# --- people ------------------------------------------------------------------------------------------


async def all_people(request: Request) -> Response:
    administrator(request)
    with request.app.state.firm.look() as conn:
        rows = people.people(conn)
    return show(request, "admin_people.html", people=rows)


async def new_person(request: Request) -> Response:
    by = administrator(request)
    if request.method != "POST":
        return _person_page(request, None)
    firm, form = request.app.state.firm, await typed(request)
    refusal = await _proof_for_role(request, form, None)
    if refusal:
        return refusal
    try:
        user_id = await firm.write(lambda conn: people.add(conn, firm, by, _person_fields(form)))
    except Refused as refused:
        return _person_page(request, None, form, refused)
    return RedirectResponse(f"/admin/people/{user_id}", 303)


async def one_person(request: Request) -> Response:
    by = administrator(request)
    firm, user_id = request.app.state.firm, request.path_params["id"]
    if request.method != "POST":
        return _person_page(request, user_id)
    form = await typed(request)
    seen = seen_version(form)
    refusal = await _proof_for_role(request, form, user_id)
    if refusal:
        return refusal
    try:
        await firm.write(lambda conn: people.edit(conn, firm, by, user_id, seen, _person_fields(form)))
    except Refused as refused:
        return _person_page(request, user_id, form, refused)
    return RedirectResponse("/admin/people", 303)


async def _proof_for_role(request: Request, form: dict[str, str], user_id: str | None) -> Response | None:
    """Whoever makes somebody an administrator shows first that they are themselves."""
    with request.app.state.firm.look() as conn:
        row = conn.execute("SELECT role_id FROM user WHERE id = ?", (user_id,)).fetchone()
        is_new = form.get("role_id") != (row[0] if row else None)
        if not (is_new and people.administers(conn, form.get("role_id"))):
            return None
    return await fresh.demand(request, form)


async def person_second_factor(request: Request) -> Response:
    """POST: take away app, recovery codes and passkeys of somebody who has lost them."""
    by = administrator(request)
    firm, user_id = request.app.state.firm, request.path_params["id"]
    refusal = await fresh.demand(request, await typed(request))
    if refusal:
        return refusal
    try:
        await firm.write(lambda conn: people.reset_second_factor(conn, firm, by, user_id))
    except Refused as refused:
        return _person_page(request, user_id, None, refused)
    return RedirectResponse(f"/admin/people/{user_id}", 303)


async def person_activity(request: Request) -> Response:
    """POST is_active=0 or 1. What somebody still has who is deactivated here goes to whoever is nearest."""
    by = administrator(request)
    firm, user_id, form = request.app.state.firm, request.path_params["id"], await typed(request)
    act = people.reactivate if form.get("is_active") == "1" else people.deactivate
    try:
        await firm.write(lambda conn: act(conn, firm, by, user_id))
    except Refused as refused:
        return _person_page(request, user_id, None, refused)
    firm.hub.close_device(user_id)
    return RedirectResponse(f"/admin/people/{user_id}", 303)


async def person_leaves(request: Request) -> Response:
    """What the person still holds and to whom it goes; POST to_id, note: hand it over and deactivate."""
    by = administrator(request)
    firm, user_id = request.app.state.firm, request.path_params["id"]
    if request.method != "POST":
        return _leaving_page(request, by, user_id)
    form = await typed(request)
    to_id, note = form.get("to_id", ""), form.get("note", "").strip()
    try:
        await firm.write(lambda conn: leaving.leave(conn, firm, by, user_id, to_id, note))
    except Refused as refused:
        return _leaving_page(request, by, user_id, form, refused)
    firm.hub.close_device(user_id)
    return RedirectResponse(f"/admin/people/{user_id}", 303)


def _leaving_page(
    request: Request, by: str, user_id: str, form: dict | None = None, refused: Refused | None = None
) -> Response:
    firm = request.app.state.firm
    with firm.look() as conn:
        try:
            row = people.person(conn, user_id)
        except Refused:
            return problem(request, 404)
        shown = {"person": row, "held": leaving.holdings(conn, user_id, firm.clock())}
        shown["receivers"] = leaving.receivers(conn, user_id, by)
    return show(request, "admin_leaving.html", **told(request, form, refused), **shown)


async def person_invite(request: Request) -> Response:
    """POST: a link that opens the door to whoever holds it, so it asks first who makes it."""
    by = administrator(request)
    firm, user_id = request.app.state.firm, request.path_params["id"]
    refusal = await fresh.demand(request, await typed(request))
    if refusal:
        return refusal
    try:
        token = await firm.write(lambda conn: people.invite(conn, firm, by, user_id))
    except Refused as refused:
        return _person_page(request, user_id, None, refused)
    url = invites.invite_url(request.app.state.settings.url, token)
    with firm.look() as conn:
        row = people.person(conn, user_id)
    return show(request, "admin_invite.html", person=row, url=url, qr=invites.qr_svg(url))


async def person_code(request: Request) -> Response:
    """POST: the same by a one-time code."""
    by = administrator(request)
    firm, user_id = request.app.state.firm, request.path_params["id"]
    refusal = await fresh.demand(request, await typed(request))
    if refusal:
        return refusal
    try:
        code = await firm.write(lambda conn: people.code(conn, firm, by, user_id))
    except Refused as refused:
        return _person_page(request, user_id, None, refused)
    with firm.look() as conn:
        row = people.person(conn, user_id)
    url = request.app.state.settings.url + "/sign-in"
    return show(request, "admin_code.html", person=row, code=spaced(code), url=url)


def _person_page(
    request: Request, user_id: str | None, form: dict | None = None, refused: Refused | None = None
) -> Response:
    with request.app.state.firm.look() as conn:
        try:
            row = people.person(conn, user_id) if user_id else None
        except Refused:
            return problem(request, 404)
        everybody = people.people(conn)
        shown = {
            "person": row,
            "departments": [(one["id"], one["path"]) for one in departments.tree(conn)],
            "roles": [(one["id"], one["name"]) for one in roles.roles(conn)],
            "managers": [(one["id"], one["name"]) for one in everybody if one["is_active"] and one["id"] != user_id],
        }
    return show(request, "admin_person.html", **told(request, form, refused), **shown)


def _person_fields(form: dict[str, str]) -> dict:
    fields: dict = {name: form.get(name, "").strip() for name in PERSON_FIELDS}
    return fields | {name: _lines(form.get(name, "")) for name in ("phones", "emails")}


def _lines(text: str) -> list[str]:
    parts = (part.strip() for part in re.split(r"[\r\n,;，；、]+", text))
    return list(dict.fromkeys(part for part in parts if part))


async def answer_form(request: Request, page: Callable, change: Callable, address: str) -> Response:
    """A page whose form changes what it shows: the page; what was typed, put in force, and the page at its address
    again; or the page with what was typed and why not.

    page(request, form, refused) shows it; change(conn, firm, by, form) runs in a write job and may raise Refused.
    """
    by = administrator(request)
    firm = request.app.state.firm
    if request.method != "POST":
        return page(request)
    form = await typed(request)
    try:
        await firm.write(lambda conn: change(conn, firm, by, form))
    except Refused as refused:
        return page(request, form, refused)
    return RedirectResponse(address, 303)


# --- departments and roles ---------------------------------------------------------------------------


async def all_departments(request: Request) -> Response:
    """POST without id adds one; with id changes it, or deletes it (delete=1)."""
    return await answer_form(request, _departments_page, _change_department, "/admin/departments")


def _change_department(conn, firm, by: str, form: dict[str, str]) -> None:
    department_id, name, parent_id = form.get("id", ""), form.get("name", "").strip(), form.get("parent_id", "")
    if not department_id:
        departments.add(conn, firm, by, name, parent_id)
    elif form.get("delete"):
        departments.delete(conn, firm, by, department_id)
    else:
        departments.edit(conn, firm, by, department_id, seen_version(form), name, parent_id)


def _departments_page(request: Request, form: dict | None = None, refused: Refused | None = None) -> Response:
    with request.app.state.firm.look() as conn:
        rows = departments.tree(conn)
    return show(request, "admin_departments.html", departments=rows, **told(request, form, refused))


async def all_roles(request: Request) -> Response:
    """POST without id adds one; with id changes it, or deletes it (delete=1)."""
    administrator(request)
    if request.method == "POST":
        form = await typed(request)
        is_weighty = form.get("is_admin") or not form.get("needs_second")
        refusal = await fresh.demand(request, form) if is_weighty else None
        if refusal:
            return refusal
    return await answer_form(request, _roles_page, _change_role, "/admin/roles")


def _change_role(conn, firm, by: str, form: dict[str, str]) -> None:
    role_id = form.get("id", "")
    fields = {
        "name": form.get("name", "").strip(),
        "data_scope": form.get("data_scope", ""),
        "is_admin": 1 if form.get("is_admin") else 0,
        "is_cashier": 1 if form.get("is_cashier") else 0,
    }
    needs_second = bool(form.get("needs_second"))
    if not role_id:
        roles.require_second_factor(conn, firm, by, roles.add(conn, firm, by, fields), needs_second)
    elif form.get("delete"):
        roles.delete(conn, firm, by, role_id)
    else:
        roles.edit(conn, firm, by, role_id, seen_version(form), fields)
        roles.require_second_factor(conn, firm, by, role_id, needs_second)


def _roles_page(request: Request, form: dict | None = None, refused: Refused | None = None) -> Response:
    with request.app.state.firm.look() as conn:
        rows = roles.roles(conn)
    scopes = words.scopes(text_for(request))
    return show(request, "admin_roles.html", roles=rows, scopes=scopes, **told(request, form, refused))


def seen_version(form: dict[str, str]) -> int:
    text = form.get("version", "")
    return int(text) if text.isascii() and text.isdigit() else -1


def told(request: Request, form: dict | None, refused: Refused | None) -> dict:
    """What a page shows after a refused post: everything typed, and the reason beside its field."""
    if refused is None:
        return {"values": {}, "errors": {}, "status": 200}
    why = words.refusal(text_for(request), refused)
    return {"values": form or {}, "errors": {refused.detail.get("field", "form"): why}, "status": 422}


routes = [
    Route("/admin", overview),
    Route("/admin/people", all_people),
    Route("/admin/people/new", new_person, methods=["GET", "POST"]),
    Route("/admin/people/{id}", one_person, methods=["GET", "POST"]),
    Route("/admin/people/{id}/activity", person_activity, methods=["POST"]),
    Route("/admin/people/{id}/second-factor", person_second_factor, methods=["POST"]),
    Route("/admin/people/{id}/leave", person_leaves, methods=["GET", "POST"]),
    Route("/admin/people/{id}/invites", person_invite, methods=["POST"]),
    Route("/admin/people/{id}/codes", person_code, methods=["POST"]),
    Route("/admin/departments", all_departments, methods=["GET", "POST"]),
    Route("/admin/roles", all_roles, methods=["GET", "POST"]),
]
