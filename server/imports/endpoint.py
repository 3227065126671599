"""The import page: a file is brought, its columns are named, what would happen is shown, then it happens.

Every person may import; what is imported belongs to that person, or to a colleague named in the file whom
the person's data scope reaches.  The person's own rights decide about every row: it is their import.
"""

from __future__ import annotations

from contextlib import suppress

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from server.html import show, text_for, who
from web.text import Text

from . import labels
from .apply import ImportRefused, ids_from, import_job
from .duplicates import read_known
from .error_file import error_file
from .plan import ADD, DUPLICATE, ERROR, FILL, FILLED, NEW, SKIP, Choices, Plan, make_plan
from .record import BadFile, Problem
from .source import Source, read_source, with_choices
from .waiting import Gone, Shelf, Waiting
from .wording import why

MOST_MB = 20
MOST_SHOWN = 50
PREVIEW_ROWS = 5


async def upload(request: Request) -> Response:
    """The file: GET shows the form, POST keeps the file and goes on to its columns."""
    session, _ = who(request)
    if request.method != "POST":
        return show(request, "import_upload.html", most=MOST_MB)
    async with request.form(max_files=1, max_fields=20) as form:
        file, what = form.get("file"), str(form.get("what") or "")
        data = await file.read() if hasattr(file, "read") else b""
        filename = getattr(file, "filename", None) or ""
    try:
        if len(data) > MOST_MB * 1_000_000:
            raise BadFile("too_large_file", most=MOST_MB)
        await to_thread.run_sync(read_source, data)
    except BadFile as bad:
        errors = {"file": why(text_for(request), bad)}
        return show(request, "import_upload.html", status=422, most=MOST_MB, errors=errors, values={"what": what})
    waiting = Shelf(request.app.state.firm).put(data, filename, session.token_hash, what)
    return RedirectResponse(f"/import/{waiting.name}", 303)


async def columns(request: Request) -> Response:
    """Which column is what: guesses at first; POST keeps the choices and goes on to the report."""
    visit = _Visit(request)
    try:
        source = await visit.source()
    except Gone:
        return _gone(request)
    errors = {}
    if request.method == "POST":
        async with request.form(max_fields=2_000) as form:
            visit.keep_choices(source, {name: str(value) for name, value in form.multi_items()})
        try:
            source.records(visit.waiting.targets)
            visit.shelf.save(visit.waiting)
            return RedirectResponse(f"/import/{visit.waiting.name}/report", 303)
        except BadFile as bad:
            errors = {"form": why(visit.text, bad)}
    shown = {"waiting": visit.waiting, "source": source, "errors": errors, "groups": labels.groups(visit.text)}
    preview = _preview(source, visit.targets(source), visit.text)
    return show(request, "import_columns.html", status=422 if errors else 200, preview=preview, **shown)


async def report(request: Request) -> Response:
    """The dry run: what would be made, what is there already, what has a problem."""
    visit = _Visit(request)
    try:
        source, plan = await visit.plan()
    except Gone:
        return _gone(request)
    return show(request, "import_report.html", **_report(visit, source, plan))


async def result(request: Request) -> Response:
    """POST imports; GET says what was imported."""
    visit = _Visit(request)
    try:
        waiting = visit.find()
        if request.method == "POST" and not waiting.result:
            return await _import(request, visit)
    except Gone:
        return _gone(request)
    if not waiting.result:
        return RedirectResponse(f"/import/{waiting.name}", 303)
    return show(request, "import_result.html", waiting=waiting, **waiting.result)


async def _import(request: Request, visit: _Visit) -> Response:
    firm = request.app.state.firm
    source, plan = await visit.plan()
    operations = plan.operations(firm.clock(), ids_from(firm))
    if not visit.shelf.take(visit.waiting):
        raise Gone
    try:
        await firm.write(import_job(firm, operations, visit.session.user_id, visit.session.device_id))
    except ImportRefused as refused:
        visit.shelf.give_back(visit.waiting)
        shown = _report(visit, source, plan) | {"errors": {"form": _refusal(visit.text, refused)}}
        return show(request, "import_report.html", status=409, **shown)
    except BaseException:
        visit.shelf.give_back(visit.waiting)
        raise
    visit.shelf.finish(visit.waiting, _counts(plan), error_file(plan.rows, source.columns, visit.text))
    return RedirectResponse(f"/import/{visit.waiting.name}/result", 303)


async def errors_csv(request: Request) -> Response:
    """The rows that are not imported, to mend and bring again; before the import and after it."""
    visit = _Visit(request)
    try:
        if visit.find().result:
            data = visit.shelf.errors(visit.waiting)
        else:
            source, plan = await visit.plan()
            data = error_file(plan.rows, source.columns, visit.text)
    except Gone:
        return _gone(request)
    headers = {"Content-Disposition": 'attachment; filename="roadbook-errors.csv"'}
    return Response(data, media_type="text/csv; charset=utf-8", headers=headers)


async def give_up(request: Request) -> Response:
    """Delete a file that waits."""
    visit = _Visit(request)
    with suppress(Gone):
        visit.shelf.remove(visit.find().name)
    return RedirectResponse("/import", 303)


class _Visit:
    """One request about one waiting file, by the person who brought it."""

    def __init__(self, request: Request) -> None:
        self.session, _ = who(request)
        self.firm = request.app.state.firm
        self.shelf = Shelf(self.firm)
        self.text = text_for(request)
        self.name = request.path_params["name"]
        self.waiting: Waiting | None = None

    def find(self) -> Waiting:
        """Raises Gone."""
        self.waiting = self.shelf.find(self.name, self.session.token_hash)
        return self.waiting

    async def source(self) -> Source:
        """Raises Gone."""
        data = self.shelf.data(self.find())
        return await to_thread.run_sync(read_source, data)

    async def plan(self) -> tuple[Source, Plan]:
        """Raises Gone, also where no columns were chosen yet."""
        source = await self.source()
        if self.waiting.targets is None:
            raise Gone
        return source, await to_thread.run_sync(self._plan, source)

    def _plan(self, source: Source) -> Plan:
        known = read_known(self.firm, self.session.user_id)
        choices = Choices(self.waiting.duplicates, self.session.user_id)
        return make_plan(source.records(self.waiting.targets), known, choices, ids_from(self.firm))

    def targets(self, source: Source) -> dict[str, str]:
        """What each column becomes: as chosen, or guessed."""
        if self.waiting.targets is not None:
            return self.waiting.targets
        return source.guess(self.waiting.what)

    def keep_choices(self, source: Source, form: dict[str, str]) -> None:
        chosen = {
            column: form.get(f"column-{place}", "") for place, column in enumerate(source.columns) if source.table
        }
        known = {target for _, choices in labels.groups(self.text) for target, _ in choices}
        self.waiting.targets = with_choices(source, {}, {c: t if t in known else "" for c, t in chosen.items()})
        self.waiting.duplicates = form["duplicates"] if form.get("duplicates") in (SKIP, ADD, FILL) else SKIP


def _gone(request: Request) -> Response:
    return show(request, "import_gone.html", status=404)


def _preview(source: Source, targets: dict[str, str], text: Text) -> list[dict]:
    """Of each column: what it becomes and its first values; of cards, their first values by what they become."""
    if source.table:
        return [
            {"column": column, "target": targets.get(column, ""), "samples": source.table.samples(place)}
            for place, column in enumerate(source.columns)
        ]
    values: dict[str, list[str]] = {}
    for record in source.cards[:PREVIEW_ROWS]:
        for target, cells in record.values.items():
            values.setdefault(target, []).extend(cell.text for cell in cells)
    return [
        {"column": labels.label(text, target), "target": target, "samples": found[:PREVIEW_ROWS]}
        for target, found in values.items()
    ]


def _report(visit: _Visit, source: Source, plan: Plan) -> dict:
    failed = [row for row in plan.rows if row.verdict == ERROR]
    known = [row for row in plan.rows if row.duplicate]
    remarks = [(row, remark) for row in plan.rows if row.verdict != ERROR for remark in row.remarks]
    return {
        "waiting": visit.waiting,
        **_counts(plan),
        "left_out": source.left_out,
        "failed": [
            _failed(visit.text, row.record.number, problem) for row in failed for problem in row.problems
        ][:MOST_SHOWN],
        "known": [_known(row) for row in known[:MOST_SHOWN]],
        "known_count": len(known),
        "remarks": [_failed(visit.text, row.record.number, remark) for row, remark in remarks[:MOST_SHOWN]],
        "remarks_count": len(remarks),
    }


def _counts(plan: Plan) -> dict:
    made = plan.made()
    verdicts = {"new_count": NEW, "filled_count": FILLED, "duplicate_count": DUPLICATE, "failed_count": ERROR}
    counts = {name: plan.count(verdict) for name, verdict in verdicts.items()}
    return counts | {"accounts": made["account"], "contacts": made["contact"]}


def _failed(text: Text, number: int, problem: Problem) -> dict:
    return {"row": number, "column": problem.column, "value": problem.value[:200], "why": why(text, problem)}


def _known(row) -> dict:
    found = row.duplicate.found
    folder = "customers" if found.entity == "account" else "contacts"
    return {
        "row": row.record.number,
        "name": found.name,
        "by": row.duplicate.by,
        "url": f"/{folder}/{found.id}" if found.row else "",
        "other_row": found.number,
    }


def _refusal(text: Text, refused: ImportRefused) -> str:
    operation, outcome = refused.refusals[0]
    name = operation.get("set", {}).get("name", "")
    return f"{name}: {text.reason(outcome['reason'], outcome['detail'])}"


routes = [
    Route("/import", upload, methods=["GET", "POST"]),
    Route("/import/{name}", columns, methods=["GET", "POST"]),
    Route("/import/{name}/report", report),
    Route("/import/{name}/result", result, methods=["GET", "POST"]),
    Route("/import/{name}/errors.csv", errors_csv),
    Route("/import/{name}/end", give_up, methods=["POST"]),
]
