import pytest

from server.imports.record import BadFile
from server.imports.vcard_file import read_records


def card(*lines: str, version: str = "3.0", end: str = "\r\n") -> str:
    return end.join(["BEGIN:VCARD", f"VERSION:{version}", *lines, "END:VCARD", ""])


def values(*lines: str, version: str = "3.0") -> dict[str, list[str]]:
    [record] = read_records(card(*lines, version=version))[0]
    assert record.problems == []
    return {target: [cell.text for cell in cells] for target, cells in record.values.items()}


def test_quoted_printable_with_soft_line_breaks_and_bare_types():
    read = values(
        "N;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:=E5=BC=A0;=E4=B8=89;;;",
        "FN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:=E5=BC=A0=",
        "=E4=B8=89",
        "TEL;CELL:13800138000",
        "TEL;WORK;FAX:01012345678",
        version="2.1",
    )
    assert read == {"contact.name": ["张三"], "contact.phones": ["13800138000"], "contact.note": ["传真：01012345678"]}


def test_small_written_encoding_and_gb2312_charset():
    encoded = "".join(f"={byte:02X}" for byte in "王芳".encode("gb2312"))
    assert values(f"FN;charset=GB2312;encoding=quoted-printable:{encoded}", version="2.1")["contact.name"] == ["王芳"]


def test_folded_lines_are_joined():
    assert values("FN:Anna", "NOTE:one", "  two")["contact.note"] == ["one two"]


def test_a_note_keeps_all_after_a_comma_that_nobody_escaped():
    assert values("FN:Anna", "NOTE:first, second; third", version="2.1")["contact.note"] == ["first, second; third"]


def test_escapes_are_undone_once():
    assert values("FN:Anna", r"NOTE:a\, b\; c\nd \\n")["contact.note"] == ["a, b; c\nd \\n"]


def test_family_name_comes_first_in_chinese_and_last_in_english():
    assert values("N:李;娜;;;", "FN:娜 李")["contact.name"] == ["李娜"]
    assert values("N:Keller;Anna;;;")["contact.name"] == ["Anna Keller"]


def test_grouped_phones_tel_addresses_and_quoted_types():
    read = values(
        "FN:张三",
        "item1.TEL;type=pref:tel:+86 186 0000 1111",
        "item1.X-ABLabel:iPhone",
        'TEL;TYPE="HOME,VOICE":01088888888',
        "TEL;VALUE=uri;TYPE=\"work,voice\":tel:+1-418-656-9254;ext=102",
        "item2.TEL:13900139000",
        "item2.X-ABLabel:_$!<Assistant>!$_",
    )
    assert read["contact.phones"] == ["+86 186 0000 1111", "01088888888", "+1-418-656-9254 ext. 102"]
    assert read["contact.note"] == ["Assistant：13900139000"]


def test_organisation_gives_the_company_and_the_department():
    read = values("FN:张三", "ORG:示例机电有限公司;采购部;", "TITLE:经理", "URL:https://example.com")
    assert read["account.name"] == ["示例机电有限公司"]
    assert read["contact.department"] == ["采购部"]
    assert read["account.website"] == ["https://example.com"]


def test_a_card_of_a_company_gives_no_person():
    read = values("FN:Acme Ltd", "ORG:Acme Ltd", "TEL:+41 44 000 00 00", "X-ABShowAs:COMPANY")
    assert read == {"account.name": ["Acme Ltd"], "account.phones": ["+41 44 000 00 00"]}


def test_addresses_are_written_large_to_small_in_chinese_only():
    assert values(
        "FN:张三", "ADR:;;深南大道1号;深圳市;广东省;518000;中国"
    )["contact.address"] == ["中国广东省深圳市深南大道1号 518000"]
    assert values(
        "FN:Anna", "ADR:;;Main St 1;Zurich;ZH;8001;Switzerland"
    )["contact.address"] == ["Main St 1, Zurich, ZH 8001, Switzerland"]


@pytest.mark.parametrize("written", ["1980-05-17", "19800517", "1980-05-17T00:00:00Z"])
def test_birthdays_of_every_version(written):
    assert values("FN:Anna", f"BDAY:{written}")["contact.birthday"] == ["1980-05-17"]


def test_a_birthday_without_a_year_is_kept_as_a_note():
    assert values("FN:Anna", "BDAY:--0203", version="4.0")["contact.note"] == ["Birthday: 02-03"]


def test_second_address_nickname_and_second_organisation_are_not_lost():
    read = values(
        "FN:Anna", "ORG:Acme", "ORG:Beta", "NICKNAME:Ann", "ADR;TYPE=WORK:;;W 1;;;;", "ADR;TYPE=HOME:;;H 2;;;;"
    )
    assert read["account.address"] == read["contact.address"] == ["W 1"]
    assert read["contact.note"] == ["Address: H 2", "Organisation: Beta", "Nickname: Ann"]


def test_photos_are_counted_and_never_read_even_when_damaged_or_not_folded():
    records, left_out = read_records(
        card("FN:Anna", "PHOTO;ENCODING=BASE64;JPEG:/9j/4AA", "QkZJRgABAQAAAQ", "", "TEL:1234567", version="2.1")
    )
    assert left_out == {"PHOTO": 1}
    assert (records[0].problems, records[0].first("contact.phones")) == ([], "1234567")


def test_a_broken_line_spoils_its_own_card_only():
    records, _ = read_records(card("FN:Anna", "no property here") + card("FN:Ben"))
    assert [len(record.problems) for record in records] == [1, 0]


def test_damaged_bytes_are_marked_and_remarked_upon():
    [record], _ = read_records(card("FN:Anna", "ORG;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:A=C3=91=80", version="2.1"))
    assert record.first("account.name") == "AÑ\ufffd"
    assert record.remarks[0].reason == "damaged_characters"


def test_a_nameless_card_is_listed_under_its_address_as_phones_do():
    assert values("EMAIL;PREF:jane@example.com", version="2.1")["contact.name"] == ["jane@example.com"]


def test_categories_become_tags_without_the_phones_own():
    assert values("FN:Anna", "CATEGORIES:My Contacts,VIP,展会")["contact.tags"] == ["VIP", "展会"]


def test_a_file_without_cards_is_refused():
    with pytest.raises(BadFile) as refused:
        read_records("hello")
    assert refused.value.reason == "no_cards"
