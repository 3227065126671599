"""A device is emptied from afar: what is taken from it before, what is refused, and what is known of it."""

import json
import re
from contextlib import closing
from urllib.parse import quote

import pytest

from server.admin import people
from server.database import sqlite3
from server.devices import known, wipe
from server.firm import Firm
from server.sign_in import sessions
from sync.schema import schema_hash

from ..device import new_id
from .shell import add_person, client, open_firm, signed_in_client
from .test_farewell import ask, cursor_of, made

DAY_MS = 86_400_000
CLEAR = '"cache", "cookies", "storage"'
NAVIGATION = {"sec-fetch-mode": "navigate", "accept": "text/html"}


@pytest.fixture
def firm(tmp_path):
    firm = open_firm(tmp_path / "firm")
    yield firm
    firm.close()


@pytest.fixture
def admin(firm):
    return signed_in_client(firm)


@pytest.fixture
def phone(firm):
    """Ben's, which has synced once."""
    add_person(firm, "Ben Otto", login="ben")
    phone = signed_in_client(firm, "ben")
    phone.cursor = cursor_of(ask(phone)[1])
    return phone


def device_of(firm, name="Ben Otto"):
    with firm.look() as conn:
        return next(one for one in known.devices(conn, firm.clock()) if one["person"] == name)


def order(firm, admin, trusted, device_id=""):
    device_id = device_id or device_of(firm)["device_id"]
    form = {"act": "wipe", "trusted": "1" if trusted else "0"}
    assert admin.post(f"/admin/devices/{device_id}", data=form).status_code == 303
    return device_id


def customers(firm):
    with firm.look() as conn:
        return [row[0] for row in conn.execute("SELECT name FROM account WHERE deleted = 0 ORDER BY name")]


def audited(firm):
    with firm.look() as conn:
        return [(row[0], json.loads(row[1])) for row in conn.execute("SELECT action, detail FROM audit ORDER BY n")]


def test_nothing_is_taken_from_a_device_in_strange_hands(firm, admin, phone):
    order(firm, admin, trusted=False)

    body = {"protocol": 1, "schema": schema_hash(), "cursor": phone.cursor, "ops": [made(firm, "Forged")]}
    answer = phone.post("/sync", json=body, headers={"accept": "*/*", "sec-fetch-mode": "cors"})

    assert answer.status_code == 401
    assert answer.json()["error"] == "wiped"
    assert answer.headers["clear-site-data"] == '"cache"', "the worker that hears it does the rest, and says so"
    assert customers(firm) == []


@pytest.mark.parametrize(
    "path", ["/", "/me/devices", "/live", "/sign-in", "/attachments/x", "/static/app.css", "/devices/word/a/b"]
)
def test_whatever_such_a_device_asks_for_empties_it(firm, admin, phone, path):
    order(firm, admin, trusted=False)

    answer = phone.get(path)

    assert (answer.status_code, answer.headers["clear-site-data"]) == (401, CLEAR)


def test_a_worker_that_does_not_do_it_is_emptied_by_the_browser(firm, admin, phone):
    order(firm, admin, trusted=False)
    script = {"accept": "*/*", "sec-fetch-mode": "cors"}
    phone.get("/live", headers=script)
    firm.clock.now_ms += 61_000

    assert phone.get("/live", headers=script).headers["clear-site-data"] == '"cache", "storage"'


def test_the_page_that_the_browser_shows_once_it_is_empty_says_so(firm, admin, phone):
    device_id = order(firm, admin, trusted=False)
    shown = phone.get("/customers", headers=NAVIGATION)
    assert shown.headers["clear-site-data"] == CLEAR
    image = re.search(r'src="(/devices/word/[^"]+)"', shown.text)[1]

    assert client(firm).get(image).status_code == 204
    assert client(firm).get("/devices/word/guess").status_code == 404

    assert device_of(firm)["state"] == "emptied"
    assert image.endswith(word_of(firm, device_id))


def test_a_person_who_opens_it_reads_why_in_three_languages(firm, admin, phone):
    order(firm, admin, trusted=False)

    shown = phone.get("/customers", headers=NAVIGATION).text

    assert "was deleted" in shown
    assert 'lang="zh-Hans"' in shown and 'lang="zh-Hant"' in shown


def test_what_was_typed_is_taken_first_where_the_owner_is_trusted(firm, admin, phone):
    order(firm, admin, trusted=True)

    status, lines = ask(phone, made(firm, "Acme"), cursor=phone.cursor)

    assert status == 200
    assert lines[0]["hello"]["wipe"] and lines[0]["hello"]["farewell"]
    assert customers(firm) == ["Acme"]
    assert device_of(firm)["state"] == "emptying"


def test_such_a_device_may_do_nothing_else(firm, admin, phone):
    order(firm, admin, trusted=True)

    for path in ("/me/devices", "/live", "/export", "/customers"):
        answer = phone.get(path)
        assert answer.status_code == 401, path
        assert "clear-site-data" not in answer.headers, "what is unsent would be lost"


def word_of(firm, device_id):
    with firm.look() as conn:
        return conn.execute("SELECT word FROM device_wipe WHERE device_id = ?", (device_id,)).fetchone()[0]


def say_done(firm, device_id, left=()):
    """The last word comes without a cookie: the browser may have let go of it already."""
    return client(firm).post("/devices/word", json={"word": word_of(firm, device_id), "left": list(left)})


@pytest.mark.parametrize("trusted", [True, False])
def test_the_last_word_settles_it_and_may_be_said_twice(firm, admin, phone, trusted):
    device_id = order(firm, admin, trusted)

    assert say_done(firm, device_id).status_code == 200
    assert say_done(firm, device_id).status_code == 200

    assert device_of(firm)["state"] == "emptied"
    assert phone.get("/customers").headers["clear-site-data"] == CLEAR
    assert [action for action, _ in audited(firm)].count("wipe_done" if trusted else "wiped_unsent") == 1


def test_a_wrong_word_settles_nothing(firm, admin, phone):
    order(firm, admin, trusted=False)

    assert client(firm).post("/devices/word", json={"word": "guess"}).status_code == 404
    assert client(firm).post("/devices/word", json=["word"]).status_code == 400
    assert client(firm).post("/devices/word", content=b"\xff").status_code == 400
    assert device_of(firm)["state"] == "ordered"


def test_what_the_server_had_refused_goes_to_whoever_typed_it(firm, admin, phone):
    device_id = order(firm, admin, trusted=True)
    refused = {**made(firm, "Too long"), "user": device_of(firm)["user_id"], "state": "refused", "reason": "too_long"}
    said = {"word": word_of(firm, device_id), "left": [refused], "is_done": False}
    for _ in range(2):  # stopped in between, it says it once more
        assert "clear-site-data" not in client(firm).post("/devices/word", json=said).headers
    assert device_of(firm)["state"] == "ordered"
    say_done(firm, device_id)

    ben = signed_in_client(firm, "ben")
    with firm.look() as conn:
        [left] = wipe.left_of(conn, device_of(firm)["user_id"])

    assert left["id"] in ben.get("/me/devices").text
    file = ben.get(f"/me/devices/left/{left['id']}").json()
    assert [one["set"]["name"] for one in file["operations"]] == ["Too long"]
    assert admin.get(f"/me/devices/left/{left['id']}").status_code == 404


def test_nothing_of_that_is_believed_of_strange_hands(firm, admin, phone):
    device_id = order(firm, admin, trusted=False)
    forged = {**made(firm, "Forged"), "user": device_of(firm)["user_id"]}

    say_done(firm, device_id, [forged])

    with firm.look() as conn:
        assert wipe.left_of(conn, device_of(firm)["user_id"]) == []


@pytest.mark.parametrize("trusted", [True, False])
def test_a_device_is_known_long_after_its_session_ended(firm, admin, phone, trusted):
    firm.clock.now_ms += sessions.IDLE_MS + DAY_MS
    admin = signed_in_client(firm)  # ended sessions are let go of now
    assert ask(phone)[0] == 401
    assert device_of(firm)["state"] == "ended"

    order(firm, admin, trusted)

    status, _ = ask(phone, made(firm, "Acme"), cursor=phone.cursor)
    assert (status, customers(firm)) == ((200, ["Acme"]) if trusted else (401, []))
    assert "clear-site-data" in phone.get("/sign-in").headers or trusted


def test_a_device_that_was_signed_out_from_afar_can_still_be_emptied(firm, admin, phone):
    device_id = device_of(firm)["device_id"]
    admin.post(f"/admin/devices/{device_id}", data={"act": "sign_out"})
    assert ask(phone)[0] == 401
    assert "clear-site-data" not in phone.get("/sync").headers, "it keeps what it has, as people are told"

    order(firm, admin, trusted=False)

    assert phone.get("/customers").headers["clear-site-data"] == CLEAR


def test_a_device_that_signed_out_itself_is_gone_from_the_list(firm, admin, phone):
    phone.post("/sign-out")

    with firm.look() as conn:
        assert [one["person"] for one in known.devices(conn, firm.clock())] == ["Anna Keller"]


def test_trust_can_be_withdrawn_and_an_order_taken_back(firm, admin, phone):
    device_id = order(firm, admin, trusted=True)
    order(firm, admin, trusted=False, device_id=device_id)
    assert ask(phone)[0] == 401

    admin.post(f"/admin/devices/{device_id}", data={"act": "take_back"})

    assert device_of(firm)["state"] == "ended"
    assert "clear-site-data" not in phone.get("/customers").headers


def test_a_found_phone_of_a_trusted_owner_goes_on(firm, admin, phone):
    device_id = order(firm, admin, trusted=True)
    admin.post(f"/admin/devices/{device_id}", data={"act": "take_back"})

    assert ask(phone)[0] == 200
    assert phone.get("/me/devices").status_code == 200


@pytest.mark.parametrize("how", ["signed out", "unused", "strange hands"])
def test_a_session_that_had_ended_opens_nothing_once_the_order_is_taken_back(firm, admin, phone, how):
    device_id = device_of(firm)["device_id"]
    if how == "signed out":
        admin.post(f"/admin/devices/{device_id}", data={"act": "sign_out"})
    elif how == "unused":
        firm.clock.now_ms += sessions.IDLE_MS
        admin = signed_in_client(firm)
    else:
        order(firm, admin, trusted=False)
    order(firm, admin, trusted=True, device_id=device_id)
    firm.clock.now_ms += 60_000
    firm.write_now(lambda conn: known.tidy(conn, firm.clock() + known.KEPT_MS))
    assert ask(phone)[0] == 200

    admin.post(f"/admin/devices/{device_id}", data={"act": "take_back"})

    assert (ask(phone)[0], phone.get("/me/devices").status_code) == (401, 303)
    assert device_of(firm)["state"] == "ended"


def test_a_session_that_goes_on_lasts_no_longer_for_an_order_taken_back(firm, admin, phone):
    device_id = order(firm, admin, trusted=True)
    admin.post(f"/admin/devices/{device_id}", data={"act": "take_back"})

    firm.clock.now_ms += sessions.IDLE_MS

    assert ask(phone)[0] == 401


def test_an_emptied_device_cannot_be_taken_back(firm, admin, phone):
    device_id = order(firm, admin, trusted=False)
    say_done(firm, device_id)

    assert admin.post(f"/admin/devices/{device_id}", data={"act": "take_back"}).status_code == 303

    assert device_of(firm)["state"] == "emptied"
    assert phone.get("/customers").headers["clear-site-data"] == CLEAR


def test_an_order_taken_back_gives_whoever_left_the_firm_no_more_time_than_their_farewell(firm, admin, phone):
    user_id = device_of(firm)["user_id"]
    firm.write_now(lambda conn: people.deactivate(conn, firm, None, user_id))
    device_id = order(firm, admin, trusted=True)
    admin.post(f"/admin/devices/{device_id}", data={"act": "take_back"})
    assert ask(phone)[0] == 200

    firm.clock.now_ms += sessions.FAREWELL_MS

    assert ask(phone)[0] == 401


def test_everybody_empties_their_own_lost_phone_and_no_other(firm, admin, phone):
    device_id = device_of(firm)["device_id"]
    ben = signed_in_client(firm, "ben")
    anna_id = device_of(firm, "Anna Keller")["device_id"]

    assert ben.post(f"/me/devices/{anna_id}", data={"act": "wipe", "trusted": "0"}).status_code == 404
    assert ben.get("/admin/devices").status_code == 403
    assert ben.post(f"/admin/devices/{anna_id}", data={"act": "wipe"}).status_code == 403
    assert ben.post(f"/me/devices/{device_id}", data={"act": "wipe", "trusted": "0"}).status_code == 303

    assert "clear-site-data" in phone.get("/").headers
    assert "clear-site-data" not in admin.get("/").headers


def test_nobody_empties_the_device_in_their_hands_from_afar(firm, admin):
    own = device_of(firm, "Anna Keller")["device_id"]

    admin.post(f"/admin/devices/{own}", data={"act": "wipe", "trusted": "0"})

    assert admin.get("/admin/devices").status_code == 200


def test_an_order_wants_a_fresh_proof(firm, phone):
    stale = signed_in_client(firm)
    firm.clock.now_ms += DAY_MS
    device_id = device_of(firm)["device_id"]

    answer = stale.post(f"/admin/devices/{device_id}", data={"act": "wipe", "trusted": "0"})

    assert answer.status_code != 303
    assert device_of(firm)["state"] == "live"


def test_the_list_says_what_a_device_told_of_itself(firm, admin, phone):
    body = {"protocol": 1, "schema": schema_hash(), "cursor": phone.cursor, "unsent": 3, "ops": []}
    firm.clock.now_ms += sessions.NOTE_EVERY_MS
    phone.post("/sync", json=body)

    told = device_of(firm)

    assert (told["unsent"], told["is_current"], told["started_by"]) == (3, True, "password")
    shown = admin.get("/admin/devices?person=" + quote(told["user_id"])).text
    assert "3 entries not sent" in shown and "Anna Keller" not in shown.split("<main")[1]


def test_a_word_is_no_session(firm, admin, phone):
    device_id = order(firm, admin, trusted=True)
    browser = client(firm)
    browser.cookies.set("roadbook", word_of(firm, device_id))

    assert ask(browser)[0] == 401


def test_orders_are_in_the_audit_log(firm, admin, phone):
    device_id = order(firm, admin, trusted=True)
    admin.post(f"/admin/devices/{device_id}", data={"act": "take_back"})

    found = [(action, detail.get("trusted")) for action, detail in audited(firm)]

    assert found[-2:] == [("wipe_ordered", 1), ("wipe_taken_back", None)]


def test_a_server_put_back_from_before_the_order_does_not_know_of_it(firm, admin, phone, tmp_path):
    """So an administrator orders it again: what is emptied stays empty, what is not is a device like any other."""
    (tmp_path / "copy").mkdir()
    with firm.look() as conn, closing(sqlite3.connect(tmp_path / "copy" / "roadbook.db")) as copy:
        conn.backup(copy)
    order(firm, admin, trusted=False)
    assert ask(phone)[0] == 401

    restored = Firm.open(tmp_path / "copy", firm.clock)
    again = client(restored)
    again.cookies = phone.cookies
    try:
        assert ask(again)[0] == 200
        order(restored, signed_in_client(restored), trusted=False)
        assert ask(again)[0] == 401
    finally:
        restored.close()


def test_ids_of_operations_left_are_checked():
    with pytest.raises(ValueError):
        wipe.read_last_word({"word": "w", "left": [{"id": "../"}]})
    assert wipe.read_last_word({"word": "w", "left": [{"id": new_id()}]})[0] == "w"


@pytest.mark.parametrize("body", [b"[" * 100_000, b'{"word": 1}', b"{", b"null", b'{"word": "x", "left": [{"id": 1}]}'])
def test_a_last_word_that_no_device_says_is_refused(firm, body):
    assert client(firm).post("/devices/word", content=body).status_code == 400
