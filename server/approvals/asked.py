"""Who may decide in an open step, for whom, and who could before. Reads only."""

from __future__ import annotations

from collections import defaultdict

from sync.values import members_of

from ..database import sqlite3
from . import substitutes
from .case import actions, waiting_in_turn


def now_asked(db: sqlite3.Connection, step: dict, applicant_id: str, now_ms: int) -> list[str]:
    """Everybody who may decide in this step now: whoever is asked, who stands in, who was asked beside."""
    standing_by = beside(db, step["id"])
    found: list[str] = []
    for asked in waiting_in_turn(step):
        found += [asked, *substitutes.deciders(db, asked, now_ms), *standing_by[asked]]
    return [one for one in dict.fromkeys(found) if one != applicant_id]


def beside(db: sqlite3.Connection, step_id: str) -> dict[str, list[str]]:
    """Whoever is late -> who was asked beside them."""
    found: dict[str, list[str]] = defaultdict(list)
    for action in actions(db, "step_id = ? AND verb = 'overdue' AND on_behalf_of IS NOT NULL", step_id):
        found[action["on_behalf_of"]] += members_of(action["target_ids"])
    return found


def counts_for(db: sqlite3.Connection, step: dict, by: str, at_ms: int) -> list[str]:
    """Of those who are asked now, those for whom this person's decision counts; the person first."""
    standing_by = beside(db, step["id"])

    def counts(asked: str) -> bool:
        return (
            asked == by
            or by in standing_by[asked]
            or substitutes.stands_in_for(db, by, [asked], at_ms) is not None
        )

    found = []
    for asked in members_of(step["waiting_ids"]):
        if counts(asked):
            found.append(asked)
        elif step["mode"] == "order":
            break
    return sorted(found, key=lambda asked: asked != by)


def was_asked(db: sqlite3.Connection, step: dict, by: str, at_ms: int) -> bool:
    """Whether this person is asked in this step, or was at any time, or stands in for somebody who is or was."""
    asked = [*members_of(step["asked_ids"]), *_passed_on(db, step["id"])]
    if by in asked or any(by in others for others in beside(db, step["id"]).values()):
        return True
    return substitutes.stands_in_for(db, by, asked, at_ms) is not None or bool(decisions_of(db, step["id"], by))


def decisions_of(db: sqlite3.Connection, step_id: str, by: str) -> list[dict]:
    """This person's decisions in a step that took effect."""
    return actions(db, "step_id = ? AND owner_id = ? AND verb IN ('approve', 'reject', 'return')", step_id, by)


def passed_on_by(db: sqlite3.Connection, step_id: str, user_id: str) -> dict | None:
    """The action by which this person is no longer asked there."""
    found = [
        action
        for action in actions(db, "step_id = ? AND verb IN ('transfer', 'reassign')", step_id)
        if user_id in (action["on_behalf_of"] or action["owner_id"], action["owner_id"])
    ]
    return found[-1] if found else None


def _passed_on(db: sqlite3.Connection, step_id: str) -> list[str]:
    passed = actions(db, "step_id = ? AND verb IN ('transfer', 'reassign')", step_id)
    return [one for action in passed for one in (action["on_behalf_of"], action["owner_id"]) if one]
