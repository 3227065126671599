"""What only a whole row can show: required fields, and pairs in order. Knows nobody's rights."""

from __future__ import annotations

from sync.model import Entity

from .permission import Rejected


def check_whole(entity: Entity, row: dict, changed: dict | None = None) -> None:
    """Raises Rejected. changed: the fields that differ from a row that was whole; None: all of them."""
    names = entity.by_name if changed is None else changed
    for name in names:
        if entity.by_name[name].required and row.get(name) in (None, "", "[]"):
            raise Rejected("required", field=name)
    for first, last in entity.ordered:
        if row.get(first) is not None and row.get(last) is not None and row[first] > row[last]:
            raise Rejected("end_before_start", field=last)
