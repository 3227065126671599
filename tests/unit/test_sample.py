import re
import time
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from server.firm import Firm
from server.sample import make_sample, sample_people
from server.sample.bulk import DIRECTOR, fill
from server.sign_in import passwords
from sync.entities import ENTITIES
from sync.latin import search_key

NOW_MS = 1_795_490_000_000  # a Tuesday in November 2026

MADE_UP_PHONES = re.compile(
    r"(\+86 )?164[\d ]{8,10}|0\d{2,3}-0\d{7}|\+49 (30 23125|40 66969|89 99998) \d{3}"
    r"|\+44 20 7946 0\d{3}|\+44 7700 900\d{3}|\+1 (312|206) 555 01\d\d"
)


@pytest.fixture(scope="module")
def sample(tmp_path_factory):
    firm = Firm.open(tmp_path_factory.mktemp("sample"), lambda: NOW_MS)
    started = time.monotonic()
    firm.people = make_sample(firm, NOW_MS)
    firm.seconds = time.monotonic() - started
    yield firm
    firm.close()


def rows(firm, sql: str, *values) -> list[tuple]:
    with firm.look() as conn:
        return [tuple(row) for row in conn.execute(sql, values)]


def seen(firm, user_id: str, sql: str) -> list:
    with firm.read(user_id) as conn:
        return [row[0] for row in conn.execute(sql)]


def test_it_is_there_before_anyone_gets_impatient(sample):
    assert sample.seconds < 10


def test_every_entity_has_rows(sample):
    counts = {entity.name: rows(sample, f"SELECT count(*) FROM {entity.name}")[0][0] for entity in ENTITIES}
    assert all(counts.values()), counts
    assert (counts["account"], counts["user"]) == (400, 13)
    assert counts["activity"] > 800 and counts["contact"] > 400


def test_two_firms_of_one_day_are_the_same(sample, tmp_path):
    other = Firm.open(tmp_path, lambda: NOW_MS)
    make_sample(other, NOW_MS)
    for entity in ENTITIES:
        if entity.name not in ("conflict", "handover_item"):  # their ids are made by the server
            sql = f"SELECT * FROM {entity.name} ORDER BY id"
            assert rows(sample, sql) == rows(other, sql), entity.name
    other.close()


def test_everyone_can_sign_in_as_printed(sample):
    assert sample.people == sample_people()
    with sample.look() as conn:
        for login, password, name, _ in sample.people:
            credential = passwords.find(conn, login)
            assert rows(sample, "SELECT name FROM user WHERE id = ?", credential["user_id"]) == [(name,)]
            assert passwords.matches(credential["password_hash"], password)


def test_a_salesperson_sees_own_customers_and_a_manager_those_of_the_team(sample):
    owners = "SELECT DISTINCT owner_id FROM account WHERE owner_id IS NOT NULL ORDER BY 1"
    assert seen(sample, "user-zhaolei", owners) == ["user-zhaolei"]
    assert seen(sample, "user-wangfang", owners) == ["user-lina", "user-wangfang", "user-zhaolei"]
    assert len(seen(sample, "user-anna", owners)) == len(seen(sample, "user-zhouming", owners)) == 8
    assert 10 < len(seen(sample, "user-zhenghui", "SELECT id FROM account WHERE owner_id IS NOT NULL")) < 40


def test_phones_and_addresses_of_people_reach_nobody(sample):
    for table in ("account", "contact", "user"):
        for (phone,) in rows(sample, f"SELECT j.value FROM {table}, json_each(phones) AS j"):
            assert MADE_UP_PHONES.fullmatch(phone), phone
        for (email,) in rows(sample, f"SELECT j.value FROM {table}, json_each(emails) AS j"):
            assert email.endswith(".example") and email.isascii()


def test_names_come_once_and_in_both_languages(sample):
    names = [name for (name,) in rows(sample, "SELECT name FROM account")]
    assert len(set(names)) == len(names)
    assert 60 < sum(name.isascii() for name in names) < 120


def test_open_conflicts_come_from_two_devices(sample):
    conflicts = rows(
        sample, "SELECT kept_by, kept_device, lost_by, lost_device, settled_at_ms FROM conflict ORDER BY kept_by"
    )
    assert conflicts == [
        ("user-huangjie", "Android", "user-wuqiang", "iPhone", None),
        ("user-wangfang", "Android", "user-lina", "iPhone", None),
    ]


def test_nothing_happened_after_now_and_work_goes_on(sample):
    assert rows(sample, "SELECT count(*) FROM activity WHERE at_ms > ?", NOW_MS) == [(0,)]
    assert rows(sample, "SELECT count(*) FROM history WHERE at_ms > ?", NOW_MS) == [(0,)]
    today = datetime.fromtimestamp(NOW_MS / 1000, ZoneInfo(sample.timezone)).date()
    midnight = int(datetime(today.year, today.month, today.day, tzinfo=ZoneInfo(sample.timezone)).timestamp() * 1000)
    busy = rows(
        sample,
        "SELECT count(DISTINCT user_id) FROM busy WHERE start_ms BETWEEN ? AND ?",
        midnight,
        midnight + 86_400_000,
    )
    assert busy[0][0] >= 8
    assert rows(sample, "SELECT count(*) FROM event WHERE start_ms > ?", NOW_MS)[0][0] > 30


def test_what_refers_to_something_refers_to_what_is_there(sample):
    for entity in ENTITIES:
        for field in entity.fields:
            if field.type == "ref":
                known = f"SELECT id FROM {field.ref}"
                sql = f"SELECT count(*) FROM {entity.name} WHERE {field.name} NOT IN ({known})"
                assert rows(sample, sql) == [(0,)], (entity.name, field.name)


def test_bulk_rows_are_as_accept_would_have_made_them(tmp_path):
    firm = Firm.open(tmp_path, lambda: NOW_MS)
    people = fill(firm, accounts=60, activities=300, people=12)
    assert rows(
        firm, "SELECT (SELECT count(*) FROM account), (SELECT count(*) FROM contact), (SELECT count(*) FROM activity)"
    ) == [(60, 120, 300)]
    assert len(seen(firm, DIRECTOR, "SELECT id FROM account")) == 60
    assert set(seen(firm, people[2], "SELECT DISTINCT owner_id FROM account")) == {people[2]}
    versions = [
        row[0]
        for row in rows(
            firm,
            "SELECT version FROM account UNION ALL SELECT version FROM contact UNION ALL SELECT version FROM activity",
        )
    ]
    assert len(set(versions)) == len(versions) and max(versions) == rows(firm, "SELECT seq FROM counter")[0][0]
    found = rows(firm, "SELECT name, phones, search_key FROM account")
    assert all(key == search_key(name, "", phones) for name, phones, key in found)
    assert rows(firm, "SELECT count(*) FROM account_stat")[0][0] > 30
    firm.close()
