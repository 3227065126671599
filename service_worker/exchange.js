/**
 * One request to the server and what may come in place of its answer: silence, somebody else's page, a
 * refusal.  Nothing here knows of a replica, and nothing here tries again.
 */

import { Cut, encode, linesOf, within } from "./wire.js";

/** @typedef {{fetch: (address: string, init: RequestInit) => Promise<Response>, patience: typeof PATIENCE}} Wire */

// How long the answer may take to begin, and then to go on.
export const PATIENCE = { answerMs: 30_000, silenceMs: 20_000 };
const LONGEST_RETRY_AFTER_MS = 3_600_000; // a server that says "tomorrow" may be mended sooner

/** Why a round ended without success. `why` is a code for the status line:
 * offline, cut, portal, signed_out, wiped, too_old, malformed, refused, server, storage, storage_full. */
export class SyncStopped extends Error {
  /** @param {string} why @param {string} message @param {ErrorOptions & {retryAfterMs?: number, word?: string}} [options] */
  constructor(why, message, options) {
    super(message, options);
    this.why = why;
    /** How long the server asked to be left alone. */
    this.retryAfterMs = options?.retryAfterMs ?? 0;
    /** With `wiped`: what this device says once it is empty. */
    this.word = options?.word ?? "";
  }
}

/** @param {Wire} wire @param {string} address @param {object} request @returns {Promise<Response>} @throws {SyncStopped} */
export async function post({ fetch, patience }, address, request) {
  const { headers, body } = await encode(request);
  const call = new AbortController();
  try {
    // 'manual': a redirect is somebody else's sign-in page, never ours.
    return await within(patience.answerMs, fetch(address, {
      method: "POST", headers, body, redirect: "manual", cache: "no-store", signal: call.signal,
    }));
  } catch (error) {
    call.abort();
    throw new SyncStopped("offline", "the server cannot be reached", { cause: error });
  }
}

/** The lines of an answer that went well. @param {Wire} wire @param {Response} answer @returns {AsyncGenerator<string>} */
export function linesFrom({ patience }, answer) {
  if (!isKind(answer, "application/x-ndjson") || !answer.body) throw portal();
  return linesOf(answer.body, patience.silenceMs);
}

/** What a server that does not give lines says. @param {Response} answer
 * @returns {Promise<{error: string, reason?: string, word?: string}>} @throws {SyncStopped} where it is not our server, or cannot now */
export async function refusalOf(answer) {
  if (answer.status === NETWORK_SIGN_IN) throw portal();
  if (answer.status === TOO_MANY || answer.status >= 500) {
    const retryAfterMs = retryAfter(answer.headers.get("Retry-After"));
    throw new SyncStopped("server", `the server answered ${answer.status}`, { retryAfterMs });
  }
  if (answer.type === "opaqueredirect" || !isKind(answer, "application/json")) throw portal();
  return answer.json().catch(() => ({ error: "" }));
}

/** @param {{error: string, reason?: string, word?: string}} refusal @returns {SyncStopped} */
export function stopFor({ error, reason, word }) {
  return new SyncStopped(WHY[/** @type {keyof typeof WHY} */ (error)] ?? "refused", `${error}: ${reason ?? ""}`, { word });
}

/** Any error of a round as a reason. @param {any} error @returns {SyncStopped} */
export function stopped(error) {
  if (error instanceof Cut || error instanceof SyntaxError) return new SyncStopped("cut", "the answer was cut", { cause: error });
  if (error instanceof SyncStopped) return error;
  const why = error?.name === "QuotaExceeded" ? "storage_full" : "storage";
  return new SyncStopped(why, error.message, { cause: error });
}

const TOO_MANY = 429;
const NETWORK_SIGN_IN = 511;
const WHY = { signed_out: "signed_out", wiped: "wiped", too_old: "too_old", malformed: "malformed", cross_site: "refused" };

/** Seconds, or a date. @param {string|null} said */
function retryAfter(said) {
  if (!said) return 0;
  const ms = /^\d+$/.test(said.trim()) ? Number(said) * 1000 : Date.parse(said) - Date.now();
  return Math.min(Math.max(ms || 0, 0), LONGEST_RETRY_AFTER_MS);
}

/** @param {Response} answer @param {string} kind */
function isKind(answer, kind) {
  return (answer.headers.get("Content-Type") ?? "").startsWith(kind);
}

/** A hotel or a train answers in the server's name. */
function portal() {
  return new SyncStopped("portal", "this network asks you to sign in");
}
