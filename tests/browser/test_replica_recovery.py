"""What the replica does when the disk fails it: nothing acknowledged is lost, nothing lost is acknowledged."""

from __future__ import annotations

import pytest

from .replica.driver import WorkerError
from .replica.fixtures import page, replica, shared_page, site, worker  # noqa: F401

NOTES = "replica.all('SELECT id FROM note ORDER BY id').map((row) => row.id)"
REBUILT = "replica.rebuilt && [replica.rebuilt.reason, replica.rebuilt.restored, replica.rebuilt.stranded]"

# How a flush can fail: a put that throws in the middle, an abort by the browser, a request that fails.
FAILURES = {
    "put throws": """let left = 2; const put = IDBObjectStore.prototype.put;
        IDBObjectStore.prototype.put = function (...record) {
          if (!left--) throw new DOMException('made to fail', 'UnknownError');
          return put.apply(this, record); };""",
    "transaction aborts": "IDBTransaction.prototype.commit = function () { this.abort(); };",
    "disk is full": """const put = IDBObjectStore.prototype.put;
        IDBObjectStore.prototype.put = function () { throw new DOMException('no room', 'QuotaExceededError'); };""",
}


def break_flush(worker, how):
    worker.do(
        "globalThis.intact ??= {put: IDBObjectStore.prototype.put, commit: IDBTransaction.prototype.commit};"
        + FAILURES[how]
    )


def mend(worker):
    worker.do("IDBObjectStore.prototype.put = intact.put; IDBTransaction.prototype.commit = intact.commit;")


@pytest.fixture
def one_note(replica):
    replica("replica.tx((r) => { queue(r, 1); })")
    return replica


@pytest.mark.parametrize(
    ("how", "name", "text"),
    [
        ("put throws", "StorageFailed", "UnknownError: made to fail"),
        ("transaction aborts", "StorageFailed", "aborted"),
        ("disk is full", "QuotaExceeded", "no room left"),
    ],
)
def test_edit_that_cannot_be_stored_is_refused_and_not_in_the_memory(one_note, how, name, text):
    break_flush(one_note, how)
    with pytest.raises(WorkerError, match=text) as refusal:
        one_note("replica.tx((r) => { queue(r, 2); })")
    mend(one_note)

    assert refusal.value.name == name
    assert one_note(NOTES) == [1]
    assert one_note("(await storedTyped(name)).map((entry) => entry.n)") == [1]


@pytest.mark.parametrize("how", FAILURES)
def test_edits_after_a_failed_one_are_stored(one_note, how):
    break_flush(one_note, how)
    with pytest.raises(WorkerError):
        one_note("replica.tx((r) => { queue(r, 2); })")
    mend(one_note)

    one_note("replica.tx((r) => { queue(r, 3); })")

    one_note.stop()
    one_note.do("await open();")
    assert one_note(NOTES) == [1, 3]
    assert one_note("replica.value('PRAGMA integrity_check')") == "ok"
    assert one_note("replica.rebuilt") is None


def test_edits_that_wait_behind_a_failed_one_are_stored(one_note):
    break_flush(one_note, "put throws")

    results = one_note.do(
        "const first = replica.tx((r) => { queue(r, 2); })"
        "   .finally(() => { IDBObjectStore.prototype.put = intact.put; });"
        " const all = await Promise.allSettled([first, replica.tx((r) => { queue(r, 3); })]);"
        " return all.map((settled) => settled.status)"
    )

    assert results == ["rejected", "fulfilled"]
    assert one_note(NOTES) == [1, 3]


@pytest.mark.parametrize("how", FAILURES)
def test_rows_can_be_read_while_an_edit_fails(one_note, how):
    break_flush(one_note, how)

    seen, after = one_note.do(
        "let isOver = false; const seen = new Set();"
        " const edit = replica.tx((r) => { queue(r, 2); }).catch(() => {}).finally(() => { isOver = true; });"
        f" while (!isOver) {{ seen.add(JSON.stringify({NOTES})); await new Promise((go) => setTimeout(go)); }}"
        f" await edit; return [[...seen], {NOTES}];"
    )
    mend(one_note)

    assert set(seen) <= {"[1]", "[1,2]"} and after == [1]


def test_real_quota_is_reported_as_no_room_and_edits_fit_once_there_is_some(page, worker):
    session = page.context.new_cdp_session(page)
    quota = {"origin": page.evaluate("location.origin"), "quotaSize": 6_000_000}
    session.send("Storage.overrideQuotaForOrigin", quota)
    worker.do("await open(); await replica.tx((r) => { queue(r, 1); });")

    with pytest.raises(WorkerError) as refusal:
        worker("replica.tx((r) => r.run('INSERT INTO note (id, body) VALUES (2, hex(randomblob(4000000)))'))")

    assert refusal.value.name == "QuotaExceeded"
    assert worker(NOTES) == [1]
    session.send("Storage.overrideQuotaForOrigin", {"origin": quota["origin"]})
    worker("replica.tx((r) => { queue(r, 3); })")
    assert worker(NOTES) == [1, 3]


# What may befall the records of the file while nobody looks.
DAMAGES = {
    "a page is overwritten": "put('page', page, new Uint8Array(4096).fill(171))",
    "the header is overwritten": "put('page', 0, new Uint8Array(4096).fill(171))",
    "a page is cut": "put('page', page, new Uint8Array(100))",
    "a page is missing": "remove('page', page)",
    "a segment is overwritten": "put('segment', 1, new Uint8Array(1 << 20).fill(171))",
    "a segment is missing": "remove('segment', 1)",
    "a segment is cut": "put('segment', 1, new Uint8Array(1000))",
}


def damage(worker, how):
    worker.do(
        "const idb = await storageNow(); const transaction = idb.transaction(['segment', 'page'], 'readwrite');"
        " const page = await answerOf(transaction.objectStore('page').getAllKeys()).then((keys) => keys.at(-1));"
        " const put = (store, key, value) => transaction.objectStore(store).put(value, key);"
        " const remove = (store, key) => transaction.objectStore(store).delete(key);"
        f" {DAMAGES[how]}; await new Promise((ok) => (transaction.oncomplete = ok)); idb.close();"
    )


# About 3 MB of notes.
FILL = (
    "await replica.tx((r) => r.run(`INSERT INTO note (id, body) SELECT value + 10, hex(randomblob(900))"
    " FROM json_each(:v)`, {':v': JSON.stringify([...Array(1500).keys()])}));"
)


@pytest.mark.parametrize("how", DAMAGES)
def test_damaged_file_is_made_anew_and_the_outbox_survives(one_note, how):
    one_note.do(FILL)
    one_note("replica.tx((r) => { r.setMeta('user', 'u'); r.setMeta('cursor', 'c'); })")
    one_note("replica.tx((r) => r.run('UPDATE note SET batch = 1 WHERE id = 10'))")
    entry = one_note("replica.one('SELECT * FROM outbox')")
    one_note("replica.close()")
    damage(one_note, how)

    one_note.do("await open(); await replica.verify();")

    assert one_note(REBUILT) == ["damaged", 1, 0]
    assert one_note(NOTES) == []
    assert one_note("replica.all('SELECT * FROM outbox')") == [entry]
    assert one_note("[replica.meta('user'), replica.meta('cursor') ?? null]") == ["u", None]


def test_damage_that_is_found_after_opening_is_told_and_what_was_typed_meanwhile_survives(one_note):
    one_note.do(FILL)
    one_note("replica.tx((r) => r.run('UPDATE note SET batch = 1 WHERE id = 10'))")
    one_note("replica.close()")
    damage(one_note, "a segment is overwritten")
    one_note.do("globalThis.told = []; await open({onRebuild: (rebuild) => told.push(rebuild.reason)});")
    assert one_note("told") == []
    one_note("replica.tx((r) => { queue(r, 2); })")

    one_note("replica.verify()")

    assert one_note("told") == ["damaged"]
    assert one_note("replica.all('SELECT n FROM outbox').map((row) => row.n)") == [1, 2]
    assert one_note("(await storedTyped(name)).map((entry) => entry.n)") == [1, 2]


def test_sound_file_stays_as_it_is_when_it_is_looked_through(one_note):
    one_note.do(FILL)

    one_note.do("await replica.close(); await open(); await replica.verify();")

    assert one_note("replica.rebuilt") is None
    assert len(one_note(NOTES)) == 1501


def test_lost_page_is_noticed_even_where_what_is_left_is_a_sound_older_file(one_note):
    one_note.do(FILL)
    one_note("replica.tx((r) => { r.run(`UPDATE note SET body = replace(body, 'A', 'B') WHERE id = 900`); })")
    one_note("replica.close()")
    damage(one_note, "a page is missing")

    one_note.do("await open();")

    assert one_note(REBUILT) == ["damaged", 1, 0]


def test_damage_found_while_running_is_made_good(one_note):
    one_note.do(FILL)
    one_note.do(
        "const read = Mirror.prototype.read; replica.all(`PRAGMA shrink_memory`);"
        " Mirror.prototype.read = function (into, offset) { const n = read.call(this, into, offset);"
        "   if (offset >= 40960) into.fill(171); return n; };"
        " globalThis.soundRead = read;"
    )

    with pytest.raises(WorkerError) as refusal:
        one_note("replica.value('SELECT sum(length(body)) FROM note')")
    one_note.do("Mirror.prototype.read = soundRead;")

    assert refusal.value.name == "ReplicaDamaged"
    one_note("replica.tx(() => {})")
    assert one_note(REBUILT) == ["damaged", 1, 0]
    assert one_note("replica.all('SELECT n FROM outbox')") == [{"n": 1}]


def test_other_schema_makes_the_replica_anew_and_the_outbox_survives(one_note):
    one_note.do("await replica.close(); await open({schemaHash: 'two', schema: SCHEMA.replaceAll('note', 'memo')});")

    assert one_note(REBUILT) == ["schema", 1, 0]
    assert one_note("replica.all('SELECT * FROM memo')") == []
    assert one_note("replica.value('SELECT op FROM outbox')") == '{"set":{"body":"typed"}}'


def test_replica_made_anew_is_kept_at_the_next_start_and_nothing_of_the_old_one(one_note):
    one_note.do(FILL)
    one_note("replica.tx((r) => r.run('UPDATE note SET batch = 1 WHERE id % 40 = 0'))")
    one_note.do("await replica.close(); await open({schemaHash: 'two'});")
    one_note("replica.tx((r) => { queue(r, 2); })")

    one_note.stop()

    one_note.do("await open({schemaHash: 'two'});")
    assert one_note("replica.rebuilt") is None
    assert one_note(NOTES) == [2]
    assert one_note("replica.all('SELECT n FROM outbox').map((row) => row.n)") == [1, 2]


def test_entry_dropped_from_the_outbox_does_not_come_back(one_note):
    one_note("replica.tx((r) => { queue(r, 2); r.run('DELETE FROM outbox WHERE n = 1'); r.outboxDelete(1); })")

    one_note.do("await replica.close(); await open({schemaHash: 'two'});")

    assert one_note("replica.all('SELECT n FROM outbox').map((row) => row.n)") == [2]


def test_what_was_sent_and_is_not_yet_safe_survives_as_what_was_typed_does(one_note):
    one_note(
        "replica.tx((r) => { r.run(`INSERT INTO sent VALUES (7, 'op-7', NULL, 'note', '7', '{}', 5, 70)`);"
        " r.sentPut(7, {n: 7, id: 'op-7', group_id: null, entity: 'note', row_id: '7', op: '{}', at_ms: 5, seq: 70});"
        "})"
    )

    one_note.do("await replica.close(); await open({schemaHash: 'two'});")

    assert one_note(REBUILT) == ["schema", 2, 0]
    assert one_note("replica.all('SELECT n, id, seq FROM sent')") == [{"n": 7, "id": "op-7", "seq": 70}]
    assert one_note("(await storedTyped(name)).map((entry) => entry.state)") == ["waiting", "sent"]
    one_note("replica.tx((r) => { r.run('DELETE FROM sent'); r.sentDelete(7); })")
    one_note.do("await replica.close(); await open({schemaHash: 'three'});")
    assert one_note("replica.value('SELECT count(*) FROM sent')") == 0


def test_stores_of_an_earlier_release_are_kept_and_completed(one_note):
    one_note("replica.close()")
    one_note.do(
        "await new Promise((ok) => (indexedDB.deleteDatabase(name).onsuccess = ok));"
        " const request = indexedDB.open(name, 1);"
        " request.onupgradeneeded = () => { for (const store of ['segment', 'page', 'meta', 'outbox', 'kept'])"
        "   request.result.createObjectStore(store);"
        "   request.transaction.objectStore('outbox').put({n: 3, id: 'op-3', group_id: null, entity: 'note',"
        "     row_id: '3', op: '{}', at_ms: 1, state: 'waiting', seq: null, reason: null, detail: null}, 3); };"
        " await new Promise((ok) => (request.onsuccess = ok)); request.result.close();"
    )

    one_note.do("await open();")

    assert one_note("replica.all('SELECT n FROM outbox')") == [{"n": 3}]


def test_database_of_a_later_release_is_opened_after_a_step_back(one_note):
    one_note("replica.close()")
    one_note.do(
        "const request = indexedDB.open(name, 9);"
        " request.onupgradeneeded = () => request.result.createObjectStore('of_tomorrow');"
        " await new Promise((ok) => (request.onsuccess = ok)); request.result.close();"
    )

    one_note.do("await open();")

    assert one_note(NOTES) == [1]
    one_note("replica.tx((r) => { queue(r, 2); })")
    assert one_note("(await storedTyped(name)).map((entry) => entry.n)") == [1, 2]


def test_entry_that_does_not_fit_the_new_schema_stays_exportable(one_note):
    one_note.do(
        "await replica.close();"
        " await open({schemaHash: 'two', schema: SCHEMA.replace('detail TEXT', 'detail TEXT, more TEXT NOT NULL')});"
    )

    assert one_note(REBUILT) == ["schema", 0, 1]
    assert one_note("(await storedTyped(name)).map((entry) => entry.id)") == ["op-1"]


def test_stored_outbox_can_be_read_while_the_replica_is_open(one_note):
    assert one_note("(await storedTyped(name))[0].entity") == "note"
    one_note("replica.tx((r) => { queue(r, 2); })")
    assert one_note(NOTES) == [1, 2]


def test_connection_taken_away_is_opened_again(one_note):
    """The browser deletes the database, as it does when space runs out: nothing blocks it, and what was typed stays."""
    deleted = one_note.do(
        "return new Promise((ok, no) => { const request = indexedDB.deleteDatabase(name);"
        " request.onsuccess = () => ok('deleted'); request.onblocked = () => no(new Error('blocked')); })"
    )

    assert deleted == "deleted"
    one_note("replica.tx((r) => { queue(r, 5); })")
    assert one_note(NOTES) == [5]
    assert one_note(REBUILT) == ["new", 1, 0]
    one_note.stop()
    assert one_note("(await storedTyped(name)).map((entry) => entry.n)") == [1, 5]


def test_storage_that_stays_broken_refuses_until_it_is_mended(one_note):
    one_note.do(
        "globalThis.intactOpen = IDBDatabase.prototype.transaction;"
        " IDBDatabase.prototype.transaction = () => { throw new DOMException('gone', 'UnknownError'); };"
    )
    for _ in range(2):
        with pytest.raises(WorkerError) as refusal:
            one_note("replica.tx((r) => { queue(r, 2); })")
        assert refusal.value.name == "StorageFailed"
    with pytest.raises(WorkerError) as refusal:
        one_note(NOTES)
    assert refusal.value.name == "StorageFailed"

    one_note.do("IDBDatabase.prototype.transaction = intactOpen;")

    one_note("replica.tx((r) => { queue(r, 3); })")
    assert one_note(NOTES) == [1, 3]
