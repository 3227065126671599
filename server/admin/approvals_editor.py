"""The editor of a definition as a page: the draft with its choices, its way in words, a try-out, and what is wrong.

Never saves anything.
"""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from server.admin import approvals, approvals_documents, approvals_draft, approvals_try, approvals_words, departments
from server.admin.approvals_draft import pairs
from server.admin.approvals_money import categories
from server.admin.changes import Refused
from server.approvals.case import firm_currency
from server.approvals.definition import parse
from server.html import show, text_for


def page(
    request: Request,
    conn,
    definition_id: str,
    seen: int,
    draft: dict,
    form: dict[str, str],
    faults: dict[str, tuple[str, dict]] | None = None,
    opened: str = "",
    **more,
) -> Response:
    """faults: input name -> (code, detail), told beside the inputs. seen: the row's version that was shown.

    opened: the field ('field.KEY') or step that was at hand; others show in a line what they say.
    """
    text = text_for(request)
    known = approvals_words.names(conn, firm_currency(conn))
    errors = {name: approvals_words.fault(text, *why) for name, why in (faults or {}).items()}
    row = approvals.definition(conn, definition_id) if definition_id else {"is_active": 1, "current": 0}
    shown = {
        "definition_id": definition_id,
        "seen": seen,
        "number": form.get("number") or row["current"],
        "draft": draft,
        "status": 422 if errors else 200,
        "errors": errors,
        "summary": [(name, _whose(text, draft, name), why) for name, why in errors.items()],
        "opened": {opened, *(".".join(name.split(".")[:2]) for name in errors)},
        "choices": approvals_words.choices(text),
        "is_kind_fixed": bool(definition_id) and approvals.is_in_use(conn, definition_id),
        "is_active": row["is_active"],
        "firm_currency": firm_currency(conn),
        "subjects": approvals.subjects(conn),
        "abouts": _abouts(text, draft),
        "kind_of_answer": {one["key"]: one["type"] for one in draft["fields"]},
        "choices_of": {one["key"]: pairs(one["choices"]) for one in draft["fields"]},
        "asked_to_try": approvals_try.inputs(draft),
        "typed": form,
        "found": None,
        "fresh": "",
        "meanwhile": None,
        **_people_and_places(conn, draft),
        **_preview(text, conn, draft, known),
    }
    return show(request, "admin_approval.html", **shown | more)


def pressed(request: Request, conn, definition_id: str, seen: int, draft: dict, form: dict[str, str]) -> Response:
    """A button other than the one that saves."""
    if form["do"] == "try":
        return _tried(request, conn, definition_id, seen, draft, form)
    place = form["do"].split(":")
    about = form.get(f"step.{place[2]}.about", "") if len(place) > 2 else ""
    versions = approvals.versions(conn, definition_id)
    used = frozenset(one.key for row in versions for one in (*parse(row).form, *parse(row).steps))
    key = approvals_draft.press(draft, form["do"], about, used)
    fresh = key if place[0] == "add" else ""
    return page(request, conn, definition_id, seen, draft, form, fresh=fresh, opened=_opened(place, key))


def _whose(text, draft: dict, name: str) -> str:
    """What an input belongs to, in the list of everything that is wrong."""
    _ = text.gettext
    where, _dot, rest = name.partition(".")
    key = rest.partition(".")[0]
    if where == "field":
        return next((one["label"] for one in draft["fields"] if one["key"] == key), "") or _("New field")
    if where == "step":
        return next((one["name"] for one in draft["steps"] if one["key"] == key), "") or _("New step")
    own = {"name": _("Name"), "subject": _("Subject"), "kind": _("Kind"), "asks": _("What it asks for")}
    return (own | {"fallback_id": _("Asked where a step finds nobody"), "steps": _("Who decides")}).get(where, "")


def _opened(place: list[str], key: str) -> str:
    """The field or the step that a button belongs to."""
    if place[1:2] == ["fields"]:
        return f"field.{key}"
    return f"step.{key if place[1:2] == ['steps'] else place[2].partition('/')[0] if len(place) > 2 else ''}"


def _tried(request: Request, conn, definition_id: str, seen: int, draft: dict, form: dict[str, str]) -> Response:
    text = text_for(request)
    made = approvals_documents.checked(conn, draft)
    if made.definition is None:
        return page(request, conn, definition_id, seen, draft, form, made.faults)
    known = approvals_words.names(conn, firm_currency(conn))
    found = approvals_try.try_out(conn, text, made.definition, form, known)
    if not found["errors"]:
        return page(request, conn, definition_id, seen, draft, form, found=found["steps"])
    return page(request, conn, definition_id, seen, draft, form, errors=found["errors"], status=422)


def refused(
    request: Request, conn, definition_id: str, seen: int, draft: dict, form: dict[str, str], why: Refused
) -> Response:
    """Saving was refused. Where somebody saved meanwhile: what they changed, and the next try goes on top of it."""
    if why.reason != "changed_meanwhile":
        faults = {why.detail.get("field", "form"): (why.reason, why.detail)}
        return page(request, conn, definition_id, seen, draft, form, faults)
    row = approvals.definition(conn, definition_id)
    meanwhile = _meanwhile(request, conn, row, form.get("number", ""))
    faults = {"form": ("changed_meanwhile", {})}
    more = {"meanwhile": meanwhile, "number": row["current"]}
    return page(request, conn, definition_id, row["version"], draft, form, faults, **more)


def _meanwhile(request: Request, conn, row: dict, seen_number: str) -> dict:
    """Who saved what since; differences are empty where only the name or the place changed."""
    newest, *older = approvals.versions(conn, row["id"])
    was = next((one for one in older if str(one["number"]) == seen_number), newest)
    known = approvals_words.names(conn, firm_currency(conn))
    changed = approvals_words.differences(text_for(request), parse(was), parse(newest), known)
    author = known.people.get(row["updated_by"] or "", "")
    return {"name": row["name"], "by": author, "at_ms": row["updated_at_ms"], "differences": changed}


def _preview(text, conn, draft: dict, known: approvals_words.Names) -> dict:
    """The way in words, where the draft can be read; else nothing: saving tells what is wrong."""
    made = approvals_documents.checked(conn, draft)
    if made.definition is None:
        return {"steps_in_words": {}, "empty_roles": {}}
    return {
        "steps_in_words": {
            one.key: (one.name, approvals_words.sentence(text, one, made.definition, known))
            for one in made.definition.steps
        },
        "empty_roles": {key: known.roles.get(role_id, "?") for key, role_id in made.empty_roles.items()},
    }


def _abouts(text, draft: dict) -> list[tuple[str, str]]:
    """What a condition may ask about, as this draft stands."""
    _ = text.gettext
    offered = [("department", _("Department of the applicant"))]
    if {"amount", "lines"} & set(draft["asks"]):
        offered.insert(0, ("amount", _("Amount")))
    if "lines" in draft["asks"]:
        offered.append(("category", _("Category of a line")))
    return offered + [(f"answer:{one['key']}", one["label"]) for one in draft["fields"] if one["label"]]


def _people_and_places(conn, draft: dict) -> dict:
    """Who and what may be ticked: everybody who is there, and whoever is ticked already."""
    people = conn.execute(
        "SELECT u.id, u.name, d.name AS department, u.is_active FROM user AS u"
        " LEFT JOIN department AS d ON d.id = u.department_id WHERE u.deleted = 0 ORDER BY u.name, u.id"
    ).fetchall()
    ticked = {user_id for step in draft["steps"] for user_id in step["people"]}
    ticked |= {draft["fallback_id"], *draft["starters.people"], *draft["cc.people"]}
    roles = conn.execute("SELECT id, name FROM role WHERE deleted = 0 ORDER BY name, id").fetchall()
    return {
        "people": [dict(one) for one in people if one["is_active"] or one["id"] in ticked],
        "people_pairs": [(one["id"], one["name"]) for one in people if one["is_active"] or one["id"] in ticked],
        "applicants": [(one["id"], one["name"]) for one in people if one["is_active"]],
        "roles": [(one["id"], one["name"]) for one in roles],
        "departments": [(one["id"], one["path"]) for one in departments.tree(conn)],
        "categories": [(one["id"], one["name"]) for one in categories(conn)],
    }
