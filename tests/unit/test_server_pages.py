"""The Python host of web/: queries in order, what they are given, and what a template sees."""

import pytest

from server.pages import Form, NotFound, Pages, Viewer
from sync.schema import device_script
from web.sql_functions import register

try:
    from pysqlite3 import dbapi2 as sqlite3
except ImportError:
    import sqlite3

ME = {"id": "user-wang", "name": "王芳"}
NOW_MS = 1_795_484_460_000  # 2026-11-24 09:41 in Shanghai


@pytest.fixture
def connection():
    made = sqlite3.connect(":memory:")
    register(made)
    made.executescript(device_script())
    made.execute("INSERT INTO account (id, name, owner_id) VALUES ('a1', 'Acme <b>', 'user-wang')")
    made.execute("INSERT INTO account (id, name) VALUES ('a2', 'Bolt')")
    made.execute("INSERT INTO contact (id, name, account_id) VALUES ('c1', '李雷', 'a1')")
    return made


@pytest.fixture
def show(tmp_path, connection):
    def run(sql, html, path="/x", query=None, lang="en", **more):
        (tmp_path / "x.sql").write_text(sql, encoding="utf-8")
        (tmp_path / "x.html").write_text(html, encoding="utf-8")
        pages = Pages(tmp_path)
        page, params = pages.match(path)
        viewer = Viewer(ME, lang, "Asia/Shanghai", NOW_MS, **more)
        return pages.render(connection, page, path, params, query or {}, viewer)

    return run


def test_each_cardinality_reaches_the_template_as_what_it_is(show):
    sql = """-- page: /x/{id}
-- name: account :one
SELECT id, name FROM account WHERE id = :id
-- name: parent :maybe
SELECT id FROM account WHERE id = 'nobody'
-- name: n :value
SELECT count(*) FROM account
-- name: none_found :value
SELECT id FROM account WHERE 0
-- name: contacts :many
SELECT name FROM contact WHERE account_id = :account__id AND :n = 2 AND :parent__id IS NULL
"""
    html = (
        "{{ account.name }}|{{ parent is none }}|{{ number(n) }}|{{ none_found is none }}|"
        "{{ contacts|map(attribute='name')|join }}"
    )

    assert show(sql, html, "/x/a1") == "Acme &lt;b&gt;|True|2|True|李雷"


def test_one_without_a_row_is_not_found(show):
    with pytest.raises(NotFound):
        show("-- page: /x/{id}\n-- name: account :one\nSELECT id FROM account WHERE id = :id\n", "", "/x/nobody")


def test_host_parameters_are_the_persons(show):
    sql = "-- page: /x\n-- name: host :one\nSELECT :me AS a, :today AS b, :tz AS c, :lang AS d, :now_ms AS e\n"
    html = "{{ host.a }} {{ host.b }} {{ host.c }} {{ host.d }} {{ time_of(host.e) }}"

    shown = show(sql, html, lang="zh-Hant")

    assert shown == "user-wang 2026-11-24 Asia/Shanghai zh-Hant 09:41"


def test_query_values_are_those_that_the_page_declares_with_their_defaults(show):
    sql = "-- page: /x\n-- query: q= sort=name\n-- name: echo :value\nSELECT :q || ':' || :sort\n"
    html = "{{ echo }} {{ query.q }} {{ query.stranger is defined }}"

    assert show(sql, html) == ":name  False"
    assert show(sql, html, query={"q": "王", "stranger": "x"}) == "王:name 王 False"


def test_refusals_of_a_form_are_sentences_in_the_persons_language(show):
    html = (
        "{{ form.errors['a.name'] }}|{{ form.errors['a.note'] }}|{{ form.values['a.name'] }}|"
        "{{ form.errors['a.x'] or 'fine' }}"
    )
    form = Form({"a.name": ("too_long", {"most": 2000}), "a.note": "In words already."}, {"a.name": "<typed>"})

    assert show("-- page: /x\n", html, form=form) == (
        "This is too long: at most 2,000 characters.|In words already.|&lt;typed&gt;|fine"
    )
    assert show("-- page: /x\n", "{{ form.errors|length }}{{ form.values.get('a', 'x') }}") == "0x"


def test_imported_macros_see_text_functions_of_the_render_that_runs(show, tmp_path):
    (tmp_path / "_parts.html").write_text("{% macro when(day) %}{{ day_of(day) }}{% endmacro %}")
    html = "{% import '_parts.html' as parts %}{{ parts.when(today) }}"

    assert show("-- page: /x\n", html, lang="en") == "Today"
    assert show("-- page: /x\n", html, lang="zh-Hans") == "今天"


def test_null_prints_as_nothing(show):
    sql = "-- page: /x\n-- name: rows :many\nSELECT owner_id FROM account ORDER BY id\n"

    assert show(sql, "{% for row in rows %}[{{ row.owner_id }}]{% endfor %}") == "[user-wang][]"


def test_fragment_or_page_is_the_templates_choice(show, tmp_path):
    (tmp_path / "_layout.html").write_text("<html>{% block main %}{% endblock %}</html>")
    (tmp_path / "_partial.html").write_text("{% block main %}{% endblock %}")
    html = '{% extends "_partial.html" if partial else "_layout.html" %}{% block main %}M{% endblock %}'

    assert show("-- page: /x\n", html) == "<html>M</html>"
    assert show("-- page: /x\n", html, partial=True) == "M"
