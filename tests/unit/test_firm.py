"""A firm's readers and threads: bounded, whoever comes."""

from __future__ import annotations

import asyncio
import threading
import time
from contextlib import ExitStack

import pytest

from server import views
from server.database import MAP_BYTES, connect_writer, let_go
from server.firm import PULL_THREADS, Firm, Room
from server.readers import MOST_IDLE, MOST_READERS

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


def test_idle_readers_of_all_firms_of_a_process_are_few(tmp_path):
    room = Room()
    firms = [Firm.open(tmp_path / str(number), room=room) for number in range(12)]
    try:
        for firm in firms:
            with ExitStack() as crowd:
                for _ in range(MOST_READERS):
                    crowd.enter_context(firm.read("somebody"))
        assert len(room.shelf) == MOST_IDLE
        for firm in firms:
            with firm.read("somebody") as db:
                assert db.execute("SELECT count(*) FROM user").fetchone()[0] == 0
    finally:
        for firm in firms:
            firm.close()
        room.close()
    assert len(room.shelf) == 0


def test_a_connection_at_rest_lets_go_of_what_it_cached_and_works_on(tmp_path):
    connection = connect_writer(tmp_path / "x.db")
    connection.execute("CREATE TABLE t (x)")
    connection.execute("INSERT INTO t VALUES (1)")
    let_go(connection)

    assert connection.execute("SELECT x FROM t").fetchone()[0] == 1
    assert connection.execute("PRAGMA mmap_size").fetchone()[0] == MAP_BYTES
