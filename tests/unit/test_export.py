import csv
import io

import pytest

from server.accept import accept_as_server
from server.admin.changes import fresh_id
from server.export import main
from server.imports import cli
from server.imports.vcard_file import read_records
from server.sign_in import sessions
from server.spreadsheet import csv_bytes, plain_cell, safe_cell
from server.vcards import fold
from tests.unit import shell


def entered(firm, name: str = "Anna Keller"):
    """A browser in a session of this person: signing in by password takes a moment that these tests save."""
    user_id = shell.id_of(firm, name)
    token = firm.write_now(
        lambda conn: sessions.start(
            conn,
            user_id=user_id,
            device_id=f"device-of-{name[:3]}",
            device_name="Phone",
            started_by="password",
            now_ms=firm.clock(),
        )
    )
    browser = shell.client(firm)
    browser.cookies.set("roadbook", token)
    return browser


@pytest.fixture
def firm(tmp_path):
    firm = shell.open_firm(tmp_path / "firm")
    yield firm
    firm.close()


def add(firm, entity: str, row: str, **values) -> None:
    sets = {name: value for name, value in values.items() if isinstance(value, list)}
    plain = {name: value for name, value in values.items() if name not in sets}
    op = {"id": fresh_id(firm), "entity": entity, "row": row, "base": 0, "at": firm.clock(), "set": plain, "add": sets}
    [outcome] = firm.write_now(lambda db: accept_as_server(db, firm, [op]))
    assert outcome["is"] == "applied", outcome


def some_rows(firm) -> None:
    anna, ben = shell.id_of(firm, "Anna Keller"), shell.add_person(firm, "Ben")
    add(
        firm,
        "account",
        "a1",
        name="示例机电",
        level="a",
        phones=["+86 138 0013 8000", "010-1"],
        annual_revenue_k=5,
        owner_id=anna,
        lat_e6=22_500_000,
        lng_e6=114_000_001,
        address="深圳市1号",
    )
    add(firm, "account", "a2", name="=cmd|'/c calc'!A1", parent_id="a1", owner_id=ben)
    add(
        firm,
        "contact",
        "c1",
        name="王芳",
        account_id="a1",
        phones=["13800138000"],
        note="第一行\n第二行; 逗号,",
        tags=["VIP", "展会"],
        birthday="1980-05-17",
        owner_id=anna,
    )
    add(
        firm,
        "activity",
        "v1",
        kind="call",
        account_id="a1",
        contact_ids=["c1"],
        at_ms=firm.clock(),
        body="打了电话",
        owner_id=anna,
    )


def table(data: bytes) -> list[dict]:
    assert data.startswith(b"\xef\xbb\xbf")
    return list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"))))


def test_customers_contacts_and_activities_come_out(firm):
    some_rows(firm)
    anna = entered(firm)

    accounts = table(anna.get("/export/accounts.csv").content)
    assert [(row["Customer"], row["Parent company"], row["Company phone"], row["Latitude"]) for row in accounts] == [
        ("'=cmd|'/c calc'!A1", "示例机电", "", ""),
        ("示例机电", "", "+86 138 0013 8000; 010-1", "22.500000"),
    ]
    assert table(anna.get("/export/contacts.csv").content)[0]["Contact's tags"] == "VIP; 展会"
    [activity] = table(anna.get("/export/activities.csv").content)
    assert (
        activity["Kind"], activity["Customer"], activity["Contacts"], activity["Text"]
    ) == ("Call", "示例机电", "王芳", "打了电话")


def test_an_export_holds_only_what_the_person_may_see(firm):
    some_rows(firm)
    ben = entered(firm, "Ben")

    assert [row["Customer"] for row in table(ben.get("/export/accounts.csv").content)] == ["'=cmd|'/c calc'!A1"]
    assert table(ben.get("/export/accounts.csv").content)[0]["Parent company"] == ""
    assert table(ben.get("/export/contacts.csv").content) == table(ben.get("/export/activities.csv").content) == []
    assert ben.get("/export/contacts.vcf").content == b""


def test_nobody_exports_without_signing_in_and_other_files_do_not_exist(firm):
    assert shell.client(firm).get("/export/accounts.csv").status_code == 303
    assert entered(firm).get("/export/secrets.csv").status_code == 404
    assert "accounts.csv" in entered(firm).get("/export").text


def test_exported_cards_are_read_back_the_same(firm):
    some_rows(firm)
    data = entered(firm).get("/export/contacts.vcf").content

    [record], _ = read_records(data.decode())

    assert b"VERSION:4.0\r\n" in data
    read = {target: [cell.text for cell in cells] for target, cells in record.values.items()}
    assert read == {
        "contact.name": ["王芳"], "account.name": ["示例机电"], "contact.phones": ["13800138000"],
        "contact.note": ["第一行\n第二行; 逗号,"], "contact.tags": ["VIP", "展会"], "contact.birthday": ["1980-05-17"],
    }  # fmt: skip


@pytest.mark.parametrize("language", ["en", "zh-Hans", "zh-Hant"])
def test_what_is_exported_can_be_imported_into_another_firm(firm, tmp_path, language):
    some_rows(firm)
    files = [str(tmp_path / name) for name in ("accounts.csv", "contacts.csv")]
    for file, name in zip(files, ("accounts.csv", "contacts.csv"), strict=True):
        assert main([name, "--for", "anna", "-o", file, "--language", language], firm) == 0
    other = shell.open_firm(tmp_path / "other")
    shell.add_person(other, "Ben")

    try:
        assert cli.main(files, other) == 0
        for sql in (
            "SELECT a.name, a.level, a.phones, a.annual_revenue_k, a.address, a.lat_e6, a.lng_e6, p.name, u.name"
            " FROM account a LEFT JOIN account p ON p.id = a.parent_id"
            " JOIN user u ON u.id = a.owner_id ORDER BY a.name",
            "SELECT c.name, c.phones, c.note, c.tags, c.birthday, a.name"
            " FROM contact c JOIN account a ON a.id = c.account_id",
        ):
            with firm.look() as one, other.look() as two:
                assert [tuple(row) for row in two.execute(sql)] == [tuple(row) for row in one.execute(sql)]
    finally:
        other.close()


@pytest.mark.parametrize("value", ["=1+1", "+cmd", "-1+cmd", "@SUM(A1)", "\tx", "'=x", "+1+cmd|' /C calc'!A0"])
def test_formulas_are_made_harmless_and_come_back_as_they_were(value):
    assert safe_cell(value) == "'" + value
    assert plain_cell(safe_cell(value)) == value


@pytest.mark.parametrize("value", ["+86 138 0013 8000", "+41 (44) 000-00-00; 010-1", "-5", "name", "'quoted'", 7])
def test_phones_numbers_and_plain_text_are_left_as_they_are(value):
    assert safe_cell(value) == value


def test_long_card_lines_are_folded_between_characters():
    line = "NOTE:" + "汉字" * 60
    folded = fold(line)
    assert all(len(part) <= 75 for part in folded.split(b"\r\n"))
    assert folded.replace(b"\r\n ", b"").decode() == line + "\r\n"


def test_the_command_names_a_person_who_does_not_exist(firm, capsys):
    assert main(["accounts.csv", "--for", "nobody"], firm) == 2
    assert "no colleague" in capsys.readouterr().err


def test_csv_has_a_byte_order_mark_and_quotes_what_needs_it():
    assert csv_bytes(["a", "b"], [["x,y", None]]) == b'\xef\xbb\xbfa,b\r\n"x,y",\r\n'
