"""`roadbook import FILE…`: the import page's work for whoever keeps the server, several files at a time.

Each file is one write: all of what its report says, or nothing.  Files are taken in the order that they need
each other: agents, customers and contacts, opportunities.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from pathlib import Path

from web.text import Text

from . import sales_data
from .apply import ImportRefused, ids_from, import_job
from .duplicates import find_people, name_key, read_known, who_else
from .error_file import error_file
from .mapping import ERROR_COLUMNS
from .plan import ADD, DUPLICATE, ERROR, FILL, FILLED, NEW, SKIP, Choices, PlannedRow, make_plan
from .record import BadFile, Cell, Record
from .source import SALES_AGENTS, SALES_PIPELINE, Source, read_source, with_choices
from .targets import WORDS
from .wording import why

AGENTS, ACCOUNTS, CONTACTS, PIPELINE = "sales-agents", "accounts", "contacts", "sales-pipeline"
MOST_SHOWN = 20
VERDICTS = {FILLED: "complete what is there", DUPLICATE: "left out: there already", ERROR: "not imported"}

# Exit statuses, as scripts need them.
ALL_IN, SOME_LEFT, NOT_DONE = 0, 1, 2


class CannotImport(Exception):
    """Nothing was imported from a file; the message says why and what to do."""


def main(argv: list[str], firm) -> int:
    """Import the files that argv names. Returns 0, 1 where rows had problems, 2 where nothing could be done."""
    options = parser().parse_args(argv)
    try:
        return Command(firm, options).run()
    except CannotImport as error:
        print(f"roadbook: {error}", file=sys.stderr)
        return NOT_DONE


def parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="roadbook import",
        description="Bring in customers and contacts from CSV (any encoding and delimiter) and vCard files.",
        epilog="Columns are guessed from their headers; --dry-run shows the guesses. Targets for --map: "
        + ", ".join(WORDS),
    )
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
    parser.add_argument(
        "--as",
        dest="what",
        choices=[ACCOUNTS, CONTACTS, AGENTS, PIPELINE],
        help="what a CSV file holds, where its headers leave it open",
    )
    parser.add_argument(
        "--map",
        action="append",
        default=[],
        metavar="COLUMN=TARGET",
        help="what a column becomes; COLUMN= leaves it out",
    )
    parser.add_argument(
        "--owner",
        metavar="PERSON",
        help="login, name or id of who owns what has no owner; else customers are everybody's",
    )
    parser.add_argument(
        "--owners-from-opportunities",
        action="store_true",
        help="a customer without owner is given to the agent with most of its opportunities",
    )
    parser.add_argument(
        "--duplicates",
        choices=[SKIP, ADD, FILL],
        default=SKIP,
        help="what is there already: leave it (skip), import it again (add), fill its empty fields (fill)",
    )
    parser.add_argument("--dry-run", action="store_true", help="say what would happen and change nothing")
    parser.add_argument(
        "--errors", type=Path, metavar="FILE", help="write the rows that are not imported to this CSV file"
    )
    return parser


class Command:
    def __init__(self, firm, options: argparse.Namespace) -> None:
        self.firm, self.options = firm, options
        self.text = Text("en", firm.timezone, firm.clock())
        self.new_id = ids_from(firm)
        self.failed: list[tuple[Path, Source, list[PlannedRow]]] = []
        self.busiest: dict[str, str] = {}

    def run(self) -> int:
        chosen = self._chosen_columns()
        sources = [(path, self._read(path)) for path in self.options.files]
        order = [AGENTS, ACCOUNTS, CONTACTS, PIPELINE]
        sources.sort(key=lambda pair: order.index(self._what(pair[1]) or ACCOUNTS))
        if self.options.owners_from_opportunities:
            self.busiest = self._busiest_agents(sources)
        self.owner_id = self._owner_id()
        if self.options.dry_run and len(sources) > 1:
            print("dry run: every file is held against what is there now, not against the other files")
        for path, source in sources:
            self._import(path, source, chosen)
        self._write_errors()
        return SOME_LEFT if self.failed else ALL_IN

    # --- reading ---------------------------------------------------------------------------------

    def _read(self, path: Path) -> Source:
        try:
            return read_source(path.read_bytes())
        except OSError as error:
            raise CannotImport(f"{path}: {error.strerror}") from None
        except BadFile as bad:
            raise CannotImport(f"{path}: {why(self.text, bad)}") from None

    def _what(self, source: Source) -> str:
        """What a file holds: as was said, or as its headers say."""
        if source.table and self.options.what:
            return self.options.what
        if source.header >= SALES_PIPELINE:
            return PIPELINE
        return AGENTS if source.header >= SALES_AGENTS else ""

    def _chosen_columns(self) -> dict[str, str]:
        pairs = [pair.partition("=") for pair in self.options.map]
        wrong = next(("".join(pair) for pair in pairs if not pair[1]), None)
        if wrong:
            raise CannotImport(f"--map {wrong}: write it like --map 'Firm name=account.name'")
        return {column: target for column, _, target in pairs}

    def _owner_id(self) -> str | None:
        if not self.options.owner:
            return None
        wanted = self.options.owner
        found = find_people(self.firm, wanted)
        if len(found) != 1:
            raise CannotImport(f"--owner {wanted}: {who_else(found)}")
        return found[0]

    def _busiest_agents(self, sources: list[tuple[Path, Source]]) -> dict[str, str]:
        pipelines = [source for _, source in sources if self._what(source) == PIPELINE]
        records = [record for source in pipelines for record in sales_data.records_of(source)]
        if not records:
            raise CannotImport("--owners-from-opportunities needs the file of opportunities among the files")
        return sales_data.busiest_agents(records)

    # --- one file --------------------------------------------------------------------------------

    def _import(self, path: Path, source: Source, chosen: dict[str, str]) -> None:
        print(f"{path}: {source.kind}, {source.encoding}")
        try:
            plan = self._plan(source, chosen)
        except BadFile as bad:
            raise CannotImport(f"{path}: {why(self.text, bad)}") from None
        operations = plan.operations(self.firm.clock(), self.new_id)
        if not self.options.dry_run:
            self._apply(path, operations)
        self._report(plan, source, operations)
        if plan.count(ERROR):
            self.failed.append((path, source, [row for row in plan.rows if row.verdict == ERROR]))

    def _plan(self, source: Source, chosen: dict[str, str]):
        what = self._what(source)
        if what == AGENTS:
            with self.firm.look() as conn:
                directory = sales_data.read_directory(conn)
            return sales_data.plan_agents(sales_data.records_of(source), directory, self.new_id)
        known = read_known(self.firm, None)
        if what == PIPELINE:
            with self.firm.look() as conn:
                there = {row[0] for row in conn.execute("SELECT id FROM activity WHERE id LIKE 'opportunity-%'")}
            records = sales_data.records_of(source)
            return sales_data.plan_pipeline(records, known, there, self.firm.timezone, self.firm.clock())
        column_targets = with_choices(source, source.guess(what), chosen)
        self._show_mapping(column_targets)
        records = source.records(column_targets)
        for record in records:
            self._give_owner(record)
        return make_plan(records, known, Choices(self.options.duplicates, self.owner_id), self.new_id)

    def _give_owner(self, record: Record) -> None:
        agent = self.busiest.get(name_key(record.first("account.name")))
        if agent and not record.first("owner"):
            record.values["owner"] = [Cell("", agent)]

    def _apply(self, path: Path, operations: list[dict]) -> None:
        try:
            self.firm.write_now(import_job(self.firm, operations, None))
        except ImportRefused as refused:
            operation, outcome = refused.refusals[0]
            reason = self.text.reason(outcome["reason"], outcome["detail"])
            raise CannotImport(
                f"{path}: nothing imported. {operation['entity']} {operation.get('set', {})}: {reason}"
            ) from None

    # --- telling ---------------------------------------------------------------------------------

    def _show_mapping(self, column_targets: dict[str, str]) -> None:
        for column, target in column_targets.items():
            if column not in ERROR_COLUMNS:
                print(f"  {column} -> {target or 'left out'}")

    def _report(self, plan, source: Source, operations: list[dict]) -> None:
        made = Counter(operation["entity"] for operation in operations if not operation["base"])
        verb = "would be imported" if self.options.dry_run else "imported"
        new_rows = "".join(f", {count} new {entity} rows" for entity, count in made.items())
        print(f"  {plan.count(NEW)} rows {verb}{new_rows}")
        for verdict, words in VERDICTS.items():
            if plan.count(verdict):
                print(f"  {plan.count(verdict)} rows {words}")
        self._tell_duplicates(plan.rows)
        self._tell_problems(plan.rows)
        self._tell_remarks(plan.rows)
        if source.left_out:
            print("  left out of cards: " + ", ".join(f"{name} ({count})" for name, count in source.left_out.items()))

    def _tell_duplicates(self, rows: list[PlannedRow]) -> None:
        known = [row for row in rows if row.duplicate]
        for row in known[:MOST_SHOWN]:
            same = row.duplicate
            where = f"row {same.found.number}" if same.found.number else "in Roadbook"
            print(f"    row {row.record.number}: same {same.by} as {same.found.name} ({where})")
        _print_rest(known)

    def _tell_problems(self, rows: list[PlannedRow]) -> None:
        """Each reason once with its number of rows, then the first rows."""
        failed = [row for row in rows if row.verdict == ERROR]
        reasons = Counter(why(self.text, problem) for row in failed for problem in row.problems)
        for reason, count in reasons.most_common():
            print(f"    {count} rows: {reason}")
        for row in failed[:MOST_SHOWN]:
            for problem in row.problems:
                where = f"row {row.record.number}, {problem.column or 'whole row'}"
                print(f"    {where}: {problem.value!r}: {why(self.text, problem)}")
        _print_rest(failed, "" if self.options.errors else "; --errors FILE writes them all")

    def _tell_remarks(self, rows: list[PlannedRow]) -> None:
        remarks = [(row, remark) for row in rows if row.verdict != ERROR for remark in row.remarks]
        for row, remark in remarks[:MOST_SHOWN]:
            print(
                f"    note on row {row.record.number}, {remark.column}: {remark.value[:60]!r}: {why(self.text, remark)}"
            )
        _print_rest(remarks)

    def _write_errors(self) -> None:
        """One error file for each file with errors, since their columns differ."""
        for path, source, rows in self.failed if self.options.errors else ():
            target = self.options.errors
            if len(self.failed) > 1:
                target = target.with_stem(f"{target.stem}-{path.stem}")
            target.write_bytes(error_file(rows, source.columns, self.text))
            print(f"{len(rows)} rows of {path.name} that were not imported: {target}")


def _print_rest(rows: list, hint: str = "") -> None:
    if len(rows) > MOST_SHOWN:
        print(f"    … and {len(rows) - MOST_SHOWN} more{hint}")
