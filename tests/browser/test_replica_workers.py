"""The replica and the life of its worker: two at once, and one whose SQLite does not come."""

from __future__ import annotations

import urllib.parse

import pytest

from .replica.driver import HERE, Worker, WorkerError
from .replica.fixtures import page, replica, shared_page, site, worker  # noqa: F401

OPENED = "globalThis.opened ?? null"
START_OPENING = "globalThis.opened = null; open(arg ?? {}).then(() => { globalThis.opened = 'open'; });"


@pytest.fixture
def second(page):
    """Another worker of the same origin, alive at the same time, as the new one is during an update."""
    return Worker(page, scope=f"{HERE}/replica/")


def test_second_worker_waits_until_the_first_lets_go_and_sees_all_it_wrote(worker, second):
    worker.do("await open(); await replica.tx((r) => { queue(r, 1); });")
    second.do(START_OPENING)
    assert second("new Promise((ok) => setTimeout(() => ok(globalThis.opened), 300))") is None
    worker.do("for (let n = 2; n < 9; n++) replica.tx((r) => { queue(r, n); }); await replica.close();")

    second.do("while (!opened) await new Promise((ok) => setTimeout(ok, 10));")

    assert second("replica.all('SELECT n FROM outbox').map((row) => row.n)") == [1, 2, 3, 4, 5, 6, 7, 8]
    assert second("replica.value('PRAGMA integrity_check')") == "ok"


def test_first_worker_can_no_longer_write_after_it_let_go(worker, second):
    worker.do("await open(); await replica.tx((r) => { queue(r, 1); }); await replica.close(); await replica.close();")
    second.do("await open(); await replica.tx((r) => { queue(r, 2); });")

    for attempt in ("replica.tx((r) => { queue(r, 3); })", "replica.all('SELECT * FROM note')"):
        with pytest.raises(WorkerError) as refusal:
            worker(attempt)
        assert refusal.value.name == "ReplicaClosed"
    assert second("replica.all('SELECT n FROM outbox').map((row) => row.n)") == [1, 2]


def test_worker_that_is_asked_for_the_replica_can_hand_it_over(worker, second):
    worker.do("await open({onWanted: (r) => r.close()}); await replica.tx((r) => { queue(r, 1); });")

    second.do("await open();")

    assert second("replica.all('SELECT n FROM outbox')") == [{"n": 1}]


def test_death_of_a_worker_frees_the_lock(worker, second):
    worker.do("await open(); await replica.tx((r) => { queue(r, 1); });")

    worker.stop()  # both of them

    second.do("await open();")
    assert second("replica.all('SELECT n FROM outbox')") == [{"n": 1}]


def test_two_workers_writing_in_turns_keep_the_file_whole(worker, second):
    for turn in range(3):
        for number, each in enumerate((worker, second)):
            each.do(
                "await open(); for (let i = 0; i < 5; i++) await replica.tx((r) => queue(r, arg * 100 + i));"
                " await replica.close();",
                turn * 2 + number + 1,
            )

    worker.do("await open();")

    assert worker("replica.value('PRAGMA integrity_check')") == "ok"
    assert worker("replica.value('SELECT count(*) FROM note')") == 30


@pytest.mark.parametrize(
    ("wasm", "why"),
    [
        ("() => Promise.reject(new TypeError('blocked'))", "blocked"),
        ("Promise.resolve(new Response('no', {status: 404}))", "404"),
        ("() => Promise.resolve(new Response('<html>sign in here</html>'))", "magic (word|number)"),
        (
            "() => Promise.resolve(new Response('', {headers: {'Content-Type': 'application/wasm'}}))",
            "expected 4 bytes|magic number",
        ),
        ("() => { throw new TypeError('not even asked') }", "not even asked"),
    ],
)
def test_sqlite_that_cannot_be_loaded_is_an_error_and_can_be_tried_again(worker, wasm, why):
    with pytest.raises(WorkerError, match=why) as refusal:
        worker(f"open({{wasm: {wasm}}})")

    assert refusal.value.name == "SqliteUnavailable"
    worker.do("await open();")
    assert worker("replica.value('SELECT 1')") == 1


def test_sqlite_that_never_answers_is_an_error(worker):
    with pytest.raises(WorkerError, match=r"no answer in 0\.2 seconds"):
        worker("loadEngine(new Promise(() => {}), 200)")


@pytest.mark.parametrize(
    ("policy", "outcome"), [("script-src 'self' 'wasm-unsafe-eval'", 1), ("script-src 'self'", "SqliteUnavailable")]
)
def test_policy_of_the_app_lets_sqlite_run_and_a_stricter_one_is_an_error(page, policy, outcome):
    script = f"{HERE}/open_only.js?" + urllib.parse.urlencode({"csp": policy})
    worker = Worker(page, script=script)

    try:
        result = worker("")
    except WorkerError as error:
        result = error.name

    assert result == outcome
