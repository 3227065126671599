/**
 * A service worker for tests of the replica: it runs the JavaScript that a page sends it.
 *
 * `open(more)` opens the replica that the message names; `replica` is the last one opened.
 */

import * as locks from "../../../service_worker/lock.js";
import * as mirrors from "../../../service_worker/mirror.js";
import * as module from "../../../service_worker/replica.js";
import * as storage from "../../../service_worker/storage.js";
import * as vfs from "../../../service_worker/vfs.js";

const AsyncFunction = (async () => {}).constructor;
const WASM = new URL("../../../service_worker/vendor/sqlite3-3.54.1.wasm", import.meta.url);

const SCHEMA = `
CREATE TABLE note (id INTEGER PRIMARY KEY, batch INTEGER, body TEXT) STRICT;
CREATE INDEX note_batch ON note (batch);
CREATE TABLE outbox (
  n INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, group_id TEXT, entity TEXT NOT NULL, row_id TEXT NOT NULL,
  op TEXT NOT NULL, at_ms INTEGER NOT NULL, state TEXT NOT NULL DEFAULT 'waiting', seq INTEGER, reason TEXT, detail TEXT
) STRICT;
CREATE TABLE sent (
  n INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, group_id TEXT, entity TEXT NOT NULL, row_id TEXT NOT NULL,
  op TEXT NOT NULL, at_ms INTEGER NOT NULL, seq INTEGER NOT NULL
) STRICT;
CREATE TABLE replica_meta (name TEXT PRIMARY KEY NOT NULL, value TEXT) STRICT;
`;

const context = { ...locks, ...mirrors, ...module, ...storage, ...vfs, SCHEMA, WASM, open, queue, storageNow, replica: null, name: "" };

async function open(more = {}) {
  const wasm = () => fetch(WASM);
  context.replica = await module.openReplica({ name: context.name, wasm, schema: SCHEMA, schemaHash: "one", ...more });
  return context.replica;
}

/** Write one note and its outbox entry, as a form post does. */
function queue(replica, n) {
  const entry = {
    n, id: `op-${n}`, group_id: null, entity: "note", row_id: String(n), op: JSON.stringify({ set: { body: "typed" } }),
    at_ms: 1795490000000 + n, state: "waiting", seq: null, reason: null, detail: null,
  };
  const names = Object.keys(entry);
  const params = Object.fromEntries(names.map((name) => [`:${name}`, entry[name]]));
  replica.run("INSERT INTO note (id, batch, body) VALUES (:n, -1, 'typed')", { ":n": n });
  replica.run(`INSERT INTO outbox (${names}) VALUES (${names.map((name) => `:${name}`)})`, params);
  replica.outboxPut(n, entry);
  return entry;
}

/** The raw IndexedDB database, for tests that break it. */
function storageNow(name = context.name) {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(name);
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

self.addEventListener("message", (event) => event.waitUntil(answer(event)));

async function answer({ data: { name, code, arg }, ports: [port] }) {
  context.name = name;
  try {
    // Not in strict mode, so `with` gives the code the present value of every name in the context.
    const run = new AsyncFunction("context", "arg", `with (context) { ${code} }`);
    port.postMessage({ result: await run(context, arg) });
  } catch (error) {
    port.postMessage({ error: { name: error.name, message: error.message, cause: String(error.cause ?? ""), stack: error.stack } });
  }
}
