import pytest

from server.imports.csv_file import read_table
from server.imports.mapping import guess, has_mapping_for_names, records


def guessed(header: str, row: str = "", kind: str = "") -> list[str]:
    return list(guess(read_table(f"{header}\n{row or 'x' + ',x' * header.count(',')}\n"), kind).values())


def test_chinese_headers_of_a_customer_list_with_contacts():
    assert guessed("客户名称,联系人,手机,电话,地址,负责人,级别,行业,备注") == [
        "account.name", "contact.name", "contact.phones", "account.phones", "account.address",
        "owner", "account.level", "account.industry", "account.note",
    ]  # fmt: skip


def test_the_only_phone_column_is_the_persons():
    assert guessed("客户,联系人,电话") == ["account.name", "contact.name", "contact.phones"]
    assert guessed("company,name,mobile,phone") == ["account.name", "contact.name", "contact.phones", "account.phones"]


def test_traditional_headers():
    assert guessed("客戶名稱,聯絡人,行動電話,地址,負責人") == [
        "account.name", "contact.name", "contact.phones", "account.address", "owner"
    ]


def test_headers_of_the_public_crm_data_set_have_revenue_in_millions():
    assert guessed("account,sector,year_established,revenue,employees,office_location,subsidiary_of") == [
        "account.name", "account.industry", "account.founded_year", "account.annual_revenue_m",
        "account.employees", "account.region", "account.parent",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("header", "target"),
    [
        ("年营业额(万元)", "account.annual_revenue_wan"),
        ("revenue (k)", "account.annual_revenue_k"),
        ("Revenue", "account.annual_revenue"),
    ],
)
def test_the_unit_of_revenue_is_read_from_its_header(header, target):
    assert guessed(f"company,{header}", "Acme,5") == ["account.name", target]


def test_a_name_column_is_a_person_in_a_phone_book_and_a_company_among_company_columns():
    assert guessed("name,phone,email") == ["contact.name", "contact.phones", "contact.emails"]
    assert guessed("name,industry,phone") == ["account.name", "account.industry", "account.phones"]
    assert guessed("name,phone,email", kind="accounts") == ["account.name", "account.phones", "account.emails"]


def test_without_a_header_values_speak_for_themselves():
    assert guessed(
        "李四,13800138000/18600001111,示例机电有限公司,li@example.com", "王五,13900139000,例子厂,w@example.com"
    ) == [
        "contact.name", "contact.phones", "account.name", "contact.emails",
    ]  # fmt: skip


def test_a_fax_number_is_no_phone_and_an_unknown_word_is_left_out():
    assert guessed("company,fax,mood", "Acme,0755-12345678,fine") == ["account.name", "", ""]


def test_a_mapping_without_any_name_is_not_enough():
    assert not has_mapping_for_names({"a": "contact.phones"})
    assert has_mapping_for_names({"a": "contact.name"})


def test_the_columns_of_an_error_file_are_not_taken_for_data():
    mapping = guess(read_table("company,roadbook row,roadbook reason\nAcme,13800138000,why\n"))
    assert mapping == {"company": "account.name", "roadbook row": "", "roadbook reason": ""}


def test_records_keep_what_was_typed_and_the_order_of_the_file():
    table = read_table("company,mobile\nAcme,138-0013-8000；186\nshort\nBeta,+86 1\n")
    made = records(table, {"company": "account.name", "mobile": "contact.phones"})
    assert [record.number for record in made] == [2, 3, 4]
    assert made[0].first("contact.phones") == "138-0013-8000；186"
    assert made[1].problems[0].reason == "ragged_row"
