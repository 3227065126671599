"""What approvals promise, asked of a world at rest: of what was decided, seen and written down.

Works from the rows alone; it never asks the server's own code for approvals.
"""

from __future__ import annotations

import json
from collections import defaultdict

from .witness import Violation

DECISIONS = ("approve", "reject", "return")
OPEN = ("draft", "returned", "recalled", "rejected")
# What the server adds to an action when it has judged it, and later.
ADDED_LATER = {"applicant_id", "closed_at_ms", "voided_at_ms", "+"}
ENDS = {"reject": "rejected", "return": "returned", "recall": "recalled", "submit": "pending", "void": "void"}

# In the order in which they took effect: the version changes with what is added later.
IN_ORDER = """
SELECT a.* FROM approval_action AS a
  JOIN history AS h ON h.row_id = a.id AND h.entity = 'approval_action' AND h.unit = '+'
  WHERE a.deleted = 0 ORDER BY h.seq
"""


def decisions_are_safe(world, db) -> None:
    _every_action_has_an_effect(world, _actions(db))
    rows_keep_the_promises(db)


def rows_keep_the_promises(db) -> None:
    actions = _actions(db)
    requests = {row["id"]: dict(row) for row in db.execute("SELECT * FROM approval")}
    _the_trail_only_grows(db)
    _nobody_decides_twice(actions)
    _nobody_decides_their_own(actions, requests)
    _what_is_decided_was_submitted(db, actions)
    _the_state_follows_from_the_actions(actions, requests)
    _what_is_pending_waits_for_somebody(db, requests)


def _actions(db) -> list[dict]:
    return [dict(row) for row in db.execute(IN_ORDER)]


def _every_action_has_an_effect(world, actions) -> None:
    kept = {action["id"]: action for action in actions}
    # What only a device knew that is lost, after its server was lost, too.
    gone = {op["id"] for phone in world.lost_phones for op in [*phone.outbox, *(op for _, op in phone.sent)]}
    for op_id, outcome in world.witness.outcomes.items():
        _, op = world.witness.typed[op_id]
        if op["entity"] != "approval_action" or op_id in gone:
            continue
        if outcome["is"] == "rejected" or outcome["reason"] == "waits_for_row":
            continue
        if not kept.get(op["row"], {}).get("effect"):
            raise Violation("every action has an effect", f"{op}: {outcome}, {kept.get(op['row'])}")
        is_late = kept[op["row"]]["effect"] != "in_force"
        if op["base"] == 0 and is_late and outcome["is"] != "conflict" and not op.get("again"):
            raise Violation("whoever comes second is told", f"{op}: {outcome}, {kept[op['row']]}")


def _the_trail_only_grows(db) -> None:
    for line in db.execute("SELECT * FROM history WHERE entity = 'approval_action'"):
        if line["unit"] not in ADDED_LATER:
            raise Violation("the trail only grows", str(dict(line)))
    gone = db.execute("SELECT * FROM approval_action WHERE deleted = 1").fetchone()
    if gone:
        raise Violation("the trail only grows", str(dict(gone)))


def _nobody_decides_twice(actions) -> None:
    seen = defaultdict(list)
    for action in actions:
        if action["effect"] == "in_force" and action["verb"] in DECISIONS:
            seen[action["step_id"], action["on_behalf_of"] or action["owner_id"]].append(action)
    for twice in seen.values():
        if len(twice) > 1:
            raise Violation("one decision of a person in a step", f"{twice}")


def _nobody_decides_their_own(actions, requests) -> None:
    for action in actions:
        if action["verb"] in DECISIONS and requests[action["approval_id"]]["owner_id"] == action["owner_id"]:
            raise Violation("nobody decides their own", f"{action}")


def _what_is_decided_was_submitted(db, actions) -> None:
    revisions = {(row["approval_id"], row["number"]): row for row in db.execute("SELECT * FROM approval_revision")}
    for action in actions:
        if action["effect"] == "in_force" and action["verb"] in DECISIONS:
            stood = revisions[action["approval_id"], action["revision"]]
            if action["revision_hash"] != stood["hash"]:
                raise Violation("what is decided was submitted", f"{action} on {dict(stood)}")


def _the_state_follows_from_the_actions(actions, requests) -> None:
    """A request is where its last action that ends something has put it."""
    for row in requests.values():
        mine = [one for one in actions if one["approval_id"] == row["id"] and one["effect"] == "in_force"]
        if row["state"] == "approved":
            if not any(one["verb"] == "approve" and one["voided_at_ms"] is None for one in mine):
                raise Violation("nothing passes by itself", f"{row}, {mine}")
            continue
        ends = [one for one in mine if one["verb"] in ENDS and not (one["verb"] == "return" and one["to_step_id"])]
        wanted = ENDS[ends[-1]["verb"]] if ends else "draft"
        if row["state"] != wanted:
            raise Violation("the state follows from the actions", f"{row['state']}, not {wanted}: {row}, {mine}")


def _what_is_pending_waits_for_somebody(db, requests) -> None:
    """What is pending has one open step, which waits for somebody; nothing else has any."""
    active = defaultdict(list)
    for step in db.execute("SELECT * FROM approval_step WHERE state = 'active' AND deleted = 0"):
        active[step["approval_id"]].append(dict(step))
    for row in requests.values():
        held = active.get(row["id"], [])
        if len(held) != (row["state"] == "pending") or any(not json.loads(step["waiting_ids"]) for step in held):
            raise Violation("what is pending waits for somebody", f"{row}: {held}")
