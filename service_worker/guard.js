/**
 * Whether this device may show anything now, and what opens it again: the lease (lease.js) and the app lock (app_lock.js)
 * of whatever replica is open.  Who asks decides nothing: every page, file and notification asks here first.
 *
 * @typedef {'' | 'lease' | 'app' | 'set_up'} Locked '' for open; 'set_up': the firm wants a lock, and there is none yet
 */

import { AppLock, MINUTES, PIN, isSpent, pinLock, waitOf } from "./app_lock.js";
import { newChallenge, passkeyLock } from "./app_lock_passkey.js";
import { LeaseClock } from "./lease.js";

const ASKED_FOR = "SELECT count(*) FROM firm_setting WHERE key = 'app_lock' AND value = 'required'";

export class Guard {
  #lock = new AppLock();
  #lease = new LeaseClock();

  /** @param {any} replica @param {number} now @param {boolean} hasRows @returns {Locked} */
  locked(replica, now, hasRows) {
    if (this.#lock.isLocked(replica, now)) return "app";
    if (!hasRows) return "";
    if (this.#lease.look(replica, now).isOver) return "lease";
    return this.#isAskedFor(replica) && !this.#lock.of(replica) ? "set_up" : "";
  }

  /** For templates: `sync` has these. @param {any} replica @param {number} now @param {Locked} locked */
  words(replica, now, locked) {
    const { days, left_days: left } = this.#lease.look(replica, now);
    const lock = this.#lock.of(replica);
    return {
      locked,
      lease_days: days,
      lease_left: left,
      lock_kind: lock?.kind ?? "",
      lock_minutes: lock?.minutes ?? 5,
      lock_asked: this.#isAskedFor(replica),
      lock_spent: Boolean(lock && isSpent(lock)),
      lock_wait_s: lock ? Math.ceil(waitOf(lock, now) / 1000) : 0,
      lock_key: lock?.key_id ?? "",
      lock_challenge: this.#lock.challenge,
    };
  }

  /** The server is asked something: what it says to it may open this app. @param {any} replica */
  asked(replica) {
    this.#lock.asked(replica);
  }

  /** The server was met. @param {any} replica @param {number} now */
  async met(replica, now) {
    this.#lease.met(replica, now);
    await this.#lock.met(replica);
  }

  /** Somebody looks at an open page. @param {any} replica @param {number} now */
  async touch(replica, now) {
    if (this.#lock.of(replica)) await this.#lock.touch(replica, now);
  }

  /** The app was started anew, or the person wants it locked. @param {any} replica */
  async close(replica) {
    if (this.#lock.of(replica)) await this.#lock.close(replica);
  }

  /** @param {any} replica */
  hasLock(replica) {
    return this.#lock.of(replica) !== null;
  }

  /** The session here was ended, so that the person signs in anew. @param {any} replica */
  async leave(replica) {
    await this.#lock.leave(replica);
  }

  /** A page that asks for a passkey is about to be made. */
  ask() {
    this.#lock.challenge = newChallenge();
  }

  /** @param {any} replica @param {Record<string, string>} form @param {number} now @returns {Promise<string>} code of what is wrong, '' for open */
  async unlock(replica, form, now) {
    const outcome = await this.#lock.unlock(replica, { pin: form.pin, proof: form.proof }, now);
    return outcome === "open" ? "" : outcome;
  }

  /**
   * What the page of the lock asks for: act = pin, passkey, minutes, off, now.  Who has a lock shows that they can open it.
   * @param {any} replica @param {Record<string, string>} form @param {number} now
   * @returns {Promise<Record<string, string>>} input name -> code of what is wrong
   */
  async change(replica, form, now) {
    if (form.act === "now") return this.#lock.close(replica).then(() => ({}));
    const minutes = MINUTES.includes(Number(form.minutes)) ? Number(form.minutes) : 5;
    if (form.act === "pin" && !PIN.test(form.pin_new ?? "")) return { pin_new: "pin_form" };
    if (form.act === "pin" && form.pin_new !== form.pin_again) return { pin_again: "pin_again" };
    const passkey = form.act === "passkey" ? passkeyLock(form.made ?? "") : null;
    if (form.act === "passkey" && !passkey) return { made: "passkey" };
    if (form.act === "off" && this.#isAskedFor(replica)) return { off: "asked_for" };
    const held = this.#lock.of(replica);
    const wrong = held ? await this.#lock.unlock(replica, { pin: form.pin, proof: form.proof }, now) : "open";
    if (wrong !== "open") return { [held?.kind === "pin" ? "pin" : "proof"]: wrong };
    if (form.act === "off") await this.#lock.remove(replica);
    else if (form.act === "pin") await this.#lock.set(replica, { ...(await pinLock(form.pin_new)), minutes }, now);
    else if (passkey) await this.#lock.set(replica, { ...passkey, minutes }, now);
    else if (held && form.act === "minutes") await this.#lock.set(replica, { ...held, minutes }, now);
    return {};
  }

  /** @param {any} replica */
  #isAskedFor(replica) {
    return replica.value(ASKED_FOR) > 0;
  }
}
