import pytest

from server.imports.convert import Unfit, date_order, value_of
from server.imports.record import Cell


def read(target: str, text: str, order: str = "") -> object:
    return value_of(target, [Cell("column", text)], order)


@pytest.mark.parametrize(
    ("typed", "numbers"),
    [
        ("13800138000/18600001111", ["13800138000", "18600001111"]),
        ("138-0013-8000；186 0000 1111", ["138-0013-8000", "186 0000 1111"]),
        ("+86 138 0013 8000、0755-1234567", ["+86 138 0013 8000", "0755-1234567"]),
        ("13800138000 18600001111", ["13800138000", "18600001111"]),
        ("13800138000/13800138000", ["13800138000"]),
        ("无", []),
    ],
)
def test_phone_cells_are_cut_into_numbers_and_kept_as_typed(typed, numbers):
    assert read("contact.phones", typed) == numbers


@pytest.mark.parametrize(
    ("target", "typed", "value"),
    [
        ("account.annual_revenue_m", "1100.04", 1_100_040),
        ("account.annual_revenue_wan", "500", 5_000),
        ("account.annual_revenue", "¥1,234,567", 1_235),
        ("account.annual_revenue", "300万", 3_000),
        ("account.annual_revenue_k", "12", 12),
        ("account.employees", "2,822", 2_822),
        ("account.employees", "50人", 50),
        ("account.founded_year", "1996年", 1996),
        ("account.level", "A级", "a"),
        ("account.kind", "经销商", "dealer"),
        ("account.employees", "-", None),
    ],
)
def test_numbers_and_choices_as_people_write_them(target, typed, value):
    assert read(target, typed) == value


@pytest.mark.parametrize(
    ("target", "typed", "reason"),
    [
        ("account.employees", "many", "not_a_number"),
        ("account.employees", "1,5", "not_a_number"),
        ("account.level", "VIP", "not_a_choice_here"),
        ("contact.emails", "nobody", "not_an_email"),
        ("contact.birthday", "1980-02-30", "not_a_date"),
        ("contact.birthday", "3/4/2017", "ambiguous_date"),
        ("account.name", "x" * 201, "too_long"),
    ],
)
def test_what_does_not_fit_is_refused_with_its_column_and_text(target, typed, reason):
    with pytest.raises(Unfit) as unfit:
        read(target, typed)
    problem = unfit.value.problem
    assert (problem.column, problem.value, problem.reason) == ("column", typed, reason)


@pytest.mark.parametrize(
    ("typed", "order", "day"),
    [
        ("1980-5-17", "", "1980-05-17"),
        ("1980年5月17日", "", "1980-05-17"),
        ("19800517", "", "1980-05-17"),
        ("5/17/1980", "", "1980-05-17"),
        ("17.5.1980", "", "1980-05-17"),
        ("3/4/2017", "mdy", "2017-03-04"),
        ("3/4/2017", "dmy", "2017-04-03"),
        ("1980-05-17 08:00", "", "1980-05-17"),
    ],
)
def test_dates_as_people_write_them(typed, order, day):
    assert read("contact.birthday", typed, order) == day


def test_one_clear_date_shows_the_order_of_the_whole_column():
    assert date_order(["3/4/2017", "3/25/2017"]) == "mdy"
    assert date_order(["3/4/2017", "25/3/2017"]) == "dmy"
    assert date_order(["3/25/2017", "25/3/2017"]) == date_order(["3/4/2017"]) == ""
