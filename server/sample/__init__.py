"""A firm to try Roadbook with: believable, the same on every machine but for the date.

    people = make_sample(firm, now_ms)

Everything is written through the same door as what phones send; the conflicts come from the real merge.
"""

from __future__ import annotations

import random
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from server.sign_in import passwords

from .approvals import add_approvals
from .conflicts import add_conflicts
from .customers import add_customers
from .diary import Diary
from .handovers import add_handovers, add_pool_rules
from .people import PASSWORD, PEOPLE, add_people, sample_people
from .work import DAY_MS, HISTORY_DAYS, Story, add_work

__all__ = ["make_sample", "sample_people"]

SEED = 20070901


def make_sample(firm, now_ms: int) -> list[tuple[str, str, str, str]]:
    """Fill a new firm; returns (login, password, name, role in a sentence) of everyone."""
    chance, diary = random.Random(SEED), Diary(now_ms)
    zone = ZoneInfo(firm.timezone)
    today = datetime.fromtimestamp(now_ms / 1000, zone).date()

    def at(offset: int, hour: int, minute: int) -> int:
        moment = datetime.combine(today + timedelta(days=offset), time(hour, minute), zone)
        return int(moment.timestamp() * 1000)

    start_ms = at(-HISTORY_DAYS, 9, 0)
    add_people(diary, start_ms - 30 * DAY_MS)
    diary.write(firm)
    _let_in(firm)
    customers = add_customers(
        diary, chance, start_ms - 20 * DAY_MS, now_ms, lambda offset: (today + timedelta(days=offset)).isoformat()
    )
    story = Story(diary, chance, customers, today, now_ms, at)
    add_work(story)
    add_pool_rules(story)
    add_handovers(story)
    diary.write(firm)
    add_conflicts(firm, now_ms)
    add_approvals(firm, story)
    return sample_people()


def _let_in(firm) -> None:
    """One hash for all: they share the password, and a hash takes a moment."""
    password_hash = passwords.hash_password(PASSWORD)

    def job(conn) -> None:
        for person in PEOPLE:
            passwords.store(conn, person.id, person.login, password_hash)

    firm.write_now(job)
