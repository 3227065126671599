"""A recurrence rule as text: read it, refuse what no host can count out, write it in one regular way.

The part of RFC 5545 that appointments need: every day, week, month or year.  Twin: service_worker/rules.js.
"""

from __future__ import annotations

import re
from datetime import date
from typing import NamedTuple

WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
MOST_COUNTED = 1_000
MOST_INTERVAL = 1_000

_DAY = re.compile("([+-]?[0-9]{1,2})?(MO|TU|WE|TH|FR|SA|SU)")
_NUMBER = re.compile("[+-]?[0-9]{1,4}")
_UNTIL = re.compile("([0-9]{4})([0-9]{2})([0-9]{2})(?:T([0-9]{2})([0-9]{2})([0-9]{2})Z?)?")


class BadRule(Exception):
    """No host can follow this rule. part: what of it, as it was written; '' for all of it."""

    def __init__(self, part: str):
        super().__init__(part)
        self.part = part


class Rule(NamedTuple):
    """A rule that was read.

    by_day: (n, weekday), 0 is Monday; n 0: every such day, 2: the second, -1: the last.
    until: as it was written; None where it has no such end.  count: 0 where it is not counted.
    """

    freq: str
    interval: int = 1
    count: int = 0
    until: str | None = None
    by_month: tuple[int, ...] = ()
    by_month_day: tuple[int, ...] = ()
    by_day: tuple[tuple[int, int], ...] = ()
    by_set_pos: tuple[int, ...] = ()
    week_start: int = 0


def check(text: str) -> str:
    """The rule in its regular form.  Raises BadRule."""
    return text_of(parse(text))


def parse(text: str) -> Rule:
    """Read a rule.  Raises BadRule for what is not a rule, or is beyond what both hosts count out."""
    parts = _parts(text)
    freq = parts.get("FREQ")
    if freq not in ("DAILY", "WEEKLY", "MONTHLY", "YEARLY"):
        raise BadRule(_written("FREQ", parts))
    rule = Rule(
        freq,
        interval=_number(parts, "INTERVAL", MOST_INTERVAL) or 1,
        count=_number(parts, "COUNT", MOST_COUNTED),
        until=_until(parts),
        by_month=_numbers(parts, "BYMONTH", 12, negative=False),
        by_month_day=_numbers(parts, "BYMONTHDAY", 31),
        by_day=_days(parts),
        by_set_pos=_numbers(parts, "BYSETPOS", 366),
        week_start=_weekday(parts),
    )
    _check_together(rule, parts)
    return rule


def text_of(rule: Rule) -> str:
    """The rule as text, in one order, without what goes without saying."""
    parts = [f"FREQ={rule.freq}"]
    if rule.interval > 1:
        parts.append(f"INTERVAL={rule.interval}")
    for name, numbers in (("BYMONTH", rule.by_month), ("BYMONTHDAY", rule.by_month_day)):
        if numbers:
            parts.append(f"{name}={','.join(map(str, numbers))}")
    if rule.by_day:
        parts.append("BYDAY=" + ",".join(f"{n or ''}{WEEKDAYS[weekday]}" for n, weekday in rule.by_day))
    if rule.by_set_pos:
        parts.append(f"BYSETPOS={','.join(map(str, rule.by_set_pos))}")
    if rule.week_start:
        parts.append(f"WKST={WEEKDAYS[rule.week_start]}")
    if rule.count:
        parts.append(f"COUNT={rule.count}")
    if rule.until is not None:
        parts.append(f"UNTIL={rule.until}")
    return ";".join(parts)


_KNOWN = {"FREQ", "INTERVAL", "COUNT", "UNTIL", "BYMONTH", "BYMONTHDAY", "BYDAY", "BYSETPOS", "WKST"}


def _parts(text: str) -> dict[str, str]:
    parts: dict[str, str] = {}
    for part in text.upper().strip(" ").removeprefix("RRULE:").split(";"):
        name, equals, value = (piece.strip(" ") for piece in part.partition("="))
        if not part.strip(" "):
            continue
        if not equals or name not in _KNOWN or name in parts:
            raise BadRule(part.strip(" "))
        parts[name] = value
    return parts


def _number(parts: dict[str, str], name: str, most: int) -> int:
    """A number of the rule; 0 where it has none."""
    if name not in parts:
        return 0
    if not _NUMBER.fullmatch(parts[name]) or not 1 <= int(parts[name]) <= most:
        raise BadRule(_written(name, parts))
    return int(parts[name])


def _numbers(parts: dict[str, str], name: str, most: int, negative: bool = True) -> tuple[int, ...]:
    if name not in parts:
        return ()
    numbers = set()
    for text in parts[name].split(","):
        if not _NUMBER.fullmatch(text) or not 1 <= abs(int(text)) <= most or (int(text) < 0 and not negative):
            raise BadRule(_written(name, parts))
        numbers.add(int(text))
    return tuple(sorted(numbers))


def _days(parts: dict[str, str]) -> tuple[tuple[int, int], ...]:
    if "BYDAY" not in parts:
        return ()
    found = set()
    for text in parts["BYDAY"].split(","):
        match = _DAY.fullmatch(text)
        if not match or (match[1] and not int(match[1])):
            raise BadRule(_written("BYDAY", parts))
        found.add((int(match[1] or 0), WEEKDAYS.index(match[2])))
    return tuple(sorted(found))


def _until(parts: dict[str, str]) -> str | None:
    if "UNTIL" not in parts:
        return None
    match = _UNTIL.fullmatch(parts["UNTIL"])
    if not match or not _is_day(*map(int, match.groups()[:3])):
        raise BadRule(_written("UNTIL", parts))
    if match[4] and (int(match[4]) > 23 or int(match[5]) > 59 or int(match[6]) > 59):
        raise BadRule(_written("UNTIL", parts))
    return match[0]


def _is_day(year: int, month: int, day: int) -> bool:
    """Whether the calendar has this day, in years that appointments can have."""
    try:
        return 1900 <= date(year, month, day).year <= 2999
    except ValueError:
        return False


def _weekday(parts: dict[str, str]) -> int:
    if parts.get("WKST", "MO") not in WEEKDAYS:
        raise BadRule(_written("WKST", parts))
    return WEEKDAYS.index(parts.get("WKST", "MO"))


def _check_together(rule: Rule, parts: dict[str, str]) -> None:
    """What is well written by itself, and means nothing together, or not the same to every calendar."""
    counted = [n for n, _ in rule.by_day if n]
    most = 5 if rule.freq == "MONTHLY" or rule.by_month else 53
    if rule.count and rule.until is not None:
        raise BadRule(_written("UNTIL", parts))
    is_mixed = len(counted) < len(rule.by_day)
    if counted and (rule.freq in ("DAILY", "WEEKLY") or is_mixed or max(map(abs, counted)) > most):
        raise BadRule(_written("BYDAY", parts))
    if rule.by_month_day and rule.freq == "WEEKLY":
        raise BadRule(_written("BYMONTHDAY", parts))
    if rule.by_set_pos and (rule.freq in ("DAILY", "WEEKLY") or not (rule.by_day or rule.by_month_day)):
        raise BadRule(_written("BYSETPOS", parts))


def _written(name: str, parts: dict[str, str]) -> str:
    return f"{name}={parts[name]}" if name in parts else name
