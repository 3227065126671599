/**
 * How a device is left, so that nothing of anybody stays on it: by signing out, by a farewell to whoever no longer works
 * here, or because the server wants it empty (wipe.js).  What was typed, and the photos that go with it, are safe before a
 * farewell or a wipe of a trusted owner takes anything away.
 */

import { allTyped } from "./sent.js";
import { leaveNoNotices } from "./subscription.js";
import { emptyAllElse, handIn, leftBehind, sayDone } from "./wipe.js";

/** @typedef {import("./host.js").Host} Host @typedef {import("./replica.js").Replica} Replica */

const TRIES = 5;
const PAUSE_MS = 1_000;

export class Leaving {
  #host;
  #letGo;
  #tell;
  /** @type {Promise<void>|null} */
  #emptying = null;
  #isEmptied = false;
  /** @type {Promise<boolean>|null} */
  #taking = null;

  /** @param {Host} host @param {{letGo: () => void, tell: (message: {type: string}) => void}} acts the replica is no longer used;
   * open pages hear of it */
  constructor(host, { letGo, tell }) {
    this.#host = host;
    this.#letGo = letGo;
    this.#tell = tell;
  }

  /** Nothing is to be made here any more, until somebody signs in. */
  get isClosed() {
    return this.#emptying !== null || this.#isEmptied;
  }

  /** Somebody signed in. */
  begin() {
    this.#isEmptied = false;
  }

  /** Signed out. */
  async forget() {
    const { files, kept } = this.#host;
    const replica = await this.#host.open();
    await files.leave(await kept.all()); // before: looking may make a database anew
    await this.#destroy(replica);
    await Promise.all((await caches.keys()).filter((name) => name.startsWith("roadbook-")).map((name) => caches.delete(name)));
    if ("clearAppBadge" in self.navigator) await self.navigator.clearAppBadge().catch(() => {});
    await leaveNoNotices();
  }

  /** Signed out before anybody's rows came: the empty replica need not stay. @param {Replica} replica */
  async nobody(replica) {
    if (!replica.meta("user") && !replica.value("SELECT count(*) FROM outbox")) await this.#destroy(replica);
  }

  /** This person no longer works here, or this device is to be emptied: once all is sent, and safe, leave nothing but what
   * was refused.  @param {Replica} replica @returns {Promise<boolean>} */
  async takeLeave(replica) {
    if (replica.meta("farewell") !== "1") return false;
    this.#taking ??= this.#takeLeave(replica).finally(() => (this.#taking = null));
    return this.#taking;
  }

  /** @param {Replica} replica @returns {Promise<boolean>} */
  async #takeLeave(replica) {
    const typed = allTyped(replica);
    if (typed.some(({ state }) => state !== "refused")) return false;
    if (!(await this.#areFilesSafe(replica))) return false;
    const word = replica.meta("wipe");
    if (word) {
      await this.empty(word, leftBehind(typed, await this.#host.kept.all()));
      return true;
    }
    await this.#host.kept.keep(/** @type {any[]} */ (typed));
    await this.forget();
    this.#tell({ type: "farewell" });
    return true;
  }

  /** @param {Replica} replica */
  async #areFilesSafe(replica) {
    const { files } = this.#host;
    await this.#host.filesGoing;
    for (let tries = 0; tries < TRIES; tries++) {
      if (files.waiting(replica).length) return false;
      if (await files.areAway(replica)) return true;
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS)); // they are away soon after they came
    }
    return false;
  }

  /** The server wants nothing to stay here.  What was begun goes on whenever this device is started again.
   * @param {string} word what to say when it is done @param {object[]} [left] what the server is given before */
  async empty(word, left = []) {
    const replica = await this.#host.open();
    if (left.length) await handIn(word, left);
    await replica.tx(() => replica.setMeta("wiping", word || "1"));
    this.#emptying ??= this.#emptyAll(replica, word);
    await this.#emptying;
  }

  /** A replica was opened: was emptying it under way? @param {Replica} replica */
  async goOn(replica) {
    const word = replica.meta("wiping");
    if (word) await (this.#emptying = this.#emptyAll(replica, word));
    return Boolean(word);
  }

  /** @param {Replica} replica @param {string} word */
  async #emptyAll(replica, word) {
    try {
      await emptyAllElse();
      this.#host.files.store.known.clear();
      await replica.destroy(); // last: it is what remembers that this is under way
      this.#letGo();
      this.#isEmptied = true;
      await sayDone(word === "1" ? "" : word);
      this.#tell({ type: "wiped" });
      await /** @type {any} */ (self).registration.unregister();
    } finally {
      this.#emptying = null;
    }
  }

  /** @param {Replica} replica */
  async #destroy(replica) {
    this.#letGo();
    await replica.destroy();
    await this.#host.kept.tidy();
  }
}
