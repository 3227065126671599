"""What reminds people.  A birthday, or the last day of a contract, would be one more source like those in `days`."""

from __future__ import annotations

from .appointments import APPOINTMENTS
from .days import NEXT_CONTACTS, TASKS
from .steps import STEPS

SOURCES = (APPOINTMENTS, TASKS, NEXT_CONTACTS, STEPS)

BY_ENTITY = {source.entity: source for source in SOURCES}
BY_KIND = {source.kind: source for source in SOURCES}
