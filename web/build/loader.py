"""Reads web/pages: `name.sql` (directives and named queries) beside `name.html` (a template).

`_name.sql` holds queries that several pages include.

Everything that can be wrong with a page is found here, before anybody asks for it, and raised as a
PageError with file and line.  Never opens a firm's database: queries are prepared against an empty one.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from . import kept
from .check_sql import check_queries, parameters_of
from .check_templates import check_templates, fingerprint
from .page import CARDINALITIES, Page, PageError, Query, placeholder, route_parts
from .templates import CONTEXT_NAMES, HOST_PARAMETERS, TEXT_FUNCTIONS

PAGES_FOLDER = Path(__file__).parent.parent / "pages"

_DIRECTIVE = re.compile(r"--\s*([a-z_]+):(?:\s+(.*))?$")
_QUERY_HEAD = re.compile(r"([a-z][a-z0-9_]*)\s+:([a-z]+)$")
_NAME = re.compile(r"[a-z][a-z0-9_]*")
_ROUTE = re.compile(r"/|(/([A-Za-z0-9._~-]+|\{[a-z][a-z0-9_]*\}))+")

# `query.items` in a template would be the mapping's own method, in Python only.
MAPPING_METHODS = frozenset(name for name in dir(dict) if not name.startswith("_"))


def load_pages(folder: Path = PAGES_FOLDER, names: Collection[str] | None = None) -> list[Page]:
    """Every page of a folder, or those of these names, checked, by name.  Raises PageError."""
    return list(_load_pages(folder, None if names is None else frozenset(names), fingerprint(folder)))


@lru_cache(maxsize=8)
def _load_pages(folder: Path, names: frozenset[str] | None, _fingerprint: tuple) -> tuple[Page, ...]:
    files = sorted(file for file in folder.glob("*.sql") if not file.name.startswith("_"))
    pages = [read_page(file) for file in files if names is None or file.stem in names]
    if names is None:
        _check_every_template_has_a_page(folder, pages)
    _check_routes_differ(folder, pages)
    pages = [check_queries(page, folder) for page in pages]
    if folder != PAGES_FOLDER or not kept.path().exists():
        check_templates(pages, folder)
    return tuple(pages)


def read_page(file: Path) -> Page:
    """One page as its files say, before its SQL and its template are looked into."""
    reader = _Reader(file)
    reader.read()
    page = reader.page(file.stem)
    if not file.with_suffix(".html").exists():
        raise PageError(str(file), 1, f"there is no {file.stem}.html beside it: a page is a .sql and a .html")
    return page


class _Reader:
    """Takes a .sql file line by line."""

    def __init__(self, path: Path, is_part: bool = False) -> None:
        self.path = path
        self.file = str(path)
        self.is_part = is_part
        self.routes: list[str] = []
        self.defaults: dict[str, str] = {}
        self.host = ""
        self.queries: list[Query] = []
        self.head: tuple[str, str, int] | None = None
        self.lines: list[str] = []

    def read(self) -> None:
        for number, line in enumerate(self.path.read_text(encoding="utf-8").splitlines(), 1):
            self.take(number, line)
        self.end_query()

    def take(self, number: int, line: str) -> None:
        directive = _DIRECTIVE.match(line.strip())
        if directive:
            self.take_directive(number, directive[1], (directive[2] or "").strip())
        elif line.strip().startswith("--") or not line.strip():
            return
        elif self.head:
            self.lines.append(line.rstrip())
        else:
            raise PageError(self.file, number, "SQL before the first `-- name: … :many` line")

    def take_directive(self, number: int, word: str, rest: str) -> None:
        if word == "name":
            self.end_query()
            self.begin_query(number, rest)
        elif word == "include":
            self.end_query()
            self.include(number, rest)
        elif self.is_part:
            raise PageError(self.file, number, f"`-- {word}:` is for pages; in a part stands `-- name:` only")
        elif word not in ("page", "query", "host"):
            known = "`-- page:`, `-- query:`, `-- host:`, `-- include:` and `-- name:`"
            raise PageError(self.file, number, f"unknown directive `-- {word}:`; known are {known}")
        elif self.head or self.queries:
            raise PageError(self.file, number, f"`-- {word}:` must stand before the first `-- name:`")
        elif word == "page":
            self.take_routes(number, rest)
        elif word == "host":
            self.take_host(number, rest)
        else:
            self.take_defaults(number, rest)

    def include(self, number: int, rest: str) -> None:
        """The queries of a part, as if they stood here."""
        part = self.path.parent / rest
        if self.is_part or not re.fullmatch(r"_[a-z_]+\.sql", rest) or not part.is_file():
            raise PageError(self.file, number, f"`-- include: {rest}` must be the _name.sql of a part beside this page")
        reader = _Reader(part, is_part=True)
        reader.read()
        for query in reader.queries:
            self.check_query_name(number, query.name)
            self.queries.append(replace(query, file=reader.file))

    def take_routes(self, number: int, rest: str) -> None:
        for route in rest.split():
            if not _ROUTE.fullmatch(route):
                raise PageError(self.file, number, f"{route!r} is not a route; write /customers or /customers/{{id}}")
            names = [name for part in route_parts(route) if (name := placeholder(part))]
            if len(set(names)) < len(names):
                raise PageError(self.file, number, f"the route {route} names one part twice")
            for name in names:
                self.check_name(number, name, "path part")
            self.routes.append(route)

    def take_host(self, number: int, rest: str) -> None:
        if rest != "server":
            raise PageError(self.file, number, f"`-- host: {rest}`: only `server` can be said, or nothing")
        self.host = rest

    def take_defaults(self, number: int, rest: str) -> None:
        for pair in rest.split():
            name, equals, value = pair.partition("=")
            if not equals or not _NAME.fullmatch(name):
                raise PageError(self.file, number, f"{pair!r} is not name=default; a default without text is `q=`")
            self.check_name(number, name, "query value")
            if name in self.defaults:
                raise PageError(self.file, number, f"the query value {name} is declared twice")
            self.defaults[name] = value

    def check_name(self, number: int, name: str, what: str) -> None:
        if name in HOST_PARAMETERS or name in MAPPING_METHODS:
            raise PageError(self.file, number, f"a {what} cannot be called {name}: the name is taken")

    def begin_query(self, number: int, rest: str) -> None:
        head = _QUERY_HEAD.match(rest)
        if not head or head[2] not in CARDINALITIES:
            raise PageError(self.file, number, f"`-- name: {rest}` must be a name and one of :one :maybe :many :value")
        name = head[1]
        if name in CONTEXT_NAMES or name in TEXT_FUNCTIONS or name in HOST_PARAMETERS:
            raise PageError(self.file, number, f"a query cannot be called {name}: every template has a {name} already")
        self.check_query_name(number, name)
        self.head = (name, head[2], number)

    def check_query_name(self, number: int, name: str) -> None:
        if any(query.name == name for query in self.queries):
            raise PageError(self.file, number, f"there are two queries called {name}")

    def end_query(self) -> None:
        if not self.head:
            return
        name, cardinality, line = self.head
        sql = "\n".join(self.lines).strip().rstrip(";").rstrip()
        if not sql:
            raise PageError(self.file, line, f"the query {name} has no SQL")
        self.queries.append(Query(name, cardinality, sql, parameters_of(sql), line))
        self.head, self.lines = None, []

    def page(self, name: str) -> Page:
        if not self.routes:
            raise PageError(self.file, 1, "a page needs a `-- page: /address` line")
        for part in {name for route in self.routes for name in map(placeholder, route_parts(route)) if name}:
            if part in self.defaults:
                raise PageError(self.file, 1, f"{part} is both a path part and a query value")
        return Page(name, tuple(self.routes), self.defaults, tuple(self.queries), f"{name}.html", self.host)


def _check_every_template_has_a_page(folder: Path, pages: list[Page]) -> None:
    names = {page.name for page in pages}
    for file in sorted(folder.glob("*.html")):
        if not file.name.startswith("_") and file.stem not in names:
            raise PageError(str(file), 1, f"there is no {file.stem}.sql beside it; parts are called _{file.name}")


def _check_routes_differ(folder: Path, pages: list[Page]) -> None:
    owners: dict[str, Page] = {}
    for page in pages:
        for route in page.routes:
            shape = "/".join("{}" if placeholder(part) else part for part in route_parts(route))
            other = owners.setdefault(shape, page)
            if other is not page:
                raise PageError(str(folder / f"{page.name}.sql"), 1, f"{other.name}.sql already answers {route}")
