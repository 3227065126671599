/**
 * How much one line of an answer may carry: on a line that breaks or falls silent little, so that each piece
 * that arrives is kept, and more again once answers come whole.  Outlives the worker: a bad line often does.
 */

const MOST_ROWS = 5_000;
const LEAST_ROWS = 100;
const STEP = 4;

export class Pace {
  #replica;

  /** @param {any} replica */
  constructor(replica) {
    this.#replica = replica;
  }

  /** @returns {number} rows */
  get chunk() {
    return Number(this.#replica.meta("chunk") || MOST_ROWS);
  }

  slower() {
    return this.#set(Math.max(LEAST_ROWS, Math.floor(this.chunk / STEP)));
  }

  faster() {
    return this.#set(Math.min(MOST_ROWS, this.chunk * STEP));
  }

  /** @param {number} rows */
  async #set(rows) {
    if (rows !== this.chunk) await this.#replica.tx(() => this.#replica.setMeta("chunk", rows));
  }
}
