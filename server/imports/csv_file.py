"""A CSV file's text becomes a table: which delimiter, is the first row a header, which rows don't fit.

Nothing is guessed about a row: one with more or fewer cells than the header has is kept aside as a
problem, never shifted or filled up.  What the columns mean is `mapping`'s business.
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from dataclasses import dataclass, field

from server.spreadsheet import plain_cell

from .record import BadFile, Problem, Record

DELIMITERS = (",", ";", "\t", "|")
SAMPLE_ROWS = 200
MOST_ROWS = 100_000
MOST_COLUMNS = 500

# A cell that no header would hold: a number, a phone, a date or an e-mail address.
LOOKS_LIKE_DATA = re.compile(r"^[+(]?\d[\d\s().+/-]*$|^\d{1,4}[-/.年]\d{1,2}[-/.月]\d{1,4}日?$|^\S+@\S+\.\S+$")


@dataclass
class Table:
    """columns: unique names in order.  rows: (row number, cells), all as wide as columns.

    misfits: records that only say what is wrong.  Row numbers count as a spreadsheet does, from 1.
    """

    columns: list[str]
    rows: list[tuple[int, list[str]]]
    delimiter: str
    has_header: bool
    misfits: list[Record] = field(default_factory=list)

    def samples(self, column: int, most: int = 3) -> list[str]:
        """The first few different values of a column, for the preview and for guessing."""
        seen: dict[str, None] = {}
        for _, cells in self.rows[:SAMPLE_ROWS]:
            if cells[column]:
                seen.setdefault(cells[column])
            if len(seen) == most:
                break
        return list(seen)


def read_table(text: str) -> Table:
    """Read a whole file.  Raises BadFile: no rows, an unclosed quotation mark, too many rows or columns."""
    delimiter = find_delimiter(text)
    _refuse_unclosed_quote(text, delimiter)
    rows = [(number, cells) for number, cells in enumerate(_parse(text, delimiter), start=1) if any(cells)]
    if not rows:
        raise BadFile("empty_file")
    has_header = not any(LOOKS_LIKE_DATA.match(cell) for cell in rows[0][1])
    header = _trim(rows.pop(0)[1]) if has_header else [""] * _usual_width(rows)
    if not rows:
        raise BadFile("only_a_header")
    if len(rows) > MOST_ROWS:
        raise BadFile("too_many_rows", most=MOST_ROWS)
    if len(header) > MOST_COLUMNS:
        raise BadFile("too_many_columns", most=MOST_COLUMNS)
    table = Table(_unique(header), [], delimiter, has_header)
    for number, cells in rows:
        _sort_in(table, number, cells)
    return table


def find_delimiter(text: str) -> str:
    """The delimiter that cuts the first rows into the same number of cells most often.

    Where several do equally well csv.Sniffer is asked, and then the order of DELIMITERS.
    """
    sample = "".join(text.splitlines(keepends=True)[:SAMPLE_ROWS])
    scores = {delimiter: _evenness(sample, delimiter) for delimiter in DELIMITERS}
    best = max(scores.values())
    likely = [delimiter for delimiter in DELIMITERS if scores[delimiter] == best]
    if len(likely) == 1 or best == (0.0, 0):
        return likely[0]
    try:
        return csv.Sniffer().sniff(sample, "".join(likely)).delimiter
    except csv.Error:
        return likely[0]


def _evenness(sample: str, delimiter: str) -> tuple[float, int]:
    """The share of rows that have the most frequent width, if that is more than one cell; and that width."""
    rows = [row for row in _parse(sample, delimiter) if any(row)]
    if not rows:
        return (0.0, 0)
    width, count = Counter(len(row) for row in rows).most_common(1)[0]
    return (count / len(rows), width) if width > 1 else (0.0, 0)


def _parse(text: str, delimiter: str):
    """Rows of trimmed cells, without the apostrophe that our exports put before what looks like a formula."""
    for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter):
        yield [plain_cell(cell.strip()) for cell in row]


def _refuse_unclosed_quote(text: str, delimiter: str) -> None:
    """An unclosed quotation mark silently swallows the rest of a file: say where it opens instead."""
    number = 0
    try:
        for _ in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True):
            number += 1
    except csv.Error as error:
        if "unexpected end of data" in str(error):
            raise BadFile("unclosed_quote", row=number + 1) from None
        if "field larger than" in str(error):
            raise BadFile("unclosed_quote", row=number + 1) from None
        # Anything else (text after a closing quote) reads well enough without strictness.


def _usual_width(rows: list[tuple[int, list[str]]]) -> int:
    return Counter(len(cells) for _, cells in rows).most_common(1)[0][0]


def _trim(header: list[str]) -> list[str]:
    """Without the empty cells that a spreadsheet leaves at the end of every row."""
    while len(header) > 1 and not header[-1]:
        header = header[:-1]
    return header


def _unique(header: list[str]) -> list[str]:
    """Column names as the file has them; a missing name is its place, a second of the same gets a number."""
    names: list[str] = []
    for place, name in enumerate(header, start=1):
        name, again = name or f"#{place}", 2
        base = name
        while name in names:
            name, again = f"{base} ({again})", again + 1
        names.append(name)
    return names


def _sort_in(table: Table, number: int, cells: list[str]) -> None:
    width = len(table.columns)
    if not any(cells[width:]):
        cells = cells[:width]
    if len(cells) == width:
        table.rows.append((number, cells))
    else:
        table.misfits.append(_misfit(table, number, cells))


def _misfit(table: Table, number: int, cells: list[str]) -> Record:
    known = dict(zip(table.columns, cells, strict=False))
    surplus = {
        f"#{place}": cell for place, cell in enumerate(cells[len(table.columns) :], start=len(table.columns) + 1)
    }
    problem = Problem(
        "", table.delimiter.join(cells), "ragged_row", {"cells": len(cells), "columns": len(table.columns)}
    )
    return Record(number, cells={**known, **surplus}, problems=[problem])
