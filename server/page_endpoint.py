"""Every page of web/ over HTTP: GET renders it, POST takes its form.

The same as the service worker does on a device (`service_worker/answers.js`), for whoever has no worker
(yet).  Knows no page in particular: everything is read through the person's scoped reader.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from server.accept import accept_operations
from server.attachments.posted import keep_files
from server.pages import Form, NotFound, Viewer
from server.person import language_of, me_of, timezone_of
from server.request import Session, is_partial, signed_in
from sync.entities import BY_NAME
from sync.form_files import with_files
from sync.forms import Context, FormResult, operations_from_form
from sync.ids import uuid7
from sync.operations import Malformed
from web import dates

# What a page's answer depends on beside its address.
HEADERS = {"Vary": "HX-Request-Type, Accept-Language, Cookie"}

MOST_INPUTS = 2_000
MOST_TEXT_BYTES = 21_000_000


class Asked:
    """A request for a page that exists: which page, and who asks."""

    def __init__(self, request: Request, session: Session, path: str, page, params: Mapping) -> None:
        self.request = request
        self.session = session
        self.page = page
        self.params = params
        self.path = path


async def page(request: Request) -> Response:
    """The endpoint of every address that no other route claims. Raises SignedOut, HTTPException."""
    # The path as sent: match decodes each part by itself, so that %2F inside one stays there.
    path = request.scope.get("raw_path", request.url.path.encode()).decode("latin-1")
    found = request.app.state.pages.match(path)
    if found is None:
        raise HTTPException(404)
    # The page's own address as the code has it: all that a log may say.
    request.state.page = found[0].routes[0]
    asked = Asked(request, signed_in(request, request.app.state.firm), path, *found)
    if request.method == "POST":
        return await _post(asked)
    return await run_in_threadpool(_show, asked)


async def _post(asked: Asked) -> Response:
    firm, session = asked.request.app.state.firm, asked.session
    _check_size(asked.request)
    async with asked.request.form(max_fields=MOST_INPUTS) as form:
        items, refused = await keep_files(firm, session.user_id, form.multi_items())
    try:
        result = operations_from_form(with_files(items), _context(asked))
    except Malformed as error:
        raise HTTPException(400, str(error)) from None
    result.errors |= refused
    if not result.errors and result.ops:
        job = lambda conn: accept_operations(conn, firm, session.user_id, session.device_id, result.ops)  # noqa: E731
        result.errors = refusals(result, await firm.write(job))
    if result.errors:
        return await run_in_threadpool(_show, asked, Form(result.errors, result.values), 422)
    if is_partial(asked.request):
        return await run_in_threadpool(_show, asked)
    query = f"?{asked.request.url.query}" if asked.request.url.query else ""
    return RedirectResponse(result.next or asked.path + query, 303, HEADERS)


def _check_size(request: Request) -> None:
    """What is so large can only be files. Raises HTTPException(413)."""
    is_multipart = request.headers.get("content-type", "").startswith("multipart/form-data")
    if not is_multipart and int(request.headers.get("content-length") or 0) > MOST_TEXT_BYTES:
        raise HTTPException(413)


def refusals(result: FormResult, outcomes: list[dict]) -> dict[str, tuple[str, dict]]:
    """Rejected outcomes as a form's errors: beside the field that each names, else beside its slot."""
    slots = {row: slot for slot, row in result.rows_by_slot.items()}
    ops = {op["id"]: op for op in result.ops}
    errors = {}
    for outcome in outcomes:
        # What was only dragged along by its group says nothing that helps.
        if outcome["is"] != "rejected" or outcome["reason"] == "group":
            continue
        slot = slots.get(ops[outcome["id"]]["row"], "")
        name = f"{slot}.{outcome['detail'].get('field', '')}"
        errors[name if name in result.values else f"row.{slot}"] = (outcome["reason"], outcome["detail"])
    return errors


def _context(asked: Asked) -> Context:
    firm = asked.request.app.state.firm
    now_ms = firm.clock()
    with firm.read(asked.session.user_id) as conn:
        tz = timezone_of(me_of(conn, asked.session.user_id), firm)
    today = dates.local_date(now_ms, tz)
    return Context(BY_NAME, asked.session.user_id, now_ms, today, tz, lambda: uuid7(now_ms, secrets.token_bytes(10)))


def _show(asked: Asked, form: Form | None = None, status: int = 200) -> Response:
    """Render the page at one moment of the person's rows. Raises HTTPException(404)."""
    request, firm = asked.request, asked.request.app.state.firm
    with firm.read(asked.session.user_id) as conn:
        me = me_of(conn, asked.session.user_id)
        viewer = Viewer(
            me=me,
            lang=language_of(me, request),
            tz=timezone_of(me, firm),
            now_ms=firm.clock(),
            partial=is_partial(request),
            form=form or Form(),
        )
        query = dict(request.query_params)
        try:
            html = request.app.state.pages.render(conn, asked.page, asked.path, asked.params, query, viewer)
        except NotFound:
            raise HTTPException(404) from None
    return HTMLResponse(html, status, HEADERS)
