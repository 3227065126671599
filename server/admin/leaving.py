"""Somebody leaves: what they still hold, to whom it goes, and then no more signing in. One write job, so that
nothing is ever without an owner in between.

What is moved is the handover's to say (`server/handover_plan.py`): it is counted here as it will be moved.
"""

from __future__ import annotations

from server import handover
from server.admin import people
from server.admin.changes import Refused, find, make
from server.handover_plan import plan


def holdings(conn, user_id: str, now_ms: int) -> dict[str, int]:
    """How many customers, contacts without one, appointments to come, open tasks and open conflicts are with them."""
    found = plan(conn, _everything(user_id), now_ms)
    return {
        "accounts": len(_alive(found.accounts)),
        "contacts": len(_alive(found.contacts)),
        "events": len([row for row in _alive(found.events) if row["cancelled_at_ms"] is None]),
        "tasks": len(_alive(found.tasks)),
        "conflicts": conn.execute(
            "SELECT count(*) FROM conflict JOIN account ON account.id = conflict.account_id"
            " WHERE conflict.settled_at_ms IS NULL AND conflict.deleted = 0 AND account.owner_id = ?",
            (user_id,),
        ).fetchone()[0],
    }


def receivers(conn, user_id: str, by: str) -> list[tuple[str, str]]:
    """(id, name) of everybody who could take it over, whoever is meant to by default first."""
    first = handover.successor(conn, user_id, by)
    rows = conn.execute(
        "SELECT id, name FROM user WHERE is_active = 1 AND deleted = 0 AND id <> ? ORDER BY id <> ?, name, id",
        (user_id, first),
    )
    return [tuple(row) for row in rows]


def leave(conn, firm, by: str, user_id: str, to_id: str, note: str) -> None:
    """Hand over all that is left, then end every sign-in. Raises Refused."""
    find(conn, "user", user_id)
    if any(holdings(conn, user_id, firm.clock()).values()):
        if not to_id:
            raise Refused("required", field="to_id")
        wish = {"from_id": user_id, "to_id": to_id, "keep": "none", "with_events": 1, "with_tasks": 1}
        make(conn, firm, by, "handover", wish | {"owner_id": by, "note": note})
    people.deactivate(conn, firm, by, user_id)


def _everything(user_id: str) -> dict:
    return {"from_id": user_id, "account_ids": "[]", "with_events": 1, "with_tasks": 1}


def _alive(rows: list[dict]) -> list[dict]:
    return [row for row in rows if not row["deleted"]]
