"""One file that somebody brings: what kind it is, what is in it, and which column becomes what."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from . import csv_file, mapping, vcard_file
from .csv_file import Table
from .record import BadFile, Record
from .targets import WORDS, plain
from .text import decode

CSV, VCARD = "csv", "vcard"

# Files of a public sales data set, known by their headers; see `sales_data`.
SALES_AGENTS = frozenset({"sales_agent", "manager", "regional_office"})
SALES_PIPELINE = frozenset({"opportunity_id", "sales_agent", "account", "deal_stage", "engage_date", "close_date"})


@dataclass
class Source:
    """table: of a CSV file.  cards: the records of a vCard file.  left_out: its properties that nobody reads."""

    kind: str
    encoding: str
    table: Table | None = None
    cards: list[Record] = field(default_factory=list)
    left_out: Counter = field(default_factory=Counter)

    @property
    def columns(self) -> list[str]:
        if self.table:
            return self.table.columns
        return list(dict.fromkeys(column for record in self.cards for column in record.cells))

    @property
    def header(self) -> frozenset[str]:
        return frozenset(plain(column) for column in self.columns) if self.table else frozenset()

    def guess(self, what: str = "") -> dict[str, str]:
        """column -> target; {} for cards, which say themselves what is what."""
        return mapping.guess(self.table, what) if self.table else {}

    def records(self, column_targets: dict[str, str]) -> list[Record]:
        """Raises BadFile where no column becomes a name."""
        if not self.table:
            return self.cards
        if not mapping.has_mapping_for_names(column_targets):
            raise BadFile("no_name_column")
        return mapping.records(self.table, column_targets)


def read_source(data: bytes) -> Source:
    """Raises BadFile."""
    text = decode(data)
    if "BEGIN:VCARD" in text.text[:2_000].upper():
        cards, left_out = vcard_file.read_records(text.text)
        return Source(VCARD, text.encoding, cards=cards, left_out=left_out)
    return Source(CSV, text.encoding, csv_file.read_table(text.text))


def with_choices(source: Source, guesses: dict[str, str], chosen: dict[str, str]) -> dict[str, str]:
    """The guesses, with what a person chose in their place. Raises BadFile for an unknown column or target."""
    for column, target in chosen.items():
        if column not in source.columns:
            raise BadFile("unknown_column", column=column, columns=", ".join(source.columns))
        if target and target not in WORDS:
            raise BadFile("unknown_target", target=target, targets=", ".join(WORDS))
    return guesses | chosen
