"""A file's records and what the firm knows become a plan: operations, duplicates and problems, row by row.

Pure: reads no file, clock, random source or database, so that a dry run is the import without its last
step.  A row with a problem gives no operation at all, and no row is ever changed that was not in the plan.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from .drafts import Draft, merge_into
from .duplicates import Duplicate, Found, Known, name_key
from .record import Problem, Record
from .values import date_orders, field_name, read_record

SKIP, ADD, FILL = "skip", "add", "fill"
NEW, DUPLICATE, FILLED, ERROR = "new", "duplicate", "filled", "error"


@dataclass
class PlannedRow:
    """What becomes of one record.  verdict: NEW, DUPLICATE (left out), FILLED (adds to what is there) or ERROR.

    uses: ids of the new customers that this row makes or hangs on.
    """

    record: Record
    verdict: str = NEW
    duplicate: Duplicate | None = None
    problems: list[Problem] = field(default_factory=list)
    remarks: list[Problem] = field(default_factory=list)
    uses: set[str] = field(default_factory=set)
    account_id: str | None = None
    contact_id: str | None = None

    def fail(self, problem: Problem) -> None:
        self.problems.append(problem)
        self.verdict = ERROR


@dataclass
class Plan:
    rows: list[PlannedRow]
    drafts: list[Draft]

    def count(self, verdict: str) -> int:
        return sum(row.verdict == verdict for row in self.rows)

    def made(self) -> Counter:
        """How many new rows of which entity."""
        return Counter(draft.entity for draft in self.drafts if not draft.base and draft.is_worth_sending)

    def operations(self, now_ms: int, new_id: Callable[[], str]) -> list[dict]:
        """What the import sends: customers before the contacts that hang on them, parents before subsidiaries."""
        return [draft.operation(now_ms, new_id()) for draft in self.drafts if draft.is_worth_sending]


@dataclass(frozen=True)
class Choices:
    """duplicates: SKIP, ADD or FILL.  owner_id: who owns what has no owner in the file."""

    duplicates: str = SKIP
    owner_id: str | None = None


def make_plan(records: list[Record], known: Known, choices: Choices, new_id: Callable[[], str]) -> Plan:
    """Decide every row. known is used up: rows of the file are added to it as they are planned."""
    planner = _Planner(records, known, choices, new_id)
    rows = [planner.row(record) for record in records]
    planner.link_parents(rows)
    return Plan(rows, planner.in_order(rows))


class _Planner:
    def __init__(self, records: list[Record], known: Known, choices: Choices, new_id: Callable[[], str]) -> None:
        self.known, self.choices, self.new_id = known, choices, new_id
        self.drafts: dict[str, Draft] = {}
        self.date_orders = date_orders(records)

    # --- one row ---------------------------------------------------------------------------------

    def row(self, record: Record) -> PlannedRow:
        planned = PlannedRow(record, problems=list(record.problems), remarks=list(record.remarks))
        read = read_record(record, self.date_orders)
        planned.problems += read.problems
        planned.remarks += read.remarks
        account, contact = read.account, read.contact
        owner_id = self._owner(record, planned)
        if "name" not in account and "name" not in contact and not record.problems:
            planned.fail(Problem("", "", "no_name"))
        if planned.problems:
            planned.verdict = ERROR
            return planned
        duplicate = self._contact_duplicate(account, contact)
        if duplicate and self.choices.duplicates == SKIP:
            # Before its customer is made: a row that is left out leaves nothing behind.
            planned.duplicate, planned.verdict = duplicate, DUPLICATE
            return planned
        if "name" in account:
            self._account(planned, account, owner_id, has_contact="name" in contact)
        if "name" in contact and planned.verdict not in (DUPLICATE, ERROR):
            self._contact(planned, contact, owner_id, duplicate)
        return planned

    def _owner(self, record: Record, planned: PlannedRow) -> str | None:
        cells = record.values.get("owner")
        if not cells:
            return self.choices.owner_id
        found = self.known.people.get(name_key(cells[0].text), [])
        reached = [person for person in found if person.is_reached]
        if len(reached) == 1:
            return reached[0].id
        reason = "several_people" if reached else "owner_out_of_reach" if found else "unknown_owner"
        planned.fail(Problem(cells[0].column, cells[0].text, reason))
        return None

    # --- customers -------------------------------------------------------------------------------

    def _account(self, planned: PlannedRow, values: dict, owner_id: str | None, has_contact: bool) -> None:
        duplicate = self.known.account_duplicate(values["name"], values.get("phones", []))
        if duplicate and has_contact and duplicate.by == "name":
            self._hang_on(planned, duplicate.found, values)
        elif duplicate and self.choices.duplicates != ADD:
            self._as_duplicate(planned, duplicate, values)
            planned.account_id = duplicate.found.id
        else:
            planned.duplicate = duplicate
            planned.account_id = self._new(planned, "account", values | {"owner_id": owner_id})

    def _hang_on(self, planned: PlannedRow, found: Found, values: dict) -> None:
        """The contact of this row belongs to a customer that is there, or that an earlier row makes."""
        planned.account_id = found.id
        if found.id in self.known.read_only:
            planned.fail(Problem("", found.name, "read_only"))
        elif found.row is None or self.choices.duplicates == FILL:
            self._add_to(planned, found, values)
        else:
            left_over = merge_into(Draft.of(found), values, found.row)[1]
            planned.remarks += [self._left_over(planned, "account", name) for name in left_over]

    # --- contacts --------------------------------------------------------------------------------

    def _contact_duplicate(self, account: dict, contact: dict) -> Duplicate | None:
        if "name" not in contact:
            return None
        account_id = None
        if "name" in account:
            named = self.known.account_duplicate(account["name"], [])
            account_id = named.found.id if named else ""  # a customer that nobody belongs to yet
        return self.known.contact_duplicate(contact["name"], contact.get("phones", []), account_id)

    def _contact(self, planned: PlannedRow, values: dict, owner_id: str | None, duplicate: Duplicate | None) -> None:
        if duplicate and self.choices.duplicates == FILL:
            self._as_duplicate(planned, duplicate, values | {"account_id": planned.account_id})
            planned.contact_id = duplicate.found.id
        else:
            if owner_id is None and planned.account_id is None:
                planned.fail(Problem("", "", "needs_owner"))
                return
            planned.duplicate = planned.duplicate or duplicate
            new = values | {"owner_id": owner_id, "account_id": planned.account_id}
            planned.contact_id = self._new(planned, "contact", new)

    # --- both ------------------------------------------------------------------------------------

    def _new(self, planned: PlannedRow, entity: str, values: dict) -> str:
        draft = Draft(entity, self.new_id(), values, number=planned.record.number)
        self.drafts[draft.id] = draft
        planned.uses.add(draft.id)
        found = Found(entity, draft.id, values["name"], values.get("account_id"), None, planned.record.number)
        index = self.known.accounts if entity == "account" else self.known.contacts
        index.add(found, [values["name"], values.get("short_name", "")], values.get("phones", []))
        return draft.id

    def _as_duplicate(self, planned: PlannedRow, duplicate: Duplicate, values: dict) -> None:
        planned.duplicate = duplicate
        if self.choices.duplicates == SKIP:
            planned.verdict = DUPLICATE
        elif duplicate.found.id in self.known.read_only or duplicate.found.account_id in self.known.read_only:
            planned.fail(Problem("", duplicate.found.name, "read_only"))
        else:
            planned.verdict = FILLED if self._add_to(planned, duplicate.found, values) else DUPLICATE

    def _add_to(self, planned: PlannedRow, found: Found, values: dict) -> bool:
        """Fill what is empty there, and say which values stay out. Returns whether anything was filled."""
        draft = self.drafts.setdefault(found.id, Draft.of(found))
        planned.uses.add(draft.id)
        more, left_over = merge_into(draft, values, found.row or {})
        draft.values.update(more)
        planned.remarks += [self._left_over(planned, found.entity, name) for name in left_over]
        return bool(more)

    def _left_over(self, planned: PlannedRow, entity: str, name: str) -> Problem:
        values = planned.record.values
        cells = next(values[target] for target in values if target.startswith(entity) and field_name(target) == name)
        return Problem(cells[0].column, cells[0].text, "filled_already")

    # --- parents ---------------------------------------------------------------------------------

    def link_parents(self, rows: list[PlannedRow]) -> None:
        """Subsidiaries find their parents once the whole file is known; then what hangs on a failed row fails."""
        for row in rows:
            cells = row.record.values.get("account.parent")
            if cells and row.account_id in self.drafts and row.verdict != ERROR:
                self._link_parent(row, cells[0])
        while failed := self._newly_failed(rows):
            for row in failed:
                row.fail(Problem("", "", "account_not_imported"))

    def _link_parent(self, row: PlannedRow, cell) -> None:
        draft = self.drafts[row.account_id]
        found = self.known.accounts.by_name.get(name_key(cell.text), [])
        parent = next((one for one in found if one.name == cell.text), found[0] if found else None)
        if parent is None:
            row.fail(Problem(cell.column, cell.text, "unknown_parent"))
        elif parent.id == draft.id or self._is_below(parent.id, draft.id):
            row.fail(Problem(cell.column, cell.text, "parent_of_itself"))
        elif not draft.base or "parent_id" in draft.empty_fields:
            draft.values.setdefault("parent_id", parent.id)
            if parent.id in self.drafts:
                row.uses.add(parent.id)

    def _is_below(self, account_id: str, top_id: str) -> bool:
        """Whether a customer hangs, through its parents in this file, on another."""
        seen = set()
        while account_id in self.drafts and account_id not in seen:
            seen.add(account_id)
            account_id = self.drafts[account_id].values.get("parent_id", "")
            if account_id == top_id:
                return True
        return False

    def _newly_failed(self, rows: list[PlannedRow]) -> list[PlannedRow]:
        """Rows that use a new customer whose own row failed; what failed rows made is dropped."""
        for row in rows:
            if row.verdict == ERROR:
                for made in (row.account_id, row.contact_id):
                    draft = self.drafts.get(made)
                    if draft and not draft.base and draft.number == row.record.number:
                        del self.drafts[made]
        return [
            row
            for row in rows
            if row.verdict in (NEW, FILLED) and any(one not in self.drafts for one in row.uses)
        ]

    def in_order(self, rows: list[PlannedRow]) -> list[Draft]:
        """Parents before subsidiaries, customers before contacts, else the order of the file."""
        ordered: dict[str, Draft] = {}

        def place(draft: Draft) -> None:
            parent = self.drafts.get(draft.values.get("parent_id", ""))
            if draft.id not in ordered:
                if parent:
                    place(parent)
                ordered[draft.id] = draft

        for draft in self.drafts.values():
            if draft.entity == "account":
                place(draft)
        return [*ordered.values(), *(draft for draft in self.drafts.values() if draft.entity == "contact")]

