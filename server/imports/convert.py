"""What was typed in a cell becomes the value that a field takes, or a Problem that says why not.

Tolerant of how people write numbers, dates and lists; never guesses between two readings.  The model's own
check (`sync.values.check`) has the last word on every value.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

from sync.entities import BY_NAME
from sync.values import Refused, check, check_members

from .record import Cell, Problem
from .targets import CHOICE_BY_WORD, SETS, plain

# How people say that there is nothing.
NOTHING = {"", "-", "--", "—", "/", "\\", "n/a", "na", "none", "null", "nil", "无", "無", "没有", "沒有", "?", "？"}

REVENUE_UNITS = {
    "account.annual_revenue": Decimal(1),
    "account.annual_revenue_k": Decimal(1_000),
    "account.annual_revenue_wan": Decimal(10_000),
    "account.annual_revenue_m": Decimal(1_000_000),
}
SUFFIXES = {
    "万": 10_000,
    "萬": 10_000,
    "亿": 100_000_000,
    "億": 100_000_000,
    "k": 1_000,
    "m": 1_000_000,
    "mio": 1_000_000,
    "bn": 1_000_000_000,
}

LIST_BREAK = re.compile(r"[,;，；、\n|]+")
PHONE_BREAK = re.compile(r"[,;，；、\n|/]+|(?<=\d{7})\s+(?=\+|\d{7})|(?<=\d{4})\s+(?=1\d{10}\b)")
DATE = re.compile(r"^(\d{1,4})[-/.年](\d{1,2})[-/.月](\d{1,4})日?(?:[T ].*)?$")


def value_of(target: str, cells: list[Cell], date_order: str = "") -> object:
    """The value of a target from all cells that feed it. Raises Unfit.

    Sets become lists, counts integers, dates YYYY-MM-DD; None where the cells say that there is nothing.
    date_order: 'mdy' or 'dmy' for dates like 3/4/2017, '' where the file does not show which.
    """
    entity, name = target.split(".")
    if target in SETS:
        return _members(target, cells)
    if name == "note":
        return _checked(entity, name, cells[0], "\n".join(cell.text for cell in cells))
    cell = cells[0]
    field = BY_NAME[entity].by_name["annual_revenue_k" if target in REVENUE_UNITS else name]
    if is_nothing(cell.text) and field.type != "text":
        return None
    return _checked(entity, field.name, cell, _read(field, target, cell, date_order))


class Unfit(Exception):
    """A cell that its field cannot take."""

    def __init__(self, cell: Cell, reason: str, **values: object) -> None:
        super().__init__(reason)
        self.cell = cell
        self.problem = Problem(cell.column, cell.text, reason, values)


def _read(field, target: str, cell: Cell, date_order: str) -> object:
    if target in REVENUE_UNITS:
        return thousands(cell, REVENUE_UNITS[target])
    if field.name.endswith("_e6"):
        return _degrees_e6(cell)
    if field.name == "founded_year":
        return _year(cell)
    if field.type == "count":
        return int(_decimal(cell).to_integral_value(ROUND_HALF_UP))
    if field.type == "date":
        return read_date(cell, date_order)
    if field.type == "enum":
        return _choice(target, field, cell)
    return cell.text


def _checked(entity: str, name: str, cell: Cell, value: object) -> object:
    try:
        return check(BY_NAME[entity].by_name[name], value)
    except Refused as refused:
        raise Unfit(cell, refused.code, **refused.detail) from None


def _members(target: str, cells: list[Cell]) -> list[str]:
    """The distinct members of a set, each checked as the model checks it, in the order of the file."""
    entity, name = target.split(".")
    field = BY_NAME[entity].by_name[name]
    found: dict[str, None] = {}
    for cell in cells:
        parts = (PHONE_BREAK if field.of == "phone" else LIST_BREAK).split(cell.text)
        try:
            found.update(dict.fromkeys(check_members(field, [part for part in parts if not is_nothing(part)])))
        except Refused as refused:
            raise Unfit(cell, refused.code, **refused.detail) from None
    if len(found) > field.most:
        raise Unfit(cells[0], "too_many", most=field.most)
    return list(found)


def is_nothing(text: str) -> bool:
    return text.strip().lower() in NOTHING


def thousands(cell: Cell, unit: Decimal) -> int:
    return int((_decimal(cell) * unit / 1000).to_integral_value(ROUND_HALF_UP))


def _decimal(cell: Cell) -> Decimal:
    """A number as people write it: thousands separators, currency signs, 万 and M; not '1.234' against '1,234'."""
    bare = re.sub(r"[\s'’_]|^[¥￥$€£]|(元|人|人民币|USD|CNY|RMB|EUR)$", "", cell.text.strip())
    match = re.fullmatch(r"[¥￥$€£]?([+-]?[\d.,]+)(万|萬|亿|億|k|m|mio|bn)?\+?", bare, re.I)
    if not match:
        raise Unfit(cell, "not_a_number")
    digits = match.group(1)
    if "," in digits:
        if not re.fullmatch(r"[+-]?\d{1,3}(,\d{3})+(\.\d+)?", digits):
            raise Unfit(cell, "not_a_number")
        digits = digits.replace(",", "")
    try:
        return Decimal(digits) * SUFFIXES.get((match.group(2) or "").lower(), 1)
    except InvalidOperation:
        raise Unfit(cell, "not_a_number") from None


def _degrees_e6(cell: Cell) -> int:
    if not re.fullmatch(r"[+-]?\d{1,3}(\.\d+)?", cell.text):
        raise Unfit(cell, "not_a_number")
    return int((Decimal(cell.text) * 1_000_000).to_integral_value(ROUND_HALF_UP))


def _year(cell: Cell) -> int:
    match = re.match(r"^(\d{4})(\D.*)?$", cell.text)
    if not match:
        raise Unfit(cell, "not_a_number")
    return int(match.group(1))


def _choice(target: str, field, cell: Cell) -> str:
    known = CHOICE_BY_WORD.get(target, {choice: choice for choice in field.choices})
    if plain(cell.text) not in known:
        raise Unfit(cell, "not_a_choice_here", choices=", ".join(field.choices))
    return known[plain(cell.text)]


def date_order(texts: Iterable[str]) -> str:
    """'mdy', 'dmy' or '' if no date of the column shows which: 3/25/2017 can only be March 25."""
    seen = {order for text in texts if (order := _shown_order(text.strip()))}
    return seen.pop() if len(seen) == 1 else ""


def _shown_order(text: str) -> str:
    match = re.match(r"^(\d{1,2})[/.-](\d{1,2})[/.-]\d{4}", text)
    if not match:
        return ""
    first, second = int(match.group(1)), int(match.group(2))
    if (first > 12) == (second > 12):
        return ""
    return "dmy" if first > 12 else "mdy"


def read_date(cell: Cell, order: str) -> str:
    """YYYY-MM-DD. Raises Unfit: no date, or one that could be two days and no other shows which."""
    match = DATE.match(cell.text)
    if not match:
        compact = re.fullmatch(r"(\d{4})(\d\d)(\d\d)", cell.text)
        if not compact:
            raise Unfit(cell, "not_a_date")
        return _day(cell, *compact.groups())
    first, second, third = match.groups()
    if len(first) == 4:
        return _day(cell, first, second, third)
    if len(third) != 4:
        raise Unfit(cell, "not_a_date")
    if "." in cell.text or _shown_order(cell.text) == "dmy" or (order == "dmy" and not _shown_order(cell.text)):
        return _day(cell, third, second, first)
    if not order and not _shown_order(cell.text) and first != second:
        raise Unfit(cell, "ambiguous_date")
    return _day(cell, third, first, second)


def _day(cell: Cell, year: str, month: str, day: str) -> str:
    try:
        return date(int(year), int(month), int(day)).isoformat()
    except ValueError:
        raise Unfit(cell, "not_a_date") from None
