"""The single writer: group commit, jobs undone alone, success told only when durable."""

import threading

import pytest

from server.database import connect_reader, connect_writer
from server.writer import Writer


@pytest.fixture
def path(tmp_path):
    connection = connect_writer(tmp_path / "x.db")
    connection.execute("CREATE TABLE t (n INTEGER PRIMARY KEY) STRICT")
    connection.close()
    return tmp_path / "x.db"


@pytest.fixture
def writer(path):
    made = Writer(connect_writer(path))
    yield made
    made.close()


def insert(number):
    return lambda db: db.execute("INSERT INTO t (n) VALUES (?)", (number,)).lastrowid


def test_success_is_told_of_what_is_on_the_disk_not_on_its_way_there(path):
    """synchronous = FULL: a lost power supply costs nothing that somebody was told of."""
    assert connect_writer(path).execute("PRAGMA synchronous").fetchone()[0] == 2


def test_what_follows_a_commit_may_fail_and_whoever_waits_is_told_of_success_all_the_same(path):
    def fail() -> None:
        raise OSError("nobody can be told")

    writer = Writer(connect_writer(path), fail)

    assert writer.submit(insert(1)).result(5) == 1 and writer.submit(insert(2)).result(5) == 2
    writer.close()


def test_job_that_fails_is_undone_alone(writer, path):
    gate = threading.Event()
    held = writer.submit(lambda db: gate.wait(5))
    good, bad, also_good = writer.submit(insert(1)), writer.submit(insert(1)), writer.submit(insert(2))
    gate.set()

    assert held.result(5) and good.result(5) == 1 and also_good.result(5) == 2
    with pytest.raises(Exception, match="UNIQUE"):
        bad.result(5)
    assert connect_reader(path).execute("SELECT count(*) FROM t").fetchone()[0] == 2


def test_waiting_jobs_share_one_commit(path):
    commits = []
    writer = Writer(connect_writer(path), after_commit=lambda: commits.append(1))
    gate = threading.Event()
    writer.submit(lambda db: gate.wait(5))
    futures = [writer.submit(insert(number)) for number in range(100)]
    gate.set()
    for future in futures:
        future.result(5)
    writer.close()

    assert len(commits) <= 3


def test_result_is_told_only_after_it_is_on_disk(writer, path):
    writer.submit(insert(7)).result(5)

    assert connect_reader(path).execute("SELECT n FROM t").fetchone()[0] == 7


def test_failed_commit_is_told_to_everyone_in_it(path):
    connection = connect_writer(path)
    connection.execute("PRAGMA max_page_count = 3")
    writer = Writer(connection)
    futures = [writer.submit(insert(number)) for number in range(5000)]
    outcomes = [future.exception(20) for future in futures]
    writer.close()

    told = sum(error is None for error in outcomes)
    assert connect_reader(path).execute("SELECT count(*) FROM t").fetchone()[0] == told
    assert told < 5000


def test_whoever_is_done_in_a_crowd_hears_it_before_the_crowd_is(writer, monkeypatch):
    monkeypatch.setattr("server.writer.MOST_S", 0)
    gate = threading.Event()
    writer.submit(lambda db: gate.wait(5))
    first = writer.submit(insert(1))
    last = writer.submit(lambda db: first.done())
    gate.set()

    assert last.result(5) is True


def test_closing_finishes_what_waits(path):
    writer = Writer(connect_writer(path))
    gate = threading.Event()
    writer.submit(lambda db: gate.wait(5))
    futures = [writer.submit(insert(number)) for number in range(50)]
    threading.Timer(0.05, gate.set).start()
    writer.close()

    assert all(future.done() for future in futures)
    assert connect_reader(path).execute("SELECT count(*) FROM t").fetchone()[0] == 50


def test_whoever_hangs_up_stops_nobody_else(writer):
    gate, has_begun = threading.Event(), threading.Event()
    running = writer.submit(lambda db: has_begun.set() or gate.wait(5))
    has_begun.wait(5)
    waiting, after = writer.submit(insert(1)), writer.submit(insert(2))

    assert waiting.cancel() and not running.cancel()
    gate.set()
    assert running.result(5) and after.result(5) == 2
    assert writer.submit(insert(1)).result(5) == 1
