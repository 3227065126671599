"""What the phone's host cannot run, or not with the same bytes, fails the build and says where."""

import pytest

from tests.conftest import ROOT
from web.build.bundle import bundle, catalogues, words_of_pages
from web.build.check_templates import parse_templates
from web.build.compiler import compile_folder, compile_trees
from web.build.compiler_vocabulary import CHOOSING_FILTERS, FILTERS, TESTS
from web.build.page import PageError
from web.build.templates import environment

FOLDER = ROOT / "tests" / "cases" / "templates"
REJECTED = sorted((FOLDER / "rejected").glob("*.html"))


@pytest.mark.parametrize("file", REJECTED, ids=lambda file: file.stem)
def test_what_the_phone_cannot_run_fails_the_build_with_file_and_line(file):
    reason = file.read_text(encoding="utf-8").splitlines()[0].strip("{# }")
    trees = {file.name: environment(file.parent).parse(file.read_text(encoding="utf-8"), file.name)}

    with pytest.raises(PageError) as caught:
        compile_trees(trees, file.parent)

    assert caught.value.line == 2
    assert caught.value.file == str(file)
    assert reason in caught.value.message


def test_every_filter_and_test_is_jinja2s_or_ours():
    env = environment(FOLDER)

    assert {*FILTERS, *CHOOSING_FILTERS} <= set(env.filters)
    assert set(TESTS) <= set(env.tests)


def test_syntax_error_names_file_and_line(tmp_path):
    (tmp_path / "page.html").write_text("fine\n{% if %}")

    with pytest.raises(PageError, match=r"page\.html:2: "):
        parse_templates(tmp_path)


def test_compiled_module_has_no_eval():
    module = compile_folder(FOLDER)

    assert "eval(" not in module
    assert "Function(" not in module


def test_bundle_is_the_same_bytes_each_time():
    assert bundle() == bundle()


def test_bundle_holds_all_that_the_worker_imports():
    modules = bundle()

    assert "export const PAGES = [" in modules["pages.gen.js"]
    assert "export const TEMPLATES=" in modules["templates.gen.js"]
    assert "export const CATALOGUES = {" in modules["catalogues.gen.js"]
    for name in ("ENTITIES", "STAMPS", "DEVICE_SCRIPT", "SCHEMA_HASH"):
        assert f"export const {name} = " in modules["model.gen.js"]
    assert "export const PINYIN = " in modules["pinyin.gen.js"]


def test_a_page_of_the_server_is_an_address_and_nothing_more_to_a_device(tmp_path):
    directives = "-- page: /past/{id}\n-- host: server\n"
    (tmp_path / "past.sql").write_text(f"{directives}-- name: n :value\nSELECT count(*) FROM history\n")
    (tmp_path / "past.html").write_text("{{ _('Long ago') }} {{ n }}")

    modules = bundle(tmp_path)

    entry = '{"name":"past","routes":["/past/{id}"],"placeholders":["id"],"host":"server"}'
    assert f"export const PAGES = [{entry}];" in modules["pages.gen.js"]
    assert "past" not in modules["templates.gen.js"]
    assert "Long ago" not in words_of_pages(tmp_path)


def test_catalogues_for_devices_hold_the_words_of_pages_and_no_others(tmp_path):
    (tmp_path / "x.sql").write_text("-- page: /x\n")
    (tmp_path / "x.html").write_text("{{ _('Customer') }} {{ ngettext('%(n)s customer', '%(n)s customers', 2) }}")
    folder = tmp_path / "zh-Hans" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    more = '\nmsgid "Only for administrators"\nmsgstr "仅管理员"\n'
    source = (ROOT / "tests" / "cases" / "text" / "roadbook.po").read_text(encoding="utf-8")
    (folder / "roadbook.po").write_text(source + more, encoding="utf-8")

    made = catalogues(tmp_path, words_of_pages(tmp_path))

    assert made["zh-Hans"] == {"messages": {"Customer": "客户"}, "plurals": {"%(n)s customer": ("%(n)s 个客户",)}}
    assert made["en"] == {"messages": {}, "plurals": {}}
