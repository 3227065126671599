/**
 * Files on this device: what was chosen here goes up by itself, each file alone; what is looked at stays here; what nobody names
 * any more goes.  Operations never wait for any of it.  A file leaves the device only when the server has it, away from its
 * own disk, too, and its row is safe there; or when it was kept so long that nobody counts on it.
 */

import { hashOf } from "./attachments_posted.js";
import { FileStore } from "./attachments_store.js";
import { PieceSize, UploadRefused, upload } from "./attachments_upload.js";
import { Backoff } from "./backoff.js";

/** @typedef {import("./attachments_store.js").About} About */

const BUDGET = 60_000_000; // of what was fetched; what was not sent is held beyond it
const AHEAD = 30_000_000; // fetched before anybody looks, in one round
const SETTLED_MS = 3_600_000; // so long the server's word that it has a file is believed against its row
const GRACE_MS = 86_400_000; // a form that was refused may be sent again with its photos
const USED_STEP_MS = 600_000;
const ASK_STEP_MS = 60_000; // so often the server is asked whether what it was given is away from its disk
const SAFE_SOON_MS = 3_000; // it is away soon after it came
const ASK_MOST = 100;
const KEPT_MS = 30 * 86_400_000; // so long, and so much, is kept for a server that never says so
const KEPT_BYTES = 200_000_000;

// What a row of this person waits for.
const WANTED = "SELECT DISTINCT hash FROM attachment WHERE stored_at_ms IS NULL AND (owner_id = :me OR created_by = :me)";
// What the server, or its copy elsewhere, may not have yet.
const UNSAFE = `SELECT op ->> '$.set.hash' AS hash FROM outbox WHERE entity = 'attachment'
  UNION SELECT op ->> '$.set.hash' FROM sent WHERE entity = 'attachment'
  UNION SELECT hash FROM attachment WHERE stored_at_ms IS NULL`;
// Receipts of what waits for this person.
const TO_DECIDE = `SELECT t.hash, t.bytes FROM attachment t JOIN approval a ON a.id = t.approval_id
  WHERE a.state = 'pending' AND t.stored_at_ms IS NOT NULL AND EXISTS (SELECT 1 FROM json_each(a.waiting_ids) w WHERE w.value IN (SELECT value FROM json_each(:stands)))
  GROUP BY t.hash ORDER BY max(a.submitted_at_ms) DESC, t.hash`;

export class Attachments {
  store = new FileStore();
  isSending = false;
  #fetch;
  #onChange;
  #size = new PieceSize();
  /** @type {Map<string, Backoff>} */
  #backoffs = new Map();
  /** @type {Promise<void>|null} */
  #going = null;
  #again = false;
  #askedAt = 0;

  /** @param {{fetch?: (address: string, init: RequestInit) => Promise<Response>, onChange?: () => void}} [parts] */
  constructor({ fetch = (address, init) => self.fetch(address, init), onChange = () => {} } = {}) {
    this.#fetch = fetch;
    this.#onChange = onChange;
  }

  /** What is here and has yet to go. @param {any} replica @returns {About[]} */
  waiting(replica) {
    if (!this.store.known.size) return [];
    const now = Date.now();
    const epoch = replica.meta("epoch");
    return this.#wanted(replica).filter(
      (about) => !about.refused && !(about.epoch === epoch && now - (about.sent_at_ms ?? 0) < SETTLED_MS),
    );
  }

  /** What the server does not take. @param {any} replica @returns {Array<{name: string, reason: string, approval_id: string}>} */
  refused(replica) {
    if (!this.store.known.size) return [];
    return this.#wanted(replica).filter(({ refused }) => refused).map((about) => ({
      name: about.name,
      reason: about.refused ?? "",
      approval_id: replica.value("SELECT approval_id FROM attachment WHERE hash = :hash ORDER BY id LIMIT 1", { ":hash": about.hash }),
    }));
  }

  /** @param {any} replica @returns {About[]} oldest first */
  #wanted(replica) {
    const hashes = replica.all(WANTED, { ":me": replica.meta("user") ?? "" }).map((/** @type {any} */ row) => row.hash);
    const here = hashes.map((/** @type {string} */ hash) => this.store.known.get(hash)).filter(Boolean);
    return here.sort((/** @type {About} */ a, /** @type {About} */ b) => a.at_ms - b.at_ms);
  }

  /** How long until it makes sense to try again, 0 for now. @param {any} replica */
  wait(replica) {
    const waits = this.waiting(replica).map(({ hash }) => this.#backoffs.get(hash)?.wait ?? 0);
    return waits.length ? Math.min(...waits) : 0;
  }

  /** A person did something, or the signal came back. */
  hurry() {
    for (const backoff of this.#backoffs.values()) backoff.hurry();
  }

  /** Send what waits, then fetch what will be wanted.  Never throws; one round at a time.
   * @param {any} replica @param {() => string} standsOf for whom this person decides, a JSON list */
  go(replica, standsOf) {
    this.#again = this.#going !== null;
    this.#going ??= this.#rounds(replica, standsOf)
      .catch((error) => console.error("files could not be looked after", error))
      .finally(() => (this.#going = null));
    return this.#going;
  }

  /** @param {any} replica @param {() => string} standsOf */
  async #rounds(replica, standsOf) {
    await this.store.load();
    do {
      this.#again = false;
      await this.#send(replica);
    } while (this.#again);
    await this.#askWhatIsSafe().catch((error) => console.warn("it is not known which files are safe", error));
    await this.#fetchAhead(replica, standsOf());
  }

  /** What was given to the server, and may be on its disk alone. @returns {About[]} newest first */
  #unsafe() {
    const now = Date.now();
    const kept = [...this.store.known.values()].filter(({ is_own, sent_at_ms, is_safe }) => is_own && sent_at_ms && !is_safe && now - sent_at_ms < KEPT_MS);
    let room = KEPT_BYTES;
    return kept.sort((a, b) => b.at_ms - a.at_ms).filter(({ bytes }) => (room -= bytes) >= 0);
  }

  /** This device is about to be emptied: is what it brought away from the server's own disk, too?  What no row names any more
   * goes nowhere. @param {any} replica */
  async areAway(replica) {
    const named = new Set(hashesOf(replica.all("SELECT DISTINCT hash FROM attachment")));
    const left = () => this.#unsafe().filter(({ hash }) => named.has(hash)).length;
    if (!left()) return true;
    this.#askedAt = 0;
    await this.#askWhatIsSafe().catch((error) => console.warn("it is not known which files are safe", error));
    return !left();
  }

  async #askWhatIsSafe() {
    const hashes = this.#unsafe().map(({ hash }) => hash).slice(-ASK_MOST);
    if (!hashes.length || Date.now() - this.#askedAt < ASK_STEP_MS) return;
    this.#askedAt = Date.now();
    const headers = { "Content-Type": "application/json", "Tus-Resumable": "1.0.0" };
    const init = /** @type {RequestInit} */ ({ method: "POST", headers, body: JSON.stringify({ hashes }), redirect: "manual", cache: "no-store" });
    const answer = await this.#fetch("/uploads/safe", { ...init, signal: AbortSignal.timeout(ASK_STEP_MS) });
    // A hotel answers in the server's name, and an older server knows nothing of this.
    if (!answer.ok || !answer.headers.has("Tus-Resumable")) return;
    for (const hash of (await answer.json()).safe) await this.store.note(hash, { is_safe: true });
  }

  /** @param {any} replica */
  async #send(replica) {
    try {
      for (const about of this.waiting(replica)) {
        if (this.#backoffs.get(about.hash)?.wait) continue;
        this.isSending = true;
        this.#onChange();
        await this.#sendOne(replica, about);
      }
    } finally {
      if (this.isSending) {
        this.isSending = false;
        this.#onChange();
      }
    }
  }

  /** @param {any} replica @param {About} about */
  async #sendOne(replica, { hash }) {
    const content = await this.store.content(hash);
    if (!content) return this.store.remove([hash]); // the browser took it away: nothing can be sent
    try {
      await upload({ hash, content, size: this.#size, fetch: this.#fetch });
      await this.store.note(hash, { sent_at_ms: Date.now(), epoch: replica.meta("epoch"), is_safe: false });
      this.#askedAt = Date.now() - ASK_STEP_MS + SAFE_SOON_MS;
      this.#backoffs.delete(hash);
    } catch (error) {
      if (error instanceof UploadRefused) await this.store.note(hash, { refused: error.code });
      else this.#later(hash, error);
    }
  }

  /** @param {string} hash @param {any} error */
  #later(hash, error) {
    const backoff = this.#backoffs.get(hash) ?? new Backoff();
    this.#backoffs.set(hash, backoff);
    backoff.failed(error.retryAfterMs);
    if (!error.why) console.error("a file could not be sent", error);
  }

  /** Receipts of what this person is asked about, so that they can be looked at without a signal. @param {any} replica @param {string} stands */
  async #fetchAhead(replica, stands) {
    if (/** @type {any} */ (self.navigator).connection?.saveData) return;
    let room = AHEAD;
    for (const { hash, bytes } of replica.all(TO_DECIDE, { ":stands": stands })) {
      room -= bytes;
      if (room < 0) return;
      if (!this.store.known.has(hash) && !(await this.fetched(hash).catch(() => null))?.ok) return;
    }
  }

  /** The file from here. @param {string} hash @returns {Promise<Response|null>} */
  async stored(hash) {
    const content = await this.store.content(hash);
    const about = this.store.known.get(hash);
    if (!content || !about) return null;
    const now = Date.now();
    if (now - about.used_at_ms > USED_STEP_MS) this.store.note(hash, { used_at_ms: now }).catch(() => {});
    return answer(content, about.media_type);
  }

  /** The file from the server, which stays here. @param {string} hash @returns {Promise<Response>} */
  async fetched(hash) {
    const given = await this.#fetch(`/attachments/${hash}`, { cache: "no-store", redirect: "manual", headers: { Accept: "*/*" } });
    if (!given.ok) return given;
    const content = await given.arrayBuffer();
    if ((await hashOf(content)) !== hash) throw new Error("what came is not this file");
    const mediaType = given.headers.get("Content-Type") ?? "";
    const now = Date.now();
    const about = { hash, bytes: content.byteLength, media_type: mediaType, name: "", at_ms: now, used_at_ms: now, is_own: false };
    await this.store.put(about, content).catch((error) => console.warn("a file is not kept here", error));
    return answer(content, mediaType);
  }

  /** Let go of what no row names, and of what was not used for longest. @param {any} replica @param {any[]} kept what others left here */
  async tidy(replica, kept) {
    const known = [...(await this.store.load()).values()];
    if (!known.length) return;
    const unsafe = new Set([...hashesOf(replica.all(UNSAFE)), ...hashesOfKept(kept), ...this.#unsafe().map(({ hash }) => hash)]);
    const named = new Set(hashesOf(replica.all("SELECT DISTINCT hash FROM attachment")));
    const now = Date.now();
    const free = known.filter(({ hash }) => !unsafe.has(hash));
    const unnamed = free.filter((about) => !named.has(about.hash) && !(about.is_own && now - about.at_ms < GRACE_MS));
    const rest = free.filter((about) => !unnamed.includes(about)).sort((a, b) => b.used_at_ms - a.used_at_ms);
    let room = BUDGET;
    const beyond = rest.filter(({ bytes }) => (room -= bytes) < 0);
    await this.store.remove([...unnamed, ...beyond].map(({ hash }) => hash));
  }

  /** Leave nothing but what somebody else's unsent rows name. @param {any[]} kept */
  async leave(kept) {
    const theirs = new Set(hashesOfKept(kept));
    const known = [...(await this.store.load()).keys()];
    await this.store.remove(known.filter((hash) => !theirs.has(hash)));
    await this.store.tidy();
  }
}

/** @param {ArrayBuffer} content @param {string} mediaType */
function answer(content, mediaType) {
  const policy = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
  return new Response(content, {
    headers: {
      "Content-Type": mediaType,
      "Content-Security-Policy": mediaType === "application/pdf" ? policy : `sandbox; ${policy}`,
      "Content-Disposition": "inline",
      "X-Content-Type-Options": "nosniff",
      "Cache-Control": "no-store",
    },
  });
}

/** @param {Array<{hash: string|null}>} rows */
function hashesOf(rows) {
  return rows.flatMap(({ hash }) => (hash ? [hash] : []));
}

/** @param {any[]} entries */
function hashesOfKept(entries) {
  return hashesOf(entries.filter(({ entity }) => entity === "attachment").map(({ op }) => ({ hash: JSON.parse(op).set?.hash ?? null })));
}
