"""What people ask for and decide: drafts with their lines, commands on what their device has on the screen.

A command names the revision and the step that the device shows, however old that is: the server is to judge it.
"""

from __future__ import annotations

import datetime
import json

from sync.entities import BY_NAME

from .made_up import DAY_MS, MadeUp
from .world import CASHIER, DEFINITIONS, NAMES

OPEN = ("draft", "returned", "recalled", "rejected")
# What whoever is asked does, and how often.
ANSWERS = {"approve": 10, "reject": 2, "return": 3, "transfer": 2, "add_before": 1, "add_after": 1, "comment": 1}


def draft(made_up: MadeUp, number: int) -> list[tuple[str, str, dict]]:
    """(entity, row, parts) of a request, its lines and a receipt: one form."""
    rng, row = made_up.rng, f"approval-{number}"
    definition = rng.choice(sorted(DEFINITIONS))
    fields = {"definition_id": definition, "version_id": f"{definition}-1", "title": made_up.text()}
    fields |= {"reason": made_up.text(), "amount_cents": rng.choice((100, 600_000)), "currency": "CNY"}
    fields |= {"answers": {"why": made_up.text(), "step:pick": rng.choice(NAMES)}}
    fields |= {"account_id": made_up.any_row("account")}
    found = [("approval", row, {"set": fields, "add": {"cc_ids": [rng.choice(NAMES)]}})]
    for n in range(rng.randrange(3) if definition == "claim" else 0):
        line = made_up.new_row(BY_NAME["expense_line"])
        line["set"] |= {"approval_id": row, "category_id": "taxi", "amount_cents": 1_000, "currency": "CNY"}
        found.append(("expense_line", f"expense_line-{number}-{n}", line))
    if rng.random() < 0.3:
        file = {"target_entity": "approval", "target_id": row, "approval_id": row, "bytes": 5}
        file |= {"hash": made_up.value(BY_NAME["attachment"].by_name["hash"]), "media_type": "image/png"}
        found.append(("attachment", f"attachment-{number}", {"set": file}))
    return found


def command(made_up: MadeUp) -> dict | None:
    """The parts of an action on a request that this device shows; None: there is none."""
    me, rng = made_up.phone.user_id, made_up.rng
    shown = list(made_up.phone.rows.get("approval", {}).values())
    asked = [row for row in shown if me in json.loads(row["people_ids"]) and row["state"] == "pending"]
    mine = [row for row in shown if row["owner_id"] == me]
    to_pay = [row for row in shown if me == CASHIER and row["state"] == "approved" and row["paid_at_ms"] is None]
    if to_pay and rng.random() < 0.3:
        request = rng.choice(sorted(to_pay, key=_newest)[-4:])
        return {"set": _named(made_up, request, "pay") | {"amount_cents": request["sanctioned_cents"] or 1}}
    if asked and (not mine or rng.random() < 0.6):
        return _answer(made_up, rng.choice(sorted(asked, key=_newest)[-4:]))
    if mine:
        return _of_applicant(made_up, rng.choice(sorted(mine, key=_newest)[-4:]))
    return {"set": _named(made_up, rng.choice(shown), "comment")} if shown else None


def _newest(row: dict) -> tuple:
    return row["version"], row["id"]


def _answer(made_up: MadeUp, request: dict) -> dict | None:
    rng = made_up.rng
    [verb] = rng.choices(list(ANSWERS), ANSWERS.values())
    open_step = next((step for step in steps(made_up, request) if step["state"] == "active"), None)
    if open_step is None:
        return None
    action = _named(made_up, request, verb) | {"step_id": open_step["id"]}
    if verb == "return" and rng.random() < 0.5:
        done = [step["id"] for step in steps(made_up, request) if step["state"] == "done"]
        action["to_step_id"] = rng.choice(done) if done else None
    if verb in ("add_before", "add_after"):
        action["mode"] = rng.choice(("order", "all", "any"))
    parts = {"set": {name: value for name, value in action.items() if value is not None}}
    if verb in ("transfer", "add_before", "add_after"):
        parts["add"] = {"target_ids": [rng.choice(NAMES)]}
    return parts


def _of_applicant(made_up: MadeUp, request: dict) -> dict:
    rng, state = made_up.rng, request["state"]
    if state in OPEN:
        return {"set": _named(made_up, request, "submit")}
    verb = "void" if state == "approved" else rng.choice(("recall", "comment", "nudge", "approve", "submit"))
    return {"set": _named(made_up, request, verb)}


def _named(made_up: MadeUp, request: dict, verb: str) -> dict:
    named = {"approval_id": request["id"], "verb": verb, "note": made_up.text()}
    return named | ({"revision_hash": request["revision_hash"]} if request["revision_hash"] else {})


def steps(made_up: MadeUp, request: dict) -> list[dict]:
    held = made_up.phone.rows.get("approval_step", {}).values()
    return sorted((step for step in held if step["approval_id"] == request["id"]), key=lambda step: step["id"])


def absence(made_up: MadeUp) -> dict:
    """From about now, for some days."""
    rng = made_up.rng
    first_ms = made_up.world.clock.ms + rng.randrange(-3, 3) * DAY_MS
    first = datetime.datetime.fromtimestamp(first_ms / 1000, datetime.UTC)
    last = first + datetime.timedelta(days=rng.choice((0, 1, 5, 30)))
    days = {"from_on": first.date().isoformat(), "until_on": last.date().isoformat()}
    return {"set": days | {"substitute_id": rng.choice(NAMES), "reason": made_up.text()}}
