/**
 * What can be taken back before it is sent.  A decision waits a moment before it goes, so that a slip of the thumb harms
 * nobody; anything that certainly has not left this device may be withdrawn later still.  Once it may have reached
 * the server, nothing here pretends that it did not.
 */

import { settle } from "./overlay.js";
import { entryAt, operationOf, remove } from "./outbox.js";

/** @typedef {import("./outbox.js").Entry} Entry @typedef {import("./tables.js").Table} Table */

/** How long a decision waits. */
export const HELD_MS = 5_000;
const DECISIONS = ["approve", "reject", "return"];
const TRIED = "tried_n"; // the newest entry that a request may have carried to the server

/** Is it a decision that was made just now?  A clock that was set back holds nothing for longer.
 * @param {Entry} entry @param {number} now */
export function isHeld(entry, now) {
  return leftOf(entry, now) > 0;
}

/** How long until everything that is held may go. @param {any} replica @param {number} now @returns {number} milliseconds */
export function heldFor(replica, now) {
  const entries = replica.all("SELECT * FROM outbox WHERE state = 'waiting' AND entity = 'approval_action'");
  return Math.max(0, ...entries.map((/** @type {Entry} */ entry) => leftOf(entry, now)));
}

/** A request is about to carry these entries: from now on they may be on the server, whatever comes of it.
 * @param {any} replica @param {Entry[]} batch */
export async function noteTried(replica, batch) {
  // Without any network nothing leaves the device.
  if (!batch.length || self.navigator.onLine === false) return;
  const newest = Math.max(...batch.map(({ n }) => n));
  if (newest > triedUpTo(replica)) await replica.tx(() => replica.setMeta(TRIED, String(newest)));
}

/**
 * Take an entry back, and what was done together with it; of a row that it would have made also what was done since.
 *
 * @param {any} replica @param {Map<string, Table>} tables @param {number} n
 * @returns {string[]|null} the entities that changed; null: it may be on its way already
 */
export function withdraw(replica, tables, n) {
  const entry = entryAt(replica, n);
  if (entry?.state !== "waiting") return entry ? null : [];
  const entries = fallingWith(replica, entry);
  if (entries.some((one) => one.state !== "waiting" || one.n <= triedUpTo(replica))) return null;
  for (const one of entries) remove(replica, one.n);
  for (const one of entries) settleRow(replica, tables, one);
  return [...new Set(entries.map(({ entity }) => entity))];
}

/** @param {any} replica @param {Entry} entry @returns {Entry[]} each once */
function fallingWith(replica, entry) {
  const found = new Map();
  const pending = [entry];
  for (let one = pending.pop(); one; one = pending.pop()) {
    if (found.has(one.n)) continue;
    found.set(one.n, one);
    if (one.group_id) pending.push(...replica.all("SELECT * FROM outbox WHERE group_id = :group", { ":group": one.group_id }));
    if (operationOf(one).base === 0) {
      pending.push(...replica.all("SELECT * FROM outbox WHERE row_id = :row AND n > :n", { ":row": one.row_id, ":n": one.n }));
    }
  }
  return [...found.values()];
}

/** @param {any} replica @param {Map<string, Table>} tables @param {Entry} entry */
function settleRow(replica, tables, { entity, row_id: row }) {
  const table = tables.get(entity);
  if (table) settle(replica, table, row);
}

/** @param {any} replica @returns {number} */
function triedUpTo(replica) {
  return Number(replica.meta(TRIED) ?? 0);
}

/** @param {Entry} entry @param {number} now */
function leftOf(entry, now) {
  if (entry.entity !== "approval_action") return 0;
  const left = entry.at_ms + HELD_MS - now;
  return left <= HELD_MS && DECISIONS.includes(String(operationOf(entry).set?.verb)) ? Math.max(left, 0) : 0;
}
