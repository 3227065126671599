"""One device among many: the protocol client, on a line that can break and in a pocket where it can die."""

from __future__ import annotations

import json
from collections.abc import Iterable

from server.pull import StartAgain
from sync.entities import BY_NAME

from .. import device

# What a device of two releases ago has never heard of.
UNKNOWN_ENTITIES = {
    *("clash_kept", "handover", "handover_item", "pool_rule"),
    *("firm_setting", "approval_definition", "definition_version", "expense_category", "expense_policy"),
    *("substitute", "approval", "approval_revision", "approval_step", "approval_action", "expense_line"),
    *("attachment", "snooze"),
}
UNKNOWN_FIELDS = {
    *("rrule", "timezone", "series_id", "occurrence_on", "owner_since_ms", "window_days", "skipped"),
    *("is_cashier", "notice_off", "notice_email", "robot_kind", "robot_url", "robot_secret"),
    *("quiet_from", "quiet_until", "remind_at"),
}


class Phone(device.Device):
    def __init__(self, world, user_id: str, name: str, clock_ahead_ms: int = 0, is_old: bool = False) -> None:
        super().__init__(world.firm, user_id, name, clock_ahead_ms, chunk=5_000 if name == "phone" else 7)
        self.world = world
        self.is_old = is_old

    # --- what is typed

    def type_in(self, entity: str, row_id: str, op_id: str, **parts) -> None:
        """Queue an operation as it stands in a step; its base is the version that is on the screen."""
        base = 0 if parts.pop("new", False) else self.version_of(entity, row_id)
        op = {"id": op_id, "entity": entity, "row": row_id, "base": base, "at": self.now()}
        op |= {key: part for key, part in parts.items() if part}
        self.outbox.append(op)
        self.typed.append(op)
        self.world.witness.note_typed(self, op)

    def version_of(self, entity: str, row_id: str) -> int:
        return self.rows.get(entity, {}).get(row_id, {}).get("version", 0)

    def knows(self, entity: str, row_id: str) -> bool:
        return row_id in self.rows.get(entity, {}) or any(
            op["row"] == row_id and op["entity"] == entity for op in self.outbox
        )

    # --- the line

    def sync(self, cut=None, dies: bool = False) -> None:
        """One round trip, or two: without a cursor nothing is sent, since the server may have begun a new life.

        cut: the answer breaks off; see `cut_off`. dies: the device then stops where it is.
        """
        try:
            self._take_what_arrives(self._exchange(self.outbox if self.cursor else []), cut, dies)
        except StartAgain:
            self.start_again()
            self._take_what_arrives(self._exchange([]), cut, dies)
        if cut is None and any(op["id"] not in self.outcomes for op in self.outbox):
            self._take_what_arrives(self._exchange(self.outbox), None, False)
        if self.is_emptied:
            self.leave()

    def _take_what_arrives(self, lines: Iterable[str], cut, dies: bool) -> None:
        kept = list(lines) if cut is None else cut_off(lines, cut)
        if dies:
            self.take_and_die(kept)
        else:
            self.take(kept)

    def _exchange(self, ops: list[dict]) -> Iterable[str]:
        """Send; the answer's lines are seen by the witness."""
        return self.world.witness.watch(self, super()._exchange(ops))

    def start_again(self) -> None:
        self.cursor = ""
        self.rows.clear()

    def leave(self) -> None:
        """It said farewell: whoever signs in next begins with nothing."""
        self.start_again()
        self.hello = {}
        self.is_emptied = False

    def _drop_old(self) -> None:
        if not self.is_old:
            super()._drop_old()

    def take(self, lines: Iterable[str]) -> None:
        super().take(map(self._as_old, lines) if self.is_old else lines)

    def take_and_die(self, lines: list[str]) -> None:
        """What was not committed is gone: a device commits with a cursor, and when it is told of a refusal."""
        known = set(self.outcomes)
        commits = [number for number, line in enumerate(lines) if '"cursor"' in line or '"rejected"' in line]
        self.take(lines[: commits[-1] + 1] if commits else [])
        waiting = {op["id"] for op in self.outbox} - known
        self.outcomes = {op_id: outcome for op_id, outcome in self.outcomes.items() if op_id not in waiting}

    def _as_old(self, text: str) -> str:
        """What an old device makes of a line: what it does not know passes it by."""
        line = json.loads(text)
        if line.get("rows") in UNKNOWN_ENTITIES:
            return json.dumps({"rows": "department", "columns": ["id"], "values": [], "cursor": line["cursor"]})
        if "rows" in line:
            kept = [number for number, name in enumerate(line["columns"]) if name not in UNKNOWN_FIELDS]
            line["columns"] = [line["columns"][number] for number in kept]
            line["values"] = [[values[number] for number in kept] for values in line["values"]]
            return json.dumps(line)
        return text


def cut_off(lines: Iterable[str], cut: dict) -> list[str]:
    """The whole lines that arrive before the break: {"lines": n}, or {"permille": n} of the bytes."""
    if "lines" in cut:
        return [line for _, line in zip(range(cut["lines"]), lines, strict=False)]
    sent = "".join(lines).encode()
    arrived = sent[: len(sent) * cut["permille"] // 1000].decode(errors="ignore")
    return [line + "\n" for line in arrived.split("\n")[:-1]]


def as_held_by_old(rows: dict[str, dict[str, dict]]) -> dict[str, dict[str, dict]]:
    """Of a projection, what a device of two releases ago has."""
    return {
        entity: {
            row_id: {name: value for name, value in row.items() if name not in UNKNOWN_FIELDS}
            for row_id, row in held.items()
        }
        for entity, held in rows.items()
        if entity not in UNKNOWN_ENTITIES and entity in BY_NAME
    }
