"""A decision waits a moment before it is sent; what has certainly not left the device can be taken back."""

from __future__ import annotations

import time

from tests.browser.test_sync_client import change, wire  # noqa: F401
from tests.browser.test_sync_safety import accepted, end, opened, say

LONG_AGO_MS = 60_000


def decision(row: str, at_ms: int, verb: str = "approve") -> dict:
    return change("approval_action", row, approval_id="apr-1", verb=verb) | {"at": at_ms}


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def carried(wire) -> list[list[str]]:
    """The rows of the operations of each request that carried some."""
    return [[op["row"] for op in asked["ops"]] for asked in wire.faults.asked if asked["ops"]]


def numbers(wire) -> dict[str, int]:
    return {entry["row_id"]: entry["n"] for entry in wire.call("entries")}


def test_decision_made_just_now_is_not_sent_and_holds_up_what_came_after_it(wire):
    opened(wire)
    [before] = wire.edit(change("sticky", "before", body="1"))
    wire.edit(decision("act-1", now_ms()))
    wire.edit(change("sticky", "after", body="2"))

    say(wire, [accepted(before, 10), end("c2")])
    assert wire.sync() == ""

    assert carried(wire) == [["before"]]


def test_decision_is_sent_when_its_moment_has_passed(wire):
    opened(wire)
    [made] = wire.edit(decision("act-1", now_ms() - LONG_AGO_MS))

    say(wire, [accepted(made, 10), end("c2")])
    wire.sync()

    assert carried(wire) == [["act-1"]]


def test_clock_that_was_set_back_holds_nothing_for_longer(wire):
    opened(wire)
    [made] = wire.edit(decision("act-1", now_ms() + LONG_AGO_MS))

    say(wire, [accepted(made, 10), end("c2")])
    wire.sync()

    assert carried(wire) == [["act-1"]]


def test_comments_on_a_request_do_not_wait(wire):
    opened(wire)
    [made] = wire.edit(decision("act-1", now_ms(), "comment"))

    say(wire, [accepted(made, 10), end("c2")])
    wire.sync()

    assert carried(wire) == [["act-1"]]


def test_decision_taken_back_leaves_nothing_and_what_came_after_it_is_sent(wire):
    opened(wire)
    wire.edit(decision("act-1", now_ms()))
    [after] = wire.edit(change("sticky", "after", body="2"))

    assert wire.call("withdraw", numbers(wire)["act-1"]) == ["approval_action"]
    say(wire, [accepted(after, 10), end("c2")])
    wire.sync()

    assert wire.call("row", "approval_action", "act-1") is None
    assert carried(wire) == [["after"]]


def test_what_belongs_together_is_taken_back_together(wire):
    opened(wire)
    wire.edit(change("approval", "apr-1", title="Leave"), decision("act-1", now_ms(), "submit"))
    wire.edit(change("expense_line", "line-1", approval_id="apr-1"), change("approval", "apr-1", title="Trip"))

    assert wire.call("withdraw", numbers(wire)["act-1"]) == ["approval_action", "approval", "expense_line"]

    assert wire.call("entries") == []
    assert wire.call("row", "approval", "apr-1") is None


def test_what_may_have_reached_the_server_is_not_taken_back(wire):
    opened(wire)
    wire.edit(decision("act-1", now_ms() - LONG_AGO_MS))
    wire.faults.plan = [{"lost": True}]
    assert wire.sync() != ""

    assert wire.call("withdraw", numbers(wire)["act-1"]) is None

    assert [entry["row_id"] for entry in wire.call("entries")] == ["act-1"]


def test_that_it_may_be_there_is_remembered_when_the_replica_is_made_anew(wire):
    opened(wire)
    wire.edit(decision("act-1", now_ms() - LONG_AGO_MS))
    wire.faults.plan = [{"lost": True}]
    wire.sync()
    wire.call("damage")
    wire.call("close")
    wire.open()

    assert wire.call("withdraw", numbers(wire)["act-1"]) is None


def test_what_was_tried_without_any_network_is_still_here_to_take_back(wire):
    opened(wire)
    wire.edit(decision("act-1", now_ms() - LONG_AGO_MS))
    wire.context.set_offline(True)
    assert wire.sync() == "offline"

    assert wire.call("withdraw", numbers(wire)["act-1"]) == ["approval_action"]


def test_a_later_decision_can_be_taken_back_after_an_earlier_one_was_sent(wire):
    opened(wire)
    [first] = wire.edit(decision("act-1", now_ms() - LONG_AGO_MS))
    say(wire, [accepted(first, 10), end("c2")])
    wire.sync()

    wire.edit(decision("act-2", now_ms()))

    assert wire.call("withdraw", numbers(wire)["act-2"]) == ["approval_action"]
