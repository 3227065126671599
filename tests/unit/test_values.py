import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sync.entities import BY_NAME, ENTITIES
from sync.model import Field
from sync.typed import parse_typed, split_members
from sync.values import Refused, check, check_members, column_of, members_of
from tests.twin_cases import expected, named, outcome

FIELDS = [field for entity in ENTITIES for field in entity.fields]
ANYTHING = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.lists(st.text()))


@pytest.mark.parametrize(**named("values", "check"))
def test_check_case(case):
    assert outcome("check", case) == expected(case)


@pytest.mark.parametrize(**named("values", "typed"))
def test_typed_case(case):
    assert outcome("typed", case) == expected(case)


@settings(deadline=None)
@given(st.sampled_from(FIELDS), ANYTHING)
def test_a_checked_value_checks_to_itself(field, value):
    try:
        checked = check(field, value)
    except Refused:
        return

    assert check(field, checked) == checked


@settings(deadline=None)
@given(st.sampled_from(FIELDS), st.one_of(st.text(), st.lists(st.text(), max_size=3)))
def test_whatever_is_typed_becomes_a_value_or_a_reason(field, typed):
    try:
        check(field, parse_typed(field, typed, "Europe/Berlin"))
    except Refused as refused:
        json.dumps(refused.detail)


@settings(deadline=None)
@given(st.sampled_from(["phone", "email", "tag", "ref"]), st.lists(st.text(), max_size=4))
def test_members_shown_in_lines_or_with_commas_are_read_as_the_same_members(of, texts):
    field = Field("members", "set", of=of, most=50)
    try:
        members = check_members(field, texts)
    except Refused:
        return

    for shown in (", ".join(members), "\n".join(members), column_of(members), members):
        assert check_members(field, split_members(field, shown)) == members


@settings(deadline=None)
@given(st.lists(st.text(alphabet=st.characters(exclude_categories=["Cs"]))))
def test_a_column_holds_its_members(members):
    assert members_of(column_of(members)) == members


def test_long_runs_of_blanks_are_checked_quickly():
    text = ("a" + " " * 9_000) * 2 + "b"

    assert check(BY_NAME["account"].by_name["note"], text) == text
