/**
 * What was typed on this device and is not yet safe on the server.  Every change of the outbox is made
 * together with the rows it concerns, inside one `replica.tx`, and mirrored to the store that survives the
 * replica.  An operation leaves only when the server has it for good, or when its author discards it.
 *
 * States: `waiting` (to send), `acked` (accepted, its row has not come back yet), `refused` (needs the person).
 */

import { holdBase, settle } from "./overlay.js";
import { refold, regroup } from "./refold.js";

/**
 * @typedef {import("./tables.js").Table} Table
 * @typedef {import("./refold.js").Operation} Operation
 * @typedef {{n: number, id: string, group_id: string|null, entity: string, row_id: string, op: string, at_ms: number,
 *   state: 'waiting'|'acked'|'refused', seq: number|null, reason: string|null, detail: string|null}} Entry
 * @typedef {{id: string, is: 'applied'|'merged'|'conflict'|'rejected', seq?: number, reason?: string, detail?: object}} Outcome
 */

const COLUMNS = ["n", "id", "group_id", "entity", "row_id", "op", "at_ms", "state", "seq", "reason", "detail"];
const PUT = `INSERT INTO outbox (${COLUMNS.join(", ")}) VALUES (${COLUMNS.map((name) => `:${name}`).join(", ")})
  ON CONFLICT (n) DO UPDATE SET ${COLUMNS.slice(1).map((name) => `${name} = excluded.${name}`).join(", ")}`;
const WAITING = "SELECT * FROM outbox WHERE state = 'waiting' ORDER BY op ->> '$.again' IS NULL, n LIMIT 1200";

/**
 * Put a person's edits into rows and outbox.
 *
 * @param {any} replica @param {Map<string, Table>} tables @param {Operation[]} edits
 * @param {{me: string, newId: () => string}} by
 */
export function record(replica, tables, edits, { me, newId }) {
  const refused = refusedWith(replica, edits);
  const operations = refused.length ? refold(refused.map(newOperationOf), edits, newId) : edits;
  const rows = [...operations, ...edits];
  for (const { entity, row } of rows) holdBase(replica, tableOf(tables, entity), row);
  for (const entry of refused) remove(replica, entry.n);
  for (const operation of operations) append(replica, operation, me);
  for (const { entity, row } of rows) settle(replica, tableOf(tables, entity), row);
}

/** Send a refused operation, and what was refused with it, once more under new ids.
 * @param {any} replica @param {number} n @param {() => string} newId @returns {boolean} whether there was one */
export function retry(replica, n, newId) {
  const entry = entryAt(replica, n);
  if (entry?.state !== "refused") return false;

  const entries = withGroup(replica, [entry]);
  const operations = regroup(entries.map(newOperationOf), newId);
  entries.forEach((old, index) => {
    const operation = { ...operations[index], id: newId() };
    const op = written(operation, authorOf(old));
    put(replica, { ...old, ...named(operation), op, state: "waiting", reason: null, detail: null });
  });
  return true;
}

/** Give up a refused operation; when it would have made a row, give up what was done to that row since.
 * @param {any} replica @param {Map<string, Table>} tables @param {number} n @returns {string|null} the entity that changed */
export function discard(replica, tables, n) {
  const entry = entryAt(replica, n);
  if (entry?.state !== "refused") return null;

  const entries = operationOf(entry).base === 0 && !isMade(replica, entry) ? laterOf(replica, entry) : [entry];
  for (const { n: at } of entries) remove(replica, at);
  const table = tables.get(entry.entity);
  if (table) settle(replica, table, entry.row_id);
  return entry.entity;
}

/** What the server made of operations. @param {any} replica @param {Outcome[]} outcomes */
export function acknowledge(replica, outcomes) {
  for (const outcome of outcomes) {
    const entry = replica.one("SELECT * FROM outbox WHERE id = :id", { ":id": outcome.id });
    if (!entry) continue; // discarded meanwhile
    if (outcome.is === "rejected") {
      put(replica, { ...entry, state: "refused", reason: outcome.reason ?? "", detail: JSON.stringify(outcome.detail ?? {}) });
    } else {
      put(replica, { ...entry, state: "acked", seq: outcome.seq ?? null });
    }
  }
}

/**
 * The next operations to send, never part of a group: what an earlier life of the server had accepted, then
 * oldest first.
 *
 * @param {any} replica @param {{operations: number, bytes: number}} most
 * @param {(entry: Entry) => boolean} [isHeld] what may not go yet, and holds up what was done after it
 * @returns {Entry[]} at least one group when anything may go
 */
export function nextBatch(replica, most, isHeld = () => false) {
  const batch = [];
  let bytes = 0;
  for (const group of groupsOf(replica.all(WAITING))) {
    if (group.some(isHeld)) break;
    bytes += group.reduce((sum, entry) => sum + 3 * entry.op.length, 0);
    if (batch.length && (bytes > most.bytes || batch.length + group.length > most.operations)) break;
    batch.push(...group);
  }
  return batch;
}

/** Entries that the server will not take at all become the person's to decide.
 * @param {any} replica @param {Entry[]} entries @param {string} reason */
export function refuse(replica, entries, reason) {
  for (const entry of entries) put(replica, { ...entry, state: "refused", reason, detail: "{}" });
}

/** @param {any} replica @param {number} n */
export function remove(replica, n) {
  replica.run("DELETE FROM outbox WHERE n = :n", { ":n": n });
  replica.outboxDelete(n);
}

/** The operation of an entry, as it travels. @param {{op: string}} entry @returns {Operation} */
export function operationOf(entry) {
  const { x_user: _, ...operation } = JSON.parse(entry.op);
  return operation;
}

/** What was refused goes as something new, whatever an earlier life of the server had said of it.
 * @param {Entry} entry @returns {Operation} */
function newOperationOf(entry) {
  const { again: _, was: __, ...operation } = /** @type {any} */ (operationOf(entry));
  return operation;
}

/** Whose edit this is: a device may change hands while operations wait. @param {{op: string}} entry @returns {string} */
export function authorOf(entry) {
  return JSON.parse(entry.op).x_user;
}

/** @param {any} replica @param {Operation} operation @param {string} me */
function append(replica, operation, me) {
  const { entity, row, at } = operation;
  const op = written(operation, me);
  const entry = { ...named(operation), n: nextNumber(replica), entity, row_id: row, op, at_ms: at };
  put(replica, { ...entry, state: "waiting", seq: null, reason: null, detail: null });
}

/** @param {any} replica @param {Entry} entry */
export function put(replica, entry) {
  replica.run(PUT, Object.fromEntries(COLUMNS.map((name) => [`:${name}`, /** @type {any} */ (entry)[name]])));
  replica.outboxPut(entry.n, entry);
}

/** Above all that is here or was sent: numbers keep the order in which things were done. @param {any} replica @returns {number} */
export function nextNumber(replica) {
  return replica.value(`SELECT max(coalesce((SELECT max(n) FROM outbox), 0), coalesce((SELECT max(n) FROM sent), 0),
    coalesce((SELECT CAST(value AS INTEGER) FROM replica_meta WHERE name = 'tried_n'), 0)) + 1`);
}

/** @param {Operation} operation @param {string} author */
function written(operation, author) {
  return JSON.stringify({ ...operation, x_user: author });
}

/** @param {Operation} operation */
function named(operation) {
  return { id: operation.id, group_id: operation.group ?? null };
}

/** @param {any} replica @param {number} n @returns {Entry|undefined} */
export function entryAt(replica, n) {
  return replica.one("SELECT * FROM outbox WHERE n = :n", { ":n": n });
}

/** Refused entries of these rows, and of the groups they were refused with.
 * @param {any} replica @param {Operation[]} edits @returns {Entry[]} */
function refusedWith(replica, edits) {
  const own = edits.flatMap(({ entity, row }) =>
    replica.all("SELECT * FROM outbox WHERE state = 'refused' AND entity = :entity AND row_id = :row", {
      ":entity": entity,
      ":row": row,
    }),
  );
  return withGroup(replica, own);
}

/** @param {any} replica @param {Entry[]} entries @returns {Entry[]} oldest first, each once */
function withGroup(replica, entries) {
  const all = entries.flatMap((entry) =>
    entry.group_id
      ? replica.all("SELECT * FROM outbox WHERE state = 'refused' AND group_id = :group", { ":group": entry.group_id })
      : [entry],
  );
  return [...new Map(all.map((entry) => [entry.n, entry])).values()].sort((a, b) => a.n - b.n);
}

/** Does the server have the row of this entry? @param {any} replica @param {Entry} entry */
function isMade(replica, entry) {
  return replica.value("SELECT row IS NOT NULL FROM base WHERE entity = :entity AND row_id = :row_id", {
    ":entity": entry.entity,
    ":row_id": entry.row_id,
  });
}

/** @param {any} replica @param {Entry} entry @returns {Entry[]} */
function laterOf(replica, entry) {
  return replica.all("SELECT * FROM outbox WHERE entity = :entity AND row_id = :row_id AND n >= :n", {
    ":entity": entry.entity,
    ":row_id": entry.row_id,
    ":n": entry.n,
  });
}

/** @param {Entry[]} entries @returns {Entry[][]} consecutive entries of one group together */
function groupsOf(entries) {
  const groups = /** @type {Entry[][]} */ ([]);
  for (const entry of entries) {
    const last = groups[groups.length - 1];
    if (entry.group_id && last?.[0].group_id === entry.group_id) last.push(entry);
    else groups.push([entry]);
  }
  return groups;
}

/** @param {Map<string, Table>} tables @param {string} entity @returns {Table} */
function tableOf(tables, entity) {
  const table = tables.get(entity);
  if (!table) throw new Error(`no such entity: ${entity}`);
  return table;
}
