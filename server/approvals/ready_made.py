"""The definitions and expense categories that a new firm starts with, in the language of whoever sets it up.

    install(db, firm, admin_id, lang)

Their ids follow from their names in here, so that installing again adds what is missing and touches nothing that
is there, however it was renamed or changed.  Never overwrites, never switches anything on again.
"""

from __future__ import annotations

import json
from collections.abc import Callable

from server.admin.changes import make
from sync.ids import derived_id
from web.reasons import N_
from web.text import Text

from ..database import sqlite3
from . import ready_made_forms as forms

MANAGER = {"kind": "manager"}
TWO_MANAGERS = {"kind": "managers", "levels": 2}

# Above this much (hundredths), or this many days or per cent, the manager's manager signs, too.
MUCH, VERY_MUCH, LONG, DEEP = 500_000, 5_000_000, 3, 10

CATEGORIES = (
    ("travel", N_("Travel")),
    ("meals", N_("Meals")),
    ("lodging", N_("Lodging")),
    ("transport", N_("Local transport")),
    ("hospitality", N_("Hospitality")),
    ("office", N_("Office supplies")),
    ("phone", N_("Phone and internet")),
    ("other", N_("Other")),
)

PEOPLE, MONEY, BUSINESS = N_("People and travel"), N_("Money"), N_("Customers")

# slug, name, subject, kind, built-in fields, own fields, what makes the way longer, does finance sign?
DEFINITIONS = (
    ("leave", N_("Leave"), PEOPLE, "general", ("receipts", "cc"), forms.LEAVE, ("days", LONG), False),
    ("trip", N_("Business trip"), PEOPLE, "general", ("amount", "account", "cc"), forms.TRIP, ("days", LONG), False),
    ("general", N_("General request"), PEOPLE, "general", ("receipts", "cc"), (), None, False),
    ("discount", N_("Quotation discount"), BUSINESS, "general", ("amount", "account", "receipts", "cc"),
     forms.DISCOUNT, ("percent", DEEP), False),
    ("contract", N_("Contract"), BUSINESS, "general", ("amount", "account", "receipts", "cc"),
     forms.CONTRACT, ("amount", VERY_MUCH), True),
    ("expense-request", N_("Expense request"), MONEY, "expense_request", ("amount", "account", "receipts", "cc"),
     forms.EXPENSE_REQUEST, ("amount", MUCH), False),
    ("advance", N_("Advance"), MONEY, "advance", ("amount", "payee", "request", "cc"),
     forms.ADVANCE, ("amount", MUCH), True),
    ("claim", N_("Expense claim"), MONEY, "expense_claim", ("lines", "payee", "request", "advance", "receipts", "cc"),
     forms.CLAIM, ("amount", MUCH), True),
)  # fmt: skip


def install(db: sqlite3.Connection, firm, admin_id: str, lang: str) -> int:
    """In a write job. Returns how many definitions and categories were added; 0: all are there."""
    return install_in_words(db, firm, admin_id, Text(lang, "UTC", 0).gettext)


def install_in_words(db: sqlite3.Connection, firm, admin_id: str, translate: Callable[[str], str]) -> int:
    finance_id = _cashier_role(db) or make(
        db, firm, admin_id, "role", {"name": translate(N_("Finance")), "data_scope": "own", "is_cashier": 1}
    )
    return _categories(db, firm, admin_id, translate) + _definitions(db, firm, admin_id, finance_id, translate)


def missing(db: sqlite3.Connection) -> int:
    """How many of the definitions this firm does not have."""
    return sum(not _is_there(db, "approval_definition", _id("definition", one[0])) for one in DEFINITIONS)


def _categories(db: sqlite3.Connection, firm, admin_id: str, translate: Callable[[str], str]) -> int:
    added = 0
    for position, (slug, name) in enumerate(CATEGORIES):
        words, row_id = translate(name), _id("category", slug)
        if not _is_there(db, "expense_category", row_id) and not _is_named(db, words):
            make(db, firm, admin_id, "expense_category", {"name": words, "position": position}, row_id)
            added += 1
    return added


def _definitions(db: sqlite3.Connection, firm, admin_id: str, finance_id: str, translate: Callable[[str], str]) -> int:
    added, last = 0, db.execute("SELECT coalesce(max(position), -1) FROM approval_definition").fetchone()[0]
    for number, (slug, name, subject, kind, asks, fields, longer, with_finance) in enumerate(DEFINITIONS, 1):
        row_id = _id("definition", slug)
        if _is_there(db, "approval_definition", row_id):
            continue
        about = {"name": translate(name), "subject": translate(subject), "kind": kind}
        about |= {"current": 1, "position": min(last + number, 10_000)}
        make(db, firm, admin_id, "approval_definition", about, row_id)
        steps = [*_managers(longer, translate), *([_finance(finance_id, translate)] if with_finance else [])]
        version = {"definition_id": row_id, "number": 1, "asks": list(asks), "fallback_id": admin_id}
        version |= {"form": _json([_translated(field, translate) for field in fields]), "steps": _json(steps)}
        version |= {"starters": _json({"departments": [], "roles": [], "people": []})}
        version |= {"cc": _json({"people": [], "roles": [], "manager": False})}
        make(db, firm, admin_id, "definition_version", version, derived_id(row_id, "1"))
        added += 1
    return added


def _managers(longer: tuple[str, int] | None, translate: Callable[[str], str]) -> list[dict]:
    """The direct manager; above the limit that manager and the next one above."""
    manager = {"key": "boss", "name": translate(N_("Direct manager")), "mode": "order", "days": 2, "who": MANAGER}
    if longer is None:
        return [manager | {"when": []}]
    name, limit = longer
    asked = {"field": "amount"} if name == "amount" else {"field": "answer", "key": name}
    above = {"key": "bosses", "name": translate(N_("Manager and their manager")), "mode": "order", "days": 2}
    return [
        manager | {"when": [asked | {"op": "<=", "value": limit}]},
        above | {"who": TWO_MANAGERS, "when": [asked | {"op": ">", "value": limit}]},
    ]


def _finance(role_id: str, translate: Callable[[str], str]) -> dict:
    who = {"kind": "role", "id": role_id}
    return {"key": "finance", "name": translate(N_("Finance")), "mode": "any", "days": 3, "who": who, "when": []}


def _translated(field: dict, translate: Callable[[str], str]) -> dict:
    words = {name: translate(field[name]) if field.get(name) else "" for name in ("label", "hint")}
    return {"required": False} | field | words | {"choices": [translate(one) for one in field.get("choices", ())]}


def _cashier_role(db: sqlite3.Connection) -> str | None:
    """Who pays: the role that somebody holds, where there are several; an administrator's role is not finance."""
    held = "EXISTS (SELECT 1 FROM user WHERE role_id = role.id AND is_active = 1 AND deleted = 0)"
    found = db.execute(
        f"SELECT id FROM role WHERE is_cashier = 1 AND is_admin = 0 AND deleted = 0 ORDER BY {held} DESC, id LIMIT 1"
    ).fetchone()
    return found[0] if found else None


def _is_there(db: sqlite3.Connection, table: str, row_id: str) -> bool:
    return db.execute(f"SELECT 1 FROM {table} WHERE id = ?", (row_id,)).fetchone() is not None


def _is_named(db: sqlite3.Connection, name: str) -> bool:
    found = db.execute("SELECT 1 FROM expense_category WHERE name = ? AND deleted = 0", (name,)).fetchone()
    return found is not None


def _id(kind: str, slug: str) -> str:
    return derived_id("ready-made", kind, slug)


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
