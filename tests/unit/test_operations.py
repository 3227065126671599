import pytest

from sync.entities import BY_NAME, ENTITIES
from sync.model_json import model_json
from sync.operations import missing, new_row, parse, to_wire
from sync.schema import wire_columns
from tests.twin_cases import expected, fits, named, outcome


@pytest.mark.parametrize(**named("operations", "parse"))
def test_parse_case(case):
    assert outcome("parse", case) == expected(case)


@pytest.mark.parametrize(**named("operations", "patch"))
def test_patch_case(case):
    assert fits(case, outcome("patch", case))


def test_an_operation_survives_the_wire():
    raw = {"id": "o", "entity": "task", "row": "t", "base": 3, "at": 5, "set": {"title": "x"}, "group": "g"}

    op = parse(raw, BY_NAME)

    assert to_wire(op) == raw
    assert parse(to_wire(op), BY_NAME) == op


@pytest.mark.parametrize("entity", ENTITIES, ids=lambda entity: entity.name)
def test_a_new_row_has_every_column_that_travels(entity):
    assert list(new_row(entity, "row-1", "user-a", 5)) == wire_columns(entity)


def test_a_new_row_lacks_what_is_required_and_has_no_default():
    row = new_row(BY_NAME["event"], "e", "user-a", 5)

    assert missing(BY_NAME["event"], row) == ["title", "start_ms", "end_ms"]


def test_the_model_is_plain_data():
    task = next(entity for entity in model_json()["entities"] if entity["name"] == "task")

    assert task["fields"][0] == {
        "name": "title",
        "type": "text",
        "required": True,
        "least": 0,
        "most": 200,
        "choices": [],
        "of": "",
        "ref": "",
        "group": "",
        "by_server": False,
        "merge": "ask",
        "default": None,
    }
    assert task["buckets"][1] == {"kind": "private", "column": "owner_id", "only_without": ""}
    assert task["writers"] == "anyone"
