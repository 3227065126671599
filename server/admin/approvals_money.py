"""Expense categories, what claims should keep to, and the firm's currency.

Functions that change something run in a write job; `by` is the administrator.
"""

from __future__ import annotations

from server.admin.changes import Refused, change, find, make, remove
from server.approvals.case import firm_currency
from sync import values
from sync.entities import BY_NAME
from sync.ids import derived_id
from sync.typed import parse_typed
from web.reasons import N_

PER = ("line", "day", "month")

# One row, whoever makes it first.
CURRENCY_ID = derived_id("firm_setting", "currency")

# ISO 4217, those that small firms trade in: code -> name.
CURRENCIES = {
    "CNY": N_("Chinese yuan"),
    "HKD": N_("Hong Kong dollar"),
    "TWD": N_("New Taiwan dollar"),
    "MOP": N_("Macau pataca"),
    "USD": N_("US dollar"),
    "EUR": N_("Euro"),
    "GBP": N_("Pound sterling"),
    "JPY": N_("Japanese yen"),
    "KRW": N_("South Korean won"),
    "SGD": N_("Singapore dollar"),
    "MYR": N_("Malaysian ringgit"),
    "THB": N_("Thai baht"),
    "VND": N_("Vietnamese dong"),
    "IDR": N_("Indonesian rupiah"),
    "PHP": N_("Philippine peso"),
    "INR": N_("Indian rupee"),
    "AUD": N_("Australian dollar"),
    "NZD": N_("New Zealand dollar"),
    "CAD": N_("Canadian dollar"),
    "CHF": N_("Swiss franc"),
    "SEK": N_("Swedish krona"),
    "NOK": N_("Norwegian krone"),
    "DKK": N_("Danish krone"),
    "PLN": N_("Polish zloty"),
    "CZK": N_("Czech koruna"),
    "HUF": N_("Hungarian forint"),
    "TRY": N_("Turkish lira"),
    "ILS": N_("Israeli shekel"),
    "AED": N_("UAE dirham"),
    "SAR": N_("Saudi riyal"),
    "ZAR": N_("South African rand"),
    "BRL": N_("Brazilian real"),
    "MXN": N_("Mexican peso"),
}


# --- currency ----------------------------------------------------------------------------------------


def set_currency(conn, firm, by: str | None, code: str) -> None:
    """Raises Refused where amounts in another currency were submitted already: they would mean something else."""
    if code not in CURRENCIES:
        raise Refused("not_a_choice", field="currency")
    if code != firm_currency(conn) and _is_counted_in(conn):
        raise Refused("currency_in_use", field="currency", currency=firm_currency(conn))
    row = _currency_row(conn)
    if row is None:
        make(conn, firm, by, "firm_setting", {"key": "currency", "value": code}, CURRENCY_ID)
    else:
        change(conn, firm, by, "firm_setting", row["id"], row["version"], {"value": code})


def _currency_row(conn):
    asked = "SELECT * FROM firm_setting WHERE key = 'currency' AND deleted = 0 ORDER BY id LIMIT 1"
    return conn.execute(asked).fetchone()


def _is_counted_in(conn) -> bool:
    asked = (
        "SELECT 1 FROM approval WHERE deleted = 0 AND applicant_id IS NOT NULL"
        " AND (amount_cents IS NOT NULL OR sanctioned_cents IS NOT NULL OR paid_cents IS NOT NULL) LIMIT 1"
    )
    return conn.execute(asked).fetchone() is not None


# --- categories --------------------------------------------------------------------------------------


def categories(conn) -> list:
    """All of them in order, with how many lines use each."""
    return conn.execute(
        "SELECT c.id, c.name, c.position, c.is_active, c.version,"
        " (SELECT count(*) FROM expense_line AS l WHERE l.category_id = c.id AND l.deleted = 0) AS lines"
        " FROM expense_category AS c WHERE c.deleted = 0 ORDER BY c.position, c.id"
    ).fetchall()


def add_category(conn, firm, by: str, name: str) -> str:
    _check_new_name(conn, name, "")
    last = conn.execute("SELECT coalesce(max(position), -1) FROM expense_category WHERE deleted = 0").fetchone()[0]
    return make(conn, firm, by, "expense_category", {"name": name, "position": min(last + 1, 10_000)})


def edit_category(conn, firm, by: str, category_id: str, seen_version: int, name: str, is_active: int) -> None:
    """Raises Refused."""
    _check_new_name(conn, name, category_id)
    change(conn, firm, by, "expense_category", category_id, seen_version, {"name": name, "is_active": is_active})


def move_category(conn, firm, by: str, category_id: str, step: int) -> None:
    """One place up (-1) or down (1)."""
    find(conn, "expense_category", category_id)
    in_order(conn, firm, by, "expense_category", moved([row["id"] for row in categories(conn)], category_id, step))


def delete_category(conn, firm, by: str, category_id: str) -> None:
    """Raises Refused where anything names it: then it can be switched off."""
    find(conn, "expense_category", category_id)
    named = conn.execute(
        "SELECT 1 FROM expense_line WHERE category_id = :id UNION ALL"
        " SELECT 1 FROM expense_policy WHERE category_id = :id AND deleted = 0 UNION ALL"
        " SELECT 1 FROM definition_version WHERE instr(steps, :id) > 0 LIMIT 1",
        {"id": category_id},
    ).fetchone()
    if named:
        raise Refused("category_in_use")
    remove(conn, firm, by, "expense_category", category_id)


def moved(ids: list[str], row_id: str, step: int) -> list[str]:
    """The same with one of them one place up or down, as far as there is one."""
    place = ids.index(row_id)
    other = place + step
    if 0 <= other < len(ids):
        ids[place], ids[other] = ids[other], ids[place]
    return ids


def in_order(conn, firm, by: str, entity: str, ids: list[str]) -> None:
    """Number the rows as they are listed; those that have their number stay untouched."""
    for position, row_id in enumerate(ids):
        row = find(conn, entity, row_id)
        change(conn, firm, by, entity, row_id, row["version"], {"position": position})


def _check_new_name(conn, name: str, own_id: str) -> None:
    asked = "SELECT 1 FROM expense_category WHERE name = ? AND id <> ? AND deleted = 0"
    if conn.execute(asked, (name, own_id)).fetchone():
        raise Refused("already_exists", field="name")


# --- policies ----------------------------------------------------------------------------------------


def policies(conn) -> list:
    """All of them with the names of their category and role."""
    return conn.execute(
        "SELECT p.*, c.name AS category, r.name AS role FROM expense_policy AS p"
        " LEFT JOIN expense_category AS c ON c.id = p.category_id LEFT JOIN role AS r ON r.id = p.role_id"
        " WHERE p.deleted = 0 ORDER BY p.is_active DESC, c.position, c.name, r.name, p.per, p.id"
    ).fetchall()


def policy_as_typed(form: dict[str, str]) -> dict:
    """A policy's fields from a form. Raises Refused."""
    fields = {name: form.get(name, "").strip() for name in ("category_id", "role_id", "per", "note")}
    fields |= {name: amount_as_typed(form, name) for name in ("most_cents", "receipt_from_cents")}
    if fields["most_cents"] is None and fields["receipt_from_cents"] is None:
        raise Refused("policy_says_nothing", field="most_cents")
    if fields["per"] not in PER:
        raise Refused("not_a_choice", field="per")
    return fields | {"is_active": 1 if form.get("is_active") else 0}


def amount_as_typed(form: dict[str, str], name: str) -> int | None:
    field = BY_NAME["expense_policy"].by_name["most_cents"]
    try:
        return values.check(field, parse_typed(field, form.get(name, ""), "UTC"))
    except values.Refused as refused:
        raise Refused(refused.code, **refused.detail | {"field": name}) from refused


def save_policy(conn, firm, by: str, policy_id: str, seen_version: int, fields: dict) -> None:
    """A new one where policy_id is ''. Raises Refused."""
    for name, entity in (("category_id", "expense_category"), ("role_id", "role")):
        if fields[name] and not _is_there(conn, entity, fields[name]):
            raise Refused("not_an_id", field=name)
    if policy_id:
        change(conn, firm, by, "expense_policy", policy_id, seen_version, fields)
    else:
        make(conn, firm, by, "expense_policy", fields)


def delete_policy(conn, firm, by: str, policy_id: str) -> None:
    remove(conn, firm, by, "expense_policy", policy_id)


def _is_there(conn, entity: str, row_id: str) -> bool:
    return conn.execute(f"SELECT 1 FROM {entity} WHERE id = ? AND deleted = 0", (row_id,)).fetchone() is not None
