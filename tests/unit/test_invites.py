import pytest

from server.admin import people
from server.sign_in import invites, passwords
from tests.unit.shell import PASSWORD, add_person, client, open_firm, signed_in_client


@pytest.fixture
def firm(tmp_path):
    firm = open_firm(tmp_path)
    yield firm
    firm.close()


@pytest.fixture
def ben(firm):
    return add_person(firm, "Ben Otto")


def invite(firm, user_id):
    return firm.write_now(lambda conn: people.invite(conn, firm, None, user_id))


CHOICE = {"login": "ben", "password": "eight yellow boats"}


def test_an_invited_person_chooses_login_and_password_and_is_in(firm, ben):
    token = invite(firm, ben)
    phone = client(firm)
    assert "Welcome, Ben Otto" in phone.get(f"/invite/{token}").text

    answer = phone.post(f"/invite/{token}", data=CHOICE)

    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert phone.get("/me/devices").status_code == 200
    again = client(firm).post("/sign-in", data=CHOICE)
    assert again.status_code == 303


def test_an_invite_is_good_once(firm, ben):
    token = invite(firm, ben)
    client(firm).post(f"/invite/{token}", data=CHOICE)

    assert client(firm).get(f"/invite/{token}").status_code == 410
    assert client(firm).post(f"/invite/{token}", data=CHOICE | {"login": "thief"}).status_code == 410


def test_an_invite_is_good_for_a_week(firm, ben):
    token = invite(firm, ben)
    firm.clock.now_ms += invites.GOOD_FOR_MS

    assert client(firm).get(f"/invite/{token}").status_code == 410


def test_a_new_invite_replaces_the_earlier_one(firm, ben):
    old, new = invite(firm, ben), invite(firm, ben)

    assert client(firm).get(f"/invite/{old}").status_code == 410
    assert client(firm).get(f"/invite/{new}").status_code == 200


def test_an_invite_of_somebody_who_left_is_void(firm, ben):
    token = invite(firm, ben)
    firm.write_now(lambda conn: people.deactivate(conn, firm, None, ben))

    assert client(firm).get(f"/invite/{token}").status_code == 410


@pytest.mark.parametrize(
    ("field", "value", "why"),
    [
        ("login", "anna", "Somebody else has this login"),
        ("login", "Ben Otto", "no spaces"),
        ("login", "", "fill this in"),
        ("login", "b" * 101, "too long"),
        ("password", "too short", "at least 10"),
    ],
)
def test_a_choice_that_does_not_do_is_asked_again_and_keeps_the_invite(firm, ben, field, value, why):
    token = invite(firm, ben)

    answer = client(firm).post(f"/invite/{token}", data=CHOICE | {field: value})

    assert answer.status_code == 422
    assert why in answer.text
    assert client(firm).get(f"/invite/{token}").status_code == 200


def test_a_login_is_one_whatever_its_case_and_width(firm, ben):
    token = invite(firm, ben)

    assert client(firm).post(f"/invite/{token}", data=CHOICE | {"login": "ＡＮＮＡ"}).status_code == 422


def test_an_invite_for_somebody_with_a_password_replaces_it_and_signs_devices_out(firm, monkeypatch):
    ended = []
    monkeypatch.setattr(firm.hub, "close_device", ended.append)
    user_id = add_person(firm, "Cora", login="cora")
    old_phone = signed_in_client(firm, "cora")
    token = invite(firm, user_id)

    client(firm).post(f"/invite/{token}", data={"login": "cora", "password": "eight yellow boats"})

    assert old_phone.get("/me/devices").status_code == 303
    assert ended == [user_id], "streams that were open end with their sessions"
    assert client(firm).post("/sign-in", data={"login": "cora", "password": PASSWORD}).status_code == 422


def test_the_token_itself_is_not_stored(firm, ben):
    token = invite(firm, ben)

    with firm.look() as conn:
        assert token not in conn.execute("SELECT token_hash FROM invite").fetchone()[0]


def test_the_qr_code_obeys_the_policy_against_inline_style():
    svg = invites.qr_svg("https://crm.example.com/invite/abc")

    assert svg.startswith("<svg")
    assert "style" not in svg and "script" not in svg


def test_a_taken_login_is_found_out_inside_the_write_job_too(firm, ben):
    with pytest.raises(passwords.UnfitLogin):
        firm.write_now(lambda conn: passwords.store(conn, ben, "Anna", "hash"))


def test_a_code_to_scan_is_drawn_whole_at_any_width():
    drawn = invites.qr_svg("otpauth://totp/Roadbook")
    opening = drawn[: drawn.index(">")]

    # A size of its own would push a narrow page aside, or have the code cut off.
    assert "viewBox=" in opening and "width=" not in opening
