"""Who is asked, in which order: a definition, an applicant and what is asked for become steps with people.

Reads only, so that a try-out and a submission ask the same.  Never asks anybody about their own request, never asks
somebody who has left, and never lets anything pass by itself: where nobody is found, the fallback is asked.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from ..database import sqlite3
from ..permission import Rejected, is_active
from .definition import Condition, Definition, Step

# The step of a request for which no step of its definition holds.
FALLBACK_KEY = "fallback"
MOST_ASKED = 200


@dataclass(frozen=True)
class Ask:
    """What the way depends on. amount_cents: in the firm's currency; None: not known, conditions then hold."""

    applicant_id: str
    amount_cents: int | None = None
    categories: frozenset[str] = frozenset()
    answers: dict | None = None


@dataclass(frozen=True)
class Planned:
    """One step of the way. instead: why others are asked than the definition says."""

    key: str
    name: str
    mode: str
    asked_ids: tuple[str, ...]
    instead: str | None = None


def plan(db: sqlite3.Connection, definition: Definition, ask: Ask) -> list[Planned]:
    """The whole way. Raises Rejected where nobody in the firm may approve this."""
    finder = _Finder(db, definition, ask)
    found = [finder.planned(step) for step in definition.steps if holds(db, step, ask)]
    if not found:
        found = [Planned(FALLBACK_KEY, "", "order", (finder.fallback(),), "nobody_found")]
    return found


def replacement(
    db: sqlite3.Connection, left_id: str, applicant_id: str, fallback_id: str | None, but: Iterable[str] = ()
) -> str | None:
    """Who is asked instead of somebody who has left: the nearest manager there, the fallback, an administrator."""
    unwanted = {applicant_id, left_id, *but}
    candidates = (*_managers_above(db, left_id), fallback_id, *_administrators(db))
    return next((one for one in candidates if one and one not in unwanted and is_active(db, one)), None)


# --- which steps --------------------------------------------------------------------------------------


def holds(db: sqlite3.Connection, step: Step, ask: Ask) -> bool:
    return all(_condition_holds(db, condition, ask) for condition in step.when)


def _condition_holds(db: sqlite3.Connection, condition: Condition, ask: Ask) -> bool:
    if condition.field == "amount":
        return ask.amount_cents is None or _compare(ask.amount_cents, condition)
    if condition.field == "department":
        return bool(departments_above(db, ask.applicant_id) & set(condition.among))
    if condition.field == "category":
        return bool(ask.categories & set(condition.among))
    given = (ask.answers or {}).get(condition.key, "")
    if condition.among:
        return given in condition.among
    number = number_of(given)
    # What cannot be compared is looked at by one more, not by one less.
    return number is None or _compare(number, condition)


def _compare(number: float | int, condition: Condition) -> bool:
    limit = condition.value
    return {
        ">=": number >= limit,
        ">": number > limit,
        "<=": number <= limit,
        "<": number < limit,
    }[condition.op]


def number_of(text: str) -> float | None:
    """A number as it was answered; None where it is none."""
    try:
        number = float(text.replace(",", ""))
    except ValueError:
        return None
    return number if abs(number) <= 10**14 else None


def departments_above(db: sqlite3.Connection, user_id: str) -> set[str]:
    """The person's department and all above it: a condition on one holds for those below."""
    rows = db.execute(
        "WITH RECURSIVE above(id) AS (SELECT department_id FROM user WHERE id = ? UNION"
        " SELECT d.parent_id FROM department AS d JOIN above ON d.id = above.id WHERE d.deleted = 0)"
        " SELECT id FROM above WHERE id IS NOT NULL",
        (user_id,),
    )
    return {row[0] for row in rows}


# --- who ----------------------------------------------------------------------------------------------


@dataclass
class _Finder:
    db: sqlite3.Connection
    definition: Definition
    ask: Ask

    def planned(self, step: Step) -> Planned:
        planned = Planned(step.key, step.name, step.mode, ())
        wanted = list(self._wanted(step))
        for user_id in wanted:
            if user_id == self.ask.applicant_id:
                planned = self._instead(planned, self._above_applicant(wanted), "self")
            elif not is_active(self.db, user_id):
                planned = self._instead(planned, self._for_one_who_left(user_id), "has_left")
            else:
                planned = replace(planned, asked_ids=(*planned.asked_ids, user_id))
        asked = tuple(dict.fromkeys(planned.asked_ids))[:MOST_ASKED]
        if not asked:
            return replace(planned, asked_ids=(self.fallback(),), instead="nobody_found")
        return replace(planned, asked_ids=asked)

    def _wanted(self, step: Step) -> Iterator[str]:
        who = step.who
        if who.kind == "person":
            yield from who.ids
        elif who.kind == "role":
            yield from self._in_role(who.role_id)
        elif who.kind == "chosen":
            yield from (self.ask.answers or {}).get(step.answer_key, "").split()
        elif who.kind == "manager":
            yield from _first(_manager_ids(self.db, self.ask.applicant_id))
        else:
            yield from list(_managers_above(self.db, self.ask.applicant_id))[: who.levels]

    def _in_role(self, role_id: str | None) -> list[str]:
        """The others decide where the applicant has the role as well."""
        rows = self.db.execute(
            "SELECT id FROM user WHERE role_id = ? AND is_active = 1 AND deleted = 0 ORDER BY created_at_ms, id",
            (role_id,),
        )
        everybody = [row[0] for row in rows]
        return [one for one in everybody if one != self.ask.applicant_id] or everybody

    def _instead(self, planned: Planned, found: str, why: str) -> Planned:
        return replace(planned, asked_ids=(*planned.asked_ids, found), instead=why)

    def _above_applicant(self, but: list[str]) -> str:
        above = [one for one in _managers_above(self.db, self.ask.applicant_id) if one not in but]
        return above[0] if above else self.fallback()

    def _for_one_who_left(self, user_id: str) -> str:
        found = replacement(self.db, user_id, self.ask.applicant_id, self.definition.fallback_id)
        return found or self.fallback()

    def fallback(self) -> str:
        """Raises Rejected."""
        found = replacement(self.db, "", self.ask.applicant_id, self.definition.fallback_id)
        if found is None:
            raise Rejected("nobody_may_approve")
        return found


def _managers_above(db: sqlite3.Connection, user_id: str) -> Iterator[str]:
    """Everybody above who is there, nearest first; never the person, should the chain close."""
    return (one for one in _manager_ids(db, user_id) if is_active(db, one))


def _manager_ids(db: sqlite3.Connection, user_id: str) -> Iterator[str]:
    seen, above = {user_id}, _manager_of(db, user_id)
    while above and above not in seen:
        yield above
        seen.add(above)
        above = _manager_of(db, above)


def _manager_of(db: sqlite3.Connection, user_id: str) -> str | None:
    found = db.execute("SELECT manager_id FROM user WHERE id = ? AND deleted = 0", (user_id,)).fetchone()
    return found[0] if found else None


def _administrators(db: sqlite3.Connection) -> list[str]:
    rows = db.execute(
        "SELECT user.id FROM user JOIN role ON role.id = user.role_id AND role.is_admin = 1 AND role.deleted = 0"
        " WHERE user.is_active = 1 AND user.deleted = 0 ORDER BY user.created_at_ms, user.id"
    )
    return [row[0] for row in rows]


def _first(ids: Iterable[str]) -> list[str]:
    return next(([one] for one in ids), [])
