"""A typed definition becomes the documents of a version, or says what is missing and where.

Everything that a draft alone shows to be wrong is told at once, each beside its input; what needs the firm (who has
left, what was deleted) is told by `definition.check`, whose places `input_of` finds in the form.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from server.admin.approvals_draft import kind_of_answer
from server.approvals.definition import ASKS, BadDefinition, Definition, check, parse
from sync import values
from sync.entities import BY_NAME
from sync.typed import parse_typed

_COUNT = BY_NAME["definition_version"].by_name["number"]
_MONEY = BY_NAME["expense_policy"].by_name["most_cents"]


@dataclass
class Documents:
    """What a draft says, as `definition.check` takes it.

    about: name, subject, kind. faults: input name -> (code, detail). empty_roles: step key -> a role that nobody has.
    definition: where there are no faults.
    """

    about: dict = field(default_factory=dict)
    version: dict = field(default_factory=dict)
    faults: dict[str, tuple[str, dict]] = field(default_factory=dict)
    empty_roles: dict[str, str] = field(default_factory=dict)
    definition: Definition | None = None


def documents(draft: dict) -> Documents:
    """What the draft says. Everything that is missing or cannot be read is told at once, each beside its input."""
    made = Documents()
    made.about = {name: _needed(made, name, draft[name]) for name in ("name", "kind")} | {"subject": draft["subject"]}
    made.version = {
        "asks": [ask for ask in ASKS if ask in draft["asks"]],
        "form": [_field_document(made, one) for one in draft["fields"]],
        "starters": {name: draft[f"starters.{name}"] for name in ("departments", "roles", "people")},
        "steps": [_step_document(made, draft, one) for one in draft["steps"]],
        "cc": {"people": draft["cc.people"], "roles": draft["cc.roles"], "manager": bool(draft["cc.manager"])},
        "fallback_id": _needed(made, "fallback_id", draft["fallback_id"]),
    }
    if not draft["steps"]:
        made.faults["steps"] = ("no_steps", {})
    _check_kind(made, draft)
    for name, field_name in (("name", "name"), ("subject", "subject")):
        _check_length(made, name, draft[name], BY_NAME["approval_definition"].by_name[field_name].most)
    return made


def checked(conn, draft: dict) -> Documents:
    """The same, held against the firm: where there are no faults, there is a definition.

    A role that nobody has at the moment is no fault: the fallback is asked until somebody gets it.
    """
    made = documents(draft)
    if made.faults:
        return made
    held = made.version | {"steps": list(made.version["steps"])}
    while True:
        try:
            check(conn, held)
            made.definition = parse(made.version)
            return made
        except BadDefinition as bad:
            place = bad.place.split(".")
            if bad.code != "nobody_in_role":
                made.faults[input_of(draft, bad.place)] = (bad.code, bad.detail)
                return made
            number = int(place[1])
            made.empty_roles[draft["steps"][number]["key"]] = bad.detail["id"]
            held["steps"][number] = held["steps"][number] | {"who": {"kind": "manager"}}


def _check_kind(made: Documents, draft: dict) -> None:
    """What is paid needs an amount."""
    if draft["kind"] == "expense_claim" and "lines" not in draft["asks"]:
        made.faults["asks"] = ("claim_needs_lines", {})
    elif draft["kind"] in ("advance", "expense_request") and not {"amount", "lines"} & set(draft["asks"]):
        made.faults["asks"] = ("kind_needs_amount", {})


def _field_document(made: Documents, one: dict) -> dict:
    at = f"field.{one['key']}"
    _needed(made, f"{at}.label", one["label"])
    choices = _lines(one["choices"]) if one["type"] == "choice" else []
    if one["type"] == "choice" and not choices:
        made.faults[f"{at}.choices"] = ("no_choices", {})
    words = {"key": one["key"], "label": one["label"], "type": one["type"], "hint": one["hint"]}
    return words | {"required": bool(one["required"]), "choices": choices}


def _step_document(made: Documents, draft: dict, one: dict) -> dict:
    at = f"step.{one['key']}"
    _needed(made, f"{at}.name", one["name"])
    return {
        "key": one["key"],
        "name": one["name"],
        "mode": one["mode"],
        "days": _whole(made, f"{at}.days", one["days"] or "0"),
        "who": _who_document(made, at, one),
        "when": [_condition_document(made, draft, f"{at}.when.{when['key']}", when) for when in one["when"]],
    }


def _who_document(made: Documents, at: str, one: dict) -> dict:
    kind = one["who"]
    if kind == "person":
        if not one["people"]:
            made.faults[f"{at}.people"] = ("nobody_chosen", {})
        return {"kind": kind, "ids": one["people"]}
    if kind == "role":
        return {"kind": kind, "id": _needed(made, f"{at}.role", one["role"])}
    if kind == "managers":
        return {"kind": kind, "levels": _whole(made, f"{at}.levels", one["levels"])}
    return {"kind": kind}


def _condition_document(made: Documents, draft: dict, at: str, one: dict) -> dict:
    about, _, key = one["about"].partition(":")
    document: dict = {"field": about} | ({"key": key} if about == "answer" else {})
    if about == "amount":
        return document | {"op": one["op"], "value": _cents(made, f"{at}.value", one["value"])}
    kind = kind_of_answer(draft, one["about"])
    if about == "answer" and not kind:
        made.faults[f"{at}.about"] = ("field_gone", {})
    if kind == "number":
        return document | {"op": one["op"], "value": _decimal(made, f"{at}.value", one["value"])}
    if kind == "flag":
        return document | {"in": ["1"]}
    among = _lines(one["words"]) if kind in ("text", "prose", "date") else one["among"]
    if not among and (kind or about != "answer"):
        made.faults[f"{at}.in"] = ("nothing_chosen", {})
    return document | {"in": among}


def _needed(made: Documents, name: str, text: str) -> str:
    if not text:
        made.faults[name] = ("required", {})
    return text


def _check_length(made: Documents, name: str, text: str, most: int) -> None:
    if len(text) > most:
        made.faults[name] = ("too_long", {"most": most})


def _whole(made: Documents, name: str, text: str) -> int:
    return int(_read(made, name, text, "count") or 0)


def _cents(made: Documents, name: str, text: str) -> int:
    return int(_read(made, name, text, "money") or 0)


def _read(made: Documents, name: str, text: str, kind: str) -> object:
    """A number as people write them, read as everywhere else in Roadbook."""
    asked = _MONEY if kind == "money" else _COUNT
    try:
        value = values.check(asked, parse_typed(asked, text, "UTC"))
    except values.Refused as refused:
        made.faults[name] = (refused.code, refused.detail)
        return None
    if value is None:
        made.faults[name] = ("required", {})
    return value


def _decimal(made: Documents, name: str, text: str) -> float | int:
    plain = text.replace(",", "").replace("，", "")
    if not re.fullmatch(r"-?[0-9]{1,14}(\.[0-9]{1,6})?", plain, re.ASCII):
        made.faults[name] = ("not_a_decimal" if text else "required", {})
        return 0
    number = float(plain)
    return int(number) if number.is_integer() else number


def _lines(text: str) -> list[str]:
    """Choices, one a line; commas belong to a choice."""
    return list(dict.fromkeys(line.strip() for line in text.splitlines() if line.strip()))


# --- places ------------------------------------------------------------------------------------------


def input_of(draft: dict, place: str) -> str:
    """The input beside which a fault of `definition.check` is told: 'steps.0.who.ids.1' -> 'step.boss.people'."""
    parts = place.split(".")
    if parts[0] == "form" and len(parts) > 2:
        return f"field.{_key_at(draft['fields'], parts[1])}.{'label' if parts[2] == 'key' else parts[2]}"
    if parts[0] == "steps" and len(parts) > 2:
        number, rest = parts[1], parts[2:]
        return f"step.{_key_at(draft['steps'], number)}.{_step_input(draft['steps'], number, rest)}"
    return ".".join(part for part in parts if not part.isdigit())


def _step_input(steps: list[dict], number: str, rest: list[str]) -> str:
    if rest[0] == "who":
        return {"ids": "people", "id": "role", "levels": "levels"}.get(rest[1] if len(rest) > 1 else "", "who")
    if rest[0] == "when" and len(rest) > 2:
        conditions = steps[int(number)]["when"]
        name = {"in": "in", "value": "value", "op": "op"}.get(rest[2], "about")
        return f"when.{_key_at(conditions, rest[1])}.{name}"
    return "name" if rest[0] == "key" else rest[0]


def _key_at(rows: list[dict], number: str) -> str:
    return rows[int(number)]["key"] if number.isdigit() and int(number) < len(rows) else ""
