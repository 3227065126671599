/**
 * The device's host, wired: one replica, one sync client, one set of pages, and what open pages hear of them.
 * The worker may vanish between two events: everything here can be made again from the disk, and nothing
 * here keeps what was typed.
 */

import { DEVICE_SCRIPT, ENTITIES, SCHEMA_HASH, STAMPS } from "../generated/model.gen.js";
import { PINYIN } from "../generated/pinyin.gen.js";
import { Attachments } from "./attachments.js";
import { Backoff } from "./backoff.js";
import { CheckUps } from "./check_ups.js";
import { heldFor } from "./held.js";
import { Kept } from "./kept.js";
import { Guard } from "./guard.js";
import { loadPinyin } from "./latin.js";
import { Leaving } from "./leaving.js";
import { layAllOver } from "./overlay.js";
import { openReplica, storedTyped } from "./replica.js";
import { allTyped } from "./sent.js";
import { registerSqlFunctions } from "./sql_functions.js";
import { badgeCount, syncStatus, unknownStatus } from "./status.js";
import { SyncClient } from "./sync_client.js";
import { tablesOf } from "./tables.js";
import { NOBODY, languageOf, meOf, timezoneOf } from "./viewer.js";

/** @typedef {import("./replica.js").Replica} Replica */

const WASM = new URL("./vendor/sqlite3-3.54.1.wasm", import.meta.url).href;
const OPEN_MS = 4_000; // longer than any phone needs to load; a worker that still holds the lock may need more
const FRESH_MS = 10_000; // coming back to the foreground this soon after a sync asks for nothing
/** Reasons to ask at once, however often it failed: a person did something, or the signal came back. */
const HURRIED = ["edited", "foreground", "online", "signed_in", "background", "rebuilt"];
/** Reasons that a request under way satisfies. */
const SATISFIED = ["retry", "quiet"];
const EXPECTED = ["offline", "cut", "signed_out", "wiped", "portal", "server"];

loadPinyin(PINYIN); // search keys need it; decoded when the first one is made

export class Host {
  tables = tablesOf(ENTITIES, STAMPS);
  entities = ENTITIES;
  kept = new Kept();
  guard = new Guard();
  files = new Attachments({ onChange: () => this.#tellStatus() });
  /** The files that are on their way now. */
  filesGoing = Promise.resolve();
  #leaving = new Leaving(this, { letGo: () => this.#letGo(), tell: (message) => this.#tell(message) });
  /** @type {Promise<Replica>|null} */
  #opening = null;
  /** @type {Replica|null} */
  #replica = null;
  /** @type {SyncClient|null} */
  #client = null;
  #channel = new BroadcastChannel("roadbook");
  #asset;
  #backoff = new Backoff();
  #checkUps = new CheckUps();
  #why = "";
  #whySince = 0;
  #triedAt = 0;
  #isRetired = false;
  /** @type {Promise<void>|null} */
  #holding = null;

  /**
   * What waits for this person's decision, and for whom they decide (`stands`, a JSON list): as the pages reckon it.
   * @type {() => {waiting: number, stands: string}}
   */
  asked = () => ({ waiting: 0, stands: "[]" });

  /** @param {(address: string) => Promise<Response>} asset from this build's cache, else the network */
  constructor(asset) {
    this.#asset = asset;
  }

  /** What pages query: the replica that is open now. @param {string} sql @param {object} parameters */
  all(sql, parameters) {
    if (!this.#replica) throw new Error("the replica is not open");
    return this.#replica.all(sql, /** @type {any} */ (parameters));
  }

  /** Load the replica, or wait for the load under way.  Never in `install`: another worker may hold the lock.
   * @returns {Promise<Replica>} */
  open() {
    if (this.#isRetired) return Promise.reject(new Error("a newer version of the app has taken over"));
    if (this.#leaving.isClosed) return Promise.reject(new Error("this device was emptied"));
    this.#opening ??= this.#open().catch((error) => {
      this.#opening = null; // the next event tries again
      this.#why = "storage";
      throw error;
    });
    return this.#opening;
  }

  /** The replica, where it can answer pages: loaded, whole, and of whoever is signed in.
   * @returns {Promise<Replica|null>} */
  async answering() {
    this.#checkUps.pageAsked();
    const replica = this.#replica ?? (await this.#soon());
    return isWhole(replica) ? replica : null;
  }

  /** Everything about who asks and when; for a page that is shown without a replica, as far as it is known. */
  viewer() {
    const replica = this.#replica;
    const me = replica ? meOf(replica) : NOBODY;
    return {
      me,
      lang: languageOf(me, self.navigator.languages ?? [self.navigator.language]),
      tz: timezoneOf(me, replica?.meta("timezone")),
      now_ms: Date.now(),
      sync: replica ? { ...this.status(replica), ...this.guard.words(replica, Date.now(), this.locked) } : unknownStatus(this.#why, this.#whySince),
    };
  }

  /** Whether anything may be shown now, and what stands in the way. */
  get locked() {
    const replica = this.#replica;
    return replica ? this.guard.locked(replica, Date.now(), isWhole(replica)) : "";
  }

  /** The same for whoever waits for the replica. @param {() => Promise<boolean>} [isStart] the app was opened just now */
  async lockedNow(isStart = async () => false) {
    const replica = this.#replica ?? (await this.#soon());
    if (replica && this.guard.hasLock(replica) && (await isStart())) await this.guard.close(replica);
    return this.locked;
  }

  /** Somebody looks at an open page. */
  async touch() {
    if (this.#replica && !this.locked) await this.guard.touch(this.#replica, Date.now());
  }

  /** @param {Replica} replica */
  status(replica) {
    const { isSending = false, going } = this.#client ?? {};
    const files = { waiting: this.files.waiting(replica).length, refused: this.files.refused(replica), isSending: this.files.isSending };
    return syncStatus(replica, { why: this.#why, whySince: this.#whySince, isSending, going, files });
  }

  /** Bring device and server together, telling open pages how it goes.  Never throws.
   * @param {string} wish why now: edited, foreground, online, signed_in, background, rebuilt, poke, retry or quiet
   * @returns {Promise<string>} what stood in the way, '' for nothing */
  async sync(wish) {
    if (HURRIED.includes(wish)) {
      this.#backoff.hurry();
      this.files.hurry();
    }
    try {
      await this.open();
      const client = /** @type {SyncClient} */ (this.#client);
      if (client.isRunning && SATISFIED.includes(wish)) return "";
      if (this.#backoff.wait && !client.isRunning) return this.#notYet();
      await this.#round(client);
    } catch (error) {
      await this.#stopped(error);
    }
    this.#tellStatus();
    this.#sendFiles();
    await this.#afterwards();
    return this.#why;
  }

  /** Nothing that people type waits for a photo. */
  #sendFiles() {
    const replica = this.#replica;
    if (replica && isWhole(replica)) this.filesGoing = this.files.go(replica, () => this.asked().stands);
  }

  /** The person did something: send it, and after a moment what may be taken back until then. */
  async sendEdits() {
    await this.sync("edited");
    this.#holding ??= this.#sendHeld().finally(() => (this.#holding = null));
    await this.#holding;
  }

  /** One wait for all decisions that are held, however many are made meanwhile. */
  async #sendHeld() {
    for (let ms = this.#heldFor(); ms > 0; ms = this.#heldFor()) {
      await new Promise((resolve) => setTimeout(resolve, ms));
      await this.sync("edited");
    }
  }

  #heldFor() {
    return this.#replica ? heldFor(this.#replica, Date.now()) : 0;
  }

  /** A page came to the foreground: load the replica before the first tap, and sync when it may be stale. */
  async wake() {
    const replica = await this.open().catch(() => null);
    const isFresh = this.#why === "" && Date.now() - this.#triedAt < FRESH_MS;
    if (isFresh && isWhole(replica) && !this.isWaiting) this.#tellStatus();
    else await this.sync("foreground");
  }

  /** Compare what is held with the server, now.
   * @returns {Promise<{why: string, groups: number, entities: string[]}>} what was mended, or why it cannot be said */
  async check() {
    const why = await this.sync("foreground");
    if (why || !this.#replica || !this.#client) return { why: why || "storage", groups: 0, entities: [] };
    try {
      const { groups, entities } = await this.#checkUps.prove(this.#replica, this.#client);
      return { why: "", groups, entities };
    } catch (error) {
      return { why: /** @type {any} */ (error).why ?? "storage", groups: 0, entities: [] };
    }
  }

  /** @param {SyncClient} client */
  async #round(client) {
    this.#triedAt = Date.now();
    const done = client.sync();
    this.#tellStatus();
    await done;
    if (this.#replica) await this.guard.met(this.#replica, Date.now());
    this.#backoff.succeeded();
    this.#why = "";
  }

  /** @param {any} error */
  async #stopped(error) {
    if (!this.#why) this.#whySince = Date.now();
    this.#why = error.why ?? "storage";
    this.#backoff.failed(error.retryAfterMs);
    if (!EXPECTED.includes(this.#why)) console.error("sync stopped", error);
    if (this.#why === "too_old") this.#lookForUpdate();
    if (this.#why === "wiped") return this.#leaving.empty(error.word).catch((failure) => console.error("not emptied yet", failure));
    if (error.retryAfterMs) await this.#replica?.tx((replica) => replica.setMeta("not_before_ms", this.#backoff.notBefore)).catch(() => {});
    if (this.#why === "signed_out" && this.#replica) await this.#leaving.nobody(this.#replica).catch((failure) => console.error(failure));
  }

  /** The server asked to be left alone, or it failed a moment ago. */
  #notYet() {
    this.#tellStatus();
    return (this.#why ||= "server");
  }

  /** What nobody waits for. */
  async #afterwards() {
    const [replica, client] = [this.#replica, this.#client];
    if (!replica || !client) return;
    try {
      if (this.#why === "" && (await this.#leaving.takeLeave(replica))) return;
      if (this.#why === "") await this.files.tidy(replica, await this.kept.all());
      await this.#checkUps.verify(replica);
      if (this.#why === "") await this.#checkUps.proveWhenDue(replica, client);
    } catch (error) {
      console.error("a check of this device failed", error);
    }
  }

  /** Does this device hold anybody's rows? */
  get isSomebodys() {
    return Boolean(this.#replica?.meta("user"));
  }

  /** Does something wait here to be sent, or to be left? */
  get isWaiting() {
    if (!this.#replica) return false;
    const { waiting, files } = this.status(this.#replica);
    return waiting + files > 0 || this.#replica.meta("farewell") === "1";
  }

  /** Rows changed here, by the person. @param {string[]} entities */
  changed(entities) {
    this.#tell({ type: "changed", entities });
  }

  /** Somebody signed in on this device: until the server has said who, pages come from the server. */
  async doubt() {
    this.#leaving.begin();
    const replica = await this.open().catch(() => null);
    if (replica?.meta("user")) await replica.tx(() => replica.setMeta("doubt", "1"));
  }

  /** Signed out: leave nothing on this device. */
  forget() {
    return this.#leaving.forget();
  }

  /** The server wants nothing to stay here. @param {string} word what to say when it is done */
  empty(word) {
    return this.#leaving.empty(word);
  }

  async #open() {
    const replica = await openReplica({
      wasm: () => this.#asset(WASM),
      schema: DEVICE_SCRIPT,
      schemaHash: SCHEMA_HASH,
      functions: registerSqlFunctions,
      onWanted: (held) => this.#retire(held),
      onRebuild: () => this.#rebuilt(),
    });
    if (await this.#leaving.goOn(replica)) throw new Error("this device was emptied");
    if (replica.rebuilt) await this.#recover(replica);
    await this.files.store.load().catch((error) => console.error("the files on this device cannot be read", error));
    this.#client = this.#clientOf(replica);
    this.#backoff.notBefore = Number(replica.meta("not_before_ms") || 0);
    return (this.#replica = replica);
  }

  /** Damage was found, or the browser took the file away, while the replica was in use: get the rows again. */
  #rebuilt() {
    const replica = this.#replica;
    if (!replica) return; // while opening: `#open` recovers, and the page that opens it asks for a sync
    this.#recover(replica)
      .then(() => this.sync("rebuilt"))
      .catch((error) => console.error("the replica was made anew and is not filled yet", error));
  }

  /** The replica was made anew: unsent edits lie over whatever comes. @param {Replica} replica */
  async #recover(replica) {
    if (replica.rebuilt?.stranded) {
      const here = new Set(allTyped(replica).map(({ id }) => id));
      const stranded = (await storedTyped()).filter(({ id }) => !here.has(id));
      await this.kept.keep(/** @type {any[]} */ (stranded));
    }
    await replica.tx(() => layAllOver(replica, this.tables));
  }

  /** @param {Replica} replica */
  #clientOf(replica) {
    return new SyncClient({
      replica,
      tables: this.tables,
      schema: SCHEMA_HASH,
      kept: this.kept,
      onProgress: (rows, total) => this.#tell({ type: "progress", rows, total }),
      onChanged: (entities) => this.changed(entities),
      onNewSchema: () => this.#lookForUpdate(),
      onAsk: () => this.guard.asked(replica),
      onCourse: () => this.#tellStatus(),
      unsent: () => {
        const { waiting, refused, files, files_refused: others } = this.status(replica);
        return waiting + refused + files + others.length;
      },
    });
  }

  #lookForUpdate() {
    /** @type {any} */ (self).registration.update().catch(() => {}); // no signal: the browser looks again itself
  }

  /** @returns {Promise<Replica|null>} the replica, unless it takes too long or cannot be had */
  #soon() {
    const late = new Promise((resolve) => setTimeout(resolve, OPEN_MS, null));
    return Promise.race([this.open().catch(() => null), late]);
  }

  /** A newer worker took over and waits for the replica. @param {Replica} replica */
  #retire(replica) {
    this.#isRetired = true;
    this.#letGo();
    replica.close();
  }

  #letGo() {
    this.#opening = this.#replica = this.#client = null;
  }

  #tellStatus() {
    const replica = this.#replica;
    if (!replica) return;
    try {
      const is_whole = replica.meta("first_sync_done") === "1";
      this.#tell({ type: "status", ...this.status(replica), is_whole, retry_in_ms: Math.max(this.#backoff.wait, this.files.wait(replica)) });
      const count = badgeCount(replica, replica.meta("user") ?? "", this.asked().waiting);
      if ("setAppBadge" in self.navigator) self.navigator.setAppBadge(count).catch(() => {});
    } catch (error) {
      console.error("where sync stands cannot be said", error); // the replica is being mended; the next sync says it
    }
  }

  /** @param {{type: string} & Record<string, any>} message */
  #tell(message) {
    this.#channel.postMessage(message);
  }
}

/** All rows are here, and they are of whoever is signed in.
 * @param {Replica|null} replica @returns {replica is Replica} */
function isWhole(replica) {
  return Boolean(replica?.meta("first_sync_done") && replica.meta("user") && !replica.meta("doubt"));
}
