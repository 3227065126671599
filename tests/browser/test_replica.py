"""The replica's queries and transactions, in a real service worker."""

from __future__ import annotations

import json

import pytest

from .replica.driver import WorkerError
from .replica.fixtures import replica, shared_page, site  # noqa: F401


def test_rows_are_plain_objects_with_javascript_values(replica):
    row = replica("replica.one(`SELECT 1 AS a, 1.5 AS b, '𠮷 李' AS c, NULL AS d, '' AS e, 9007199254740991 AS f`)")

    assert row == {"a": 1, "b": 1.5, "c": "𠮷 李", "d": None, "e": "", "f": 2**53 - 1}
    assert replica("[...replica.value(`SELECT x'0102'`)]") == [1, 2]


def test_only_integers_too_large_for_a_number_are_bigint(replica):
    kinds = replica(
        "replica.all('VALUES (1), (-9007199254740991), (9007199254740993)').map((row) => typeof row.column1)"
    )

    assert kinds == ["number", "number", "bigint"]
    assert replica("String(replica.value('SELECT 9007199254740993'))") == "9007199254740993"


def test_parameters_that_a_query_does_not_name_are_ignored(replica):
    assert replica("replica.value('SELECT :me', {':me': 'a', ':now_ms': 1, ':lang': 'en'})") == "a"


def test_a_parameter_without_a_value_is_an_error_that_names_it(replica):
    with pytest.raises(WorkerError, match=":me has no value"):
        replica("replica.value('SELECT :me', {})")


def test_numbers_and_booleans_keep_their_sql_types(replica):
    types = replica(
        "replica.one('SELECT typeof(:i) AS i, typeof(:big) AS big, typeof(:r) AS r, typeof(:b) AS b, typeof(:n) AS n',"
        " {':i': 1, ':big': 1795490000000, ':r': 0.5, ':b': true, ':n': null})"
    )

    assert types == {"i": "integer", "big": "integer", "r": "real", "b": "integer", "n": "null"}


def test_what_was_written_can_be_read_and_comes_back_after_the_worker_was_stopped(replica):
    replica("replica.tx((r) => r.run(`INSERT INTO note (id, batch, body) VALUES (1, 7, 'kept')`))")

    replica.stop()

    replica.do("await open();")
    assert replica("replica.one('SELECT batch, body FROM note')") == {"batch": 7, "body": "kept"}


def test_a_transaction_returns_what_its_work_returns(replica):
    assert replica("replica.tx((r) => r.run(`INSERT INTO note (batch) VALUES (1), (1), (2)`))") == 3


def test_a_transaction_that_throws_leaves_nothing(replica):
    with pytest.raises(WorkerError, match="on purpose"):
        replica("replica.tx((r) => { queue(r, 1); r.setMeta('user', 'u'); throw new Error('on purpose'); })")

    replica("replica.tx((r) => r.run(`INSERT INTO note (id) VALUES (9)`))")
    assert replica("[replica.value('SELECT max(id) FROM note'), replica.meta('user') ?? null]") == [9, None]
    assert replica("storedTyped(name)") == []


def test_a_large_transaction_that_throws_leaves_nothing_on_the_disk_either(replica):
    """More pages than the cache holds: SQLite wrote them before it was told to undo them."""
    with pytest.raises(WorkerError, match="on purpose"):
        replica(
            "replica.tx((r) => { queue(r, 1); r.run(`INSERT INTO note (batch, body) SELECT 1, hex(randomblob(2000))"
            " FROM json_each('[' || substr(replace(hex(zeroblob(3000)), '00', ',0'), 2) || ']')`);"
            " throw new Error('on purpose'); })"
        )

    replica.stop()

    assert replica.do("await open(); return replica.value('SELECT count(*) FROM note')") == 0
    assert replica("storedTyped(name)") == []


def test_work_that_is_asynchronous_is_refused_and_leaves_nothing(replica):
    with pytest.raises(WorkerError, match="must not be asynchronous"):
        replica("replica.tx(async (r) => { r.run('INSERT INTO note (batch) VALUES (1)'); })")

    assert replica("replica.value('SELECT count(*) FROM note')") == 0


def test_transactions_begun_together_run_one_after_the_other(replica):
    seen = replica.do(
        "const add = (r) => { const n = r.value('SELECT count(*) FROM note');"
        " r.run('INSERT INTO note (batch) VALUES (:n)', {':n': n}); return n; };"
        " return Promise.all([replica.tx(add), replica.tx(add), replica.tx(add)])"
    )

    assert seen == [0, 1, 2]


@pytest.mark.parametrize("call", ["run(`DELETE FROM note`)", "all(`DELETE FROM note RETURNING id`)", "outboxDelete(1)"])
def test_writing_outside_a_transaction_is_refused(replica, call):
    with pytest.raises(WorkerError, match="only inside tx"):
        replica(f"replica.{call}")


def test_meta_values_are_text_and_replaceable(replica):
    replica("replica.tx((r) => { r.setMeta('cursor', 'a'); r.setMeta('cursor', 12); })")

    assert replica("replica.meta('cursor')") == "12"


def test_sql_functions_take_and_give_javascript_values(replica):
    replica("replica.createFunction('join_all', (...parts) => parts.join('+')) ?? null")

    assert replica("replica.value(`SELECT join_all('a', 1, NULL, 2.5)`)") == "a+1++2.5"


def test_functions_are_there_before_the_schema_is_made(replica):
    replica.do(
        "await replica.close();"
        " await open({schemaHash: 'two', schema: SCHEMA + 'CREATE TABLE k (v TEXT AS (fold(w)), w TEXT) STRICT;',"
        " functions: (r) => r.createFunction('fold', (text) => text.toLowerCase())});"
    )

    assert replica("replica.tx((r) => r.run(`INSERT INTO k (w) VALUES ('AB')`))") == 1
    assert replica("replica.value('SELECT v FROM k')") == "ab"


def test_more_statements_than_the_cache_holds_all_answer(replica):
    answers = replica("Array.from({length: 450}, (_, i) => replica.value(`SELECT ${i % 300}`))")

    assert answers == [i % 300 for i in range(450)]


def test_pages_are_4096_bytes_and_nothing_needs_a_file_beside_the_mirror(replica):
    """A sort and a VACUUM larger than the cache would open temporary files, which this file system refuses."""
    replica(
        "replica.tx((r) => r.run("
        "`INSERT INTO note (batch, body) SELECT value, hex(randomblob(300)) FROM json_each(:v)`,"
        " {':v': JSON.stringify(Array.from({length: 30000}, (_, i) => i % 7))}))"
    )

    assert replica("replica.value('PRAGMA page_size')") == 4096
    assert replica("replica.all('SELECT id, body FROM note ORDER BY body').length") == 30000
    assert replica("replica.stats().bytes") > 15_000_000


def test_bulk_rows_arrive_as_one_json_text(replica):
    rows = [[i, i % 10, f"row {i} 客户"] for i in range(1000)]

    replica(
        "replica.tx((r) => r.run("
        "'INSERT INTO note (id, batch, body) SELECT value->>0, value->>1, value->>2 FROM jsonb_each(:v)',"
        " {':v': arg}))",
        json.dumps(rows),
    )

    assert replica("replica.all('SELECT id, batch, body FROM note ORDER BY id').map(Object.values)") == rows


def test_destroy_leaves_no_database(replica):
    replica("replica.tx((r) => { queue(r, 1); })")

    replica.do("await replica.destroy();")

    assert replica("(await indexedDB.databases()).filter((database) => database.name === name)") == []
    with pytest.raises(WorkerError) as error:
        replica("replica.all('SELECT 1')")
    assert error.value.name == "ReplicaClosed"
