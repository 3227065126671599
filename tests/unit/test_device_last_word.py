"""What a device that is emptied says last: which of it is kept, for whom, and what it hears afterwards."""

from __future__ import annotations

from server.devices import wipe

from ..device import new_id
from .shell import client
from .test_device_wipe import (  # noqa: F401
    CLEAR,
    NAVIGATION,
    admin,
    ask,
    device_of,
    firm,
    order,
    phone,
    say_done,
    word_of,
)
from .test_farewell import made

SCRIPT = {"accept": "*/*", "sec-fetch-mode": "cors"}


def left_of(firm, user_id):
    with firm.look() as conn:
        return [one["set"]["name"] for left in wipe.left_of(conn, user_id) for one in left["operations"]]


def test_a_page_that_waits_tells_the_device_nothing(firm, admin, phone):
    order(firm, admin, trusted=True)

    assert phone.get("/customers", headers=NAVIGATION).status_code == 401
    assert device_of(firm)["state"] == "ordered"

    ask(phone)
    assert device_of(firm)["state"] == "emptying"


def test_whatever_comes_from_a_device_after_its_last_word_has_it_cleared_wholly(firm, admin, phone):
    device_id = order(firm, admin, trusted=True)
    say_done(firm, device_id)

    for headers in (SCRIPT, NAVIGATION):
        assert phone.get("/live", headers=headers).headers["clear-site-data"] == CLEAR


def test_each_gets_what_they_typed_themselves_and_what_nobody_typed_is_let_go(firm, admin, phone):
    device_id = order(firm, admin, trusted=True)
    ben, anna = device_of(firm)["user_id"], device_of(firm, "Anna Keller")["user_id"]
    authors = {"Of nobody": "nobody", "Of Ben": ben, "Of Anna": anna, "Of none": None}

    assert say_done(firm, device_id, [{**made(firm, name), "user": who} for name, who in authors.items()]).is_success

    assert left_of(firm, ben) == ["Of Ben"]
    assert left_of(firm, anna) == ["Of Anna"]
    with firm.look() as conn:
        assert conn.execute("SELECT count(*) FROM device_left").fetchone()[0] == 2


def test_a_device_leaves_no_more_than_people_type(firm, admin, phone):
    device_id = order(firm, admin, trusted=True)
    ben = device_of(firm)["user_id"]
    many = [{"id": new_id(), "set": {"name": str(n)}, "user": ben} for n in range(wipe.MOST_LEFT + 1)]

    say_done(firm, device_id, many)

    assert left_of(firm, ben) == [str(n) for n in range(wipe.MOST_LEFT)]


def test_a_last_word_too_long_to_be_one_is_refused(firm, admin, phone):
    device_id = order(firm, admin, trusted=True)
    said = {"word": word_of(firm, device_id), "more": "x" * 4_000_000}

    assert client(firm).post("/devices/word", json=said).status_code == 413
    assert device_of(firm)["state"] == "ordered"
