"""Two edits of one customer by two people who were offline: the real merge makes the open conflicts."""

from __future__ import annotations

import secrets

from server.accept import accept_operations
from server.sign_in import sessions
from sync.ids import RANDOM_BYTES, uuid7

HOUR_MS = 3_600_000


def add_conflicts(firm, now_ms: int) -> None:
    """One about a customer's level and one about an address, both between a salesperson and the manager."""
    _clash(firm, now_ms, "user-lina", "user-wangfang", "level", ("a", "c"))
    _clash(
        firm,
        now_ms,
        "user-wuqiang",
        "user-huangjie",
        "note",
        ("月底前要收回样机。", "样机可以再留一个月，已答应对方。"),
    )


def _clash(firm, now_ms: int, owner: str, manager: str, name: str, values: tuple[str, str]) -> None:
    with firm.look() as conn:
        row = conn.execute(
            f"SELECT id, version FROM account WHERE owner_id = ? AND {name} IS NOT NULL AND {name} NOT IN (?, ?)"
            " ORDER BY id LIMIT 1",
            (owner, *values),
        ).fetchone()
    for user_id, device, hours, value in ((owner, "iPhone", 5, values[0]), (manager, "Android", 3, values[1])):
        device_id = f"device-{user_id}"
        operation = {
            "id": uuid7(now_ms, secrets.token_bytes(RANDOM_BYTES)),
            "entity": "account",
            "row": row["id"],
            "base": row["version"],
            "at": now_ms - hours * HOUR_MS,
            "set": {name: value},
        }
        firm.write_now(lambda db, u=user_id, d=device_id, n=device, o=operation: _send(db, firm, u, d, n, o, now_ms))


def _send(db, firm, user_id: str, device_id: str, device: str, operation: dict, now_ms: int) -> None:
    # A session gives the device its name in the conflict; its token is known to nobody.
    sessions.start(db, user_id=user_id, device_id=device_id, device_name=device, started_by="password", now_ms=now_ms)
    [outcome] = accept_operations(db, firm, user_id, device_id, [operation])
    if outcome["is"] == "rejected":
        raise ValueError(f"{operation}: {outcome}")
