"""Whoever was disabled brings what was typed before, for a while, and sees nothing any more."""

import json

import pytest

from server.admin import people
from server.sign_in.sessions import FAREWELL_MS
from sync.schema import schema_hash

from ..device import new_id
from .shell import add_person, open_firm, signed_in_client

DAY_MS = 86_400_000


@pytest.fixture
def firm(tmp_path):
    made = open_firm(tmp_path / "firm")
    yield made
    made.close()


def ask(phone, *ops, cursor=""):
    """One sync as the device of a person makes it: (status, lines)."""
    body = {"protocol": 1, "schema": schema_hash(), "cursor": cursor, "ops": list(ops)}
    answer = phone.post("/sync", json=body, headers={"accept": "*/*", "sec-fetch-mode": "cors"})
    return answer.status_code, [json.loads(line) for line in answer.text.splitlines()] if answer.is_success else []


def cursor_of(lines):
    return lines[-1]["end"]["cursor"]


def made(firm, name):
    return {
        "id": new_id(), "entity": "account", "row": new_id(), "base": 0, "at": firm.clock(),
        "set": {"name": name, "kind": "customer"},
    }  # fmt: skip


@pytest.fixture
def ben(firm):
    return add_person(firm, "Ben Otto", login="ben")


def disable(firm, ben):
    firm.write_now(lambda conn: people.deactivate(conn, firm, None, ben))


def test_what_was_typed_before_is_taken_and_everything_forgotten(firm, ben):
    phone = signed_in_client(firm, "ben")
    _, lines = ask(phone)
    disable(firm, ben)

    status, lines = ask(phone, made(firm, "Acme"), cursor=cursor_of(lines))

    assert status == 200
    assert lines[0]["hello"]["farewell"] is True
    assert [line["outcome"]["is"] for line in lines if "outcome" in line] == ["applied"]
    assert {"forget": {"bucket": ["firm", ""]}} in lines
    with firm.look() as db:
        [owner] = db.execute("SELECT owner_id FROM account WHERE name = 'Acme'").fetchone()
    assert owner not in (None, ben)


def test_pages_are_signed_out_at_once(firm, ben):
    phone = signed_in_client(firm, "ben")
    disable(firm, ben)

    for path in ("/me/devices", "/stickies", "/live"):
        assert phone.get(path).headers["location"].startswith("/sign-in?"), path


def test_after_thirty_days_nobody_is_signed_in(firm, ben):
    phone = signed_in_client(firm, "ben")
    disable(firm, ben)

    firm.clock.now_ms += FAREWELL_MS - DAY_MS
    assert ask(phone)[0] == 200
    firm.clock.now_ms += 2 * DAY_MS
    assert ask(phone)[0] == 401


def test_whoever_comes_back_signs_in_anew(firm, ben):
    phone = signed_in_client(firm, "ben")
    disable(firm, ben)
    firm.write_now(lambda conn: people.reactivate(conn, firm, None, ben))

    assert ask(phone)[0] == 401
    assert ask(signed_in_client(firm, "ben"))[0] == 200
