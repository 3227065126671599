"""What the applicant, or anybody who sees a request, may do with it: recall, comment, nudge, make void."""

from __future__ import annotations

from sync.values import members_of

from ..handover import is_admin
from ..permission import Rejected
from . import asked, steps, telling
from . import case as cases
from .case import Case
from .verdict import CHANGED, DECIDED, Command, Verdict

NUDGE_MS = 3_600_000


def weigh_recall(command: Command) -> Verdict:
    overtaken = _no_longer_pending(command)
    if overtaken:
        return overtaken
    [step] = _active(command.db, command.request["id"])
    return Verdict(step=step)


def recall(case: Case, verdict: Verdict) -> None:
    steps.stop(case, verdict.step, "void", state="recalled")


def weigh_nudge(command: Command) -> Verdict:
    overtaken = _no_longer_pending(command)
    if overtaken:
        return overtaken
    last = cases.last_action(command.db, "approval_id = ? AND verb = 'nudge'", command.request["id"])
    if last and last["effect_at_ms"] > command.now_ms - NUDGE_MS:
        raise Rejected("nudged_lately")
    [step] = _active(command.db, command.request["id"])
    return Verdict(step=step)


def nudge(case: Case, verdict: Verdict) -> None:
    waited_for = asked.now_asked(case.db, verdict.step, case.applicant_id, case.now_ms)
    telling.again(case, verdict.step, waited_for, telling.ASKS_AGAIN)


def _no_longer_pending(command: Command) -> Verdict | None:
    """What the applicant asks for while it is pending comes too late where it is not, or is another revision."""
    request, seen = command.request, command.action["revision_hash"]
    if command.by != command.applicant_id:
        raise Rejected("only_applicant")
    if not request["revision"]:
        raise Rejected("not_submitted")
    if seen is not None and seen != request["revision_hash"]:
        return Verdict(CHANGED, command.applicant_id)
    if request["state"] == "pending":
        return None
    return Verdict(DECIDED, _ended_by(command))


def _ended_by(command: Command) -> str | None:
    """Who brought the request to where it is."""
    verbs = "'approve', 'reject', 'return', 'recall', 'void'"
    last = cases.last_action(command.db, f"approval_id = ? AND verb IN ({verbs})", command.request["id"])
    return last["owner_id"] if last else None


def _active(db, approval_id: str) -> list[dict]:
    return [step for step in cases.way(db, approval_id) if step["state"] == "active"]


def weigh_comment(command: Command) -> Verdict:
    command.need("note")
    return Verdict()


def comment(case: Case, verdict: Verdict) -> None:
    """The row itself is all there is; those whom it may concern are told."""
    waiting = members_of(case.request["waiting_ids"])
    telling.commented(case, dict.fromkeys([case.applicant_id, *waiting]))


def weigh_void(command: Command) -> Verdict:
    command.need("note")
    request = command.request
    if command.by != command.applicant_id and not is_admin(command.db, command.by):
        raise Rejected("only_applicant")
    if request["paid_at_ms"] is not None:
        return Verdict(DECIDED, request["paid_by"])
    if request["state"] == "void":
        return Verdict(DECIDED, _ended_by(command))
    if request["state"] != "approved":
        raise Rejected("not_approved")
    return Verdict()


def void(case: Case, verdict: Verdict) -> None:
    case.change(state="void", decided_at_ms=case.now_ms)
    people = members_of(case.request["people_ids"])
    telling.no_longer(case, people)
    telling.of_void(case, [case.applicant_id, *people])
    case.close(case.now_ms)
