"""What a form posts for one field becomes the value that `values.check` judges.

Knows how people type numbers, days, times and lists; `check` says afterwards whether the value will do.
Twin: service_worker/typed.js, with the same cases.
"""

from __future__ import annotations

import json
import re

from .model import Field
from .tidy import SEPARATOR, SPACE, narrow, trimmed
from .values import Refused, is_date
from .zones import UnknownZone, local_to_ms

_DAY = re.compile("([0-9]{4})[-/.年]([0-9]{1,2})[-/.月]([0-9]{1,2})日?")
_TIME = re.compile("([0-9]{1,2}):([0-9]{2})(?::([0-9]{2})(?:\\.[0-9]*)?)?")
_MILLISECONDS = re.compile("-?[0-9]{1,16}")
_NUMBER = re.compile("[+-]?[0-9]{1,30}")
_AMOUNT = re.compile("(\\+|-)?([0-9]{1,14}|[0-9]{1,3}(?:[, ][0-9]{3}){1,4})?(?:\\.([0-9]{1,2}))?")
_RATE = re.compile("([0-9]{1,6})(?:\\.([0-9]{1,6}))?")
_CURRENCY_SIGNS = re.compile("^(?:[¥￥$€£]|[A-Z]{3}) ?|(?:元|圆|圓)$")
_YES = ("1", "on", "true", "yes")
_NO = ("0", "off", "false", "no")


def parse_typed(field: Field, typed: str | list[str], tz: str) -> object:
    """The value meant by what was typed; None (a set: []) where nothing was.

    typed: the input's text; a list where a set's name was posted several times.
    Amounts become hundredths, answers (the JSON text of what was typed under each key) the JSON text of what is meant.
    Rates become millionths, dates 'YYYY-MM-DD', instants UTC milliseconds of that wall-clock time in tz, sets a list.
    Raises Refused where it cannot be read.
    """
    if field.type == "set":
        return split_members(field, typed)
    if field.type == "answers":
        return _answers(field, typed if isinstance(typed, str) else (typed[-1] if typed else ""))
    text = typed if isinstance(typed, str) else (typed[-1] if typed else "")
    parse = _rate if field.of == "rate" else _PARSERS.get(field.type)
    if not trimmed(text):
        return None
    return parse(text, tz) if parse else text


def split_members(field: Field, typed: str | list[str]) -> list[str]:
    """The members typed in lines or with commas between them; a column's JSON text is read too."""
    inputs = [typed] if isinstance(typed, str) else typed
    # Ids never hold blanks, so blanks may stand between them as well.
    between = f"[{SEPARATOR}{SPACE}]" if field.of == "ref" else f"[{SEPARATOR}]"
    pieces = []
    for text in inputs:
        members = _json_list(text)
        pieces += re.split(between, text) if members is None else members
    return [piece for piece in map(trimmed, pieces) if piece]


def _json_list(text: str) -> list[str] | None:
    if not text.startswith("["):
        return None
    try:
        members = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return members if all(isinstance(member, str) for member in members) else None


def _flag(text: str, _tz: str) -> int:
    word = trimmed(text)
    if word not in _YES + _NO:
        raise Refused("not_a_flag")
    return int(word in _YES)


def _count(text: str, _tz: str) -> int:
    digits = re.sub("[, ]", "", narrow(text))
    if not _NUMBER.fullmatch(digits):
        raise Refused("not_a_number")
    return int(digits)


def _date(text: str, _tz: str) -> str:
    match = _DAY.fullmatch(narrow(text))
    if not match:
        raise Refused("not_a_date")
    return f"{match[1]}-{match[2]:0>2}-{match[3]:0>2}"


def _instant(text: str, tz: str) -> int:
    written = narrow(text)
    if _MILLISECONDS.fullmatch(written):
        return int(written)
    day, _, time = written.replace("T", " ").partition(" ")
    date = _date(day, tz)
    clock = _TIME.fullmatch(time)
    if not clock or not is_date(date):
        raise Refused("not_a_date")
    hour, minute, second = (int(part or 0) for part in clock.groups())
    if hour > 23 or minute > 59 or second > 59:
        raise Refused("not_a_date")
    try:
        return local_to_ms(*map(int, date.split("-")), hour, minute, second, tz)
    except UnknownZone as error:
        raise Refused("unknown_zone", {"zone": tz}) from error


def _money(text: str, _tz: str = "") -> int:
    written = trimmed(_CURRENCY_SIGNS.sub("", narrow(text)))
    match = _AMOUNT.fullmatch(written)
    if not match or not (match[2] or match[3]):
        raise Refused("not_an_amount")
    hundredths = int(re.sub("[, ]", "", match[2] or "0")) * 100 + int((match[3] or "0").ljust(2, "0"))
    return -hundredths if match[1] == "-" else hundredths


def _rate(text: str, _tz: str) -> int:
    match = _RATE.fullmatch(narrow(text))
    if not match:
        raise Refused("not_a_number")
    return int(match[1] + (match[2] or "").ljust(6, "0"))


def _answers(field: Field, text: str) -> str:
    """Only amounts are typed otherwise than they are kept; what is no JSON object is for `check` to refuse."""
    if field.of != "money":
        return text
    try:
        given = json.loads(text)
    except (ValueError, RecursionError):
        return text
    if not isinstance(given, dict):
        return text
    return json.dumps({key: _amount_answer(key, typed) for key, typed in given.items()})


def _amount_answer(key: str, typed: object) -> object:
    if not isinstance(typed, str) or not trimmed(typed):
        return typed
    try:
        return str(_money(typed))
    except Refused as refused:
        raise Refused(refused.code, {"key": key}) from refused


_PARSERS = {"flag": _flag, "money": _money, "count": _count, "date": _date, "instant": _instant}
