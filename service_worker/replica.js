/**
 * The device's database: SQLite in the service worker, in memory, durable at each transaction.
 *
 * The memory is a cache of the disk and never ahead of it for long: after a failed flush, or when the
 * connection to the disk is lost, it is dropped and loaded again.  A file that is damaged or of another
 * schema is made anew, empty, to be filled by the next sync.  What the server does not know yet is not in
 * that file alone: outbox entries lie in a store of their own, written in the same transaction, and
 * outlive every replica.
 */

import { Connection } from "./connection.js";
import { takeLock } from "./lock.js";
import { Damaged, Mirror, PAGE } from "./mirror.js";
import { deleteStorage, openStorage, storageError } from "./storage.js";
import { merged, readSurvivors, restoreSurvivors, storeSurvivors, survivorsIn } from "./survivors.js";
import { loadEngine } from "./vfs.js";

export { QuotaExceeded, StorageFailed } from "./storage.js";
export { storedTyped } from "./survivors.js";
export { SqliteUnavailable } from "./vfs.js";

/** @typedef {import("./storage.js").Storage} Storage */
/** @typedef {import("./statements.js").Params} Params */
/** @typedef {Record<string, any>} Row */
/** @typedef {import("./survivors.js").OutboxEntry} OutboxEntry */
/** @typedef {{reason: "new" | "schema" | "damaged", detail: string, restored: number, stranded: number}} Rebuild */
/**
 * @typedef {object} Options
 * @property {string} [name] of the IndexedDB database; the lock is `${name}-replica`
 * @property {import("./vfs.js").Wasm} wasm the answer holding SQLite's WebAssembly
 * @property {string} schema the SQL script that makes a new replica
 * @property {string} schemaHash changes when the replica must be made anew
 * @property {(replica: Replica) => void} [functions] registers SQL functions, before anything is queried
 * @property {string[]} [keep] names in replica_meta that outlive the replica, as the outbox does
 * @property {(rebuild: Rebuild) => void} [onRebuild] the replica was made anew and holds no rows
 * @property {(replica: Replica) => void} [onWanted] another worker waits for the replica: close it when it may have it
 */

/** The replica found its own file damaged; it is being made anew. Ask again, or ask the server. */
export class ReplicaDamaged extends Error {
  name = "ReplicaDamaged";
}

/** This worker let the replica go. */
export class ReplicaClosed extends Error {
  name = "ReplicaClosed";
}

const SQLITE_CORRUPT = 11;
const SQLITE_NOTADB = 26;

/**
 * Waits for the lock: never call it in `install`.
 * @param {Options} options
 * @returns {Promise<Replica>}
 */
export async function openReplica(options) {
  const { name = "roadbook", wasm, keep = ["user", "epoch", "tried_n", "reminded", "lease", "app_lock", "app_open", "wiping"] } = options;
  const loadingEngine = loadEngine(wasm);
  loadingEngine.catch(() => {}); // heard below, once the lock is there
  /** @type {Replica | undefined} */
  let replica;
  const release = await takeLock(`${name}-replica`, () => replica && options.onWanted?.(replica));
  try {
    const opening = new Replica({ ...options, name, keep }, release);
    options.functions?.(opening);
    const storage = await openStorage(name);
    await opening.start(await loadingEngine, storage);
    return (replica = opening);
  } catch (error) {
    release();
    throw error;
  }
}

export class Replica {
  #options;
  #release;
  /** @type {import("./vfs.js").Engine} */ #engine;
  /** @type {Storage} */ #storage;
  /** @type {Connection | null} */ #connection = null;
  /** @type {[string, import("./connection.js").SqlFunction, object][]} */ #functions = [];
  /** Transactions, one after the other. @type {Promise<unknown>} */ #queue = Promise.resolve();
  /** Why there is no connection. @type {Error | null} */ #broken = null;
  #earlierFlushes = 0;
  /** The last time that it was made anew, by this worker. @type {Rebuild | null} */ rebuilt = null;

  /**
   * Use openReplica.
   * @param {Options & {name: string, keep: string[]}} options @param {() => void} release lets go of the lock
   */
  constructor(options, release) {
    this.#options = options;
    this.#release = release;
  }

  /** @param {string} sql @param {Params} [params] @returns {Row[]} */
  all(sql, params = {}) {
    return this.#guarded((connection) => connection.rows(sql, params));
  }

  /** @param {string} sql @param {Params} [params] @returns {Row | undefined} */
  one(sql, params = {}) {
    return this.#guarded((connection) => connection.rows(sql, params, 1)[0]);
  }

  /** The first column of the first row. @param {string} sql @param {Params} [params] @returns {any} */
  value(sql, params = {}) {
    const row = this.one(sql, params);
    return row && Object.values(row)[0];
  }

  /** Only inside tx. @param {string} sql @param {Params} [params] @returns {number} rows changed */
  run(sql, params = {}) {
    return this.#guarded((connection) => connection.run(sql, params));
  }

  /**
   * One durable transaction: when it resolves, all that `work` wrote is on the disk; when it rejects, nothing is.
   * Rejects with what `work` threw, or with StorageFailed or QuotaExceeded.
   * @template T
   * @param {(replica: Replica) => T} work synchronous
   * @returns {Promise<T>}
   */
  tx(work) {
    return this.#inTurn(() => this.#transact(work));
  }

  /** Only inside tx. @param {number} n @param {OutboxEntry} entry the outbox row as it now is */
  outboxPut(n, entry) {
    this.#writable().mirror.alsoWrite("outbox", n, entry);
  }

  /** Only inside tx. @param {number} n */
  outboxDelete(n) {
    this.#writable().mirror.alsoWrite("outbox", n);
  }

  /** Only inside tx. @param {number} n @param {Record<string, any>} entry the row of `sent` */
  sentPut(n, entry) {
    this.#writable().mirror.alsoWrite("sent", n, entry);
  }

  /** Only inside tx. @param {number} n */
  sentDelete(n) {
    this.#writable().mirror.alsoWrite("sent", n);
  }

  /** @param {string} name @returns {string | null | undefined} */
  meta(name) {
    return this.value("SELECT value FROM replica_meta WHERE name = :name", { ":name": name });
  }

  /** Only inside tx. @param {string} name @param {string | number | null} value kept as text */
  setMeta(name, value) {
    const text = value === null ? null : String(value);
    this.run(
      `INSERT INTO replica_meta (name, value) VALUES (:name, :value)
       ON CONFLICT (name) DO UPDATE SET value = excluded.value`,
      { ":name": name, ":value": text },
    );
    if (this.#options.keep.includes(name)) this.#writable().mirror.alsoWrite("kept", name, text);
  }

  /**
   * @param {string} name
   * @param {import("./connection.js").SqlFunction} call throws become SQL errors
   * @param {{deterministic?: boolean, arity?: number}} [options] arity -1: any
   */
  createFunction(name, call, options = {}) {
    this.#functions.push([name, call, options]);
    this.#connection?.createFunction(name, call, options);
  }

  /** @returns {{bytes: number, pages: number, flushes: number}} */
  stats() {
    const { size, flushes } = this.#usable().mirror;
    return { bytes: size, pages: size / PAGE, flushes: this.#earlierFlushes + flushes };
  }

  /**
   * Look through the whole file for damage, a table at a time, so that pages have their turn; a damaged file is made
   * anew.  Opening does not wait for it: what a query meets meanwhile is found by that query.
   */
  async verify() {
    const connection = this.#usable();
    for (const table of connection.tables()) {
      await new Promise((resolve) => setTimeout(resolve));
      if (this.#connection !== connection) return; // made anew, or let go, meanwhile
      const fault = connection.fault(table);
      if (fault) return this.#inTurn(() => this.#replace(connection, fault));
    }
  }

  /** Finish what was begun, then let another worker have it. */
  close() {
    return this.#inTurn(async () => {
      if (this.#broken instanceof ReplicaClosed) return;
      this.#drop(new ReplicaClosed("this worker has let its replica go; the newer one has it"));
      this.#release();
    });
  }

  /** Delete everything, the outbox too: for signing out. */
  destroy() {
    return this.#inTurn(async () => {
      this.#drop(new ReplicaClosed("the data on this device was deleted"));
      await deleteStorage(this.#options.name);
      this.#release();
    });
  }

  /** Only for openReplica. @param {import("./vfs.js").Engine} engine @param {Storage} storage */
  async start(engine, storage) {
    this.#engine = engine;
    this.#adopt(storage);
    try {
      await this.#load();
    } catch (error) {
      this.#drop(/** @type {Error} */ (error));
      throw error;
    }
  }

  /** @template T @param {() => Promise<T>} work @returns {Promise<T>} */
  #inTurn(work) {
    const done = this.#queue.then(work);
    this.#queue = done.catch(() => {});
    return done;
  }

  /** @template T @param {(replica: Replica) => T} work @returns {Promise<T>} */
  async #transact(work) {
    if (this.#broken instanceof ReplicaClosed) throw this.#broken;
    if (this.#broken || this.#storage.isLost) await this.#reload();
    const { mirror } = this.#usable();
    try {
      const result = this.#guarded((connection) => connection.transact(() => work(this)));
      mirror.flush(); // side writes of a transaction that changed no page
      await mirror.flushed;
      return result;
    } catch (error) {
      if (!mirror.failure) throw error;
      await this.#reload().catch(() => {}); // told by `#broken` to whoever comes next
      throw mirror.failure;
    }
  }

  /** Memory is ahead of the disk, or no longer connected to it: the disk is the truth. */
  async #reload() {
    try {
      if (this.#storage.isLost) this.#adopt(await openStorage(this.#options.name));
      await this.#load();
    } catch (cause) {
      this.#drop(storageError(cause));
      throw this.#broken;
    }
  }

  /** @param {Storage} storage */
  #adopt(storage) {
    this.#storage = storage;
    storage.onLost = () => void this.#inTurn(() => this.#reloadIfLost()).catch(() => {});
  }

  async #reloadIfLost() {
    if (this.#storage.isLost && !(this.#broken instanceof ReplicaClosed)) await this.#reload();
  }

  /** Until the new connection stands, reads are answered by the old one. */
  async #load() {
    const lack = await this.#loadWhatIsThere();
    if (lack) await this.#rebuild(lack.reason, lack.detail);
  }

  /** @returns {Promise<{reason: Rebuild["reason"], detail: string} | null>} null: it is in use */
  async #loadWhatIsThere() {
    const { schemaHash } = this.#options;
    try {
      const mirror = await Mirror.load(this.#storage);
      if (!mirror) return { reason: "new", detail: "" };
      if (mirror.schema !== schemaHash) return { reason: "schema", detail: `${mirror.schema} became ${schemaHash}` };
      this.#use(this.#connectIfReadable(mirror));
      return null;
    } catch (error) {
      if (error instanceof Damaged || isDamage(error)) return { reason: "damaged", detail: String(error) };
      throw storageError(error);
    }
  }

  /** Several queries may find the same damage. @param {Connection} damaged @param {string} detail */
  async #replace(damaged, detail) {
    if (this.#connection === damaged) await this.#rebuild("damaged", detail);
  }

  /** @param {Mirror} mirror */
  #connectIfReadable(mirror) {
    const connection = this.#connect(mirror);
    try {
      connection.tables(); // reads the header and the schema: without them nothing can be asked
      return connection;
    } catch (error) {
      connection.close();
      throw error;
    }
  }

  /**
   * Make the replica anew; the old one goes in the moment that the new one is on the disk.
   * @param {Rebuild["reason"]} reason @param {string} detail
   */
  async #rebuild(reason, detail) {
    const survivors = merged(await readSurvivors(this.#storage), this.#rescued(reason));
    const connection = this.#connect(Mirror.replacing(this.#storage, this.#options.schemaHash));
    try {
      const restored = connection.transact(() => {
        connection.script(this.#options.schema);
        storeSurvivors(connection.mirror, survivors);
        return restoreSurvivors(connection, survivors);
      });
      await connection.mirror.flushed;
      this.rebuilt = { reason, detail, restored, stranded: survivors.outbox.length + survivors.sent.length - restored };
    } catch (error) {
      connection.close();
      throw connection.mirror.failure ?? error;
    }
    this.#use(connection);
    this.#options.onRebuild?.(this.rebuilt);
  }

  /** The browser took the file away, with what was typed, under a worker that still has it in memory.
   * @param {Rebuild["reason"]} reason */
  #rescued(reason) {
    const isInMemory = reason === "new" && this.#connection;
    return isInMemory ? survivorsIn(this.#connection, this.#options.keep) : null;
  }

  /** @param {Mirror} mirror */
  #connect(mirror) {
    const connection = new Connection(this.#engine, mirror);
    for (const [name, call, options] of this.#functions) connection.createFunction(name, call, options);
    return connection;
  }

  /** @param {Connection} connection */
  #use(connection) {
    this.#earlierFlushes += this.#connection?.mirror.flushes ?? 0;
    this.#connection?.close();
    this.#connection = connection;
    this.#broken = null;
  }

  /** @param {Error} why */
  #drop(why) {
    this.#broken = why;
    this.#connection?.close();
    this.#connection = null;
    this.#storage.close();
  }

  #usable() {
    if (!this.#connection) throw this.#broken ?? new ReplicaClosed("the replica is not open");
    return this.#connection;
  }

  #writable() {
    const connection = this.#usable();
    if (!connection.isInTransaction) throw new Error("only inside tx");
    return connection;
  }

  /** @template T @param {(connection: Connection) => T} work @returns {T} */
  #guarded(work) {
    const connection = this.#usable();
    try {
      return work(connection);
    } catch (error) {
      if (!isDamage(error)) throw error;
      this.#inTurn(() => this.#replace(connection, String(error))).catch(() => {});
      throw new ReplicaDamaged("The copy on this device was damaged and is being made again.", { cause: error });
    }
  }
}

/** @param {any} error */
function isDamage(error) {
  const code = error?.resultCode & 0xff;
  return code === SQLITE_CORRUPT || code === SQLITE_NOTADB;
}
