"""The devices of all people, and what the firm asks of devices: `routes`. For administrators only."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from server import audit
from server.admin.changes import Refused
from server.admin.endpoint import administrator, told
from server.devices import known, lease
from server.devices.endpoint import act
from server.errors import problem
from server.html import show, who
from server.sign_in import fresh
from server.sign_in.endpoint import typed


async def all_devices(request: Request) -> Response:
    """GET, of one person with ?person=ID; POST lease_days, app_lock: what the firm asks of devices."""
    by = administrator(request)
    firm = request.app.state.firm
    if request.method != "POST":
        return _page(request)
    form, (session, _) = await typed(request), who(request)
    try:
        await firm.write(lambda conn: _ask(conn, firm, by, session.device_id, form))
    except Refused as refused:
        return _page(request, form, refused)
    return RedirectResponse("/admin/devices", 303)


def _ask(conn, firm, by: str, by_device: str, form: dict[str, str]) -> None:
    before = {"days": lease.lease_days(conn), "lock": int(lease.asks_for_lock(conn))}
    days = lease.set_lease_days(conn, firm, by, form.get("lease_days", ""))
    lease.ask_for_lock(conn, firm, by, bool(form.get("app_lock")))
    after = {"days": days, "lock": int(lease.asks_for_lock(conn))}
    if after != before:
        audit.note(conn, firm.clock(), by, by_device, "lease_changed", "firm", after)


def _page(request: Request, form: dict | None = None, refused: Refused | None = None) -> Response:
    firm, person_id = request.app.state.firm, request.query_params.get("person", "")
    with firm.look() as conn:
        person = conn.execute("SELECT id, name FROM user WHERE id = ?", (person_id,)).fetchone() if person_id else None
        if person_id and person is None:
            return problem(request, 404)
        shown = {
            "devices": known.devices(conn, firm.clock(), person_id),
            "person": person,
            "lease_days": lease.lease_days(conn),
            "asks_for_lock": lease.asks_for_lock(conn),
            "standard_days": lease.DEFAULT_DAYS,
        }
    return show(request, "admin_devices.html", **told(request, form, refused), **shown)


async def one_device(request: Request) -> Response:
    """POST act=sign_out, wipe (with trusted=1 or 0) or take_back."""
    by = administrator(request)
    firm, device_id, (session, _) = request.app.state.firm, request.path_params["id"], who(request)
    with firm.look() as conn:
        found = known.device(conn, firm.clock(), device_id)
    if found is None:
        return problem(request, 404)
    is_this = device_id == session.device_id
    if request.method == "POST" and not is_this:
        form = await typed(request)
        if refusal := await fresh.demand(request, form):
            return refusal
        await act(request, by, session.device_id, found, form)
        return RedirectResponse(f"/admin/devices/{device_id}", 303)
    back = ("/admin/devices", "")
    return show(request, "device.html", device=found, is_this=is_this, back=back, is_own=False)


routes = [
    Route("/admin/devices", all_devices, methods=["GET", "POST"]),
    Route("/admin/devices/{id}", one_device, methods=["GET", "POST"]),
]
