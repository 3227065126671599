"""Deciding in an open step: approve, reject, return, pass on, ask more people.

A decision takes effect on the revision that was seen, once, or it is kept and says why not.
"""

from __future__ import annotations

from sync.values import members_of

from ..permission import Rejected, is_active
from . import asked, revision, steps, telling
from . import case as cases
from .case import ACTION, LINE, Case, step_row
from .verdict import CHANGED, DECIDED, IN_FORCE, Command, Verdict


def weigh(command: Command) -> Verdict:
    """For every verb of whoever is asked."""
    command.need("step_id")
    if command.by == command.applicant_id:
        raise Rejected("own_request")
    step = step_row(command.db, command.action["step_id"])
    if step is None or step["approval_id"] != command.request["id"]:
        raise Rejected("not_found", field="step_id")
    _check_known_revision(command)
    at_ms = max(command.at_ms, step["opened_at_ms"] or 0)
    if not asked.was_asked(command.db, step, command.by, at_ms):
        raise command.too_early(step["id"], "not_asked")
    effect, met_by = _overtaken(command, step)
    counts_for = asked.counts_for(command.db, step, command.by, at_ms) if effect == IN_FORCE else []
    if effect == IN_FORCE and not counts_for:
        effect, met_by = _not_waited_for(command, step)
    on_behalf_of = counts_for[0] if counts_for and command.by not in counts_for else None
    return Verdict(effect, met_by, step, tuple(counts_for), on_behalf_of)


def _check_known_revision(command: Command) -> None:
    seen = command.action["revision_hash"]
    if seen is None:
        return
    known = "SELECT 1 FROM approval_revision WHERE approval_id = ? AND hash = ?"
    if command.db.execute(known, (command.request["id"], seen)).fetchone() is None:
        raise Rejected("unknown_revision", field="revision_hash")


def _overtaken(command: Command, step: dict) -> tuple[str, str | None]:
    """What happened since the step was seen: (effect, who did it)."""
    request, seen = command.request, command.action["revision_hash"]
    if seen is not None and seen != request["revision_hash"]:
        return CHANGED, command.applicant_id
    if step["state"] == "done":
        return DECIDED, decided_by(command, step)
    if step["state"] == "void":
        went_back = decided_by(command, step)
        return (DECIDED, went_back) if went_back else (CHANGED, command.applicant_id)
    if step["state"] == "ahead":
        return _put_off(command, step)
    return IN_FORCE, None


def _put_off(command: Command, step: dict) -> tuple[str, str | None]:
    """Somebody was put before a step that was open; one that was never open is nobody's yet.

    What was in force in an earlier life was given when the step was open again.
    """
    if step["opened_at_ms"] is None or command.is_again:
        raise command.too_early(step["id"], "not_asked")
    inserted = cases.last_action(command.db, "step_id = ? AND verb = 'add_before'", step["id"])
    return CHANGED, inserted["owner_id"] if inserted else None


def _not_waited_for(command: Command, step: dict) -> tuple[str, str | None]:
    """Asked in this step, and not (any more) waited for."""
    if asked.decisions_of(command.db, step["id"], command.by):
        return DECIDED, command.by
    passed_on = asked.passed_on_by(command.db, step["id"], command.by)
    if passed_on:
        return CHANGED, passed_on["owner_id"]
    decided = decided_by(command, step)
    if decided and command.by not in members_of(step["waiting_ids"]):
        return DECIDED, decided
    raise command.too_early(step["id"], "not_asked")


def decided_by(command: Command, step: dict) -> str | None:
    """Whose decision ended this step."""
    verbs = ", ".join(f"'{verb}'" for verb in cases.DECISIONS)
    here = cases.last_action(command.db, f"step_id = ? AND verb IN ({verbs})", step["id"])
    return here["owner_id"] if here else None


# --- approve, reject, return --------------------------------------------------------------------------


def weigh_approve(command: Command) -> Verdict:
    command.need("revision_hash")
    verdict = weigh(command)
    if verdict.effect == IN_FORCE:
        _check_sanctioned(command)
    return verdict


def _check_sanctioned(command: Command) -> None:
    """Not more than was claimed, and of lines of this request only."""
    claimed = {line["id"]: line["amount_cents"] for line in cases.lines(command.db, command.request["id"])}
    for line_id, cents in cases.answers_of(command.action["sanctioned"]).items():
        if line_id not in claimed:
            raise Rejected("not_found", field="sanctioned", key=line_id)
        if not 0 <= int(cents) <= claimed[line_id]:
            raise Rejected("too_much", field="sanctioned", key=line_id, most=claimed[line_id])


def approve(case: Case, verdict: Verdict) -> None:
    _sanction(case)
    steps.count(case, verdict.step, verdict.counts_for)
    telling.applicant(case, telling.APPROVED if case.request["state"] == "approved" else telling.APPROVED_STEP)


def _sanction(case: Case) -> None:
    given = cases.answers_of(case.action["sanctioned"])
    lines = cases.lines(case.db, case.id)
    for line in lines:
        if line["id"] in given:
            case.change_row(LINE, line, sanctioned_cents=int(given[line["id"]]))
    if given:
        case.change(sanctioned_cents=revision.sanctioned_cents(lines, cases.firm_currency(case.db)))


def weigh_reject(command: Command) -> Verdict:
    command.need("revision_hash", "note")
    return weigh(command)


def reject(case: Case, verdict: Verdict) -> None:
    steps.stop(case, verdict.step, "done", state="rejected", decided_at_ms=case.now_ms)
    case.close(case.now_ms)
    telling.applicant(case, telling.REJECTED)


def weigh_return(command: Command) -> Verdict:
    command.need("revision_hash", "note")
    verdict = weigh(command)
    if verdict.effect == IN_FORCE and command.action["to_step_id"]:
        target = step_row(command.db, command.action["to_step_id"])
        is_earlier = (
            target is not None
            and target["approval_id"] == command.request["id"]
            and target["state"] == "done"
            and target["position"] < verdict.step["position"]
        )
        if not is_earlier:
            raise Rejected("wrong_step", field="to_step_id")
    return verdict


def return_(case: Case, verdict: Verdict) -> None:
    if case.action["to_step_id"] is None:
        steps.stop(case, verdict.step, "done", state="returned")
        telling.applicant(case, telling.RETURNED)
        return
    again = steps.go_back(case, verdict.step, step_row(case.db, case.action["to_step_id"]))
    for step_id in again:
        for action in cases.actions(case.db, "step_id = ? AND voided_at_ms IS NULL", step_id):
            if action["verb"] == "approve":
                case.change_row(ACTION, action, voided_at_ms=case.now_ms)
    telling.applicant(case, telling.SENT_BACK)


# --- other people -------------------------------------------------------------------------------------


def weigh_transfer(command: Command) -> Verdict:
    targets = _targets(command)
    if len(targets) != 1:
        raise Rejected("too_many", field="target_ids", most=1)
    verdict = weigh(command)
    if verdict.effect == IN_FORCE and targets[0] in members_of(verdict.step["asked_ids"]):
        raise Rejected("already_asked", field="target_ids")
    return verdict


def transfer(case: Case, verdict: Verdict) -> None:
    [target] = members_of(case.action["target_ids"])
    steps.replace_asked(case, verdict.step, verdict.counts_for[0], target)
    steps.turn_to(case, verdict.step, telling.PASSED_ON, case.by)


def weigh_add(command: Command) -> Verdict:
    _targets(command)
    verdict = weigh(command)
    if verdict.effect == IN_FORCE:
        steps.check_room(command.db, command.request)
    return verdict


def _targets(command: Command) -> list[str]:
    command.need("target_ids")
    targets = members_of(command.action["target_ids"])
    if command.applicant_id in targets:
        raise Rejected("to_applicant", field="target_ids")
    for target in targets:
        if not is_active(command.db, target):
            raise Rejected("has_left", field="target_ids")
    if command.by in targets:
        raise Rejected("already_asked", field="target_ids")
    return targets


def add_before(case: Case, verdict: Verdict) -> None:
    steps.insert_before(case, verdict.step, members_of(case.action["target_ids"]), _mode(case))


def add_after(case: Case, verdict: Verdict) -> None:
    steps.insert_after(case, verdict.step, members_of(case.action["target_ids"]), _mode(case))


def _mode(case: Case) -> str:
    return case.action["mode"] or "order"
