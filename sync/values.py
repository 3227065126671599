"""One value of one field: check it, normalise it.

Both hosts, and every way in (forms, operations, imports), use `check`; what it returns is what a column
holds.  It never reads a row, a clock or a database.  Twin: service_worker/values.js, with the same cases.

Codes of Refused and their detail: required; not_text; bad_text; too_long {most}; too_many {most};
not_a_choice {choices}; not_a_date; not_a_number; out_of_range {least, most}; not_a_flag; not_an_id;
not_a_list; not_json; not_a_phone {value}; not_an_email {value}; unknown_zone {zone}; bad_rule {part};
no_rule_end; not_an_amount; not_a_clock; not_a_hash.  Of answers the detail has the key, too.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable

from .ids import is_id
from .model import Field
from .rules import BadRule
from .rules import check as check_rule
from .tidy import NOT_SEPARATOR, SEPARATOR, SPACE, narrow, one_line, several_lines, single_spaced, without_marks

Value = str | int | None

# Instants outside 1900 to 2999 are mistakes, and calendars of old disagree about them.
EARLIEST_MS = -2_208_988_800_000
LATEST_MS = 32_503_679_999_999
LARGEST = 2**53 - 1

LONGEST_MEMBER = {"phone": 60, "email": 254, "tag": 60, "ref": 64}

_DATE = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})")
_CLOCK = re.compile("([01]?[0-9]|2[0-3]):([0-5][0-9])")
_HASH = re.compile("[0-9a-f]{64}")
_KEY = re.compile("[A-Za-z0-9_:.-]{1,80}")
_HUNDREDTHS = re.compile("0|[1-9][0-9]{0,13}")
MOST_ANSWERS = 200
_SURROGATE = re.compile("[\ud800-\udfff]")
_EXTENSION = "extn|ext|x|p|w|转|轉|分机|分機|内线|內線"
_PHONE = re.compile(rf"(?:[0-9 +().\/#*~-]|{_EXTENSION})+", re.IGNORECASE)
_DOMAIN_PART = rf"[^{SPACE}@.<>(){NOT_SEPARATOR}]+"
_EMAIL = re.compile(rf"([^{SPACE}@<>(){NOT_SEPARATOR}]+)@((?:{_DOMAIN_PART}\.)+{_DOMAIN_PART})")


class Refused(Exception):
    """This value, or this operation, cannot be taken; code and detail say why, for a person."""

    def __init__(self, code: str, detail: dict | None = None):
        super().__init__(code, detail or {})
        self.code = code
        self.detail = detail or {}


def check(field: Field, value: object) -> Value:
    """The value as its column holds it; nothing typed is None, 0 for a flag, '[]' for a set.

    value: text, a number, a list of strings or JSON text for a set.  Raises Refused.
    """
    checked = _CHECKS[field.type](field, value)
    if field.required and checked in (None, "[]"):
        raise Refused("required")
    return checked


def check_members(field: Field, values: object) -> list[str]:
    """The distinct members of a set, each normalised, in order; blank ones are dropped."""
    if not isinstance(values, list):
        raise Refused("not_a_list")
    check_one = _MEMBER_CHECKS[field.of]
    checked = [unicodedata.normalize("NFC", check_one(_text_of(value))) for value in values]
    for member in checked:
        _refuse_longer(member, LONGEST_MEMBER[field.of])
    distinct = list(dict.fromkeys(filter(None, checked)))
    if len(distinct) > field.most:
        raise Refused("too_many", {"most": field.most})
    return distinct


def members_of(column: str | None) -> list[str]:
    """The members that a set's column holds."""
    return json.loads(column) if column else []


def column_of(members: Iterable[str]) -> str:
    """A set's column: the same bytes in both hosts."""
    return json.dumps(list(members), ensure_ascii=False, separators=(",", ":"))


def is_date(text: str) -> bool:
    """Whether this is a day of the calendar, written YYYY-MM-DD."""
    match = _DATE.fullmatch(text)
    if not match:
        return False
    year, month, day = map(int, match.groups())
    return year > 0 and 1 <= month <= 12 and 1 <= day <= _days_in(year, month)


def _text(field: Field, value: object) -> str | None:
    text = one_line(_text_of(value))
    if text and field.of in _TEXT_KINDS:
        text = _TEXT_KINDS[field.of](text)
    _refuse_longer(text, field.most)
    return text or None


def _rule(text: str) -> str:
    try:
        return check_rule(text)
    except BadRule as bad:
        if bad.part in ("UNTIL=", "COUNT="):
            raise Refused("no_rule_end") from bad
        raise Refused("bad_rule", {"part": bad.part}) from bad


def _clock(text: str) -> str:
    match = _CLOCK.fullmatch(narrow(text))
    if not match:
        raise Refused("not_a_clock")
    return f"{match[1]:0>2}:{match[2]}"


def _sha256(text: str) -> str:
    if not _HASH.fullmatch(text):
        raise Refused("not_a_hash")
    return text


_TEXT_KINDS = {"rule": _rule, "clock": _clock, "sha256": _sha256}


def _prose(field: Field, value: object) -> str | None:
    text = several_lines(_text_of(value))
    _refuse_longer(text, field.most)
    return text or None


def _enum(field: Field, value: object) -> str | None:
    if _is_nothing(value):
        return None
    if value not in field.choices:
        raise Refused("not_a_choice", {"choices": list(field.choices)})
    return value


def _date(field: Field, value: object) -> str | None:
    if _is_nothing(value):
        return None
    if not isinstance(value, str) or not is_date(value):
        raise Refused("not_a_date")
    return value


def _ref(field: Field, value: object) -> str | None:
    if _is_nothing(value):
        return None
    if not is_id(value):
        raise Refused("not_an_id")
    return value


def _set(field: Field, value: object) -> str:
    if _is_nothing(value):
        return "[]"
    return column_of(check_members(field, _json(value) if isinstance(value, str) else value))


def _document(field: Field, value: object) -> str | None:
    if _is_nothing(value):
        return None
    text = _text_of(value)
    _refuse_longer(text, field.most)
    _json(text)
    return text


def _answers(field: Field, value: object) -> str:
    """Keys in order, without what is empty: the same bytes in both hosts."""
    given = value if isinstance(value, dict) else {} if _is_nothing(value) else _json(_text_of(value))
    if not isinstance(given, dict) or not all(isinstance(key, str) and _KEY.fullmatch(key) for key in given):
        raise Refused("not_json")
    if len(given) > MOST_ANSWERS:
        raise Refused("too_many", {"most": MOST_ANSWERS})
    kept = {key: _answer(field, key, given[key]) for key in sorted(given)}
    text = json.dumps({key: a for key, a in kept.items() if a}, ensure_ascii=False, separators=(",", ":"))
    _refuse_longer(text, field.most)
    return text


def _answer(field: Field, key: str, value: object) -> str:
    try:
        text = several_lines(_text_of(value))
    except Refused as refused:
        raise Refused(refused.code, {"key": key}) from refused
    if text and field.of == "money" and not _HUNDREDTHS.fullmatch(text):
        raise Refused("not_an_amount", {"key": key})
    return text


def _flag(field: Field, value: object) -> int:
    if _is_nothing(value):
        return 0
    if value not in (0, 1):
        raise Refused("not_a_flag")
    return int(value)


def _count(field: Field, value: object) -> int | None:
    return None if _is_nothing(value) else _whole_number(value, field.least, field.most)


def _instant(field: Field, value: object) -> int | None:
    return None if _is_nothing(value) else _whole_number(value, EARLIEST_MS, LATEST_MS)


_CHECKS = {
    "text": _text,
    "prose": _prose,
    "enum": _enum,
    "date": _date,
    "ref": _ref,
    "set": _set,
    "json": _document,
    "flag": _flag,
    "count": _count,
    "instant": _instant,
    "money": _count,
    "answers": _answers,
}


def _phone(text: str) -> str:
    """As it was typed, but narrow, in one line and without invisible marks."""
    phone = single_spaced(re.sub(f"[{SEPARATOR}]", " ", narrow(without_marks(text))))
    digits = re.sub("[^0-9]", "", phone)
    if phone and (len(digits) < 3 or not _PHONE.fullmatch(phone)):
        raise Refused("not_a_phone", {"value": phone})
    return phone


def _email(text: str) -> str:
    email = narrow(without_marks(text))
    if not email:
        return email
    match = _EMAIL.fullmatch(email)
    if not match:
        raise Refused("not_an_email", {"value": email})
    return f"{match[1]}@{match[2].lower()}"


def _tag(text: str) -> str:
    # A form shows tags with commas between them, so none can hold one.
    return single_spaced(re.sub(f"[{SEPARATOR}]", " ", text))


def _member_id(text: str) -> str:
    if text and not is_id(text):
        raise Refused("not_an_id")
    return text


_MEMBER_CHECKS = {"phone": _phone, "email": _email, "tag": _tag, "ref": _member_id}


def _text_of(value: object) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        raise Refused("not_text")
    if "\0" in value or _SURROGATE.search(value):
        raise Refused("bad_text")
    return unicodedata.normalize("NFC", value)


def _refuse_longer(text: str, most: int) -> None:
    if len(text) > most:
        raise Refused("too_long", {"most": most})


def _whole_number(value: object, least: int, most: int) -> int:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise Refused("not_a_number")
    # JSON's 5.0 is an integer to JavaScript; so it is one here.
    if isinstance(value, float) and not value.is_integer():
        raise Refused("not_a_number")
    if not least <= value <= most:
        raise Refused("out_of_range", {"least": least, "most": most})
    return int(value)


def _json(text: str) -> object:
    try:
        return json.loads(text, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise Refused("not_json") from error


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _is_nothing(value: object) -> bool:
    return value is None or value == ""


def _days_in(year: int, month: int) -> int:
    is_leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    return (31, 29 if is_leap else 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)[month - 1]
