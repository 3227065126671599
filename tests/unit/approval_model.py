"""What approvals promise, as a small model of its own: who may decide now, and what becomes of it.

Written from sync/APPROVALS.md, without a database and without the server's code.  Everybody's manager, the fallback and
the only administrator is the boss, who asks for nothing and never leaves: who replaces somebody is then never in doubt.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

BOSS = "boss"
OPEN = ("draft", "returned", "recalled", "rejected")
DECISIONS = ("approve", "reject", "return")
OF_APPROVERS = (*DECISIONS, "transfer", "add_before", "add_after")
IN_FORCE, LATE, REFUSED = "in_force", "late", "refused"
SHANGHAI = timedelta(hours=8)


@dataclass
class Turn:
    """A step as it is asked once."""

    asked: list[str]
    waiting: list[str]
    mode: str
    state: str = "ahead"
    id: str | None = None
    opened_ms: int = 0

    @property
    def was_open(self) -> bool:
        return self.state != "ahead" or self.opened_ms > 0


@dataclass
class Slot:
    """A step in its place of the way, with all its turns."""

    turns: list[Turn]

    @property
    def standing(self) -> list[Turn]:
        return [turn for turn in self.turns if turn.state != "void"]


@dataclass
class Request:
    owner: str
    definition: str
    content: tuple
    state: str = "draft"
    revisions: list[tuple] = field(default_factory=list)
    slots: list[Slot] = field(default_factory=list)
    gone: list[Turn] = field(default_factory=list)
    stopped: tuple[Slot, Turn] | None = None
    # action -> the turn that it was given for, and whether it was made void since
    decisions: dict[str, list] = field(default_factory=dict)

    def find(self, step_id: str | None) -> tuple[Slot | None, Turn | None]:
        for slot in self.slots:
            for turn in slot.turns:
                if turn.id == step_id:
                    return slot, turn
        return None, next((turn for turn in self.gone if turn.id == step_id), None)

    @property
    def open_turn(self) -> tuple[Slot, Turn] | None:
        found = [(slot, turn) for slot in self.slots for turn in slot.turns if turn.state == "active"]
        return found[0] if found else None


class Model:
    def __init__(self, definitions: dict[str, list[dict]], people: tuple[str, ...]) -> None:
        self.definitions = definitions
        self.active = {*people, BOSS}
        self.requests: dict[str, Request] = {}
        self.absences: list[tuple[str, str, str, str]] = []  # owner, substitute, from, until
        self.hashes: dict[str, tuple] = {}  # hash -> content

    # --- one command ------------------------------------------------------------------------------

    def expect(self, by: str, action: dict, at_ms: int) -> set[str]:
        """What may become of a command; without any doubt where it is one thing."""
        request, verb = self.requests[action["approval_id"]], action["verb"]
        if verb == "comment":
            return {IN_FORCE, REFUSED} if by not in self.active else {IN_FORCE}
        if verb == "submit":
            return {IN_FORCE} if by == request.owner and request.state in OPEN else {REFUSED}
        if verb == "recall":
            return self._expect_recall(request, by, action)
        if verb == "void":
            may = by in (request.owner, BOSS)
            return {IN_FORCE} if may and request.state == "approved" else {REFUSED, LATE} if may else {REFUSED}
        return self._expect_decision(request, by, action, at_ms)

    def _expect_recall(self, request: Request, by: str, action: dict) -> set[str]:
        if by != request.owner or not request.revisions:
            return {REFUSED}
        seen = action.get("revision_hash")
        is_current = seen is None or self.is_current(request, seen)
        return {IN_FORCE} if is_current and request.state == "pending" else {LATE}

    def _expect_decision(self, request: Request, by: str, action: dict, at_ms: int) -> set[str]:
        if by == request.owner:
            return {REFUSED}
        _, turn = request.find(action["step_id"])
        if not self.knows(request, action["revision_hash"]):
            return {REFUSED}
        if turn is None:
            return {LATE, REFUSED}  # it was void in the batch that made it: the model never learned its id
        stands = self.is_current(request, action["revision_hash"])
        if not stands or request.state != "pending" or turn.state != "active":
            # Whose turn has not come is asked later; whoever was asked is told that it is too late.
            was_asked = by in turn.asked and by in self.active and not (stands and turn.state == "ahead")
            return {LATE} if was_asked and self._fits(request, turn, by, action) else {LATE, REFUSED}
        counted = self.counted(turn, by, at_ms)
        if by not in self.active and counted:
            return {IN_FORCE, LATE, REFUSED}  # whoever has left, and is the last to be asked
        if not counted or not self._fits(request, turn, by, action):
            return {LATE, REFUSED}
        return {IN_FORCE}

    def knows(self, request: Request, seen: str) -> bool:
        return self.hashes.get(seen) in request.revisions

    def is_current(self, request: Request, seen: str) -> bool:
        return bool(request.revisions) and self.hashes.get(seen) == request.revisions[-1]

    def _fits(self, request: Request, turn: Turn, by: str, action: dict) -> bool:
        """What the command says besides."""
        targets = action["target_ids"]
        if action["verb"] in ("transfer", "add_before", "add_after"):
            if not targets or by in targets or request.owner in targets or not self.active >= {*targets}:
                return False
            return action["verb"] != "transfer" or (len(targets) == 1 and targets[0] not in turn.asked)
        if action["verb"] == "return" and action.get("to_step_id"):
            slot, target = request.find(action["to_step_id"])
            here, _ = request.find(turn.id)
            if slot is None or here is None or target.state != "done":
                return False
            return request.slots.index(slot) < request.slots.index(here)
        return True

    # --- who --------------------------------------------------------------------------------------

    def counted(self, turn: Turn, by: str, at_ms: int) -> list[str]:
        """Those who are asked now, and for whom this person's decision counts."""
        at_ms, found = max(at_ms, turn.opened_ms), []
        for asked in turn.waiting:
            if asked == by or (by in self.active and by in self._standing_in(asked, at_ms)):
                found.append(asked)
            elif turn.mode == "order":
                break
        return found

    def _standing_in(self, asked: str, at_ms: int) -> list[str]:
        day = (datetime.fromtimestamp(at_ms / 1000, UTC) + SHANGHAI).date().isoformat()
        found = [asked]
        for one in found:
            for owner, substitute, first, last in self.absences:
                if owner == one and first <= day <= last and substitute not in found:
                    found.append(substitute)
        return found[1:]

    # --- what comes of it ---------------------------------------------------------------------------

    def carry_out(self, by: str, action_id: str, action: dict, at_ms: int) -> None:
        """A command that took effect."""
        request = self.requests[action["approval_id"]]
        do = getattr(self, f"_{action['verb']}", None)
        if action["verb"] in OF_APPROVERS:
            slot, turn = request.find(action["step_id"])
            if action["verb"] in DECISIONS:
                request.decisions[action_id] = [turn, action["verb"], False]
            do(request, slot, turn, by, action, at_ms)
        elif do:
            do(request)

    def _submit(self, request: Request) -> None:
        request.state = "pending"
        if request.revisions and request.revisions[-1] == request.content:
            slot, old = request.stopped
            slot.turns.append(Turn(list(old.asked), list(old.waiting), old.mode))
        else:
            request.gone += [turn for slot in request.slots for turn in slot.turns]
            for turn in request.gone:
                turn.state = "void"
            for decision in request.decisions.values():
                decision[2] = True
            request.revisions.append(request.content)
            request.slots = [Slot([turn]) for turn in self._planned(request)]
        self._open_next(request)

    def _planned(self, request: Request) -> list[Turn]:
        found = []
        for step in self.definitions[request.definition]:
            if request.content[1] >= step.get("from", 0):
                wanted = [BOSS if one == request.owner or one not in self.active else one for one in step["ids"]]
                asked = list(dict.fromkeys(wanted))
                found.append(Turn(asked, list(asked), step["mode"]))
        return found or [Turn([BOSS], [BOSS], "order")]

    def _open_next(self, request: Request) -> None:
        for slot in request.slots:
            for turn in slot.standing:
                if turn.state == "ahead":
                    self._open(turn)
                    return
        request.state = "approved"

    def _open(self, turn: Turn) -> None:
        turn.state = "active"
        for gone in [one for one in turn.waiting if one not in self.active]:
            self.replace(turn, gone)

    def replace(self, turn: Turn, gone: str) -> None:
        """By the boss, unless the boss is asked anyway; the last one stays."""
        new = [] if BOSS in turn.asked else [BOSS]
        if new or [one for one in turn.waiting if one != gone]:
            self._put(turn, gone, new)

    @staticmethod
    def _put(turn: Turn, old: str, new: list[str]) -> None:
        for name in ("asked", "waiting"):
            changed = [other for one in getattr(turn, name) for other in (new if one == old else [one])]
            setattr(turn, name, list(dict.fromkeys(changed)))

    def _approve(self, request, slot, turn, by, action, at_ms) -> None:
        counted = self.counted(turn, by, at_ms)
        turn.waiting = [one for one in turn.waiting if one not in counted]
        if not turn.waiting or turn.mode == "any":
            turn.state = "done"
            self._open_next(request)

    def _reject(self, request, slot, turn, by, action, at_ms) -> None:
        turn.state, request.state, request.stopped = "done", "rejected", (slot, turn)

    def _return(self, request, slot, turn, by, action, at_ms) -> None:
        if not action.get("to_step_id"):
            turn.state, request.state, request.stopped = "done", "returned", (slot, turn)
            return
        target, _ = request.find(action["to_step_id"])
        for one in request.slots[request.slots.index(target) : request.slots.index(slot) + 1]:
            asked = [other for other in one.standing if other.was_open]
            if asked:
                last = asked[-1]
                last.state = "done" if last is turn else "void"
                one.turns.append(Turn(list(last.asked), list(last.asked), last.mode))
                self._make_void(request, last)
        self._open_next(request)

    @staticmethod
    def _make_void(request: Request, turn: Turn) -> None:
        for decision in request.decisions.values():
            if decision[0] is turn and decision[1] == "approve":
                decision[2] = True

    def _transfer(self, request, slot, turn, by, action, at_ms) -> None:
        counted = self.counted(turn, by, at_ms)
        self._put(turn, by if by in counted else counted[0], action["target_ids"])

    def _add_before(self, request, slot, turn, by, action, at_ms) -> None:
        new = Slot([self._added(action)])
        request.slots.insert(request.slots.index(slot), new)
        turn.state = "ahead"
        self._open(new.turns[0])

    def _add_after(self, request, slot, turn, by, action, at_ms) -> None:
        request.slots.insert(request.slots.index(slot) + 1, Slot([self._added(action)]))

    @staticmethod
    def _added(action: dict) -> Turn:
        return Turn(list(action["target_ids"]), list(action["target_ids"]), action.get("mode") or "order")

    def _recall(self, request: Request) -> None:
        slot, turn = request.open_turn
        turn.state, request.state, request.stopped = "void", "recalled", (slot, turn)

    def _void(self, request: Request) -> None:
        request.state = "void"

    # --- people -------------------------------------------------------------------------------------

    def leave(self, who: str) -> None:
        self.active.discard(who)
        for request in self.requests.values():
            if request.open_turn and who in request.open_turn[1].waiting:
                self.replace(request.open_turn[1], who)
