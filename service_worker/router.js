/**
 * Which requests the worker answers, decided at once, without waiting: pages and their forms from the
 * replica, files of this build from the cache.  Everything else is the server's; where a person waits for
 * it without a signal, a page says so.
 */

import { isPartial } from "./answers.js";

/** @typedef {import("./answers.js").Answers} Answers @typedef {import("./host.js").Host} Host */
/** @typedef {{waitFor: (work: Promise<any>) => void, startId?: string}} Life keeps the worker alive until the work is done; the
 * window that a navigation opens */

const FILES = ["/static/", "/_/"];
const MANIFEST = "/manifest.webmanifest";
const SIGNING_IN = ["/sign-in", "/setup", "/invite"];
const SIGNING_OUT = "/sign-out";
const EXPORT = "/outbox/export.json";
const ATTACHMENTS = "/attachments/";
const LOCKED = "/locked";
const LOCK = "/me/app-lock";
/** What stays open while the app is locked: signing in, and why the device was emptied. */
const ALWAYS = [...SIGNING_IN, "/wiped"];

export class Router {
  #host;
  #answers;
  #pages;
  #asset;

  /**
   * @param {object} parts
   * @param {Host} parts.host
   * @param {Answers} parts.answers
   * @param {any} parts.pages
   * @param {(address: string|Request) => Promise<Response>} parts.asset
   */
  constructor({ host, answers, pages, asset }) {
    this.#host = host;
    this.#answers = answers;
    this.#pages = pages;
    this.#asset = asset;
  }

  /**
   * @param {Request} request @param {Life} life
   * @returns {Promise<Response>|null} null: the browser goes on as if there were no worker
   */
  route(request, life) {
    const url = new URL(request.url);
    if (url.origin !== self.location.origin) return null;
    if (request.method === "GET") return this.#get(request, url, life);
    if (request.method === "POST") return this.#post(request, url, life);
    return null;
  }

  /** @param {Request} request @param {URL} url @param {Life} life @param {() => Promise<Response>} answer */
  async #unlessLocked(request, url, life, answer) {
    if (ALWAYS.some((path) => url.pathname.startsWith(path))) return answer();
    const locked = await this.#host.lockedNow(() => isStart(request, life.startId)).catch((error) => {
      console.error("whether the app is locked cannot be said", error); // nor can anything here be read: the answer says so
      return /** @type {const} */ ("");
    });
    if (url.pathname === LOCK || locked) this.#host.guard.ask();
    if (locked && !(locked === "set_up" && url.pathname === LOCK)) return this.#answers.locked(request, url, locked);
    if (request.mode === "navigate") life.waitFor(this.#host.touch().catch(() => {}));
    return answer();
  }

  /** @param {Request} request @param {URL} url @param {Life} life */
  #get(request, url, life) {
    if (url.pathname === MANIFEST || FILES.some((folder) => url.pathname.startsWith(folder))) return this.#asset(request);
    const answer = this.#getter(request, url);
    return answer && this.#unlessLocked(request, url, life, answer);
  }

  /** @param {Request} request @param {URL} url @returns {(() => Promise<Response>)|null} */
  #getter(request, url) {
    if (url.pathname === EXPORT) return () => this.#answers.exportOutbox(url);
    if (url.pathname.startsWith(ATTACHMENTS)) return () => this.#answers.attachment(request, url.pathname.slice(ATTACHMENTS.length));
    const found = this.#pages.match(url.pathname);
    if (found && !isElsewhere(found.page, url)) return () => this.#answers.page({ request, url, found });
    const isPage = found || request.mode === "navigate" || isPartial(request);
    return isPage ? () => this.#answers.fromNetwork(request) : null;
  }

  /** @param {Request} request @param {URL} url @param {Life} life */
  #post(request, url, life) {
    if (url.pathname === LOCKED) return this.#answers.unlock(request, url);
    if (SIGNING_IN.some((path) => url.pathname.startsWith(path))) return this.#signIn(request, life);
    const answer = this.#poster(request, url, life);
    return answer && this.#unlessLocked(request, url, life, answer);
  }

  /** @param {Request} request @param {URL} url @param {Life} life @returns {(() => Promise<Response>)|null} */
  #poster(request, url, life) {
    if (url.pathname === SIGNING_OUT) return () => this.#signOut(request);
    if (url.pathname === LOCK) return () => this.#answers.changeLock(request, url);
    const found = this.#pages.match(url.pathname);
    if (!found) return request.mode === "navigate" ? () => this.#answers.fromNetwork(request) : null;
    if (found.page.host === "server") return () => this.#answers.fromNetwork(request);
    return () => this.#answers.post({ request, url, found }, () => life.waitFor(this.#host.sendEdits()));
  }

  /** The device forgets when the server has: not before, or an outbox would be lost for a sign-out that failed.
   * @param {Request} request */
  async #signOut(request) {
    const answer = await this.#answers.fromNetwork(request);
    if (hasMovedOn(answer)) await this.#host.forget().catch((error) => console.error("not all was forgotten", error));
    return answer;
  }

  /** Whoever signs in may be another person: the first thing to ask the server. @param {Request} request @param {Life} life */
  async #signIn(request, life) {
    const answer = await this.#answers.fromNetwork(request);
    if (!hasMovedOn(answer)) return answer;
    await this.#host.doubt().catch(() => {});
    life.waitFor(this.#host.sync("signed_in"));
    return answer;
  }
}

/** The app was opened: no other window of it is. @param {Request} request @param {string} [startId] */
async function isStart(request, startId) {
  if (request.mode !== "navigate") return false;
  const worker = /** @type {ServiceWorkerGlobalScope} */ (/** @type {unknown} */ (self));
  const windows = await worker.clients.matchAll({ type: "window", includeUncontrolled: true });
  return !windows.some(({ id }) => id !== startId);
}

/** Does only the server have what this page shows?  It says so itself, or whoever asks knows that it is not here.
 * @param {any} page @param {URL} url */
function isElsewhere(page, url) {
  return page.host === "server" || url.searchParams.get("server") === "1";
}

/** The server did what it was asked, and sends the person on. @param {Response} answer */
function hasMovedOn(answer) {
  return answer.type === "opaqueredirect" || answer.redirected;
}
