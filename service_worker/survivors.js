/**
 * What outlives a replica: outbox entries, and the few facts without which they would be nobody's.
 *
 * They lie in stores of their own beside the SQLite file and are written in the same IndexedDB transaction
 * as the file's pages.  Nothing in here deletes one.
 */

import { answerOf, openStorage, storageError } from "./storage.js";

/** @typedef {import("./storage.js").Storage} Storage */
/** @typedef {import("./connection.js").Connection} Connection */
/** @typedef {Record<string, any> & {n: number}} OutboxEntry all columns of an outbox row */
/** @typedef {{outbox: OutboxEntry[], kept: [string, string | null][]}} Survivors */

/**
 * The outbox as it lies on the disk, without SQLite and without the lock: for an export when nothing else works.
 * @param {string} [name] of the replica
 * @returns {Promise<OutboxEntry[]>}
 */
export async function storedOutbox(name = "roadbook") {
  const storage = await openStorage(name);
  try {
    return (await readSurvivors(storage)).outbox;
  } finally {
    storage.close();
  }
}

/** @param {Storage} storage @returns {Promise<Survivors>} */
export async function readSurvivors(storage) {
  try {
    const transaction = storage.reading();
    const kept = transaction.objectStore("kept");
    const [outbox, names, values] = await Promise.all([
      answerOf(transaction.objectStore("outbox").getAll()),
      answerOf(kept.getAllKeys()),
      answerOf(kept.getAll()),
    ]);
    return { outbox, kept: names.map((name, i) => [String(name), values[i]]) };
  } catch (cause) {
    throw storageError(cause);
  }
}

/**
 * Put them into the tables of a new replica, inside its transaction.
 * @param {Connection} connection @param {Survivors} survivors
 * @returns {number} how many outbox entries were restored; what does not fit stays in the store alone
 */
export function restoreSurvivors(connection, { outbox, kept }) {
  const insert = "INSERT INTO replica_meta (name, value) VALUES (:name, :value)";
  for (const [name, value] of kept) connection.run(insert, { ":name": name, ":value": value });
  return outbox.filter((entry) => restoreEntry(connection, entry)).length;
}

/**
 * As far as this schema knows the entry's columns.
 * @param {Connection} connection @param {OutboxEntry} entry
 */
function restoreEntry(connection, entry) {
  const known = connection.rows("SELECT name FROM pragma_table_info('outbox')", {}).map((column) => column.name);
  const columns = known.filter((name) => entry[name] !== undefined);
  const marks = columns.map((name) => `:${name}`);
  const params = Object.fromEntries(columns.map((name) => [`:${name}`, entry[name]]));
  try {
    connection.run(`INSERT INTO outbox (${columns.join(", ")}) VALUES (${marks.join(", ")})`, params);
    return true;
  } catch (error) {
    console.error("an outbox entry does not fit this version; it can still be exported", error);
    return false;
  }
}
