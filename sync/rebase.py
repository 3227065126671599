"""A device's unsent operations on top of the server's row: what the person sees.

Never asks who else changed what; that is for `merge`, on the server.  Twin: service_worker/rebase.js.
"""

from __future__ import annotations

from collections.abc import Iterable

from .model import Entity
from .operations import Operation, Row, apply_patch


def rebase(entity: Entity, base_row: Row | None, ops: Iterable[Operation], me: str | None) -> Row | None:
    """The row after the operations, in order, that the person me made on this device; None: not there.

    base_row: the server's row, or None where the server has none.  Then the first operation makes it (base 0); an
    edit of a row that the server has deleted or taken away shows nothing.
    """
    row = base_row
    for op in ops:
        is_new = row is None
        if op.delete or (is_new and op.base > 0):
            return None
        row = apply_patch(entity, row, op, me) | {"updated_at_ms": op.at, "updated_by": me}
        if is_new:
            row |= {"created_at_ms": op.at, "created_by": me}
    return row
