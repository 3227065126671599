import json

import pytest

from server.sign_in import challenges, passkeys
from tests.unit.authenticator import PRESENT, Authenticator, options_in, packed, unpacked
from tests.unit.shell import PASSWORD, add_person, client, id_of, open_firm, signed_in_client

WAIT_MS = 20 * 60_000


@pytest.fixture
def firm(tmp_path):
    firm = open_firm(tmp_path)
    yield firm
    firm.close()


@pytest.fixture
def phone(firm):
    """A browser on which Anna made a passkey, and the passkey."""
    browser, held = signed_in_client(firm), Authenticator()
    assert add(browser, held).status_code == 303
    return browser, held


def add(browser, held, name="My phone", **how):
    options = options_in(browser.get("/me/passkeys/new").text)
    return browser.post("/me/passkeys/new", data={"name": name, "passkey": held.register(options, **how)})


def sign_in(browser, held, **how):
    options = options_in(browser.get("/sign-in?next=/tasks").text)
    return browser.post("/sign-in", data={"passkey": held.sign(options, **how), "next": "/tasks"})


def is_signed_in(browser):
    return browser.get("/me/devices").status_code == 200


def rows(firm, sql, *values):
    with firm.look() as conn:
        return [tuple(row) for row in conn.execute(sql, values)]


# --- making one --------------------------------------------------------------------------------------


def test_a_passkey_signs_in_without_login_and_password(firm, phone):
    browser = client(firm)

    answer = sign_in(browser, phone[1])

    assert (answer.status_code, answer.headers["location"]) == (303, "/tasks")
    assert is_signed_in(browser)
    assert rows(firm, "SELECT started_by FROM session ORDER BY created_at_ms, started_by") == [
        ("passkey",),
        ("password",),
    ]


def test_what_is_asked_for_is_a_discoverable_key_with_the_owners_finger_or_pin(firm, phone):
    options = options_in(phone[0].get("/me/passkeys/new").text)

    assert options["rp"]["id"] == "localhost"
    assert options["authenticatorSelection"]["residentKey"] == "required"
    assert options["authenticatorSelection"]["userVerification"] == "required"
    assert [one["id"] for one in options["excludeCredentials"]] == [packed(phone[1].key_id)]
    assert unpacked(options["user"]["id"]).decode() == id_of(firm, "Anna Keller")
    assert options_in(client(firm).get("/sign-in").text)["userVerification"] == "required"


def test_a_passkey_is_listed_by_its_name_and_can_be_removed(firm, phone):
    browser, held = phone
    assert "My phone" in browser.get("/me/sign-in").text

    browser.post("/me/passkeys/removed", data={"id": packed(held.key_id)})

    assert "My phone" not in browser.get("/me/sign-in").text
    assert sign_in(client(firm), held).status_code == 422
    assert [row[0] for row in rows(firm, "SELECT action FROM audit ORDER BY n DESC LIMIT 2")] == [
        "sign_in_failed",
        "passkey_removed",
    ]


def test_nobody_removes_another_persons_passkey(firm, phone):
    add_person(firm, "Ben", login="ben")

    signed_in_client(firm, "ben").post("/me/passkeys/removed", data={"id": packed(phone[1].key_id)})

    assert sign_in(client(firm), phone[1]).status_code == 303


def test_a_key_of_somebody_else_is_not_taken_over(firm, phone):
    add_person(firm, "Ben", login="ben")

    answer = add(signed_in_client(firm, "ben"), phone[1])

    assert answer.status_code == 422
    assert rows(firm, "SELECT user_id FROM passkey") == [(id_of(firm, "Anna Keller"),)]


def test_adding_one_needs_a_fresh_proof(firm):
    browser = signed_in_client(firm)
    firm.clock.now_ms += WAIT_MS

    answer = browser.get("/me/passkeys/new")

    assert answer.headers["location"] == "/me/proof?next=%2Fme%2Fpasskeys%2Fnew"


# --- answers that prove nothing ----------------------------------------------------------------------


@pytest.mark.parametrize(
    "how",
    [
        {"origin": "https://localhost:8000"},
        {"origin": "http://localhost:8001"},
        {"origin": "http://evil.example"},
        {"type": "webauthn.create"},
        {"challenge": packed(b"x" * 32)},
        {"rp_id": "evil.example"},
        {"flags": PRESENT},
        {"flags": 0x04},
    ],
)
def test_an_answer_for_another_site_or_without_its_owner_opens_nothing(firm, phone, how):
    browser = client(firm)

    assert sign_in(browser, phone[1], **how).status_code == 422
    assert not is_signed_in(browser)


@pytest.mark.parametrize("how", [{"origin": "http://evil.example"}, {"flags": PRESENT}, {"type": "webauthn.get"}])
def test_a_new_key_for_another_site_or_without_its_owner_is_not_kept(firm, how):
    assert add(signed_in_client(firm), Authenticator(), **how).status_code == 422
    assert rows(firm, "SELECT * FROM passkey") == []


@pytest.mark.parametrize("part", ["signature", "authenticatorData", "clientDataJSON", "userHandle"])
def test_a_tampered_part_opens_nothing(firm, phone, part):
    browser = client(firm)
    answer = json.loads(phone[1].sign(options_in(browser.get("/sign-in").text)))
    data = bytearray(unpacked(answer["response"][part]))
    data[-1] ^= 1
    answer["response"][part] = packed(bytes(data))

    assert browser.post("/sign-in", data={"passkey": json.dumps(answer)}).status_code == 422
    assert not is_signed_in(browser)


@pytest.mark.parametrize("junk", ["", "{}", "[]", "nonsense", '{"id": 7}', "\ud800", "x" * 30_000, "null"])
def test_junk_is_a_wrong_passkey_and_no_error(firm, junk):
    answer = client(firm).post("/sign-in", data={"passkey": junk.encode("utf-8", "surrogatepass")})

    assert answer.status_code == 422


def test_an_answer_is_good_once(firm, phone):
    browser = client(firm)
    signed = phone[1].sign(options_in(browser.get("/sign-in").text))
    assert browser.post("/sign-in", data={"passkey": signed}).status_code == 303
    browser.post("/sign-out")

    assert browser.post("/sign-in", data={"passkey": signed}).status_code == 422
    assert not is_signed_in(browser)


def test_an_answer_is_good_in_the_browser_that_was_asked_only(firm, phone):
    browser = client(firm)
    thief = browser.__class__(
        browser.app, base_url="http://localhost:8000", headers={"accept": "text/html"}, follow_redirects=False
    )
    signed = phone[1].sign(options_in(browser.get("/sign-in").text))
    thief.get("/sign-in")

    assert thief.post("/sign-in", data={"passkey": signed}).status_code == 422
    assert not is_signed_in(thief)


def test_a_challenge_is_good_for_ten_minutes(firm, phone):
    browser = client(firm)
    signed = phone[1].sign(options_in(browser.get("/sign-in").text))
    firm.clock.now_ms += challenges.GOOD_FOR_MS

    answer = browser.post("/sign-in", data={"passkey": signed})

    assert answer.status_code == 422
    assert "That took too long" in answer.text


def test_a_challenge_for_signing_in_makes_no_proof_and_the_other_way_round(firm, phone):
    browser, held = phone
    firm.clock.now_ms += WAIT_MS
    for_sign_in = options_in(client(firm).get("/sign-in").text)
    for_proof = options_in(browser.get("/me/proof").text)

    assert browser.post("/me/proof", data={"proof.passkey": held.sign(for_sign_in)}).status_code == 422
    assert browser.post("/sign-in", data={"passkey": held.sign(for_proof)}).status_code == 422


def test_challenges_never_fill_the_memory(monkeypatch):
    monkeypatch.setattr(challenges, "MOST", 10)
    kept = challenges.Challenges()
    first = kept.make("sign_in", "browser", "", 0)
    for _ in range(10):
        last = kept.make("sign_in", "browser", "", 0)

    kept.take(last, "sign_in", "browser", "", 0)
    with pytest.raises(challenges.SpentChallenge):
        kept.take(first, "sign_in", "browser", "", 0)


def test_who_was_deactivated_opens_nothing_with_a_passkey(firm):
    ben = add_person(firm, "Ben", login="ben")
    held = Authenticator()
    add(signed_in_client(firm, "ben"), held)

    signed_in_client(firm).post(f"/admin/people/{ben}/activity", data={"is_active": "0"})

    assert sign_in(client(firm), held).status_code == 422


# --- counters ----------------------------------------------------------------------------------------


def test_a_hardware_key_counts_on_and_a_copy_of_it_is_found_out(firm):
    held, browser = Authenticator(counts=True), signed_in_client(firm)
    add(browser, held)
    assert sign_in(client(firm), held).status_code == 303
    held.count -= 1  # a copy that was made before

    answer = sign_in(client(firm), held)

    assert answer.status_code == 422
    assert "copied" in answer.text
    [(action, subject)] = rows(firm, "SELECT action, subject FROM audit ORDER BY n DESC LIMIT 1")
    assert (action, subject) == ("passkey_suspect", f"user/{id_of(firm, 'Anna Keller')}")


def test_a_synced_passkey_counts_nothing_and_signs_in_again_and_again(firm, phone):
    assert [sign_in(client(firm), phone[1]).status_code for _ in range(3)] == [303, 303, 303]
    assert rows(firm, "SELECT sign_count, is_synced FROM passkey") == [(0, 1)]


# --- a fresh proof -----------------------------------------------------------------------------------


def test_a_passkey_proves_who_holds_the_device_and_the_form_goes_on(firm, phone):
    browser, held = phone
    firm.clock.now_ms += WAIT_MS
    asked = browser.post("/me/passkeys/removed", data={"id": packed(held.key_id)})
    assert "Is it you?" in asked.text

    proof = held.sign(options_in(asked.text))
    browser.post("/me/passkeys/removed", data={"id": packed(held.key_id), "proof.passkey": proof})

    assert rows(firm, "SELECT * FROM passkey") == []


def test_another_persons_passkey_proves_nothing_here(firm, phone):
    add_person(firm, "Ben", login="ben")
    other, browser = Authenticator(), signed_in_client(firm, "ben")
    add(browser, other)
    firm.clock.now_ms += WAIT_MS
    options = options_in(browser.get("/me/proof").text)

    assert browser.post("/me/proof", data={"proof.passkey": phone[1].sign(options)}).status_code == 422


def test_who_came_in_by_a_passkey_may_choose_a_new_password(firm, phone):
    browser = client(firm)
    sign_in(browser, phone[1])

    answer = browser.post("/me/password", data={"login": "anna", "password": "a brand new one"})

    assert answer.status_code == 303


# --- addresses ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "possible"),
    [
        ("https://roadbook.example.com", True),
        ("http://localhost:8000", True),
        ("http://roadbook.lan", False),
        ("https://192.168.1.7", False),
        ("https://[fd00::7]", False),
    ],
)
def test_passkeys_are_offered_where_browsers_know_them(url, possible):
    assert passkeys.are_possible(url) is possible


def test_a_site_by_number_offers_none_and_says_why(firm):
    assert "data-options" not in client(firm, url="http://127.0.0.1:8000").get("/sign-in").text


def test_the_origin_is_said_as_browsers_say_it():
    assert passkeys.origin("https://roadbook.example.com:443") == "https://roadbook.example.com"
    assert passkeys.origin("https://roadbook.example.com:8443") == "https://roadbook.example.com:8443"


def test_a_passkey_leaves_the_password_as_it_is(firm, phone):
    browser = client(firm)

    browser.post("/sign-in", data={"login": "anna", "password": PASSWORD})

    assert is_signed_in(browser)
