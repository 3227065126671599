"""Compiled templates give the bytes that Jinja2 gives: every case of tests/cases/templates, in one page load."""

import json

import jinja2
import pytest

from tests.conftest import ROOT
from web.build.compiler import compile_folder
from web.build.compiler_vocabulary import CHOOSING_FILTERS, FILTERS, GLOBALS, TESTS
from web.build.templates import environment

FOLDER = ROOT / "tests" / "cases" / "templates"
CASES = sorted(file.name for file in FOLDER.glob("*.html") if not file.name.startswith("_"))
CONTEXT = json.loads((FOLDER / "context.json").read_text(encoding="utf-8"))

RENDER_ALL = """(async () => {
  const { TEMPLATES } = await import('/generated/templates.gen.js');
  const { Rendering } = await import('/service_worker/template_rendering.js');
  const { F, G, T } = await import('/service_worker/template_runtime.js');
  const rendered = {};
  for (const name of arg.names) {
    try {
      rendered[name] = new Rendering(TEMPLATES, {}).render(name, structuredClone(arg.context));
    } catch (error) {
      rendered[name] = `fails: ${error}`;
    }
  }
  return { rendered, filters: Object.keys(F), globals: Object.keys(G), tests: Object.keys(T) };
})()"""


@pytest.fixture(scope="module")
def in_browser(chromium, checkout_url):
    context = chromium.new_context()
    page = context.new_page()
    module = compile_folder(FOLDER)
    page.route("**/generated/*.gen.js", lambda route: route.fulfill(body=module, content_type="text/javascript"))
    page.goto(f"{checkout_url}/tests/browser/blank.html")
    yield page.evaluate(f"(arg) => {RENDER_ALL}", {"names": CASES, "context": CONTEXT})
    context.close()


@pytest.mark.parametrize("name", CASES)
def test_compiled_template_equals_jinja2(in_browser, name):
    rendered = in_browser["rendered"][name]

    try:
        expected = environment(FOLDER).get_template(name).render(json.loads(json.dumps(CONTEXT)))
    except (jinja2.UndefinedError, TypeError, ZeroDivisionError):
        assert name.startswith("fails_")
        assert rendered.startswith("fails: Error:")
    else:
        assert not name.startswith("fails_")
        assert rendered == expected


def test_vocabulary_is_what_the_runtime_has(in_browser):
    assert set(in_browser["filters"]) == {*FILTERS, *CHOOSING_FILTERS, "pluck"}
    assert set(in_browser["tests"]) == set(TESTS)
    assert set(in_browser["globals"]) == set(GLOBALS)
