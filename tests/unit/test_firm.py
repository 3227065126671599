"""A firm's readers and threads: bounded, whoever comes."""

from __future__ import annotations

import asyncio
import threading
import time
from contextlib import ExitStack

import pytest

from server import views
from server.firm import PULL_THREADS, Firm
from server.readers import MOST_READERS

from .. import own_loop


@pytest.fixture
def firm(tmp_path):
    made = Firm.open(tmp_path)
    yield made
    made.close()


def test_readers_of_a_crowd_are_not_kept_open(firm):
    with ExitStack() as crowd:
        opened = [crowd.enter_context(firm.look()) for _ in range(3 * MOST_READERS)]
        assert len(set(map(id, opened))) == 3 * MOST_READERS
    with ExitStack() as crowd:
        again = [crowd.enter_context(firm.look()) for _ in range(3 * MOST_READERS)]
        assert len(set(map(id, again)) & set(map(id, opened))) <= MOST_READERS
        for connection in again:
            assert connection.execute("SELECT 1").fetchone()[0] == 1


def test_the_reader_used_last_is_lent_first(firm):
    with firm.look() as first, firm.look() as second:
        pass
    with firm.look() as again:
        assert again is first and again is not second


def test_devices_that_come_at_once_take_few_threads(firm):
    at_once, most, lock = 0, 0, threading.Lock()

    def work() -> None:
        nonlocal at_once, most
        with lock:
            at_once += 1
            most = max(most, at_once)
        time.sleep(0.005)
        with lock:
            at_once -= 1

    async def crowd() -> None:
        await asyncio.gather(*(firm.pull(work) for _ in range(40)))

    own_loop.run(crowd())
    assert most == PULL_THREADS


def test_people_who_see_much_have_readers_of_their_own(firm, monkeypatch):
    """A reader that goes back and forth between the two kinds makes all its views anew each time."""
    monkeypatch.setattr(views, "BROAD_FROM", 1)
    firm.write_now(
        lambda db: db.execute(
            "INSERT INTO membership (user_id, kind, key, access, first_seq, from_seq)"
            " VALUES ('boss', 'account', 'a', 'write', 1, 1)"
        )
    )
    lent = {"boss": set(), "rep": set()}
    for user_id in ["boss", "rep", "boss", "rep", "boss", "rep", "boss"]:
        with firm.read(user_id) as connection:
            lent[user_id].add(id(connection))

    # The first time nobody knows yet.
    assert len(lent["boss"]) == 2 and len(lent["rep"]) == 1
