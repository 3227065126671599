"""The pages of expense categories, currency and limits: `routes`. For administrators only."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from server.admin import approvals_money, approvals_words, roles
from server.admin.changes import Refused
from server.admin.endpoint import answer_form, seen_version
from server.approvals.case import firm_currency
from server.html import show, text_for


async def expenses(request: Request) -> Response:
    """POST currency=CODE sets it; without id adds a category; with id changes, moves (up, down) or deletes one."""
    return await answer_form(request, _expenses_page, _change_expenses, "/admin/expenses")


def _change_expenses(conn, firm, by: str, form: dict[str, str]) -> None:
    category_id, name = form.get("id", ""), form.get("name", "").strip()
    if "currency" in form:
        approvals_money.set_currency(conn, firm, by, form["currency"])
    elif not category_id:
        approvals_money.add_category(conn, firm, by, name)
    elif form.get("do") in ("up", "down"):
        approvals_money.move_category(conn, firm, by, category_id, -1 if form["do"] == "up" else 1)
    elif form.get("do") == "delete":
        approvals_money.delete_category(conn, firm, by, category_id)
    else:
        is_active = 1 if form.get("is_active") else 0
        approvals_money.edit_category(conn, firm, by, category_id, seen_version(form), name, is_active)


def _expenses_page(request: Request, form: dict | None = None, refused: Refused | None = None) -> Response:
    text = text_for(request)
    currencies = [(code, f"{code} · {text.gettext(name)}") for code, name in approvals_money.CURRENCIES.items()]
    with request.app.state.firm.look() as conn:
        shown = {"categories": approvals_money.categories(conn), "currency": firm_currency(conn)}
    return show(request, "admin_expenses.html", **_told(request, form, refused), **shown, currencies=currencies)


async def policies(request: Request) -> Response:
    """POST without id adds one; with id changes it, or deletes it (delete=1)."""
    return await answer_form(request, _policies_page, _change_policy, "/admin/policies")


def _change_policy(conn, firm, by: str, form: dict[str, str]) -> None:
    policy_id = form.get("id", "")
    if policy_id and form.get("delete"):
        approvals_money.delete_policy(conn, firm, by, policy_id)
    else:
        fields = approvals_money.policy_as_typed(form)
        approvals_money.save_policy(conn, firm, by, policy_id, seen_version(form), fields)


def _policies_page(request: Request, form: dict | None = None, refused: Refused | None = None) -> Response:
    with request.app.state.firm.look() as conn:
        shown = {
            "policies": approvals_money.policies(conn),
            "categories": [(one["id"], one["name"]) for one in approvals_money.categories(conn)],
            "roles": [(one["id"], one["name"]) for one in roles.roles(conn)],
            "currency": firm_currency(conn),
        }
    return show(request, "admin_policies.html", **_told(request, form, refused), **shown)


def _told(request: Request, form: dict | None, refused: Refused | None) -> dict:
    """As administration's other pages, with the words of approvals."""
    if refused is None:
        return {"values": {}, "errors": {}, "status": 200}
    why = approvals_words.fault(text_for(request), refused.reason, refused.detail)
    return {"values": form or {}, "errors": {refused.detail.get("field", "form"): why}, "status": 422}


routes = [
    Route("/admin/expenses", expenses, methods=["GET", "POST"]),
    Route("/admin/policies", policies, methods=["GET", "POST"]),
]
