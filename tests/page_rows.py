"""A small firm's rows, at least one of each entity, for tests that render every page.

Awkward on purpose: Chinese and four-byte letters, HTML in names, NULL wherever the model allows it, numbers
that want grouping.  Ids are readable so that a difference between two pages can be read.
"""

from __future__ import annotations

import json

from sync.entities import BY_NAME, ENTITIES
from sync.schema import wire_columns

NOW_MS = 1_795_484_460_000  # 2026-11-24 09:41 in Shanghai
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


def rows() -> dict[str, list[dict]]:
    """Entity name -> whole rows as the wire has them."""
    return {entity.name: [whole(entity.name, row) for row in ROWS[entity.name]] for entity in ENTITIES}


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


def _list(*members: str) -> str:
    return json.dumps(list(members), ensure_ascii=False)


ROWS: dict[str, list[dict]] = {
    "department": [
        {"id": "dep-all", "name": "公司"},
        {"id": "dep-north", "name": "North & East", "parent_id": "dep-all", "position": 1},
    ],
    "role": [
        {"id": "role-boss", "name": "Manager", "data_scope": "everything", "is_admin": 1},
        {"id": "role-rep", "name": "销售", "data_scope": "own"},
    ],
    "user": [
        {"id": "user-wang", "name": "王芳 <wang>", "title": "销售经理", "phones": _list("138 0000 8001"), "role_id": "role-boss", "department_id": "dep-north"},
        {"id": "user-li", "name": "李娜", "emails": _list("li@example.com"), "role_id": "role-rep", "department_id": "dep-north", "manager_id": "user-wang"},
        {"id": "user-anna", "name": "Anna O'Neil", "role_id": "role-rep", "department_id": "dep-all"},
        {"id": "user-gone", "name": "Gone", "role_id": "role-rep", "is_active": 0},
    ],
    "preference": [{"id": "user-wang", "language": "zh-Hans", "timezone": "Asia/Shanghai"}],
    "account": [
        {
            "id": "acc-wang", "name": "王芳贸易 <Trade> & Söhne", "short_name": "王芳", "level": "a", "industry": "机械", "source": "展会",
            "region": "上海", "phones": _list("021-5555 8001", "400 800 9000"), "emails": _list("info@example.com"),
            "website": "https://example.com/?a=1&b=2", "address": "上海市 <静安区> 1号", "lat_e6": 31_230_000, "lng_e6": 121_470_000,
            "tags": _list("重点", "new 😀"), "employees": 12_345, "founded_year": 1999, "annual_revenue_k": 1_234_567,
            "next_contact_on": "2026-11-23", "note": "第一行\n<b>第二行</b> 😀",
        },
        {"id": "acc-acme", "name": "Acme Corporation", "kind": "dealer", "level": "b", "owner_id": "user-li", "parent_id": "acc-wang", "next_contact_on": "2026-11-24"},
        {"id": "acc-bare", "name": "Bare"},
        {"id": "acc-pool", "name": "無主公司", "owner_id": None, "next_contact_on": "2027-01-05"},
    ],
    "account_member": [{"id": "mem-1", "account_id": "acc-wang", "user_id": "user-anna", "access": "read", "until_on": "2026-12-31"}],
    "contact": [
        {
            "id": "con-li", "account_id": "acc-wang", "name": "李雷", "title": "采购", "department": "Einkauf", "influence": "decides",
            "phones": _list("13900008002"), "emails": _list("lei@example.com"), "wechat": "lilei_88", "birthday": "1988-11-25", "tags": _list("老同学"), "note": "<script>alert(1)</script>",
        },
        {"id": "con-bob", "name": "Bob 'the' Builder", "owner_id": "user-li"},
    ],
    "relation": [
        {"id": "rel-1", "from_account_id": "acc-wang", "to_account_id": "acc-acme", "role": "Dealer", "reverse_role": "Supplier"},
        {"id": "rel-2", "from_account_id": "acc-wang", "from_contact_id": "con-li", "to_contact_id": "con-bob", "role": "同学", "note": "since school"},
    ],
    "event": [
        {
            "id": "eve-today", "title": "拜访 <王芳>", "start_ms": NOW_MS + HOUR, "end_ms": NOW_MS + 2 * HOUR, "place": "静安区", "note": "带样品",
            "account_id": "acc-wang", "contact_ids": _list("con-li"), "attendee_ids": _list("user-wang", "user-li"), "remind_minutes": 30,
        },
        {"id": "eve-clash", "title": "Clash", "kind": "meeting", "start_ms": NOW_MS + HOUR, "end_ms": NOW_MS + 3 * HOUR, "attendee_ids": _list("user-wang")},
        {"id": "eve-days", "title": "Fair", "kind": "other", "start_ms": NOW_MS - DAY, "end_ms": NOW_MS + 2 * DAY, "is_all_day": 1, "owner_id": "user-li"},
        {"id": "eve-off", "title": "Off", "kind": "call", "start_ms": NOW_MS - 5 * DAY, "end_ms": NOW_MS - 5 * DAY + HOUR, "cancelled_at_ms": NOW_MS - 6 * DAY, "account_id": "acc-acme"},
    ],
    "activity": [
        {"id": "act-visit", "account_id": "acc-wang", "contact_ids": _list("con-li"), "event_id": "eve-off", "kind": "visit", "at_ms": NOW_MS - 2 * HOUR, "body": "谈了 价格\n& terms 😀", "minutes": 75, "checkin_at_ms": NOW_MS - 2 * HOUR, "checkin_lat_e6": 31_230_100, "checkin_lng_e6": -121_470_100, "checkin_accuracy_m": 12},
        {"id": "act-call", "account_id": "acc-acme", "kind": "call", "at_ms": NOW_MS - 40 * DAY, "owner_id": "user-li"},
        {"id": "act-note", "account_id": "acc-wang", "kind": "note", "at_ms": NOW_MS - 400 * DAY, "body": "old"},
        {"id": "act-alone", "kind": "message", "at_ms": NOW_MS - 30_000, "body": "to myself"},
    ],
    "task": [
        {"id": "task-open", "title": "报价 <quote>", "is_important": 1, "is_urgent": 1, "due_on": "2026-11-24", "account_id": "acc-wang", "contact_id": "con-li", "note": "n"},
        {"id": "task-late", "title": "Late", "is_important": 1, "due_on": "2026-11-01", "assignee_id": "user-li"},
        {"id": "task-done", "title": "Done", "is_urgent": 1, "done_at_ms": NOW_MS - DAY, "account_id": "acc-wang"},
        {"id": "task-some", "title": "Some day"},
    ],
    "sticky": [
        {"id": "sti-1", "body": "门口停车 <here>", "account_id": "acc-wang"},
        {"id": "sti-2", "body": "mine", "colour": "red"},
    ],
    "comment": [
        {"id": "com-1", "target_entity": "account", "target_id": "acc-wang", "account_id": "acc-wang", "body": "@王芳 看一下 <i>", "mention_ids": _list("user-wang"), "owner_id": "user-li"},
        {"id": "com-2", "target_entity": "activity", "target_id": "act-visit", "account_id": "acc-wang", "body": "ok"},
        {"id": "com-3", "target_entity": "task", "target_id": "task-some", "body": "hm"},
        {"id": "com-4", "target_entity": "event", "target_id": "eve-today", "account_id": "acc-wang", "body": "hm"},
    ],
    "saved_view": [{"id": "view-1", "name": "A 类 & due", "query": "level=a&due=1"}],
    "busy": [{"id": "busy-1", "user_id": "user-li", "event_id": "eve-days", "start_ms": NOW_MS - DAY, "end_ms": NOW_MS + 2 * DAY}],
    "conflict": [
        {
            "id": "conf-1", "target_entity": "account", "target_id": "acc-wang", "account_id": "acc-wang", "kind": "field", "unit": "name",
            "kept": json.dumps({"name": "王芳贸易 <Trade> & Söhne"}, ensure_ascii=False), "kept_by": "user-li", "kept_at_ms": NOW_MS - HOUR, "kept_device": "Pixel",
            "lost": json.dumps({"name": "王芳貿易"}, ensure_ascii=False), "lost_by": "user-wang", "lost_at_ms": NOW_MS - 2 * HOUR, "lost_device": "iPhone",
            "base": json.dumps({"name": "Wang"}),
        },
        {
            "id": "conf-2", "target_entity": "event", "target_id": "eve-today", "account_id": "acc-wang", "kind": "field", "unit": "time",
            "kept": json.dumps({"start_ms": NOW_MS + HOUR, "end_ms": NOW_MS + 2 * HOUR, "is_all_day": 0}), "kept_by": "user-wang", "kept_at_ms": NOW_MS,
            "lost": json.dumps({"start_ms": NOW_MS, "end_ms": NOW_MS + HOUR, "is_all_day": 0}), "lost_by": "user-li", "lost_at_ms": NOW_MS - HOUR,
            "base": json.dumps({"start_ms": 0, "end_ms": HOUR, "is_all_day": 1}),
        },
        {
            "id": "conf-3", "target_entity": "task", "target_id": "task-some", "kind": "delete", "unit": "deleted",
            "kept": json.dumps({"title": "Some day"}), "kept_by": "user-wang", "kept_at_ms": NOW_MS, "lost": json.dumps({"deleted": 1}), "lost_by": "user-li",
            "lost_at_ms": NOW_MS - HOUR,
        },
        {
            "id": "conf-4", "target_entity": "contact", "target_id": "con-li", "account_id": "acc-wang", "kind": "field", "unit": "title",
            "kept": "{}", "lost": "{}", "kept_by": "user-li", "lost_by": "user-anna", "settled_at_ms": NOW_MS, "settled_by": "user-wang",
        },
    ],
}
