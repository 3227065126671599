"""Figures of the replica in a real service worker: cold start, durable edits, bulk rows.

Figures, not judgements: nothing in here fails because a machine is slow.
"""

from __future__ import annotations

import statistics
import tempfile

from deployment.browser import find
from sync.entities import BY_NAME
from sync.schema import device_script, wire_columns
from tests.browser.replica.driver import Worker, serve
from tests.conftest import QUIET

ACCOUNTS = 5_000
ACTIVITIES = 50_000
ROWS_PER_BATCH = 10_000
EDITS = 200
STARTS = 7

# Rows as the server sends them: lists of values, one JSON text a batch. jsonb_each: two and a half times
# as fast as json_each, which makes a text of every row and parses it again for every column.
_FILL = """
  const names = "恒丰机电 东海国际货运 Nordwind Metall 华东精密制造 Blue Harbor Foods".split(" ");
  const day = 86_400_000, now = 1795490000000;
  const id = (kind, i) => `0194${kind}000-0000-7000-8000-${String(i).padStart(12, "0")}`;
  const row = {
    account: (i) => ({ id: id("a", i), kind: "customer", name: `${names[i % 5]} ${i}`, phones: `["+86 138 ${i}"]`,
      emails: "[]", tags: "[]", owner_id: id("u", i % 20), note: "", address: `长江路 ${i} 号`, version: i,
      created_at_ms: now, created_by: id("u", 1), updated_at_ms: now, updated_by: id("u", 1) }),
    activity: (i) => ({ id: id("b", i), account_id: id("a", i % arg.accounts), contact_ids: "[]", kind: "visit",
      at_ms: now - (i % 365) * day, body: `Talked about the delivery of order ${i}; 下周再联系 ${names[i % 5]}.`,
      owner_id: id("u", i % 20), version: i, created_at_ms: now, created_by: id("u", 1), updated_at_ms: now,
      updated_by: id("u", 1) }),
  };
  let taken = 0, rows = 0, biggest = 0, best = 0;
  for (const [entity, count] of [["account", arg.accounts], ["activity", arg.activities]]) {
    const columns = arg.columns[entity];
    const values = columns.map((_, i) => `value->>${i}`);
    const sql = `INSERT INTO ${entity} (${columns}) SELECT ${values} FROM jsonb_each(:v)`;
    for (let first = 0; first < count; first += arg.batch) {
      const batch = Array.from({ length: Math.min(arg.batch, count - first) }, (_, i) => row[entity](first + i));
      const text = JSON.stringify(batch.map((each) => columns.map((name) => each[name] ?? null)));
      const begun = performance.now();
      await replica.tx((r) => r.run(sql, { ":v": text }));
      const ms = performance.now() - begun;
      taken += ms;
      biggest = Math.max(biggest, ms);
      best = Math.max(best, (batch.length / ms) * 1000);
      rows += batch.length;
    }
  }
  const mb = replica.stats().bytes / 1e6;
  const rows_per_s = Math.round((rows / taken) * 1000);
  return { rows_per_s, best: Math.round(best), slowest_batch_ms: Math.round(biggest), mb };
"""

_EDIT = """
  const taken = [];
  for (let n = 1; n <= arg; n++) {
    const begun = performance.now();
    await replica.tx((r) => {
      r.run("UPDATE account SET note = :note WHERE name LIKE :name", { ":note": `called ${n}`, ":name": `%${n}%7` });
      const entry = { n, id: `op-${n}`, entity: "account", row_id: "a", op: "{}", at_ms: n, state: "waiting" };
      r.run("INSERT INTO outbox (n, id, entity, row_id, op, at_ms) VALUES (:n, :id, 'account', 'a', '{}', :n)",
        { ":n": n, ":id": entry.id });
      r.outboxPut(n, entry);
    });
    taken.push(performance.now() - begun);
  }
  return taken;
"""

_READ = """
  const begun = performance.now();
  const times = 20;
  for (let i = 0; i < times; i++) {
    replica.all(`SELECT * FROM activity WHERE account_id = (SELECT id FROM account WHERE name LIKE :q)
      ORDER BY at_ms DESC LIMIT 50`, { ":q": `%${4000 + i}%` });
    replica.all("SELECT id, name, phones, address, owner_id, updated_at_ms FROM account ORDER BY name LIMIT 100");
  }
  return (performance.now() - begun) / times;
"""


def run(playwright) -> dict:
    """cold_start_ms: from a message to a stopped worker until a query is answered."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile, serve() as site:
        # A profile on the disk: a private window would keep its databases in memory.
        context = playwright.chromium.launch_persistent_context(profile, executable_path=find(), args=QUIET)
        try:
            page = context.new_page()
            page.goto(site.blank)
            return _measure(page)
        finally:
            context.close()


def _measure(page) -> dict:
    worker = Worker(page)
    start = {"schema": device_script(), "schemaHash": "bench"}
    worker.do("await open(arg);", start)
    columns = {name: wire_columns(BY_NAME[name]) for name in ("account", "activity")}
    filled = worker.do(
        _FILL, {"accounts": ACCOUNTS, "activities": ACTIVITIES, "batch": ROWS_PER_BATCH, "columns": columns}
    )
    edits = sorted(worker.do(_EDIT, EDITS))
    return {
        "bulk_rows_per_s": filled["rows_per_s"],
        # What the machine can where nobody else uses it for a moment.
        "bulk_best_batch_rows_per_s": filled["best"],
        "bulk_slowest_batch_ms": filled["slowest_batch_ms"],
        "database_mb": round(filled["mb"], 1),
        "durable_edit_median_ms": round(statistics.median(edits), 1),
        "durable_edit_p95_ms": round(edits[int(len(edits) * 0.95)], 1),
        "two_lists_ms": round(worker.do(_READ), 1),
        "cold_start_ms": _cold_start_ms(page, worker, start),
    }


def _cold_start_ms(page, worker: Worker, start: dict) -> float:
    taken = []
    for _ in range(STARTS):
        worker.stop()
        begun = page.evaluate("performance.now()")
        worker.do("await open(arg); replica.value('SELECT count(*) FROM account');", start)
        taken.append(page.evaluate("performance.now()") - begun)
    return round(statistics.median(taken), 1)
