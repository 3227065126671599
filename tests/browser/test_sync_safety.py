"""What the device does when the server's copy lags behind, or the server was put back from a copy."""

from __future__ import annotations

import json

from tests.browser.test_sync_client import MODEL, change, stock, wire  # noqa: F401
from tests.device import projection

EPOCH = "life-one"


def hello(epoch: str = EPOCH, user: str = "rita", key: str = "k1", **more) -> dict:
    facts = {"protocol": 1, "epoch": epoch, "schema": MODEL["hash"], "user": user, "timezone": "UTC", "rows": 0}
    return {"hello": {**facts, "key": f"{key}-{epoch}-{user}", **more}}


def accepted(edit: dict, seq: int, verdict: str = "applied", reason: str = "") -> dict:
    return {"outcome": {"id": edit["id"], "is": verdict, "seq": seq, "reason": reason, "detail": {}}}


def end(cursor: str, **safe) -> dict:
    return {"end": {"cursor": cursor, **safe}}


def say(wire, *answers: list[dict]) -> None:
    wire.faults.plan = [{"say": answer} for answer in answers]


def opened(wire) -> None:
    """Open and synced with a server of the test's own making."""
    wire.open()
    say(wire, [hello(), end("c1")])
    assert wire.sync() == ""


def typed(wire) -> list[tuple[str, str]]:
    """Every entry's row and state, in order."""
    return [(entry["row_id"], entry["state"]) for entry in wire.call("typed")]


def sent_names(asked: dict) -> list[tuple]:
    return [(op["row"], op.get("again", False)) for op in asked["ops"]]


def test_accepted_operation_is_held_until_the_servers_copy_has_it(wire):
    opened(wire)
    [first] = wire.edit(change("sticky", "one", body="1"))
    [second] = wire.edit(change("sticky", "two", body="2"))

    say(wire, [accepted(first, 10), accepted(second, 11), end("c2", safe=10)])
    assert wire.sync() == ""
    assert typed(wire) == [("two", "sent")]
    assert wire.call("status")["state"] == "synced"

    say(wire, [end("c3", safe=10)])
    wire.sync()
    assert typed(wire) == [("two", "sent")]
    say(wire, [end("c4", safe=11)])
    wire.sync()
    assert typed(wire) == []


def test_end_without_safe_means_that_all_is_safe(wire):
    opened(wire)
    [edit] = wire.edit(change("sticky", "one", body="1"))
    say(wire, [accepted(edit, 10), end("c2", safe=9)])
    wire.sync()
    assert typed(wire) == [("one", "sent")]

    say(wire, [end("c3")])
    wire.sync()

    assert typed(wire) == []


def test_what_was_sent_survives_a_replica_made_anew_and_keeps_its_order(wire):
    opened(wire)
    edits = [wire.edit(change("sticky", name, body=name))[0] for name in ("one", "two")]
    say(wire, [accepted(edits[0], 10), accepted(edits[1], 11), end("c2", safe=0)])
    wire.sync()
    wire.edit(change("sticky", "three", body="3"))
    wire.call("close")

    wire.call("open", {**MODEL, "hash": "newer"}, {})

    assert typed(wire) == [("one", "sent"), ("two", "sent"), ("three", "waiting")]
    say(wire, [hello(), end("c3", safe=0)])
    wire.faults.plan.append({"status": 503, "error": "down"})  # the edit that is new is not sent yet
    wire.sync()
    assert typed(wire) == [("one", "sent"), ("two", "sent"), ("three", "waiting")]


def test_new_life_of_the_server_is_given_again_what_was_not_safe_before_what_is_new(wire):
    opened(wire)
    edits = [wire.edit(change("sticky", name, body=name))[0] for name in ("one", "two")]
    say(wire, [accepted(edits[0], 10), accepted(edits[1], 11), end("c2", safe=0)])
    wire.sync()
    [third] = wire.edit(change("sticky", "three", body="3"))
    before = len(wire.faults.asked)

    outcomes = [accepted(edits[0], 1_010, "merged", "waits_for_row"), accepted(edits[1], 1_011), accepted(third, 1_012)]
    wire.faults.plan = [
        {"status": 409, "error": "start_again"},
        {"say": [hello("life-two"), end("d1")]},
        {"say": [*outcomes, end("d2", safe=1_011)]},
    ]
    assert wire.sync() == ""

    asked = wire.faults.asked[before:]
    assert [request["cursor"] for request in asked] == ["c2", "", "d1"]
    assert sent_names(asked[1]) == []
    assert sent_names(asked[2]) == [("one", True), ("two", True), ("three", False)]
    assert typed(wire) == [("three", "sent")]


def test_new_life_is_noticed_in_a_hello_where_nobody_refused_the_cursor(wire):
    opened(wire)
    [edit] = wire.edit(change("sticky", "one", body="1"))
    say(wire, [accepted(edit, 10), end("c2", safe=0)])
    wire.sync()
    before = len(wire.faults.asked)

    say(wire, [hello("life-two"), end("x")], [hello("life-two"), end("d1")], [accepted(edit, 99), end("d2")])
    assert wire.sync() == ""

    assert [request["cursor"] for request in wire.faults.asked[before:]] == ["c2", "", "d1"]
    assert sent_names(wire.faults.asked[-1]) == [("one", True)]
    assert typed(wire) == []


def test_older_cursor_of_the_same_life_sends_nothing_again(wire):
    opened(wire)
    [edit] = wire.edit(change("sticky", "one", body="1"))
    say(wire, [accepted(edit, 10), end("c2", safe=0)])
    wire.sync()

    wire.faults.plan = [{"status": 409, "error": "start_again"}, {"say": [hello(), end("c9", safe=0)]}]
    assert wire.sync() == ""

    assert sent_names(wire.faults.asked[-1]) == []
    assert typed(wire) == [("one", "sent")]


def test_cut_before_the_end_leaves_what_was_accepted_in_the_outbox_and_a_new_life_gets_it(wire):
    opened(wire)
    [edit] = wire.edit(change("sticky", "one", body="1"))
    say(wire, [accepted(edit, 10)])
    assert wire.sync() == "cut"
    assert typed(wire) == [("one", "acked")]

    wire.faults.plan = [
        {"status": 409, "error": "start_again"},
        {"say": [hello("life-two"), end("d1")]},
        {"say": [accepted(edit, 99), end("d2")]},
    ]
    assert wire.sync() == ""

    assert sent_names(wire.faults.asked[-1]) == [("one", True)]
    assert typed(wire) == []


def test_what_the_new_life_refuses_and_the_person_mends_goes_as_something_new(wire):
    opened(wire)
    [edit] = wire.edit(change("sticky", "one", body="1"))
    say(wire, [accepted(edit, 10), end("c2", safe=0)])
    wire.sync()
    wire.faults.plan = [
        {"status": 409, "error": "start_again"},
        {"say": [hello("life-two"), end("d1")]},
        {"say": [{"outcome": {"id": edit["id"], "is": "rejected", "reason": "no_access", "detail": {}}}, end("d2")]},
    ]
    wire.sync()
    [refused] = wire.call("entries")

    assert wire.call("retry", refused["n"]) is True
    say(wire, [end("d3")])
    wire.sync()

    assert sent_names(wire.faults.asked[-1]) == [("one", False)]


def test_proposal_and_operation_that_waits_for_its_row_are_accepted(wire):
    opened(wire)
    edits = [wire.edit(change("sticky", name, body=name))[0] for name in ("one", "two")]

    outcomes = [accepted(edits[0], 5, "conflict", "proposed"), accepted(edits[1], 6, "merged", "waits_for_row")]
    say(wire, [*outcomes, end("c2")])
    assert wire.sync() == ""

    assert typed(wire) == []
    assert wire.call("status")["state"] == "synced"


def test_what_was_sent_goes_with_its_person_when_another_signs_in_and_comes_back(wire):
    opened(wire)
    [sent] = wire.edit(change("sticky", "one", body="1"))
    say(wire, [accepted(sent, 10), end("c2", safe=0)])
    wire.sync()

    say(wire, [hello(user="sam"), end("x")], [hello(user="sam"), end("s1", safe=0)])
    assert wire.sync() == ""
    assert typed(wire) == []
    assert [(kept["row_id"], kept["state"], kept["epoch"]) for kept in wire.call("kept")] == [("one", "sent", EPOCH)]

    say(wire, [hello(), end("x")], [hello(), end("r1", safe=0)])
    assert wire.sync() == ""
    assert typed(wire) == [("one", "sent")] and wire.call("kept") == []


def test_person_who_comes_back_to_another_life_of_the_server_sends_again(wire):
    opened(wire)
    [sent] = wire.edit(change("sticky", "one", body="1"))
    say(wire, [accepted(sent, 10), end("c2", safe=0)])
    wire.sync()
    say(wire, [hello(user="sam"), end("x")], [hello(user="sam"), end("s1")])
    wire.sync()

    say(wire, [hello("life-two"), end("x")], [hello("life-two"), end("r1")], [accepted(sent, 99), end("r2")])
    assert wire.sync() == ""

    assert sent_names(wire.faults.asked[-1]) == [("one", True)]
    assert typed(wire) == []


def test_file_of_the_outbox_holds_what_was_sent_and_is_not_safe(wire):
    opened(wire)
    [sent] = wire.edit(change("sticky", "one", body="1"))
    say(wire, [accepted(sent, 10), end("c2", safe=0)])
    wire.sync()
    wire.edit(change("sticky", "two", body="2"))

    stored = wire.page.evaluate("import('/service_worker/replica.js').then((all) => all.storedTyped('bench'))")

    assert [(entry["row_id"], entry["state"]) for entry in stored] == [("one", "sent"), ("two", "waiting")]
    assert json.loads(stored[0]["op"])["set"] == {"body": "1"}


# --- what the hello says, and when it may be left out --------------------------------------------------


def test_hello_that_is_known_may_be_left_out(wire):
    wire.open()
    say(wire, [hello(), end("c1")], [end("c2")])

    assert wire.sync() == "" and wire.sync() == ""

    assert [request["known"] for request in wire.faults.asked] == ["", f"k1-{EPOCH}-rita"]
    assert wire.call("meta", "user") == "rita"


def test_window_and_share_of_accounts_are_told_to_pages(wire):
    opened(wire)
    assert (wire.call("status")["window_ms"], wire.call("status")["accounts_elsewhere"]) == (None, 0)

    say(wire, [hello(key="k2", window_ms=5_000, accounts=[20, 32]), end("c2")])
    wire.sync()
    assert (wire.call("status")["window_ms"], wire.call("status")["accounts_elsewhere"]) == (5_000, 12)

    say(wire, [hello(key="k3", window_ms=None), end("c3")])
    wire.sync()
    assert (wire.call("status")["window_ms"], wire.call("status")["accounts_elsewhere"]) == (None, 0)


def rows(entity: str, cursor: str, *values: dict) -> dict:
    columns = sorted({name for row in values for name in row})
    lines = [[row.get(column) for column in columns] for row in values]
    return {"rows": entity, "columns": columns, "cursor": cursor, "values": lines}


def test_rows_older_than_the_window_go_but_for_those_that_stay_whatever_their_age(wire):
    wire.open()
    ages = {"old": 999, "edge": 1_000, "typed": 10}
    activities = [{"id": name, "kind": "call", "at_ms": at, "version": 1} for name, at in ages.items()]
    tasks = [{"id": name, "title": "t", "done_at_ms": at, "version": 1} for name, at in (("open", None), ("done", 5))]
    events = [
        {"id": "series", "title": "e", "start_ms": 1, "end_ms": 2, "rrule": "FREQ=DAILY", "version": 1},
        {"id": "past", "title": "e", "start_ms": 1, "end_ms": 2, "rrule": None, "version": 1},
    ]
    lines = [rows("event", "a", *events), rows("activity", "b", *activities), rows("task", "c", *tasks)]
    say(wire, [hello(), *lines, end("c1")])
    wire.sync()
    wire.edit(change("activity", "typed", 1, body="Mine"))

    wire.faults.plan = [{"say": [hello(key="k2", window_ms=1_000), end("c2")]}, {"status": 503, "error": "down"}]
    wire.sync()

    held = wire.call("rows")
    assert set(held["activity"]) == {"edge", "typed"}
    assert held["activity"]["typed"]["body"] == "Mine"
    assert set(held["task"]) == {"open"} and set(held["event"]) == {"series"}


# --- how much a line may carry -------------------------------------------------------------------------


def test_line_that_breaks_is_given_less_to_carry_and_more_again_when_answers_come_whole(wire):
    opened(wire)
    wire.faults.plan = [{"say": []}] * 4  # an answer without its end was cut
    for _ in range(4):
        assert wire.sync() == "cut"
    wire.call("close")
    wire.call("open", MODEL, {})
    say(wire, *[[end(f"c{n}")] for n in range(4)])
    for _ in range(4):
        assert wire.sync() == ""

    assert [request["chunk"] for request in wire.faults.asked[1:]] == [5000, 1250, 312, 100, 100, 400, 1600, 5000]


# --- a form that is posted into a damaged file ----------------------------------------------------------


def test_form_that_meets_damage_is_saved_in_the_replica_made_anew(wire):
    stock(wire.firm)
    wire.open()
    wire.sync()
    wire.call("damage")

    items = [["row.a", "account//0"], ["a.name", "Typed into ruins"], ["a.kind", "customer"]]
    saved = wire.call("post", items, {"me": "rita", "now_ms": 1_795_500_000_000, "today": "2026-11-24", "tz": "UTC"})

    assert saved["entities"] == ["account"]
    assert [json.loads(entry["op"])["set"]["name"] for entry in wire.call("entries")] == ["Typed into ruins"]
    assert wire.sync() == ""
    assert wire.call("entries") == []
    assert wire.call("rows") == projection(wire.firm, "rita")
