/**
 * One SQLite connection over one mirror: pragmas, queries, transactions.
 *
 * It lives exactly as long as its mirror's memory is to be trusted.  Nothing in here waits: a transaction
 * is over, in memory, when `transact` returns, and on the disk when the mirror's `flushed` resolves.
 */

import { PAGE } from "./mirror.js";
import { Statements } from "./statements.js";
import { VFS } from "./vfs.js";

/** @typedef {import("./mirror.js").Mirror} Mirror */
/** @typedef {import("./vfs.js").Engine} Engine */
/** @typedef {import("./statements.js").Params} Params */
/** @typedef {(...values: any[]) => any} SqlFunction */

// The page size comes first: it is fixed by the first table.  There is no journal on the disk because there
// is nothing to recover from: a worker that dies leaves the last flushed commit.  The page cache is small
// because the file is in memory already.
const PRAGMAS = `
  PRAGMA page_size = ${PAGE};
  PRAGMA locking_mode = EXCLUSIVE;
  PRAGMA journal_mode = MEMORY;
  PRAGMA synchronous = NORMAL;
  PRAGMA temp_store = MEMORY;
  PRAGMA foreign_keys = OFF;
  PRAGMA cache_size = -8000;
`;

export class Connection {
  #database;
  /** @type {Statements} */ #statements;
  #name;
  isInTransaction = false;

  /** @param {Engine} engine @param {Mirror} mirror */
  constructor(engine, mirror) {
    this.engine = engine;
    this.mirror = mirror;
    this.#name = engine.mount(mirror);
    this.#database = new engine.sqlite.oo1.DB({ filename: this.#name, flags: "c", vfs: VFS });
    this.#statements = new Statements(engine.sqlite, this.#database);
    try {
      this.#database.exec(PRAGMAS);
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** @param {string} sql @param {Params} params @param {number} [most] @returns {Record<string, any>[]} */
  rows(sql, params, most) {
    const statement = this.#statements.prepare(sql);
    if (!statement.readOnly && !this.isInTransaction) throw new Error(`only inside tx: ${sql}`);
    return this.#statements.rows(statement, params, most);
  }

  /** @param {string} sql @param {Params} params @returns {number} rows changed */
  run(sql, params) {
    if (!this.isInTransaction) throw new Error(`only inside tx: ${sql}`);
    this.#statements.rows(this.#statements.prepare(sql), params);
    return this.#database.changes();
  }

  /** Several statements without parameters. @param {string} sql */
  script(sql) {
    this.#database.exec(sql);
  }

  /**
   * All of it, or, when it throws, none of it.
   * @template T
   * @param {() => T} work
   * @returns {T}
   */
  transact(work) {
    this.#database.exec("BEGIN IMMEDIATE");
    this.isInTransaction = true;
    try {
      const result = work();
      mustNotBePromise(result);
      this.#database.exec("COMMIT");
      return result;
    } catch (error) {
      this.#rollBack();
      throw error;
    } finally {
      this.isInTransaction = false;
    }
  }

  #rollBack() {
    this.mirror.forgetSideWrites(); // first: undoing pages that had been written may flush
    const isOver = this.engine.sqlite.capi.sqlite3_get_autocommit(this.#database.pointer);
    if (!isOver) this.#database.exec("ROLLBACK");
  }

  /** @returns {string[]} */
  tables() {
    return this.rows("SELECT name FROM sqlite_schema WHERE type = 'table'", {}).map(({ name }) => name);
  }

  /** @param {string} table @returns {string} what is wrong with it or its indexes, or "" */
  fault(table) {
    try {
      const [row] = this.rows(`PRAGMA quick_check(${table})`, {});
      return row.quick_check === "ok" ? "" : row.quick_check;
    } catch (error) {
      return String(error);
    }
  }

  /** @param {string} name @param {SqlFunction} call @param {{deterministic?: boolean, arity?: number}} options */
  createFunction(name, call, { deterministic = true, arity = -1 }) {
    const withoutContext = (/** @type {any} */ _context, /** @type {any[]} */ ...values) => call(...values);
    this.#database.createFunction(name, withoutContext, { deterministic, arity });
  }

  close() {
    this.#statements.close();
    this.#database.close();
    this.engine.unmount(this.#name);
  }
}

/** @param {any} result */
function mustNotBePromise(result) {
  if (typeof result?.then !== "function") return;
  result.then(undefined, () => {});
  throw new TypeError("the work of a transaction must not be asynchronous: it would be committed half done");
}
