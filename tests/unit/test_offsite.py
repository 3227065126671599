"""The position of the replica: asked for what is new, never ahead of the truth, standing still while nobody answers."""

from __future__ import annotations

import asyncio
import math

import pytest
from starlette.responses import Response

from server.backup import offsite
from server.backup.litestream import NotReplicated
from server.backup.offsite import Replicated
from server.backup.settling import Settling
from server.record import current_seq

from ..own_loop import run
from ..small_firm import as_server, op

AWAY = "the storage cannot be reached"


class Replica:
    """A barrier that a test opens and closes; counts what it is asked."""

    def __init__(self) -> None:
        self.asked = 0
        self.is_away = False
        self.last_that_works = math.inf
        self.may_answer = asyncio.Event()
        self.may_answer.set()

    async def __call__(self) -> None:
        self.asked += 1
        number = self.asked
        await self.may_answer.wait()
        if self.is_away or number > self.last_that_works:
            raise NotReplicated(AWAY)


@pytest.fixture(autouse=True)
def soon(monkeypatch):
    """What waits for people's patience in the product hardly waits here."""
    monkeypatch.setattr(offsite, "FIRST_WAIT_S", 0.01)
    monkeypatch.setattr(offsite, "PAUSE_S", 0.001)


def write(firm) -> int:
    """Another change in the firm; returns its number."""
    with firm.look() as db:
        before = current_seq(db)
    as_server(firm, op("department", f"d{before}", name=f"D{before}"))
    with firm.look() as db:
        return current_seq(db)


def during(firm, work):
    """Run work(offsite, replica) while the firm's position is kept."""

    async def both():
        replica = Replica()
        kept = Replicated(firm, replica)
        running = asyncio.create_task(kept.run())
        try:
            return await asyncio.wait_for(work(kept, replica), 20)
        finally:
            running.cancel()

    return run(both())


async def until(is_so) -> None:
    while not is_so():
        await asyncio.sleep(0.002)


def test_nothing_is_safe_before_the_replica_has_answered(firm):
    kept = Replicated(firm, Replica())

    assert kept.safe_seq(write(firm)) == 0
    assert kept.position().error


def test_what_was_committed_before_the_question_is_safe_after_the_answer(firm):
    async def work(kept, replica):
        seq = await asyncio.to_thread(write, firm)
        assert await kept.settle(5)
        assert kept.safe_seq(seq) == seq
        assert kept.position().error == "" and kept.position().safe_at_ms > 0

    during(firm, work)


def test_what_is_committed_while_the_replica_is_asked_is_not_safe_by_that_answer(firm):
    async def work(kept, replica):
        await kept.settle(5)
        replica.may_answer.clear()
        first = await asyncio.to_thread(write, firm)
        kept.safe_seq(first)
        asked = replica.asked
        await until(lambda: replica.asked > asked)
        second = await asyncio.to_thread(write, firm)
        replica.last_that_works = replica.asked
        replica.may_answer.set()
        await until(lambda: kept.safe_seq(first) == first)
        assert kept.safe_seq(second) < second

    during(firm, work)


def test_only_a_question_that_is_asked_later_settles_what_is_written_now(firm):
    async def work(kept, replica):
        await kept.settle(5)
        replica.may_answer.clear()
        kept.safe_seq(await asyncio.to_thread(write, firm))
        asked = replica.asked
        await until(lambda: replica.asked > asked)
        settling = asyncio.create_task(kept.settle(5))
        await asyncio.sleep(0.01)
        replica.may_answer.set()
        assert await settling
        assert replica.asked == asked + 2

    during(firm, work)


def test_newer_number_makes_the_replica_be_asked_by_whatever_process_it_was_written(firm):
    async def work(kept, replica):
        await kept.settle(5)
        seq = await asyncio.to_thread(write, firm)
        assert kept.safe_seq(seq) < seq
        await until(lambda: kept.safe_seq(seq) == seq)

    during(firm, work)


def test_nothing_is_asked_while_nothing_is_new(firm):
    async def work(kept, replica):
        seq = await asyncio.to_thread(write, firm)
        await kept.settle(5)
        asked = replica.asked
        for _ in range(50):
            kept.safe_seq(seq)
            await asyncio.sleep(0.002)
        assert replica.asked == asked

    during(firm, work)


def test_slow_replica_is_asked_one_question_at_a_time(firm):
    async def work(kept, replica):
        await kept.settle(5)
        asked = replica.asked
        replica.may_answer.clear()
        for _ in range(20):
            kept.safe_seq(await asyncio.to_thread(write, firm))
            await asyncio.sleep(0.002)
        assert replica.asked == asked + 1
        replica.may_answer.set()
        await kept.settle(5)
        assert replica.asked <= asked + 3

    during(firm, work)


def test_position_stands_still_while_the_replica_is_away_and_goes_on_when_it_is_back(firm):
    async def work(kept, replica):
        first = await asyncio.to_thread(write, firm)
        await kept.settle(5)
        replica.is_away = True
        second = await asyncio.to_thread(write, firm)
        kept.safe_seq(second)
        await until(lambda: kept.position().error)
        assert kept.position().error == AWAY
        assert kept.safe_seq(second) == first
        replica.is_away = False
        await until(lambda: kept.safe_seq(second) == second)
        assert kept.position().error == ""

    during(firm, work)


def test_nobody_waits_for_a_replica_that_is_known_to_be_away(firm, monkeypatch):
    monkeypatch.setattr(offsite, "FIRST_WAIT_S", 60)

    async def work(kept, replica):
        replica.is_away = True
        await until(lambda: kept.position().error == AWAY)
        begun = asyncio.get_running_loop().time()
        assert not await kept.settle(15)
        assert asyncio.get_running_loop().time() - begun < 10

    during(firm, work)


def test_replica_that_is_away_is_asked_ever_more_rarely(firm, monkeypatch):
    monkeypatch.setattr(offsite, "FIRST_WAIT_S", 1)
    kept = Replicated(firm, Replica())
    waits = []
    for _ in range(7):
        kept._note_failure(AWAY)
        waits.append(kept._pause_s())

    assert waits == [1, 2, 4, 8, 15, 15, 15]


def test_slow_answer_keeps_nobody_waiting_for_longer_than_was_said(firm):
    async def work(kept, replica):
        await kept.settle(5)
        replica.may_answer.clear()
        assert not await kept.settle(0.02)

    during(firm, work)


def test_failure_is_told_once_in_the_log(firm, caplog):
    async def work(kept, replica):
        replica.is_away = True
        await until(lambda: replica.asked > 4)

    during(firm, work)

    assert [record.message.count(AWAY) for record in caplog.records].count(1) == 1


def test_what_is_posted_is_acknowledged_once_it_is_off_site(firm):
    """No device keeps it: a browser without a worker posted it to the server itself."""

    async def work(kept, replica):
        await kept.settle(5)
        firm.offsite = kept
        replica.may_answer.clear()
        posting = asyncio.create_task(said_by(Settling(Response("saved"), firm), "POST", "/customers/new"))
        await until(lambda: replica.asked > 1)
        await asyncio.sleep(0.02)
        assert not posting.done()
        replica.may_answer.set()
        assert await posting == 200

    during(firm, work)


@pytest.mark.parametrize(
    ("method", "path", "answer"),
    [("GET", "/customers", Response()), ("POST", "/sync", Response()), ("POST", "/sign-in", Response(status_code=400))],
)
def test_what_writes_nothing_or_is_kept_by_a_device_waits_for_nothing(firm, method, path, answer):
    async def work(kept, replica):
        await kept.settle(5)
        firm.offsite = kept
        replica.may_answer.clear()
        assert await said_by(Settling(answer, firm), method, path) == answer.status_code

    during(firm, work)


async def said_by(app, method: str, path: str) -> int:
    """The status of its answer."""
    said: list[dict] = []

    async def send(message) -> None:
        said.append(message)

    await app({"type": "http", "method": method, "path": path, "headers": []}, None, send)
    return said[0]["status"]
