"""What follows when the last step has approved: amounts are fixed, copies are sent, or a cashier is asked to pay."""

from __future__ import annotations

from sync.values import members_of

from ..database import sqlite3
from ..permission import is_active
from . import case as cases
from . import revision, telling
from .case import Case

PAYABLE = frozenset({"advance", "expense_claim"})


def conclude(case: Case) -> None:
    case.change(
        state="approved",
        waiting_ids="[]",
        due_at_ms=None,
        decided_at_ms=case.now_ms,
        sanctioned_cents=sanctioned_of(case.db, case.request),
    )
    telling.no_longer(case, members_of(case.request["people_ids"]))
    copied = _copied_to(case)
    case.add_people(*copied)
    telling.copied(case, copied)
    if cases.kind_of(case.db, case.request) in PAYABLE and case.request["sanctioned_cents"]:
        cashiers = cashiers_of(case.db)
        case.add_people(*cashiers)
        telling.to_pay(case, cashiers)
    else:
        case.close(case.now_ms)


def sanctioned_of(db: sqlite3.Connection, request: dict) -> int | None:
    """What is granted, as things are: of a claim in the firm's currency."""
    lines = cases.lines(db, request["id"])
    if not lines or "lines" not in cases.definition_of(db, request["version_id"]).asks:
        return request["amount_cents"]
    return revision.sanctioned_cents(lines, cases.firm_currency(db))


def cashiers_of(db: sqlite3.Connection) -> list[str]:
    rows = db.execute(
        "SELECT user.id FROM user JOIN role ON role.id = user.role_id AND role.is_cashier = 1 AND role.deleted = 0"
        " WHERE user.is_active = 1 AND user.deleted = 0 ORDER BY user.id"
    )
    return [row[0] for row in rows]


def _copied_to(case: Case) -> list[str]:
    db, copies = case.db, cases.definition_of(case.db, case.request["version_id"]).cc
    found = [*members_of(case.request["cc_ids"]), *copies.people]
    for role_id in copies.roles:
        found += [row[0] for row in db.execute("SELECT id FROM user WHERE role_id = ? ORDER BY id", (role_id,))]
    if copies.manager:
        found += [row[0] for row in db.execute("SELECT manager_id FROM user WHERE id = ?", (case.applicant_id,))]
    return [one for one in dict.fromkeys(found) if one and one != case.applicant_id and is_active(db, one)]
