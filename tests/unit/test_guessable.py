"""New passwords that whoever guesses tries first."""

import pytest

from server.sign_in.guessable import _common, is_guessed_first
from server.sign_in.passwords import LEAST_LENGTH, UnfitPassword, check_new_password
from tests.unit.shell import client, open_firm

FIRM = "Nordwind Tooling 有限公司"


@pytest.mark.parametrize(
    "password",
    [
        "1234567890", "qwertyuiop", "password123", "Password2024!", "!!Manchester99", "ＰＡＳＳＷＯＲＤ１２３",
        "monkeymonkey", "dragon12dragon12", "aaaaaaaaaaaa", "abababababab", "abcabcabcabc", "roadbook2026",
        "路书路书路书路书路书", "anna.keller1", "Dragon12!2024",
        "Nordwind-Tooling-有限公司", "nordwindtooling有限公司!",
    ],
)  # fmt: skip
def test_what_is_guessed_first_is_refused(password):
    with pytest.raises(UnfitPassword) as unfit:
        check_new_password(password, "anna.keller", FIRM)

    assert unfit.value.reason == "guessable"


@pytest.mark.parametrize(
    "password",
    [
        "correct horse battery", "eight yellow boats", "monkeys eat 12 boats", "love7391058264826", "山高水长 2026 路",
        "kX9#mPq2vL",
    ],
)  # fmt: skip
def test_what_nobody_guesses_first_is_taken(password):
    check_new_password(password, "anna.keller", FIRM)


def test_every_common_password_that_is_long_enough_is_refused():
    """With those that are made long enough as people do it, far more than the 3,000 of OWASP ASVS 6.2.4."""
    long = {password for password in _common() if len(password) >= LEAST_LENGTH}
    words = [password for password in _common() if len(password) > 3 and any(letter.isalpha() for letter in password)]
    made = {word + tail for word in words for tail in ("123", "2024", "1!") if len(word + tail) >= LEAST_LENGTH}

    assert len(long) > 1_500 and len(made) > 3_000
    assert [password for password in long | made if not is_guessed_first(password, ())] == []


def test_a_person_reads_why_and_what_to_do(tmp_path):
    from server.admin import people
    from tests.unit.shell import add_person

    firm = open_firm(tmp_path)
    try:
        ben = add_person(firm, "Ben Otto")
        token = firm.write_now(lambda conn: people.invite(conn, firm, None, ben))
        answer = client(firm).post(f"/invite/{token}", data={"login": "ben", "password": "password123"})
    finally:
        firm.close()

    assert answer.status_code == 422 and "guessed first" in answer.text
