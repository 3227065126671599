"""A command in: judged before anything is written, then written down and carried out, all in one transaction.

A command that came too late is kept with its effect, and whoever gave it is told; one that could never be is refused.
Every verb has one function that judges and one that does.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from .. import record
from ..database import sqlite3
from ..permission import Rejected
from ..record import Author
from . import case as cases
from . import deciding, payment, submission, telling, verbs
from .case import ACTION, Case
from .verdict import DECIDED, IN_FORCE, Command, Verdict

VERBS = {
    "submit": (submission.weigh, submission.carry_out),
    "approve": (deciding.weigh_approve, deciding.approve),
    "reject": (deciding.weigh_reject, deciding.reject),
    "return": (deciding.weigh_return, deciding.return_),
    "transfer": (deciding.weigh_transfer, deciding.transfer),
    "add_before": (deciding.weigh_add, deciding.add_before),
    "add_after": (deciding.weigh_add, deciding.add_after),
    "recall": (verbs.weigh_recall, verbs.recall),
    "comment": (verbs.weigh_comment, verbs.comment),
    "nudge": (verbs.weigh_nudge, verbs.nudge),
    "void": (verbs.weigh_void, verbs.void),
    "pay": (payment.weigh_pay, payment.pay),
    "repay": (payment.weigh_repay, payment.repay),
}


@dataclass(frozen=True)
class Judged:
    """A command that is about to be written down: its whole row, what it is about, what it does."""

    action: dict
    request: dict
    verdict: Verdict


def judge(db: sqlite3.Connection, action: dict, at_ms: int, now_ms: int, is_restoring: bool, is_again: bool) -> Judged:
    """action: the row that somebody wishes to add. at_ms: when they did, clamped. Writes nothing.

    is_restoring: what it rests on may still come; is_again: an earlier life of the server accepted it.
    Raises Rejected.
    """
    request = cases.request_row(db, action["approval_id"])
    if request is None:
        raise Rejected("not_found", field="approval_id")
    if action["verb"] not in VERBS or action["owner_id"] is None:
        raise Rejected("server_only", field="verb")
    weigh, _ = VERBS[action["verb"]]
    verdict = weigh(Command(db, request, action, at_ms, now_ms, is_restoring, is_again))
    written = {
        "applicant_id": request["applicant_id"],
        "revision": request["revision"],
        "on_behalf_of": verdict.on_behalf_of,
        "effect": verdict.effect,
        "met_by": verdict.met_by,
        "effect_at_ms": now_ms,
        "closed_at_ms": request["closed_at_ms"],
    }
    if action["step_id"] is None and verdict.step:
        written["step_id"] = verdict.step["id"]
    return Judged(action | written, request, verdict)


def carry_out(
    db: sqlite3.Connection, judged: Judged, author: Author, now_ms: int, touched: set
) -> tuple[int, str, dict]:
    """Write the command down and do what it says. Returns (seq, reason, detail) of its outcome."""
    seq = record.insert(db, ACTION, judged.action, author, touched)
    # What follows is the server's doing, at the time it happens: no device has seen it.
    doing = replace(author, device_id=None, at_ms=now_ms, old_life_seq=None)
    row = dict(db.execute("SELECT * FROM approval_action WHERE id = ?", (judged.action["id"],)).fetchone())
    case = Case(db, judged.request, row, doing, now_ms, touched)
    verdict = judged.verdict
    if verdict.effect == IN_FORCE:
        _, do = VERBS[row["verb"]]
        do(case, verdict)
        return record.current_seq(db), "", {}
    _tell_who_came_second(case, verdict)
    return seq, verdict.effect, {"by": verdict.met_by, "name": cases.name_of(db, verdict.met_by)}


def _tell_who_came_second(case: Case, verdict: Verdict) -> None:
    """Nobody is told that they were faster than themselves."""
    if verdict.met_by == case.by:
        return
    if verdict.effect == DECIDED:
        telling.came_too_late(case, telling.CAME_SECOND, verdict.met_by)
    else:
        telling.came_too_late(case, telling.WAS_CHANGED, case.applicant_id)
