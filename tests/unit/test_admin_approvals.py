"""What may be asked for, as administrators edit it: nothing typed is lost, and a version never changes."""

import json
import re

import pytest

from server.admin import approvals, approvals_documents, approvals_draft
from server.approvals import ready_made
from server.approvals.definition import parse
from tests.small_firm import as_server, op
from tests.unit.shell import add_person, client, id_of, open_firm, signed_in_client

PAGES = ["/admin/approvals", "/admin/approvals/new", "/admin/approvals/{leave}", "/admin/approvals/{leave}/versions"]
PAGES += ["/admin/approvals/{leave}/versions/1"]
POSTS = ["/admin/approvals", "/admin/approvals/new", "/admin/approvals/{leave}", "/admin/approvals/{leave}/activity"]


@pytest.fixture
def firm(tmp_path):
    firm = open_firm(tmp_path)
    yield firm
    firm.close()


@pytest.fixture
def admin(firm):
    return signed_in_client(firm)


@pytest.fixture
def leave(firm):
    return id_of(firm, "Leave", "approval_definition")


def look(firm, sql, *values):
    with firm.look() as conn:
        return [dict(row) for row in conn.execute(sql, values)]


def about(firm, definition_id):
    return look(firm, "SELECT * FROM approval_definition WHERE id = ?", definition_id)[0]


def versions(firm, definition_id):
    return look(firm, "SELECT * FROM definition_version WHERE definition_id = ? ORDER BY number", definition_id)


def draft_of(firm, definition_id):
    with firm.look() as conn:
        row = approvals.definition(conn, definition_id)
        return approvals_draft.from_version(row, parse(approvals.current(conn, definition_id)))


def posted(draft, version=0, do="save", **more):
    """What a browser posts of this draft."""
    items = [(name, draft[name]) for name in approvals_draft.PLAIN if draft[name]]
    items += [(name, value) for name in approvals_draft.LISTS for value in draft[name]]
    for one in draft["fields"]:
        items += [("fields", one["key"])]
        items += [(f"field.{one['key']}.{name}", one[name]) for name in approvals_draft.OF_FIELD if one[name]]
    for step in draft["steps"]:
        at = f"step.{step['key']}"
        items += [("steps", step["key"]), *((f"{at}.{name}", step[name]) for name in approvals_draft.OF_STEP)]
        items += [(f"{at}.people", one) for one in step["people"]]
        for when in step["when"]:
            items += [(f"{at}.conditions", when["key"])]
            items += [(f"{at}.when.{when['key']}.{name}", when[name]) for name in approvals_draft.OF_CONDITION]
            items += [(f"{at}.when.{when['key']}.in", one) for one in when["among"]]
    data = {}
    for name, value in [*items, ("version", str(version)), ("do", do), *more.items()]:
        data.setdefault(name, []).append(value)
    return data


def post(admin, firm, definition_id, draft, **more):
    """As whoever just opened it."""
    form = posted(draft, **({"version": about(firm, definition_id)["version"], "number": "1"} | more))
    return admin.post(f"/admin/approvals/{definition_id}", data=form)


def new(admin, draft, **more):
    return admin.post("/admin/approvals/new", data=posted(draft, **more))


# --- who may -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", PAGES)
def test_only_administrators_read_definitions(firm, admin, leave, path):
    add_person(firm, "Ben Otto", login="ben")
    address = path.format(leave=leave)

    assert admin.get(address).status_code == 200
    assert signed_in_client(firm, "ben").get(address).status_code == 403
    assert client(firm).get(address).status_code == 303


@pytest.mark.parametrize("path", POSTS)
def test_only_administrators_change_definitions(firm, leave, path):
    add_person(firm, "Ben Otto", login="ben")
    draft = draft_of(firm, leave) | {"name": "Mine"}
    before = look(firm, "SELECT * FROM approval_definition ORDER BY id"), versions(firm, leave)
    form = posted(draft, version=about(firm, leave)["version"], up=leave, is_active="0")

    answer = signed_in_client(firm, "ben").post(path.format(leave=leave), data=form)

    assert answer.status_code == 403
    assert client(firm).post(path.format(leave=leave), data=form).status_code in (303, 401, 403)
    assert (look(firm, "SELECT * FROM approval_definition ORDER BY id"), versions(firm, leave)) == before


def test_who_lost_the_role_meanwhile_changes_nothing(firm, admin, leave):
    add_person(firm, "Ben Otto", role="Administrator", login="ben")
    ben = signed_in_client(firm, "ben")
    admin.post(f"/admin/people/{id_of(firm, 'Ben Otto')}", data=_demoted(firm))

    assert post(ben, firm, leave, draft_of(firm, leave) | {"name": "Mine"}).status_code == 403


def _version(firm):
    return look(firm, "SELECT version FROM user WHERE name = 'Ben Otto'")[0]["version"]


def _demoted(firm):
    return {"name": "Ben Otto", "role_id": id_of(firm, "Salesperson", "role"), "version": _version(firm)}


# --- versions ----------------------------------------------------------------------------------------


def test_saving_makes_the_next_version_and_leaves_the_old_one_as_it_was(firm, admin, leave):
    old, draft = versions(firm, leave), draft_of(firm, leave)
    draft["steps"][0]["days"] = "5"

    answer = post(admin, firm, leave, draft)

    assert answer.status_code == 303
    one, two = versions(firm, leave)
    assert [one] == old
    assert about(firm, leave)["current"] == two["number"] == 2
    assert json.loads(two["steps"])[0]["days"] == 5 and json.loads(one["steps"])[0]["days"] == 2
    assert two["created_by"] == id_of(firm, "Anna Keller")


def test_saving_what_was_there_or_a_new_name_makes_no_version(firm, admin, leave):
    assert post(admin, firm, leave, draft_of(firm, leave)).status_code == 303
    assert post(admin, firm, leave, draft_of(firm, leave) | {"name": "Time off"}).status_code == 303

    assert about(firm, leave)["name"] == "Time off"
    assert len(versions(firm, leave)) == 1


@pytest.mark.parametrize("name", [one[1] for one in ready_made.DEFINITIONS])
def test_every_ready_made_definition_comes_through_the_editor_unchanged(firm, name):
    definition_id = id_of(firm, name, "approval_definition")

    with firm.look() as conn:
        made = approvals_documents.checked(conn, draft_of(firm, definition_id))
        assert made.faults == {}
        assert approvals.same(made.definition, parse(approvals.current(conn, definition_id)))


def test_old_versions_say_who_made_them_when_and_what_changed(firm, admin, leave):
    draft = draft_of(firm, leave)
    draft["steps"][0]["name"] = "Boss"
    draft["fields"][0]["label"] = "Sort"
    post(admin, firm, leave, draft)

    page = admin.get(f"/admin/approvals/{leave}/versions").text
    first = admin.get(f"/admin/approvals/{leave}/versions/1").text

    assert "Anna Keller" in page
    assert re.search("<del>Kind of leave .*</del>", page) and re.search("<ins>Sort .*</ins>", page)
    assert re.search("<ins>Boss: ", page)
    assert "Kind of leave" in first and "Sort" not in first


def test_who_saves_second_is_told_and_keeps_what_was_typed(firm, admin, leave):
    add_person(firm, "Ben Otto", role="Administrator", login="ben")
    seen = about(firm, leave)["version"]
    theirs, mine = draft_of(firm, leave), draft_of(firm, leave)
    theirs["steps"][0]["name"], mine["fields"][0]["label"] = "Their step", "My <field>"
    post(signed_in_client(firm, "ben"), firm, leave, theirs)

    told = post(admin, firm, leave, mine, version=seen)

    assert told.status_code == 422
    assert "Ben Otto saved this at" in told.text and re.search("<ins>Their step: ", told.text)
    assert 'value="My &lt;field&gt;"' in told.text
    assert len(versions(firm, leave)) == 2
    again = re.search(r'name="version" value="(\d+)"', told.text)[1]
    assert post(admin, firm, leave, mine, version=again).status_code == 303
    assert json.loads(versions(firm, leave)[2]["form"])[0]["label"] == "My <field>"


def test_the_key_of_a_field_stays_when_its_label_changes_and_is_never_given_again(firm, admin, leave):
    draft = draft_of(firm, leave)
    approvals_draft.press(draft, "add:fields")
    draft["fields"][-1]["label"] = "Colour"
    post(admin, firm, leave, draft)
    draft["fields"][-1]["label"] = "Shade"
    post(admin, firm, leave, draft)
    key = json.loads(versions(firm, leave)[-1]["form"])[-1]["key"]
    assert key == json.loads(versions(firm, leave)[-2]["form"])[-1]["key"] == "f1"
    del draft["fields"][-1]
    post(admin, firm, leave, draft)

    page = post(admin, firm, leave, draft_of(firm, leave), do="add:fields")

    assert 'name="fields" value="f2"' in page.text and 'value="f1"' not in page.text


def test_the_kind_stays_once_somebody_has_asked(firm, admin):
    definition_id = id_of(firm, "Advance", "approval_definition")
    assert (
        post(admin, firm, definition_id, draft_of(firm, definition_id) | {"kind": "expense_request"}).status_code == 303
    )
    version_id, anna = versions(firm, definition_id)[0]["id"], id_of(firm, "Anna Keller")
    ask = op("approval", "ask", definition_id=definition_id, version_id=version_id, title="Fair", owner_id=anna)
    as_server(firm, ask)

    answer = post(admin, firm, definition_id, draft_of(firm, definition_id) | {"kind": "general"})

    assert answer.status_code == 422 and "its kind stays" in answer.text
    assert about(firm, definition_id)["kind"] == "expense_request"


# --- the form ----------------------------------------------------------------------------------------


def test_buttons_come_back_with_everything_typed_and_save_nothing(firm, admin, leave):
    draft = draft_of(firm, leave) | {"name": "Typed <name>"}
    draft["steps"][0]["name"] = "Typed step"
    for button in (
        "add:fields",
        "add:steps",
        "up:steps:bosses",
        "down:fields:kind",
        "remove:fields:until",
        "show",
        "try",
    ):
        page = post(admin, firm, leave, draft, do=button, **{"step.boss.about": "department"})

        assert page.status_code in (200, 422), button
        assert 'value="Typed &lt;name&gt;"' in page.text and 'value="Typed step"' in page.text
    assert about(firm, leave)["name"] == "Leave" and len(versions(firm, leave)) == 1


def test_buttons_that_name_what_is_gone_do_nothing(leave, firm, admin):
    draft = draft_of(firm, leave)
    for button in (
        "up:steps:nothing",
        "remove:when:boss/c99",
        "add:when:nobody",
        "up",
        "::",
        "add:",
        "remove:fields:",
        "x:y:z",
    ):
        assert post(admin, firm, leave, draft, do=button).status_code == 200, button


def test_moving_and_removing_follow_the_key():
    draft = approvals_draft.blank("anna")
    approvals_draft.press(draft, "add:steps")
    approvals_draft.press(draft, "add:when:s1", "amount")
    approvals_draft.press(draft, "add:when:s1", "department")

    approvals_draft.press(draft, "up:steps:s2")
    approvals_draft.press(draft, "remove:when:s1/c1")

    assert [step["key"] for step in draft["steps"]] == ["s2", "s1"]
    assert [when["about"] for when in draft["steps"][1]["when"]] == ["department"]


def test_a_new_definition_is_made_from_the_form(firm, admin):
    finance = add_person(firm, "Fay Finance", role="Finance")
    draft = approvals_draft.blank(id_of(firm, "Anna Keller")) | {
        "name": " New car ",
        "subject": "Money",
        "asks": ["amount"],
    }
    draft["steps"][0] |= {"name": "Boss"}
    approvals_draft.press(draft, "add:steps")
    draft["steps"][1] |= {
        "name": "Two of us",
        "who": "person",
        "people": [finance, id_of(firm, "Anna Keller")],
        "mode": "all",
    }
    approvals_draft.press(draft, "add:when:s2", "amount")
    draft["steps"][1]["when"][0] |= {"op": ">=", "value": "5,000.50"}

    assert new(admin, draft).status_code == 303

    made = about(firm, id_of(firm, "New car", "approval_definition"))
    steps = json.loads(versions(firm, made["id"])[0]["steps"])
    assert made["position"] == 8 and made["is_active"] == 1
    assert steps[1]["when"] == [{"field": "amount", "op": ">=", "value": 500050}]
    assert steps[1]["who"]["ids"] == [finance, id_of(firm, "Anna Keller")]


def test_a_copy_is_not_there_before_it_is_saved(firm, admin, leave):
    page = admin.get(f"/admin/approvals/new?copy={leave}").text

    assert 'value="Copy of Leave"' in page and 'value="Kind of leave"' in page
    assert len(look(firm, "SELECT * FROM approval_definition")) == 8


def with_step(**changed):
    return lambda draft: draft["steps"][0].update(changed)


def with_condition(about, **changed):
    def change(draft):
        approvals_draft.press(draft, "add:when:s1", about)
        draft["steps"][0]["when"][0].update(changed)

    return change


def with_field(**changed):
    def change(draft):
        approvals_draft.press(draft, "add:fields")
        draft["fields"][0].update({"label": "Colour"} | changed)

    return change


BAD = {
    "no name": (lambda draft: draft.update(name=""), "name", "Please fill this in"),
    "a long name": (lambda draft: draft.update(name="x" * 121), "name", "at most 120"),
    "a long subject": (lambda draft: draft.update(subject="x" * 61), "subject", "at most 60"),
    "a kind of its own": (lambda draft: draft.update(kind="bribe"), "kind", "choose one from the list"),
    "no fallback": (lambda draft: draft.update(fallback_id=""), "fallback_id", "Please fill this in"),
    "a fallback that is not there": (lambda draft: draft.update(fallback_id="nobody"), "fallback_id", "does not exist"),
    "no steps": (lambda draft: draft.update(steps=[]), "steps", "somebody has to decide"),
    "a claim without lines": (lambda draft: draft.update(kind="expense_claim"), "asks", "made of lines"),
    "an advance without amount": (lambda draft: draft.update(kind="advance"), "asks", "tick the amount"),
    "an unnamed step": (with_step(name=""), "step.s1.name", "Please fill this in"),
    "days in words": (with_step(days="three"), "step.s1.days", "not a whole number"),
    "too many days": (with_step(days="9999"), "step.s1.days", "between 0 and 365"),
    "nobody ticked": (with_step(who="person"), "step.s1.people", "at least one person"),
    "somebody unknown": (with_step(who="person", people=["x"]), "step.s1.people", "does not exist"),
    "no role": (with_step(who="role"), "step.s1.role", "Please fill this in"),
    "a role that is gone": (with_step(who="role", role="x"), "step.s1.role", "does not exist"),
    "no level": (with_step(who="managers", levels="0"), "step.s1.levels", "between 1 and 10"),
    "who of its own": (with_step(who="horoscope"), "step.s1.who", "choose one from the list"),
    "a mode of its own": (with_step(mode="dice"), "step.s1.mode", "choose one from the list"),
    "a condition on an amount that is not asked for": (
        with_condition("amount", value="5"), "step.s1.when.c1.about", "not asked for"),
    "no amount": (with_condition("amount"), "step.s1.when.c1.value", "Please fill this in"),
    "an amount in words": (with_condition("amount", value="much"), "step.s1.when.c1.value", "not an amount"),
    "a negative amount": (with_condition("amount", value="-5"), "step.s1.when.c1.value", "between 0"),
    "no department": (with_condition("department"), "step.s1.when.c1.in", "choose at least one"),
    "a department that is gone": (with_condition("department", among=["x"]), "step.s1.when.c1.in", "does not exist"),
    "a field that is gone": (with_condition("answer:f9", among=["x"]), "step.s1.when.c1.about", "was removed"),
    "a condition of its own": (with_condition("weather", among=["x"]), "step.s1.when.c1.about", "choose one"),
    "a field without a label": (with_field(label=""), "field.f1.label", "Please fill this in"),
    "a choice of nothing": (with_field(type="choice"), "field.f1.choices", "what can be chosen"),
    "a type of its own": (with_field(type="blood"), "field.f1.type", "choose one from the list"),
    "a key of its own": (with_field(key="Was it?"), "field.Was it?.label", "remove it and add it again"),
    "a long hint": (with_field(hint="x" * 401), "field.f1.hint", "at most 400"),
    "copies to nobody": (lambda draft: draft.update({"cc.people": ["x"]}), "cc.people", "does not exist"),
    "starters from nowhere": (
        lambda draft: draft.update({"starters.departments": ["x"]}), "starters.departments", "does not exist"),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_told_beside_its_field_and_stays_typed(firm, admin, case):
    change, name, words = BAD[case]
    draft = approvals_draft.blank(id_of(firm, "Anna Keller")) | {"name": "Parking <space>"}
    draft["steps"][0]["name"] = "Boss <1>"
    change(draft)

    answer = new(admin, draft)

    assert answer.status_code == 422
    assert re.search(words, answer.text), re.findall("field__error.*", answer.text)
    assert f'href="#i-{name}"' in answer.text
    shown = f'id="i-{name}"' in answer.text or f'id="f-{name}"' in answer.text or name in ("steps", "kind")
    assert shown, f"nothing on the page is called i-{name}"
    assert draft["name"] in ("", "x" * 121) or "Parking &lt;space&gt;" in answer.text
    assert len(look(firm, "SELECT * FROM approval_definition")) == 8


def test_everything_that_is_wrong_is_told_at_once(firm, admin):
    draft = approvals_draft.blank("") | {"name": ""}

    page = new(admin, draft).text

    assert len(re.findall('class="field__error"', page)) == 3


def test_a_role_that_nobody_has_can_be_asked_and_the_page_says_who_is_asked_instead(firm, admin):
    claim = id_of(firm, "Expense claim", "approval_definition")

    assert "Nobody has this role at the moment" in admin.get(f"/admin/approvals/{claim}").text
    assert post(admin, firm, claim, draft_of(firm, claim) | {"name": "Claim"}).status_code == 303
    add_person(firm, "Fay Finance", role="Finance")
    assert "Nobody has this role at the moment" not in admin.get(f"/admin/approvals/{claim}").text


def test_an_address_that_names_none_is_not_found(admin, leave):
    for path in ("/admin/approvals/none", "/admin/approvals/none/versions", f"/admin/approvals/{leave}/versions/7"):
        assert admin.get(path).status_code == 404
    assert admin.post("/admin/approvals/none", data=posted(approvals_draft.blank(""))).status_code == 404
    assert admin.get("/admin/approvals/new?copy=none").status_code == 404


# --- the way, tried out ------------------------------------------------------------------------------


def way_of(page):
    return re.sub("<[^>]+>", " ", page.split('id="try"')[1].split("</section>")[0])


def test_a_try_out_says_exactly_who_would_be_asked(firm, admin):
    claim = id_of(firm, "Expense claim", "approval_definition")
    boss, ben = add_person(firm, "Big Boss"), add_person(firm, "Ben Otto")
    add_person(firm, "Fay Finance", role="Finance")
    for person, manager in ((ben, boss), (boss, id_of(firm, "Anna Keller"))):
        row = look(firm, "SELECT * FROM user WHERE id = ?", person)[0]
        form = {name: row[name] or "" for name in ("name", "role_id")} | {
            "version": row["version"],
            "manager_id": manager,
        }
        assert admin.post(f"/admin/people/{person}", data=form).status_code == 303

    def asked(amount):
        more = {"try.person": ben, "try.amount": amount}
        page = post(admin, firm, claim, draft_of(firm, claim), do="try", **more)
        assert page.status_code == 200
        return way_of(page.text).split("Show who is asked")[1]

    assert re.search("Direct manager : Big Boss *Finance : Fay Finance", re.sub(r"\s+", " ", asked("5000")))
    assert "Manager and their manager : Big Boss, Anna Keller" in re.sub(r"\s+", " ", asked("5,000.01"))


@pytest.mark.parametrize(("typed", "words"), [({}, "Please fill this in"), ({"try.amount": "lots"}, "not an amount")])
def test_a_try_out_without_a_person_or_an_amount_says_so(firm, admin, typed, words):
    claim = id_of(firm, "Expense claim", "approval_definition")

    page = post(admin, firm, claim, draft_of(firm, claim), do="try", **typed)

    assert page.status_code == 422 and words in way_of(page.text)


def test_the_way_is_said_in_words(firm, admin):
    page = admin.get(f"/admin/approvals/{id_of(firm, 'Expense claim', 'approval_definition')}/versions/1").text

    assert (
        "1. Direct manager, up to ¥5,000 · 2. Manager and their manager (in order), above ¥5,000 · 3. Finance (any one)"
        in page
    )


# --- the list ----------------------------------------------------------------------------------------


def names(firm):
    with firm.look() as conn:
        return [one["name"] for one in approvals.definitions(conn)]


def test_definitions_move_within_their_subject(firm, admin, leave):
    trip = id_of(firm, "Business trip", "approval_definition")
    assert names(firm)[:3] == ["Leave", "Business trip", "General request"]

    admin.post("/admin/approvals", data={"up": trip})
    admin.post("/admin/approvals", data={"up": trip})
    admin.post("/admin/approvals", data={"down": leave})

    assert names(firm)[:4] == ["Business trip", "General request", "Leave", "Quotation discount"]


def test_a_definition_out_of_use_stays_and_says_so(firm, admin, leave):
    version = about(firm, leave)["version"]

    admin.post(f"/admin/approvals/{leave}/activity", data={"is_active": "0", "version": version})

    assert about(firm, leave)["is_active"] == 0
    assert "Off" in admin.get("/admin/approvals").text
    late = admin.post(f"/admin/approvals/{leave}/activity", data={"is_active": "1", "version": version})
    assert late.status_code == 422 and about(firm, leave)["is_active"] == 0


def test_the_list_says_how_much_each_is_used_and_tells_no_draft(firm, admin, leave):
    version_id, anna = versions(firm, leave)[0]["id"], id_of(firm, "Anna Keller")
    for name in ("one", "two"):
        as_server(firm, op("approval", name, definition_id=leave, version_id=version_id, title="Rest", owner_id=anna))
    firm.write_now(
        lambda conn: conn.execute("UPDATE approval SET applicant_id = ?, state = 'pending' WHERE id = 'one'", (anna,))
    )

    page = admin.get("/admin/approvals").text

    assert "1 request · 1 pending" in page


# --- ready-made --------------------------------------------------------------------------------------


def test_installing_again_adds_nothing_and_touches_nothing(firm, admin, leave):
    post(admin, firm, leave, draft_of(firm, leave) | {"name": "Time off"})
    rows = ("approval_definition", "definition_version", "expense_category", "role")
    before = [look(firm, f"SELECT * FROM {name} ORDER BY id") for name in rows]

    added = firm.write_now(lambda conn: ready_made.install(conn, firm, id_of(firm, "Anna Keller"), "zh-Hans"))

    assert added == 0
    assert [look(firm, f"SELECT * FROM {name} ORDER BY id") for name in rows] == before
    assert "Ready-made" not in admin.get("/admin/approvals").text


@pytest.mark.parametrize(("lang", "name"), [("zh-CN", "请假"), ("zh-TW", "請假"), ("en", "Leave")])
def test_a_firm_that_was_there_before_gets_them_by_a_button_in_the_language_of_whoever_asks(firm, admin, lang, name):
    def forget(conn):
        for table in ("approval_definition", "definition_version", "expense_category"):
            conn.execute(f"DELETE FROM {table}")
        conn.execute("UPDATE role SET is_cashier = 0")

    firm.write_now(forget)
    admin.headers["accept-language"] = lang
    assert "8" in re.search('name="ready_made".*?</button>', admin.get("/admin/approvals").text)[0]

    assert admin.post("/admin/approvals", data={"ready_made": "1"}).status_code == 303

    assert name in names(firm) and len(names(firm)) == 8
    assert len(look(firm, "SELECT * FROM expense_category")) == 8
    assert len(look(firm, "SELECT * FROM role WHERE is_cashier = 1 AND is_admin = 0")) == 1


def test_whoever_sets_up_is_asked_where_nobody_is_found_and_may_pay(firm):
    anna = id_of(firm, "Anna Keller")

    assert {row["fallback_id"] for row in look(firm, "SELECT * FROM definition_version")} == {anna}
    assert look(firm, "SELECT is_cashier FROM role WHERE name = 'Administrator'") == [{"is_cashier": 1}]
