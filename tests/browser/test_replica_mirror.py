"""The mirror alone: what was flushed is, byte for byte, what is loaded, whatever was written and cut before."""

from __future__ import annotations

import pytest

from .replica.fixtures import replica, shared_page, site  # noqa: F401

# Writes, cuts and flushes at random places of a few megabytes; a plain array says what must be there.
RANDOM_WORK = """
  let seed = arg;
  const random = (below) => (seed = (seed * 48271) % 2147483647) % below;
  const storage = await openStorage(`${name} ${arg}`);
  let mirror = new Mirror(storage, "s"), plain = new Uint8Array(8 << 20), size = 0;
  const wrong = [];
  for (let round = 0; round < 25; round++) {
    const pages = [1, 3, 80, 400][random(4)];
    for (let i = 0; i < pages; i++) {
      const offset = random(1500) * PAGE, bytes = new Uint8Array(PAGE).fill(1 + random(255));
      mirror.write(bytes, offset);
      plain.set(bytes, offset);
      size = Math.max(size, offset + PAGE);
    }
    if (random(3) === 0) { size = random(size / PAGE) * PAGE; mirror.truncate(size); plain.fill(0, size); }
    if (random(3) === 0) continue;
    mirror.flush();
    await mirror.flushed;
    const loaded = await Mirror.load(storage);
    const bytes = new Uint8Array(size);
    const same = loaded.size === size && loaded.read(bytes, 0) === size && bytes.every((byte, i) => byte === plain[i]);
    if (!same) wrong.push(round);
    const transaction = storage.reading();
    const keysOf = (store) => answerOf(transaction.objectStore(store).getAllKeys());
    const [pagesLeft, segmentsLeft] = await Promise.all([keysOf("page"), keysOf("segment")]);
    const isLeftOver = pagesLeft.some((page) => page * PAGE >= size) || segmentsLeft.some((i) => i << 20 >= size);
    if (isLeftOver) wrong.push(`${round}: left over`);
    if (random(3) === 0) mirror = loaded;
  }
  storage.close();
  return wrong;
"""

RECORDS = """
  const idb = await storageNow();
  const pages = idb.transaction("page").objectStore("page");
  const [keys, values] = await Promise.all([answerOf(pages.getAllKeys()), answerOf(pages.getAll())]);
  const segments = await answerOf(idb.transaction("segment").objectStore("segment").getAllKeys());
  idb.close();
  const buffers = new Set(values.map((bytes) => bytes.buffer.byteLength));
  return { pages: keys.length, buffers: [...buffers], segments: segments.length };
"""


@pytest.mark.parametrize("seed", [1, 20_071, 1_999_999])
def test_what_was_flushed_is_what_is_loaded(replica, seed):
    assert replica.do(RANDOM_WORK, seed) == []


def test_small_edit_writes_a_few_pages_and_not_their_whole_segment(replica):
    before = replica.do(RECORDS)["pages"]

    replica("replica.tx((r) => { queue(r, 1); })")

    after = replica.do(RECORDS)
    assert after["pages"] - before <= 6
    assert after["buffers"] == [4096]


def test_loose_pages_never_become_many(replica):
    replica.do(
        "await replica.tx((r) => r.run(`INSERT INTO note (id, body) SELECT value, hex(randomblob(1000))"
        " FROM json_each(:v)`, {':v': JSON.stringify([...Array(3000).keys()])}));"
        " for (let i = 0; i < 60; i++) await replica.tx((r) =>"
        "   r.run('UPDATE note SET batch = :i WHERE id % 60 = :i', {':i': i}));"
    )

    records = replica.do(RECORDS)

    assert records["pages"] <= 1024
    assert records["segments"] >= 6
    replica("replica.close()")
    replica.do("await open();")
    assert replica("replica.rebuilt") is None
    assert replica("replica.value('SELECT count(*) FROM note WHERE batch = id % 60')") == 3000


def test_each_commit_is_one_flush(replica):
    before = replica("replica.stats().flushes")

    replica.do("for (let n = 1; n <= 5; n++) await replica.tx((r) => { queue(r, n); }); await replica.tx(() => {});")

    assert replica("replica.stats().flushes") == before + 5


def test_every_write_asks_for_strict_durability(replica):
    asked = replica.do(
        "const { transaction } = IDBDatabase.prototype; const asked = [];"
        " IDBDatabase.prototype.transaction = function (...how) {"
        "   const begun = transaction.apply(this, how); asked.push([begun.mode, begun.durability]); return begun; };"
        " await replica.tx((r) => { queue(r, 1); })"
        "   .finally(() => { IDBDatabase.prototype.transaction = transaction; });"
        " return asked;"
    )

    assert asked == [["readwrite", "strict"]]
