"""The worker's text and date functions give the bytes that Python's give: one page load for all cases."""

import json

import pytest

from tests.conftest import ROOT
from tests.unit.test_text import DATES, TEXTS
from web.catalogues import read_catalogue
from web.reasons import OTHER, REASONS
from web.text_tables import TABLES

ALL = """(async () => {
  const dates = await import('/web/dates.js');
  const { Text } = await import('/web/text.js');
  const { Safe } = await import('/web/markup.js');
  const { TABLES } = await import('/web/text_tables.js');
  const { REASONS, OTHER } = await import('/web/reasons.js');
  const camel = (name) => name.replace(/_(\\w)/g, (_, letter) => letter.toUpperCase());
  const dated = arg.dates.map((one) => dates[camel(one.call)](...one.with));
  const texts = arg.texts.map((one) => {
    const functions = new Text(one.lang, one.tz, one.now_ms).functions();
    return functions[one.call](...one.with, ...(one.named ? [one.named] : []));
  });
  const chinese = new Text('zh-Hans', 'UTC', 0, { 'zh-Hans': arg.catalogue }).functions();
  const markup = chinese._('Visit %(name)s <now>', { name: new Safe('<b>A</b>') });
  return {
    dated, texts, tables: TABLES, reasons: REASONS, other: OTHER,
    chinese: [chinese._('Customer'), chinese._('Visit %(name)s <now>', { name: '王<' }),
      chinese._('Unheard of'), chinese._('toString'),
      chinese.ngettext('%(n)s customer', '%(n)s customers', 5), chinese.ngettext('%(n)s thing', '%(n)s things', 5),
      markup instanceof Safe, String(markup)],
    functions: Object.keys(chinese),
  };
})()"""


@pytest.fixture(scope="module")
def in_browser(chromium, checkout_url, tmp_path_factory):
    folder = tmp_path_factory.mktemp("locale") / "zh-Hans" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    (folder / "roadbook.po").write_bytes((ROOT / "tests/cases/text/roadbook.po").read_bytes())
    catalogue = read_catalogue("zh-Hans", folder.parent.parent)
    context = chromium.new_context()
    page = context.new_page()
    page.goto(f"{checkout_url}/tests/browser/blank.html")
    plurals = {one: list(forms) for one, forms in catalogue.plurals.items()}
    words = {"messages": catalogue.messages, "plurals": plurals}
    yield page.evaluate(f"(arg) => {ALL}", {"dates": DATES, "texts": TEXTS, "catalogue": words})
    context.close()


def differences(cases: list[dict], results: list) -> list[str]:
    wrong = [(case, result) for case, result in zip(cases, results, strict=True) if result != case["gives"]]
    return [f"{json.dumps(case, ensure_ascii=False)} gave {result!r}" for case, result in wrong]


def test_date_functions_give_what_the_cases_say(in_browser):
    assert differences(DATES, in_browser["dated"]) == []


def test_text_functions_give_what_the_cases_say(in_browser):
    assert differences(TEXTS, in_browser["texts"]) == []


def test_catalogue_translates_and_what_it_lacks_stays_english(in_browser):
    assert in_browser["chinese"] == [
        "客户",
        "拜访 王< <现在>",
        "Unheard of",
        "toString",
        "5 个客户",
        "5 things",
        True,
        "拜访 <b>A</b> &lt;现在&gt;",
    ]


def test_words_are_the_same_on_both_hosts(in_browser):
    assert in_browser["tables"] == TABLES
    assert in_browser["reasons"] == REASONS
    assert in_browser["other"] == OTHER
