"""What a record says becomes values of a customer and of a contact, with what does not fit set aside.

A value that does not fit spoils its row, so that the person can mend the file; in a card it becomes part of
the note instead.  Decides nothing about what is there already.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from .convert import Unfit, date_order, value_of
from .record import Cell, Problem, Record
from .targets import TWINS

DATES = ("account.next_contact_on", "contact.birthday")

# Where a customer's value goes in a row that names no customer: "account." sorts before "contact.".
TO_CONTACT = dict(sorted(pair) for pair in TWINS.items())


@dataclass
class ReadRecord:
    """account, contact: field -> checked value, sets as lists; without a name there is none of that kind."""

    account: dict = field(default_factory=dict)
    contact: dict = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    remarks: list[Problem] = field(default_factory=list)


def read_record(record: Record, date_orders: dict[str, str]) -> ReadRecord:
    read = ReadRecord()
    _give_contact_what_has_no_account(record, read)
    read.account = _values(record, "account", date_orders, read)
    read.contact = _values(record, "contact", date_orders, read)
    return read


def date_orders(records: Iterable[Record]) -> dict[str, str]:
    """Target -> whether its dates are written month first or day first, as far as the file shows."""
    records = list(records)
    return {
        target: date_order(cell.text for record in records for cell in record.values.get(target, ()))
        for target in DATES
    }


def field_name(target: str) -> str:
    """The model's field that a target fills."""
    name = target.split(".")[-1]
    return "annual_revenue_k" if name.startswith("annual_revenue") else name


def _give_contact_what_has_no_account(record: Record, read: ReadRecord) -> None:
    """A phone of nobody's company is the person's; what only companies have is said to be left out."""
    if record.first("account.name"):
        return
    for target in [target for target in record.values if target.startswith("account.")]:
        cells = record.values.pop(target)
        if target in TO_CONTACT:
            record.values.setdefault(TO_CONTACT[target], []).extend(cells)
        else:
            read.remarks += [Problem(cell.column, cell.text, "no_account_for_it") for cell in cells]


def _values(record: Record, entity: str, orders: dict[str, str], read: ReadRecord) -> dict:
    values = {}
    targets = [target for target in record.values if target.startswith(f"{entity}.") and target != "account.parent"]
    # The note last: what fits no field may be added to it.
    note = f"{entity}.note"
    for target in [*(target for target in targets if target != note), note]:
        value = _value(record, target, orders.get(target, ""), read)
        if value not in (None, []):
            values[field_name(target)] = value
    return values


def _value(record: Record, target: str, order: str, read: ReadRecord) -> object:
    cells = record.values.get(target, [])
    while cells:
        try:
            return value_of(target, cells, order)
        except Unfit as unfit:
            if not record.is_card or target.endswith((".name", ".note")):
                read.problems.append(unfit.problem)
                return None
            _keep_as_note(record, target, unfit.cell, read)
            cells = [cell for cell in cells if cell is not unfit.cell]
    return None


def _keep_as_note(record: Record, target: str, cell: Cell, read: ReadRecord) -> None:
    record.put(f"{target.split('.')[0]}.note", cell.column, f"{cell.column}: {cell.text}")
    read.remarks.append(Problem(cell.column, cell.text, "kept_as_note"))
