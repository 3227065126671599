"""Definitions in words: what may be chosen in the editor, the way of a request in sentences, and refusals.

Shows what it is given; looks nothing up but the names that `names` reads.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from server.admin import departments
from server.approvals.definition import Condition, Definition, FormField, Step
from web.text import Text


@dataclass(frozen=True)
class Names:
    """id -> name, also of those who have left and of what was deleted: old versions name them."""

    people: dict[str, str] = field(default_factory=dict)
    roles: dict[str, str] = field(default_factory=dict)
    departments: dict[str, str] = field(default_factory=dict)
    categories: dict[str, str] = field(default_factory=dict)
    currency: str = ""


def names(conn, currency: str) -> Names:
    def of(table: str) -> dict[str, str]:
        return {row["id"]: row["name"] or "" for row in conn.execute(f"SELECT id, name FROM {table}")}

    places = of("department") | {one["id"]: one["name"] for one in departments.tree(conn)}
    return Names(of("user"), of("role"), places, of("expense_category"), currency)


# --- what may be chosen ------------------------------------------------------------------------------


def choices(text: Text) -> dict[str, list[tuple[str, str]]]:
    """The options of every select and list of ticks whose values are the same in every firm."""
    _ = text.gettext
    return {
        "kind": [
            ("general", _("General: only a decision")),
            ("expense_request", _("Expense request: money before it is spent")),
            ("advance", _("Advance: money paid out, to be settled later")),
            ("expense_claim", _("Expense claim: money that was spent, line by line")),
        ],
        "asks": [
            ("amount", _("Amount")),
            ("lines", _("Lines of expenses, each with date, category and amount")),
            ("account", _("Customer")),
            ("payee", _("Payee")),
            ("receipts", _("Photos and files")),
            ("request", _("The approved request behind it")),
            ("advance", _("The advance that it settles")),
            ("cc", _("Copies to colleagues")),
        ],
        "type": list(_types(text).items()),
        "mode": [
            ("order", _("In order: one after another, all of them")),
            ("all", _("All: at the same time, all of them")),
            ("any", _("Any one: the first decision counts")),
        ],
        "who": [
            ("manager", _("The applicant's manager")),
            ("managers", _("Several managers above the applicant")),
            ("role", _("Everybody with one role")),
            ("person", _("Certain people")),
            ("chosen", _("Whom the applicant chooses")),
        ],
        "op": [(">=", _("at least")), (">", _("more than")), ("<=", _("at most")), ("<", _("less than"))],
    }


def kinds(text: Text) -> dict[str, str]:
    """In a word, where it is more than a decision."""
    _ = text.gettext
    return {"expense_request": _("Expense request"), "advance": _("Advance"), "expense_claim": _("Expense claim")}


def _types(text: Text) -> dict[str, str]:
    _ = text.gettext
    return {
        "text": _("One line of text"),
        "prose": _("Longer text"),
        "number": _("Number"),
        "date": _("Date"),
        "choice": _("One from a list"),
        "flag": _("Yes or no"),
        "person": _("Colleague"),
    }


def listed(text: Text, words: Iterable[str]) -> str:
    return (", " if text.lang == "en" else "、").join(words)


# --- the way in sentences ----------------------------------------------------------------------------


def way(text: Text, definition: Definition, known: Names) -> str:
    """'1. Direct manager · 2. Finance (any one), from ¥5,000.00'."""
    return " · ".join(f"{n}. {_short(text, one, definition, known)}" for n, one in enumerate(definition.steps, 1))


def _short(text: Text, step: Step, definition: Definition, known: Names) -> str:
    parts = [_with_mode(text, step.name, step), *(_condition(text, one, definition, known) for one in step.when)]
    return listed(text, parts)


def _with_mode(text: Text, words: str, step: Step) -> str:
    """'Finance (any one)', where several may be asked."""
    _ = text.gettext
    if step.who.kind == "manager" or (step.who.kind == "person" and len(step.who.ids) == 1):
        return words
    marked = {
        "order": _("%(who)s (in order)", who=words),
        "all": _("%(who)s (all)", who=words),
        "any": _("%(who)s (any one)", who=words),
    }
    return marked[step.mode]


def sentence(text: Text, step: Step, definition: Definition, known: Names) -> str:
    """Everything about a step but its name."""
    _ = text.gettext
    parts = [_with_mode(text, _who(text, step, known), step)]
    parts += [_("only: %(condition)s", condition=_condition(text, one, definition, known)) for one in step.when]
    if step.days:
        parts.append(text.ngettext("overdue after %(n)s day", "overdue after %(n)s days", step.days))
    return "; ".join(parts) if text.lang == "en" else "；".join(parts)


def _who(text: Text, step: Step, known: Names) -> str:
    _ = text.gettext
    if step.who.kind == "person":
        return listed(text, (_name(known.people, one) for one in step.who.ids))
    if step.who.kind == "role":
        return _("everybody with the role %(role)s", role=_name(known.roles, step.who.role_id))
    if step.who.kind == "manager":
        return _("the applicant's manager")
    if step.who.kind == "managers":
        return text.ngettext(
            "the manager above the applicant", "the %(n)s managers above the applicant", step.who.levels
        )
    return _("whom the applicant chooses")


def _condition(text: Text, one: Condition, definition: Definition, known: Names) -> str:
    if one.field == "amount":
        return _compared(text, one.op, text.money(int(one.value or 0), known.currency).removesuffix(".00"))
    if one.field == "department":
        return text.gettext("in %(names)s", names=listed(text, (_name(known.departments, i) for i in one.among)))
    if one.field == "category":
        return text.gettext("with %(names)s", names=listed(text, (_name(known.categories, i) for i in one.among)))
    asked = definition.field(one.key)
    label = asked.label if asked else one.key
    if one.op:
        return f"{label} {_compared(text, one.op, text.number(one.value))}"
    return f"{label}: {listed(text, (_answer(text, asked, value, known) for value in one.among))}"


def _compared(text: Text, op: str, limit: str) -> str:
    _ = text.gettext
    sentences = {
        ">=": _("from %(limit)s", limit=limit),
        ">": _("above %(limit)s", limit=limit),
        "<=": _("up to %(limit)s", limit=limit),
        "<": _("below %(limit)s", limit=limit),
    }
    return sentences[op]


def _answer(text: Text, asked: FormField | None, value: str, known: Names) -> str:
    if asked and asked.type == "person":
        return _name(known.people, value)
    if asked and asked.type == "flag":
        return text.gettext("Yes")
    return value


def _name(of: dict[str, str], row_id: str | None) -> str:
    return of.get(row_id or "") or "?"


# --- everything about a definition, item by item -----------------------------------------------------


# Items that say in which order other items stand: of interest where it changed.
ORDERS = ("fields", "steps")


def items(text: Text, definition: Definition, known: Names) -> dict[str, tuple[str, str]]:
    """What a version says: key -> (heading, sentence); the same key is the same thing in every version."""
    _ = text.gettext
    asks = [words for ask, words in choices(text)["asks"] if ask in definition.asks]
    said = {"asks": (_("Asks for"), listed(text, asks) or _("Title and reason only"))}
    said |= {f"field {one.key}": (_("Field"), field_sentence(text, one)) for one in definition.form}
    said["fields"] = (_("Order of the fields"), listed(text, (one.label for one in definition.form)))
    said |= {
        f"step {one.key}": (_("Step"), f"{one.name}: {sentence(text, one, definition, known)}")
        for one in definition.steps
    }
    said["steps"] = (_("Order of the steps"), listed(text, (one.name for one in definition.steps)))
    said["starters"] = (_("Who may ask"), starters(text, definition, known))
    said["cc"] = (_("Copied to, once approved"), copies(text, definition, known))
    said["fallback"] = (_("Asked where nobody is found"), _name(known.people, definition.fallback_id))
    return {key: pair for key, pair in said.items() if pair[1]}


def field_sentence(text: Text, one: FormField) -> str:
    parts = [_types(text)[one.type], *([text.gettext("needed")] if one.required else [])]
    shown = f"{one.label} ({listed(text, parts)})" if text.lang == "en" else f"{one.label}（{listed(text, parts)}）"
    shown += f": {listed(text, one.choices)}" if one.choices else ""
    return f"{shown} · {one.hint}" if one.hint else shown


def starters(text: Text, definition: Definition, known: Names) -> str:
    given = definition.starters
    if given.is_everybody:
        return text.gettext("Everybody")
    named = [_name(known.departments, one) for one in given.departments]
    named += [_name(known.roles, one) for one in given.roles] + [_name(known.people, one) for one in given.people]
    return listed(text, named)


def copies(text: Text, definition: Definition, known: Names) -> str:
    manager = [text.gettext("the applicant's manager")] if definition.cc.manager else []
    named = [_name(known.roles, one) for one in definition.cc.roles]
    named += [_name(known.people, one) for one in definition.cc.people]
    return listed(text, [*manager, *named])


def differences(text: Text, was: Definition, now: Definition, known: Names) -> list[dict]:
    """What changed from one version to the next: {heading, was, now}; '' where it was not there, or is gone."""
    before, after = items(text, was, known), items(text, now, known)
    changed = []
    for key in dict.fromkeys([*before, *after]):
        heading, old = before.get(key, ("", ""))
        heading, new = after.get(key, (heading, ""))
        if old != new and not _only_grew(key, was, now):
            changed.append({"heading": heading, "was": old, "now": new})
    return changed


def _only_grew(key: str, was: Definition, now: Definition) -> bool:
    """Orders are told only where what both versions have stands in another order."""
    if key not in ORDERS:
        return False
    old, new = (one.form if key == "fields" else one.steps for one in (was, now))
    kept = {one.key for one in old} & {one.key for one in new}
    return [one.key for one in old if one.key in kept] == [one.key for one in new if one.key in kept]


# --- refusals ----------------------------------------------------------------------------------------


def fault(text: Text, code: str, detail: dict) -> str:
    _ = text.gettext
    own = {
        "no_steps": _("At least one step is needed: somebody has to decide."),
        "claim_needs_lines": _("An expense claim is made of lines: please tick them."),
        "kind_needs_amount": _("Money is asked for here: please tick the amount or the lines."),
        "no_choices": _("Please write down what can be chosen, one a line."),
        "nobody_chosen": _("Please tick at least one person."),
        "nothing_chosen": _("Please choose at least one, or remove this condition."),
        "field_gone": _("The field that this asks about was removed. Remove this condition, too."),
        "not_a_decimal": _("This is not a number. Write it like 3 or 12.5."),
        "bad_key": _("This field cannot be kept. Please remove it and add it again."),
        "used_twice": _("This is there twice. Please remove one of them."),
        "unknown_person": _("One of the people chosen does not exist any more. Please choose again."),
        "unknown_department": _("One of the departments chosen does not exist any more. Please choose again."),
        "unknown_role": _("The role chosen does not exist any more. Please choose again."),
        "unknown_category": _("One of the categories chosen does not exist any more. Please choose again."),
        "unknown_field": _("The field that this asks about was removed. Remove this condition, too."),
        "not_asked_for": _("This is not asked for. Tick the amount or the lines, or remove this condition."),
        "kind_is_fixed": _("Requests were made with this already, so its kind stays. Copy it to make another kind."),
        "currency_in_use": _(
            "Amounts were submitted in %(currency)s already; sums and limits count in it. It has to stay.",
            currency=detail.get("currency", ""),
        ),
        "category_in_use": _("Expenses, limits or steps name this category. Switch it off instead."),
        "policy_says_nothing": _("Please fill in one of the two: at most how much, or receipts from how much."),
        "nobody_may_approve": _("Nobody in the firm may approve this: there is no other administrator to ask."),
    }
    return own.get(code) or text.reason(code, detail)
