/**
 * One round trip with the server (sync/PROTOCOL.md): operations up, rows down.  Every failure leaves the
 * outbox whole and the cursor no further than the rows.  One round runs at a time; a wish that comes while
 * one runs makes one more.  When to sync is the caller's business: nothing here
 * starts by itself.
 */

import { Intake, dropRows } from "./intake.js";
import { layAllOver } from "./overlay.js";
import { Cut, encode, linesOf, parseLine, within } from "./wire.js";
import { authorOf, nextBatch, operationOf, refuse, remove, takeBack, unsent, waitAgain } from "./outbox.js";

/** @typedef {import("./tables.js").Table} Table @typedef {import("./outbox.js").Entry} Entry */

const PROTOCOL = 1;
const MOST = { operations: 1_000, bytes: 900_000 }; // a little below what the server takes
// How long the answer may take to begin, and then to go on.
const PATIENCE = { answerMs: 30_000, silenceMs: 20_000 };

/** Why a round ended without success. `why` is a code for the status line:
 * offline, cut, portal, signed_out, too_old, malformed, refused, server, storage. */
export class SyncStopped extends Error {
  /** @param {string} why @param {string} message @param {ErrorOptions} [options] */
  constructor(why, message, options) {
    super(message, options);
    this.why = why;
  }
}

export class SyncClient {
  #replica;
  #tables;
  #schema;
  #kept;
  #fetch;
  #now;
  #patience;
  #onProgress;
  #onChanged;
  #onNewSchema;
  #most = { ...MOST };
  /** @type {Promise<void>|null} */
  #running = null;
  #again = false;
  isSending = false;

  /**
   * @param {object} parts
   * @param {any} parts.replica
   * @param {Map<string, Table>} parts.tables
   * @param {string} parts.schema hash of the model that the replica was made from
   * @param {import("./kept.js").Kept} parts.kept where another person's unsent operations wait
   * @param {(address: string, init: RequestInit) => Promise<Response>} [parts.fetch]
   * @param {() => number} [parts.now]
   * @param {typeof PATIENCE} [parts.patience]
   * @param {(rows: number, total: number) => void} [parts.onProgress]
   * @param {(entities: string[]) => void} [parts.onChanged]
   * @param {() => void} [parts.onNewSchema] the server runs another release
   */
  constructor({ replica, tables, schema, kept, fetch = (address, init) => self.fetch(address, init), now = Date.now, patience = PATIENCE, ...hear }) {
    this.#replica = replica;
    this.#tables = tables;
    this.#schema = schema;
    this.#kept = kept;
    this.#fetch = fetch;
    this.#now = now;
    this.#patience = patience;
    this.#onProgress = hear.onProgress ?? (() => {});
    this.#onChanged = hear.onChanged ?? (() => {});
    this.#onNewSchema = hear.onNewSchema ?? (() => {});
  }

  /**
   * Bring server and device together; resolves when nothing is left to do.
   *
   * @returns {Promise<void>}
   * @throws {SyncStopped}
   */
  sync() {
    if (this.#running) {
      this.#again = true;
    } else {
      this.#running = this.#rounds().finally(() => (this.#running = null));
    }
    return this.#running;
  }

  async #rounds() {
    do {
      this.#again = false;
      await this.#round();
    } while (this.#again || this.#hasMore());
  }

  /** Something waits that may be sent. */
  #hasMore() {
    return this.#mayPush() && nextBatch(this.#replica, this.#most).length > 0;
  }

  /** Until the server has said who is signed in, operations stay here: they may be another person's. */
  #mayPush() {
    return Boolean(this.#replica.meta("user") && this.#replica.meta("cursor"));
  }

  async #round() {
    const batch = this.#mayPush() ? nextBatch(this.#replica, this.#most) : [];
    this.isSending = batch.length > 0;
    try {
      const answer = await this.#ask(batch);
      if (answer.ok) await this.#receive(answer);
      else await this.#mend(answer, batch);
    } finally {
      this.isSending = false;
    }
  }

  /** @param {Entry[]} batch @returns {Promise<Response>} */
  async #ask(batch) {
    const { headers, body } = await encode({
      protocol: PROTOCOL,
      schema: this.#schema,
      clock: this.#now(),
      cursor: this.#replica.meta("cursor") ?? "",
      ops: batch.map(operationOf),
    });
    const call = new AbortController();
    try {
      // 'manual': a redirect is somebody else's sign-in page, never ours.
      return await within(this.#patience.answerMs, this.#fetch("/sync", {
        method: "POST", headers, body, redirect: "manual", cache: "no-store", signal: call.signal,
      }));
    } catch (error) {
      call.abort();
      throw new SyncStopped("offline", "the server cannot be reached", { cause: error });
    }
  }

  /** @param {Response} answer */
  async #receive(answer) {
    if (!isKind(answer, "application/x-ndjson") || !answer.body) throw portal();

    const intake = new Intake(this.#replica, this.#tables, this.#now);
    let total = 0;
    try {
      for await (const line of linesOf(answer.body, this.#patience.silenceMs)) {
        if (!line) continue;
        const message = parseLine(line);
        if (message.hello) {
          total = message.hello.rows ?? 0;
          if (!(await this.#meet(message.hello))) return;
        } else {
          await intake.take(message);
          if (message.rows) this.#onProgress(intake.rows, total);
        }
      }
    } catch (error) {
      throw stopped(error);
    } finally {
      await intake.keepOutcomes();
      if (intake.changed.size) this.#onChanged([...intake.changed]);
    }
    if (!intake.isWhole) throw new SyncStopped("cut", "the answer ended early");
    this.#again ||= intake.isBehind;
    this.#most = { ...MOST };
  }

  /**
   * Who answers, for whom, and of which life of the server.
   *
   * @param {{user: string, epoch: string, schema: string, timezone?: string}} hello
   * @returns {Promise<boolean>} false: this answer is not for what we hold; ask again
   */
  async #meet({ user, epoch, schema, timezone = "" }) {
    if (schema !== this.#schema) this.#onNewSchema();
    const replica = this.#replica;
    const isOurs = [user, null, undefined].includes(replica.meta("user"));
    const isSameLife = [epoch, null, undefined].includes(replica.meta("epoch"));
    if (!(isOurs && isSameLife) && replica.meta("cursor")) {
      await this.#startAgain();
      return false;
    }
    await this.#setAside(user);
    const isKnown = isOurs && replica.meta("epoch") === epoch && replica.meta("timezone") === timezone;
    if (isKnown && !replica.meta("doubt")) return true;

    const back = await this.#kept.of(user);
    await replica.tx(() => {
      if (!isOurs) dropRows(replica, this.#tables);
      replica.setMeta("user", user);
      replica.setMeta("epoch", epoch);
      replica.setMeta("timezone", timezone);
      replica.setMeta("doubt", "");
      takeBack(replica, back);
      layAllOver(replica, this.#tables);
    });
    await this.#kept.letGo(back);
    return true;
  }

  /** Put aside what another person left unsent, until that person signs in here again. @param {string} user */
  async #setAside(user) {
    const others = unsent(this.#replica).filter((entry) => authorOf(entry) !== user);
    if (!others.length) return;
    await this.#kept.keep(others); // stored before it leaves the outbox
    await this.#replica.tx(() => others.forEach((entry) => remove(this.#replica, entry.n)));
  }

  async #startAgain() {
    await this.#replica.tx(() => {
      waitAgain(this.#replica);
      dropRows(this.#replica, this.#tables);
    });
    this.#again = true;
  }

  /** An answer that is not rows. @param {Response} answer @param {Entry[]} batch */
  async #mend(answer, batch) {
    const isOurs = answer.type !== "opaqueredirect" && isKind(answer, "application/json");
    if (answer.status >= 500) throw new SyncStopped("server", `the server answered ${answer.status}`);
    if (!isOurs) throw portal();

    const { error, reason } = await answer.json().catch(() => ({}));
    if (error === "start_again" && this.#replica.meta("cursor")) await this.#startAgain();
    else if (error === "too_large" && batch.length) await this.#sendLess(batch);
    else throw new SyncStopped(WHY[/** @type {keyof typeof WHY} */ (error)] ?? "refused", `${error}: ${reason ?? ""}`);
  }

  /** @param {Entry[]} batch */
  async #sendLess(batch) {
    const bytes = 3 * batch.reduce((sum, entry) => sum + entry.op.length, 0);
    const half = { operations: Math.ceil(batch.length / 2), bytes: Math.ceil(bytes / 2) };
    if (nextBatch(this.#replica, half).length < batch.length) this.#most = half;
    else await this.#replica.tx(() => refuse(this.#replica, batch, "too_large")); // one group that no server takes
    this.#again = true;
  }
}

const WHY = { signed_out: "signed_out", too_old: "too_old", malformed: "malformed", cross_site: "refused" };

/** @param {Response} answer @param {string} kind */
function isKind(answer, kind) {
  return (answer.headers.get("Content-Type") ?? "").startsWith(kind);
}

/** A hotel or a train answers in the server's name. */
function portal() {
  return new SyncStopped("portal", "this network asks you to sign in");
}

/** @param {any} error @returns {Error} */
function stopped(error) {
  if (error instanceof Cut || error instanceof SyntaxError) return new SyncStopped("cut", "the answer was cut", { cause: error });
  if (error instanceof SyncStopped) return error;
  return new SyncStopped("storage", error.message, { cause: error });
}
