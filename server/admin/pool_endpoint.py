"""The page of the shared pool's rules: `routes`. For administrators only."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from server.admin import departments, pool_rules
from server.admin.changes import Refused
from server.admin.endpoint import administrator, seen_version, told
from server.html import show


async def all_rules(request: Request) -> Response:
    """POST without id adds one, with id changes it, or deletes it (delete=1); preview=1 only counts."""
    by = administrator(request)
    firm = request.app.state.firm
    if request.method != "POST":
        return _page(request)
    form, levels = await _typed(request)
    try:
        if form.get("preview"):
            return _page(request, form, levels, counted=pool_rules.as_typed(form, levels))
        await firm.write(lambda conn: _change(conn, firm, by, form, levels))
    except Refused as refused:
        return _page(request, form, levels, refused)
    return RedirectResponse("/admin/pool", 303)


def _change(conn, firm, by: str, form: dict[str, str], levels: list[str]) -> None:
    rule_id = form.get("id", "")
    if rule_id and form.get("delete"):
        pool_rules.delete(conn, firm, by, rule_id)
    else:
        pool_rules.save(conn, firm, by, rule_id, seen_version(form), pool_rules.as_typed(form, levels))


async def _typed(request: Request) -> tuple[dict[str, str], list[str]]:
    """The form's texts by name, and the levels that are ticked."""
    async with request.form(max_fields=200) as form:
        items = [(name, value) for name, value in form.multi_items() if isinstance(value, str)]
    return dict(items), [value for name, value in items if name == "levels"]


def _page(
    request: Request,
    form: dict | None = None,
    levels: list[str] | None = None,
    refused: Refused | None = None,
    counted: dict | None = None,
) -> Response:
    firm = request.app.state.firm
    now_ms = firm.clock()
    with firm.look() as conn:
        shown = {
            "rules": pool_rules.pool_rules(conn, now_ms),
            "departments": [(one["id"], one["path"]) for one in departments.tree(conn)],
            "levels": pool_rules.LEVELS,
            "would_return": pool_rules.would_return(conn, pool_rules.preview(counted), now_ms) if counted else None,
        }
    told_now = told(request, form, refused)
    if form:
        told_now["values"] = form | {"levels": levels or []}
    return show(request, "admin_pool.html", **told_now, **shown)


routes = [Route("/admin/pool", all_rules, methods=["GET", "POST"])]
