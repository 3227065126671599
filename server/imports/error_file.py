"""The rows that were not imported, as a CSV file to mend and import again.

Four columns say which row, which column, what stood there and why; then come the columns of the file as
they were.  Importing such a file again leaves the four columns out (`mapping.ERROR_COLUMNS`).
"""

from __future__ import annotations

from collections.abc import Iterable

from server.spreadsheet import csv_bytes
from web.text import Text

from .mapping import ERROR_COLUMNS
from .plan import ERROR, PlannedRow
from .wording import why


def error_file(rows: Iterable[PlannedRow], columns: list[str], text: Text) -> bytes:
    """One line a row that failed; several reasons of one row stand in one cell."""
    failed = [row for row in rows if row.verdict == ERROR]
    surplus = [column for row in failed for column in row.record.cells if column not in columns]
    originals = [*(column for column in columns if column not in ERROR_COLUMNS), *dict.fromkeys(surplus)]
    return csv_bytes([*ERROR_COLUMNS, *originals], (_line(row, originals, text) for row in failed))


def _line(row: PlannedRow, columns: list[str], text: Text) -> list[object]:
    return [
        row.record.number,
        *(" / ".join(dict.fromkeys(filter(None, parts))) for parts in _parts(row, text)),
        *(row.record.cells.get(column, "") for column in columns),
    ]


def _parts(row: PlannedRow, text: Text) -> tuple[list[str], list[str], list[str]]:
    problems = row.problems
    return [p.column for p in problems], [p.value for p in problems], [why(text, p) for p in problems]
