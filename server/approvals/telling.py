"""Who hears of what happens to a request: a name and a verb, never what is asked for.

Runs in the transaction that causes it; a key says a thing once only. Sends nothing.
"""

from __future__ import annotations

from collections.abc import Iterable

from web.reasons import N_

from ..notices import queue
from .case import Case, name_of

ASKS = N_("%(name)s asks you to approve something")
PASSED_ON = N_("%(name)s passed a request on to you")
ASKS_AGAIN = N_("%(name)s asks you once more to approve something")
LATE = N_("%(name)s has waited for your decision for too long")
APPROVED_STEP = N_("%(name)s approved a step of your request")
APPROVED = N_("%(name)s approved your request")
REJECTED = N_("%(name)s rejected your request")
RETURNED = N_("%(name)s returned your request")
SENT_BACK = N_("%(name)s sent your request back to an earlier step")
COPIED = N_("A request of %(name)s was approved")
TO_PAY = N_("A request of %(name)s is to be paid")
PAID = N_("%(name)s paid your request")
REPAID = N_("%(name)s recorded what you paid back")
MADE_VOID = N_("%(name)s made an approved request void")
COMMENTED = N_("%(name)s commented on a request for approval")
CAME_SECOND = N_("Your decision came too late: %(name)s had decided already")
WAS_CHANGED = N_("Your decision came too late: the request of %(name)s had changed")


def asked(case: Case, step: dict, user_ids: Iterable[str], text: str = ASKS, about: str | None = None) -> None:
    """These people are to decide. about: whose name is said; None: the applicant's."""
    approval = (case.id, step["id"], case.request["revision_hash"])
    for user_id in user_ids:
        key = f"asked:{step['id']}:{step['opened_at_ms']}:{user_id}"
        _tell(case, key, user_id, "approval", text, about or case.applicant_id, approval)


def again(case: Case, step: dict, user_ids: Iterable[str], text: str) -> None:
    """The same people once more."""
    approval = (case.id, step["id"], case.request["revision_hash"])
    for user_id in user_ids:
        _tell(case, _key(case, user_id), user_id, "approval", text, case.applicant_id, approval)


def applicant(case: Case, text: str) -> None:
    """Whoever decided knows it: nobody is told of what they did themselves."""
    if case.by != case.applicant_id:
        _tell(case, _key(case, case.applicant_id), case.applicant_id, "decision", text, case.by)


def commented(case: Case, user_ids: Iterable[str]) -> None:
    """The applicant, and whoever is to decide: they may be waiting for an answer."""
    for user_id in user_ids:
        if user_id != case.by:
            _tell(case, _key(case, user_id), user_id, "decision", COMMENTED, case.by)


def copied(case: Case, user_ids: Iterable[str]) -> None:
    for user_id in user_ids:
        if user_id not in (case.by, case.applicant_id):
            _tell(case, f"copied:{case.id}:{case.request['revision']}:{user_id}", user_id, "decision", COPIED, None)


def to_pay(case: Case, user_ids: Iterable[str]) -> None:
    for user_id in user_ids:
        _tell(case, f"pay:{case.id}:{case.request['revision']}:{user_id}", user_id, "approval", TO_PAY, None)


def of_void(case: Case, user_ids: Iterable[str]) -> None:
    for user_id in user_ids:
        if user_id != case.by:
            _tell(case, _key(case, user_id), user_id, "decision", MADE_VOID, case.by)


def came_too_late(case: Case, text: str, about: str | None) -> None:
    if case.by is not None:
        _tell(case, _key(case, case.by), case.by, "decision", text, about)


def no_longer(case: Case, user_ids: Iterable[str]) -> None:
    """They are not waited for any more: what was not sent yet is not sent."""
    for user_id in user_ids:
        queue.withdraw(case.db, address=_address(case), user_id=user_id, kind="approval")


def _key(case: Case, user_id: str) -> str:
    return f"action:{case.action['id']}:{user_id}"


def _address(case: Case) -> str:
    return f"/approvals/{case.id}"


def _tell(
    case: Case, key: str, user_id: str, kind: str, text: str, about: str | None, approval: tuple | None = None
) -> None:
    queue.add(
        case.db,
        key=key,
        user_id=user_id,
        kind=kind,
        text=text,
        values={"name": name_of(case.db, about or case.applicant_id)},
        address=_address(case),
        now_ms=case.now_ms,
        approval=approval,
    )
