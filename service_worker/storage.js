/**
 * The IndexedDB database that a replica lies in, and what can go wrong with it, in plain words.
 *
 * Stores: `segment` and `page` hold the SQLite file (see mirror.js), `meta` its one description, `outbox`,
 * `sent` and `kept` what must survive the SQLite file.  This module never interprets what it stores.
 */

const STORES = ["segment", "page", "meta", "outbox", "sent", "kept"];

/** The device could not keep what was written; nothing of it is kept. `cause` is the browser's error. */
export class StorageFailed extends Error {
  name = "StorageFailed";
}

/** The device has no room left: free some, then do it again. */
export class QuotaExceeded extends StorageFailed {
  name = "QuotaExceeded";
}

/**
 * @param {unknown} cause
 * @returns {StorageFailed}
 */
export function storageError(cause) {
  if (cause instanceof StorageFailed) return cause;
  const error = /** @type {Error | null} */ (cause);
  if (error?.name === "QuotaExceededError") {
    return new QuotaExceeded("There is no room left on this device. Free some space, then save again.", { cause });
  }
  const why = error ? `${error.name}: ${error.message}` : "the transaction was aborted";
  return new StorageFailed(`This device could not store the change (${why}). Save again.`, { cause });
}

/** One connection. Once it is lost it stays lost; open another. */
export class Storage {
  /** @type {IDBDatabase} */ #idb;
  isLost = false;
  /** Called once when the browser or another context takes the connection away. */
  onLost = () => {};

  /** @param {IDBDatabase} idb */
  constructor(idb) {
    this.#idb = idb;
    // Another context wants to delete or upgrade the database: it waits until we are out of its way.
    idb.onversionchange = () => this.#lose();
    // The browser closed it: the person cleared the site's data, or the disk failed.
    idb.onclose = () => this.#lose();
  }

  #lose() {
    if (this.isLost) return;
    this.close();
    this.onLost();
  }

  close() {
    this.isLost = true;
    this.#idb.close();
  }

  /** @returns {IDBTransaction} over all stores, read only */
  reading() {
    return this.#idb.transaction(STORES, "readonly");
  }

  /** @returns {IDBTransaction} over all stores; complete means that it is on the disk */
  writing() {
    return this.#idb.transaction(STORES, "readwrite", { durability: "strict" });
  }
}

/** Whatever release made it, an earlier one or a later: missing stores are added, others left alone.
 * @param {string} name @returns {Promise<Storage>} */
export async function openStorage(name) {
  try {
    const idb = await opened(name);
    if (STORES.every((store) => idb.objectStoreNames.contains(store))) return new Storage(idb);
    idb.close();
    return new Storage(await opened(name, idb.version + 1));
  } catch (cause) {
    throw new StorageFailed(`This device's storage could not be opened (${cause}). Restart the browser.`, { cause });
  }
}

/** @param {string} name @param {number} [version] @returns {Promise<IDBDatabase>} */
function opened(name, version) {
  const request = indexedDB.open(name, version);
  request.onupgradeneeded = () => {
    const there = request.result.objectStoreNames;
    for (const store of STORES) if (!there.contains(store)) request.result.createObjectStore(store);
  };
  return answerOf(request);
}

/** Waits until other contexts have let go of it. @param {string} name */
export async function deleteStorage(name) {
  await answerOf(indexedDB.deleteDatabase(name));
}

/**
 * @template T
 * @param {IDBRequest<T>} request
 * @returns {Promise<T>}
 */
export function answerOf(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

/** @param {IDBTransaction} transaction @returns {Promise<void>} */
export function completionOf(transaction) {
  return new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve();
    transaction.onabort = () => reject(storageError(transaction.error));
  });
}
