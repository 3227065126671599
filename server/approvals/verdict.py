"""What a command is judged by, and what came of it, before anything is written."""

from __future__ import annotations

from dataclasses import dataclass

from ..database import sqlite3
from ..permission import Missing, Rejected

IN_FORCE, CHANGED, DECIDED = "in_force", "changed_meanwhile", "already_decided"


@dataclass(frozen=True)
class Command:
    """request, action: rows; the action's is about to be made. at_ms: when it was given, by a clamped clock.

    is_restoring: what it rests on may still come, from another device; is_again: and it was in force once.
    """

    db: sqlite3.Connection
    request: dict
    action: dict
    at_ms: int
    now_ms: int
    is_restoring: bool = False
    is_again: bool = False

    @property
    def by(self) -> str | None:
        return self.action["owner_id"]

    @property
    def applicant_id(self) -> str:
        return self.request["applicant_id"] or self.request["owner_id"]

    def need(self, *names: str) -> None:
        for name in names:
            if self.action.get(name) in (None, "", "[]"):
                raise Rejected("required", field=name)

    def too_early(self, step_id: str, reason: str, **detail) -> Rejected:
        """What is refused, or waits where what it rests on may still come."""
        return Missing(step_id, "step_id") if self.is_restoring else Rejected(reason, **detail)


@dataclass(frozen=True)
class Verdict:
    """effect: see APPROVALS.md. met_by: who was faster. step: the open step that the command is about.

    counts_for: of whoever is asked there, those whose part is done by it. prepared: what was worked out on the way.
    """

    effect: str = IN_FORCE
    met_by: str | None = None
    step: dict | None = None
    counts_for: tuple[str, ...] = ()
    on_behalf_of: str | None = None
    prepared: object = None
