"""The days of a recurrence rule in a window, by the calendar alone: no clock time, no zone.

Days are numbers since 1970.  Goes straight to the period (day, week, month, year) that the window begins in, so
that a series costs the same years later, and always comes to an end, also where no day ever fits.
Twin: service_worker/rule_days.js; both are held against python-dateutil in the tests.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from functools import lru_cache

from .rules import Rule

# No window, and no series that is counted, is looked through for longer: some 100 years.
LONGEST_DAYS = 36_525

_EPOCH = date(1970, 1, 1).toordinal()
_EPOCH_WEEKDAY = 3


@lru_cache(maxsize=8192)
def days(first: int, rule: Rule, last: int | None, from_day: int, to_day: int, most: int = LONGEST_DAYS) -> list[int]:
    """The days of a rule within a window, at most so many.

    first: the day that the series begins on, counted only where it fits the rule.  last: the last day that the
    rule's UNTIL leaves, or None.
    """
    if rule.count:
        counted = _last_counted(first, rule)
        last = counted if last is None else min(last, counted)
    from_day = max(from_day, first)
    to_day = min(to_day, from_day + LONGEST_DAYS)
    if last is not None:
        to_day = min(to_day, last)
    found: list[int] = []
    if from_day > to_day:
        return found
    for start, period in _periods(first, _spelt_out(first, rule), from_day):
        if start > to_day or len(found) >= most:
            break
        found += [day for day in period if from_day <= day <= to_day]
    return found[:most]


@lru_cache(maxsize=8192)
def _last_counted(first: int, rule: Rule) -> int:
    """The day of the last one that COUNT leaves; the day before the first where no day fits."""
    found = days(first, rule._replace(count=0, until=None), None, first, first + LONGEST_DAYS, rule.count)
    return found[-1] if found else first - 1


def _spelt_out(first: int, rule: Rule) -> Rule:
    """The rule with what it takes from the day that the series begins on."""
    if rule.by_day or rule.by_month_day or rule.freq == "DAILY":
        return rule
    _, month, day = _civil(first)
    if rule.freq == "WEEKLY":
        return rule._replace(by_day=((0, weekday_of(first)),))
    if rule.freq == "MONTHLY":
        return rule._replace(by_month_day=(day,))
    return rule._replace(by_month=rule.by_month or (month,), by_month_day=(day,))


def _periods(first: int, rule: Rule, from_day: int) -> Iterator[tuple[int, list[int]]]:
    """(first day, days that fit) of each period of the rule, beginning with the one that from_day is in."""
    if rule.freq == "DAILY":
        day = first + _steps(from_day - first, rule.interval)
        while True:
            yield day, _fitting(rule, day, 1)
            day += rule.interval
    if rule.freq == "WEEKLY":
        day = first - (weekday_of(first) - rule.week_start) % 7
        day += _steps(from_day - day, 7 * rule.interval)
        while True:
            yield day, _fitting(rule, day, 7)
            day += 7 * rule.interval
    year, month, _ = _civil(first)
    from_year, from_month, _ = _civil(from_day)
    if rule.freq == "MONTHLY":
        number = year * 12 + month - 1
        number += _steps(from_year * 12 + from_month - 1 - number, rule.interval)
        while True:
            year, month = number // 12, number % 12 + 1
            yield day_number(year, month, 1), _placed(rule, _of_month(rule, year, month))
            number += rule.interval
    year += _steps(from_year - year, rule.interval)
    while True:
        yield day_number(year, 1, 1), _placed(rule, _of_year(rule, year))
        year += rule.interval


def _steps(distance: int, step: int) -> int:
    """The greatest multiple of a step within a distance."""
    return max(0, distance // step) * step


def _fitting(rule: Rule, start: int, length: int) -> list[int]:
    """Days in a row that fit a daily or weekly rule."""
    weekdays = {weekday for _, weekday in rule.by_day}
    found = []
    for day in range(start, start + length):
        if weekdays and weekday_of(day) not in weekdays:
            continue
        if rule.by_month or rule.by_month_day:
            year, month, number = _civil(day)
            if not _fits_month(rule, month) or not _fits_number(rule, number, _days_in(year, month)):
                continue
        found.append(day)
    return found


def _of_month(rule: Rule, year: int, month: int) -> list[int]:
    if not _fits_month(rule, month):
        return []
    start, length = day_number(year, month, 1), _days_in(year, month)
    return [
        start + n
        for n in range(length)
        if _fits_number(rule, n + 1, length) and _fits_weekday(rule, start + n, n, length)
    ]


def _of_year(rule: Rule, year: int) -> list[int]:
    """A nth weekday is the month's where the rule names months, else the year's."""
    found = []
    start = day_number(year, 1, 1)
    year_length = day_number(year + 1, 1, 1) - start
    for month in rule.by_month or range(1, 13):
        month_start, length = day_number(year, month, 1), _days_in(year, month)
        for n in range(length):
            day = month_start + n
            place = (n, length) if rule.by_month else (day - start, year_length)
            if _fits_number(rule, n + 1, length) and _fits_weekday(rule, day, *place):
                found.append(day)
    return found


def _fits_month(rule: Rule, month: int) -> bool:
    return not rule.by_month or month in rule.by_month


def _fits_number(rule: Rule, number: int, length: int) -> bool:
    """number: of the day in its month, from 1; -1 in a rule is the month's last."""
    return not rule.by_month_day or number in rule.by_month_day or number - length - 1 in rule.by_month_day


def _fits_weekday(rule: Rule, day: int, n: int, length: int) -> bool:
    """n: how many days of the month (or year), which has length, come before."""
    if not rule.by_day:
        return True
    weekday = weekday_of(day)
    places = (0, n // 7 + 1, -((length - 1 - n) // 7 + 1))
    return any(wanted == weekday and place in places for place, wanted in rule.by_day)


def _placed(rule: Rule, found: list[int]) -> list[int]:
    """Of the days of a period, those at the rule's positions."""
    if not rule.by_set_pos:
        return found
    wanted = {place - 1 if place > 0 else len(found) + place for place in rule.by_set_pos}
    return [day for place, day in enumerate(found) if place in wanted]


def weekday_of(day: int) -> int:
    """0 is Monday."""
    return (day + _EPOCH_WEEKDAY) % 7


def day_number(year: int, month: int, day: int) -> int:
    return date(year, month, day).toordinal() - _EPOCH


def _civil(day: int) -> tuple[int, int, int]:
    at = date.fromordinal(day + _EPOCH)
    return at.year, at.month, at.day


def _days_in(year: int, month: int) -> int:
    return day_number(year + month // 12, month % 12 + 1, 1) - day_number(year, month, 1)
