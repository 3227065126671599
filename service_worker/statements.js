/**
 * Prepared statements of one connection: prepared once, bound by name, read into plain objects.
 *
 * Reads go straight to SQLite's exported functions: the comfortable API makes a page several times slower.
 * Integers are JavaScript numbers, and BigInt only where a number would not be exact.
 */

/** @typedef {import("./vfs.js").Sqlite} Sqlite */
/** @typedef {Record<string, unknown>} Params keyed ':name'; keys that a statement does not name are ignored */
/** @typedef {{handle: any, pointer: number, names: string[], columns: string[], readOnly: boolean}} Statement */

const MOST = 200;
const ROW = 100;
const DONE = 101;
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

export class Statements {
  /** Least recently used first. @type {Map<string, Statement>} */ #bySql = new Map();
  #database;
  #sqlite;
  #exports;

  /** @param {Sqlite} sqlite @param {any} database an oo1.DB */
  constructor(sqlite, database) {
    this.#sqlite = sqlite;
    this.#database = database;
    this.#exports = sqlite.wasm.exports;
  }

  /** @param {string} sql @returns {Statement} */
  prepare(sql) {
    const statement = this.#bySql.get(sql) ?? this.#compile(sql);
    this.#bySql.delete(sql);
    this.#bySql.set(sql, statement);
    return statement;
  }

  /** @param {string} sql @returns {Statement} */
  #compile(sql) {
    if (this.#bySql.size >= MOST) this.#finalizeOldest();
    const { capi } = this.#sqlite;
    const handle = this.#database.prepare(sql);
    const { pointer, parameterCount, columnCount } = handle;
    return {
      handle,
      pointer,
      names: Array.from({ length: parameterCount }, (_, i) => capi.sqlite3_bind_parameter_name(pointer, i + 1)),
      columns: Array.from({ length: columnCount }, (_, i) => capi.sqlite3_column_name(pointer, i)),
      readOnly: Boolean(capi.sqlite3_stmt_readonly(pointer)),
    };
  }

  #finalizeOldest() {
    const [sql, { handle }] = /** @type {[string, Statement]} */ (this.#bySql.entries().next().value);
    handle.finalize();
    this.#bySql.delete(sql);
  }

  /**
   * Run to the end, or to the first row.
   * @param {Statement} statement @param {Params} params @param {number} [most] rows wanted
   * @returns {Record<string, any>[]}
   */
  rows(statement, params, most = Infinity) {
    const rows = [];
    try {
      this.#bind(statement, params);
      while (this.#step(statement)) {
        rows.push(this.#row(statement));
        if (rows.length >= most) break;
      }
    } finally {
      this.#exports.sqlite3_reset(statement.pointer);
      if (statement.names.length) this.#exports.sqlite3_clear_bindings(statement.pointer);
    }
    return rows;
  }

  close() {
    for (const { handle } of this.#bySql.values()) handle.finalize();
    this.#bySql.clear();
  }

  /** @param {Statement} statement @param {Params} params */
  #bind({ handle, names }, params) {
    names.forEach((name, i) => {
      const value = params[name];
      if (name === null) throw new TypeError("use named parameters (:name), not ?");
      if (value === undefined) throw new TypeError(`the query's parameter ${name} has no value`);
      handle.bind(i + 1, value);
    });
  }

  /** @param {Statement} statement @returns {boolean} is there a row? */
  #step({ pointer }) {
    const code = this.#exports.sqlite3_step(pointer);
    if (code === ROW) return true;
    if (code === DONE) return false;
    this.#database.checkRc(code);
    return false;
  }

  /** @param {Statement} statement */
  #row({ pointer, columns }) {
    /** @type {Record<string, any>} */
    const row = {};
    for (let i = 0; i < columns.length; i++) row[columns[i]] = this.#value(pointer, i);
    return row;
  }

  /** @param {number} pointer @param {number} i */
  #value(pointer, i) {
    const { capi } = this.#sqlite;
    switch (this.#exports.sqlite3_column_type(pointer, i)) {
      case capi.SQLITE_INTEGER:
        return this.#integer(pointer, i);
      case capi.SQLITE_FLOAT:
        return this.#exports.sqlite3_column_double(pointer, i);
      case capi.SQLITE_TEXT:
        return decoder.decode(this.#bytes(this.#exports.sqlite3_column_text(pointer, i), pointer, i));
      case capi.SQLITE_BLOB:
        return this.#bytes(this.#exports.sqlite3_column_blob(pointer, i), pointer, i).slice();
      default:
        return null;
    }
  }

  /** @param {number} pointer @param {number} i @returns {number | bigint} */
  #integer(pointer, i) {
    const number = this.#exports.sqlite3_column_double(pointer, i);
    return Number.isSafeInteger(number) ? number : this.#exports.sqlite3_column_int64(pointer, i);
  }

  /**
   * A view: copy it before SQLite is called again.
   * @param {number} address @param {number} pointer @param {number} i
   */
  #bytes(address, pointer, i) {
    const count = this.#exports.sqlite3_column_bytes(pointer, i);
    return this.#sqlite.wasm.heap8u().subarray(address, address + count);
  }
}
