"""A definition as it is typed: from a post or from a version, and changed by the buttons of its form.

A draft is a dict of texts, lists of ids, and lists of such dicts, just as the form shows it; nothing in it is checked
until `approvals_documents` makes documents of it.  Fields, steps and conditions are named by keys of their own in the
form ('step.boss.name'), never by their place, so that what is moved keeps what was typed into it.
Nothing here reads or writes the database.
"""

from __future__ import annotations

import re

from server.approvals.definition import Condition, Definition, FormField, Step
from web.text import Text

PLAIN = ("name", "subject", "kind", "fallback_id", "cc.manager")
LISTS = ("asks", "starters.departments", "starters.roles", "starters.people", "cc.people", "cc.roles")
OF_FIELD = ("label", "type", "required", "choices", "hint")
OF_STEP = ("name", "mode", "days", "who", "role", "levels")
OF_CONDITION = ("about", "op", "value", "words")

# What a new step says until somebody changes it.
NEW_STEP = {"name": "", "mode": "order", "days": "2", "who": "manager", "role": "", "levels": "2"}

_DEFAULT_OP = ">="


# --- from a post, from a version ---------------------------------------------------------------------


def blank(fallback_id: str) -> dict:
    """A new definition: one step, the direct manager."""
    draft: dict = {name: "" for name in PLAIN} | {name: [] for name in LISTS}
    step = NEW_STEP | {"key": "s1", "people": [], "when": []}
    draft |= {"kind": "general", "fallback_id": fallback_id, "asks": ["receipts", "cc"]}
    return draft | {"fields": [], "steps": [step]}


def from_post(items: list[tuple[str, str]]) -> dict:
    """items: the form's inputs by name, in order."""
    by_name: dict[str, list[str]] = {}
    for name, value in items:
        by_name.setdefault(name, []).append(value)

    def one(name: str) -> str:
        return by_name.get(name, [""])[-1].strip()

    def many(name: str) -> list[str]:
        return list(dict.fromkeys(by_name.get(name, [])))

    def condition(at: str, key: str) -> dict:
        at = f"{at}.{key}"
        return {name: one(f"{at}.{name}") for name in OF_CONDITION} | {"key": key, "among": many(f"{at}.in")}

    def step(key: str) -> dict:
        at = f"step.{key}"
        conditions = [condition(f"{at}.when", name) for name in many(f"{at}.conditions")]
        return {name: one(f"{at}.{name}") for name in OF_STEP} | {
            "key": key,
            "people": many(f"{at}.people"),
            "when": conditions,
        }

    draft: dict = {name: one(name) for name in PLAIN} | {name: many(name) for name in LISTS}
    fields = [{name: one(f"field.{key}.{name}") for name in OF_FIELD} | {"key": key} for key in many("fields")]
    return draft | {"fields": fields, "steps": [step(key) for key in many("steps")]}


def from_version(about: dict, definition: Definition) -> dict:
    return {
        "name": about["name"],
        "subject": about["subject"] or "",
        "kind": about["kind"],
        "fallback_id": definition.fallback_id or "",
        "asks": list(definition.asks),
        "starters.departments": list(definition.starters.departments),
        "starters.roles": list(definition.starters.roles),
        "starters.people": list(definition.starters.people),
        "cc.people": list(definition.cc.people),
        "cc.roles": list(definition.cc.roles),
        "cc.manager": "1" if definition.cc.manager else "",
        "fields": [_typed_field(one) for one in definition.form],
        "steps": [_typed_step(one, definition) for one in definition.steps],
    }


def _typed_field(one: FormField) -> dict:
    words = {"key": one.key, "label": one.label, "type": one.type, "hint": one.hint}
    return words | {"required": "1" if one.required else "", "choices": "\n".join(one.choices)}


def _typed_step(one: Step, definition: Definition) -> dict:
    return {
        "key": one.key,
        "name": one.name,
        "mode": one.mode,
        "days": str(one.days),
        "who": one.who.kind,
        "people": list(one.who.ids),
        "role": one.who.role_id or "",
        "levels": str(one.who.levels if one.who.kind == "managers" else 2),
        "when": [_typed_condition(f"c{n}", condition, definition) for n, condition in enumerate(one.when, 1)],
    }


def _typed_condition(key: str, one: Condition, definition: Definition) -> dict:
    about = f"answer:{one.key}" if one.field == "answer" else one.field
    typed = {"key": key, "about": about, "op": one.op or _DEFAULT_OP, "value": "", "words": ""}
    typed |= {"among": list(one.among)}
    if one.op:
        typed["value"] = _amount(one.value) if one.field == "amount" else _number(one.value)
    asked = definition.field(one.key)
    if one.among and asked and asked.type not in ("choice", "flag", "person"):
        typed |= {"words": "\n".join(one.among), "among": []}
    return typed


def _amount(cents: float | int | None) -> str:
    return Text("en", "UTC", 0).amount(int(cents or 0)).removesuffix(".00")


def _number(value: float | int | None) -> str:
    return format(value or 0, ".15g")


# --- the buttons of the form -------------------------------------------------------------------------


def press(draft: dict, button: str, about: str = "", used_keys: frozenset[str] = frozenset()) -> str:
    """Carry out a button: 'add:fields', 'add:steps', 'add:when:STEP', 'up:fields:KEY', 'down:…', 'remove:…'.

    about: what a new condition asks for. used_keys: of fields of earlier versions, which are never given to others.
    Returns the key of what is to be shown; '' for nothing in particular. What no longer makes sense does nothing.
    """
    verb, _, place = button.partition(":")
    where, _, key = place.partition(":")
    if verb == "add":
        return _add(draft, where, key, about, used_keys)
    rows = _rows(draft, where, key)
    own = key.rpartition("/")[2]
    at = next((n for n, row in enumerate(rows) if row["key"] == own), None)
    if at is None:
        return ""
    if verb == "remove":
        del rows[at]
        return ""
    other = at + {"up": -1, "down": 1}.get(verb, 0)
    if 0 <= other < len(rows):
        rows[at], rows[other] = rows[other], rows[at]
    return own


def _add(draft: dict, where: str, step_key: str, about: str, used_keys: frozenset[str]) -> str:
    rows = _rows(draft, where, f"{step_key}/")
    key = _free_key({"fields": "f", "steps": "s"}.get(where, "c"), {row["key"] for row in rows} | used_keys)
    if where == "fields":
        rows.append({"key": key, "label": "", "type": "text", "required": "", "choices": "", "hint": ""})
    elif where == "steps":
        rows.append(NEW_STEP | {"key": key, "people": [], "when": []})
    elif where == "when" and about:
        rows.append({"key": key, "about": about, "op": _DEFAULT_OP, "value": "", "words": "", "among": []})
    return key


def _rows(draft: dict, where: str, key: str) -> list[dict]:
    """The list that a button is about. key, of a condition: STEP/CONDITION."""
    if where in ("fields", "steps"):
        return draft[where]
    step_key = key.partition("/")[0]
    return next((step["when"] for step in draft["steps"] if step["key"] == step_key), [])


def _free_key(letter: str, used: set[str]) -> str:
    numbers = [int(key[1:]) for key in used if re.fullmatch(f"{letter}[0-9]{{1,6}}", key)]
    return f"{letter}{max(numbers, default=0) + 1}"


def kind_of_answer(draft: dict, about: str) -> str:
    """How a condition on an own field is typed: the field's type; '' where that field is gone."""
    key = about.partition(":")[2]
    return next((one["type"] for one in draft["fields"] if one["key"] == key), "")


def pairs(choices: str) -> list[tuple[str, str]]:
    """The choices of a field, one a line, as the options of a select."""
    return [(line.strip(), line.strip()) for line in choices.splitlines() if line.strip()]
