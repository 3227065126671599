"""Every page of web/pages gives the same bytes on both hosts for the same rows.

The rows of tests/page_rows.py stand in Python's SQLite and in the worker's replica; each page is rendered in
three languages, whole and in part, with its query values set and not, with a refused form, and on a device
that holds nothing.
"""

from __future__ import annotations

import difflib
import functools
import itertools

import pytest

from server.pages import Form, NotFound, Pages, Viewer
from sync.entities import BY_NAME
from sync.schema import device_script
from tests import page_rows
from web.build.bundle import bundle
from web.sql_functions import register

try:
    from pysqlite3 import dbapi2 as sqlite3
except ImportError:
    import sqlite3

SYNC = {"host": "device", "waiting": 2, "refused": 1, "last_ms": page_rows.NOW_MS - 60_000, "state": "needs_you"}
SYNC |= {"window_ms": page_rows.NOW_MS - 180 * page_rows.DAY, "accounts_elsewhere": 12_345}
# What a person may have put into the address: a page takes those that it declares.
QUERY = {
    "q": "王",
    "account_q": "acme",
    "date": "2026-10-25",
    "day": "2026-10-25",
    "view": "week",
    "who": "team",
    "kind": "visit",
    "type": "activity",
    "level": "a",
    "owner": "user-wang",
    "account": "acc-wang",
    "contact": "con-li",
    "event": "eve-today",
    "entity": "account",
    "target": "account",
    "target_entity": "account",
    "target_id": "acc-wang",
    "id": "acc-wang",
    "time": "10:15",
    "sort": "quiet",
    "part": "rows",
    "show": "all",
    "whose": "all",
    **{f"c{n}": f"conf-{n}" for n in range(1, 9)},
    "server": "1",
    "to": "user-li",
    "rest": "user-anna",
    "region": "上海",
    "keep": "read",
    "until": "2026-12-31",
    "on": "2026-12-01",
    "what": "following",
    "box": "mine",
    "definition": "def-leave",
    "seen": "else",
    "advance": "app-advance",
    "period": "quarter",
    "by": "person",
    "state": "claimed",
    "department": "dep-all",
    "activity": "act-visit",
    "like": "line-3",
    "request": "app-done",
}
MOST_PATHS = 4
FORM = {
    "errors": {"a.name": ["too_long", {"most": 200}], "": ["storage_full", {}]},
    "values": {"a.name": "<typed> 王", "e.title": "T"},
}

RENDER = """async (jobs) => {
  const { openReplica } = await import('/service_worker/replica.js');
  const { registerSqlFunctions } = await import('/service_worker/sql_functions.js');
  const { loadPinyin } = await import('/service_worker/latin.js');
  const { createPages, NotFound } = await import('/service_worker/pages.js');
  const { PAGES } = await import('/generated/pages.gen.js');
  const { TEMPLATES } = await import('/generated/templates.gen.js');
  const { CATALOGUES } = await import('/generated/catalogues.gen.js');
  const { DEVICE_SCRIPT, SCHEMA_HASH } = await import('/generated/model.gen.js');
  const { PINYIN } = await import('/generated/pinyin.gen.js');
  loadPinyin(PINYIN);
  const replica = await openReplica({
    name: 'pages-equal', wasm: () => fetch('/service_worker/vendor/sqlite3-3.54.1.wasm'),
    schema: DEVICE_SCRIPT, schemaHash: SCHEMA_HASH,
    functions: registerSqlFunctions,
  });
  await replica.tx(() => { for (const { sql, params } of jobs.inserts) replica.run(sql, params); });
  const pages = createPages({ pages: PAGES, templates: TEMPLATES, catalogues: CATALOGUES }, replica);
  const answers = [];
  const times = [];
  for (const job of jobs.renders) {
    const found = pages.match(job.path);
    const start = performance.now();
    try {
      if (found.page.name !== job.page) throw new Error(`went to ${found.page.name}`);
      answers.push(pages.render(found.page, { ...job, params: found.params, ...jobs.viewer }));
    } catch (error) {
      answers.push(error instanceof NotFound ? 'not found' : `threw ${error.stack}`);
    }
    times.push(performance.now() - start);
  }
  await replica.destroy();
  return { answers, times };
}"""


@pytest.fixture(scope="module")
def pages() -> Pages:
    return Pages()


def of_both_hosts(pages: Pages) -> list:
    """What only the server answers has nothing to be equal to."""
    return [page for page in pages.pages if not page.host]


@pytest.fixture(scope="module")
def modules() -> dict[str, str]:
    return bundle()


def inserts() -> list[dict]:
    tables = {**page_rows.rows(), "outbox": page_rows.outbox()}
    return [insert(table, row) for table, rows in tables.items() for row in rows]


def insert(table: str, row: dict) -> dict:
    values = {f":{column}": value for column, value in row.items()}
    columns = list(row)
    markers = list(values)
    if table in BY_NAME and BY_NAME[table].search:
        columns.append("search_key")
        markers.append(f"search_key({', '.join(':' + column for column in BY_NAME[table].search)})")
    return {"sql": f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({', '.join(markers)})", "params": values}


@functools.cache
def database(is_empty: bool):
    connection = sqlite3.connect(":memory:")
    register(connection)
    connection.executescript(device_script())
    for statement in [] if is_empty else inserts():
        connection.execute(statement["sql"], {name[1:]: value for name, value in statement["params"].items()})
    return connection


def viewer(job: dict) -> Viewer:
    form = Form(**job["form"]) if job["form"] else Form()
    return Viewer(page_rows.ME, job["lang"], job["tz"], page_rows.NOW_MS, job["partial"], form, SYNC)


def by_python(pages: Pages, job: dict, is_empty: bool) -> str:
    page, params = pages.match(job["path"])
    try:
        return pages.render(database(is_empty), page, job["path"], params, job["query"], viewer(job))
    except NotFound:
        return "not found"


def job(page, path: str, lang: str = "en", **more) -> dict:
    plain = {"query": {}, "partial": False, "form": None, "tz": "Asia/Shanghai"}
    return {"page": page.name, "path": path, "lang": lang, **plain, **more}


def ways_to_show(page, path: str) -> list[dict]:
    query = {name: value for name, value in QUERY.items() if name in page.defaults}
    return [
        job(page, path),
        job(page, path, "zh-Hans", query=query),
        job(page, path, "zh-Hant", tz="Europe/Berlin", form=FORM),
        job(page, path, partial=True),
        job(page, path, "zh-Hans", partial=True, query=query, form=FORM, tz="America/Sao_Paulo"),
    ]


def paths(pages: Pages, page, is_empty: bool) -> list[str]:
    """Addresses that the page answers, at most MOST_PATHS: with rows' ids in its placeholders, where it is no 404."""
    candidates = (path for route in page.routes for path in filled(route))
    return list(itertools.islice((path for path in candidates if answers(pages, page, path, is_empty)), MOST_PATHS))


def answers(pages: Pages, page, path: str, is_empty: bool) -> bool:
    match = pages.match(path)
    if not match or match[0] is not page:
        return False
    asked = [job(page, path), job(page, path, query={name: QUERY[name] for name in page.defaults if name in QUERY})]
    return any(by_python(pages, one, is_empty) != "not found" for one in asked)


def filled(route: str) -> list[str]:
    names = [part[1:-1] for part in route.split("/") if part.startswith("{")]
    ids = [row["id"] for rows in page_rows.rows().values() for row in rows]
    choices = [list(BY_NAME) if name in ("entity", "kind", "target", "target_entity") else ids for name in names]
    routes = []
    for values in itertools.product(*choices):
        path = route
        for name, value in zip(names, values, strict=True):
            path = path.replace("{" + name + "}", value)
        routes.append(path)
    return routes


def in_browser(chromium, checkout_url, modules, script: str, arg):
    """What a script gives in a page that can import the worker's modules and the generated ones."""
    context = chromium.new_context()
    page = context.new_page()

    def generated(route):
        route.fulfill(body=modules[route.request.url.rpartition("/")[2]], content_type="text/javascript")

    page.route("**/generated/*.gen.js", generated)
    page.goto(f"{checkout_url}/tests/browser/blank.html")
    try:
        return page.evaluate(script, arg)
    finally:
        context.close()


def first_difference(job: dict, expected: str, got: str) -> str:
    lines = difflib.unified_diff(expected.splitlines(), got.splitlines(), "python", "javascript", lineterm="", n=1)
    return "\n".join([f"{job}", *itertools.islice(lines, 40)])


@pytest.mark.parametrize("is_empty", [False, True], ids=["with rows", "without rows"])
def test_every_page_is_the_same_bytes_on_both_hosts(chromium, checkout_url, pages, modules, is_empty):
    jobs = [
        way
        for page in of_both_hosts(pages)
        for path in paths(pages, page, is_empty)
        for way in ways_to_show(page, path)
    ]

    viewer = {"me": page_rows.ME, "now_ms": page_rows.NOW_MS, "sync": SYNC}
    arg = {"renders": jobs, "inserts": [] if is_empty else inserts(), "viewer": viewer}
    shown = in_browser(chromium, checkout_url, modules, RENDER, arg)

    for one, got in zip(jobs, shown["answers"], strict=True):
        expected = by_python(pages, one, is_empty)
        assert got == expected, first_difference(one, expected, got)
    slowest = sorted(zip(shown["times"], (one["path"] for one in jobs), strict=True), reverse=True)[:3]
    print(f"{len(jobs)} pages; slowest ms: {slowest}")


def test_rows_of_the_fixture_reach_every_page(pages):
    unreached = [page.name for page in of_both_hosts(pages) if not paths(pages, page, is_empty=False)]

    assert unreached == []


ADDRESSES = [
    *("/", "", "//", "/customers", "/customers/", "/customers/new"),
    *("/customers/a%20b", "/customers/%", "/customers//edit", "/none", "/a/b/c/d"),
]

MATCH = """async (arg) => {
  const { createPages } = await import('/service_worker/pages.js');
  const { PAGES } = await import('/generated/pages.gen.js');
  const pages = createPages({ pages: PAGES, templates: {}, catalogues: {} }, null);
  return arg.map((path) => pages.match(path)).map((found) => found && [found.page.name, found.params]);
}"""


def test_both_hosts_find_the_same_page_for_an_address(chromium, checkout_url, pages, modules):
    expected = [found and [found[0].name, found[1]] for found in map(pages.match, ADDRESSES)]

    assert in_browser(chromium, checkout_url, modules, MATCH, ADDRESSES) == expected
