/**
 * How long this device may be read without contact.  After so many days of the firm's choice its pages stay closed until
 * the server was met once; nothing is deleted, and what was typed is sent then.
 *
 * Time that passes is counted forwards only: a clock that was set back takes nothing away, and goes on counting from
 * where it stands.  What passes while nobody opens the app is known from the clock alone: whoever sets it back before
 * opening it gains that time.
 *
 * @typedef {{seen_ms: number, away_ms: number}} Lease when the clock was looked at last; how long there was no contact
 */

const DAY_MS = 86_400_000;
const DEFAULT_DAYS = 30; // as server/devices/lease.py
const WARN_DAYS = 3;
const KEPT_EVERY_MS = 600_000;
const LEASE = "lease";
const DAYS = "SELECT value FROM firm_setting WHERE key = 'lease_days' ORDER BY id LIMIT 1";

/** Contact. @param {number} now @returns {Lease} */
export function begun(now) {
  return { seen_ms: now, away_ms: 0 };
}

/** @param {Lease} lease @param {number} now @returns {Lease} */
export function passed({ seen_ms: seen, away_ms: away }, now) {
  return { seen_ms: now, away_ms: away + Math.max(0, now - seen) };
}

/** What is left, in milliseconds; null: it never ends. @param {Lease} lease @param {number} days 0: never */
export function leftOf({ away_ms: away }, days) {
  return days > 0 ? days * DAY_MS - away : null;
}

/** The lease of one replica, counted in memory and kept with it now and then. */
export class LeaseClock {
  /** @type {Lease|null} */ #lease = null;
  #kept = { seen_ms: 0, away_ms: 0 };
  /** @type {any} */ #replica = null;

  /** Look at the clock.  @param {any} replica @param {number} now
   * @returns {{days: number, isOver: boolean, left_days: number|null}} left_days: where it ends soon */
  look(replica, now) {
    const lease = this.#of(replica, now);
    this.#lease = passed(lease, now);
    const days = daysOf(replica);
    const left = leftOf(this.#lease, days);
    const isOver = left !== null && left <= 0;
    if (Math.abs(now - this.#kept.seen_ms) >= KEPT_EVERY_MS) this.#keep(replica);
    const leftDays = left !== null && left > 0 && left <= WARN_DAYS * DAY_MS ? Math.ceil(left / DAY_MS) : null;
    return { days, isOver, left_days: leftDays };
  }

  /** The server was met. @param {any} replica @param {number} now */
  met(replica, now) {
    const { away_ms: away } = this.#of(replica, now);
    this.#lease = begun(now);
    if (away > 0 || Math.abs(now - this.#kept.seen_ms) >= KEPT_EVERY_MS) this.#keep(replica);
  }

  /** @param {any} replica @param {number} now @returns {Lease} */
  #of(replica, now) {
    if (this.#replica !== replica) {
      this.#replica = replica;
      this.#lease = leaseIn(replica);
      this.#kept = this.#lease ?? { seen_ms: 0, away_ms: 0 };
    }
    return (this.#lease ??= begun(now));
  }

  /** @param {any} replica */
  #keep(replica) {
    const lease = /** @type {Lease} */ (this.#lease);
    this.#kept = lease;
    replica.tx(() => replica.setMeta(LEASE, JSON.stringify(lease))).catch(() => {}); // counted in memory until it can be
  }
}

/** @param {any} replica @returns {Lease|null} */
function leaseIn(replica) {
  const text = replica.meta(LEASE);
  return text ? JSON.parse(text) : null;
}

/** @param {any} replica */
function daysOf(replica) {
  const text = replica.value(DAYS);
  return /^\d{1,4}$/.test(text ?? "") ? Number(text) : DEFAULT_DAYS;
}
