"""What templates and SQL may call, in Python; the worker's twin is held to the same cases in tests/browser."""

import json
from pathlib import Path

import pytest
from markupsafe import Markup

from tests.conftest import ROOT
from web import dates
from web.build.compiler_vocabulary import FILTERS
from web.build.templates import TEXT_FUNCTIONS
from web.catalogues import read_catalogue
from web.text import Text

CASES = ROOT / "tests" / "cases" / "text"
DATES = json.loads((CASES / "dates.json").read_text(encoding="utf-8"))
TEXTS = json.loads((CASES / "text.json").read_text(encoding="utf-8"))


def named(case) -> str:
    return f"{case['call']} {case['with']} {case.get('lang', '')} {case.get('tz', '')}"


@pytest.mark.parametrize("case", DATES, ids=named)
def test_date_function_gives_what_the_case_says(case):
    assert getattr(dates, case["call"])(*case["with"]) == case["gives"]


@pytest.mark.parametrize("case", TEXTS, ids=named)
def test_text_function_gives_what_the_case_says(case):
    functions = Text(case["lang"], case["tz"], case["now_ms"]).functions()

    assert functions[case["call"]](*case["with"], **case.get("named", {})) == case["gives"]


def test_every_text_function_that_templates_know_is_there():
    assert set(Text("en", "UTC", 0).functions()) == set(TEXT_FUNCTIONS)
    assert not set(TEXT_FUNCTIONS) & set(FILTERS)


def test_unknown_language_is_english():
    assert Text("tlh", "UTC", 0).day_of("1970-01-01") == "Today"


@pytest.fixture
def chinese(tmp_path):
    folder = tmp_path / "zh-Hans" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    (folder / "roadbook.po").write_bytes((CASES / "roadbook.po").read_bytes())
    text = Text("zh-Hans", "Asia/Shanghai", 0)
    text._catalogue = read_catalogue("zh-Hans", Path(tmp_path))
    return text


def test_catalogue_translates_and_what_it_lacks_stays_english(chinese):
    assert chinese.gettext("Customer") == "客户"
    assert chinese.gettext("Visit %(name)s <now>", name="王<") == "拜访 王< <现在>"
    assert chinese.gettext("Not translated yet") == "Not translated yet"
    assert chinese.gettext("Doubtful") == "Doubtful"
    assert chinese.gettext("Unheard of") == "Unheard of"
    assert chinese.ngettext("%(n)s customer", "%(n)s customers", 1) == "1 个客户"
    assert chinese.ngettext("%(n)s customer", "%(n)s customers", 5) == "5 个客户"
    assert chinese.ngettext("%(n)s thing", "%(n)s things", 5) == "5 things"


def test_markup_in_a_sentence_stays_markup_and_the_rest_is_escaped(chinese):
    shown = chinese.gettext("Visit %(name)s <now>", name=Markup("<b>A</b>"))

    assert shown == Markup("拜访 <b>A</b> &lt;现在&gt;")
    assert isinstance(shown, Markup)


def test_no_catalogue_file_is_an_empty_catalogue(tmp_path):
    assert read_catalogue("en", tmp_path).messages == {}
