/**
 * The device's half of sync on a plain page: the real replica, outbox and sync client, worked from Python.
 * Everything comes in as arguments and goes out as JSON.
 */

import { withdraw as takeBack } from "/service_worker/held.js";
import { uuid7 } from "/service_worker/ids.js";
import { Kept } from "/service_worker/kept.js";
import { loadPinyin } from "/service_worker/latin.js";
import * as outbox from "/service_worker/outbox.js";
import { layAllOver } from "/service_worker/overlay.js";
import { openReplica } from "/service_worker/replica.js";
import { allTyped } from "/service_worker/sent.js";
import { registerSqlFunctions } from "/service_worker/sql_functions.js";
import { syncStatus } from "/service_worker/status.js";
import { SyncClient } from "/service_worker/sync_client.js";
import { tablesOf } from "/service_worker/tables.js";

const WASM = "/service_worker/vendor/sqlite3-3.54.1.wasm";

let replica;
let client;
let tables;
let model;
let why = "";
export const heard = { progress: [], changed: [], newSchema: 0, course: [] };

/** model: {entities, stamps, script, hash}. */
export async function open(given, { name = "bench", now = null, patience } = {}) {
  model = given;
  loadPinyin(model.pinyin);
  tables = tablesOf(model.entities, model.stamps);
  replica = await openReplica({
    name,
    wasm: () => fetch(WASM),
    schema: model.script,
    schemaHash: model.hash,
    functions: registerSqlFunctions,
  });
  if (replica.rebuilt) await replica.tx(() => layAllOver(replica, tables));
  client = new SyncClient({
    replica,
    tables,
    schema: model.hash,
    kept: new Kept(`${name}-kept`),
    patience,
    now: now === null ? Date.now : () => now,
    onProgress: (rows, total) => heard.progress.push([rows, total]),
    onChanged: (entities) => heard.changed.push(entities),
    onNewSchema: () => (heard.newSchema += 1),
    onCourse: () => heard.course.push(client.going.doing),
  });
}

export const close = () => replica.close();
export const destroy = () => replica.destroy();

/** Take an entry back: what changed, null where it is too late. */
export const withdraw = (n) => replica.tx(() => takeBack(replica, tables, n));

/** Why it stopped, '' for all well. */
export async function sync() {
  try {
    await client.sync();
    why = "";
  } catch (error) {
    if (!error.why) throw error;
    why = error.why;
  }
  return why;
}

/** What was mended, or why it cannot be said. */
export const prove = () => client.prove().catch((error) => error.why ?? Promise.reject(error));

/** Rows change behind everybody's back. */
export const spoil = (sql) => replica.tx(() => void replica.run(sql));

export const status = () => syncStatus(replica, { why, isSending: client.isSending, going: client.going });

/** Record operations as a person's form would; those without an id get one, more than one become a group. */
export async function edit(...operations) {
  const group = operations.length > 1 ? { group: newId() } : {};
  const edits = operations.map((operation) => ({ id: newId(), at: Date.now(), base: 0, ...group, ...operation }));
  await replica.tx(() => outbox.record(replica, tables, edits, { me: replica.meta("user"), newId }));
  return edits;
}

/** What a form posts, as the worker takes it. */
export async function post(items, by) {
  const { save } = await import("/service_worker/edit.js");
  return save(replica, { entities: model.entities, tables }, items, by);
}

/** From now on whoever reads the file finds it damaged, until it is made anew. */
export async function damage() {
  const { Mirror } = await import("/service_worker/mirror.js");
  const sound = Mirror.prototype.read;
  Mirror.prototype.read = function (into, offset) {
    const count = sound.call(this, into, offset);
    if (!this.isNew && offset >= 8192) into.fill(171);
    return count;
  };
  const replacing = Mirror.replacing;
  Mirror.replacing = (...given) => Object.assign(replacing.apply(Mirror, given), { isNew: true });
  replica.all("PRAGMA shrink_memory");
}

export const retry = (n) => replica.tx(() => outbox.retry(replica, n, newId));
export const discard = (n) => replica.tx(() => outbox.discard(replica, tables, n));
export const kept = (name = "bench") => new Kept(`${name}-kept`).all();
export const all = (sql) => replica.all(sql);
export const meta = (name) => replica.meta(name);
export const typed = () => allTyped(replica);
export const entries = () => replica.all("SELECT * FROM outbox ORDER BY n");
export const row = (entity, id) => replica.one(`SELECT * FROM ${entity} WHERE id = :id`, { ":id": id }) ?? null;

/** Every row as it travels, by entity and id. */
export function rows() {
  const held = {};
  for (const table of tables.values()) {
    const found = replica.all(`SELECT ${table.columns.join(", ")} FROM ${table.name}`);
    if (found.length) held[table.name] = Object.fromEntries(found.map((one) => [one.id, one]));
  }
  return held;
}

/** Cut the answer at each of these bytes, on a fresh replica each time; then finish, and say what is held. */
export async function cutAt(model, positions, projection) {
  const wrong = [];
  for (const position of positions) {
    await fetch(`/cut/${position}`, { method: "POST" });
    await open(model, { name: `cut-${position}` });
    const first = await sync();
    const between = { cursor: meta("cursor"), rows: Object.keys(rows()).length };
    const second = await sync();
    if (JSON.stringify(sorted(rows())) !== JSON.stringify(sorted(projection))) wrong.push({ position, first, second, between });
    await destroy();
  }
  return wrong;
}

function sorted(value) {
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.keys(value).sort().map((key) => [key, sorted(value[key])]));
}

function newId() {
  return uuid7(Date.now(), crypto.getRandomValues(new Uint8Array(10)));
}
