"""Any order of edits, moves of scope, cuts and crashes: at rest, devices equal the server and nothing is lost.

The simulator of `tests/simulator` plays them and checks promises 1 to 9; what fails is told as a short script.
`make soak` runs it longer.
"""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from ..simulator.report import run_and_report
from ..simulator.shrink import failure_of

FOUND = sorted((Path(__file__).parent.parent / "simulator" / "found").glob("*.jsonl"))


@pytest.mark.parametrize("file", FOUND, ids=lambda file: file.stem)
def test_what_once_broke_a_promise_no_longer_does(file):
    script = [json.loads(line) for line in file.read_text().splitlines()]
    assert (failed := failure_of(script)) is None, failed


@pytest.mark.parametrize("seed", range(3))
def test_interleavings_converge_and_lose_nothing(seed):
    assert (failed := run_and_report(seed, 250)) is None, failed


@pytest.mark.soak
@pytest.mark.parametrize("number", range(40))
def test_many_interleavings_converge_and_lose_nothing(number):
    seed = time.time_ns() % 1_000_000_000
    assert (failed := run_and_report(seed, 3_000)) is None, failed
