"""The audit log in words: what an action is called, and what its details say."""

from __future__ import annotations

from server.admin.words import scopes
from server.audit.actions import ACTIONS
from sync.entities import BY_NAME
from web.reasons import N_
from web.text import Text

DETAILS = {
    "by": N_("with"),
    "network": N_("from"),
    "device": N_("device"),
    "second": N_("second factor"),
    "rows": N_("lines"),
    "bytes": N_("bytes"),
    "more": N_("how many"),
    "left": N_("left"),
    "is_required": N_("needed"),
    "settled": N_("settled"),
    "for": N_("for"),
    "kinds": N_("kinds"),
    "fields": N_("fields"),
}
# Beside those of web/pages/_labels.html: rows and fields that only administrators see.
ROWS = {
    "role": N_("Role"),
    "department": N_("Department"),
    "robot": N_("Robot"),
    "device": N_("Device"),
    "approval_definition": N_("Approvals"),
    "definition_version": N_("Approvals"),
    "expense_category": N_("Expense categories"),
    "expense_policy": N_("Limits for expenses"),
    "firm_setting": N_("Settings"),
}
FIELDS = {
    "role_id": N_("Role"),
    "manager_id": N_("Manager"),
    "is_active": N_("Active"),
    "is_admin": N_("May administer Roadbook"),
    "is_cashier": N_("Pays what was approved"),
    "data_scope": N_("May see"),
    "counts": N_("how many"),
}
WAYS = {
    "password": N_("password"),
    "passkey": N_("passkey"),
    "code": N_("one-time code"),
    "invite": N_("invite"),
    "setup": N_("set-up link"),
    "app": N_("authenticator app"),
    "recovery": N_("recovery code"),
}


def action(text: Text, name: str) -> str:
    return text.gettext(ACTIONS.get(name, name))


def row(text: Text, entity: str, labels) -> str:
    """What kind of row an entry is about."""
    return text.gettext(ROWS[entity]) if entity in ROWS else str(labels.entity(entity))


def details(text: Text, entry: dict, labels) -> list[str]:
    """What an entry says beside who, what and on what; labels: the macros of _labels.html, while `speaking`."""
    said = (_detail(text, entry, name, value, labels) for name, value in entry["detail"].items())
    return [one for one in said if one]


def _detail(text: Text, entry: dict, name: str, value: object, labels) -> str:
    """'' for what people have no word for: it stands in the CSV."""
    if name == "fields":
        named = [label for one in value if (label := _field(text, one, labels))]
        return f"{text.gettext(DETAILS[name])}: {', '.join(named)}" if named else ""
    label = _label(text, name, labels)
    shown = _value(text, entry, name, value)
    return f"{label}: {shown}" if label and shown else ""


def _label(text: Text, name: str, labels) -> str:
    if name in DETAILS:
        return text.gettext(DETAILS[name])
    # A kind of row that was counted, or a field of the row.
    return row(text, name, labels) if name in BY_NAME else _field(text, name, labels)


def _field(text: Text, name: str, labels) -> str:
    if name in FIELDS:
        return text.gettext(FIELDS[name])
    label = str(labels.field(name))
    return "" if label == name else label


def _value(text: Text, entry: dict, name: str, value: object) -> str:
    if name in ("by", "second"):
        return text.gettext(WAYS.get(value, value))
    if name == "for":
        return entry["names"].of("user", value) or value
    field = BY_NAME[entry["entity"]].by_name.get(name) if entry["entity"] in BY_NAME else None
    if field and field.type == "ref":
        return (entry["names"].of(field.ref, value) if value else "–") or ""
    if (field and field.type == "flag") or name == "is_required":
        return text.gettext("Yes") if value else text.gettext("No")
    if name == "data_scope":
        return dict(scopes(text)).get(value, value)
    if field and field.type == "enum":
        return ""
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return text.number(value) if isinstance(value, int) else value
