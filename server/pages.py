"""The Python host of web/: answers a page from rows, knowing no page in particular.

    pages = Pages()                                   # once; raises PageError for a broken page
    found = pages.match("/customers/0193…")           # (page, path parts) or None
    html = pages.render(connection, page, path, params, query, viewer)

`connection` is a scoped reader (`firm.read(user_id)`), on which `web.sql_functions.register` was called.
`path` is the address without its query, as the browser sent it; `query` any mapping of the query string
(what the page does not declare is dropped).  render raises NotFound where a `:one` query has no row.
Nothing here knows HTTP: statuses, headers and redirects are the caller's.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path

from web.build.loader import PAGES_FOLDER, load_pages
from web.build.page import Page, Query, Routes
from web.build.templates import TEXT_FUNCTIONS, environment
from web.text import Text


class NotFound(Exception):
    """The page has nothing to show for this address (or nothing that this person may see)."""


@dataclass(frozen=True)
class Form:
    """What came of a form: why inputs were refused and what was typed, both by input name.

    A refusal is (code, detail) or a sentence; templates see sentences.
    """

    errors: Mapping = field(default_factory=dict)
    values: Mapping = field(default_factory=dict)


@dataclass(frozen=True)
class Viewer:
    """Who asks, and how.

    me: the `user` row joined with preferences, see ARCHITECTURE.md.
    partial: only a fragment is wanted.
    sync: what the sync chip says; the server has nothing to send.
    """

    me: Mapping
    lang: str
    tz: str
    now_ms: int
    partial: bool = False
    form: Form = field(default_factory=Form)
    sync: Mapping = field(
        default_factory=lambda: {
            **{"host": "server", "waiting": 0, "refused": 0, "last_ms": None, "state": "synced"},
            **{"files": 0, "files_sending": False, "files_refused": []},
            **{"window_ms": None, "accounts_elsewhere": 0, "locked": "", "lock_kind": "", "lease_left": None},
        }
    )


class Pages:
    """All pages of the app (or those of these names, for tests of one page), read and checked once."""

    def __init__(self, folder: Path = PAGES_FOLDER, names: Collection[str] | None = None) -> None:
        self.pages = load_pages(folder, names)
        self._routes = Routes(self.pages)
        self._environment = environment(folder, text_functions())

    def match(self, path: str) -> tuple[Page, dict[str, str | None]] | None:
        """The page that answers a path, with the path's parts by name."""
        return self._routes.match(path)

    def render(
        self, connection, page: Page, path: str, params: Mapping, query: Mapping[str, str], viewer: Viewer
    ) -> str:
        """The page's HTML.  Raises NotFound."""
        text = Text(viewer.lang, viewer.tz, viewer.now_ms)
        query = {name: str(query.get(name, default)) for name, default in page.defaults.items()}
        given = {
            **params,
            **query,
            "me": viewer.me["id"],
            "now_ms": viewer.now_ms,
            "today": text.today,
            "tz": viewer.tz,
            "lang": text.lang,
        }
        results = run_queries(connection, page, given)
        context = {
            "me": viewer.me,
            "lang": text.lang,
            "path": path,
            "params": dict(params),
            "query": query,
            "today": text.today,
            "now_ms": viewer.now_ms,
            "tz": viewer.tz,
            "partial": viewer.partial,
            "form": _form_in_words(viewer.form, text),
            "sync": viewer.sync,
        }
        with speaking(text):
            return self._environment.get_template(page.template).render({**results, **context})


def run_queries(connection, page: Page, given: Mapping) -> dict:
    """Query name -> rows, row or value, in the page's order.  Raises NotFound for a `:one` without a row."""
    given, results = dict(given), {}
    for query in page.queries:
        results[query.name] = result = _run(connection, query, given)
        if query.cardinality == "value":
            given[query.name] = result
        elif query.cardinality in ("one", "maybe"):
            for column in query.columns:
                given[f"{query.name}__{column}"] = result[column] if result else None
    return results


def _run(connection, query: Query, given: Mapping):
    cursor = connection.execute(query.sql, {name: given[name] for name in query.parameters})
    columns = [column[0] for column in cursor.description]
    if query.cardinality == "many":
        return [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()]
    row = cursor.fetchone()
    if query.cardinality == "value":
        return row[0] if row else None
    if query.cardinality == "one" and row is None:
        raise NotFound(query.name)
    return dict(zip(columns, row, strict=True)) if row else None


def _form_in_words(form: Form, text: Text) -> Form:
    errors = {
        name: refusal if isinstance(refusal, str) else text.reason(*refusal) for name, refusal in form.errors.items()
    }
    return Form(errors, dict(form.values))


# The text functions of the render that runs now.  They are globals of the environment, so that imported
# macros see them without `with context`, and so they cannot be bound to one person.
_text: ContextVar[dict] = ContextVar("text functions")


@contextmanager
def speaking(text: Text):
    """While this holds, templates speak this person's language, in whatever they import."""
    token = _text.set(text.functions())
    try:
        yield
    finally:
        _text.reset(token)


def text_functions() -> dict:
    """The globals of an environment whose templates are rendered while `speaking`."""
    return {name: _text_function(name) for name in TEXT_FUNCTIONS}


def _text_function(name: str):
    def call(*values, **named):
        return _text.get()[name](*values, **named)

    call.__name__ = name
    return call
