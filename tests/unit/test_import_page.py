import re

import pytest

from server.imports.waiting import HOUR_MS
from server.sign_in import sessions
from tests.unit import shell

CUSTOMERS = "客户名称,联系人,手机,级别\n示例机电有限公司,张三,13912345678,A\n坏行厂,李四,13912345679,VIP\n"


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


@pytest.fixture
def anna(firm):
    return entered(firm)


def bring(browser, text: str, encoding: str = "gb18030", filename: str = "客户.csv", **fields) -> str:
    """Upload a file; returns the address of its page."""
    answer = browser.post("/import", files={"file": (filename, text.encode(encoding))}, data=fields)
    assert answer.status_code == 303, answer.text
    return answer.headers["location"]


def choose(browser, address: str, **changed) -> str:
    """Confirm the columns as guessed, but for what is changed; returns the address of the report."""
    page = browser.get(address).text
    chosen = {}
    for name, inside in re.findall(r'<select[^>]* name="([\w-]+)"[^>]*>(.*?)</select>', page, re.S):
        selected = re.search(r'<option value="([^"]*)" selected', inside)
        chosen[name] = selected.group(1) if selected else ""
    answer = browser.post(address, data=chosen | changed)
    assert answer.status_code == 303, answer.text
    return answer.headers["location"]


def rows(firm, sql: str) -> list[tuple]:
    with firm.look() as conn:
        return [tuple(row) for row in conn.execute(sql)]


def waiting_files(firm) -> list[str]:
    return sorted(path.suffix for path in (firm.path / "imports").iterdir())


def test_a_file_goes_from_upload_to_customers_and_an_error_file(firm, anna):
    address = bring(anna, CUSTOMERS)
    page = anna.get(address).text
    assert "gb18030" in page and "13912345678" in page
    report = choose(anna, address)
    shown = anna.get(report).text
    assert "VIP" in shown and "1 row not imported" in shown
    assert rows(firm, "SELECT count(*) FROM account") == [(0,)]

    done = anna.post(f"{address}/result")

    assert done.status_code == 303
    assert "1 customer, 1 contact" in anna.get(done.headers["location"]).text
    assert rows(
        firm,
        "SELECT a.name, a.level, u.name, c.name FROM account a"
        " JOIN user u ON u.id = a.owner_id JOIN contact c ON c.account_id = a.id",
    ) == [("示例机电有限公司", "a", "Anna Keller", "张三")]
    errors = anna.get(f"{address}/errors.csv").content.decode("utf-8-sig")
    assert errors.splitlines()[1].startswith("3,级别,VIP,") and errors.splitlines()[1].endswith(
        "坏行厂,李四,13912345679,VIP"
    )
    assert waiting_files(firm) == [".errors", ".json"]


def test_a_second_tap_imports_nothing_twice(firm, anna):
    address = bring(anna, CUSTOMERS)
    choose(anna, address)

    assert [anna.post(f"{address}/result").status_code for _ in range(2)] == [303, 200]
    assert rows(firm, "SELECT count(*) FROM account") == [(1,)]


def test_duplicates_link_to_what_is_there(firm, anna):
    for text in ("公司\n示例机电\n", "公司,行业\n示例机电有限公司,机电\n"):
        address = bring(anna, text)
        report = choose(anna, address)
        if "行业" not in text:
            anna.post(f"{address}/result")

    page = anna.get(report).text

    [(account_id,)] = rows(firm, "SELECT id FROM account")
    assert f'href="/customers/{account_id}"' in page
    assert f'action="/import/{address.split("/")[-1]}/result"' in page
    report = choose(anna, address, duplicates="fill")
    anna.post(f"{address}/result")
    assert rows(firm, "SELECT name, industry FROM account") == [("示例机电", "机电")]


def test_cards_need_no_columns(firm, anna):
    card = "BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Anna\r\nTEL:+41 44 000 00 00\r\nPHOTO:x\r\nEND:VCARD\r\n"
    address = bring(anna, card, "utf-8", "phone.vcf")
    assert "1 contact card" in anna.get(address).text
    report = choose(anna, address)
    assert "PHOTO" in anna.get(report).text
    anna.post(f"{address}/result")
    assert rows(firm, "SELECT name, phones FROM contact") == [("Anna", '["+41 44 000 00 00"]')]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "nothing in this file"),
        (b"PK\x03\x04", "save it as CSV"),
        (b'name,x\nA,"open\n', "never closed"),
        (b"a" * 20_000_001, "20 MB"),
    ],
)
def test_a_file_that_cannot_be_read_says_why_and_what_to_do(anna, data, words):
    answer = anna.post("/import", files={"file": ("x.csv", data)})
    assert answer.status_code == 422
    assert words in answer.text


def test_without_a_name_column_the_page_comes_back_with_the_choices(anna):
    address = bring(anna, "Stimmung,mail\ngut,a@example.com\n")
    answer = anna.post(address, data={"column-0": "account.note", "column-1": ""})
    assert answer.status_code == 422
    assert "Choose a column for one of the names" in answer.text
    assert '<option value="account.note" selected' in answer.text


def test_a_waiting_file_is_only_for_the_session_that_brought_it(firm, anna):
    shell.add_person(firm, "Ben")
    ben = entered(firm, "Ben")
    address = bring(anna, CUSTOMERS)
    choose(anna, address)

    assert {ben.get(address + part).status_code for part in ("", "/report", "/result", "/errors.csv")} == {404}
    assert ben.post(f"{address}/result").status_code == 404
    ben.post(f"{address}/end")
    assert anna.get(address).status_code == 200


def test_a_waiting_file_is_gone_after_an_hour_and_when_given_up(firm, anna):
    old, other = bring(anna, CUSTOMERS), bring(anna, CUSTOMERS)
    anna.post(f"{other}/end")
    assert anna.get(other).status_code == 404

    firm.clock.now_ms += HOUR_MS + 1

    assert anna.get(old).status_code == 404
    bring(anna, CUSTOMERS)
    assert waiting_files(firm) == [".data", ".json"]


def test_nobody_imports_without_signing_in(firm):
    browser = shell.client(firm)
    assert browser.get("/import").status_code == 303
    assert browser.post("/import", files={"file": ("x.csv", b"name\nA\n")}).status_code in (303, 401)


def test_a_salesperson_gives_rows_only_to_whom_the_persons_scope_reaches(firm):
    shell.add_person(firm, "Ben")
    ben = entered(firm, "Ben")
    address = bring(ben, "company,owner\nMine,Ben\nHers,Anna Keller\n")
    report = choose(ben, address)
    assert "You may not give anything to this colleague" in ben.get(report).text

    ben.post(f"{address}/result")

    assert rows(firm, "SELECT a.name, u.name FROM account a JOIN user u ON u.id = a.owner_id") == [("Mine", "Ben")]


def test_names_in_addresses_cannot_reach_other_files(anna):
    assert anna.get("/import/..%2F..%2Froadbook").status_code == 404
    assert anna.get("/import/AAAAAAAAAAAAAAAAAAAAAA").status_code == 404
