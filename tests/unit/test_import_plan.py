import itertools

import pytest

from server.imports.csv_file import read_table
from server.imports.duplicates import Found, Index, Known, Person, name_key, phone_key
from server.imports.mapping import guess, records
from server.imports.plan import ADD, DUPLICATE, ERROR, FILL, FILLED, NEW, Choices, make_plan

ACME = {
    "id": "a1",
    "name": "Acme Corporation",
    "version": 7,
    "phones": '["010-12345678"]',
    "tags": "[]",
    "industry": None,
    "region": "Asia",
}


def known(read_only: set[str] = frozenset()) -> Known:
    made = Known(Index(), Index(), {}, set(read_only))
    made.accounts.add(Found("account", "a1", "Acme Corporation", None, ACME), ["Acme Corporation"], ["010-12345678"])
    wang = {
        "id": "c1",
        "name": "王芳",
        "version": 3,
        "account_id": "a1",
        "phones": '["13800138000"]',
        "emails": "[]",
        "title": None,
    }
    made.contacts.add(Found("contact", "c1", "王芳", "a1", wang), ["王芳"], ["13800138000"])
    made.people[name_key("Anna Keller")] = [Person("u-anna", "Anna Keller", True)]
    made.people[name_key("Boss")] = [Person("u-boss", "Boss", False)]
    return made


def plan(text: str, duplicates: str = "skip", **more):
    table = read_table(text)
    ids = (f"new-{n}" for n in itertools.count(1))
    return make_plan(records(table, guess(table)), known(**more), Choices(duplicates, "u-me"), lambda: next(ids))


def operations(planned) -> list[dict]:
    ids = (f"op-{n}" for n in itertools.count(1))
    return planned.operations(1_000, lambda: next(ids))


def verdicts(planned) -> list[str]:
    return [row.verdict for row in planned.rows]


def reasons(row) -> list[str]:
    return [problem.reason for problem in row.problems]


def test_a_row_gives_a_customer_and_a_contact_that_hangs_on_it():
    account, contact = operations(plan("客户名称,联系人,手机,级别\n示例机电有限公司,张三,13912345678,A\n"))
    assert account == {
        "id": "op-1", "entity": "account", "row": "new-1", "base": 0, "at": 1_000,
        "set": {"name": "示例机电有限公司", "level": "a", "owner_id": "u-me"},
    }  # fmt: skip
    assert (contact["set"], contact["add"]) == (
        {"name": "张三", "owner_id": "u-me", "account_id": "new-1"},
        {"phones": ["13912345678"]},
    )


@pytest.mark.parametrize("name", ["ACME Corp.", "Acme  corporation", "ＡＣＭＥ", "acme"])
def test_the_same_name_is_flagged_whatever_its_legal_form_case_or_width(name):
    planned = plan(f"company,industry\n{name},steel\n")
    assert verdicts(planned) == [DUPLICATE]
    assert (planned.rows[0].duplicate.found.id, planned.rows[0].duplicate.by) == ("a1", "name")
    assert operations(planned) == []


def test_the_same_phone_is_flagged_however_it_is_written():
    planned = plan("company,phone\nOther Ltd,+86 (10) 1234 5678\n")
    assert (verdicts(planned), planned.rows[0].duplicate.by) == ([DUPLICATE], "phone")


def test_an_earlier_row_of_the_file_is_a_duplicate_too():
    planned = plan("company,industry\nBeta,steel\nBeta Inc,iron\n")
    assert verdicts(planned) == [NEW, DUPLICATE]
    assert planned.rows[1].duplicate.found.number == 2


def test_duplicates_can_be_imported_anyway():
    planned = plan("company,industry\nAcme,steel\n", ADD)
    assert verdicts(planned) == [NEW]
    assert operations(planned)[0]["set"]["name"] == "Acme"


def test_filling_touches_only_what_is_empty_and_says_what_stays_out():
    planned = plan("company,industry,region,phone\nAcme,steel,Europe,010 1234 5678/021-87654321\n", FILL)
    assert verdicts(planned) == [FILLED]
    [operation] = operations(planned)
    assert (operation["row"], operation["base"], operation["set"], operation["add"]) == (
        "a1", 7, {"industry": "steel"}, {"phones": ["021-87654321"]},
    )  # fmt: skip
    assert [(remark.column, remark.value) for remark in planned.rows[0].remarks] == [("region", "Europe")]


def test_filling_with_nothing_new_is_a_plain_duplicate():
    assert verdicts(plan("company,region\nAcme,Asia\n", FILL)) == [DUPLICATE]


def test_a_contact_hangs_on_the_customer_that_is_there():
    planned = plan("客户,联系人,手机\nAcme,李娜,13911112222\n")
    [operation] = operations(planned)
    assert operation["set"]["account_id"] == "a1"


def test_several_contacts_of_one_new_customer_make_it_once_and_complete_it():
    planned = plan("客户,联系人,地址\nBeta,李娜,\nBeta,赵敏,深圳市1号\nBeta,孙一,广州市2号\n")
    accounts = [op for op in operations(planned) if op["entity"] == "account"]
    assert [account["set"]["address"] for account in accounts] == ["深圳市1号"]
    assert planned.made() == {"account": 1, "contact": 3}
    assert [remark.value for remark in planned.rows[2].remarks] == ["广州市2号"]


def test_a_namesake_in_another_company_is_no_duplicate_but_the_same_mobile_is():
    assert verdicts(plan("客户,联系人,手机\nBeta,王芳,13911112222\n")) == [NEW]
    assert verdicts(plan("客户,联系人,手机\nBeta,王小芳,+86 138-0013-8000\n")) == [DUPLICATE]


def test_a_row_that_is_left_out_leaves_no_customer_behind():
    planned = plan("客户,联系人,手机\nBeta,王小芳,13800138000\n")
    assert (verdicts(planned), operations(planned)) == ([DUPLICATE], [])


def test_colleagues_may_share_the_phone_on_a_desk():
    assert verdicts(plan("联系人,手机\n李娜,0755-82345678\n赵敏,0755-82345678\n")) == [NEW, NEW]


def test_a_row_with_a_problem_gives_nothing_and_the_others_go_on():
    planned = plan("客户,联系人,邮箱\nBeta,李娜,not-an-address\nGamma,赵敏,z@example.com\n")
    assert verdicts(planned) == [ERROR, NEW]
    assert {op["set"]["name"] for op in operations(planned)} == {"Gamma", "赵敏"}


def test_parents_are_found_wherever_they_stand_in_the_file_and_come_first():
    planned = plan("account,sector,subsidiary_of\nChild,x,Mother\nMother,x,Acme\n")
    mother, child = operations(planned)
    assert (mother["set"]["name"], mother["set"]["parent_id"]) == ("Mother", "a1")
    assert (child["set"]["name"], child["set"]["parent_id"]) == ("Child", mother["row"])


def test_an_unknown_parent_and_a_circle_are_problems_of_their_rows():
    planned = plan("account,sector,subsidiary_of\nChild,x,Nobody\n")
    assert reasons(planned.rows[0]) == ["unknown_parent"]
    planned = plan("account,sector,subsidiary_of\nOne,x,Two\nTwo,x,One\n")
    assert "parent_of_itself" in reasons(planned.rows[1])


def test_what_hangs_on_a_failed_row_is_not_imported_either():
    planned = plan("account,sector,subsidiary_of\nTop,x,Nobody\nMiddle,x,Top\nLow,x,Middle\nFree,x,\n")
    assert verdicts(planned) == [ERROR, ERROR, ERROR, NEW]
    assert [op["set"]["name"] for op in operations(planned)] == ["Free"]


def test_the_owner_is_a_colleague_by_name():
    assert operations(plan("company,owner\nBeta,anna keller\n"))[0]["set"]["owner_id"] == "u-anna"
    assert reasons(plan("company,owner\nBeta,Boss\n").rows[0]) == ["owner_out_of_reach"]
    assert reasons(plan("company,owner\nBeta,Nobody\n").rows[0]) == ["unknown_owner"]


def test_a_customer_that_may_only_be_read_takes_nothing():
    assert reasons(plan("客户,联系人\nAcme,李娜\n", read_only={"a1"}).rows[0]) == ["read_only"]
    assert reasons(plan("company,industry\nAcme,steel\n", FILL, read_only={"a1"}).rows[0]) == ["read_only"]


def test_a_row_without_any_name_is_an_error():
    assert reasons(plan("company,industry\n,steel\nBeta,x\n").rows[0]) == ["no_name"]


def test_a_persons_address_is_kept_when_there_is_no_company():
    [operation] = operations(plan("客户,联系人,地址,行业\n,李娜,深圳市1号,钢铁\n"))
    assert operation["set"]["address"] == "深圳市1号"


@pytest.mark.parametrize(
    "typed", ["13800138000", "+86 138 0013 8000", "0086-138-0013-8000", "86 13800138000", "１３８００１３８０００"]
)
def test_one_mobile_number_has_one_key(typed):
    assert phone_key(typed) == "+8613800138000"


def test_two_desks_behind_one_number_are_two():
    assert phone_key("+1-418-656-9254 ext. 102") != phone_key("+1-418-656-9254 ext. 103")
