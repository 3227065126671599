"""A firm's readers and threads: bounded, whoever comes."""

from __future__ import annotations

import asyncio
import threading
import time
from contextlib import ExitStack

import pytest

from server.firm import MOST_READERS, PULL_THREADS, Firm


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

    asyncio.run(crowd())
    assert most == PULL_THREADS
