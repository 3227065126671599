import csv
import io

import pytest

from server.admin.changes import make
from server.firm import Firm
from server.imports.apply import ImportRefused, ids_from, import_job
from server.imports.cli import ALL_IN, NOT_DONE, SOME_LEFT, main

AGENTS = "sales_agent,manager,regional_office\nAnn Agent,Max Manager,North\nBob Agent,Mia Manager,North\n"
ACCOUNTS = (
    "account,sector,year_established,revenue,employees,office_location,subsidiary_of\n"
    "Acme Corporation,retail,1996,1100.04,2822,Kenya,\n"
    "Bluth,retail,1993,2,3,Kenya,Acme Corporation\n"
)
PIPELINE = (
    "opportunity_id,sales_agent,product,account,deal_stage,engage_date,close_date,close_value\n"
    "1C1I,Ann Agent,GTX,Bluth,Won,10/20/2016,3/1/2017,1054\n"
    "2B2B,Bob Agent,GTX,Bluth,Engaging,11/3/2016,,\n"
    "3C3C,Ann Agent,MG,,Won,10/25/2016,3/7/2017,50\n"
    "4D4D,Ann Agent,MG,Bluth,Prospecting,,,\n"
)


@pytest.fixture
def firm(tmp_path):
    firm = Firm.open(tmp_path / "firm")

    def people(db):
        top = make(db, firm, None, "department", {"name": "Firm"})
        role = make(db, firm, None, "role", {"name": "Administrator", "data_scope": "everything", "is_admin": 1})
        make(db, firm, None, "user", {"name": "Root", "role_id": role, "department_id": top})

    firm.write_now(people)
    yield firm
    firm.close()


def rows(firm, sql: str, *values) -> list[tuple]:
    with firm.look() as conn:
        return [tuple(row) for row in conn.execute(sql, values)]


def write(tmp_path, **files: str) -> list[str]:
    paths = []
    for name, text in files.items():
        path = tmp_path / name.replace("_csv", ".csv").replace("_vcf", ".vcf")
        path.write_text(text, encoding="cp1252" if "ü" in text else "gb18030")
        paths.append(str(path))
    return paths


def test_the_sales_data_set_becomes_people_customers_and_notes(firm, tmp_path):
    files = write(tmp_path, pipeline_csv=PIPELINE, accounts_csv=ACCOUNTS, agents_csv=AGENTS)

    assert main([*files, "--owners-from-opportunities", "--errors", str(tmp_path / "errors.csv")], firm) == SOME_LEFT

    assert rows(
        firm, "SELECT d.name, p.name FROM department d JOIN department p ON p.id = d.parent_id"
    ) == [("North", "Firm")]
    assert rows(
        firm, "SELECT u.name, m.name, r.data_scope FROM user u"
        " JOIN role r ON r.id = u.role_id LEFT JOIN user m ON m.id = u.manager_id ORDER BY u.name"
    ) == [
        ("Ann Agent", "Max Manager", "own"), ("Bob Agent", "Mia Manager", "own"),
        ("Max Manager", None, "reports"), ("Mia Manager", None, "reports"), ("Root", None, "everything"),
    ]  # fmt: skip
    assert rows(firm, "SELECT count(*) FROM credential") == [(0,)]
    assert rows(
        firm,
        "SELECT a.name, a.annual_revenue_k, p.name, u.name FROM account a"
        " LEFT JOIN account p ON p.id = a.parent_id LEFT JOIN user u ON u.id = a.owner_id ORDER BY a.name",
    ) == [
        ("Acme Corporation", 1_100_040, None, None), ("Bluth", 2_000, "Acme Corporation", "Ann Agent"),
    ]  # fmt: skip
    notes = rows(
        firm, "SELECT kind, date(at_ms / 1000, 'unixepoch'), body FROM activity WHERE id LIKE '%1c1i%' ORDER BY at_ms"
    )
    assert notes == [
        ("note", "2016-10-20", "Opportunity 1C1I: GTX. Ann Agent engaged the customer. Stage Engaging."),
        ("note", "2017-03-01", "Opportunity 1C1I: GTX. Stage Won. Value 1054. Agent: Ann Agent."),
    ]
    errors = list(csv.DictReader(io.StringIO((tmp_path / "errors.csv").read_bytes().decode("utf-8-sig"))))
    assert [(line["roadbook row"], line["opportunity_id"]) for line in errors] == [("4", "3C3C")]


def test_importing_the_same_files_again_changes_nothing(firm, tmp_path):
    files = write(tmp_path, agents_csv=AGENTS, accounts_csv=ACCOUNTS, pipeline_csv=PIPELINE)
    main(files, firm)
    before = rows(firm, "SELECT seq FROM counter")

    main(files, firm)

    assert rows(firm, "SELECT seq FROM counter") == before


def test_agents_see_their_own_customers_and_managers_those_of_their_team(firm, tmp_path):
    main(
        [
            *write(tmp_path, agents_csv=AGENTS, accounts_csv=ACCOUNTS, pipeline_csv=PIPELINE),
            "--owners-from-opportunities",
        ],
        firm,
    )
    ids = dict(rows(firm, "SELECT name, id FROM user"))

    def sees(name):
        with firm.read(ids[name]) as conn:
            return [row[0] for row in conn.execute("SELECT name FROM account WHERE owner_id IS NOT NULL")]

    assert (
        sees("Ann Agent"), sees("Max Manager"), sees("Bob Agent"), sees("Mia Manager")
    ) == (["Bluth"], ["Bluth"], [], [])


def test_a_dry_run_says_what_would_happen_and_writes_nothing(firm, tmp_path, capsys):
    [file] = write(tmp_path, accounts_csv="公司,手机\n示例机电有限公司,13912345678\n")

    assert main([file, "--dry-run"], firm) == ALL_IN

    assert "1 rows would be imported, 1 new account rows" in capsys.readouterr().out
    assert rows(firm, "SELECT count(*) FROM account") == [(0,)]


def test_columns_can_be_mapped_by_hand_and_a_wrong_one_is_named(firm, tmp_path, capsys):
    [file] = write(tmp_path, a_csv="Firma,Stimmung\nMüller,gut\n")

    assert main([file], firm) == NOT_DONE
    assert main([file, "--map", "Firma=account.name", "--map", "Laune=account.note"], firm) == NOT_DONE
    assert "no column Laune" in capsys.readouterr().err
    assert main([file, "--map", "Firma=account.name", "--map", "Stimmung=account.note"], firm) == ALL_IN
    assert rows(firm, "SELECT name, note FROM account") == [("Müller", "Stimmung: gut")]


def test_a_mended_error_file_can_be_imported(firm, tmp_path):
    [file] = write(tmp_path, a_csv="公司,级别\n=示例机电,A\n金额厂,VIP\n")
    errors = tmp_path / "errors.csv"
    assert main([file, "--errors", str(errors)], firm) == SOME_LEFT

    errors.write_text(errors.read_text("utf-8-sig").replace("VIP", "B", 1).replace(",金额厂,VIP", ",金额厂,B"), "utf-8")

    assert main([str(errors)], firm) == ALL_IN
    assert rows(firm, "SELECT name, level FROM account ORDER BY level") == [("=示例机电", "a"), ("金额厂", "b")]


def test_one_refused_operation_leaves_nothing_half_imported(firm):
    new_id = ids_from(firm)
    good = {"id": new_id(), "entity": "account", "row": new_id(), "base": 0, "at": 1, "set": {"name": "Good"}}
    bad = {"id": new_id(), "entity": "account", "row": new_id(), "base": 0, "at": 1, "set": {"name": ""}}

    with pytest.raises(ImportRefused) as refused:
        firm.write_now(import_job(firm, [good, bad], None))

    assert refused.value.refusals[0][0] == bad
    assert rows(firm, "SELECT count(*) FROM account") == rows(
        firm, "SELECT count(*) FROM operation WHERE user_id IS NULL AND id = ?", good["id"]
    ) == [(0,)]


def test_cards_are_given_to_the_owner_that_is_named(firm, tmp_path):
    [file] = write(tmp_path, c_vcf="BEGIN:VCARD\nVERSION:3.0\nFN:Anna\nTEL:+41 44 000 00 00\nEND:VCARD\n")

    assert main([file], firm) == SOME_LEFT
    assert main([file, "--owner", "root"], firm) == ALL_IN
    assert rows(firm, "SELECT c.name, u.name FROM contact c JOIN user u ON u.id = c.owner_id") == [("Anna", "Root")]
