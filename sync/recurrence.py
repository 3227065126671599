"""Appointments that come back: RFC 5545 rules, checked, counted out in a window, cut in two.

Rules speak of local days: an occurrence keeps the clock time that the series has in its zone.  A time that the
clocks leave out moves forward, one that they show twice is the first.  Reads no clock, row or database.
Twin: service_worker/recurrence.js.
"""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from . import zones  # noqa: F401 - it decides where zones come from
from .rule_days import LONGEST_DAYS, days
from .rules import BadRule, Rule, parse, text_of

DAY_MS = 86_400_000
MOST_OCCURRENCES = 1_000
# What lies outside of 1900 to 2999 is no appointment; windows are cut to a little more.
_EARLIEST_MS, _LATEST_MS = -2_300_000_000_000, 32_600_000_000_000

_DAY = re.compile("([0-9]{4})-([0-9]{2})-([0-9]{2})")
_EPOCH = datetime(1970, 1, 1)


def occurrences(
    start_ms: int, end_ms: int, rrule: str, tz: str | None, is_all_day: int, from_ms: int, to_ms: int
) -> list[list]:
    """[start_ms, end_ms, local day] of each occurrence in the window, in order, at most MOST_OCCURRENCES.

    start_ms, end_ms: of the first one.  What begins before the window and ends in it is in it.  A rule that
    cannot be read has no occurrences.
    """
    series = _series(start_ms, end_ms, rrule, tz, is_all_day)
    if series is None or not _are_instants(from_ms, to_ms) or from_ms >= to_ms:
        return []
    return _between(series, from_ms, to_ms, MOST_OCCURRENCES)


def next_occurrence(
    start_ms: int, end_ms: int, rrule: str, tz: str | None, is_all_day: int, from_ms: int
) -> list | None:
    """The first occurrence that is not over at an instant; None where the series has ended."""
    series = _series(start_ms, end_ms, rrule, tz, is_all_day)
    if series is None or not _are_instants(from_ms):
        return None
    found = _between(series, from_ms, max(from_ms, start_ms) + LONGEST_DAYS * DAY_MS, 1)
    return found[0] if found else None


def occurrence_on(start_ms: int, end_ms: int, rrule: str, tz: str | None, is_all_day: int, day: str) -> list | None:
    """The occurrence of a local day; None where the series has none."""
    series, number = _series(start_ms, end_ms, rrule, tz, is_all_day), day_number(day)
    if series is None or number is None or not days(series[0], series[5], series[4], number, number):
        return None
    return _occurrence(series, number)


def rule_until(rrule: str, day: str) -> str | None:
    """The rule, ending with this day."""
    rule, number = _readable(rrule), day_number(day)
    if rule is None or number is None:
        return None
    return text_of(rule._replace(count=0, until=_iso(number).replace("-", "")))


def rule_from(start_ms: int, rrule: str, tz: str | None, day: str) -> str | None:
    """The rule of a series that takes over on this day: one that is counted has so many fewer."""
    rule, number = _readable(rrule), day_number(day)
    if rule is None or number is None or not _are_instants(start_ms):
        return None
    if not rule.count:
        return text_of(rule)
    first = _wall(start_ms, tz) // DAY_MS
    before = len(days(first, rule._replace(until=None), None, first, number - 1))
    return text_of(rule._replace(count=max(1, rule.count - before)))


def rule_parts(rrule: str, tz: str | None) -> str | None:
    """A rule as JSON, for pages that say it in words.  `body` is the rule without its end."""
    rule = _readable(rrule)
    if rule is None:
        return None
    last = _until_day(rule, 0, tz)
    parts = {
        "freq": rule.freq,
        "interval": rule.interval,
        "weekdays": [weekday for n, weekday in rule.by_day if not n],
        "nth": [[n, weekday] for n, weekday in rule.by_day if n],
        "month_days": list(rule.by_month_day),
        "months": list(rule.by_month),
        "positions": list(rule.by_set_pos),
        "until_on": None if last is None else _iso(last),
        "count": rule.count or None,
        "body": text_of(rule._replace(count=0, until=None)),
    }
    return json.dumps(parts, separators=(",", ":"))


def day_number(day: str) -> int | None:
    """Days since 1970 of a 'YYYY-MM-DD' that an appointment can have."""
    match = _DAY.fullmatch(day) if isinstance(day, str) else None
    try:
        number = (datetime(*map(int, match.groups())) - _EPOCH).days if match else None
    except ValueError:
        return None
    return number if number is not None and _EARLIEST_MS < number * DAY_MS < _LATEST_MS else None


# --- instants ----------------------------------------------------------------------------------------

# A series is (first day, milliseconds into the day, length in ms or None, length in days, last day, rule, zone).


def _series(start_ms: int, end_ms: int, rrule: str, tz: str | None, is_all_day: int) -> tuple | None:
    rule = _readable(rrule)
    if rule is None or not _are_instants(start_ms, end_ms):
        return None
    start, end = _wall(start_ms, tz), _wall(max(start_ms, end_ms), tz)
    first, into_day = divmod(start, DAY_MS)
    # From midnight to midnight is whole days, however the appointment says it.
    if is_all_day or (into_day == 0 and end % DAY_MS == 0 and end > start):
        last = max(start, end - 1) // DAY_MS
        return first, 0, None, last - first + 1, _until_day(rule, 0, tz), rule, tz
    return first, into_day, max(0, end_ms - start_ms), 0, _until_day(rule, into_day, tz), rule, tz


def _are_instants(*values: object) -> bool:
    return all(isinstance(value, int) and _EARLIEST_MS <= value <= _LATEST_MS for value in values)


def _between(series: tuple, from_ms: int, to_ms: int, most: int) -> list[list]:
    to_ms = min(to_ms, _LATEST_MS)
    first, _, length_ms, length_days, last, rule, tz = series
    longest = length_days + 1 if length_ms is None else length_ms // DAY_MS + 2
    from_day = _wall(from_ms, tz) // DAY_MS - longest
    to_day = min(_wall(to_ms, tz) // DAY_MS + 1, from_day + longest + LONGEST_DAYS)
    found = []
    # Those at the edge of the window may prove to be outside.
    for day in days(first, rule, last, from_day, to_day, most + longest + 1):
        occurrence = _occurrence(series, day)
        if occurrence[0] < to_ms and (occurrence[1] > from_ms or occurrence[0] == from_ms):
            found.append(occurrence)
    return found[:most]


def _occurrence(series: tuple, day: int) -> list:
    _, into_day, length_ms, length_days, _, _, tz = series
    start = _instant(day * DAY_MS + into_day, tz)
    end = _instant((day + length_days) * DAY_MS, tz) if length_ms is None else start + length_ms
    return [start, end, _iso(day)]


def _until_day(rule: Rule, into_day: int, tz: str | None) -> int | None:
    """The last local day that a rule's UNTIL leaves: a day alone counts to its end."""
    if rule.until is None:
        return None
    text = rule.until
    wall = int((datetime.strptime(text[:8], "%Y%m%d") - _EPOCH).total_seconds()) * 1000
    if len(text) == 8:
        return wall // DAY_MS
    wall += int(text[9:11]) * 3_600_000 + int(text[11:13]) * 60_000 + int(text[13:15]) * 1000
    if text.endswith("Z"):
        wall = _wall(wall, tz)
    day, until_into_day = divmod(wall, DAY_MS)
    return day if until_into_day >= into_day else day - 1


def _wall(ms: int, tz: str | None) -> int:
    """What clocks in the zone show at an instant, as the milliseconds of a UTC clock that shows the same."""
    at = datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=ms)
    return ms + int(_zone(tz).utcoffset(at.astimezone(_zone(tz))).total_seconds()) * 1000


def _instant(wall: int, tz: str | None) -> int:
    local = _EPOCH + timedelta(milliseconds=wall)
    # fold=0 is the first of two, and in a gap the offset from before it: both are what is wanted.
    return wall - int(_zone(tz).utcoffset(local).total_seconds()) * 1000


@lru_cache(maxsize=1024)
def _zone(tz: str | None) -> ZoneInfo:
    try:
        return ZoneInfo(tz or "UTC")
    except (ValueError, OSError, KeyError):  # ZoneInfoNotFoundError is a KeyError
        return ZoneInfo("UTC")


@lru_cache(maxsize=8192)
def _readable(rrule: str) -> Rule | None:
    try:
        return parse(rrule) if isinstance(rrule, str) else None
    except BadRule:
        return None


def _iso(day: int) -> str:
    return (_EPOCH + timedelta(day)).date().isoformat()
