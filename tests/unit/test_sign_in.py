import re

import pytest

from server.firm import Firm
from server.person import accepted_language
from server.request import safe_next
from server.sign_in import codes, passwords, setup, throttle
from server.sign_in.device_name import device_name
from server.sign_in.secrets import CODE_ALPHABET
from tests.unit.shell import ANSWERS, PASSWORD, Clock, add_person, client, id_of, open_firm, signed_in_client


@pytest.fixture
def firm(tmp_path):
    firm = open_firm(tmp_path)
    yield firm
    firm.close()


def make_code(firm, name="Anna Keller"):
    return firm.write_now(lambda conn: codes.make_code(conn, id_of(firm, name), None, firm.clock()))


def is_signed_in(browser):
    return browser.get("/me/devices").status_code == 200


# --- password ----------------------------------------------------------------------------------------


def test_login_and_password_sign_in_and_lead_on(firm):
    browser = client(firm)

    answer = browser.post("/sign-in", data={"login": " ANNA ", "password": PASSWORD, "next": "/customers?q=王"})

    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/customers")
    assert is_signed_in(browser)


@pytest.mark.parametrize(("login", "password"), [("anna", "wrong password"), ("nobody", PASSWORD), ("", "")])
def test_a_wrong_pair_is_refused_with_what_was_typed_kept(firm, login, password):
    answer = client(firm).post("/sign-in", data={"login": login, "password": password, "next": "/tasks"})

    assert answer.status_code == 422
    assert "Login and password do not fit" in answer.text
    assert f'value="{login}"' in answer.text
    assert 'name="next" value="/tasks"' in answer.text
    assert not password or password not in answer.text


def test_guessing_a_password_is_slowed_down_even_for_the_right_one_and_from_elsewhere(firm):
    for _ in range(throttle.RULES["password_account"].free):
        client(firm).post("/sign-in", data={"login": "anna", "password": "a wrong one"})

    answer = client(firm, address="198.51.100.7").post("/sign-in", data={"login": "anna", "password": PASSWORD})
    assert answer.status_code == 429
    assert "sign in with a code" in answer.text

    firm.clock.now_ms += 30_000
    assert is_signed_in(signed_in_client(firm))


def test_a_one_time_code_works_while_the_password_has_to_wait(firm):
    for _ in range(40):
        client(firm).post("/sign-in", data={"login": "anna", "password": "a wrong one"})
    browser = client(firm)

    answer = browser.post("/sign-in", data={"code": make_code(firm)})

    assert answer.status_code == 303
    assert is_signed_in(browser)


def test_the_password_is_stored_as_argon2id(firm):
    with firm.look() as conn:
        stored = passwords.find(conn, "anna")["password_hash"]

    assert stored.startswith("$argon2id$")


def test_a_password_typed_with_combining_letters_is_the_same_password():
    composed = passwords.hash_password("sch\u00f6nes Wetter")

    assert passwords.matches(composed, "scho\u0308nes Wetter")


@pytest.mark.parametrize("password", ["\udcff" * 12, "x" * 100_000, "\0" * 20])
def test_an_odd_password_is_simply_wrong(firm, password):
    assert not passwords.matches(passwords.hash_password(PASSWORD), password)


# --- codes -------------------------------------------------------------------------------------------


def test_a_code_is_eight_unambiguous_characters(firm):
    code = make_code(firm)

    assert len(code) == 8
    assert not set("0O1IL5S2ZUV") & set(CODE_ALPHABET)
    assert set(code) <= set(CODE_ALPHABET)


def test_a_code_is_good_once_however_it_is_typed(firm):
    code = make_code(firm)
    typed = f" {code[:4].lower()}-{code[4:]} "

    assert client(firm).post("/sign-in", data={"code": typed}).status_code == 303
    assert client(firm).post("/sign-in", data={"code": typed}).status_code == 422


def test_a_code_is_good_for_ten_minutes(firm):
    code = make_code(firm)
    firm.clock.now_ms += codes.GOOD_FOR_MS

    answer = client(firm).post("/sign-in", data={"code": code})

    assert answer.status_code == 422
    assert "older than 10 minutes" in answer.text


def test_a_new_code_replaces_the_earlier_one(firm):
    old, new = make_code(firm), make_code(firm)

    assert client(firm).post("/sign-in", data={"code": old}).status_code == 422
    assert client(firm).post("/sign-in", data={"code": new}).status_code == 303


def test_guessing_codes_is_slowed_down_but_the_right_one_still_gets_in_within_its_life(firm):
    code = make_code(firm)
    for _ in range(throttle.RULES["code_address"].free):
        client(firm).post("/sign-in", data={"code": "AAAAAAAA"})

    assert client(firm).post("/sign-in", data={"code": code}).status_code == 429
    firm.clock.now_ms += throttle.RULES["code_address"].longest_wait_ms
    assert client(firm).post("/sign-in", data={"code": code}).status_code == 303


def test_a_signed_in_person_makes_a_code_for_another_phone(firm):
    page = signed_in_client(firm).post("/sign-in/code").text
    code = re.search(r'<h2 id="code" class="num">([^<]+)</h2>', page)[1]
    other_phone = client(firm)

    other_phone.post("/sign-in", data={"code": code})

    assert is_signed_in(other_phone)
    assert "<svg" in page


# --- sessions ----------------------------------------------------------------------------------------


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(firm):
    plain = client(firm).post("/sign-in", data={"login": "anna", "password": PASSWORD}).headers["set-cookie"]
    secure = client(firm, url="https://crm.example.com").post(
        "/sign-in", data={"login": "anna", "password": PASSWORD}
    ).headers["set-cookie"]

    assert plain.startswith("roadbook=")
    assert secure.startswith("__Host-roadbook=")
    assert "Secure" in secure and "Path=/" in secure and "Domain" not in secure
    for cookie in (plain, secure):
        assert "HttpOnly" in cookie and "SameSite=lax" in cookie


def test_the_token_itself_is_not_stored(firm):
    browser = signed_in_client(firm)

    with firm.look() as conn:
        stored = [row[0] for row in conn.execute("SELECT token_hash FROM session")]
    assert len(stored) == 1
    assert browser.cookies["roadbook"] not in stored


def test_an_idle_session_ends_and_a_used_one_goes_on(firm):
    idle, used = signed_in_client(firm), signed_in_client(firm)
    firm.clock.now_ms += 100 * 86_400_000
    assert is_signed_in(used)
    firm.clock.now_ms += 100 * 86_400_000

    assert is_signed_in(used)
    assert not is_signed_in(idle)


def test_devices_are_listed_by_name_and_can_be_signed_out(firm):
    phone = signed_in_client(firm)
    desk = client(firm)
    desk.post(
        "/sign-in",
        data={"login": "anna", "password": PASSWORD},
        headers={"user-agent": "Mozilla/5.0 (Windows NT 10.0) Gecko/20100101 Firefox/153.0"},
    )

    page = desk.get("/me/devices").text
    assert "Chrome on Android" in page and "Firefox on Windows" in page
    device = re.search(r'name="device" value="([^"]+)"', page)[1]
    desk.post("/me/devices", data={"device": device})

    assert is_signed_in(desk)
    assert not is_signed_in(phone)


def test_nobody_signs_out_somebody_elses_device(firm):
    add_person(firm, "Ben Otto", login="ben")
    anna, ben = signed_in_client(firm), signed_in_client(firm, "ben")
    with firm.look() as conn:
        annas = conn.execute(
            "SELECT device_id FROM session WHERE user_id = ?", (id_of(firm, "Anna Keller"),)
        ).fetchone()[0]

    ben.post("/me/devices", data={"device": annas})

    assert is_signed_in(anna)


def test_signing_in_again_keeps_the_device_and_ends_the_old_session(firm):
    browser = client(firm)
    browser.post("/sign-in", data={"login": "anna", "password": PASSWORD})
    old = browser.cookies["roadbook"]
    with firm.look() as conn:
        before = conn.execute("SELECT device_id FROM session").fetchall()

    browser.post("/sign-in", data={"login": "anna", "password": PASSWORD})

    with firm.look() as conn:
        assert [tuple(row) for row in conn.execute("SELECT device_id FROM session")] == [tuple(row) for row in before]
    assert browser.cookies["roadbook"] != old


def test_signing_out_ends_the_session_on_the_server(firm):
    browser = signed_in_client(firm)
    token = browser.cookies["roadbook"]

    answer = browser.post("/sign-out")

    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in")
    thief = client(firm)
    thief.cookies.set("roadbook", token)
    assert not is_signed_in(thief)


# --- signed out --------------------------------------------------------------------------------------


def test_a_navigation_goes_to_sign_in_and_comes_back(firm):
    answer = client(firm).get("/me/devices?tab=1")

    assert answer.status_code == 303
    assert answer.headers["location"] == "/sign-in?next=%2Fme%2Fdevices%3Ftab%3D1"


def test_a_script_hears_401(firm):
    answer = client(firm).post("/sync", json={}, headers={"accept": "*/*", "sec-fetch-mode": "cors"})

    assert answer.status_code == 401
    assert answer.json() == {"error": "signed_out"}


def test_a_form_that_arrives_after_signing_out_is_shown_again_with_everything_typed(firm):
    answer = client(firm).post("/stickies", data={"s.body": "Long <story>\nsecond line", "s.colour": "red"})

    assert answer.status_code == 401
    assert "Long &lt;story&gt;\nsecond line" in answer.text
    assert 'name="s.colour" value="red"' in answer.text


@pytest.mark.parametrize(
    "evil",
    [
        "//evil.example",
        "https://evil.example",
        "/\\evil.example",
        "\\\\evil",
        "/\t/evil.example",
        "/\n//evil.example",
        "javascript:x",
        "",
    ],
)
def test_next_never_leads_to_another_site(evil):
    assert safe_next(evil) == "/"


def test_next_leads_anywhere_on_this_site():
    assert safe_next("/customers/1?tab=all#notes") == "/customers/1?tab=all#notes"


# --- own password ------------------------------------------------------------------------------------


def test_a_new_password_needs_the_old_one_and_signs_other_devices_out(firm, monkeypatch):
    ended = []
    monkeypatch.setattr(firm.hub, "close_device", ended.append)
    browser, other = signed_in_client(firm), signed_in_client(firm)
    new = {"login": "anna", "password": "another good one"}

    assert browser.post("/me/password", data=new | {"old_password": "wrong"}).status_code == 422
    assert browser.post("/me/password", data=new | {"old_password": PASSWORD}).status_code == 303

    assert is_signed_in(browser)
    assert not is_signed_in(other)
    assert len(ended) == 1, "streams that were open end with their sessions"
    with firm.look() as conn:
        assert passwords.matches(passwords.find(conn, "anna")["password_hash"], "another good one")


def test_who_came_in_by_a_code_may_choose_a_password_without_the_forgotten_one(firm):
    browser = client(firm)
    browser.post("/sign-in", data={"code": make_code(firm)})
    new = {"login": "anna", "password": "another good one"}

    assert browser.post("/me/password", data=new).status_code == 303

    firm.clock.now_ms += 16 * 60_000
    assert browser.post("/me/password", data=new).status_code == 422


@pytest.mark.parametrize(("path", "purposes"), [("/sign-in", ["current"]), ("/me/password", ["current", "new"])])
def test_passwords_are_typed_unseen_and_password_managers_may_help(firm, path, purposes):
    page = (signed_in_client(firm) if path != "/sign-in" else client(firm)).get(path).text
    fields = re.findall(r"<input[^>]*type=\"password\"[^>]*>", page)

    assert sorted(re.search(r'autocomplete="(\w+)-password"', field)[1] for field in fields) == purposes
    assert "paste" not in page


@pytest.mark.parametrize("password", ["short", "", "annaannaanna"])
def test_a_weak_password_is_refused(firm, password):
    new = {"login": "annaannaanna", "password": password, "old_password": PASSWORD}

    assert signed_in_client(firm).post("/me/password", data=new).status_code == 422


# --- first set-up ------------------------------------------------------------------------------------


@pytest.fixture
def new_firm(tmp_path):
    firm = Firm.open(tmp_path / "new", Clock())
    yield firm
    firm.close()


def setup_token(firm):
    return firm.write_now(lambda conn: setup.make_link(conn, firm.clock()))


def test_the_setup_link_makes_the_first_administrator_once(new_firm):
    token = setup_token(new_firm)
    browser = client(new_firm)
    assert browser.get(f"/setup?token={token}").status_code == 200

    answer = browser.post("/setup", data=ANSWERS | {"password": PASSWORD, "token": token})

    assert answer.status_code == 303
    assert browser.get("/admin").status_code == 200
    assert new_firm.timezone == "Europe/Berlin"
    assert client(new_firm).post("/setup", data=ANSWERS | {"password": PASSWORD, "token": token}).status_code == 410


@pytest.mark.parametrize("field", ["firm_name", "name", "login", "password", "timezone"])
def test_a_setup_with_something_missing_is_asked_again(new_firm, field):
    token = setup_token(new_firm)

    answer = client(new_firm).post("/setup", data=ANSWERS | {"password": PASSWORD, "token": token} | {field: ""})

    assert answer.status_code == 422
    assert field == "name" or "Anna Keller" in answer.text
    assert setup_is_needed(new_firm)


def setup_is_needed(firm):
    with firm.look() as conn:
        return setup.is_needed(conn)


def test_no_other_token_sets_up(new_firm):
    old = setup_token(new_firm)
    setup_token(new_firm)

    for token in (old, "", "guess"):
        assert client(new_firm).get(f"/setup?token={token}").status_code == 410


def test_the_setup_link_is_good_for_a_day(new_firm):
    token = setup_token(new_firm)
    new_firm.clock.now_ms += setup.GOOD_FOR_MS

    assert client(new_firm).get(f"/setup?token={token}").status_code == 410


def test_a_firm_that_is_set_up_takes_no_second_setup(firm):
    token = setup_token(firm)

    assert client(firm).get(f"/setup?token={token}").status_code == 410


# --- names and languages -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("user_agent", "name"),
    [
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) Version/19.0 Safari/604", "Safari on iPhone"),
        ("Mozilla/5.0 (Windows NT 10.0; Win64) Chrome/140.0 Safari/537.36 Edg/140.0", "Edge on Windows"),
        ("Mozilla/5.0 (Linux; Android 15) Chrome/130 Mobile Safari/537 MicroMessenger/8.0", "WeChat on Android"),
        ("curl/8", "Browser"),
        ("", "Browser"),
    ],
)
def test_a_device_is_named_after_browser_and_system(user_agent, name):
    assert device_name(user_agent) == name


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh-Hans"),
        ("zh-TW,zh;q=0.9", "zh-Hant"),
        ("zh-Hant-HK", "zh-Hant"),
        ("de-DE,de;q=0.9,zh;q=0.5", "zh-Hans"),
        ("en-GB,zh;q=0.9", "en"),
        ("en;q=0.1,zh;q=0.9", "zh-Hans"),
        ("fr", "en"),
        ("", "en"),
        ("zh;q=nonsense", "en"),
    ],
)
def test_the_browsers_first_language_that_roadbook_speaks(header, language):
    assert accepted_language(header) == language


@pytest.mark.parametrize("language", ["en", "zh-CN", "zh-TW"])
def test_sign_in_speaks_the_browsers_language(firm, language):
    page = client(firm).get("/sign-in", headers={"accept-language": language}).text

    assert f'<html lang="{accepted_language(language)}"' in page
