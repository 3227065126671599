import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sync.entities import BY_NAME
from sync.forms import operations_from_form
from sync.operations import apply_patch, parse
from sync.values import Refused, check
from tests.twin_cases import context_of, fits, named, outcome

NAMES = ["row.a", "a.title", "a.title.was", "a.due_on", "a.start_ms.date", "a.start_ms.time", "a.*", "a.deleted"]
NAMES += ["a.attendee_ids", "a.attendee_ids.was", "a.is_all_day", "next", "a.skip_unless", "a.__proto__", "a..", "b.x"]
TYPED = st.one_of(st.sampled_from(["@me", "@a", "1", "event//", "task/t-1/3", "2026-11-24", "{}"]), st.text(max_size=8))


@pytest.mark.parametrize(**named("forms", "new_rows"))
def test_form_of_new_rows_case(case):
    assert fits(case, outcome("new_rows", case))


@pytest.mark.parametrize(**named("forms", "edits"))
def test_form_of_an_edit_case(case):
    assert fits(case, outcome("edits", case))


@settings(deadline=None)
@given(st.lists(st.tuples(st.sampled_from(NAMES), TYPED), max_size=8))
def test_everything_typed_comes_back(posted):
    items = [("row.a", "event//"), *((name, typed) for name, typed in posted if name != "row.a")]

    result = operations_from_form(items, context_of({}))

    for name, typed in items:
        assert typed in result.values[name]
    assert not (result.ops and result.errors)


@settings(deadline=None)
@given(
    st.fixed_dictionaries({"title": st.text(), "note": st.text(), "due_on": st.sampled_from(["", "2026-11-24"])}),
    st.fixed_dictionaries({"title": st.text(), "note": st.text(), "due_on": st.sampled_from(["", "2026-11-25"])}),
)
def test_a_row_after_the_form_is_what_the_form_says(before, after):
    task = BY_NAME["task"]
    try:
        row = {"id": "t-1"} | {name: check(task.by_name[name], text) for name, text in before.items()}
        wanted = {name: check(task.by_name[name], text) for name, text in after.items()}
    except Refused:
        return
    items = [("row.t", "task/t-1/3")]
    for name, text in after.items():
        items += [(f"t.{name}", text), (f"t.{name}.was", row[name] or "")]

    result = operations_from_form(items, context_of({}))

    for op in result.ops:
        row = apply_patch(task, row, parse(op, BY_NAME))
    assert row == {"id": "t-1"} | wanted
    assert len(result.ops) == (0 if wanted == {name: check(task.by_name[name], t) for name, t in before.items()} else 1)


def test_files_are_left_to_others():
    result = operations_from_form([("row.t", "task//"), ("t.title", "x"), ("file", b"...")], context_of({}))

    assert [op["set"]["title"] for op in result.ops] == ["x"]
