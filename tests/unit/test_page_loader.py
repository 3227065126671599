"""A page is checked whole before anybody asks for it."""

import pytest

from web.build.loader import load_pages
from web.build.page import PageError, Routes


@pytest.fixture
def folder(tmp_path):
    write(tmp_path, "customers", "-- page: /customers\n-- name: accounts :many\nSELECT id, name FROM account\n")
    return tmp_path


def write(folder, name, sql, html="<h1>{{ path }}</h1>"):
    (folder / f"{name}.sql").write_text(sql, encoding="utf-8")
    (folder / f"{name}.html").write_text(html, encoding="utf-8")


def message_of(folder) -> str:
    with pytest.raises(PageError) as caught:
        load_pages(folder)
    return str(caught.value)


def test_page_has_what_its_files_say(folder):
    write(
        folder,
        "account",
        "-- page: /customers/{id} /accounts/{id}\n-- query: tab=all q=\n\n"
        "-- name: account :one\n-- the whole row\nSELECT id, name FROM account WHERE id = :id AND ':x' <> :tab;\n",
    )

    account, customers = load_pages(folder)

    assert account.routes == ("/customers/{id}", "/accounts/{id}")
    assert account.defaults == {"tab": "all", "q": ""}
    assert account.placeholders == ("id",)
    [query] = account.queries
    assert (query.name, query.cardinality, query.line) == ("account", "one", 4)
    assert query.parameters == ("id", "tab")
    assert query.columns == ("id", "name")
    assert query.sql == "SELECT id, name FROM account WHERE id = :id AND ':x' <> :tab"
    assert customers.template == "customers.html"


def test_later_query_may_use_earlier_results(folder):
    write(
        folder,
        "task",
        "-- page: /tasks/{id}\n-- name: task :one\nSELECT id, account_id FROM task WHERE id = :id\n"
        "-- name: n :value\nSELECT count(*) FROM comment WHERE account_id = :task__account_id\n"
        "-- name: people :many\n"
        "SELECT id FROM user WHERE :n > 0 AND :me <> id AND :today <> :tz AND :now_ms <> :lang\n",
    )

    _, task = load_pages(folder)

    assert task.queries[1].parameters == ("task__account_id",)


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("-- pages: /x\n", "broken.sql:1: unknown directive `-- pages:`"),
        ("-- name: a :many\nSELECT 1 AS x\n", "needs a `-- page: /address` line"),
        ("-- page: customers\n", "broken.sql:1: 'customers' is not a route"),
        ("-- page: /x/{a}/{a}\n", "names one part twice"),
        ("-- page: /x/{me}\n", "a path part cannot be called me"),
        ("-- page: /x\n-- query: q\n", "broken.sql:2: 'q' is not name=default"),
        ("-- page: /x\n-- query: q= q=\n", "declared twice"),
        ("-- page: /x\n-- host: phone\n", "broken.sql:2: `-- host: phone`: only `server` can be said"),
        ("-- page: /x\n-- name: a :many\nSELECT seq FROM history\n", "no such table: history"),
        ("-- page: /x\n-- query: items=\n", "a query value cannot be called items"),
        ("-- page: /x/{q}\n-- query: q=\n", "q is both a path part and a query value"),
        ("-- page: /x\nSELECT 1\n", "broken.sql:2: SQL before the first"),
        ("-- page: /x\n-- name: a\nSELECT 1\n", "broken.sql:2: `-- name: a` must be a name and one of"),
        ("-- page: /x\n-- name: a :some\nSELECT 1\n", "must be a name and one of"),
        ("-- page: /x\n-- name: form :many\nSELECT 1\n", "a query cannot be called form"),
        ("-- page: /x\n-- name: a :many\n", "the query a has no SQL"),
        ("-- page: /x\n-- name: a :value\nSELECT 1\n-- name: a :value\nSELECT 1\n", "two queries called a"),
        ("-- page: /x\n-- name: a :value\nSELECT 1\n-- query: q=\n", "broken.sql:4: `-- query:` must stand before"),
        ("-- page: /x\n-- name: a :many\nSELECT nonsense FROM account\n", "no such column: nonsense"),
        ("-- page: /x\n-- name: a :many\nDELETE FROM account\n", "does not prepare"),
        ("-- page: /x\n-- name: a :value\nSELECT :id\n", "broken.sql:2: a uses :id, which is no path part"),
        ("-- page: /x\n-- name: a :value\nSELECT 1, 2\n", "is a :value and selects 2 columns"),
        ("-- page: /x\n-- name: a :many\nSELECT id, name AS id FROM account\n", "selects two columns called id"),
        ("-- page: /x\n-- name: a :many\nSELECT count(*) AS items FROM account\n", "selects a column called items"),
        ("-- page: /customers\n", "customers.sql:1: broken.sql already answers /customers"),
    ],
)
def test_broken_sql_file_is_named_with_its_line(folder, sql, said):
    write(folder, "broken", sql)

    assert said in message_of(folder)


@pytest.mark.parametrize(
    ("html", "said"),
    [
        ("{{ account.name }}", "page.html:1: unknown name account: the page page has no query of that name"),
        ("\n{% for row in rows %}{{ row.nmae }}{% endfor %}", "page.html:2: rows selects no column nmae"),
        ("{{ first.nmae }}", "first selects no column nmae"),
        ("{% if %}", "page.html:1: "),
        ("{% include '_gone.html' %}", "page.html:1: there is no template _gone.html"),
        ("{% include '_part.html' %}", "_part.html:1: unknown name stranger"),
        ("{% extends '_part.html' %}", "_part.html:1: unknown name stranger"),
        ("{% from '_macros.html' import hello %}", "_macros.html:1: unknown name me: a template imported without"),
    ],
)
def test_template_may_use_only_what_it_is_given(folder, html, said):
    (folder / "_part.html").write_text("{{ stranger }}")
    (folder / "_macros.html").write_text("{% macro hello() %}{{ _('Hello') }} {{ me.name }}{% endmacro %}")
    rows = "-- name: rows :many\nSELECT id, name FROM account\n"
    write(folder, "page", f"-- page: /x\n{rows}-- name: first :maybe\nSELECT id FROM account\n", html)

    assert said in message_of(folder)


@pytest.mark.parametrize(
    "html",
    [
        "{% set stranger = 1 %}{% include '_part.html' %}",
        "{% for stranger in rows %}{% include '_part.html' %}{% endfor %}",
        "{% set stranger = 1 %}{% extends '_part.html' if partial else '_layout.html' %}",
        "{% extends '_layout.html' %}{% set a = 1 %}{% block main %}{{ a }}{{ rows|length }}{% endblock %}",
        "{% from '_macros.html' import hello with context %}{{ hello() }}",
    ],
)
def test_template_may_hand_names_to_its_parts(folder, html):
    (folder / "_part.html").write_text("{{ stranger }}")
    (folder / "_layout.html").write_text("{% block main %}{% endblock %}")
    (folder / "_macros.html").write_text("{% macro hello() %}{{ _('Hello') }} {{ me.name }}{% endmacro %}")
    write(folder, "page", "-- page: /x\n-- name: rows :many\nSELECT id, name FROM account\n", html)

    assert [page.name for page in load_pages(folder)] == ["customers", "page"]


def test_sql_without_template_and_template_without_sql_are_errors(tmp_path):
    (tmp_path / "a.sql").write_text("-- page: /a\n")
    assert "there is no a.html beside it" in message_of(tmp_path)

    (tmp_path / "a.html").write_text("")
    (tmp_path / "b.html").write_text("")
    assert "there is no b.sql beside it" in message_of(tmp_path)


def test_path_goes_to_the_page_with_fewest_placeholders(folder):
    write(folder, "account", "-- page: /customers/{id}\n")
    write(folder, "account_new", "-- page: /customers/new /customers/{id}/edit\n")
    write(folder, "today", "-- page: /\n")
    routes = Routes(load_pages(folder))

    def found(path):
        match = routes.match(path)
        return match and (match[0].name, match[1])

    assert found("/") == ("today", {})
    assert found("/customers/new") == ("account_new", {"id": None})
    assert found("/customers/new/edit") == ("account_new", {"id": "new"})
    assert found("/customers/a%20b") == ("account", {"id": "a b"})
    assert found("/customers/") == ("customers", {})
    assert found("/customers/a/b") is None
    assert found("/nowhere") is None


# --- queries that several pages include


def include(folder, part: str, page: str = "-- page: /x\n-- include: _part.sql\n-- name: m :value\nSELECT :n + 1\n"):
    (folder / "_part.sql").write_text(part, encoding="utf-8")
    write(folder, "broken", page)


def test_a_page_has_the_queries_that_it_includes_where_it_includes_them(folder):
    include(folder, "-- How many.\n-- name: n :value\nSELECT count(*) FROM account\n")

    page, _ = load_pages(folder)

    assert [(query.name, query.parameters) for query in page.queries] == [("n", ()), ("m", ("n",))]


@pytest.mark.parametrize(
    ("part", "page", "said"),
    [
        ("-- name: n :value\nSELECT nothing\n", None, "_part.sql:1: the SQL of n does not prepare"),
        ("-- page: /y\n", None, "_part.sql:1: `-- page:` is for pages"),
        ("-- include: _part.sql\n", None, "_part.sql:1: `-- include: _part.sql` must be"),
        ("", "-- page: /x\n-- include: _other.sql\n", "broken.sql:2: `-- include: _other.sql` must be"),
        ("", "-- page: /x\n-- include: ../secret.sql\n", "broken.sql:2: `-- include: ../secret.sql` must be"),
        ("-- name: m :value\nSELECT 1\n", None, "broken.sql:3: there are two queries called m"),
    ],
)
def test_what_is_wrong_with_an_included_part_is_said_where_it_stands(folder, part, page, said):
    include(folder, part, *([page] if page else []))

    assert said in message_of(folder)
