import gzip
import sqlite3

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sync.data.make_pinyin import pinyin_lines
from sync.latin import fold, latin, pinyin_table_text, search_key
from tests.twin_cases import expected, load, named, outcome


@pytest.mark.parametrize(**named("latin", "fold"))
def test_fold_case(case):
    assert outcome("fold", case) == expected(case)


@pytest.mark.parametrize(**named("latin", "latin"))
def test_latin_case(case):
    assert outcome("latin", case) == expected(case)


@pytest.mark.parametrize(**named("latin", "search_key"))
def test_search_key_case(case):
    assert outcome("search_key", case) == expected(case)


@pytest.fixture(scope="module")
def database():
    connection = sqlite3.connect(":memory:")
    connection.create_function("fold", 1, fold, deterministic=True)
    yield connection
    connection.close()


@pytest.mark.parametrize("case", load("latin", "found"), ids=lambda case: case["texts"][0])
def test_a_row_is_found_by_what_people_type(database, case):
    key = search_key(*case["texts"])

    def is_found(typed):
        return database.execute("SELECT ? LIKE '%' || fold(?) || '%'", (key, typed)).fetchone()[0]

    assert [typed for typed in case["typed"] if not is_found(typed)] == []
    assert [typed for typed in case["not_typed"] if is_found(typed)] == []


@settings(deadline=None)
@given(st.text(max_size=12))
def test_a_row_is_found_by_its_own_name(database, name):
    found = database.execute("SELECT ? LIKE '%' || fold(?) || '%'", (search_key(name), name.replace("\0", "")))

    assert "\0" in name or name.startswith("[") or found.fetchone()[0]


def test_every_common_character_has_a_reading():
    without = [chr(code) for code in range(0x4E00, 0x9FA6) if not latin(chr(code))[0]]

    assert len(without) < 40
    assert not set(without) & set("王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾陳張劉黃趙吳")


def test_the_table_is_what_its_script_makes_of_the_dictionary():
    assert pinyin_table_text().splitlines() == pinyin_lines()


def test_the_table_is_small_on_the_wire():
    assert len(gzip.compress(pinyin_table_text().encode(), 9)) <= 25 * 1024
