"""CSV as spreadsheet programs read it: UTF-8 with a byte order mark, and no cell that runs as a formula.

A cell that begins with = + - @, a tab or a carriage return is a formula to a spreadsheet, and a customer's
name can be typed by anyone.  Such a cell gets an apostrophe in front, which spreadsheets hide and our own
import takes off again (`plain_cell`).  Numbers and phone numbers (+86 138…) are left as they are: nothing in
them can run.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable

BYTE_ORDER_MARK = b"\xef\xbb\xbf"

_RISKY = re.compile(r"^'?[=+\-@\t\r]")
_HARMLESS = re.compile(r"^[+-]?[\d\s().;,/-]*\d[\d\s().;,/-]*$")
_GUARDED = re.compile(r"^'(?='?[=+\-@\t\r])")


def safe_cell(value: object) -> object:
    """The value, with an apostrophe before what a spreadsheet would run."""
    if not isinstance(value, str) or not _RISKY.match(value) or _is_harmless(value):
        return value
    return "'" + value


def plain_cell(text: str) -> str:
    """What safe_cell was given."""
    return _GUARDED.sub("", text)


def csv_bytes(header: list[str], rows: Iterable[Iterable[object]]) -> bytes:
    """A whole CSV file; None is an empty cell."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow([safe_cell(name) for name in header])
    for row in rows:
        writer.writerow(["" if value is None else safe_cell(value) for value in row])
    return BYTE_ORDER_MARK + out.getvalue().encode()


def _is_harmless(value: str) -> bool:
    """A sum like 1+2 or 5-3 has a sign inside; a phone has none but in front, hyphens apart."""
    return bool(_HARMLESS.match(value)) and "+" not in value[1:]
