"""Calendar dates and time zones, as SQL and templates need them.

Pure: zones come in by IANA name, instants as UTC milliseconds, dates as 'YYYY-MM-DD'.  Never asks what
time it is.  `dates.js` is its twin; the cases in tests/cases/text/ hold for both.
Anything that is not a date, a number or a known zone gives None (zones: UTC), as NULL does in SQL.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import cache
from zoneinfo import ZoneInfo

import sync.zones  # noqa: F401 - it decides where zones come from

DAY_MS = 86_400_000
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_CLOCK = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])")
_WHOLE_NUMBER = re.compile(r"[+-]?[0-9]{1,15}")
_EPOCH = date(1970, 1, 1)
_LAST_MS = 253_402_300_799_999  # the end of 9999


def day_start_ms(day: str | None, tz: str | None) -> int | None:
    """The first instant of a local day.

    Where the clocks are put forward at midnight, that is the instant they change; where midnight comes
    twice, the first one.
    """
    parsed = parse_date(day)
    if parsed is None:
        return None
    midnight = (parsed - _EPOCH).days * DAY_MS
    before, after = (offset_ms(midnight + shift, tz) for shift in (-DAY_MS, DAY_MS))
    for offset in sorted({before, after}, reverse=True):
        if offset_ms(midnight - offset, tz) == offset:
            return midnight - offset
    return midnight - before


def at_clock(day: str | None, clock: str | None, tz: str | None) -> int | None:
    """The instant at which clocks show HH:MM on a day.

    A time that the clocks leave out moves forward; one that they show twice is the first.
    """
    parsed = parse_date(day)
    match = _CLOCK.fullmatch(clock) if isinstance(clock, str) else None
    if parsed is None or match is None:
        return None
    local = (parsed - _EPOCH).days * DAY_MS + int(match[1]) * 3_600_000 + int(match[2]) * 60_000
    before, after = (local - offset_ms(local + shift, tz) for shift in (-DAY_MS, DAY_MS))
    shown = [ms for ms in (before, after) if ms + offset_ms(ms, tz) == local]
    return min(shown, default=before)


def local_date(ms: int | None, tz: str | None) -> str | None:
    """The date on a person's calendar at an instant."""
    at = local_time(ms, tz)
    return None if at is None else at.date().isoformat()


def add_days(day: str | None, days: int | None) -> str | None:
    parsed, number = parse_date(day), whole_number(days)
    if parsed is None or number is None:
        return None
    try:
        return (parsed + timedelta(days=number)).isoformat()
    except OverflowError:
        return None


def weekday(day: str | None) -> int | None:
    """0 is Monday."""
    parsed = parse_date(day)
    return None if parsed is None else parsed.weekday()


def week_start(day: str | None) -> str | None:
    """The Monday of the week that a day is in."""
    parsed = parse_date(day)
    return None if parsed is None else add_days(day, -parsed.weekday())


def parse_date(value: object) -> date | None:
    if not isinstance(value, str) or not _DATE.fullmatch(value):
        return None
    try:
        return date.fromisoformat(value)
    except ValueError:
        return None


def local_time(ms: object, tz: str | None) -> datetime | None:
    """The wall clock at an instant, without a zone."""
    number = whole_number(ms)
    if number is None or abs(number) > _LAST_MS:
        return None
    try:
        return datetime(1970, 1, 1) + timedelta(milliseconds=number + offset_ms(number, tz))
    except OverflowError:
        return None


def offset_ms(ms: int, tz: str | None) -> int:
    """How far a zone's clocks are ahead of UTC at an instant."""
    try:
        at = datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=ms)
        return int(zone(tz).utcoffset(at.astimezone(zone(tz))).total_seconds()) * 1000
    except OverflowError:
        return 0


@cache
def zone(tz: str | None) -> tzinfo:
    try:
        return ZoneInfo(tz or "UTC")
    except (ValueError, OSError, KeyError):  # ZoneInfoNotFoundError is a KeyError
        return UTC


def whole_number(value: object) -> int | None:
    """A number, or the digits of one as a query string has them."""
    if isinstance(value, str):
        return int(value) if _WHOLE_NUMBER.fullmatch(value) else None
    if isinstance(value, int | float) and not isinstance(value, bool):
        return int(value) if abs(value) < 1e15 else None
    return None
