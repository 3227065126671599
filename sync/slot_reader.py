"""One slot of a form becomes one operation: what changed, what is added, what is wrong.

Used by `forms` only, which says what context and result are.  Twin: service_worker/slot_reader.js.
"""

from __future__ import annotations

import json
from collections.abc import Callable

from .form_slots import Input, Slot
from .model import SERVER_ONLY, Field
from .operations import defaults, missing
from .recurrence import next_occurrence
from .typed import parse_typed, split_members
from .values import Refused, check, check_members


class SlotReader:
    """Adds the operation of one slot to the result of its form, or the errors."""

    def __init__(self, slot: Slot, context, result):
        self.slot = slot
        self.context = context
        self.result = result
        self.entity = slot.entity
        self.set: dict = {}
        self.add: dict[str, list[str]] = {}
        self.remove: dict[str, list[str]] = {}

    def read(self) -> None:
        if self.entity.writers == SERVER_ONLY:
            self.result.errors[f"row.{self.slot.name}"] = ("server_only", {"entity": self.entity.name})
        elif self.slot.is_deleted:
            self._emit({"delete": True})
        else:
            self._read_fields()

    def _read_fields(self) -> None:
        changed = [name for name, posted in self.slot.inputs.items() if self._is_part(name, posted)]
        units = {self._field(name).group for name in changed} - {""}
        for name, posted in self.slot.inputs.items():
            f = self._field(name)
            # Fields of one group are changed as one: an unchanged one states what it was seen beside.
            if name in changed or (f and f.group in units and not self.slot.is_new and posted.typed is not None):
                self._try(f, posted.name, lambda f=f, posted=posted: self._take(f, posted))
        for text in self.slot.whole:
            self._read_whole(text)
        if self.slot.is_new:
            self._complete()
        self._check_order()
        self._check_takes_place()
        patch = {key: part for key, part in (("set", self.set), ("add", self.add), ("remove", self.remove)) if part}
        if patch:
            self._emit(patch)

    def _is_part(self, name: str, posted: Input) -> bool:
        """Whether this input becomes part of the operation."""
        f = self._field(name)
        if f is None:
            if posted.typed is not None:
                self.result.errors[posted.name] = ("unknown_field", {"entity": self.entity.name, "field": name})
            return False
        if self.slot.is_new:
            return not posted.is_blank and self._resolved(f, posted.typed) != [""]
        if posted.typed is None and f.type not in ("set", "flag"):
            return False
        return posted.was is None or not self._is_unchanged(f, posted)

    def _is_unchanged(self, f: Field, posted: Input) -> bool:
        typed = self._resolved(f, posted.typed or [])
        if f.type == "set":
            return self._members(f, typed) == self._members(f, posted.was)
        if typed[-1:] == posted.was[-1:]:
            return True
        now = self._shown_value(f, typed)
        return now is not None and now == self._shown_value(f, posted.was)

    def _take(self, f: Field, posted: Input) -> None:
        typed = self._resolved(f, posted.typed or [])
        if f.type == "set":
            # A new row has nothing yet: what the form suggested and the person left is an addition, too.
            was = [] if self.slot.is_new else self._members(f, posted.was or [])
            self._take_members(f, self._checked_members(f, typed), was)
        else:
            self.set[f.name] = self._value(f, typed)

    def _take_members(self, f: Field, wanted: list[str], was: list[str]) -> None:
        added = [member for member in wanted if member not in was]
        removed = [member for member in was if member not in wanted]
        if added:
            self.add[f.name] = added
        if removed and not self.slot.is_new:
            self.remove[f.name] = removed

    def _read_whole(self, text: str) -> None:
        """Fields with raw values, from `slot.*`; what has an input of its own is left to it."""
        name = f"{self.slot.name}.*"
        if not text:
            return
        try:
            raw = json.loads(text)
        except (ValueError, RecursionError):
            raw = None
        if not isinstance(raw, dict):
            self.result.errors[name] = ("not_json", {})
            return
        for field_name, value in raw.items():
            f = self._field(field_name)
            if f is None:
                self.result.errors[name] = ("unknown_field", {"entity": self.entity.name, "field": field_name})
            elif field_name not in self.slot.inputs:
                self._try(f, name, lambda f=f, value=value: self._take_raw(f, value))

    def _take_raw(self, f: Field, value: object) -> None:
        checked = check(f, value)
        if f.type == "set":
            self._take_members(f, json.loads(checked), [])
        elif checked is not None or not self.slot.is_new:
            self.set[f.name] = checked

    def _complete(self) -> None:
        """A new row takes the model's defaults for what was not said, and must have what is required."""
        given = defaults(self.entity, self.context.me, self.context.now_ms)
        not_said = {f.name for f in self.entity.fields if f.type == "set" or f.by_server}
        self.set = {name: value for name, value in given.items() if name not in not_said} | self.set
        for name in missing(self.entity, self.set | self.add):
            posted = self.slot.inputs.get(name)
            input_name = posted.name if posted else f"{self.slot.name}.{name}"
            self.result.errors.setdefault(input_name, ("required", {"field": name}))

    def _check_order(self) -> None:
        for first, last in self.entity.ordered:
            start, end = self.set.get(first), self.set.get(last)
            if start is not None and end is not None and start > end:
                posted = self.slot.inputs.get(last)
                input_name = posted.name if posted else f"{self.slot.name}.{last}"
                self.result.errors.setdefault(input_name, ("end_before_start", {"field": last}))

    def _check_takes_place(self) -> None:
        """A series whose rule leaves no day would be nowhere to be seen."""
        rule, start, end = (self.set.get(name) for name in ("rrule", "start_ms", "end_ms"))
        if not rule or start is None or end is None:
            return
        series = (start, end, rule, self.set.get("timezone"), self.set.get("is_all_day"))
        if next_occurrence(*series, start) is None:
            posted = self.slot.inputs.get("rrule")
            input_name = posted.name if posted else f"{self.slot.name}.rrule"
            self.result.errors.setdefault(input_name, ("rule_never", {"field": "rrule"}))

    def _emit(self, patch: dict) -> None:
        row = self.result.rows_by_slot[self.slot.name]
        op = {"id": "", "entity": self.entity.name, "row": row, "base": self.slot.version or 0}
        self.result.ops.append(op | {"at": self.context.now_ms} | patch)

    def _try(self, f: Field, input_name: str, take: Callable[[], None]) -> None:
        try:
            take()
        except Refused as refused:
            # Beside the answer that it is about, where it is about one.
            beside = f"{input_name}.{refused.detail['key']}" if "key" in refused.detail else input_name
            self.result.errors.setdefault(beside, (refused.code, {"field": f.name, **refused.detail}))

    def _value(self, f: Field, typed: list[str]) -> object:
        return check(f, parse_typed(f, typed, self.context.tz))

    def _shown_value(self, f: Field, typed: list[str]) -> tuple | None:
        """The value as an input shows it, in a tuple; None where it would be refused."""
        try:
            value = self._value(f, typed)
        except Refused:
            return None
        # An input shows minutes; the row may know the second.
        return (value // 60_000,) if f.type == "instant" and value is not None else (value,)

    def _checked_members(self, f: Field, typed: list[str]) -> list[str]:
        return check_members(f, split_members(f, typed))

    def _members(self, f: Field, texts: list[str]) -> list[str]:
        """The members that the texts name, as they are where they would be refused."""
        try:
            return self._checked_members(f, texts)
        except Refused:
            return split_members(f, texts)

    def _resolved(self, f: Field, typed: list[str]) -> list[str]:
        return [self._token(f, text) for text in typed]

    def _token(self, f: Field, text: str) -> str:
        """What '@…' stands for, in fields where nobody writes words."""
        if not text.startswith("@") or not _takes_tokens(f):
            return text
        word = text[1:]
        known = {"me": self.context.me, "now": str(self.context.now_ms), "today": self.context.today}
        if word in known:
            return known[word]
        # A slot that was left out is nobody.
        return self.result.rows_by_slot.get(word, "" if self._is_slot(word) else text)

    def _is_slot(self, word: str) -> bool:
        return f"row.{word}" in self.result.values

    def _field(self, name: str) -> Field | None:
        return self.entity.by_name.get(name)


def _takes_tokens(f: Field) -> bool:
    return f.type in ("ref", "date", "instant") or f.of == "ref" or f.name.endswith("_id")
