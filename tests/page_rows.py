"""A small firm's rows, at least one of each entity, for tests that render every page.

Awkward on purpose: Chinese and four-byte letters, HTML in names, NULL wherever the model allows it, numbers
that want grouping.  Ids are readable so that a difference between two pages can be read.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

from sync.entities import BY_NAME, ENTITIES
from sync.schema import wire_columns

NOW_MS = 1_795_484_460_000  # 2026-11-24 09:41 in Shanghai
ROWS = Path(__file__).parent / "cases" / "pages" / "rows.json"  # around NOW_MS; what a row leaves out is the default
HOUR = 3_600_000
DAY = 24 * HOUR
ME = {
    "id": "user-wang",
    "name": "王芳 <wang>",
    "title": "销售经理",
    "role_id": "role-boss",
    "department_id": "dep-north",
    "is_admin": 1,
    "language": "zh-Hans",
    "timezone": "Asia/Shanghai",
    "theme": None,
}


@cache
def rows() -> dict[str, list[dict]]:
    """Entity name -> whole rows as the wire has them."""
    given = json.loads(ROWS.read_text(encoding="utf-8"))
    return {entity.name: [whole(entity.name, row) for row in given[entity.name]] for entity in ENTITIES}


def outbox() -> list[dict]:
    """Unsent edits in each state."""
    states = [("waiting", None, None), ("acked", None, None), ("refused", "too_long", '{"most": 200, "field": "name"}')]
    entries = [
        {"n": n, "state": state, "reason": reason, "detail": detail}
        | _operation(n, *target)
        for n, ((state, reason, detail), target) in enumerate(zip(states, _EDITED, strict=True), 1)
    ]
    return entries


_EDITED = (("activity", "act-visit"), ("task", "task-open"), ("account", "acc-wang"))


def _operation(n: int, entity: str, row: str) -> dict:
    at_ms = NOW_MS - n * HOUR
    op = {"id": f"op-{n}", "entity": entity, "row": row, "base": 3, "at": at_ms, "set": {"note": "新 <i>"}}
    return {
        "id": f"op-{n}",
        "group_id": None,
        "entity": entity,
        "row_id": row,
        "op": json.dumps(op, ensure_ascii=False),
        "at_ms": at_ms,
        "seq": 7 if n == 2 else None,
    }


def whole(entity: str, row: dict) -> dict:
    """A row with every column: what is not given is the default or NULL."""
    stamps = {
        "version": 3,
        "created_at_ms": NOW_MS - 9 * DAY,
        "created_by": "user-wang",
        "updated_at_ms": NOW_MS - DAY,
        "updated_by": "user-li",
    }
    defaults = {field.name: _default(field.default) for field in BY_NAME[entity].fields}
    known = {**defaults, **stamps, **row}
    return {column: known.get(column) for column in wire_columns(BY_NAME[entity])}


def _default(value: object) -> object:
    return {"@me": "user-wang", "@now": NOW_MS}.get(value, value) if isinstance(value, str) else value
