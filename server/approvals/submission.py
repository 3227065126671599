"""Submitting: what the definition asks for is there, a revision is made, and the way begins or goes on.

Everything is judged before anything is written: a refusal leaves the draft as it was.
"""

from __future__ import annotations

from dataclasses import dataclass

from sync.values import is_date

from ..database import sqlite3
from ..permission import Missing, Rejected
from . import case as cases
from . import revision, route, steps
from .case import ACTION, LINE, REVISION, Case
from .definition import Definition, FormField
from .documents import BadDefinition
from .route import Ask, Planned
from .verdict import Command, Verdict


@dataclass(frozen=True)
class _Prepared:
    """planned: None where the same was submitted before, and the way goes on."""

    amount: dict
    content: str
    hash: str
    planned: list[Planned] | None


def weigh(command: Command) -> Verdict:
    db, request = command.db, command.request
    if command.by != request["owner_id"]:
        raise Rejected("only_applicant")
    if request["state"] not in cases.OPEN_STATES:
        raise Missing(request["id"], "approval_id") if command.is_again else Rejected("frozen")
    definition = _definition(db, request)
    is_first = not request["revision"]
    if is_first:
        _check_may_start(db, definition, request)
    lines = cases.lines(db, request["id"])
    _check_built_in(definition, request, lines)
    _check_answers(db, definition, cases.answers_of(request["answers"]))
    _check_rests_on(db, request)
    currency = cases.firm_currency(db)
    amount = {"amount_cents": request["amount_cents"], "currency": request["currency"] or currency}
    if "lines" in definition.asks:
        amount = {"amount_cents": revision.claimed_cents(lines, currency), "currency": currency}
    content = revision.content_of(db, request | amount)
    content_hash = revision.hash_of(content)
    planned = None
    if is_first or content_hash != request["revision_hash"]:
        planned = route.plan(db, definition, _ask(request, amount, currency, lines))
    return Verdict(prepared=_Prepared(amount, content, content_hash, planned))


def carry_out(case: Case, verdict: Verdict) -> None:
    prepared: _Prepared = verdict.prepared
    case.change(
        **prepared.amount,
        applicant_id=case.request["owner_id"],
        state="pending",
        submitted_at_ms=case.now_ms,
        decided_at_ms=None,
    )
    case.mark_hanging("applicant_id", case.applicant_id)
    case.close(None)
    if prepared.planned is None:
        steps.resume(case)
        return
    _make_revision(case, prepared)
    steps.lay(case, prepared.planned)
    steps.open_next(case)


def _make_revision(case: Case, prepared: _Prepared) -> None:
    """Another thing than before: nothing that was decided of that counts."""
    steps.make_void(case)
    for action in cases.actions(case.db, "approval_id = ? AND voided_at_ms IS NULL", case.id):
        if action["verb"] in cases.DECISIONS:
            case.change_row(ACTION, action, voided_at_ms=case.now_ms)
    for line in cases.lines(case.db, case.id):
        case.change_row(LINE, line, sanctioned_cents=None)
    number = (case.request["revision"] or 0) + 1
    case.change(revision=number, revision_hash=prepared.hash, sanctioned_cents=None)
    case.add(
        REVISION,
        case.id_for("revision"),
        number=number,
        hash=prepared.hash,
        version_id=case.request["version_id"],
        content=prepared.content,
    )


# --- what must be there -------------------------------------------------------------------------------


def _definition(db: sqlite3.Connection, request: dict) -> Definition:
    try:
        definition = cases.definition_of(db, request["version_id"])
    except BadDefinition as bad:
        raise Rejected("bad_definition", place=bad.place) from bad
    if definition.definition_id != request["definition_id"]:
        raise Rejected("wrong_version", field="version_id")
    return definition


def _check_may_start(db: sqlite3.Connection, definition: Definition, request: dict) -> None:
    is_active = "SELECT 1 FROM approval_definition WHERE id = ? AND is_active = 1 AND deleted = 0"
    if db.execute(is_active, (request["definition_id"],)).fetchone() is None:
        raise Rejected("may_not_start")
    applicant_id, starters = request["owner_id"], definition.starters
    role = db.execute("SELECT role_id FROM user WHERE id = ?", (applicant_id,)).fetchone()
    if not (
        starters.is_everybody
        or applicant_id in starters.people
        or (role and role[0] in starters.roles)
        or route.departments_above(db, applicant_id) & set(starters.departments)
    ):
        raise Rejected("may_not_start")


def _check_built_in(definition: Definition, request: dict, lines: list[dict]) -> None:
    if "lines" in definition.asks:
        if not lines:
            raise Rejected("no_lines")
    elif "amount" in definition.asks and request["amount_cents"] is None:
        raise Rejected("required", field="amount_cents")


def _check_answers(db: sqlite3.Connection, definition: Definition, answers: dict[str, str]) -> None:
    for field in definition.form:
        given = answers.get(field.key, "")
        if not given:
            if field.required:
                raise Rejected("answer_missing", field="answers", key=field.key, label=field.label)
        elif not _fits(db, field, given):
            raise Rejected("answer_wrong", field="answers", key=field.key, label=field.label)
    for step in definition.steps:
        if step.who.kind == "chosen":
            _check_chosen(db, step, answers.get(step.answer_key, "").split())


def _check_chosen(db: sqlite3.Connection, step, chosen: list[str]) -> None:
    detail = {"field": "answers", "key": step.answer_key, "label": step.name}
    if not chosen:
        raise Rejected("answer_missing", **detail)
    if len(chosen) > route.MOST_ASKED or not all(_is_person(db, one) for one in chosen):
        raise Rejected("answer_wrong", **detail)


def _fits(db: sqlite3.Connection, field: FormField, given: str) -> bool:
    if field.type == "number":
        return route.number_of(given) is not None
    if field.type == "date":
        return is_date(given)
    if field.type == "choice":
        return given in field.choices
    if field.type == "flag":
        return given == "1"
    return field.type != "person" or _is_person(db, given)


def _is_person(db: sqlite3.Connection, user_id: str) -> bool:
    return db.execute("SELECT 1 FROM user WHERE id = ? AND deleted = 0", (user_id,)).fetchone() is not None


def _check_rests_on(db: sqlite3.Connection, request: dict) -> None:
    """An approved request for expenses; an advance that was paid, in the currency that claims are in."""
    if request["request_id"]:
        found = _other(db, request, "request_id")
        is_right = found["state"] == "approved" and cases.kind_of(db, found) == "expense_request"
        if not is_right or found["owner_id"] != request["owner_id"]:
            raise Rejected("wrong_request", field="request_id")
    if request["advance_id"]:
        found = _other(db, request, "advance_id")
        is_right = found["paid_at_ms"] is not None and cases.kind_of(db, found) == "advance"
        is_mine = found["owner_id"] == request["owner_id"]
        if not is_right or not is_mine or found["currency"] not in (None, cases.firm_currency(db)):
            raise Rejected("wrong_advance", field="advance_id")


def _other(db: sqlite3.Connection, request: dict, name: str) -> dict:
    found = cases.request_row(db, request[name])
    if found is None:
        raise Missing(request[name], name)
    return found


def _ask(request: dict, amount: dict, currency: str, lines: list[dict]) -> Ask:
    """An amount in another currency cannot be compared."""
    return Ask(
        request["owner_id"],
        amount["amount_cents"] if amount["currency"] == currency else None,
        frozenset(line["category_id"] for line in lines),
        cases.answers_of(request["answers"]),
    )
