/** A service worker that only opens a replica and says how that went: it runs under any policy. */

import { openReplica } from "../../../service_worker/replica.js";

const WASM = new URL("../../../service_worker/vendor/sqlite3-3.54.1.wasm", import.meta.url);

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

self.addEventListener("message", (event) => {
  const [port] = event.ports;
  const schema = "CREATE TABLE outbox (n INTEGER PRIMARY KEY); CREATE TABLE replica_meta (name TEXT, value TEXT)";
  const opened = openReplica({ name: event.data.name, wasm: fetch(WASM), schema, schemaHash: "one" });
  const told = opened.then(
    (replica) => port.postMessage({ result: replica.value("SELECT 1") }),
    (error) => port.postMessage({ error: { name: error.name, message: error.message, stack: "", cause: "" } }),
  );
  event.waitUntil(told);
});
