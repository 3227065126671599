"""Trying a definition out before it is saved: for one person and one amount, exactly who would be asked.

Asks `server.approvals.route`, as a submission does, and writes nothing.
"""

from __future__ import annotations

from server.admin.approvals_draft import pairs
from server.admin.approvals_words import Names, fault
from server.approvals import route
from server.approvals.definition import Definition
from server.permission import Rejected
from sync import values
from sync.entities import BY_NAME
from sync.typed import parse_typed
from web.text import Text

_ANSWER = "try.answer."
_MONEY = BY_NAME["approval"].by_name["amount_cents"]


def inputs(draft: dict) -> list[dict]:
    """What a try-out has to know beside the person: what some step's conditions ask about."""
    abouts = dict.fromkeys(when["about"] for step in draft["steps"] for when in step["when"])
    by_key = {one["key"]: one for one in draft["fields"]}
    asked = []
    for about in abouts:
        kind, _, key = about.partition(":")
        if kind in ("amount", "category"):
            asked.append({"name": f"try.{kind}", "about": kind, "label": "", "choices": []})
        elif kind == "answer" and key in by_key:
            one = by_key[key]
            choices = pairs(one["choices"]) if one["type"] == "choice" else []
            asked.append({"name": f"try.answer.{key}", "about": one["type"], "label": one["label"], "choices": choices})
    return asked


def try_out(conn, text: Text, definition: Definition, typed: dict[str, str], known: Names) -> dict:
    """typed: try.person, try.amount, try.category, try.answer.KEY. Returns {steps, errors}: who is asked, by name."""
    person = typed.get("try.person", "")
    try:
        amount = values.check(_MONEY, parse_typed(_MONEY, typed.get("try.amount", ""), "UTC"))
    except values.Refused as refused:
        return {"steps": [], "errors": {"try.amount": fault(text, refused.code, refused.detail)}}
    if not person:
        return {"steps": [], "errors": {"try.person": fault(text, "required", {})}}
    answers = {name[len(_ANSWER) :]: value for name, value in typed.items() if name.startswith(_ANSWER)}
    category = typed.get("try.category")
    ask = route.Ask(person, amount, frozenset([category] if category else []), answers)
    try:
        planned = route.plan(conn, definition, ask)
    except Rejected as rejected:
        return {"steps": [], "errors": {"try.person": fault(text, rejected.reason, rejected.detail)}}
    return {"steps": [_in_words(text, one, definition, known) for one in planned], "errors": {}}


def _in_words(text: Text, one: route.Planned, definition: Definition, known: Names) -> dict:
    _ = text.gettext
    instead = {
        "nobody_found": _("The step finds nobody, so this is who is asked instead."),
        "self": _("Nobody decides about their own request, so somebody else is asked."),
        "has_left": _("Somebody has left, so this is who is asked instead."),
    }
    step = next((step for step in definition.steps if step.key == one.key), None)
    return {
        "name": one.name or _("No step applies"),
        "who": [known.people.get(user_id, "?") for user_id in one.asked_ids],
        "mode": one.mode if len(one.asked_ids) > 1 else "",
        "is_chosen": bool(step and step.who.kind == "chosen"),
        "instead": instead.get(one.instead or "", ""),
    }
