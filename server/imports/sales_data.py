"""Two files of a public sales data set: the agents with their managers and offices, and the opportunities.

Agents become colleagues (without a sign-in until somebody invites them), offices become departments.  Until
Roadbook has opportunities of its own, each event of one becomes a note on its customer, in plain words, on
its day.  Both files may be imported again: what is there already is left alone.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from sync.ids import is_id

from .convert import Unfit, date_order, read_date
from .duplicates import Duplicate, Found, Known, name_key
from .plan import DUPLICATE, ERROR, PlannedRow
from .record import Cell, Problem, Record
from .source import Source
from .targets import plain

STAGES = ("Prospecting", "Engaging", "Won", "Lost")
MANAGER_TITLE, AGENT_TITLE = "Sales manager", "Sales agent"
# A manager of these files leads people, not an office: two of them share one.
MANAGER_SCOPE, AGENT_SCOPE = "reports", "own"
ROLE_NAMES = {MANAGER_SCOPE: "Team manager", AGENT_SCOPE: "Salesperson"}


@dataclass
class SalesPlan:
    """drafts: what to make, as operations without id and time, in order."""

    rows: list[PlannedRow]
    drafts: list[dict] = field(default_factory=list)

    def count(self, verdict: str) -> int:
        return sum(row.verdict == verdict for row in self.rows)

    def operations(self, now_ms: int, new_id: Callable[[], str]) -> list[dict]:
        return [{"id": new_id(), "base": 0, "at": now_ms, **draft} for draft in self.drafts]


def records_of(source: Source) -> list[Record]:
    """The rows as they are, by plain column name."""
    made = []
    for number, cells in source.table.rows:
        record = Record(number, cells=dict(zip(source.table.columns, cells, strict=True)))
        for column, text in record.cells.items():
            record.put(plain(column), column, text)
        made.append(record)
    return sorted(made + source.table.misfits, key=lambda record: record.number)


# --- agents ------------------------------------------------------------------------------------------


@dataclass
class Directory:
    """Who and what there is: ids by name_key, roles by data scope; top: the firm's own department."""

    people: dict[str, str]
    departments: dict[str, str]
    roles: dict[str, str]
    top: str | None


def read_directory(conn) -> Directory:
    """conn: `firm.look()`."""
    departments = conn.execute(
        "SELECT id, name, parent_id FROM department WHERE deleted = 0 ORDER BY position, id"
    ).fetchall()
    people = conn.execute("SELECT id, name FROM user WHERE deleted = 0 ORDER BY id DESC").fetchall()
    roles = conn.execute(
        "SELECT id, data_scope FROM role WHERE deleted = 0 AND is_admin = 0 ORDER BY id DESC"
    ).fetchall()
    return Directory(
        {name_key(row["name"]): row["id"] for row in people},
        {name_key(row["name"]): row["id"] for row in reversed(departments)},
        {row["data_scope"]: row["id"] for row in roles},
        next((row["id"] for row in departments if row["parent_id"] is None), None),
    )


def plan_agents(records: list[Record], directory: Directory, new_id: Callable[[], str]) -> SalesPlan:
    """One colleague a row, after the manager and the office that the row names."""
    plan = SalesPlan([])
    for record in records:
        row = PlannedRow(record, problems=list(record.problems))
        plan.rows.append(row)
        agent = record.first("sales_agent")
        if not agent and not row.problems:
            row.problems.append(Problem("sales_agent", "", "no_name"))
        if row.problems:
            row.verdict = ERROR
        elif name_key(agent) in directory.people:
            row.verdict = DUPLICATE
            row.duplicate = Duplicate(Found("user", directory.people[name_key(agent)], agent), "name", agent)
        else:
            _add_agent(plan, directory, record, new_id)
    return plan


def _add_agent(plan: SalesPlan, directory: Directory, record: Record, new_id: Callable[[], str]) -> None:
    office, manager = record.first("regional_office"), record.first("manager")
    department_id = _department(plan, directory, office, new_id) if office else directory.top
    manager_id = None
    if manager:
        manager_id = directory.people.get(name_key(manager)) or _person(
            plan, directory, manager, MANAGER_TITLE, department_id, None, MANAGER_SCOPE, new_id
        )
    _person(plan, directory, record.first("sales_agent"), AGENT_TITLE, department_id, manager_id, AGENT_SCOPE, new_id)


def _department(plan: SalesPlan, directory: Directory, name: str, new_id: Callable[[], str]) -> str:
    key = name_key(name)
    if key not in directory.departments:
        # After the firm's own department, which is the first without a parent.
        values = {"name": name, "parent_id": directory.top, "position": 100 + len(directory.departments)}
        directory.departments[key] = _make(plan, "department", values, new_id)
    return directory.departments[key]


def _person(plan, directory, name, title, department_id, manager_id, data_scope, new_id) -> str:
    if data_scope not in directory.roles:
        role = {"name": ROLE_NAMES[data_scope], "data_scope": data_scope}
        directory.roles[data_scope] = _make(plan, "role", role, new_id)
    values = {"name": name, "title": title, "department_id": department_id, "role_id": directory.roles[data_scope]}
    directory.people[name_key(name)] = _make(plan, "user", values | {"manager_id": manager_id}, new_id)
    return directory.people[name_key(name)]


def _make(plan: SalesPlan, entity: str, values: dict, new_id: Callable[[], str]) -> str:
    row_id = new_id()
    given = {name: value for name, value in values.items() if value is not None}
    plan.drafts.append({"entity": entity, "row": row_id, "set": given})
    return row_id


# --- opportunities -----------------------------------------------------------------------------------


def plan_pipeline(records: list[Record], known: Known, there: set[str], timezone: str, now_ms: int) -> SalesPlan:
    """One or two notes an opportunity: when it was engaged, and how it ended.

    there: ids of activities that exist.  A row without a customer is a problem: a note hangs on nothing else.
    """
    plan = SalesPlan([])
    order = date_order(record.first(column) for record in records for column in ("engage_date", "close_date"))
    for record in records:
        row = PlannedRow(record, problems=list(record.problems))
        plan.rows.append(row)
        try:
            drafts = list(_opportunity(record, known, order, timezone, now_ms)) if not row.problems else []
        except Unfit as unfit:
            row.problems.append(unfit.problem)
        if row.problems:
            row.verdict = ERROR
            continue
        new = [draft for draft in drafts if draft["row"] not in there]
        row.verdict = row.verdict if new else DUPLICATE
        plan.drafts += new
    return plan


def _opportunity(record: Record, known: Known, order: str, timezone: str, now_ms: int) -> Iterator[dict]:
    account_id, agent_id = _account(record, known), _agent(record, known)
    name, product = record.first("opportunity_id"), record.first("product")
    agent, stage = record.first("sales_agent"), _stage(record)
    engaged, closed = record.first("engage_date"), record.first("close_date")
    if not engaged:
        body = f"Opportunity {name}: {product}. Stage {stage}, not engaged yet. Agent: {agent}."
        yield _note(name, "open", account_id, agent_id, now_ms, body)
        return
    engaged_ms = _noon_ms(read_date(Cell("engage_date", engaged), order), timezone)
    suffix = ", still open" if stage == "Engaging" else ""
    body = f"Opportunity {name}: {product}. {agent} engaged the customer{suffix}. Stage Engaging."
    yield _note(name, "engaged", account_id, agent_id, engaged_ms, body)
    if closed:
        closed_ms = _noon_ms(read_date(Cell("close_date", closed), order), timezone)
        value = record.first("close_value") or "not given"
        body = f"Opportunity {name}: {product}. Stage {stage}. Value {value}. Agent: {agent}."
        yield _note(name, "closed", account_id, agent_id, closed_ms, body)


def _account(record: Record, known: Known) -> str:
    name = record.first("account")
    if not name:
        raise Unfit(Cell("account", ""), "no_account_for_opportunity")
    duplicate = known.account_duplicate(name, [])
    if duplicate is None:
        raise Unfit(Cell("account", name), "unknown_account")
    return duplicate.found.id


def _agent(record: Record, known: Known) -> str:
    name = record.first("sales_agent")
    people = known.people.get(name_key(name), [])
    if len(people) != 1:
        raise Unfit(Cell("sales_agent", name), "several_people" if people else "unknown_agent")
    return people[0].id


def _stage(record: Record) -> str:
    stage = record.first("deal_stage")
    if stage not in STAGES:
        raise Unfit(Cell("deal_stage", stage), "unknown_stage", stages=", ".join(STAGES))
    return stage


def _note(opportunity: str, event: str, account_id: str, agent_id: str, at_ms: int, body: str) -> dict:
    """An activity whose id says which event it is, so that a second import finds it."""
    name = plain(opportunity)
    key = name if is_id(name) and len(name) <= 40 else hashlib.sha256(name.encode()).hexdigest()[:24]
    row = f"opportunity-{key}-{event}"
    values = {"kind": "note", "account_id": account_id, "owner_id": agent_id, "at_ms": at_ms, "body": body}
    return {"entity": "activity", "row": row, "at": at_ms, "set": values}


def _noon_ms(day: str, timezone: str) -> int:
    """Noon there: the same day in nearly every other time zone."""
    noon = datetime.combine(date.fromisoformat(day), time(12), ZoneInfo(timezone))
    return int(noon.timestamp() * 1000)


def busiest_agents(records: list[Record]) -> dict[str, str]:
    """Customer's name_key -> the agent with most opportunities there (the first by name, of equals)."""
    counts: dict[str, dict[str, int]] = {}
    for record in records:
        if record.first("account") and record.first("sales_agent"):
            agents = counts.setdefault(name_key(record.first("account")), {})
            agents[record.first("sales_agent")] = agents.get(record.first("sales_agent"), 0) + 1
    return {key: min(agents, key=lambda agent: (-agents[agent], agent)) for key, agents in counts.items()}
