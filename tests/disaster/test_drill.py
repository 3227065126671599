"""The machine dies with its disk: no acknowledged edit is lost, none is there twice, and all devices agree."""

from __future__ import annotations

import random
import time

import pytest

from .drill import Typing, connect, make_people, recover, type_something, wait_until_safe
from .lives import lives
from .machine import Machine, wait_until
from .storage import Line, in_bucket, in_folder


@pytest.fixture
def machines(tmp_path):
    """Makes machines, one after the other; none outlives the test."""
    made: list[Machine] = []

    def make(replica: dict[str, str]) -> Machine:
        made.append(Machine(tmp_path / f"machine {len(made)}", replica))
        return made[-1]

    yield make
    for machine in made:
        machine.die()


def assert_nothing_lost(result):
    assert result.acknowledged > 0
    assert (result.lost, result.doubled, result.differing, result.waiting) == ([], [], [], 0)


def test_machine_after_machine_dies_while_people_type(machines, tmp_path):
    replica, dice = in_folder(tmp_path / "replica"), random.Random(50)
    machine = machines(replica)
    phones = make_people(machine.data)
    machine.start_server()
    assert_devices_keep_what_no_replicator_brings_away(machine, phones[0], dice)
    machine.start_replicator()
    for seed in range(2):
        connect(phones, machine)
        wait_until_safe(phones[0], machine)
        typing = Typing(phones, seed)
        time.sleep(0.5 + dice.random())
        machine.burn()
        typing.end()

        machine = machines(replica)
        assert_nothing_lost(recover(phones, machine, dice))


def assert_devices_keep_what_no_replicator_brings_away(machine, phone, dice):
    phone.port = machine.port
    type_something(phone, dice)
    assert phone.try_sync(), machine.log()
    assert phone.sent
    assert "the replicator does not run" in machine.log()


def test_bucket_that_was_out_of_reach_when_the_machine_died(machines, s3):
    """Then devices alone have what people typed last: enough of it that it cannot be luck."""
    line, dice = Line(s3), random.Random(51)
    replica = in_bucket(line.port, "firm", "drill")
    machine = machines(replica)
    phones = make_people(machine.data)
    machine.start()
    connect(phones, machine)
    wait_until_safe(phones[0], machine)
    line.cut()
    for phone in phones:
        type_something(phone, dice)
        assert phone.try_sync(), machine.log()
    assert all(phone.sent for phone in phones)
    line.mend()
    wait_until_safe(phones[0], machine)
    phones[1].sync()
    assert phones[1].sent == []

    line.cut()
    typing = Typing(phones, 51)
    time.sleep(1.5)
    machine.burn()
    typing.end()
    line.mend()
    machine = machines(replica)
    result = recover(phones, machine, dice)

    assert_nothing_lost(result)
    assert result.behind > 10
    line.close()


@pytest.mark.soak
@pytest.mark.timeout(1_200)
@pytest.mark.parametrize("seed", range(3))
def test_many_machines_die_while_people_type(tmp_path, s3, seed):
    line = Line(s3)
    try:
        results, _ = lives(tmp_path, in_bucket(line.port, "firm", f"soak{seed}"), line, 30, seed)
    finally:
        line.close()

    for result in results:
        assert_nothing_lost(result)


@pytest.mark.soak
def test_litestream_that_is_killed_alone_comes_back(machines, tmp_path):
    replica, dice = in_folder(tmp_path / "replica"), random.Random(52)
    machine = machines(replica)
    phones = make_people(machine.data)
    machine.start()
    connect(phones, machine)
    wait_until_safe(phones[0], machine)
    typing = Typing(phones, 52)
    [before] = machine.litestreams()
    machine.kill_litestream()
    wait_until(lambda: machine.litestreams() not in ([], [before]), "another Litestream runs", machine.log)
    time.sleep(0.3)
    typing.end()
    wait_until_safe(phones[0], machine)
    machine.burn()

    machine = machines(replica)
    result = recover(phones, machine, dice)
    assert_nothing_lost(result)
    assert result.behind == 0
