"""Proof: a device that holds what it should hears so, and one that does not is mended, by as little as that takes."""

import json

import pytest

from server import digest
from server.database import sqlite3
from sync.entities import BY_NAME

from ..device import Device, entity_sum, group_sums, projection
from ..small_firm import as_server, op
from .shell import client, open_firm, signed_in_client


@pytest.fixture
def rita(firm):
    device = Device(firm, "rita")
    for number in range(40):
        account = device.add("account", name=f"A{number} 王芳\"\\ é 😀", note="a\nb\t", phones=["+86 138 0013 8000"])
        device.add("activity", account_id=account, kind="call", at_ms=number, body=None, minutes=0)
    device.sync()
    return device


def only(rows: dict) -> str:
    return sorted(rows)[7]


def test_device_that_holds_what_it_should_proves_it_in_one_request(rita, monkeypatch):
    asked = []
    real = digest.check
    monkeypatch.setattr(digest, "check", lambda *given: asked.append(given) or real(*given))

    assert rita.prove() == []
    assert len(asked) == 1


@pytest.mark.parametrize("damage", ["changed", "lost", "extra", "of another type", "all of an entity lost"])
def test_damage_is_found_and_mended_by_its_groups_alone(firm, rita, damage):
    rows = rita.rows["activity"]
    row_id = only(rows)
    wanted = {row_id[-2:]}
    if damage == "changed":
        rows[row_id]["body"] = "other"
    elif damage == "lost":
        del rows[row_id]
    elif damage == "extra":
        rows["0" * 34 + "zz"] = rows[row_id] | {"id": "0" * 34 + "zz"}
        wanted = {"zz"}
    elif damage == "of another type":
        rows[row_id]["minutes"] = "0"
    else:
        wanted = {row_id[-2:] for row_id in rows}
        rows.clear()

    assert set(rita.prove()) == {("activity", group) for group in wanted}
    assert rita.all_rows() == projection(firm, "rita")
    assert rita.prove() == []


def test_rows_of_an_entity_that_the_server_has_none_of_go(firm, rita):
    event = {"id": "e" * 36} | {name: None for name in ("title",)}
    rita.rows["event"] = {event["id"]: event}

    assert rita.prove() == [("event", "ee")]
    assert rita.all_rows() == projection(firm, "rita")


def test_two_rows_that_changed_places_are_noticed(rita):
    rows = rita.rows["account"]
    first, second = sorted(rows)[:2]
    rows[first]["name"], rows[second]["name"] = rows[second]["name"], rows[first]["name"]

    assert {entity for entity, _ in rita.prove()} == {"account"}


def test_what_was_typed_and_not_sent_is_no_difference(rita):
    rita.edit("account", only(rita.rows["account"]), name="Typed")

    assert rita.prove() == []
    assert len(rita.outbox) == 1


def test_whoever_is_behind_syncs_first(firm, rita):
    as_server(firm, op("account", only(rita.rows["account"]), industry="Steel"))
    with pytest.raises(digest.Behind):
        rita.prove()

    rita.sync()
    assert rita.prove() == []


def test_changes_that_are_none_of_this_persons_do_not_make_a_device_behind(firm, rita):
    sam = Device(firm, "sam")
    sam.add("account", name="South", owner_id="sam")
    sam.sync()

    assert rita.prove() == []


def test_a_round_that_was_cut_is_behind(firm, rita):
    phone = Device(firm, "rita", "phone2", chunk=10)
    with pytest.raises(digest.Behind):
        phone.prove()
    phone.sync(cut_after=5)
    with pytest.raises(digest.Behind):
        phone.prove()


def test_a_row_lost_with_its_bucket_makes_a_device_behind(firm, rita):
    as_server(firm, op("account", only(rita.rows["account"]), owner_id="sam"))

    with pytest.raises(digest.Behind):
        rita.prove()


def test_nothing_out_of_sight_is_told_whatever_is_asked_for(firm, rita):
    sam = Device(firm, "sam")
    sam.sync()
    groups = {row_id[-2:]: "0" * 16 for row_id in rita.rows["account"]}

    lines = sam._check({"account": groups, "activity": groups})

    assert [line["values"] for line in lines if "replace" in line] == [[]] * 2 * len(groups)


def test_sums_are_what_the_protocol_says():
    """Worked out by SQLite and by hand, so that client and server cannot be wrong together."""
    db = sqlite3.connect(":memory:")
    values = ["0193-aa", 'A "b"\\ \n\t\u0001\u001f\u007f/ 王😀', None, 0, -5, '["a","b"]']
    text = db.execute("SELECT json_array(?, ?, ?, ?, ?, ?)", values).fetchone()[0]

    assert json.dumps(values, ensure_ascii=False, separators=(",", ":")) == text
    # printf '["0193-aa"]' | sha256sum
    assert group_sums({"0193-aa": {"id": "0193-aa"}}) == {"aa": "37e7a9ae77d3a363"}
    assert entity_sum({}) == "e3b0c44298fc1c14"


# --- over HTTP ---------------------------------------------------------------------------------------


@pytest.fixture
def office(tmp_path):
    made = open_firm(tmp_path / "office")
    yield made
    made.close()


def test_wrong_requests_are_told_what_is_wrong(office):
    browser = signed_in_client(office)
    asked = {"protocol": 1, "schema": "x", "cursor": "", "sums": {}}

    def answer(**changed):
        found = browser.post("/sync/check", json=asked | changed)
        return found.status_code, found.json()

    assert answer(protocol=0) == (426, {"error": "too_old"})
    assert answer(sums=[]) == (400, {"error": "malformed", "reason": "sums is an object"})
    assert answer(sums={"nothing": "x"}) == (400, {"error": "malformed", "reason": "sums: there is no nothing"})
    assert answer(sums={"account": 5})[0] == answer(sums={"account": {"aa": 5}})[0] == 400
    assert answer() == (409, {"error": "behind"})
    assert client(office).post("/sync/check", json=asked).status_code == 401


def test_proof_over_http(office):
    from sync.schema import schema_hash

    browser = signed_in_client(office)
    schema = schema_hash()
    lines = browser.post("/sync", json={"protocol": 1, "schema": schema, "cursor": ""}).text.splitlines()
    held = [json.loads(line) for line in lines]
    rows = {
        line["rows"]: {values[0]: dict(zip(line["columns"], values, strict=True)) for values in line["values"]}
        for line in held
        if "rows" in line
    }
    sums = {name: entity_sum(rows[name]) for name in rows}
    asked = {"protocol": 1, "schema": schema, "cursor": held[-1]["end"]["cursor"], "sums": sums}

    answer = browser.post("/sync/check", json=asked)

    assert answer.headers["content-type"] == "application/x-ndjson"
    assert answer.text == '{"check":{"differs":[]}}\n{"end":{}}\n'
    assert set(rows) <= set(BY_NAME) and rows
    assert browser.post("/sync/check", json=asked | {"schema": "another"}).json() == {"error": "behind"}
