/**
 * Where this device's work stands: the `sync` of every template (ARCHITECTURE.md), and the number on the
 * app's icon.  Words are the templates' business.
 */

/**
 * @typedef {object} SyncStatus
 * @property {'device'} host
 * @property {number} waiting operations that the server does not have
 * @property {number} refused operations that need the person
 * @property {number} files photos and the like that the server does not have
 * @property {boolean} files_sending one of them is on its way now
 * @property {Array<{name: string, reason: string, approval_id: string}>} files_refused those that it does not take
 * @property {number|null} last_ms when device and server last agreed
 * @property {'saved'|'sending'|'synced'|'needs_you'|'cannot'} state
 * @property {string} why code of what stands in the way, '' for nothing (see SyncStopped)
 * @property {number|null} why_since_ms since when
 * @property {'' | 'connecting' | 'slow' | 'receiving'} doing what is going on, where it takes long enough for a word
 * @property {number} doing_since_ms
 * @property {number} rows how many of a first sync are here
 * @property {number} rows_expected how many there will be, about; 0 where none is under way
 * @property {number|null} window_ms what is older stays on the server; null: nothing does
 * @property {number} accounts_elsewhere how many customers this person sees that are on the server alone
 */

// No signal is no news, and an answer that was cut goes on by itself: the chip then says what is saved here.

const NOTHING = /** @type {import("./course.js").Going} */ ({ doing: "", since_ms: 0 });
const NO_FILES = { waiting: 0, refused: /** @type {any[]} */ ([]), isSending: false };
const PASSES_BY_ITSELF = ["", "offline", "cut"];

/**
 * @param {any} replica
 * @param {object} last how the last attempt ended, and whether one is under way
 * @param {string} last.why
 * @param {number} [last.whySince]
 * @param {boolean} last.isSending
 * @param {import("./course.js").Going} [last.going]
 * @param {{waiting: number, refused: any[], isSending: boolean}} [last.files]
 * @returns {SyncStatus}
 */
export function syncStatus(replica, { why, whySince = 0, isSending, going = NOTHING, files = NO_FILES }) {
  const { waiting, refused } = replica.one(`SELECT
    coalesce(sum(state = 'waiting'), 0) AS waiting,
    coalesce(sum(state = 'refused'), 0) AS refused FROM outbox`);
  const state = stateOf({ waiting: waiting + files.waiting, refused: refused + files.refused.length, why, isSending: isSending || files.isSending });
  const isFirst = replica.meta("first_sync_done") !== "1";
  const [held, visible] = JSON.parse(replica.meta("accounts") || "[0, 0]");
  return {
    host: "device",
    waiting,
    refused,
    files: files.waiting,
    files_sending: files.isSending,
    files_refused: files.refused,
    last_ms: number(replica.meta("last_sync_ms")),
    state,
    why,
    why_since_ms: why ? whySince : null,
    doing: going.doing,
    doing_since_ms: going.since_ms,
    rows: isFirst ? number(replica.meta("rows_here")) ?? 0 : 0,
    rows_expected: isFirst ? number(replica.meta("rows_expected")) ?? 0 : 0,
    window_ms: number(replica.meta("window_ms")),
    accounts_elsewhere: Math.max(0, visible - held),
  };
}

/** Where things stand without a replica to ask.
 * @param {string} why @param {number} since @returns {SyncStatus} */
export function unknownStatus(why, since) {
  const nothing = { waiting: 0, refused: 0, files: 0, files_sending: false, files_refused: [], last_ms: null, doing: /** @type {const} */ (""), doing_since_ms: 0, rows: 0, rows_expected: 0 };
  return { host: "device", ...nothing, state: "cannot", why, why_since_ms: since || null, window_ms: null, accounts_elsewhere: 0 };
}

/** @param {string|null|undefined} text */
function number(text) {
  return text ? Number(text) : null;
}

/** Things that only this person can do: what was refused, conflicts that wait for an answer, requests that wait for a decision.
 * @param {any} replica @param {string} me @param {number} asked how many requests wait @returns {number} */
export function badgeCount(replica, me, asked) {
  return asked + replica.value(
    `SELECT (SELECT count(*) FROM outbox WHERE state = 'refused')
      + (SELECT count(*) FROM conflict x LEFT JOIN account a ON a.id = x.account_id WHERE x.settled_at_ms IS NULL
        AND (:me IN (x.kept_by, x.lost_by) OR (x.kind = 'proposal' AND a.owner_id IS :me)))`,
    { ":me": me },
  );
}

/** @param {{waiting: number, refused: number, why: string, isSending: boolean}} now @returns {SyncStatus['state']} */
function stateOf({ waiting, refused, why, isSending }) {
  if (refused) return "needs_you";
  if (isSending) return "sending";
  if (!PASSES_BY_ITSELF.includes(why)) return "cannot";
  return waiting ? "saved" : "synced";
}
