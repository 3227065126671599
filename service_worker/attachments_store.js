/**
 * The bytes of files on this device, in an IndexedDB database of their own: as ArrayBuffers, because WebKit loses Blobs.
 * What is kept is on the disk before anybody is told so.  Which files are wanted is not known here.
 *
 * @typedef {object} About
 * @property {string} hash
 * @property {number} bytes
 * @property {string} media_type
 * @property {string} name
 * @property {number} at_ms since when it is here
 * @property {number} used_at_ms
 * @property {boolean} is_own chosen here, not fetched
 * @property {number} [sent_at_ms] when the server had it, and which life of the server
 * @property {string} [epoch]
 * @property {boolean} [is_safe] the server has it away from its own disk, too
 * @property {string} [refused] why the server does not take it
 */

import { completionOf, storageError } from "./storage.js";

const STORES = ["bytes", "about"];

export class FileStore {
  #name;
  /** @type {Promise<Map<string, About>>|null} */
  #loading = null;
  /** What is here, once it was looked at: pages cannot wait. @type {Map<string, About>} */
  known = new Map();

  /** @param {string} name of the IndexedDB database */
  constructor(name = "roadbook-files") {
    this.#name = name;
  }

  /** Look at what is here, once for each life of the worker. */
  load() {
    this.#loading ??= this.#read().catch((error) => {
      this.#loading = null;
      throw error;
    });
    return this.#loading;
  }

  /** @param {About} about @param {ArrayBuffer} content @throws {import("./storage.js").StorageFailed} */
  async put(about, content) {
    await this.load();
    await this.#change((stores) => {
      stores.bytes.put(content, about.hash);
      stores.about.put(about, about.hash);
    });
    this.known.set(about.hash, about);
  }

  /** @param {string} hash @returns {Promise<ArrayBuffer|undefined>} */
  async content(hash) {
    await this.load();
    if (!this.known.has(hash)) return undefined;
    const database = await opened(this.#name);
    try {
      const request = database.transaction(STORES, "readonly").objectStore("bytes").get(hash);
      return await new Promise((resolve, reject) => {
        request.onsuccess = () => resolve(request.result);
        request.onerror = () => reject(request.error);
      });
    } finally {
      database.close();
    }
  }

  /** @param {string} hash @param {Partial<About>} news */
  async note(hash, news) {
    const about = this.known.get(hash);
    if (!about) return;
    const changed = { ...about, ...news };
    this.known.set(hash, changed);
    await this.#change((stores) => void stores.about.put(changed, hash));
  }

  /** @param {string[]} hashes */
  async remove(hashes) {
    if (!hashes.length) return;
    await this.#change((stores) => {
      for (const hash of hashes) {
        stores.bytes.delete(hash);
        stores.about.delete(hash);
      }
    });
    for (const hash of hashes) this.known.delete(hash);
  }

  /** Leave no empty database behind. */
  async tidy() {
    if (this.known.size) return;
    this.#loading = null;
    indexedDB.deleteDatabase(this.#name);
  }

  async #read() {
    if (!(await this.#exists())) return this.known;
    const database = await opened(this.#name);
    try {
      const request = database.transaction(STORES, "readonly").objectStore("about").getAll();
      const all = await new Promise((resolve, reject) => {
        request.onsuccess = () => resolve(request.result);
        request.onerror = () => reject(request.error);
      });
      for (const about of all) this.known.set(about.hash, about);
      return this.known;
    } finally {
      database.close();
    }
  }

  async #exists() {
    if (!indexedDB.databases) return true; // this browser cannot say: looking makes it
    return (await indexedDB.databases()).some(({ name }) => name === this.#name);
  }

  /** @param {(stores: {bytes: IDBObjectStore, about: IDBObjectStore}) => void} act */
  async #change(act) {
    const database = await opened(this.#name).catch((error) => Promise.reject(storageError(error)));
    try {
      const transaction = database.transaction(STORES, "readwrite", { durability: "strict" });
      const done = completionOf(transaction);
      act({ bytes: transaction.objectStore("bytes"), about: transaction.objectStore("about") });
      await done;
    } catch (error) {
      throw storageError(error);
    } finally {
      database.close();
    }
  }
}

/** @param {string} name @returns {Promise<IDBDatabase>} */
function opened(name) {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(name, 1);
    request.onupgradeneeded = () => STORES.forEach((store) => request.result.createObjectStore(store));
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}
