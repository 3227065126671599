"""What a page is once it has been read: routes, defaults, queries, a template.  Knows nothing of files or hosts."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import unquote

CARDINALITIES = ("one", "maybe", "many", "value")


class PageError(Exception):
    """Something in web/pages is wrong: says file, line and what to do."""

    def __init__(self, file: str, line: int, message: str) -> None:
        super().__init__(f"{file}:{line}: {message}")
        self.file, self.line, self.message = file, line, message


@dataclass(frozen=True)
class Query:
    """One named SELECT.

    cardinality: 'one', 'maybe', 'many' or 'value'.
    parameters: the names after ':' in the SQL, in order, each once.
    columns: the names of what it selects.
    line: where it stands in its file.
    file: that file, where it is one that several pages include; '' for the page's own.
    """

    name: str
    cardinality: str
    sql: str
    parameters: tuple[str, ...]
    line: int
    columns: tuple[str, ...] = ()
    file: str = ""


@dataclass(frozen=True)
class Page:
    """A page: which addresses it answers and what it shows.

    routes: like '/customers/{id}'.
    defaults: query-string value -> what it is when the address does not say.
    host: 'server' where only the server can answer (it reads what no device holds), else ''.
    """

    name: str
    routes: tuple[str, ...]
    defaults: dict[str, str]
    queries: tuple[Query, ...]
    template: str
    host: str = ""
    placeholders: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        names = (name for route in self.routes for name in route_placeholders(route))
        object.__setattr__(self, "placeholders", tuple(dict.fromkeys(names)))


def route_parts(route: str) -> list[str]:
    return route.strip("/").split("/")


def placeholder(part: str) -> str:
    """The name inside a '{name}' part, or ''."""
    return part[1:-1] if part.startswith("{") and part.endswith("}") else ""


def route_placeholders(route: str) -> list[str]:
    return [name for part in route_parts(route) if (name := placeholder(part))]


class Routes:
    """Finds the page that answers a path: of several, the one with the fewest placeholders."""

    def __init__(self, pages: list[Page]) -> None:
        entries = [(route_parts(route), page) for page in pages for route in page.routes]
        self._entries = sorted(entries, key=lambda entry: sum(1 for part in entry[0] if placeholder(part)))

    def match(self, path: str) -> tuple[Page, dict[str, str | None]] | None:
        """The page and its path parts, decoded; parts that only the page's other routes have are None."""
        parts = route_parts(path)
        for route, page in self._entries:
            found = _match_parts(route, parts)
            if found is not None:
                return page, {**dict.fromkeys(page.placeholders), **found}
        return None


def _match_parts(route: list[str], parts: list[str]) -> dict[str, str] | None:
    if len(route) != len(parts):
        return None
    found = {}
    for wanted, part in zip(route, parts, strict=True):
        name = placeholder(wanted)
        if name and part:
            found[name] = unquote(part)
        elif wanted != part:
            return None
    return found
