"""Any order of edits, moves of scope, cuts and crashes: at rest, devices equal the server and nothing is lost.

The simulator of `tests/simulator` plays them and checks promises 1 to 9; what fails is told as a short script.
`make soak` runs it longer.
"""

from __future__ import annotations

import time

import pytest

from ..simulator.report import run_and_report


@pytest.mark.parametrize("seed", range(3))
def test_interleavings_converge_and_lose_nothing(seed):
    assert (failed := run_and_report(seed, 250)) is None, failed


@pytest.mark.soak
@pytest.mark.parametrize("number", range(40))
def test_many_interleavings_converge_and_lose_nothing(number):
    seed = time.time_ns() % 1_000_000_000
    assert (failed := run_and_report(seed, 3_000)) is None, failed
