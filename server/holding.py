"""What a person's devices hold of what the person may see: how far back, and which accounts.

A device is a phone: what fits on it is about MOST_BYTES.  Who sees less holds everything; who sees more holds
what is younger than a window of days (of the entities that age) and the accounts somebody is in touch with
(`hot_accounts`).  Nothing here changes what a person may see: pages of the server show the rest.

Decided once a day for each person, so that a device is told of few changes of mind, and anew when many
accounts came at once.  Estimates from counts of rows; it never reads what is in them.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import astuple, dataclass, fields

from sync.entities import ENTITIES
from web.dates import add_days, day_start_ms, local_date

from . import hot_accounts, record, views
from .cursor import MINUTE_MS
from .database import sqlite3
from .views import EVERYTHING

MOST_BYTES = 50_000_000
# Days that the window may reach back, widest first; None is everything.
STEPS = (None, 730, 365, 180, 90, 30)
# A window that was narrowed is widened only when what it then holds fits well.
WELL_BELOW = 0.8
# What a row takes on a device, its indexes included.
ROW_BYTES = {
    **{"account": 700, "contact": 450, "activity": 450, "busy": 300, "handover_item": 400},
    **{"approval": 1_100, "approval_revision": 1_300, "approval_step": 700, "approval_action": 700},
    **{"expense_line": 600, "attachment": 600, "definition_version": 3_000},
}
OTHER_ROW_BYTES = 500
# So many accounts that came since the decision make it worth deciding anew.
MANY_ACCOUNTS = 500


@dataclass(frozen=True)
class Holding:
    """window_ms: the instant before which rows that age stay on the server. Of the accounts seen, how many are held.
    rows: how many rows that is, about, where they were counted."""

    window_ms: int = EVERYTHING
    accounts_held: int = 0
    accounts_visible: int = 0
    rows: int | None = None

    @property
    def is_part(self) -> bool:
        return self.accounts_held < self.accounts_visible


@dataclass(frozen=True)
class Decision:
    """What was decided on a day, at a sequence number. days None: everything. rows None: so few that nobody counted."""

    day: str
    days: int | None
    seq: int
    held: int
    visible: int
    rows: int | None


def decide(firm, user_id: str) -> Holding:
    """What this person's devices hold today. Not for the writer's thread: it may wait for a job of its own."""
    today = local_date(firm.clock(), firm.timezone)
    with firm.look() as db:
        decision, chosen = firm.decided.get(user_id) or _decided(db, user_id), _chosen_days(db, user_id)
        is_valid = decision is not None and decision.day == today and not _has_many_new(db, user_id, decision.seq)
    if not is_valid:
        decision = _decide_anew(firm, user_id, today, decision, chosen)
    days, rows = (decision.days, decision.rows) if chosen is None else (chosen or None, None)
    return Holding(_start_ms(firm, today, days), decision.held, decision.visible, rows)


def decide_for_all(firm) -> None:
    """Decide for everyone whose devices ask, so that nobody waits for it in the morning."""
    with firm.look() as db:
        user_ids = [row[0] for row in db.execute("SELECT user_id FROM holding")]
    for user_id in user_ids:
        decide(firm, user_id)


def _start_ms(firm, today: str, days: int | None) -> int:
    if days is None:
        return EVERYTHING
    midnight_ms = day_start_ms(add_days(today, -days), firm.timezone)
    return max(midnight_ms, 0) // MINUTE_MS * MINUTE_MS  # as a cursor can say it


def _decided(db: sqlite3.Connection, user_id: str) -> Decision | None:
    columns = ", ".join(field.name for field in fields(Decision))
    found = db.execute(f"SELECT {columns} FROM holding WHERE user_id = ?", (user_id,)).fetchone()
    return Decision(*found) if found else None


def _chosen_days(db: sqlite3.Connection, user_id: str) -> int | None:
    """What the person chose: 0 everything, None as much as fits."""
    found = db.execute("SELECT window_days FROM preference WHERE id = ? AND deleted = 0", (user_id,)).fetchone()
    return found[0] if found else None


def _has_many_new(db: sqlite3.Connection, user_id: str, seq: int) -> bool:
    new = db.execute(
        "SELECT count(*) FROM (SELECT 1 FROM membership INDEXED BY membership_held_from_seq"
        " WHERE user_id = ? AND held_from_seq > ? AND kind = 'account' LIMIT ?)",
        (user_id, seq, MANY_ACCOUNTS),
    ).fetchone()[0]
    return new == MANY_ACCOUNTS


# --- deciding ----------------------------------------------------------------------------------------


def _decide_anew(firm, user_id: str, today: str, before: Decision | None, chosen: int | None) -> Decision:
    """Accounts first: what hangs on those that are let go of takes no room."""
    days = before.days if before else hot_accounts.FIRST_DAYS
    if chosen is not None:
        days = chosen or None
    held, visible = hot_accounts.settle(firm, user_id, _start_ms(firm, today, days))
    with firm.read(user_id) as db:
        days, rows = _fitting_days(db, firm, today, before)
        decision = Decision(today, days, record.current_seq(db), held, visible, rows)
    # Nobody waits for it: when a thousand devices come at once the writer is busy, and few threads answer them.
    firm.decided[user_id] = decision
    firm.write_later(lambda db: _keep(db, user_id, decision))
    return decision


def _keep(db: sqlite3.Connection, user_id: str, decision: Decision) -> None:
    db.execute(
        "INSERT OR REPLACE INTO holding (user_id, day, days, seq, held, visible, rows) VALUES (?, ?, ?, ?, ?, ?, ?)",
        (user_id, *astuple(decision)),
    )


def _fitting_days(db: sqlite3.Connection, firm, today: str, before: Decision | None) -> tuple[int | None, int | None]:
    """The widest window that fits, and how many rows it holds; db reads as the person."""
    if _bytes_of_firm(db) <= _room(None, before):
        return None, None
    ageless, ageless_bytes = _ageless(db)
    ages = _youngest(db, MOST_BYTES - ageless_bytes)
    for days in STEPS:
        start_ms = _start_ms(firm, today, days)
        if _first_without_room(ages, _room(days, before) - ageless_bytes) < start_ms:
            break
    return days, ageless + bisect_right(ages, -start_ms, key=lambda row: -row[0])


def _room(days: int | None, before: Decision | None) -> float:
    """How many bytes a window of so many days may take."""
    is_wider = before is not None and _width(days) > _width(before.days)
    return MOST_BYTES * (WELL_BELOW if is_wider else 1)


def _width(days: int | None) -> float:
    return float("inf") if days is None else days


def _bytes_of_firm(db: sqlite3.Connection) -> int:
    """What all rows would take; from the tables' ends, since a small firm should not count at all."""
    return sum((_last_rowid(db, entity.name) or 0) * _row_bytes(entity.name) for entity in ENTITIES)


def _last_rowid(db: sqlite3.Connection, name: str) -> int | None:
    return db.execute(f"SELECT max(rowid) FROM main.{name}").fetchone()[0]


def _ageless(db: sqlite3.Connection) -> tuple[int, int]:
    """How many rows never age, and their bytes."""
    views.look_back_to(db, EVERYTHING)
    total, total_bytes = 0, 0
    for entity in ENTITIES:
        where = ""
        if entity.ages_by:
            ageless = f" OR {entity.ageless_with} IS NOT NULL" if entity.ageless_with else ""
            where = f" WHERE {entity.ages_by} IS NULL{ageless}"
        rows = db.execute(f"SELECT count(*) FROM temp.held_{entity.name}{where}").fetchone()[0]
        total, total_bytes = total + rows, total_bytes + rows * _row_bytes(entity.name)
    return total, total_bytes


def _youngest(db: sqlite3.Connection, most: int) -> list[tuple[int, int]]:
    """(age, bytes) of the rows that age, the youngest first: of each entity as many as take most bytes, and one."""
    ages: list[tuple[int, int]] = []
    for entity in ENTITIES:
        if entity.ages_by:
            takes = _row_bytes(entity.name)
            ageless = f" AND {entity.ageless_with} IS NULL" if entity.ageless_with else ""
            rows = db.execute(
                f"SELECT {entity.ages_by} FROM temp.held_{entity.name} WHERE {entity.ages_by} IS NOT NULL{ageless}"
                f" ORDER BY {entity.ages_by} DESC LIMIT ?",
                (max(most, 0) // takes + 1,),
            )
            ages += [(row[0], takes) for row in rows]
    return sorted(ages, reverse=True)


def _first_without_room(ages: list[tuple[int, int]], room: float) -> int:
    """The age of the youngest row that does not fit any more. A window that begins after it fits."""
    for age, takes in ages:
        room -= takes
        if room < 0:
            return age
    return EVERYTHING - 1


def _row_bytes(name: str) -> int:
    return ROW_BYTES.get(name, OTHER_ROW_BYTES)
