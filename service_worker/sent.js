/**
 * What the server has accepted.  An operation leaves the outbox when the cursor that covers it is committed; where the
 * server's off-site copy does not hold it yet, it stays in the list of what was sent, so that a server
 * restored from that copy can be given it again.  Nothing here decides what is sent, or sends it.
 *
 * @typedef {import("./tables.js").Table} Table
 * @typedef {import("./outbox.js").Entry} Entry
 * @typedef {Omit<Entry, "state" | "reason" | "detail">} Sent
 * @typedef {Omit<Entry, "state"> & {state: string, epoch?: string|null}} Kept an entry put aside, or ready to be exported
 */

import { nextNumber, put, remove } from "./outbox.js";
import { settle } from "./overlay.js";

const COLUMNS = ["n", "id", "group_id", "entity", "row_id", "op", "at_ms", "seq"];
const PUT = `INSERT INTO sent (${COLUMNS.join(", ")}) VALUES (${COLUMNS.map((name) => `:${name}`).join(", ")})`;

/**
 * The committed cursor covers everything acknowledged: let go of what is safe, and go on holding the rest.
 *
 * @param {any} replica @param {Map<string, Table>} tables
 * @param {number} [safe] up to where the server's copy reaches; left out: all of it
 * @returns {string[]} entities that may look different now
 */
export function dropAcknowledged(replica, tables, safe) {
  const entries = /** @type {Entry[]} */ (replica.all("SELECT * FROM outbox WHERE state = 'acked'"));
  for (const entry of entries) {
    remove(replica, entry.n);
    if (!isSafe(entry.seq, safe)) hold(replica, entry);
  }
  for (const { n, seq } of allSent(replica)) if (isSafe(seq, safe)) letGo(replica, n);
  for (const { entity, row_id: rowId } of entries) {
    const table = tables.get(entity);
    if (table) settle(replica, table, rowId);
  }
  return entries.map(({ entity }) => entity);
}

/** The server was put back from a copy: what it had accepted waits again, marked, in the order it was made.
 * @param {any} replica */
export function sendAgain(replica) {
  for (const entry of replica.all("SELECT * FROM outbox WHERE state = 'acked'")) put(replica, asAgain(entry));
  for (const entry of allSent(replica)) {
    letGo(replica, entry.n);
    put(replica, asAgain(entry));
  }
}

/** What a person left on this device comes back to its end.  What the server had accepted goes on waiting to
 * be safe, or, where this is another life of the server, to be sent again, ahead of the rest.
 * @param {any} replica @param {Kept[]} entries @param {string} epoch of the server that answers now */
export function takeBack(replica, entries, epoch) {
  const accepted = entries.filter(({ state }) => state === "sent");
  const others = entries.filter(({ state }) => state !== "sent");
  for (const { epoch: accepter, ...entry } of [...accepted, ...others]) {
    if (isHere(replica, entry.id)) continue;
    const back = /** @type {Entry} */ ({ ...entry, n: nextNumber(replica) });
    if (entry.state !== "sent") put(replica, back);
    else if (accepter === epoch) hold(replica, back);
    else put(replica, asAgain(back));
  }
}

/** @param {any} replica @returns {Sent[]} in the order it was made */
export function allSent(replica) {
  return replica.all("SELECT * FROM sent ORDER BY n");
}

/** Everything that this device holds of what was typed, oldest first, `sent` being a state of its own.
 * @param {any} replica @returns {Kept[]} */
export function allTyped(replica) {
  const accepted = allSent(replica).map((entry) => ({ ...entry, state: "sent", reason: null, detail: null }));
  return [...accepted, ...replica.all("SELECT * FROM outbox")].sort((a, b) => a.n - b.n);
}

/** @param {any} replica @param {number} n */
export function letGo(replica, n) {
  replica.run("DELETE FROM sent WHERE n = :n", { ":n": n });
  replica.sentDelete(n);
}

/** @param {any} replica @param {Sent | Entry} entry */
function hold(replica, entry) {
  // Accepted without a number of its own: safe once everything is.
  const numbered = { ...entry, seq: entry.seq ?? Number.MAX_SAFE_INTEGER };
  const columns = COLUMNS.map((name) => [name, /** @type {any} */ (numbered)[name]]);
  replica.run(PUT, Object.fromEntries(columns.map(([name, value]) => [`:${name}`, value])));
  replica.sentPut(entry.n, Object.fromEntries(columns));
}

/** @param {Sent | Entry} entry @returns {Entry} */
function asAgain(entry) {
  const was = entry.seq !== null && entry.seq < Number.MAX_SAFE_INTEGER ? { was: entry.seq } : {};
  const op = JSON.stringify({ ...JSON.parse(entry.op), again: true, ...was });
  return { ...entry, op, state: "waiting", seq: null, reason: null, detail: null };
}

/** @param {number|null} seq @param {number} [safe] */
function isSafe(seq, safe) {
  return typeof safe !== "number" || (seq !== null && seq <= safe);
}

/** @param {any} replica @param {string} id */
function isHere(replica, id) {
  return replica.value("SELECT count(*) FROM (SELECT id FROM outbox UNION ALL SELECT id FROM sent) WHERE id = :id", { ":id": id }) > 0;
}
