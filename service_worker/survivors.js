/**
 * What outlives a replica: outbox entries, what was sent and is not yet safe, and the few facts without which
 * they would be nobody's.
 *
 * They lie in stores of their own beside the SQLite file and are written in the same IndexedDB transaction
 * as the file's pages.  Nothing in here deletes one.
 */

import { answerOf, openStorage, storageError } from "./storage.js";

/** @typedef {import("./storage.js").Storage} Storage */
/** @typedef {import("./connection.js").Connection} Connection */
/** @typedef {Record<string, any> & {n: number}} OutboxEntry all columns of an outbox row */
/** @typedef {{outbox: OutboxEntry[], sent: OutboxEntry[], kept: [string, string | null][]}} Survivors */

/**
 * All that was typed as it lies on the disk, without SQLite and without the lock: for an export when nothing
 * else works.  What was sent has the state `sent`, and the life of the server that accepted it.
 * @param {string} [name] of the replica
 * @returns {Promise<OutboxEntry[]>} oldest first
 */
export async function storedTyped(name = "roadbook") {
  const storage = await openStorage(name);
  try {
    const { outbox, sent, kept } = await readSurvivors(storage);
    const epoch = new Map(kept).get("epoch") ?? null;
    const accepted = sent.map((entry) => ({ ...entry, state: "sent", epoch }));
    return [...accepted, ...outbox].sort((a, b) => a.n - b.n);
  } finally {
    storage.close();
  }
}

/** @param {Storage} storage @returns {Promise<Survivors>} */
export async function readSurvivors(storage) {
  try {
    const transaction = storage.reading();
    const kept = transaction.objectStore("kept");
    const [outbox, sent, names, values] = await Promise.all([
      answerOf(transaction.objectStore("outbox").getAll()),
      answerOf(transaction.objectStore("sent").getAll()),
      answerOf(kept.getAllKeys()),
      answerOf(kept.getAll()),
    ]);
    return { outbox, sent, kept: names.map((name, i) => [String(name), values[i]]) };
  } catch (cause) {
    throw storageError(cause);
  }
}

/** They as an open replica has them. @param {Connection} connection @param {string[]} names of facts @returns {Survivors} */
export function survivorsIn(connection, names) {
  const all = (/** @type {string} */ sql) => /** @type {any[]} */ (connection.rows(sql, {}));
  const facts = all("SELECT name, value FROM replica_meta").filter(({ name }) => names.includes(name));
  return {
    outbox: all("SELECT * FROM outbox"),
    sent: all("SELECT * FROM sent"),
    kept: facts.map(({ name, value }) => [name, value]),
  };
}

/** What the disk has, and what only the memory has. @param {Survivors} stored @param {Survivors|null} inMemory @returns {Survivors} */
export function merged(stored, inMemory) {
  if (!inMemory) return stored;
  const withMore = (/** @type {OutboxEntry[]} */ held, /** @type {OutboxEntry[]} */ more) => [...new Map([...more, ...held].map((entry) => [entry.n, entry])).values()];
  return {
    outbox: withMore(stored.outbox, inMemory.outbox),
    sent: withMore(stored.sent, inMemory.sent),
    kept: [...new Map([...inMemory.kept, ...stored.kept])],
  };
}

/** Into their stores, with the next flush. @param {import("./mirror.js").Mirror} mirror @param {Survivors} survivors */
export function storeSurvivors(mirror, { outbox, sent, kept }) {
  for (const entry of outbox) mirror.alsoWrite("outbox", entry.n, entry);
  for (const entry of sent) mirror.alsoWrite("sent", entry.n, entry);
  for (const [name, value] of kept) mirror.alsoWrite("kept", name, value);
}

/**
 * Put them into the tables of a new replica, inside its transaction.
 * @param {Connection} connection @param {Survivors} survivors
 * @returns {number} how many entries were restored; what does not fit stays in the store alone
 */
export function restoreSurvivors(connection, { outbox, sent, kept }) {
  const insert = "INSERT INTO replica_meta (name, value) VALUES (:name, :value)";
  for (const [name, value] of kept) connection.run(insert, { ":name": name, ":value": value });
  const restored = (/** @type {string} */ table) => (/** @type {OutboxEntry} */ entry) => restoreEntry(connection, table, entry);
  return outbox.filter(restored("outbox")).length + sent.filter(restored("sent")).length;
}

/**
 * As far as this schema knows the entry's columns.
 * @param {Connection} connection @param {string} table @param {OutboxEntry} entry
 */
function restoreEntry(connection, table, entry) {
  const known = connection.rows("SELECT name FROM pragma_table_info(:table)", { ":table": table }).map((column) => column.name);
  const columns = known.filter((name) => entry[name] !== undefined);
  const marks = columns.map((name) => `:${name}`);
  const params = Object.fromEntries(columns.map((name) => [`:${name}`, entry[name]]));
  try {
    connection.run(`INSERT INTO ${table} (${columns.join(", ")}) VALUES (${marks.join(", ")})`, params);
    return true;
  } catch (error) {
    console.error("an entry does not fit this version; it can still be exported", error);
    return false;
  }
}
