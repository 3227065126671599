/**
 * A form post on the device: operations, rows and outbox in one durable transaction, then a redirect.  Either
 * all of it is on the disk or the form comes back with everything that was typed.
 */

import { operationsFromForm } from "./forms.js";
import { withdraw } from "./held.js";
import { uuid7 } from "./ids.js";
import { discard, record, retry } from "./outbox.js";
import { QuotaExceeded, ReplicaDamaged, StorageFailed } from "./replica.js";

/**
 * @typedef {object} Saved
 * @property {string} next where to go now
 * @property {string[]} entities whose rows changed
 *
 * @typedef {{errors: Record<string, any>, values: Record<string, any>}} Form
 */

/** The form cannot be saved as it is. */
export class NotSaved extends Error {
  /** @param {Form} form what to show again, and why */
  constructor(form) {
    super("not saved");
    this.form = form;
  }
}

/**
 * @param {any} replica @param {import("./host.js").Host} host
 * @param {Array<[string, string]>} items names and values as posted
 * @param {{me: string, now_ms: number, today: string, tz: string}} by
 * @param {Record<string, any>} [refused] files that were not kept, by input name
 * @returns {Promise<Saved>} next is '' where the form does not say
 * @throws {NotSaved}
 */
export async function save(replica, host, items, by, refused = {}) {
  const result = operationsFromForm(items, { ...by, entities: host.entities, new_id: newId });
  Object.assign(result.errors, refused);
  if (Object.keys(result.errors).length) throw new NotSaved(result);
  if (result.ops.length) {
    await durably(result.values, () => replica.tx(() => record(replica, host.tables, result.ops, { me: by.me, newId })));
  }
  const entities = [...new Set(result.ops.map((/** @type {any} */ operation) => operation.entity))];
  return { next: result.next, entities };
}

/**
 * What only a device can be asked: to send a refused operation again, to give it up, or to take back what was not sent.
 *
 * @param {any} replica @param {import("./host.js").Host} host @param {Array<[string, string]>} items
 * @returns {Promise<Saved>}
 * @throws {NotSaved}
 */
export async function settleRefused(replica, host, items) {
  const given = Object.fromEntries(items);
  const n = Number(given["outbox.n"]);
  const act = {
    retry: () => (retry(replica, n, newId) ? ["outbox"] : []),
    discard: () => [discard(replica, host.tables, n)].filter((entity) => entity !== null),
  }[given["outbox.action"]];
  if (given["outbox.action"] === "withdraw") return takeBack(replica, host, n, given);
  const changed = act && Number.isInteger(n) ? await durably(given, () => replica.tx(act)) : [];
  return { next: localAddress(given.next), entities: changed };
}

/** @param {any} replica @param {import("./host.js").Host} host @param {number} n @param {Record<string, string>} given
 * @returns {Promise<Saved>} @throws {NotSaved} */
async function takeBack(replica, host, n, given) {
  const changed = await durably(given, () => replica.tx(() => withdraw(replica, host.tables, n)));
  if (!changed) throw new NotSaved({ errors: { "": ["on_its_way", {}] }, values: given });
  return { next: localAddress(given.next), entities: changed };
}

/** @returns {string} */
export function newId() {
  return uuid7(Date.now(), crypto.getRandomValues(new Uint8Array(10)));
}

/** @template T @param {Record<string, any>} values @param {() => Promise<T>} write @returns {Promise<T>} */
async function durably(values, write) {
  try {
    // Damage is found by whoever meets it, and what is typed then is the first thing in the replica made anew.
    return await write().catch((error) => (error instanceof ReplicaDamaged ? write() : Promise.reject(error)));
  } catch (error) {
    if (!(error instanceof StorageFailed)) throw error;
    console.error("an edit could not be stored", error);
    const code = error instanceof QuotaExceeded ? "storage_full" : "storage_failed";
    throw new NotSaved({ errors: { "": [code, {}] }, values });
  }
}

/** Only ever an address of this site: '//elsewhere' and '/\elsewhere' are not. @param {string|undefined|null} next */
function localAddress(next) {
  if (!next?.startsWith("/")) return "";
  const url = new URL(next, self.location.origin);
  return url.origin === self.location.origin ? url.pathname + url.search + url.hash : "";
}
