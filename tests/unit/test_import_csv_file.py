import pytest

from server.imports.csv_file import read_table
from server.imports.record import BadFile


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_any_delimiter_is_found(delimiter):
    table = read_table(f"name{delimiter}phone\nAcme, Inc.{delimiter}555\n".replace("Acme, Inc.", '"Acme, Inc."'))
    assert (table.delimiter, table.columns, table.rows) == (delimiter, ["name", "phone"], [(2, ["Acme, Inc.", "555"])])


def test_commas_inside_text_do_not_make_a_comma_file():
    table = read_table("name;note\nAcme;big, old, slow\nBeta;new, fast\nGamma;none\n")
    assert table.delimiter == ";"


def test_one_column_is_a_table_too():
    assert read_table("company\nAcme\nBeta\n").rows == [(2, ["Acme"]), (3, ["Beta"])]


def test_a_first_row_with_a_phone_in_it_is_no_header():
    table = read_table("李四,13800138000\n王五,13900139000\n")
    assert (table.has_header, table.columns, len(table.rows)) == (False, ["#1", "#2"], 2)


def test_ragged_rows_are_set_aside_with_their_number_and_cells():
    table = read_table("name,phone,city\nAcme,555,Oslo\nBeta,556\nGamma,557,Rome,extra\n")
    assert [number for number, _ in table.rows] == [2]
    assert [(r.number, r.problems[0].reason, r.problems[0].values) for r in table.misfits] == [
        (3, "ragged_row", {"cells": 2, "columns": 3}),
        (4, "ragged_row", {"cells": 4, "columns": 3}),
    ]
    assert table.misfits[1].cells == {"name": "Gamma", "phone": "557", "city": "Rome", "#4": "extra"}


def test_empty_cells_at_the_end_and_blank_rows_do_no_harm():
    table = read_table("name,phone,,\nAcme,555,,\n,,,\nBeta,556,,\n")
    assert (table.columns, table.rows) == (["name", "phone"], [(2, ["Acme", "555"]), (4, ["Beta", "556"])])


def test_cells_keep_line_breaks_and_rows_are_counted_as_a_spreadsheet_counts():
    assert read_table('name,note\nAcme,"one\ntwo"\nBeta,three\n').rows == [
        (2, ["Acme", "one\ntwo"]), (3, ["Beta", "three"])
    ]


def test_two_columns_of_one_name_stay_apart():
    assert read_table("phone,phone\na,b\n").columns == ["phone", "phone (2)"]


@pytest.mark.parametrize(
    ("text", "reason"),
    [('name,note\nAcme,"open\nBeta,x\n', "unclosed_quote"), ("name,phone\n", "only_a_header"), ("\n,\n", "empty_file")],
)
def test_files_that_cannot_be_read_say_why(text, reason):
    with pytest.raises(BadFile) as refused:
        read_table(text)
    assert refused.value.reason == reason
