import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sync.entities import BY_NAME
from sync.operations import Operation
from sync.rebase import rebase
from tests.twin_cases import fits, named, outcome

ACCOUNT = BY_NAME["account"]
NAMES = st.sampled_from("abcde")
EDITS = st.builds(
    Operation,
    id=st.just("o"),
    entity=st.just("account"),
    row=st.just("a"),
    base=st.just(0),
    at=st.integers(0, 9),
    set=st.fixed_dictionaries({}, optional={"name": NAMES, "industry": NAMES}),
    add=st.fixed_dictionaries({}, optional={"tags": st.lists(NAMES, max_size=3)}),
    remove=st.fixed_dictionaries({}, optional={"tags": st.lists(NAMES, max_size=3)}),
)


@pytest.mark.parametrize(**named("rebase", "rebase"))
def test_rebase_case(case):
    assert fits(case, outcome("rebase", case))


@settings(deadline=None)
@given(st.lists(EDITS, max_size=6), st.integers(0, 6))
def test_rebasing_in_two_steps_is_rebasing_in_one(ops, cut):
    base = {"id": "a", "name": "x", "industry": None, "tags": '["a","b"]', "version": 3}

    first = rebase(ACCOUNT, base, ops[:cut], "user-a")

    assert rebase(ACCOUNT, first, ops[cut:], "user-a") == rebase(ACCOUNT, base, ops, "user-a")


@settings(deadline=None)
@given(st.lists(EDITS, min_size=1, max_size=6))
def test_the_base_row_is_left_alone(ops):
    base = {"id": "a", "name": "x", "industry": None, "tags": '["a","b"]', "version": 3}
    before = dict(base)

    rebase(ACCOUNT, base, ops, "user-a")

    assert base == before
