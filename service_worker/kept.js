/**
 * A device changes hands: operations that one person left unsent wait here, outside the replica, until that
 * person signs in on this device again.  They are never sent in another person's name, and never dropped.
 *
 * @typedef {import("./sent.js").Kept} Entry
 */

import { authorOf } from "./outbox.js";

const STORE = "entry";

export class Kept {
  #name;

  /** @param {string} name of the IndexedDB database */
  constructor(name = "roadbook-kept") {
    this.#name = name;
  }

  /** @param {Entry[]} entries */
  async keep(entries) {
    await this.#change((store) => entries.forEach((entry) => store.put(entry, entry.id)));
  }

  /** What a person left here, oldest first. @param {string} user @returns {Promise<Entry[]>} */
  async of(user) {
    return (await this.all()).filter((entry) => authorOf(entry) === user);
  }

  /** @returns {Promise<Entry[]>} */
  async all() {
    if (!(await this.#exists())) return [];
    const entries = await this.#use("readonly", (store) => store.getAll());
    return entries.sort((/** @type {Entry} */ a, /** @type {Entry} */ b) => a.at_ms - b.at_ms || a.n - b.n);
  }

  /** They are in the outbox again, or their author gave them up. @param {Entry[]} entries */
  async letGo(entries) {
    if (entries.length) await this.#change((store) => entries.forEach((entry) => store.delete(entry.id)));
  }

  /** Leave no empty database behind. */
  async tidy() {
    if ((await this.#exists()) && !(await this.all()).length) indexedDB.deleteDatabase(this.#name);
  }

  async #exists() {
    if (!indexedDB.databases) return true; // this browser cannot say: looking makes it
    return (await indexedDB.databases()).some(({ name }) => name === this.#name);
  }

  /** @param {(store: IDBObjectStore) => void} change */
  async #change(change) {
    await this.#use("readwrite", change);
  }

  /** @param {IDBTransactionMode} mode @param {(store: IDBObjectStore) => IDBRequest|void} act @returns {Promise<any>} */
  async #use(mode, act) {
    const database = await opened(this.#name);
    try {
      return await new Promise((resolve, reject) => {
        const transaction = database.transaction(STORE, mode, { durability: "strict" });
        const request = act(transaction.objectStore(STORE));
        transaction.oncomplete = () => resolve(request?.result);
        transaction.onabort = () => reject(transaction.error);
      });
    } finally {
      database.close();
    }
  }
}

/** @param {string} name @returns {Promise<IDBDatabase>} */
function opened(name) {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(name, 1);
    request.onupgradeneeded = () => request.result.createObjectStore(STORE);
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}
