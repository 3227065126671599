"""What the readers of files hand to the plan: one record a person or company, and what is wrong with it.

A record holds what was written in the file, by target ('account.name', 'contact.phones', 'owner' …), never
changed: the plan decides what it means.  This module must stay free of any file format.
"""

from __future__ import annotations

from dataclasses import dataclass, field


class BadFile(Exception):
    """A file that cannot be read at all.  reason is a code of `wording`, values fill its sentence."""

    def __init__(self, reason: str, **values: object) -> None:
        super().__init__(reason)
        self.reason = reason
        self.values = values


@dataclass(frozen=True)
class Problem:
    """Why a row of the file is not imported: the column, what stands in it, and a reason code of `wording`."""

    column: str
    value: str
    reason: str
    values: dict = field(default_factory=dict)


@dataclass(frozen=True)
class Cell:
    """One value of a record and the name of the column that it came from."""

    column: str
    text: str


@dataclass
class Record:
    """One row of a CSV file, or one card.

    number: as a person counts it: a spreadsheet's row (the header is 1), or the card in its file.
    values: target -> what was written there; several cells may feed one target.
    cells: column -> text, everything that the file has for this row, for the error file.
    problems: found by the reader; a record with any is not imported.
    remarks: what the person should look at although the record can be imported.
    is_card: from an address book, which nobody can mend in a spreadsheet: what fits no field becomes a note.
    """

    number: int
    values: dict[str, list[Cell]] = field(default_factory=dict)
    cells: dict[str, str] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    remarks: list[Problem] = field(default_factory=list)
    is_card: bool = False

    def put(self, target: str, column: str, text: str) -> None:
        """Add a value, unless it is blank."""
        if text.strip():
            self.values.setdefault(target, []).append(Cell(column, text.strip()))

    def first(self, target: str) -> str:
        """The first value of a target, or ''."""
        cells = self.values.get(target)
        return cells[0].text if cells else ""
