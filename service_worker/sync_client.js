/**
 * One round trip with the server (sync/PROTOCOL.md): operations up, rows down.  Every failure leaves the
 * outbox whole and the cursor no further than the rows.  One request is under way at a time; a wish that
 * comes meanwhile makes one more round.  When to sync is the caller's business: nothing here
 * starts by itself.
 */

import { Course } from "./course.js";
import { PATIENCE, SyncStopped, linesFrom, post, refusalOf, stopFor, stopped } from "./exchange.js";
import { greet } from "./greeting.js";
import { isHeld, noteTried } from "./held.js";
import { Intake, dropRows } from "./intake.js";
import { nextBatch, operationOf, refuse } from "./outbox.js";
import { Pace } from "./pace.js";
import { prove } from "./proof.js";
import { parseLine } from "./wire.js";

export { SyncStopped } from "./exchange.js";

/** @typedef {import("./tables.js").Table} Table @typedef {import("./outbox.js").Entry} Entry */

export const PROTOCOL = 1;
const MOST = { operations: 1_000, bytes: 900_000 }; // a little below what the server takes

export class SyncClient {
  #replica;
  #device;
  #schema;
  #wire;
  #now;
  #pace;
  #course;
  #onProgress;
  #onChanged;
  #onNewSchema;
  #onAsk;
  #unsent;
  #most = { ...MOST };
  /** @type {Promise<any>|null} */
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
   * @param {(rows: number, total: number) => void} [parts.onProgress] of the first sync
   * @param {(entities: string[]) => void} [parts.onChanged]
   * @param {() => void} [parts.onNewSchema] the server runs another release
   * @param {() => void} [parts.onAsk] a request is about to go
   * @param {() => number} [parts.unsent] how much waits here, files too; left out: of the outbox
   * @param {() => void} [parts.onCourse] `going` has something new to say
   */
  constructor({ replica, tables, schema, kept, fetch = (address, init) => self.fetch(address, init), now = Date.now, patience = PATIENCE, ...hear }) {
    this.#replica = replica;
    this.#device = { replica, tables, kept };
    this.#schema = schema;
    this.#wire = { fetch, patience };
    this.#now = now;
    this.#pace = new Pace(replica);
    this.#course = new Course(hear.onCourse ?? (() => {}));
    this.#onProgress = hear.onProgress ?? (() => {});
    this.#onChanged = hear.onChanged ?? (() => {});
    this.#onNewSchema = hear.onNewSchema ?? (() => {});
    this.#onAsk = hear.onAsk ?? (() => {});
    this.#unsent = hear.unsent ?? (() => Number(replica.value("SELECT count(*) FROM outbox WHERE state <> 'acked'")));
  }

  get isRunning() {
    return this.#running !== null;
  }

  /** What is going on, for the status line. @returns {import("./course.js").Going} */
  get going() {
    return this.#course.going;
  }

  /**
   * Bring server and device together; resolves when nothing is left to do.
   *
   * @returns {Promise<void>}
   * @throws {SyncStopped}
   */
  sync() {
    if (!this.#running) return this.#run(() => this.#rounds());
    this.#again = true;
    return this.#running;
  }

  /**
   * Compare what is held with what the server says should be, and mend it.
   *
   * @returns {Promise<import("./proof.js").Mended>}
   * @throws {SyncStopped}
   */
  async prove() {
    while (this.#running) await this.#running;
    let failure = /** @type {SyncStopped|null} */ (null);
    const mended = await this.#run(async () => {
      const outcome = await this.#proof().catch((error) => void (failure = stopped(error)));
      if (this.#again) await this.#rounds(); // whoever wished for it meanwhile hears of that, not of the proof
      return outcome;
    });
    if (!mended) throw failure;
    return mended;
  }

  /** @template T @param {() => Promise<T>} work @returns {Promise<T>} */
  #run(work) {
    const running = work().finally(() => {
      this.#running = null;
      this.isSending = false;
      this.#course.end();
    });
    this.#running = running;
    return running;
  }

  async #rounds() {
    do {
      this.#again = false;
      await this.#round();
    } while (this.#again || this.#hasMore());
  }

  async #proof() {
    const check = () => prove(this.#device, { ...this.#wire, schema: this.#schema, protocol: PROTOCOL });
    let mended = await check();
    if (mended.isBehind) {
      await this.#rounds();
      mended = await check();
    }
    if (mended.entities.length) this.#onChanged(mended.entities);
    return mended;
  }

  /** Something waits that may be sent. */
  #hasMore() {
    return this.#batch(this.#most).length > 0;
  }

  /** What may be sent now. @param {typeof MOST} most @returns {Entry[]} */
  #batch(most) {
    const now = this.#now();
    return this.#mayPush() ? nextBatch(this.#replica, most, (entry) => isHeld(entry, now)) : [];
  }

  /** Until the server has said who is signed in, operations stay here: they may be another person's. */
  #mayPush() {
    return Boolean(this.#replica.meta("user") && this.#replica.meta("cursor"));
  }

  async #round() {
    const batch = this.#batch(this.#most);
    this.isSending = batch.length > 0;
    this.#course.begin();
    try {
      await noteTried(this.#replica, batch);
      this.#onAsk();
      const answer = await post(this.#wire, "/sync", this.#request(batch));
      if (answer.ok) await this.#receive(answer, batch);
      else await this.#mend(answer, batch);
    } catch (error) {
      const stop = stopped(error);
      if (stop.why === "cut" || isSilence(stop)) await this.#pace.slower().catch(() => {}); // the cut is what is told
      throw stop;
    }
    this.isSending = false;
  }

  /** @param {Entry[]} batch */
  #request(batch) {
    const replica = this.#replica;
    const cursor = replica.meta("cursor") ?? "";
    // Who holds nothing, or does not know for whom, wants to hear who answers.
    const known = cursor && !replica.meta("doubt") ? replica.meta("known") ?? "" : "";
    const ops = batch.map(operationOf);
    return { protocol: PROTOCOL, schema: this.#schema, clock: this.#now(), cursor, known, chunk: this.#pace.chunk, unsent: this.#unsent() - ops.length, ops };
  }

  /** @param {Response} answer @param {Entry[]} batch what was sent */
  async #receive(answer, batch) {
    const intake = new Intake(this.#replica, this.#device.tables, this.#now, batch.map(({ id }) => id));
    try {
      for await (const line of linesFrom(this.#wire, answer)) {
        this.#course.heard();
        if (line && !(await this.#take(parseLine(line), intake))) return;
      }
    } finally {
      await intake.keepOutcomes();
      if (intake.changed.size) this.#onChanged([...intake.changed]);
    }
    if (!intake.isWhole) throw new SyncStopped("cut", "the answer ended early");
    this.#again ||= intake.isBehind;
    this.#most = { ...MOST };
    await this.#pace.faster();
  }

  /** @param {any} message @param {Intake} intake @returns {Promise<boolean>} false: the rest is not for what we hold */
  async #take(message, intake) {
    if (!message.hello) {
      await intake.take(message);
      if (message.rows && intake.isFirst) this.#onProgress(intake.rowsHere, intake.rowsExpected);
      return true;
    }
    if (message.hello.schema !== this.#schema) this.#onNewSchema();
    const isForUs = await greet(this.#device, message.hello);
    if (!isForUs) await this.#startAgain();
    return isForUs;
  }

  async #startAgain() {
    await this.#replica.tx(() => dropRows(this.#replica, this.#device.tables));
    this.#again = true;
  }

  /** An answer that is not rows. @param {Response} answer @param {Entry[]} batch */
  async #mend(answer, batch) {
    const refusal = await refusalOf(answer);
    if (refusal.error === "start_again" && this.#replica.meta("cursor")) await this.#startAgain();
    else if (refusal.error === "too_large" && batch.length) await this.#sendLess(batch);
    else throw stopFor(refusal);
  }

  /** @param {Entry[]} batch */
  async #sendLess(batch) {
    const bytes = 3 * batch.reduce((sum, entry) => sum + entry.op.length, 0);
    const half = { operations: Math.ceil(batch.length / 2), bytes: Math.ceil(bytes / 2) };
    if (this.#batch(half).length < batch.length) this.#most = half;
    else await this.#replica.tx(() => refuse(this.#replica, batch, "too_large")); // one group that no server takes
    this.#again = true;
  }
}

/** The server was asked, and nothing came for too long. @param {SyncStopped} stop */
function isSilence({ why, cause }) {
  return why === "offline" && cause instanceof Error && cause.cause === undefined;
}
