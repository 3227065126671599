/**
 * What a device does when nobody waits for it: look whether its own file is sound, and prove with the server
 * that it holds what it should (proof.js).  Neither may hold up a page, and neither is ever told as trouble:
 * what is found is mended, and what cannot be asked now is asked another time.
 */

const DAY_MS = 86_400_000;
const AFTER_FAILURE_MS = 600_000;
const QUIET_MS = 5_000; // no page was asked for during so long
const PATIENCE_MS = 20_000; // a worker is not kept alive for longer, only to wait for quiet

/** @typedef {import("./replica.js").Replica} Replica @typedef {import("./sync_client.js").SyncClient} SyncClient */

export class CheckUps {
  #isVerified = false;
  #isProving = false;
  #askedAt = 0;

  /** A page was asked for. */
  pageAsked() {
    this.#askedAt = Date.now();
  }

  /** Once in the life of a worker. @param {Replica} replica */
  async verify(replica) {
    if (this.#isVerified) return;
    this.#isVerified = true;
    await replica.verify();
  }

  /** After a sync that went well: at once where the rows are new, otherwise once a day, at a quiet time.
   * @param {Replica} replica @param {SyncClient} client */
  async proveWhenDue(replica, client) {
    if (this.#isProving || !isDue(replica)) return;
    this.#isProving = true;
    try {
      if (replica.meta("proved_ms") && !(await this.#isQuiet())) return;
      const { isBehind } = await this.prove(replica, client);
      if (isBehind) await putOff(replica); // rows change all the time just now, or this release is an older one
    } catch (error) {
      console.warn("what this device holds was not compared with the server", error);
      await putOff(replica);
    } finally {
      this.#isProving = false;
    }
  }

  /** @param {Replica} replica @param {SyncClient} client */
  async prove(replica, client) {
    const mended = await client.prove();
    if (!mended.isBehind) await replica.tx(() => replica.setMeta("proved_ms", Date.now()));
    return mended;
  }

  async #isQuiet() {
    for (let waited = 0; waited < PATIENCE_MS; waited += QUIET_MS) {
      if (Date.now() - this.#askedAt >= QUIET_MS) return true;
      await new Promise((resolve) => setTimeout(resolve, QUIET_MS));
    }
    return false;
  }
}

/** @param {Replica} replica */
async function putOff(replica) {
  await replica.tx(() => replica.setMeta("proof_failed_ms", Date.now())).catch(() => {});
}

/** @param {Replica} replica */
function isDue(replica) {
  const now = Date.now();
  return now - Number(replica.meta("proved_ms") || 0) > DAY_MS && now - Number(replica.meta("proof_failed_ms") || 0) > AFTER_FAILURE_MS;
}
