"""Prepares every query of a page against an empty database of a device's schema, and looks at its parameters.

A query that passes here has columns that exist, parameters that the host gives, and column names that a
template can tell apart.
"""

from __future__ import annotations

import re
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from sync.schema import device_script
from web.sql_functions import register

from .page import Page, PageError, Query
from .templates import HOST_PARAMETERS

try:  # the SQLite that the server uses, see server/database.py
    from pysqlite3 import dbapi2 as sqlite3
except ImportError:
    import sqlite3

# What a page with `-- host: server` may read beside a device's tables: the views that server/scope.py makes.
SERVER_SCRIPT = """
CREATE TABLE history (seq, entity, row_id, unit, old, new, user_id, device_id, device_name, op_id, at_ms, in_force);
CREATE TABLE tombstone (entity, id, version, title, field, value, author_id);
"""

_TOKEN = re.compile(r"'(?:[^']|'')*'|\"[^\"]*\"|--[^\n]*|/\*.*?\*/|:([A-Za-z_][A-Za-z0-9_]*)", re.DOTALL)
_MAPPING_METHODS = frozenset(name for name in dir(dict) if not name.startswith("_"))


def parameters_of(sql: str) -> tuple[str, ...]:
    """The names after ':' outside strings and comments."""
    return tuple(dict.fromkeys(match[1] for match in _TOKEN.finditer(sql) if match[1]))


def check_queries(page: Page, folder: Path) -> Page:
    """The page with the columns of its queries filled in.  Raises PageError."""
    own_file = str(folder / f"{page.name}.sql")
    known = {*HOST_PARAMETERS, *page.placeholders, *page.defaults}
    checked = []
    for query in page.queries:
        file = query.file or own_file
        query = replace(query, columns=_columns(file, query, page.host))
        _check_columns(file, query)
        _check_parameters(file, query, known)
        known |= _results(query)
        checked.append(query)
    return replace(page, queries=tuple(checked))


def _columns(file: str, query: Query, host: str) -> tuple[str, ...]:
    try:
        nothing = dict.fromkeys(query.parameters)
        # Inside FROM (…) only a SELECT can stand, and nothing is read.
        cursor = _empty_database(host).execute(f"SELECT * FROM (\n{query.sql}\n) LIMIT 0", nothing)
    except sqlite3.Error as error:
        raise PageError(file, query.line, f"the SQL of {query.name} does not prepare: {error}") from error
    return tuple(column[0] for column in cursor.description)


@lru_cache(maxsize=2)
def _empty_database(host: str):
    connection = sqlite3.connect(":memory:", check_same_thread=False)
    register(connection)
    connection.executescript(device_script())
    if host == "server":
        connection.executescript(SERVER_SCRIPT)
    return connection


def _check_columns(file: str, query: Query) -> None:
    if query.cardinality == "value":
        if len(query.columns) > 1:
            raise PageError(file, query.line, f"{query.name} is a :value and selects {len(query.columns)} columns")
        return
    for column in query.columns:
        if re.search(r":\d+$", column):  # how SQLite tells two columns of one name apart
            name = column.rpartition(":")[0]
            raise PageError(file, query.line, f"{query.name} selects two columns called {name}: rename one with AS")
        if column in _MAPPING_METHODS:
            raise PageError(file, query.line, f"{query.name} selects a column called {column}: rename it with AS")


def _check_parameters(file: str, query: Query, known: set[str]) -> None:
    for name in query.parameters:
        if name not in known:
            raise PageError(
                file,
                query.line,
                f"{query.name} uses :{name}, which is no path part, no `-- query:` value, none of "
                f"{', '.join(':' + given for given in HOST_PARAMETERS)}, and no earlier :value or :one result",
            )


def _results(query: Query) -> set[str]:
    """The parameters that later queries may use because of this one."""
    if query.cardinality == "value":
        return {query.name}
    if query.cardinality in ("one", "maybe"):
        return {f"{query.name}__{column}" for column in query.columns}
    return set()
