"""The merge policy by itself: properties that hold for any two edits of one row."""

from __future__ import annotations

import json
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.entities import BY_NAME
from sync.merge import Change, Fixed, Stale, join_set, merge

ACCOUNT, TASK, EVENT, PREFERENCE, ACTIVITY = (
    BY_NAME[name] for name in ("account", "task", "event", "preference", "activity")
)
TEXT_FIELDS = ["name", "industry", "region", "note", "website", "source"]
EDITS = st.dictionaries(st.sampled_from(TEXT_FIELDS), st.text(max_size=3) | st.none(), min_size=1)
MEMBERS = st.lists(st.sampled_from("abcdef"), max_size=5)


def edit(set=None, add=None, remove=None):
    return SimpleNamespace(set=set or {}, add=add or {}, remove=remove or {})


def row_of(entity, **values):
    return {f.name: values.get(f.name, "[]" if f.type == "set" else None) for f in entity.fields}


def after(entity, row, values, at_ms, who="theirs"):
    """The row after somebody's edit, and the changes that edit is in history."""
    changed = {name: value for name, value in values.items() if row[name] != value}
    changes = []
    for unit in dict.fromkeys(entity.by_name[name].unit for name in changed):
        names = [f.name for f in entity.unit_fields(unit)]
        old = {name: row[name] for name in names}
        changes.append(Change(unit, old, old | {n: v for n, v in changed.items() if n in names}, who, who, at_ms))
    return row | changed, changes


@given(mine=EDITS, theirs=EDITS, start=EDITS, mine_is_later=st.booleans())
def test_two_edits_of_a_row_lose_nothing_and_keep_the_later(mine, theirs, start, mine_is_later):
    base = row_of(ACCOUNT, **start)
    row, since = after(ACCOUNT, base, theirs, at_ms=100)

    merged = merge(ACCOUNT, row, edit(mine), 101 if mine_is_later else 99, since)

    result = row | merged.patch
    clashes = {clash.unit: clash for clash in merged.clashes}
    really_changed = {name for name, value in theirs.items() if base[name] != value}
    for name, value in mine.items():
        if name not in really_changed or theirs[name] == value:
            assert result[name] == value and name not in clashes
        else:
            assert clashes[name].ask
            assert {clashes[name].kept[name], clashes[name].lost[name]} == {value, theirs[name]}
            assert result[name] == (value if mine_is_later else theirs[name])
            assert clashes[name].base[name] == base[name]
    for name in really_changed - mine.keys():
        assert result[name] == theirs[name]


@given(mine=EDITS, start=EDITS)
def test_edit_that_nobody_met_is_in_force_as_sent(mine, start):
    row = row_of(ACCOUNT, **start)

    merged = merge(ACCOUNT, row, edit(mine), 5, [])

    assert row | merged.patch == row | mine
    assert not merged.clashes and not merged.met


@given(held=MEMBERS, add_one=MEMBERS, remove_one=MEMBERS, add_two=MEMBERS, remove_two=MEMBERS)
def test_sets_keep_every_addition_that_nobody_removed(held, add_one, remove_one, add_two, remove_two):
    start = json.dumps(list(dict.fromkeys(held)), separators=(",", ":"))

    both = json.loads(join_set(join_set(start, add_one, remove_one), add_two, remove_two))

    assert len(both) == len(set(both))
    assert set(add_two) <= set(both)
    assert set(add_one) - set(remove_two) <= set(both)
    assert set(held) - set(remove_one) - set(remove_two) <= set(both)


def test_group_clashes_as_a_whole():
    base = row_of(EVENT, start_ms=10, end_ms=20, is_all_day=0)
    row, since = after(EVENT, base, {"start_ms": 30, "end_ms": 40}, at_ms=100)

    merged = merge(EVENT, row, edit({"end_ms": 25}), 101, since)

    assert row | merged.patch == row | {"start_ms": 10, "end_ms": 25}
    assert merged.clashes[0].lost == {"start_ms": 30, "end_ms": 40, "is_all_day": 0}


def test_several_unseen_edits_clash_with_what_the_author_had_seen():
    base = row_of(ACCOUNT, industry="a")
    middle, first = after(ACCOUNT, base, {"industry": "b"}, 10)
    row, second = after(ACCOUNT, middle, {"industry": "c"}, 20)

    merged = merge(ACCOUNT, row, edit({"industry": "d"}), 30, first + second)

    [clash] = merged.clashes
    assert (clash.base["industry"], clash.lost["industry"], clash.kept["industry"]) == ("a", "c", "d")


@pytest.mark.parametrize("at_ms", [50, 150])
def test_done_wins_over_not_done_whoever_was_later(at_ms):
    done, since = after(TASK, row_of(TASK), {"done_at_ms": 7}, at_ms=100)
    assert (done | merge(TASK, done, edit({"done_at_ms": None}), at_ms, since).patch)["done_at_ms"] == 7

    undone, since = after(TASK, row_of(TASK, done_at_ms=7), {"done_at_ms": None}, at_ms=100)
    assert (undone | merge(TASK, undone, edit({"done_at_ms": 9}), at_ms, since).patch)["done_at_ms"] == 9


def test_last_write_asks_nobody():
    base = row_of(PREFERENCE, language="en")
    row, since = after(PREFERENCE, base, {"language": "zh-Hans"}, 100)

    merged = merge(PREFERENCE, row, edit({"language": "zh-Hant"}), 50, since)

    assert merged.patch == {}
    assert [clash.ask for clash in merged.clashes] == [False]


def test_owner_is_never_merged():
    row, since = after(ACCOUNT, row_of(ACCOUNT, owner_id="a"), {"owner_id": "b"}, 100)

    with pytest.raises(Stale):
        merge(ACCOUNT, row, edit({"owner_id": "c"}), 200, since)


def test_check_in_is_set_once():
    row = row_of(ACTIVITY, checkin_lat_e6=1, checkin_at_ms=5)

    with pytest.raises(Fixed):
        merge(ACTIVITY, row, edit({"checkin_lat_e6": 2}), 5, [])
    assert merge(ACTIVITY, row_of(ACTIVITY), edit({"checkin_lat_e6": 2}), 5, []).patch == {"checkin_lat_e6": 2}
