/**
 * Take one answer of `/sync` into the replica, line by line.  Rows and the cursor that covers them are
 * committed together, so that an answer may be cut anywhere.  No HTTP and no timers here.
 *
 * Order of lines: hello, outcomes, forgets, rows, end (sync/PROTOCOL.md).
 */

import { acknowledge } from "./outbox.js";
import { settle, slideUnder } from "./overlay.js";
import { dropAcknowledged } from "./sent.js";
import { dropAged, dropBucket, isInBucket, laidOver, takeLine } from "./tables.js";

/** @typedef {import("./tables.js").Table} Table */

export class Intake {
  /** What the open pages should hear of: entities whose rows may look different. @type {Set<string>} */
  changed = new Set();
  isWhole = false;
  /** A cut answer goes on to where it would have ended: its end does not cover what was accepted since. */
  #isResumed;
  #replica;
  #tables;
  #now;
  /** @type {import("./outbox.js").Outcome[]} */
  #outcomes = [];
  /** Operations whose outcome has not come yet: outcomes come in the order of operations. @type {string[]} */
  #sent;
  /** @type {any[]} */
  #forgets = [];

  /** @param {any} replica @param {Map<string, Table>} tables @param {() => number} now @param {string[]} [sent] ids of operations */
  constructor(replica, tables, now, sent = []) {
    this.#sent = [...sent];
    this.#replica = replica;
    this.#tables = tables;
    this.#now = now;
    this.#isResumed = replica.meta("mid_round") === "1";
  }

  /** These are the rows of a first sync, which a person waits for. */
  get isFirst() {
    return this.#replica.meta("first_sync_done") !== "1";
  }

  /** How many of them are here, over all answers. */
  get rowsHere() {
    return Number(this.#replica.meta("rows_here") || 0);
  }

  /** How many there will be, about. */
  get rowsExpected() {
    return Number(this.#replica.meta("rows_expected") || 0);
  }

  /** The end came, and what was acknowledged may still be on its way. */
  get isBehind() {
    return this.isWhole && this.#isResumed;
  }

  /** @param {any} message a parsed line, not the hello */
  async take(message) {
    if (message.outcome) this.#outcomes.push({ id: this.#sent.shift(), ...message.outcome });
    else if (message.forget) this.#forgets.push(message.forget);
    else if (message.rows) await this.#commit(message.cursor, "1", () => this.#takeRows(message));
    else if (message.end) await this.#commit(message.end.cursor, "", () => this.#finish(message.end.safe));
    // Any other line is of a newer server: nothing that this release could do with it.
  }

  /** Outcomes count even when the rest of the answer was cut. */
  async keepOutcomes() {
    if (this.#outcomes.length) await this.#replica.tx(() => this.#acknowledge());
  }

  /** @param {string} cursor @param {'1'|''} midRound @param {() => void} change */
  async #commit(cursor, midRound, change) {
    await this.#replica.tx(() => {
      this.#acknowledge();
      this.#forget();
      change();
      this.#replica.setMeta("cursor", cursor);
      this.#replica.setMeta("mid_round", midRound);
    });
  }

  #acknowledge() {
    if (!this.#outcomes.length) return;
    acknowledge(this.#replica, this.#outcomes);
    this.#outcomes = [];
    this.changed.add("outbox");
  }

  #forget() {
    for (const { bucket, rows } of this.#forgets) {
      if (bucket) for (const table of this.#tables.values()) this.#forgetBucket(table, bucket[0], bucket[1]);
      if (rows) this.#forgetRows(this.#tables.get(rows[0]), rows[1]);
    }
    this.#forgets = [];
  }

  /** @param {Table} table @param {string} kind @param {string} key */
  #forgetBucket(table, kind, key) {
    const statements = dropBucket(table, kind);
    if (!statements.length) return;
    for (const statement of statements) this.#replica.run(statement, { ":key": key });
    for (const { row_id: id, row } of this.#laidOver(table)) {
      if (row !== null && isInBucket(table, JSON.parse(row), kind, key)) slideUnder(this.#replica, table, id, null);
    }
    this.changed.add(table.name);
  }

  /** @param {Table|undefined} table @param {string[]} ids */
  #forgetRows(table, ids) {
    if (!table) return;
    const laidOver = new Set(this.#laidOver(table).map(({ row_id: id }) => id));
    for (const id of ids) {
      if (laidOver.has(id)) slideUnder(this.#replica, table, id, null);
      else this.#replica.run(table.remove, { ":id": id });
    }
    this.changed.add(table.name);
  }

  /** @param {{rows: string, columns: string[], line: string}} message */
  #takeRows({ rows: name, columns, line }) {
    const table = this.#tables.get(name);
    if (!table) return; // an entity of a newer release
    const taken = takeRows(this.#replica, table, columns, line);
    if (this.isFirst) this.#replica.setMeta("rows_here", this.rowsHere + taken);
    this.changed.add(name);
  }

  /** @param {number} [safe] */
  #finish(safe) {
    const replica = this.#replica;
    if (!this.#isResumed) {
      for (const entity of dropAcknowledged(replica, this.#tables, safe)) this.changed.add(entity);
    }
    this.#dropAged();
    replica.setMeta("last_sync_ms", String(this.#now()));
    replica.setMeta("first_sync_done", "1");
    this.isWhole = true;
  }

  /** The window moved forward, or rows came that lie before it by now. */
  #dropAged() {
    const window = this.#replica.meta("window_ms");
    if (!window || (window === this.#replica.meta("window_done") && !this.changed.size)) return;
    for (const table of this.#tables.values()) {
      const statement = dropAged(table);
      if (statement && this.#replica.run(statement, { ":window": Number(window) })) this.changed.add(table.name);
    }
    this.#replica.setMeta("window_done", window);
  }

  /** @param {Table} table @returns {Array<{row_id: string, row: string|null}>} */
  #laidOver(table) {
    return this.#replica.all("SELECT row_id, row FROM base WHERE entity = :entity", { ":entity": table.name });
  }
}

/** Whole rows from the wire; under unsent edits they slide in.
 * @param {any} replica @param {Table} table @param {string[]} columns @param {string} line @returns {number} how many */
export function takeRows(replica, table, columns, line) {
  let taken = replica.run(takeLine(table, columns), { ":line": line });
  for (const { row } of replica.all(laidOver(table, columns), { ":line": line })) {
    const fresh = JSON.parse(row);
    slideUnder(replica, table, fresh.id, fresh);
    taken += 1;
  }
  return taken;
}

/** Empty the replica of rows, not of the outbox: the next answer brings them all.
 * @param {any} replica @param {Map<string, Table>} tables */
export function dropRows(replica, tables) {
  for (const table of [...tables.values()].reverse()) replica.run(`DELETE FROM ${table.name}`);
  for (const { entity, row_id: rowId } of replica.all("SELECT entity, row_id FROM base")) {
    replica.run("UPDATE base SET row = NULL WHERE entity = :entity AND row_id = :row_id", {
      ":entity": entity,
      ":row_id": rowId,
    });
    const table = tables.get(entity);
    if (table) settle(replica, table, rowId);
  }
  replica.setMeta("cursor", "");
  replica.setMeta("mid_round", "");
  replica.setMeta("rows_here", "0");
  replica.setMeta("proved_ms", "");
  replica.setMeta("first_sync_done", "");
}
