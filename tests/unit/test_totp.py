import re
from base64 import b32encode

import pyotp
import pytest

from server.sign_in import codes, sealing, throttle, totp
from tests.unit.authenticator import Authenticator, options_in
from tests.unit.shell import PASSWORD, add_person, client, id_of, open_firm, signed_in_client

WAIT_MS = 20 * 60_000


@pytest.fixture
def firm(tmp_path):
    firm = open_firm(tmp_path)
    yield firm
    firm.close()


@pytest.fixture
def app(firm):
    """Anna's authenticator app, switched on a while ago."""
    made = set_up(firm, signed_in_client(firm))
    firm.clock.now_ms += WAIT_MS
    return made


def set_up(firm, browser, path="/me/authenticator"):
    secret = secret_in(browser.get(path).text)
    made = pyotp.TOTP(secret)
    assert browser.post(path, data={"digits": digits(firm, made)}).status_code == 303
    return made


def secret_in(page):
    return re.search(r'class="num"><strong>([A-Z2-7 ]+)<', page)[1].replace(" ", "")


def digits(firm, app, steps=0):
    return app.generate_otp(firm.clock.now_ms // totp.STEP_MS + steps)


def with_password(firm, **more):
    browser = client(firm, **more)
    return browser, browser.post("/sign-in", data={"login": "anna", "password": PASSWORD, "next": "/tasks"})


def is_signed_in(browser):
    return browser.get("/me/devices").status_code == 200


def recovery_codes(browser):
    page = browser.post("/me/recovery-codes").text
    return re.findall(r"<li><strong>([A-Z0-9 ]+)</strong></li>", page)


def require_second_factor(firm, role="Administrator"):
    role_id = id_of(firm, role, "role")
    firm.write_now(lambda conn: conn.execute("INSERT INTO second_factor_role VALUES (?)", (role_id,)))


def rows(firm, sql, *values):
    with firm.look() as conn:
        return [tuple(row) for row in conn.execute(sql, values)]


# --- digits ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("second", "expected"),
    [
        (59, "287082"),
        (1111111109, "081804"),
        (1111111111, "050471"),
        (1234567890, "005924"),
        (2000000000, "279037"),
        (20000000000, "353130"),
    ],
)
def test_the_digits_are_those_of_rfc_6238(second, expected):
    secret = b32encode(b"12345678901234567890").decode()

    assert totp.matching_step(secret, expected, second * 1000) == second // 30


def test_one_step_before_and_one_after_count_and_no_more(firm, app):
    secret, now_ms = app.secret, firm.clock.now_ms
    found = [totp.matching_step(secret, digits(firm, app, steps), now_ms) is not None for steps in range(-3, 4)]

    assert found == [False, False, True, True, True, False, False]


def test_digits_may_be_typed_with_a_gap(firm, app):
    typed = digits(firm, app)

    assert totp.matching_step(app.secret, f" {typed[:3]} {typed[3:]} ", firm.clock.now_ms)


# --- signing in --------------------------------------------------------------------------------------


def test_the_app_is_asked_after_the_password_and_leads_on(firm, app):
    browser, answer = with_password(firm)
    assert answer.headers["location"] == "/sign-in/second"
    assert not is_signed_in(browser)

    answer = browser.post("/sign-in/second", data={"digits": digits(firm, app)})

    assert (answer.status_code, answer.headers["location"]) == (303, "/tasks")
    assert is_signed_in(browser)


def test_nothing_of_the_app_opens_between_the_two(firm, app):
    browser, _ = with_password(firm)

    assert browser.get("/me/sign-in").status_code == 303
    assert browser.post("/sync", json={}).status_code == 401
    assert rows(firm, "SELECT count(*) FROM session") == [(1,)]


def test_the_same_digits_are_refused_a_second_time(firm, app):
    used = digits(firm, app)
    browser, _ = with_password(firm)
    browser.post("/sign-in/second", data={"digits": used})
    again, _ = with_password(firm)

    answer = again.post("/sign-in/second", data={"digits": used})

    assert answer.status_code == 422
    assert not is_signed_in(again)


def test_older_digits_are_refused_after_newer_ones(firm, app):
    browser, _ = with_password(firm)
    browser.post("/sign-in/second", data={"digits": digits(firm, app, 1)})
    again, _ = with_password(firm)

    assert again.post("/sign-in/second", data={"digits": digits(firm, app)}).status_code == 422


def test_guessing_digits_is_slowed_down_for_the_person_wherever_it_comes_from(firm, app):
    for n in range(throttle.RULES["second_account"].free):
        browser, _ = with_password(firm, address=f"198.51.100.{n}")
        assert browser.post("/sign-in/second", data={"digits": "000000"}).status_code == 422
    browser, _ = with_password(firm)

    assert browser.post("/sign-in/second", data={"digits": digits(firm, app)}).status_code == 429

    firm.clock.now_ms += 30_000
    assert browser.post("/sign-in/second", data={"digits": digits(firm, app)}).status_code == 303


def test_a_code_replaces_the_password_and_not_the_app(firm, app):
    code = firm.write_now(lambda conn: codes.make_code(conn, id_of(firm, "Anna Keller"), None, firm.clock()))
    browser = client(firm)

    assert browser.post("/sign-in", data={"code": code}).headers["location"] == "/sign-in/second"
    assert not is_signed_in(browser)


def test_a_passkey_counts_as_both(firm, app):
    held, browser = Authenticator(), signed_in_client(firm)
    browser.post(
        "/me/passkeys/new", data={"passkey": held.register(options_in(browser.get("/me/passkeys/new").text))}
    )
    other, _ = with_password(firm)
    options = options_in(other.get("/sign-in/second").text)

    assert other.post("/sign-in", data={"passkey": held.sign(options)}).status_code == 303
    assert is_signed_in(other)


def test_half_a_sign_in_is_good_for_a_quarter_of_an_hour_and_for_one_browser(firm, app):
    browser, _ = with_password(firm)
    stranger = client(firm)
    assert stranger.post("/sign-in/second", data={"digits": digits(firm, app)}).headers["location"] == "/sign-in"

    firm.clock.now_ms += 15 * 60_000

    assert browser.get("/sign-in/second").headers["location"] == "/sign-in"


def test_who_was_deactivated_in_between_does_not_come_in(firm):
    ben = add_person(firm, "Ben", login="ben")
    made = set_up(firm, signed_in_client(firm, "ben"))
    firm.clock.now_ms += 60_000
    browser = client(firm)
    browser.post("/sign-in", data={"login": "ben", "password": PASSWORD})
    signed_in_client(firm).post(f"/admin/people/{ben}/activity", data={"is_active": "0"})

    assert browser.post("/sign-in/second", data={"digits": digits(firm, made)}).headers["location"] == "/sign-in"


# --- setting it up -----------------------------------------------------------------------------------


def test_an_app_counts_only_once_it_has_shown_the_right_digits(firm):
    browser = signed_in_client(firm)
    browser.get("/me/authenticator")

    assert browser.post("/me/authenticator", data={"digits": "000000"}).status_code == 422
    assert with_password(firm)[1].headers["location"] == "/tasks"


def test_the_qr_code_is_the_same_when_the_page_is_opened_again(firm):
    browser = signed_in_client(firm)

    assert secret_in(browser.get("/me/authenticator").text) == secret_in(browser.get("/me/authenticator").text)


def test_the_secret_is_in_no_table_and_in_no_other_page(firm, app):
    browser = signed_in_client(firm)
    kept = rows(firm, "SELECT secret FROM totp")[0][0]

    assert app.secret.encode() not in kept
    assert app.secret not in browser.get("/me/sign-in").text
    assert app.secret not in browser.get("/admin/audit.csv").text


def test_the_key_is_beside_the_database_and_for_the_servers_user_only(firm, app):
    path = firm.path / sealing.KEY_FILE

    assert path.stat().st_mode & 0o777 == 0o600
    assert len(path.read_bytes()) == sealing.KEY_BYTES


def test_a_secret_in_another_persons_row_cannot_be_read(firm, app):
    sealed = rows(firm, "SELECT secret FROM totp")[0][0]

    with pytest.raises(sealing.Unreadable):
        sealing.unseal(firm.path, "somebody else", sealed)


@pytest.mark.parametrize("spoil", [lambda path: path.unlink(), lambda path: path.write_bytes(b"torn")])
def test_without_the_key_file_the_page_says_so_and_a_recovery_code_still_opens(firm, spoil):
    admin = signed_in_client(firm)
    made = set_up(firm, admin)
    held = recovery_codes(admin)
    firm.clock.now_ms += WAIT_MS
    spoil(firm.path / sealing.KEY_FILE)
    browser, _ = with_password(firm)

    answer = browser.post("/sign-in/second", data={"digits": digits(firm, made)})
    assert "can no longer read" in answer.text

    assert browser.post("/sign-in/second", data={"digits": held[0]}).status_code == 303


def test_the_doctor_says_when_the_key_file_is_gone(firm, app):
    from server.doctor.signing_in import check_sign_in_key

    with firm.look() as conn:
        assert check_sign_in_key(conn, firm.path).state == "ok"
        (firm.path / sealing.KEY_FILE).unlink()
        assert "second-factor" in check_sign_in_key(conn, firm.path).way_out


# --- recovery codes ----------------------------------------------------------------------------------


def test_a_recovery_code_works_once_in_place_of_the_app(firm):
    admin = signed_in_client(firm)
    set_up(firm, admin)
    held = recovery_codes(admin)
    assert len(set(held)) == 10
    browser, _ = with_password(firm)
    assert browser.post("/sign-in/second", data={"digits": held[3].lower()}).status_code == 303

    again, _ = with_password(firm)

    assert again.post("/sign-in/second", data={"digits": held[3]}).status_code == 422
    assert "9 recovery codes are left" in admin.get("/me/sign-in").text


def test_recovery_codes_are_kept_as_argon2id_and_shown_once(firm):
    admin = signed_in_client(firm)
    set_up(firm, admin)
    held = recovery_codes(admin)

    kept = rows(firm, "SELECT code_hash FROM recovery_code")

    assert all(one[0].startswith("$argon2id$") for one in kept)
    assert held[0] not in admin.get("/me/recovery-codes").text


def test_new_recovery_codes_replace_the_old_ones(firm):
    admin = signed_in_client(firm)
    set_up(firm, admin)
    old = recovery_codes(admin)
    recovery_codes(admin)
    browser, _ = with_password(firm)

    assert browser.post("/sign-in/second", data={"digits": old[0]}).status_code == 422


# --- a role that needs it ----------------------------------------------------------------------------


def test_whoever_needs_a_second_factor_and_has_none_sets_one_up_before_going_on(firm):
    require_second_factor(firm)
    browser, _ = with_password(firm)
    assert browser.get("/sign-in/second").headers["location"] == "/sign-in/second/set-up"
    assert not is_signed_in(browser)

    set_up(firm, browser, "/sign-in/second/set-up")

    assert is_signed_in(browser)
    assert "Show ten new codes" in browser.get("/me/recovery-codes").text


def test_a_passkey_may_be_what_is_set_up(firm):
    require_second_factor(firm)
    browser, _ = with_password(firm)
    held = Authenticator()

    page = browser.get("/sign-in/second/set-up").text
    browser.post("/sign-in/second/set-up", data={"passkey": held.register(options_in(page)), "name": "Key"})

    assert is_signed_in(browser)
    again, _ = with_password(firm)
    assert again.get("/sign-in/second").status_code == 200


def test_nobody_replaces_a_second_factor_by_setting_up_another_on_the_way_in(firm, app):
    require_second_factor(firm)
    browser, _ = with_password(firm)

    assert browser.get("/sign-in/second/set-up").headers["location"] == "/sign-in/second"
    answer = browser.post("/sign-in/second/set-up", data={"digits": digits(firm, app)})
    assert answer.headers["location"] == "/sign-in/second"
    assert not is_signed_in(browser)


def test_the_last_second_factor_stays_while_the_role_needs_one(firm, app):
    require_second_factor(firm)
    browser = signed_in_client(firm)

    answer = browser.post("/me/authenticator/off")

    assert answer.status_code == 422
    assert "Your role needs a second factor" in answer.text
    assert rows(firm, "SELECT count(*) FROM totp") == [(1,)]


def test_an_administrator_asks_it_of_a_role(firm):
    admin, role_id = signed_in_client(firm), id_of(firm, "Salesperson", "role")
    version = rows(firm, "SELECT version FROM role WHERE id = ?", role_id)[0][0]
    add_person(firm, "Ben", login="ben")
    role = {"id": role_id, "version": version, "name": "Salesperson", "data_scope": "own", "needs_second": "1"}

    admin.post("/admin/roles", data=role)

    answer = client(firm).post("/sign-in", data={"login": "ben", "password": PASSWORD})
    assert answer.headers["location"] == "/sign-in/second"
    assert rows(firm, "SELECT action FROM audit WHERE subject = ?", f"role/{role_id}")[-1] == (
        "second_factor_of_role",
    )


def test_an_administrator_resets_it_for_somebody_who_lost_the_phone(firm):
    ben = add_person(firm, "Ben", login="ben")
    set_up(firm, signed_in_client(firm, "ben"))

    signed_in_client(firm).post(f"/admin/people/{ben}/second-factor")

    answer = client(firm).post("/sign-in", data={"login": "ben", "password": PASSWORD})
    assert answer.headers["location"] == "/"
    assert ("second_factor_reset", f"user/{ben}") in rows(firm, "SELECT action, subject FROM audit")


def test_whoever_begins_to_set_up_an_app_with_a_stolen_password_does_not_know_its_owners(firm):
    require_second_factor(firm)
    thief, _ = with_password(firm)
    known = secret_in(thief.get("/sign-in/second/set-up").text)
    owner, _ = with_password(firm)

    shown = secret_in(owner.get("/sign-in/second/set-up").text)

    assert shown != known
    taken = owner.post("/sign-in/second/set-up", data={"digits": digits(firm, pyotp.TOTP(known))})
    assert taken.status_code == 422
    set_up(firm, owner, "/sign-in/second/set-up")
    assert is_signed_in(owner)


def test_of_two_who_set_up_a_second_factor_at_once_the_first_one_counts(firm):
    require_second_factor(firm)
    anna = id_of(firm, "Anna Keller")
    thief, _ = with_password(firm)
    made = pyotp.TOTP(secret_in(thief.get("/sign-in/second/set-up").text))
    write = firm.write

    async def late(job):
        """The owner is faster by the blink between what the page asks and what it does."""
        await write(lambda conn: conn.execute("INSERT OR IGNORE INTO totp VALUES (?, x'00', 0, 0)", (anna,)))
        return await write(job)

    firm.write = late
    answer = thief.post("/sign-in/second/set-up", data={"digits": digits(firm, made)})

    assert answer.headers["location"] == "/sign-in"
    assert not is_signed_in(thief)
    assert rows(firm, "SELECT secret FROM totp") == [(b"\0",)]


# --- a fresh proof -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "data"),
    [
        ("/me/authenticator/off", {}),
        ("/me/recovery-codes", {}),
        ("/me/authenticator", {"digits": "123456"}),
        ("/me/passkeys/removed", {"id": "any"}),
        ("/me/devices", {"device": "any"}),
        ("/admin/people/new", {"name": "New", "role_id": "@Administrator"}),
        ("/admin/people/ANNA/invites", {}),
        ("/admin/people/ANNA/codes", {}),
        ("/admin/roles", {"name": "Second", "data_scope": "own", "is_admin": "1", "needs_second": "1"}),
    ],
)
def test_what_a_thief_with_an_open_phone_must_not_do_asks_again(firm, app, path, data):
    browser = signed_in_client(firm)
    firm.clock.now_ms += WAIT_MS
    data = {name: id_of(firm, value[1:], "role") if value[0] == "@" else value for name, value in data.items()}
    before = rows(firm, "SELECT count(*) FROM audit")

    answer = browser.post(path.replace("ANNA", id_of(firm, "Anna Keller")), data=data)

    assert "Is it you?" in answer.text
    assert all(f'name="{name}" value="{value}"' in answer.text for name, value in data.items())
    assert rows(firm, "SELECT count(*) FROM audit") == before


def test_taking_everything_out_asks_again(firm):
    browser = signed_in_client(firm)
    assert browser.get("/export/accounts.csv").status_code == 200
    firm.clock.now_ms += WAIT_MS

    assert browser.get("/export/accounts.csv").headers["location"] == "/me/proof?next=%2Fexport"

    browser.post("/me/proof", data={"proof.password": PASSWORD, "next": "/export"})
    assert browser.get("/export/accounts.csv").status_code == 200


def test_a_password_proves_it_for_a_quarter_of_an_hour(firm, app):
    browser = signed_in_client(firm)
    firm.clock.now_ms += WAIT_MS

    wrong = browser.post("/me/recovery-codes", data={"proof.password": "not the password"})
    assert wrong.status_code == 422
    assert "not the password" not in wrong.text
    right = browser.post("/me/recovery-codes", data={"proof.password": PASSWORD})
    assert "shown only now" in right.text

    assert browser.get("/me/recovery-codes").status_code == 200
    firm.clock.now_ms += WAIT_MS
    assert browser.get("/me/recovery-codes").status_code == 303


@pytest.mark.parametrize(("by_administrator", "asks"), [(True, False), (False, True)])
def test_a_code_of_an_administrator_proves_it_and_one_of_ones_own_does_not(firm, by_administrator, asks):
    anna = id_of(firm, "Anna Keller")
    made_by = None if by_administrator else anna
    code = firm.write_now(lambda conn: codes.make_code(conn, anna, made_by, firm.clock()))
    browser = client(firm)
    browser.post("/sign-in", data={"code": code})

    assert (browser.get("/me/authenticator").status_code == 303) is asks
    assert ("old_password" in browser.get("/me/password").text) is asks


def test_a_session_from_before_the_upgrade_goes_on_and_proves_anew(tmp_path):
    from sqlite_utils import Database

    from server.database import connect_writer
    from server.firm import Firm
    from server.migrations import migrations
    from tests.unit.shell import Clock

    conn = connect_writer(tmp_path / "roadbook.db", lambda: 0)
    migrations.apply(Database(conn, execute_plugins=False), stop_before="m0010_keys")
    conn.execute("INSERT INTO session VALUES ('h', 'anna', 'd', 'Chrome', 'code', 1, 2, 9000000000000)")
    conn.execute("INSERT INTO sign_in_attempt VALUES ('code_address', 'k', 3, 4)")
    conn.execute(
        "INSERT INTO push_subscription (id, user_id, device_id, endpoint, p256dh, auth, made_at_ms, seen_at_ms)"
        " VALUES ('p', 'anna', 'd', 'https://push', 'x', 'x', 1, 1)"
    )
    conn.close()

    firm = Firm.open(tmp_path, Clock())
    kept = rows(firm, "SELECT token_hash, started_by, last_seen_ms, proven_at_ms FROM session")
    attempts = rows(firm, "SELECT kind, failures FROM sign_in_attempt")
    firm.write_now(lambda conn: conn.execute("DELETE FROM session"))
    pushes = rows(firm, "SELECT count(*) FROM push_subscription")
    firm.close()

    assert kept == [("h", "code", 2, 0)]
    assert attempts == [("code_address", 3)]
    assert pushes == [(0,)]
