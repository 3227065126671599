/**
 * Take one answer of `/sync` into the replica, line by line.  Rows and the cursor that covers them are
 * committed together, so that an answer may be cut anywhere.  No HTTP and no timers here.
 *
 * Order of lines: hello, outcomes, forgets, rows, end (sync/PROTOCOL.md).
 */

import { acknowledge, dropAcknowledged } from "./outbox.js";
import { settle, slideUnder } from "./overlay.js";
import { dropBucket, isInBucket, laidOver, takeLine } from "./tables.js";

/** @typedef {import("./tables.js").Table} Table */

export class Intake {
  /** What the open pages should hear of: entities whose rows may look different. @type {Set<string>} */
  changed = new Set();
  rows = 0;
  isWhole = false;
  /** A cut answer goes on to where it would have ended: its end does not cover what was accepted since. */
  #isResumed;
  #replica;
  #tables;
  #now;
  /** @type {import("./outbox.js").Outcome[]} */
  #outcomes = [];
  /** @type {any[]} */
  #forgets = [];

  /** @param {any} replica @param {Map<string, Table>} tables @param {() => number} now */
  constructor(replica, tables, now) {
    this.#replica = replica;
    this.#tables = tables;
    this.#now = now;
    this.#isResumed = replica.meta("mid_round") === "1";
  }

  /** The end came, and what was acknowledged may still be on its way. */
  get isBehind() {
    return this.isWhole && this.#isResumed;
  }

  /** @param {any} message a parsed line, not the hello */
  async take(message) {
    if (message.outcome) this.#outcomes.push(message.outcome);
    else if (message.forget) this.#forgets.push(message.forget);
    else if (message.rows) await this.#commit(message.cursor, "1", () => this.#takeRows(message));
    else if (message.end) await this.#commit(message.end.cursor, "", () => this.#finish());
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
    const replica = this.#replica;
    this.rows += replica.run(takeLine(table, columns), { ":line": line });
    for (const { row } of replica.all(laidOver(table, columns), { ":line": line })) {
      const fresh = JSON.parse(row);
      slideUnder(replica, table, fresh.id, fresh);
      this.rows += 1;
    }
    this.changed.add(name);
  }

  #finish() {
    if (!this.#isResumed) {
      for (const entity of dropAcknowledged(this.#replica, this.#tables)) this.changed.add(entity);
    }
    this.#replica.setMeta("last_sync_ms", String(this.#now()));
    this.#replica.setMeta("first_sync_done", "1");
    this.isWhole = true;
  }

  /** @param {Table} table @returns {Array<{row_id: string, row: string|null}>} */
  #laidOver(table) {
    return this.#replica.all("SELECT row_id, row FROM base WHERE entity = :entity", { ":entity": table.name });
  }
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
  replica.setMeta("first_sync_done", "");
}
