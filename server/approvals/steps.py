"""The way of a request: steps are laid, opened one after another, counted, put before and after, asked again.

A step that is asked again is a row of its own, so that a decision given for its first turn can never count in the
second.  Nothing here judges whether somebody may do that.
"""

from __future__ import annotations

from sync.values import column_of, members_of

from ..database import sqlite3
from ..permission import Rejected, is_active
from . import approved, asked, route, telling
from .case import STEP, STOPS, Case, definition_of, last_action, step_row, waiting_in_turn, way
from .documents import BadDefinition
from .route import Planned

DAY_MS = 86_400_000
# Room between two steps for those that approvers put there: half of it each time.
GAP = 10_000_000
MOST_STEPS = 90


def lay(case: Case, planned: list[Planned]) -> None:
    """The whole way, ahead."""
    for n, one in enumerate(planned, 1):
        everybody = column_of(one.asked_ids)
        case.add(
            STEP,
            case.id_for("step", n),
            revision=case.request["revision"],
            position=n * GAP,
            key=one.key,
            name=one.name or None,
            mode=one.mode,
            asked_ids=everybody,
            waiting_ids=everybody,
            state="ahead",
            instead=one.instead,
        )


def make_void(case: Case) -> None:
    """The way so far, where what was submitted is another thing now."""
    for step in way(case.db, case.id):
        case.change_step(step, state="void")


def open_next(case: Case) -> None:
    """Ask the next step; after the last it is approved."""
    ahead = [step for step in way(case.db, case.id) if step["state"] == "ahead"]
    if ahead:
        _open(case, ahead[0])
    else:
        approved.conclude(case)


def _open(case: Case, step: dict) -> None:
    days = _days(case, step)
    case.change_step(
        step,
        state="active",
        opened_at_ms=case.now_ms,
        due_at_ms=case.now_ms + days * DAY_MS if days else None,
        done_at_ms=None,
    )
    for gone in [one for one in members_of(step["waiting_ids"]) if not is_active(case.db, one)]:
        replace_gone(case, step, gone)
    turn_to(case, step)


def turn_to(case: Case, step: dict, text: str = telling.ASKS, about: str | None = None) -> None:
    """Whoever is asked in the open step now takes part, and hears of it."""
    everybody = asked.now_asked(case.db, step, case.applicant_id, case.now_ms)
    standing_by = asked.beside(case.db, step["id"])
    waiting = [one for first in waiting_in_turn(step) for one in (first, *standing_by[first])]
    no_longer = [one for one in members_of(case.request["people_ids"]) if one not in everybody]
    telling.no_longer(case, no_longer)
    case.add_people(*everybody)
    case.change(waiting_ids=column_of(dict.fromkeys(waiting)), due_at_ms=step["due_at_ms"])
    telling.asked(case, step, everybody, text, about)


def count(case: Case, step: dict, counted: tuple[str, ...]) -> None:
    """These have approved: the step goes on, or is done and the next one opens."""
    waiting = [one for one in members_of(step["waiting_ids"]) if one not in counted]
    if waiting and step["mode"] != "any":
        case.change_step(step, waiting_ids=column_of(waiting))
        turn_to(case, step)
        return
    case.change_step(step, state="done", waiting_ids=column_of(waiting), done_at_ms=case.now_ms)
    open_next(case)


def stop(case: Case, step: dict, step_state: str, **changes) -> None:
    """The way ends here for now. Whoever has yet to answer in the step is remembered, should it go on."""
    done_at_ms = case.now_ms if step_state == "done" else None
    case.change_step(step, state=step_state, done_at_ms=done_at_ms)
    telling.no_longer(case, members_of(case.request["people_ids"]))
    case.change(waiting_ids="[]", due_at_ms=None, **changes)


def resume(case: Case) -> None:
    """The same was submitted again: the way goes on at the step where it was stopped."""
    marks = ", ".join(f"'{verb}'" for verb in STOPS)
    stopped = last_action(case.db, f"approval_id = ? AND verb IN ({marks}) AND to_step_id IS NULL", case.id)
    if stopped and stopped["step_id"]:
        old = step_row(case.db, stopped["step_id"])
        _once_more(case, old, waiting=members_of(old["waiting_ids"]))
    open_next(case)


def go_back(case: Case, step: dict, target: dict) -> list[str]:
    """Ask an earlier step again, and what lies between. Returns the steps of which no decision counts any more."""
    again = _turns_between(case, target, step)
    for one in again:
        _once_more(case, one)
        if one["id"] == step["id"]:
            case.change_step(one, state="done", done_at_ms=case.now_ms)
        else:
            case.change_step(one, state="void")
    open_next(case)
    return [one["id"] for one in again]


def _turns_between(case: Case, first: dict, last: dict) -> list[dict]:
    """The steps from one to another; of one that was asked more than once, only the last turn."""
    between = {
        one["position"]: one
        for one in sorted(way(case.db, case.id), key=lambda one: one["opened_at_ms"] or 0)
        if first["position"] <= one["position"] <= last["position"] and one["opened_at_ms"] is not None
    }
    return [between[position] for position in sorted(between)]


def _once_more(case: Case, old: dict, waiting: list[str] | None = None) -> dict:
    kept = ("position", "key", "name", "mode", "asked_ids", "instead", "added_by")
    return case.add(
        STEP,
        case.id_for("step", old["id"]),
        **{name: old[name] for name in kept},
        revision=case.request["revision"],
        waiting_ids=old["asked_ids"] if waiting is None else column_of(waiting),
        state="ahead",
    )


def insert_before(case: Case, step: dict, targets: list[str], mode: str) -> None:
    """The open step waits until these people have decided."""
    earlier = [one["position"] for one in way(case.db, case.id) if one["position"] < step["position"]]
    new = _insert(case, step, max(earlier, default=0), step["position"], targets, mode)
    case.change_step(step, state="ahead", due_at_ms=None)
    _open(case, new)


def insert_after(case: Case, step: dict, targets: list[str], mode: str) -> None:
    later = [one["position"] for one in way(case.db, case.id) if one["position"] > step["position"]]
    after = min(later, default=step["position"] + 2 * GAP)
    _insert(case, step, step["position"], after, targets, mode)


def check_room(db: sqlite3.Connection, request: dict) -> None:
    """Raises Rejected."""
    if len(way(db, request["id"])) >= MOST_STEPS:
        raise Rejected("too_many", most=MOST_STEPS)


def _insert(case: Case, beside: dict, low: int, high: int, targets: list[str], mode: str) -> dict:
    if high - low < 2:
        low, high = _make_room(case, low, high)
    return case.add(
        STEP,
        case.id_for("step"),
        revision=case.request["revision"],
        position=(low + high) // 2,
        key=beside["key"],
        name=beside["name"],
        mode=mode,
        asked_ids=column_of(targets),
        waiting_ids=column_of(targets),
        state="ahead",
        added_by=case.by,
    )


def _make_room(case: Case, low: int, high: int) -> tuple[int, int]:
    """Push everything from `high` on further back."""
    for step in reversed(way(case.db, case.id)):
        if step["position"] >= high:
            case.change_step(step, position=step["position"] + GAP)
    return low, high + GAP


def replace_asked(case: Case, step: dict, old_id: str, new_id: str | None) -> None:
    """In the same place of the order; without anybody new one fewer is asked."""
    patch = {}
    for name in ("asked_ids", "waiting_ids"):
        others = [new_id if one == old_id else one for one in members_of(step[name])]
        patch[name] = column_of(dict.fromkeys(one for one in others if one))
    case.change_step(step, **patch)


def replace_gone(case: Case, step: dict, gone_id: str) -> None:
    """Somebody who is asked has left. Where nobody is found, the others of the step are enough; the last one stays."""
    found = instead_of(case.db, case.request, step, gone_id)
    still_waiting = [one for one in members_of(step["waiting_ids"]) if one != gone_id]
    if found or still_waiting:
        replace_asked(case, step, gone_id, found)
        case.change_step(step, instead="has_left")


def instead_of(db: sqlite3.Connection, request: dict, step: dict, gone_id: str) -> str | None:
    """Who is asked instead of somebody who has left, and is not asked in this step anyway."""
    others = [one for one in members_of(step["asked_ids"]) if one != gone_id]
    applicant_id = request["applicant_id"] or request["owner_id"]
    return route.replacement(db, gone_id, applicant_id, fallback_of(db, request), others)


def fallback_of(db: sqlite3.Connection, request: dict) -> str | None:
    try:
        return definition_of(db, request["version_id"]).fallback_id
    except BadDefinition:
        return None


def _days(case: Case, step: dict) -> int:
    """After how many days this step is late; one that an approver added is like the one it was added to."""
    try:
        definition = definition_of(case.db, case.request["version_id"])
    except BadDefinition:
        return 0
    return next((one.days for one in definition.steps if one.key == step["key"]), 0)
