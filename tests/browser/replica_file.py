"""What a device really holds: the SQLite file as it lies in IndexedDB, opened with Python's own SQLite.

`rows_on_disk(page)` reads what the last durable commit left, without asking the worker and without its code, so that
it can be held against what the server says the person may see.  It only ever reads.
"""

from __future__ import annotations

import base64
import sqlite3

from sync.entities import BY_NAME
from sync.schema import wire_columns

PAGE = 4096
SEGMENT = 1 << 20

READ = """async ([segmentBytes, pageBytes]) => {
  const answer = (request) => new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
  const database = await answer(indexedDB.open("roadbook"));
  try {
    const reading = database.transaction(["segment", "page", "meta"], "readonly");
    const [meta, segment, page] = ["meta", "segment", "page"].map((name) => reading.objectStore(name));
    const asked = [meta.get("file"), segment.getAllKeys(), segment.getAll(), page.getAllKeys(), page.getAll()];
    const [{ size }, segments, wholes, pages, loose] = await Promise.all(asked.map(answer));
    const file = new Uint8Array(size);
    const put = (bytes, at) => file.set(bytes.subarray(0, Math.max(0, size - at)), at);
    segments.forEach((key, i) => put(wholes[i], key * segmentBytes));
    pages.forEach((key, i) => put(loose[i], key * pageBytes));
    let text = "";
    for (let at = 0; at < size; at += 32768) text += String.fromCharCode(...file.subarray(at, at + 32768));
    return btoa(text);
  } finally {
    database.close();
  }
}"""


def rows_on_disk(page) -> dict[str, dict[str, dict]]:
    """Every row the device holds, as `projection` of tests.device gives them for the server."""
    with _opened(page) as db:
        return {name: rows for name in BY_NAME if (rows := _rows(db, name))}


def outbox_on_disk(page) -> list[dict]:
    """What waits on the device, oldest first."""
    with _opened(page) as db:
        return [dict(row) for row in db.execute("SELECT * FROM outbox ORDER BY n")]


def _opened(page) -> sqlite3.Connection:
    db = sqlite3.connect(":memory:")
    db.row_factory = sqlite3.Row
    db.deserialize(base64.b64decode(page.evaluate(READ, [SEGMENT, PAGE])))
    [fault] = db.execute("PRAGMA integrity_check").fetchone()
    assert fault == "ok", fault
    return db


def _rows(db: sqlite3.Connection, name: str) -> dict[str, dict]:
    columns = ", ".join(wire_columns(BY_NAME[name]))
    return {row["id"]: dict(row) for row in db.execute(f"SELECT {columns} FROM {name}")}
