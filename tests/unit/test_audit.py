import csv
import io
import json
import sqlite3 as plain_sqlite

import pytest

from server import audit
from server.audit import failures
from server.audit.actions import ACTIONS
from server.commands import auditing
from server.let_in import Unknown
from tests.unit.shell import PASSWORD, add_person, client, id_of, open_firm, signed_in_client


@pytest.fixture
def firm(tmp_path):
    firm = open_firm(tmp_path)
    yield firm
    firm.close()


@pytest.fixture
def admin(firm):
    return signed_in_client(firm)


def entries(firm, action=""):
    with firm.look() as conn:
        found = conn.execute("SELECT * FROM audit WHERE action = :a OR :a = '' ORDER BY n", {"a": action})
        return [dict(row) | {"detail": json.loads(row["detail"])} for row in found]


def last(firm):
    return entries(firm)[-1]


def write(firm, sql, *values):
    return firm.write_now(lambda conn: conn.execute(sql, values))


def note(firm, action="signed_in", **more):
    firm.write_now(lambda conn: audit.note(conn, firm.clock(), "anna", "phone", action, "user/anna", more))


def tampered(firm, *statements):
    """What somebody does who can write the file: without the triggers, and past the server."""
    other = plain_sqlite.connect(firm.path / "roadbook.db", timeout=10)
    for name in ("audit_next", "audit_kept", "audit_stays"):
        other.execute(f"DROP TRIGGER {name}")
    for statement in statements:
        other.execute(statement)
    other.commit()
    other.close()


def verify(firm):
    with firm.look() as conn:
        return audit.verify(conn)


# --- it only grows -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE audit SET user_id = 'ben'",
        "DELETE FROM audit",
        "INSERT OR REPLACE INTO audit SELECT n, at_ms, 'ben', '', action, subject, detail, hash FROM audit LIMIT 1",
        "INSERT INTO audit SELECT n + 1000, at_ms, 'ben', '', action, subject, detail, hash FROM audit LIMIT 1",
    ],
)
def test_the_database_refuses_to_change_it(firm, sql):
    before = entries(firm)

    with pytest.raises(Exception, match="only grows"):
        write(firm, sql)

    assert entries(firm) == before


def test_a_whole_log_is_found_whole(firm):
    for _ in range(5):
        note(firm)

    found = verify(firm)

    assert (found.entries, found.broken_at, found.hash) == (len(entries(firm)), None, last(firm)["hash"])


@pytest.mark.parametrize(
    ("statement", "broken_at"),
    [
        ("UPDATE audit SET user_id = 'ben' WHERE n = 3", 3),
        ("UPDATE audit SET at_ms = at_ms + 1 WHERE n = 3", 3),
        ("UPDATE audit SET detail = '{}' || ' ' WHERE n = 3", 3),
        ("DELETE FROM audit WHERE n = 3", 3),
        ("DELETE FROM audit WHERE n = 1", 1),
        ("INSERT INTO audit SELECT 1 + max(n), 0, 'ben', '', 'signed_in', '', '{}', 'forged' FROM audit", -1),
    ],
)
def test_an_entry_that_was_changed_removed_or_slipped_in_is_found(firm, statement, broken_at):
    for _ in range(5):
        note(firm)
    tampered(firm, statement)

    assert verify(firm).broken_at == (len(entries(firm)) if broken_at == -1 else broken_at)
    with pytest.raises(Unknown, match="is broken at entry"):
        auditing.verify(firm, "", None)


def test_an_entry_that_was_changed_with_a_new_fingerprint_is_found_by_the_next(firm):
    for _ in range(5):
        note(firm)
    with firm.look() as conn:
        before = conn.execute("SELECT hash FROM audit WHERE n = 2").fetchone()[0]
        columns = "n, at_ms, 'ben', device_id, action, subject, detail"
        third = tuple(conn.execute(f"SELECT {columns} FROM audit WHERE n = 3").fetchone())
    tampered(firm, f"UPDATE audit SET user_id = 'ben', hash = '{audit.chained(before, third)}' WHERE n = 3")

    assert verify(firm).broken_at == 4


def test_the_doctor_finds_it(firm):
    from server.doctor.signing_in import check_audit

    note(firm)
    with firm.look() as conn:
        assert check_audit(conn).state == "ok"
    tampered(firm, "DELETE FROM audit WHERE n = 2")

    with firm.look() as conn:
        assert (check_audit(conn).state, "entry 2" in check_audit(conn).words) == ("failed", True)


def test_a_log_that_was_rewritten_whole_is_told_by_one_that_was_taken_out(firm, admin, tmp_path):
    for _ in range(5):
        note(firm)
    kept = tmp_path / "audit.csv"
    kept.write_bytes(admin.get("/admin/audit.csv").content)
    assert "all" in auditing.verify(firm, "", kept)
    last_n = last(firm)["n"]

    tampered(firm, f"DELETE FROM audit WHERE n > {last_n - 3}")
    firm.clock.now_ms += 1
    note(firm)

    assert verify(firm).broken_at is None
    with pytest.raises(Unknown, match=f"entry {last_n - 2} "):
        auditing.verify(firm, "", kept)


def test_the_command_refuses_what_is_no_log(firm, tmp_path):
    (tmp_path / "no.csv").write_text("a,b\nc,d\n")

    with pytest.raises(Unknown, match="is no audit log"):
        auditing.verify(firm, "", tmp_path / "no.csv")
    with pytest.raises(Unknown, match="is no audit log"):
        auditing.verify(firm, "", tmp_path / "absent.csv")


@pytest.mark.parametrize(
    ("action", "detail"),
    [("made_up", {}), *(("signed_in", {"what": what}) for what in ("x" * 201, {"a": 1}, 1.5))],
)
def test_only_listed_actions_with_short_details_are_noted(firm, action, detail):
    with pytest.raises(ValueError, match="audit"):
        note(firm, action, **detail)


def test_a_deed_that_fails_is_not_noted(firm):
    before = entries(firm)

    def job(conn):
        audit.note(conn, 1, "anna", "", "signed_in")
        raise RuntimeError("the deed fails")

    with pytest.raises(RuntimeError):
        firm.write_now(job)

    assert entries(firm) == before
    note(firm)
    assert verify(firm).broken_at is None


# --- what is noted -----------------------------------------------------------------------------------


def test_signing_in_and_out_is_noted_with_device_and_network(firm):
    browser = client(firm, address="203.0.113.77")
    browser.post("/sign-in", data={"login": "anna", "password": PASSWORD})
    browser.post("/sign-out")

    added, came, went = entries(firm)[-3:]

    assert [one["action"] for one in (added, came, went)] == ["device_added", "signed_in", "signed_out"]
    assert came["detail"] == {"by": "password", "network": "203.0.113.0/24"}
    assert came["user_id"] == id_of(firm, "Anna Keller")
    assert came["device_id"] == went["device_id"] == added["device_id"] != ""


def test_what_administrators_do_is_noted_with_who_and_on_which_device(firm, admin):
    with firm.look() as conn:
        device_id = conn.execute("SELECT device_id FROM session").fetchone()[0]
    role_id = id_of(firm, "Salesperson", "role")

    admin.post("/admin/people/new", data={"name": "Li Na", "role_id": role_id, "phones": "13800001111"})

    noted = last(firm)
    assert (noted["action"], noted["subject"]) == ("row_made", f"user/{id_of(firm, 'Li Na')}")
    assert (noted["user_id"], noted["device_id"]) == (id_of(firm, "Anna Keller"), device_id)
    assert noted["detail"]["role_id"] == role_id
    assert "phones" in noted["detail"]["fields"]


def test_the_log_holds_ids_and_nothing_that_anybody_typed(firm, admin):
    secret_words = ["Li Na", "13800001111", "lina@example.com", "Geheim", PASSWORD, "li.na.login"]
    role_id = id_of(firm, "Salesperson", "role")
    person = {"name": "Li Na", "role_id": role_id, "phones": "13800001111", "emails": "lina@example.com"}
    admin.post("/admin/people/new", data=person)
    admin.post("/admin/departments", data={"name": "Geheim"})
    link = admin.post(f"/admin/people/{id_of(firm, 'Li Na')}/invites").text.split("/invite/")[1][:43]
    client(firm).post(f"/invite/{link}", data={"login": "li.na.login", "password": PASSWORD})
    client(firm).post("/sign-in", data={"login": "li.na.login", "password": "Geheim oder nicht"})

    whole = json.dumps(entries(firm), ensure_ascii=False)

    assert [word for word in (*secret_words, link) if word in whole] == []
    assert len(entries(firm, "invite_used")) == 1


@pytest.mark.parametrize(
    ("act", "action"),
    [
        (lambda b, ben: b.post(f"/admin/people/{ben}/invites"), "invite_made"),
        (lambda b, ben: b.post(f"/admin/people/{ben}/codes"), "code_made"),
        (lambda b, ben: b.post(f"/admin/people/{ben}/activity", data={"is_active": "0"}), "person_deactivated"),
        (lambda b, ben: b.post("/admin/departments", data={"name": "North"}), "row_made"),
        (lambda b, ben: b.post("/admin/pool", data={"name": "A", "days": "90", "is_active": "1"}), "row_made"),
        (lambda b, ben: b.post("/sign-in/code"), "code_made"),
        (lambda b, ben: b.get("/export/contacts.csv"), "exported"),
        (lambda b, ben: b.get("/admin/conflicts.csv"), "exported"),
        (lambda b, ben: b.get("/admin/audit.csv"), "audit_exported"),
    ],
)
def test_each_administrative_act_is_noted(firm, admin, act, action):
    ben = add_person(firm, "Ben", login="ben")
    before = len(entries(firm))

    answer = act(admin, ben)

    assert answer.status_code in (200, 303), answer.text
    assert action in [one["action"] for one in entries(firm)[before:]]


def test_becoming_an_administrator_is_noted_apart(firm, admin):
    ben = add_person(firm, "Ben", login="ben")
    with firm.look() as conn:
        version = conn.execute("SELECT version FROM user WHERE id = ?", (ben,)).fetchone()[0]
    role_id = id_of(firm, "Administrator", "role")

    admin.post(f"/admin/people/{ben}", data={"name": "Ben", "role_id": role_id, "version": version})

    assert [one["subject"] for one in entries(firm, "became_administrator")][-1] == f"user/{ben}"


def test_an_import_is_noted_with_how_much_it_brought(firm):
    from server.imports.apply import import_job
    from tests.small_firm import op

    ops = [op("account", f"a{n}", name=f"A{n}", kind="customer") for n in range(3)]
    firm.write_now(import_job(firm, ops, None))

    assert last(firm)["action"] == "imported"
    assert last(firm)["detail"] == {"account": 3}


def test_what_the_command_line_does_has_no_person(firm):
    from server import let_in

    add_person(firm, "Ben", login="ben")
    let_in.code(firm, "http://x", "ben")

    assert (last(firm)["action"], last(firm)["user_id"]) == ("code_made", "")


# --- refused sign-ins --------------------------------------------------------------------------------


def test_refused_sign_ins_are_noted_with_whose_login_it_was(firm):
    client(firm).post("/sign-in", data={"login": "anna", "password": "wrong"})
    client(firm).post("/sign-in", data={"login": "nobody", "password": "wrong"})

    known, unknown = entries(firm, "sign_in_failed")

    assert known["subject"] == f"user/{id_of(firm, 'Anna Keller')}"
    assert (known["user_id"], unknown["subject"]) == ("", "")


def test_an_attack_of_a_day_is_seen_and_does_not_fill_the_disk(firm):
    before = len(entries(firm))
    for n in range(24 * 100):
        at_ms = firm.clock() + n * failures.HOUR_MS // 100
        one = at_ms, "", "sign_in_failed", "password", f"2001:db8:{n:x}::1"
        firm.write_now(lambda conn, one=one: failures.note_failure(conn, *one))

    noted = entries(firm)[before:]

    assert len(noted) <= 25 * (failures.MOST_AN_HOUR + 1)
    told = sum(one["detail"].get("more", 1) for one in noted)
    assert told >= 24 * 100 - 100


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("203.0.113.77", "203.0.113.0/24"),
        ("::ffff:203.0.113.77", "203.0.113.0/24"),
        ("2001:db8:1:2:3::4", "2001:db8:1::/48"),
        ("unknown", ""),
    ],
)
def test_where_somebody_came_from_is_kept_less_exactly_than_it_is_known(address, shown):
    assert failures.network(address) == shown


# --- the page ----------------------------------------------------------------------------------------


def test_the_page_shows_names_and_filters_by_person_action_and_day(firm, admin):
    ben = add_person(firm, "Ben Ohm", login="ben")
    client(firm).post("/sign-in", data={"login": "ben", "password": PASSWORD})
    firm.clock.now_ms += 2 * 86_400_000
    admin = signed_in_client(firm)
    admin.post(f"/admin/people/{ben}/codes")

    everything = admin.get("/admin/audit").text
    assert "Ben Ohm" in everything
    assert "One-time code made" in everything
    of_ben = rows_of(admin.get(f"/admin/audit?person={ben}&action=signed_in").text)
    assert len(of_ben) == 1
    assert "Signed in" in of_ben[0]
    today = admin.get("/admin/audit?from=2099-01-01").text
    assert "Nothing like this was noted." in today


def rows_of(page):
    return page.split('<li class="row">')[1:]


@pytest.mark.parametrize(
    "query", ["from=nonsense", "until=9999-99-99", "before=-1", "action=made_up", "person=%00", "from=9999-12-31"]
)
def test_a_strange_address_still_shows_a_page(admin, query):
    assert admin.get(f"/admin/audit?{query}").status_code == 200


def test_older_entries_are_a_page_away_and_none_is_left_out(firm, admin):
    for _ in range(130):
        note(firm)
    seen, path = 0, "/admin/audit"
    while path:
        page = admin.get(path).text
        seen += len(rows_of(page))
        older = page.split('<a class="btn" href="/admin/audit?before=')
        path = f"/admin/audit?before={older[1].split(chr(34))[0]}" if len(older) > 1 else ""

    assert seen == len(entries(firm))


def test_the_file_holds_what_the_log_holds(firm, admin):
    note(firm, rows=7)
    before = entries(firm)

    lines = list(csv.reader(io.StringIO(admin.get("/admin/audit.csv").content.decode("utf-8-sig"))))[1:]

    assert [int(line[0]) for line in lines] == [one["n"] for one in reversed(before)]
    assert [line[-1] for line in lines] == [one["hash"] for one in reversed(before)]
    assert last(firm)["detail"] == {"rows": len(before)}


def test_only_administrators_read_it(firm):
    add_person(firm, "Ben", login="ben")
    ben = signed_in_client(firm, "ben")

    assert [ben.get(path).status_code for path in ("/admin/audit", "/admin/audit.csv")] == [403, 403]


def test_every_action_has_words_on_the_page_in_three_languages(firm):
    from web.text import Text

    for lang in ("zh-Hans", "zh-Hant"):
        text = Text(lang, "UTC", 0)
        assert [said for said in ACTIONS.values() if text.gettext(said) == said] == []
