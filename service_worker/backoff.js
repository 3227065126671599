/**
 * When the server may be asked again after a failure: later each time, never two devices in step, and never
 * before the moment that the server itself named.  Whatever a person does starts it anew, but for that moment.
 */

const FIRST_MS = 2_000;
const MOST_MS = 300_000;
const SPREAD = 0.3;

export class Backoff {
  #failures = 0;
  #nextAt = 0;
  #now;
  #random;
  /** The moment before which the server asked to be left alone. */
  notBefore = 0;

  /** @param {() => number} [now] @param {() => number} [random] */
  constructor(now = Date.now, random = Math.random) {
    this.#now = now;
    this.#random = random;
  }

  /** @param {number} [retryAfterMs] */
  failed(retryAfterMs = 0) {
    const wait = Math.min(FIRST_MS * 2 ** this.#failures, MOST_MS);
    this.#failures += 1;
    this.#nextAt = this.#now() + wait * (1 - SPREAD + 2 * SPREAD * this.#random());
    if (retryAfterMs) this.notBefore = this.#now() + retryAfterMs;
  }

  succeeded() {
    this.#failures = this.#nextAt = this.notBefore = 0;
  }

  /** A person did something, or the signal came back: it may be worth it at once. */
  hurry() {
    this.#failures = this.#nextAt = 0;
  }

  /** @returns {number} ms until the server may be asked, 0 for now */
  get wait() {
    return Math.max(0, Math.max(this.#nextAt, this.notBefore) - this.#now());
  }
}
