"""The page of the groups' robots and of what could not be delivered: `routes`. For administrators only."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from server import audit
from server.admin import departments, robots
from server.admin.changes import Refused
from server.admin.endpoint import administrator, told
from server.html import show, text_for
from server.notices import robots as messages
from server.notices import words
from server.person import LANGUAGES
from web.text import Text


async def all_robots(request: Request) -> Response:
    """POST without id adds one, with id changes it, deletes it (delete=1) or lets it say something now (test=1)."""
    by = administrator(request)
    firm, courier = request.app.state.firm, request.app.state.courier
    if request.method != "POST":
        return _page(request)
    form, kinds = await _typed(request)
    try:
        if form.get("test"):
            return await _test(request, form["id"])
        await firm.write(lambda conn: _change(conn, firm, by, form, kinds, courier.robot_origins))
    except Refused as refused:
        return _page(request, form, kinds, refused)
    return RedirectResponse("/admin/robots", 303)


def _change(conn, firm, by: str, form: dict[str, str], kinds: list[str], origins: frozenset[str]) -> None:
    robot_id = form.get("id", "")
    if robot_id and form.get("delete"):
        robots.delete(conn, robot_id)
        audit.note_by(conn, firm.clock(), by, "robot_deleted", f"robot/{robot_id}")
    else:
        saved_id = robots.save(conn, firm, robot_id, robots.as_typed(conn, form, kinds, origins))
        audit.note_by(conn, firm.clock(), by, "robot_saved", f"robot/{saved_id}", {"kinds": kinds})


async def _test(request: Request, robot_id: str) -> Response:
    firm, courier, now_ms = request.app.state.firm, request.app.state.courier, request.app.state.firm.clock()
    with firm.look() as conn:
        robot = robots.robot(conn, robot_id)
    text = Text(robot["language"], firm.timezone, now_ms)
    line = messages.Line(text.gettext("This is a test. It works."), courier.url + "/")
    outcome = await messages.send(
        courier.web, courier.robot_origins, robot, text.gettext("Roadbook"), [line], now_ms
    )
    said = text_for(request).gettext("Sent") if outcome.is_sent else words.reason(text_for(request), outcome.reason)
    return _page(request, tested={"id": robot_id, "is_sent": outcome.is_sent, "said": said})


async def _typed(request: Request) -> tuple[dict[str, str], list[str]]:
    """The form's texts by name, and the kinds that are ticked."""
    async with request.form(max_fields=200) as form:
        items = [(name, value) for name, value in form.multi_items() if isinstance(value, str)]
    return dict(items), [value for name, value in items if name == "kinds"]


def _page(
    request: Request,
    form: dict | None = None,
    kinds: list[str] | None = None,
    refused: Refused | None = None,
    tested: dict | None = None,
) -> Response:
    firm, text = request.app.state.firm, text_for(request)
    with firm.look() as conn:
        shown = {
            "robots": robots.robots(conn),
            "failures": [_worded(text, one) for one in robots.failures(conn, firm.clock())],
            "delayed": robots.delayed(conn),
            "departments": [(one["id"], one["path"]) for one in departments.tree(conn)],
        }
    told_now = told(request, form, refused)
    if refused and refused.reason in ("unknown_robot", "not_https", "unknown_host", "private_address", "bad_address"):
        told_now["errors"] = {refused.detail["field"]: words.reason(text, refused.reason)}
    if form:
        told_now["values"] = form | {"kinds": kinds or []}
    return show(
        request, "admin_robots.html", **told_now, **shown, tested=tested, kinds=words.kinds(text), languages=LANGUAGES
    )


def _worded(text: Text, failure: dict) -> dict:
    return failure | {
        "way": words.ways(text)[failure["way"]],
        "kind": words.kinds(text).get(failure["kind"], failure["kind"]),
        "said": words.reason(text, failure["reason"]),
    }


routes = [Route("/admin/robots", all_robots, methods=["GET", "POST"])]
