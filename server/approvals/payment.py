"""Paying what was approved, and what comes back of an advance. Moves no money: a cashier says that it was done."""

from __future__ import annotations

from ..database import sqlite3
from ..permission import Rejected
from . import approved, telling
from . import case as cases
from .case import Case
from .verdict import CHANGED, DECIDED, Command, Verdict


def weigh_pay(command: Command) -> Verdict:
    _check_cashier(command)
    command.need("amount_cents")
    db, request = command.db, command.request
    if cases.kind_of(db, request) not in approved.PAYABLE:
        raise Rejected("nothing_to_pay")
    if request["paid_at_ms"] is not None:
        return Verdict(DECIDED, request["paid_by"])
    if request["state"] == "void":
        return Verdict(CHANGED, command.applicant_id)
    if request["state"] != "approved":
        raise Rejected("not_approved")
    due = due_cents(db, request)
    paid = command.action["amount_cents"]
    if cases.kind_of(db, request) == "advance":
        if not 0 < paid <= due:
            raise Rejected("too_much", field="amount_cents", most=due)
    elif paid != due:
        # Somebody set off the same advance in the meantime, or it was never what is to be paid.
        raise Rejected("amount_differs", field="amount_cents", due=due)
    return Verdict()


def pay(case: Case, verdict: Verdict) -> None:
    offset = case.request["offset_cents"]
    if cases.kind_of(case.db, case.request) == "expense_claim":
        offset = set_off_cents(case.db, case.request)
    case.change(
        paid_at_ms=case.now_ms, paid_by=case.by, paid_cents=case.action["amount_cents"], offset_cents=offset
    )
    telling.no_longer(case, approved.cashiers_of(case.db))
    telling.applicant(case, telling.PAID)
    case.close(case.now_ms)


def weigh_repay(command: Command) -> Verdict:
    _check_cashier(command)
    command.need("amount_cents")
    db, request = command.db, command.request
    if cases.kind_of(db, request) != "advance" or request["paid_at_ms"] is None:
        raise Rejected("nothing_to_repay")
    left = left_of_advance(db, request)
    if not 0 < command.action["amount_cents"] <= left:
        raise Rejected("too_much", field="amount_cents", most=left)
    return Verdict()


def repay(case: Case, verdict: Verdict) -> None:
    case.change(offset_cents=(case.request["offset_cents"] or 0) + case.action["amount_cents"])
    telling.applicant(case, telling.REPAID)


def due_cents(db: sqlite3.Connection, request: dict) -> int:
    """What is still to be paid of an approved request, once its advance is set off."""
    return (request["sanctioned_cents"] or 0) - set_off_cents(db, request)


def set_off_cents(db: sqlite3.Connection, claim: dict) -> int:
    """What paying this claim takes from its advance."""
    advance = cases.request_row(db, claim["advance_id"]) if claim["advance_id"] else None
    if advance is None:
        return 0
    return max(0, min(left_of_advance(db, advance), claim["sanctioned_cents"] or 0))


def left_of_advance(db: sqlite3.Connection, advance: dict) -> int:
    set_off = db.execute(
        "SELECT coalesce(sum(offset_cents), 0) FROM approval"
        " WHERE advance_id = ? AND paid_at_ms IS NOT NULL AND deleted = 0",
        (advance["id"],),
    ).fetchone()[0]
    return (advance["paid_cents"] or 0) - set_off - (advance["offset_cents"] or 0)


def _check_cashier(command: Command) -> None:
    if command.by not in approved.cashiers_of(command.db):
        raise Rejected("not_cashier")
