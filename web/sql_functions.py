"""The SQL functions that pages use, for Python's SQLite.  `service_worker/sql_functions.js` is the other host's.

All are deterministic: the same arguments give the same answer on every host, always.
"""

from __future__ import annotations

import json

from sync import recurrence
from sync.ids import derived_id
from sync.overlaps import overlapping

from . import dates


def register(connection) -> None:
    """Make the functions known to a connection (sqlite3 or pysqlite3)."""
    for name, arguments, function in FUNCTIONS:
        connection.create_function(name, arguments, function, deterministic=True)


def _fold(text: object) -> str:
    from sync.latin import fold

    return fold(_as_text(text))


def _search_key(*texts: object) -> str:
    from sync.latin import search_key

    return search_key(*(_as_text(text) for text in texts))


def _occurrences(*series: object) -> str:
    return _json(recurrence.occurrences(*series))


def _next_occurrence(*series: object) -> str | None:
    return _json(recurrence.next_occurrence(*series))


def _occurrence_on(*series: object) -> str | None:
    return _json(recurrence.occurrence_on(*series))


def _overlapping(spans: object) -> str | None:
    return _json(overlapping(json.loads(spans))) if isinstance(spans, str) else None


def _derived_id(*texts: object) -> str:
    return derived_id(*(_as_text(text) for text in texts))


def _json(value: object) -> str | None:
    return None if value is None else json.dumps(value, separators=(",", ":"))


def _as_text(value: object) -> str:
    return "" if value is None else str(value)


# name, number of arguments (-1: any), function
FUNCTIONS = (
    ("fold", 1, _fold),
    ("search_key", -1, _search_key),
    ("day_start_ms", 2, dates.day_start_ms),
    ("at_clock", 3, dates.at_clock),
    ("local_date", 2, dates.local_date),
    ("add_days", 2, dates.add_days),
    ("weekday", 1, dates.weekday),
    ("week_start", 1, dates.week_start),
    ("occurrences", 7, _occurrences),
    ("next_occurrence", 6, _next_occurrence),
    ("occurrence_on", 6, _occurrence_on),
    ("rule_until", 2, recurrence.rule_until),
    ("rule_from", 4, recurrence.rule_from),
    ("rule_parts", 2, recurrence.rule_parts),
    ("overlapping", 1, _overlapping),
    ("derived_id", -1, _derived_id),
)
