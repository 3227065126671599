"""What is ordered of a device while something else happens to it."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest

from server.devices import wipe
from server.devices.endpoint import _hear

from .shell import client
from .test_device_wipe import admin, audited, device_of, firm, order, phone, word_of  # noqa: F401
from .test_farewell import made


def meanwhile(firm, job, post):
    """What a request is answered that was looked at before a job of the writer and comes after it."""
    may_go = Event()
    busy = firm._writer.submit(lambda conn: may_go.wait(10))
    first = firm._writer.submit(job)
    with ThreadPoolExecutor(1) as elsewhere:
        coming = elsewhere.submit(post)
        while firm._writer.waiting() < 2 and not coming.done():
            time.sleep(0.005)
        may_go.set()
        answer = coming.result()
    assert busy.result() and first.exception() is None
    return answer


@pytest.mark.parametrize("trusted", ["1", "0"])
def test_a_device_that_was_emptied_while_it_is_ordered_once_more_stays_emptied(firm, admin, phone, trusted):
    device_id = order(firm, admin, trusted=True)
    with firm.look() as conn:
        found = wipe.order_by_word(conn, word_of(firm, device_id))

    form = {"act": "wipe", "trusted": trusted}
    answer = meanwhile(
        firm,
        lambda conn: wipe.note_done(conn, found, firm.clock()),
        lambda: admin.post(f"/admin/devices/{device_id}", data=form),
    )

    assert (answer.status_code, answer.headers["location"]) == (303, f"/admin/devices/{device_id}")
    assert device_of(firm)["state"] == "emptied"
    assert [action for action, _ in audited(firm)].count("wipe_ordered") == 1


@pytest.mark.parametrize("trusted", [True, False])
def test_two_orders_at_once_are_one(firm, admin, phone, trusted):
    device_id = device_of(firm)["device_id"]

    form = {"act": "wipe", "trusted": str(int(trusted))}
    answer = meanwhile(
        firm,
        lambda conn: wipe.order(conn, device_id, not trusted, "boss", firm.clock()),
        lambda: admin.post(f"/admin/devices/{device_id}", data=form),
    )

    assert answer.status_code == 303
    assert (device_of(firm)["state"], bool(device_of(firm)["is_trusted"])) == ("ordered", trusted)


def test_a_last_word_that_comes_twice_at_once_settles_it_once(firm, admin, phone):
    device_id = order(firm, admin, trusted=True)
    word, browser = word_of(firm, device_id), client(firm)

    answer = meanwhile(
        firm,
        lambda conn: _hear(conn, word, [], True, firm.clock()),
        lambda: browser.post("/devices/word", json={"word": word}),
    )

    assert answer.status_code == 200
    assert [action for action, _ in audited(firm)].count("wipe_done") == 1


def test_a_last_word_that_meets_an_order_being_taken_back_changes_nothing(firm, admin, phone):
    device_id = order(firm, admin, trusted=True)
    word, browser = word_of(firm, device_id), client(firm)

    meanwhile(
        firm,
        lambda conn: wipe.take_back(conn, device_id, firm.clock()),
        lambda: browser.post("/devices/word", json={"word": word}),
    )

    assert device_of(firm)["state"] == "live"
    assert "wipe_done" not in [action for action, _ in audited(firm)]


def test_what_comes_from_a_device_that_is_no_longer_trusted_is_not_kept(firm, admin, phone):
    device_id = order(firm, admin, trusted=True)
    word, user_id, browser = word_of(firm, device_id), device_of(firm)["user_id"], client(firm)
    left = [{**made(firm, "Forged"), "user": user_id}]

    meanwhile(
        firm,
        lambda conn: wipe.order(conn, device_id, False, "boss", firm.clock()),
        lambda: browser.post("/devices/word", json={"word": word, "left": left, "is_done": False}),
    )

    with firm.look() as conn:
        assert wipe.left_of(conn, user_id) == []
