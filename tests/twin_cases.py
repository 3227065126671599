"""The shared cases of the twins, and how the Python twin answers them.

A case says what goes in and one of `gives` (what comes out), `refused` ([code, detail]) or `malformed`
(the reason). tests/browser/twin_runner.js answers the same cases with the JavaScript twin.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from itertools import count
from pathlib import Path

from sync import (
    file_kind,
    form_files,
    forms,
    ids,
    latin,
    operations,
    overlaps,
    rebase,
    recurrence,
    rules,
    typed,
    values,
)
from sync.entities import BY_NAME
from sync.model import Field

CASES = Path(__file__).parent / "cases"

NOW_MS = 1_795_513_260_000


def load(group: str, kind: str) -> list[dict]:
    """The cases of tests/cases/<group>/<kind>.json."""
    return json.loads((CASES / group / f"{kind}.json").read_text(encoding="utf-8"))


def named(group: str, kind: str) -> dict:
    """Arguments for pytest.mark.parametrize: each case by what it shows."""
    cases = load(group, kind)
    return {"argnames": "case", "argvalues": cases, "ids": [case["why"] for case in cases]}


def expected(case: dict) -> dict:
    return {key: case[key] for key in ("gives", "refused", "malformed") if key in case}


def outcome(kind: str, case: dict) -> dict:
    """What the Python twin makes of a case, as JSON."""
    try:
        given = {"gives": ANSWERS[kind](case)}
    except values.Refused as refused:
        given = {"refused": [refused.code, refused.detail]}
    except operations.Malformed as malformed:
        given = {"malformed": malformed.reason}
    return json.loads(json.dumps(given))


def fits(case: dict, answered: dict) -> bool:
    """Whether an answer is the one expected; a row or a form's result need only hold what the case names."""
    wanted = expected(case)
    gives, given = wanted.get("gives"), answered.get("gives")
    if isinstance(gives, dict) and isinstance(given, dict):
        return gives == {key: given.get(key) for key in gives}
    return wanted == answered


def field_of(case: dict) -> Field:
    given = {name: tuple(value) if name == "choices" else value for name, value in case["field"].items()}
    return Field(**{"name": "field"} | given)


def context_of(case: dict) -> forms.Context:
    numbers = count(1)
    given = {"me": "user-a", "now_ms": NOW_MS, "today": "2026-11-24", "tz": "Asia/Shanghai"} | case.get("context", {})
    return forms.Context(entities=BY_NAME, new_id=lambda: f"id-{next(numbers)}", **given)


def _check(case: dict):
    return values.check(field_of(case), case["value"])


def _typed(case: dict):
    field = field_of(case)
    return values.check(field, typed.parse_typed(field, case["typed"], case.get("tz", "UTC")))


def _file(value: str | dict):
    return value if isinstance(value, str) else form_files.KeptFile(**value)


def _parse(case: dict):
    return dataclasses.asdict(operations.parse(case["op"], BY_NAME))


def _patch(case: dict):
    op = operations.parse(case["op"], BY_NAME)
    return operations.apply_patch(BY_NAME[case["entity"]], case["row"], op, case["me"])


def _rebase(case: dict):
    ops = [operations.parse(op, BY_NAME) for op in case["ops"]]
    return rebase.rebase(BY_NAME[case["entity"]], case["base"], ops, "user-a")


def _form(case: dict):
    result = forms.operations_from_form([tuple(item) for item in case["items"]], context_of(case))
    return dataclasses.asdict(result)


def _rule(case: dict):
    try:
        return rules.check(case["rule"])
    except rules.BadRule as bad:
        raise values.Refused("bad_rule", {"part": bad.part}) from bad


def _cut(case: dict):
    return recurrence.rule_until(*case["until"]) if "until" in case else recurrence.rule_from(*case["from"])


ANSWERS: dict[str, Callable[[dict], object]] = {
    "check": _check,
    "typed": _typed,
    "parse": _parse,
    "patch": _patch,
    "rebase": _rebase,
    "new_rows": _form,
    "edits": _form,
    "fold": lambda case: latin.fold(case["text"]),
    "latin": lambda case: latin.latin(case["text"]),
    "search_key": lambda case: latin.search_key(*case["texts"]),
    "uuid7": lambda case: ids.uuid7(case["now_ms"], bytes.fromhex(case["random"])),
    "is_id": lambda case: ids.is_id(case["text"]),
    "derived_id": lambda case: ids.derived_id(*case["texts"]),
    "rule": _rule,
    "occurrences": lambda case: recurrence.occurrences(*case["series"], case["from_ms"], case["to_ms"]),
    "next_occurrence": lambda case: recurrence.next_occurrence(*case["series"], case["from_ms"]),
    "occurrence_on": lambda case: recurrence.occurrence_on(*case["series"], case["day"]),
    "cut": _cut,
    "overlapping": lambda case: overlaps.overlapping(case["spans"]),
    "file_kind": lambda case: file_kind.kind_of(bytes.fromhex(case["hex"])),
    "with_files": lambda case: form_files.with_files((n, _file(v)) for n, v in case["items"]),
    "file_name": lambda case: form_files.file_name(case["name"]),
    "rule_parts": lambda case: recurrence.rule_parts(case["rule"], case["tz"]),
}
