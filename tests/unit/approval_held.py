"""What the machine of approvals holds against its model: every outcome, every row, and the promises themselves."""

from __future__ import annotations

import json

from hypothesis.stateful import invariant, precondition

from ..simulator import decisions
from .approval_model import DECISIONS, IN_FORCE, LATE, OPEN, REFUSED, Request

# What the server may add to an action after it was made.
ADDED_LATER = {"applicant_id", "closed_at_ms", "voided_at_ms", "version", "updated_at_ms", "updated_by"}


class Held:
    """A part of the machine, which has firm, model, devices, judged (operation -> outcome) and trail."""

    # --- the model ----------------------------------------------------------------------------------

    def _foretell(self, by: str, operation: dict, outcome: dict) -> None:
        given = operation.get("set", {})
        if operation["entity"] == "substitute" and outcome["is"] == "applied":
            self.model.absences.append((by, given["substitute_id"], given["from_on"], given["until_on"]))
        elif operation["entity"] == "approval":
            self._note_content(by, operation, outcome)
        elif operation["entity"] == "approval_action":
            self._foretell_command(by, operation, outcome)

    def _note_content(self, by: str, operation: dict, outcome: dict) -> None:
        with self.firm.look() as db:
            row = db.execute("SELECT * FROM approval WHERE id = ?", (operation["row"],)).fetchone()
        known = self.model.requests.get(operation["row"])
        if known is None:
            known = self._new_request(by, row)
        if known.state not in OPEN:
            assert outcome["is"] == "rejected", "what was submitted is changed by nobody"
        known.content = _content(row)

    def _new_request(self, by: str, row):
        request = Request(by, row["definition_id"], _content(row))
        self.model.requests[row["id"]] = request
        return request

    def _foretell_command(self, by: str, operation: dict, outcome: dict) -> None:
        action = operation["set"] | {"target_ids": operation.get("add", {}).get("target_ids", [])}
        # The server may read a moment later than it was typed, and never earlier.
        expected = self.model.expect(by, action, operation["at"])
        came = {"applied": IN_FORCE, "conflict": LATE, "rejected": REFUSED}[outcome["is"]]
        assert came in expected, (by, action, outcome, expected)
        if came == LATE:
            assert outcome["reason"] in ("changed_meanwhile", "already_decided"), outcome
            assert outcome["detail"].keys() == {"by", "name"}, outcome
        if came == REFUSED:
            assert outcome["reason"], outcome
        self._check_reason(by, action, outcome, came)
        if came == IN_FORCE:
            self.model.carry_out(by, operation["row"], action, operation["at"])

    def _check_reason(self, by: str, action: dict, outcome: dict, came: str) -> None:
        request = self.model.requests[action["approval_id"]]
        if action["verb"] not in DECISIONS:
            return
        if by == request.owner:
            assert outcome["reason"] == "own_request"
        elif not self.model.knows(request, action["revision_hash"]):
            assert outcome["reason"] == "unknown_revision"
        elif came == LATE and not self.model.is_current(request, action["revision_hash"]):
            assert outcome["reason"] == "changed_meanwhile"

    def _compare(self) -> None:
        """The server's rows say what the model says; the model learns ids and instants."""
        with self.firm.look() as db:
            for approval_id, request in self.model.requests.items():
                row = db.execute("SELECT * FROM approval WHERE id = ?", (approval_id,)).fetchone()
                assert row["state"] == request.state, (row["state"], request)
                assert (row["revision"] or 0) == len(request.revisions)
                self._compare_hash(row, request)
                self._compare_way(db, approval_id, request)
                self._compare_decisions(db, approval_id, request)

    def _compare_hash(self, row, request) -> None:
        if request.revisions:
            known = self.model.hashes.setdefault(row["revision_hash"], request.revisions[-1])
            assert known == request.revisions[-1], "one hash, one content"
        if request.state not in OPEN:
            assert _content(row) == request.revisions[-1]

    def _compare_way(self, db, approval_id, request) -> None:
        by_place: dict[int, list] = {}
        standing = "SELECT * FROM approval_step WHERE approval_id = ? AND state <> 'void' ORDER BY position, rowid"
        for step in db.execute(standing, (approval_id,)):
            by_place.setdefault(step["position"], []).append(step)
        slots = [slot.standing for slot in request.slots if slot.standing]
        assert [len(turns) for turns in by_place.values()] == [len(turns) for turns in slots], (by_place, request)
        for steps, turns in zip(by_place.values(), slots, strict=True):
            for step, turn in zip(steps, turns, strict=True):
                said = step["state"], step["mode"], json.loads(step["asked_ids"])
                assert said == (turn.state, turn.mode, turn.asked), (dict(step), turn)
                if turn.state in ("ahead", "active"):
                    assert json.loads(step["waiting_ids"]) == turn.waiting, (dict(step), turn)
                assert turn.id in (None, step["id"])
                turn.id, turn.opened_ms = step["id"], step["opened_at_ms"] or 0

    def _compare_decisions(self, db, approval_id, request) -> None:
        rows = db.execute(
            "SELECT id, voided_at_ms FROM approval_action WHERE approval_id = ? AND effect = 'in_force'"
            " AND verb IN ('approve', 'reject', 'return')",
            (approval_id,),
        )
        said = {row["id"]: row["voided_at_ms"] is not None for row in rows}
        assert said == {action: is_void for action, (_, _, is_void) in request.decisions.items()}

    def _count(self) -> int:
        with self.firm.look() as db:
            return db.execute("SELECT seq FROM counter").fetchone()[0]

    # --- the promises -------------------------------------------------------------------------------

    @invariant()
    @precondition(lambda self: hasattr(self, "model"))
    def promises_are_kept(self) -> None:
        with self.firm.look() as db:
            decisions.rows_keep_the_promises(db)
            actions = {row["id"]: dict(row) for row in db.execute("SELECT * FROM approval_action")}
        self._trail_only_grows(actions)
        self._every_action_is_there_or_refused(actions)

    def _trail_only_grows(self, actions) -> None:
        for action_id, before in self.trail.items():
            now = actions[action_id]
            changed = {name for name in now if now[name] != before[name]}
            assert changed <= ADDED_LATER, (before, now)
        self.trail = actions

    def _every_action_is_there_or_refused(self, actions) -> None:
        sent = {
            one["row"]: self.judged[one["id"]]
            for device in self.devices.values()
            for one in device.typed
            if one["entity"] == "approval_action" and one["id"] in self.judged
        }
        for row_id, outcome in sent.items():
            assert (row_id in actions) == (outcome["is"] != "rejected"), outcome
            assert outcome["is"] != "rejected" or outcome["reason"]
        assert {action["id"] for action in actions.values() if action["owner_id"]} <= sent.keys()


def _content(row) -> tuple:
    return row["title"], row["amount_cents"], row["definition_id"]
