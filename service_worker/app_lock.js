/**
 * The lock of the app on this device: a PIN, or a passkey of the device.  It keeps a colleague out who picks the phone
 * up.  It does not encrypt what lies in the browser's storage, and never claims to: whoever can read that storage needs
 * no PIN.
 *
 * What is kept: how a PIN is recognised (slowly), never the PIN; how often it was wrong; until when the app is open.
 * Where that is not known the app is locked.
 *
 * @typedef {object} Lock
 * @property {'pin'|'passkey'} kind
 * @property {number} minutes after which it locks while nobody looks
 * @property {string} [salt] base64
 * @property {number} [iterations]
 * @property {string} [hash] base64
 * @property {string} [key_id] base64url, of a passkey
 * @property {string} [key] its public key, base64 of a SubjectPublicKeyInfo
 * @property {number} [alg] its COSE algorithm
 * @property {number} failures
 * @property {number} wait_until_ms
 * @property {string} user whose rows it keeps
 * @property {boolean} [is_left] that person signs in anew: the session here was ended
 */

import { decoded, encoded, isProof } from "./app_lock_passkey.js";

const LOCK = "app_lock";
const OPEN = "app_open";
export const MINUTES = [1, 5, 15];
// OWASP's advice for PBKDF2 with SHA-256; a few hundred milliseconds on a slow phone.
const ITERATIONS = 600_000;
const MOST_TRIES = 10;
// After the third wrong PIN, and each further one.
const WAITS_MS = [30_000, 60_000, 300_000, 900_000, 1_800_000, 3_600_000, 3_600_000];
const FREE_TRIES = 2;
const KEPT_EVERY_MS = 15_000;
const CLOCK_MS = 60_000;
export const PIN = /^[0-9]{6,12}$/;

export class AppLock {
  /** What a passkey has to sign, made anew for each page. */
  challenge = "";
  #openAt = 0;
  /** Whether the session had been ended when the server was asked last. */
  #wasLeft = false;

  /** @param {any} replica @returns {Lock|null} */
  of(replica) {
    const text = replica.meta(LOCK);
    return text ? JSON.parse(text) : null;
  }

  /** @param {any} replica @param {number} now */
  isLocked(replica, now) {
    const lock = this.of(replica);
    if (!lock) return false;
    const at = Math.max(this.#openAt, Number(replica.meta(OPEN) || 0));
    return !at || isSpent(lock) || now - at > lock.minutes * 60_000 || now < at - CLOCK_MS;
  }

  /** Somebody looks at the open app. @param {any} replica @param {number} now */
  async touch(replica, now) {
    this.#openAt = now;
    if (now - Number(replica.meta(OPEN) || 0) >= KEPT_EVERY_MS) await replica.tx(() => replica.setMeta(OPEN, now));
  }

  /** @param {any} replica */
  async close(replica) {
    this.#openAt = 0;
    await replica.tx(() => replica.setMeta(OPEN, ""));
  }

  /** A new one, in place of what was there; the app is open. @param {any} replica @param {Partial<Lock>} how @param {number} now */
  async set(replica, how, now) {
    const user = replica.meta("user") ?? "";
    await this.#store(replica, /** @type {Lock} */ ({ ...how, user, failures: 0, wait_until_ms: 0 }), now);
  }

  /** The session here was ended: whoever signs in now opens it. @param {any} replica */
  async leave(replica) {
    const lock = this.of(replica);
    if (lock) await replica.tx(() => replica.setMeta(LOCK, JSON.stringify({ ...lock, is_left: true })));
  }

  /** The server is about to be asked. @param {any} replica */
  asked(replica) {
    this.#wasLeft = Boolean(this.of(replica)?.is_left);
  }

  /** The server has said who is signed in.  An answer to what was asked before the session here was ended tells nothing of
   * who is there now. @param {any} replica */
  async met(replica) {
    const lock = this.of(replica);
    const isSignedInAgain = lock?.is_left && this.#wasLeft;
    if (lock && (isSignedInAgain || lock.user !== replica.meta("user"))) await this.remove(replica);
  }

  /** @param {any} replica */
  async remove(replica) {
    this.#openAt = 0;
    if (this.of(replica)) await replica.tx(() => [LOCK, OPEN].forEach((name) => replica.setMeta(name, "")));
  }

  /**
   * Try to open it.  Each try is written down before it is looked at: whoever stops the worker in between gains none.
   * @param {any} replica @param {{pin?: string, proof?: string}} given @param {number} now
   * @returns {Promise<'open'|'wrong'|'wait'|'spent'>}
   */
  async unlock(replica, given, now) {
    const lock = this.of(replica);
    if (!lock) return "open";
    if (isSpent(lock)) return "spent";
    if (waitOf(lock, now)) return "wait";
    const failures = lock.failures + 1;
    const tried = { ...lock, failures, wait_until_ms: now + (WAITS_MS[failures - 1 - FREE_TRIES] ?? 0) };
    await replica.tx(() => replica.setMeta(LOCK, JSON.stringify(tried)));
    if (!(await this.#fits(lock, given))) return isSpent(tried) ? "spent" : "wrong";
    await this.#store(replica, { ...lock, failures: 0, wait_until_ms: 0 }, now);
    return "open";
  }

  /** Is this the PIN, or a proof of the passkey? @param {Lock} lock @param {{pin?: string, proof?: string}} given */
  async #fits(lock, { pin = "", proof = "" }) {
    if (lock.kind === "passkey") return isProof(lock, proof, this.#challengeOnce());
    return PIN.test(pin) && (await derived(pin, lock.salt ?? "", lock.iterations ?? ITERATIONS)) === lock.hash;
  }

  /** Whatever came of it, the same signature opens nothing a second time. */
  #challengeOnce() {
    const asked = this.challenge;
    this.challenge = "";
    return asked;
  }

  /** @param {any} replica @param {Lock} lock @param {number} now */
  async #store(replica, lock, now) {
    this.#openAt = now;
    await replica.tx(() => {
      replica.setMeta(LOCK, JSON.stringify(lock));
      replica.setMeta(OPEN, now);
    });
  }
}

/** How a PIN is recognised. @param {string} pin @returns {Promise<Pick<Lock, 'kind'|'salt'|'iterations'|'hash'>>} */
export async function pinLock(pin) {
  const salt = encoded(crypto.getRandomValues(new Uint8Array(16)));
  return { kind: "pin", salt, iterations: ITERATIONS, hash: await derived(pin, salt, ITERATIONS) };
}

/** @param {Lock} lock */
export function isSpent({ failures }) {
  return failures >= MOST_TRIES;
}

/** How long until the next try, 0 for now. A clock that was set back by much does not make it longer for ever.
 * @param {Lock} lock @param {number} now */
export function waitOf({ wait_until_ms: until }, now) {
  return Math.min(Math.max(0, until - now), WAITS_MS[WAITS_MS.length - 1]);
}

/** @param {string} pin @param {string} salt @param {number} iterations */
async function derived(pin, salt, iterations) {
  const key = await crypto.subtle.importKey("raw", new TextEncoder().encode(pin), "PBKDF2", false, ["deriveBits"]);
  const how = { name: "PBKDF2", hash: "SHA-256", salt: decoded(salt), iterations };
  return encoded(new Uint8Array(await crypto.subtle.deriveBits(how, key, 256)));
}
