"""What may be asked for, and how: an administrator's documents as values, and what is wrong with them.

`parse` reads one version; `check` says in addition whether it fits the firm as it is now.  Nothing here writes, and
nothing here decides who is asked: that is `route`'s.

`BadDefinition` has place (where, as a path: 'form.2.key', 'steps.0.who.ids', 'fallback_id'), code and detail. Codes and
their detail: not_json; not_a_list; not_an_object; unknown_key {key}; required; not_text; too_long {most};
too_many {most}; out_of_range {least, most}; not_a_choice {choices}; bad_key; used_twice {value}; no_choices;
unknown_field {key}; unknown_person {id}; has_left {id}; unknown_department {id}; unknown_role {id};
unknown_category {id}; nobody_in_role {id}; not_asked_for {ask}.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ..database import sqlite3
from .documents import (
    BadDefinition,
    a_choice,
    a_key,
    a_text,
    an_id,
    an_object,
    check_unique,
    document,
    number,
    numbered,
    several,
    texts,
    whole,
)

ASKS = ("amount", "account", "payee", "receipts", "request", "advance", "cc", "lines")
FIELD_TYPES = ("text", "prose", "number", "date", "choice", "flag", "person")
WHO_KINDS = ("person", "role", "manager", "managers", "chosen")
MODES = ("order", "all", "any")
CONDITION_FIELDS = ("amount", "department", "category", "answer")
COMPARISONS = (">=", ">", "<=", "<")

MOST_FIELDS, MOST_CHOICES, MOST_STEPS, MOST_CONDITIONS, MOST_PEOPLE = 60, 100, 30, 10, 50
MOST_LEVELS, MOST_DAYS = 10, 365


@dataclass(frozen=True)
class FormField:
    key: str
    label: str
    type: str
    required: bool = False
    choices: tuple[str, ...] = ()
    hint: str = ""


@dataclass(frozen=True)
class Who:
    """kind 'person': ids; 'role': role_id; 'managers': up to levels."""

    kind: str
    ids: tuple[str, ...] = ()
    role_id: str | None = None
    levels: int = 1


@dataclass(frozen=True)
class Condition:
    """field 'amount', and 'answer' with a number: op and value; else: any of `among` (JSON: "in")."""

    field: str
    op: str = ""
    value: float | int | None = None
    among: tuple[str, ...] = ()
    key: str = ""


@dataclass(frozen=True)
class Step:
    key: str
    name: str
    mode: str
    days: int
    who: Who
    when: tuple[Condition, ...] = ()

    @property
    def answer_key(self) -> str:
        """Under which the applicant says who is asked here, where the applicant chooses."""
        return f"step:{self.key}"


@dataclass(frozen=True)
class Starters:
    departments: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    people: tuple[str, ...] = ()

    @property
    def is_everybody(self) -> bool:
        return not (self.departments or self.roles or self.people)


@dataclass(frozen=True)
class Copies:
    people: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    manager: bool = False


@dataclass(frozen=True)
class Definition:
    """One version of a definition."""

    asks: tuple[str, ...]
    form: tuple[FormField, ...]
    starters: Starters
    steps: tuple[Step, ...]
    cc: Copies
    fallback_id: str | None
    version_id: str | None = None
    definition_id: str | None = None
    number: int = 0

    def field(self, key: str) -> FormField | None:
        return next((field for field in self.form if field.key == key), None)


def parse(version_row: Mapping) -> Definition:
    """A row of definition_version, or its documents before they are one (JSON text or values). Raises BadDefinition."""
    given = dict(version_row)
    form = several("form", document(given, "form", []), MOST_FIELDS, _form_field)
    check_unique("form", "key", [field.key for field in form])
    steps = several("steps", document(given, "steps", []), MOST_STEPS, _step)
    if not steps:
        raise BadDefinition("steps", "required")
    check_unique("steps", "key", [step.key for step in steps])
    asks = texts("asks", document(given, "asks", []), len(ASKS), ASKS)
    definition = Definition(
        asks,
        form,
        _starters(document(given, "starters", {})),
        steps,
        _copies(document(given, "cc", {})),
        an_id("fallback_id", given.get("fallback_id")),
        given.get("id"),
        given.get("definition_id"),
        given.get("number") or 0,
    )
    _check_conditions(definition)
    return definition


def check(db: sqlite3.Connection, documents: Mapping) -> Definition:
    """The same, and everybody and everything that it names is there. For whoever edits one. Raises BadDefinition."""
    definition = parse(documents)
    _check_person(db, "fallback_id", definition.fallback_id)
    _check_rows(db, "starters.departments", "department", definition.starters.departments)
    _check_rows(db, "starters.roles", "role", definition.starters.roles)
    _check_people(db, "starters.people", definition.starters.people)
    _check_people(db, "cc.people", definition.cc.people)
    _check_rows(db, "cc.roles", "role", definition.cc.roles)
    for n, step in enumerate(definition.steps):
        _check_who(db, f"steps.{n}.who", step.who)
        for place, condition in numbered(f"steps.{n}.when", step.when):
            if condition.field == "department":
                _check_rows(db, f"{place}.in", "department", condition.among)
            elif condition.field == "category":
                _check_rows(db, f"{place}.in", "expense_category", condition.among)
    return definition


# --- reading the documents ----------------------------------------------------------------------------


def _form_field(place: str, given: object) -> FormField:
    raw = an_object(place, given, {"key", "label", "type", "required", "choices", "hint"})
    field = FormField(
        a_key(f"{place}.key", raw.get("key")),
        a_text(f"{place}.label", raw.get("label"), 120),
        a_choice(f"{place}.type", raw.get("type", "text"), FIELD_TYPES),
        bool(raw.get("required")),
        texts(f"{place}.choices", raw.get("choices") or [], MOST_CHOICES),
        a_text(f"{place}.hint", raw.get("hint") or "", 400, needed=False),
    )
    if field.type == "choice" and not field.choices:
        raise BadDefinition(f"{place}.choices", "no_choices")
    return field


def _step(place: str, given: object) -> Step:
    raw = an_object(place, given, {"key", "name", "mode", "days", "who", "when"})
    return Step(
        a_key(f"{place}.key", raw.get("key")),
        a_text(f"{place}.name", raw.get("name"), 120),
        a_choice(f"{place}.mode", raw.get("mode", "order"), MODES),
        whole(f"{place}.days", raw.get("days") or 0, 0, MOST_DAYS),
        _who(f"{place}.who", raw.get("who")),
        several(f"{place}.when", raw.get("when") or [], MOST_CONDITIONS, _condition),
    )


def _who(place: str, given: object) -> Who:
    raw = an_object(place, given, {"kind", "ids", "id", "levels"})
    kind = a_choice(f"{place}.kind", raw.get("kind"), WHO_KINDS)
    if kind == "person":
        ids = texts(f"{place}.ids", raw.get("ids") or [], MOST_PEOPLE)
        if not ids:
            raise BadDefinition(f"{place}.ids", "required")
        return Who(kind, ids)
    if kind == "role":
        return Who(kind, role_id=an_id(f"{place}.id", raw.get("id")))
    if kind == "managers":
        return Who(kind, levels=whole(f"{place}.levels", raw.get("levels", 1), 1, MOST_LEVELS))
    return Who(kind)


def _condition(place: str, given: object) -> Condition:
    raw = an_object(place, given, {"field", "op", "value", "in", "key"})
    field = a_choice(f"{place}.field", raw.get("field"), CONDITION_FIELDS)
    key = a_key(f"{place}.key", raw.get("key")) if field == "answer" else ""
    if field == "amount" or (field == "answer" and "op" in raw):
        op = a_choice(f"{place}.op", raw.get("op"), COMPARISONS)
        return Condition(field, op, number(f"{place}.value", raw.get("value"), is_whole=field == "amount"), key=key)
    among = texts(f"{place}.in", raw.get("in") or [], MOST_CHOICES)
    if not among:
        raise BadDefinition(f"{place}.in", "required")
    return Condition(field, among=among, key=key)


def _starters(given: object) -> Starters:
    raw = an_object("starters", given, {"departments", "roles", "people"})
    names = "departments", "roles", "people"
    return Starters(*(texts(f"starters.{name}", raw.get(name) or [], 200) for name in names))


def _copies(given: object) -> Copies:
    raw = an_object("cc", given, {"people", "roles", "manager"})
    named = (texts(f"cc.{name}", raw.get(name) or [], MOST_PEOPLE) for name in ("people", "roles"))
    return Copies(*named, bool(raw.get("manager")))


def _check_conditions(definition: Definition) -> None:
    """A condition asks about what the form asks for."""
    for n, step in enumerate(definition.steps):
        for place, condition in numbered(f"steps.{n}.when", step.when):
            if condition.field == "amount" and not {"amount", "lines"} & set(definition.asks):
                raise BadDefinition(f"{place}.field", "not_asked_for", ask="amount")
            if condition.field == "category" and "lines" not in definition.asks:
                raise BadDefinition(f"{place}.field", "not_asked_for", ask="lines")
            if condition.field == "answer":
                _check_answer(place, condition, definition.field(condition.key))


def _check_answer(place: str, condition: Condition, field: FormField | None) -> None:
    if field is None:
        raise BadDefinition(f"{place}.key", "unknown_field", key=condition.key)
    if condition.op and field.type != "number":
        raise BadDefinition(f"{place}.op", "not_a_choice", choices=["in"])
    unknown = [text for text in condition.among if field.type == "choice" and text not in field.choices]
    if unknown:
        raise BadDefinition(f"{place}.in", "not_a_choice", choices=list(field.choices))


# --- against the firm ---------------------------------------------------------------------------------


def _check_who(db: sqlite3.Connection, place: str, who: Who) -> None:
    if who.kind == "person":
        _check_people(db, f"{place}.ids", who.ids)
    elif who.kind == "role":
        _check_rows(db, f"{place}.id", "role", (who.role_id,))
        somebody = "SELECT 1 FROM user WHERE role_id = ? AND is_active = 1 AND deleted = 0 LIMIT 1"
        if db.execute(somebody, (who.role_id,)).fetchone() is None:
            raise BadDefinition(f"{place}.id", "nobody_in_role", id=who.role_id)


def _check_people(db: sqlite3.Connection, place: str, ids: tuple[str, ...]) -> None:
    for at, user_id in numbered(place, ids):
        _check_person(db, at, user_id)


def _check_person(db: sqlite3.Connection, place: str, user_id: str | None) -> None:
    found = db.execute("SELECT is_active FROM user WHERE id = ? AND deleted = 0", (user_id,)).fetchone()
    if found is None:
        raise BadDefinition(place, "unknown_person", id=user_id)
    if not found[0]:
        raise BadDefinition(place, "has_left", id=user_id)


_UNKNOWN = {"department": "unknown_department", "role": "unknown_role", "expense_category": "unknown_category"}


def _check_rows(db: sqlite3.Connection, place: str, table: str, ids: tuple[str | None, ...]) -> None:
    for n, row_id in enumerate(ids):
        if db.execute(f"SELECT 1 FROM {table} WHERE id = ? AND deleted = 0", (row_id,)).fetchone() is None:
            raise BadDefinition(f"{place}.{n}", _UNKNOWN[table], id=row_id)
