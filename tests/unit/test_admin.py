import json
import re

import pytest

from server.admin import departments, people
from tests.small_firm import as_server, op
from tests.unit.shell import PASSWORD, add_person, client, id_of, open_firm, signed_in_client


@pytest.fixture
def firm(tmp_path):
    firm = open_firm(tmp_path)
    yield firm
    firm.close()


@pytest.fixture
def admin(firm):
    return signed_in_client(firm)


def row_of(firm, entity, row_id):
    with firm.look() as conn:
        return dict(conn.execute(f"SELECT * FROM {entity} WHERE id = ?", (row_id,)).fetchone())


def person_form(firm, user_id, **changed):
    row = row_of(firm, "user", user_id)
    form = {name: row[name] or "" for name in ("name", "title", "department_id", "role_id", "manager_id")}
    sets = {name: "\n".join(json.loads(row[name])) for name in ("phones", "emails")}
    return form | sets | {"version": row["version"]} | changed


PAGES = ["/admin", "/admin/people", "/admin/people/new", "/admin/departments", "/admin/roles", "/admin/pool"]
PAGES += ["/admin/conflicts"]


@pytest.mark.parametrize("path", PAGES)
def test_only_administrators_come_in(firm, admin, path):
    add_person(firm, "Ben Otto", login="ben")

    assert admin.get(path).status_code == 200
    refused = signed_in_client(firm, "ben").get(path)
    assert refused.status_code == 403
    assert "An administrator of your firm can change that" in refused.text
    assert client(firm).get(path).status_code == 303


def test_a_post_of_somebody_else_changes_nothing(firm):
    ben = add_person(firm, "Ben Otto", login="ben")
    role_id = id_of(firm, "Administrator", "role")

    answer = signed_in_client(firm, "ben").post(f"/admin/people/{ben}", data=person_form(firm, ben, role_id=role_id))

    assert answer.status_code == 403
    assert row_of(firm, "user", ben)["role_id"] != role_id


def test_a_new_person_is_added_invited_and_shown(firm, admin):
    role_id = id_of(firm, "Salesperson", "role")
    typed = {"name": " 王芳 ", "role_id": role_id, "phones": "138 0013 8000\n021-5555", "emails": "fang@example.com"}

    added = admin.post("/admin/people/new", data=typed)
    page = admin.post(added.headers["location"] + "/invites").text

    row = row_of(firm, "user", id_of(firm, "王芳"))
    assert json.loads(row["phones"]) == ["138 0013 8000", "021-5555"]
    link = re.search(r'href="(http://localhost:8000/invite/[^"]+)"', page)[1]
    assert "<svg" in page
    assert client(firm).get(link).status_code == 200
    assert "Invited" in admin.get("/admin/people").text


def test_a_person_without_a_role_is_asked_again_with_everything_typed(firm, admin):
    answer = admin.post("/admin/people/new", data={"name": "Ben <Otto>", "title": "Sales", "role_id": ""})

    assert answer.status_code == 422
    assert 'value="Ben &lt;Otto&gt;"' in answer.text
    assert 'aria-invalid="true"' in answer.text


def test_an_edit_reaches_the_row_and_its_history_in_the_administrators_name(firm, admin):
    ben = add_person(firm, "Ben Otto")

    admin.post(f"/admin/people/{ben}", data=person_form(firm, ben, title="Team lead"))

    assert row_of(firm, "user", ben)["title"] == "Team lead"
    with firm.look() as conn:
        last = conn.execute("SELECT user_id FROM history WHERE row_id = ? ORDER BY seq DESC LIMIT 1", (ben,)).fetchone()
    assert last[0] == id_of(firm, "Anna Keller")


def test_an_edit_of_what_somebody_changed_meanwhile_is_refused(firm, admin):
    ben = add_person(firm, "Ben Otto")
    stale = person_form(firm, ben, title="Team lead")
    admin.post(f"/admin/people/{ben}", data=person_form(firm, ben, title="Director"))

    answer = admin.post(f"/admin/people/{ben}", data=stale)

    assert answer.status_code == 422
    assert "in the meantime" in answer.text and 'value="Team lead"' in answer.text
    assert row_of(firm, "user", ben)["title"] == "Director"


def test_who_is_deactivated_is_signed_out_and_stays_out(firm, admin):
    ben = add_person(firm, "Ben Otto", login="ben")
    phone = signed_in_client(firm, "ben")

    admin.post(f"/admin/people/{ben}/activity", data={"is_active": "0"})

    assert phone.get("/me/devices").status_code == 303
    assert client(firm).post("/sign-in", data={"login": "ben", "password": PASSWORD}).status_code == 422
    assert admin.post(f"/admin/people/{ben}/codes").status_code == 422
    admin.post(f"/admin/people/{ben}/activity", data={"is_active": "1"})
    assert signed_in_client(firm, "ben").get("/me/devices").status_code == 200


def test_an_administrators_code_signs_the_person_in(firm, admin):
    ben = add_person(firm, "Ben Otto")

    code = re.search(r'class="num">([^<]+)</h2>', admin.post(f"/admin/people/{ben}/codes").text)[1]
    phone = client(firm)
    phone.post("/sign-in", data={"code": code})

    assert phone.get("/me/devices").status_code == 200


@pytest.mark.parametrize("way", ["deactivate", "change role", "change the role itself"])
def test_the_last_administrator_cannot_be_lost(firm, admin, way):
    anna, role_id = id_of(firm, "Anna Keller"), id_of(firm, "Administrator", "role")
    if way == "deactivate":
        answer = admin.post(f"/admin/people/{anna}/activity", data={"is_active": "0"})
    elif way == "change role":
        changed = person_form(firm, anna, role_id=id_of(firm, "Salesperson", "role"))
        answer = admin.post(f"/admin/people/{anna}", data=changed)
    else:
        version = row_of(firm, "role", role_id)["version"]
        form = {"id": role_id, "version": version, "name": "Administrator", "data_scope": "everything"}
        answer = admin.post("/admin/roles", data=form)

    assert answer.status_code == 422
    assert "Make somebody else an administrator first" in answer.text
    assert admin.get("/admin").status_code == 200


def test_nobody_becomes_their_own_managers_manager(firm, admin):
    ben, cora = add_person(firm, "Ben"), add_person(firm, "Cora")
    admin.post(f"/admin/people/{ben}", data=person_form(firm, ben, manager_id=cora))

    answer = admin.post(f"/admin/people/{cora}", data=person_form(firm, cora, manager_id=ben))

    assert answer.status_code == 422
    assert row_of(firm, "user", cora)["manager_id"] is None


def test_departments_form_a_tree_without_circles(firm, admin):
    top = id_of(firm, "Nordlicht", "department")
    admin.post("/admin/departments", data={"name": "Sales", "parent_id": top})
    sales = id_of(firm, "Sales", "department")
    admin.post("/admin/departments", data={"name": "North", "parent_id": sales})
    with firm.look() as conn:
        paths = [one["path"] for one in departments.tree(conn)]
    assert paths == ["Nordlicht", "Nordlicht / Sales", "Nordlicht / Sales / North"]

    north = id_of(firm, "North", "department")
    moved = {"id": sales, "version": row_of(firm, "department", sales)["version"], "name": "Sales", "parent_id": north}
    assert admin.post("/admin/departments", data=moved).status_code == 422


def test_only_an_empty_department_is_deleted(firm, admin):
    top = id_of(firm, "Nordlicht", "department")
    admin.post("/admin/departments", data={"name": "Sales", "parent_id": top})
    sales = id_of(firm, "Sales", "department")

    assert admin.post("/admin/departments", data={"id": top, "delete": "1"}).status_code == 422
    assert admin.post("/admin/departments", data={"id": sales, "delete": "1"}).status_code == 303
    assert row_of(firm, "department", sales)["deleted"] == 1


def test_a_changed_data_scope_changes_what_people_see_at_once(firm, admin):
    from server.accept import accept_as_server
    from server.admin.changes import fresh_id

    ben = add_person(firm, "Ben Otto", login="ben")
    anna = id_of(firm, "Anna Keller")
    account = {"id": fresh_id(firm), "entity": "account", "row": "acme", "base": 0, "at": firm.clock()}
    ops = [account | {"set": {"name": "Acme", "owner_id": anna}}]
    assert firm.write_now(lambda conn: accept_as_server(conn, firm, ops, anna))[0]["is"] == "applied"

    def accounts():
        with firm.read(ben) as conn:
            return [row["name"] for row in conn.execute("SELECT name FROM account")]

    assert accounts() == []
    role_id = id_of(firm, "Salesperson", "role")
    version = row_of(firm, "role", role_id)["version"]
    form = {"id": role_id, "version": version, "name": "Salesperson", "data_scope": "everything"}
    assert admin.post("/admin/roles", data=form).status_code == 303
    assert accounts() == ["Acme"]


def test_a_role_in_use_is_not_deleted(firm, admin):
    add_person(firm, "Ben Otto")

    used = admin.post("/admin/roles", data={"id": id_of(firm, "Salesperson", "role"), "delete": "1"})
    unused = admin.post("/admin/roles", data={"id": id_of(firm, "Team manager", "role"), "delete": "1"})

    assert (used.status_code, unused.status_code) == (422, 303)


def test_a_role_with_an_unknown_scope_is_refused(firm, admin):
    answer = admin.post("/admin/roles", data={"name": "Spy", "data_scope": "other_firms"})

    assert answer.status_code == 422
    assert 'value="Spy"' in answer.text


def test_somebody_unknown_is_not_found(admin):
    assert admin.get("/admin/people/nobody").status_code == 404
    assert admin.post("/admin/people/nobody/invites").status_code == 404


def test_people_are_listed_with_those_who_left_last(firm):
    gone = add_person(firm, "Aaron")
    firm.write_now(lambda conn: people.deactivate(conn, firm, None, gone))
    add_person(firm, "Zoe")

    with firm.look() as conn:
        assert [row["name"] for row in people.people(conn)] == ["Anna Keller", "Zoe", "Aaron"]


# --- leaving


def held_by(firm, user_id):
    with firm.look() as conn:
        return [row[0] for row in conn.execute("SELECT id FROM account WHERE owner_id = ? ORDER BY id", (user_id,))]


def give(firm, user_id, *names):
    """Accounts of somebody, with an appointment to come and an open task each."""
    start = firm.clock() + 86_400_000
    ops = []
    for name in names:
        ops.append(op("account", name, name=name, owner_id=user_id))
        times = {"start_ms": start, "end_ms": start + 3_600_000}
        ops.append(op("event", f"e-{name}", title="Visit", account_id=name, owner_id=user_id, **times))
        ops.append(op("task", f"t-{name}", title="Quote", account_id=name, owner_id=user_id, assignee_id=user_id))
    as_server(firm, *ops)


def test_whoever_leaves_is_shown_with_what_they_hold_and_hands_it_over_in_one_step(firm, admin):
    ben, cleo = add_person(firm, "Ben Otto", login="ben"), add_person(firm, "Cleo Wang", login="cleo")
    give(firm, ben, "acme", "nova")

    shown = admin.get(f"/admin/people/{ben}/leave").text
    counts = re.findall(r"<dt>([^<]+)</dt><dd>([^<]+)</dd>", shown)
    answer = admin.post(f"/admin/people/{ben}/leave", data={"to_id": cleo, "note": "Call Acme first"})

    assert counts == [("Customers", "2"), ("Appointments to come", "2"), ("Open tasks", "2")]
    assert answer.status_code == 303
    assert (held_by(firm, ben), held_by(firm, cleo)) == ([], ["acme", "nova"])
    assert row_of(firm, "user", ben)["is_active"] == 0
    with firm.look() as conn:
        sheets = conn.execute("SELECT from_id, to_id, note, done_at_ms IS NOT NULL FROM handover").fetchall()
    assert [tuple(row) for row in sheets] == [(ben, cleo, "Call Acme first", 1)]


def test_whoever_leaves_without_a_successor_named_stays_with_everything(firm, admin):
    ben = add_person(firm, "Ben Otto", login="ben")
    give(firm, ben, "acme")

    answer = admin.post(f"/admin/people/{ben}/leave", data={"to_id": "", "note": "typed"})

    assert answer.status_code == 422 and "Please fill this in." in answer.text and ">\ntyped</textarea>" in answer.text
    assert held_by(firm, ben) == ["acme"] and row_of(firm, "user", ben)["is_active"] == 1


def test_the_last_administrator_keeps_everything_when_leaving_is_refused(firm, admin):
    anna, ben = id_of(firm, "Anna Keller"), add_person(firm, "Ben Otto", login="ben")
    give(firm, anna, "acme")

    answer = admin.post(f"/admin/people/{anna}/leave", data={"to_id": ben})

    assert answer.status_code == 422 and "Nobody could administer Roadbook" in answer.text
    assert held_by(firm, anna) == ["acme"]


# --- rules of the shared pool


DAY_MS = 86_400_000


@pytest.fixture
def quiet(firm):
    """Ben's customers: one that was just called, one that is quiet, one that is quiet and will be visited."""
    ben = add_person(firm, "Ben Otto", login="ben")
    names = ("called", "quiet", "visited")
    as_server(firm, *(op("account", name, name=name, level="a", owner_id=ben) for name in names))
    firm.clock.now_ms += 40 * DAY_MS
    now = firm.clock()
    as_server(
        firm,
        op("activity", "call", account_id="called", kind="call", at_ms=now - DAY_MS, owner_id=ben),
        op("event", "visit", title="Visit", account_id="visited", start_ms=now + 1, end_ms=now + DAY_MS, owner_id=ben),
    )
    return ben


def test_a_rule_of_the_pool_is_added_changed_and_deleted(firm, admin):
    rule = {"name": "Quiet", "days": "30", "levels": ["a", "c"], "is_active": "1"}
    assert admin.post("/admin/pool", data=rule).status_code == 303
    row = row_of(firm, "pool_rule", id_of(firm, "Quiet", "pool_rule"))
    assert (row["days"], row["levels"], row["is_active"]) == (30, '["a","c"]', 1)

    changed = {"id": row["id"], "version": row["version"], "name": "Quiet", "days": "60", "levels": ["c"]}
    assert admin.post("/admin/pool", data=changed).status_code == 303
    row = row_of(firm, "pool_rule", row["id"])
    assert (row["days"], row["levels"], row["is_active"]) == (60, '["c"]', 0)

    assert admin.post("/admin/pool", data={"id": row["id"], "delete": "1"}).status_code == 303
    assert row_of(firm, "pool_rule", row["id"])["deleted"] == 1


@pytest.mark.parametrize(("typed", "count"), [({}, 1), ({"days": "50"}, 0), ({"levels": "b"}, 0), ({"levels": "a"}, 1)])
def test_a_rule_says_before_it_is_saved_how_many_customers_would_go_back(firm, admin, quiet, typed, count):
    rule = {"name": "Quiet", "days": "30", "is_active": "1", "preview": "1"} | typed

    shown = admin.post("/admin/pool", data=rule)

    assert shown.status_code == 200
    assert f"Today {count} customer" in shown.text and 'value="Quiet"' in shown.text
    with firm.look() as conn:
        assert conn.execute("SELECT count(*) FROM pool_rule").fetchone()[0] == 0


@pytest.mark.parametrize("days", ["", "soon", "0", "99999"])
def test_a_rule_without_a_number_of_days_is_shown_again_with_the_reason(admin, days):
    answer = admin.post("/admin/pool", data={"name": "Quiet", "days": days})

    assert answer.status_code == 422 and 'role="alert"' in answer.text and 'value="Quiet"' in answer.text
