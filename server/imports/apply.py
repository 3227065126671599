"""The last step of an import: all operations of a plan in one write job, or none of them.

They go through the same door as what phones send.  A single refusal undoes everything and is told.
"""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Callable

from server import audit
from server.accept import accept_as_server, accept_operations
from sync.ids import RANDOM_BYTES, uuid7


class ImportRefused(Exception):
    """Nothing was imported. refusals: (operation, outcome) of what was not accepted."""

    def __init__(self, refusals: list[tuple[dict, dict]]) -> None:
        super().__init__(f"{len(refusals)} operations refused, first: {refusals[0][1]}")
        self.refusals = refusals


def import_job(firm, operations: list[dict], user_id: str | None, device_id: str | None = None) -> Callable:
    """A write job that takes all operations and returns how many, or raises ImportRefused and undoes all.

    With a person and a device, that person's rights decide; without, the firm itself imports.
    """

    def job(db) -> int:
        if user_id and device_id:
            outcomes = accept_operations(db, firm, user_id, device_id, operations)
        else:
            outcomes = accept_as_server(db, firm, operations, user_id)
        refused = [pair for pair in zip(operations, outcomes, strict=True) if pair[1]["is"] == "rejected"]
        if refused:
            raise ImportRefused(refused)
        made = Counter(operation["entity"] for operation in operations)
        audit.note(db, firm.clock(), user_id, device_id, "imported", "", dict(made))
        return len(outcomes)

    return job


def ids_from(firm) -> Callable[[], str]:
    """Fresh ids for rows and operations."""
    return lambda: uuid7(firm.clock(), secrets.token_bytes(RANDOM_BYTES))
