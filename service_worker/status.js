/**
 * Where this device's work stands: the `sync` of every template (ARCHITECTURE.md), and the number on the
 * app's icon.  Words are the templates' business.
 */

/**
 * @typedef {object} SyncStatus
 * @property {'device'} host
 * @property {number} waiting operations that the server does not have
 * @property {number} refused operations that need the person
 * @property {number|null} last_ms when device and server last agreed
 * @property {'saved'|'sending'|'synced'|'needs_you'|'cannot'} state
 * @property {string} why code of what stands in the way, '' for nothing (see SyncStopped)
 */

// No signal is no news, and an answer that was cut goes on by itself: the chip then says what is saved here.
const PASSES_BY_ITSELF = ["", "offline", "cut"];

/**
 * @param {any} replica
 * @param {{why: string, isSending: boolean}} last how the last attempt ended, and whether one is under way
 * @returns {SyncStatus}
 */
export function syncStatus(replica, { why, isSending }) {
  const { waiting, refused } = replica.one(`SELECT
    coalesce(sum(state = 'waiting'), 0) AS waiting,
    coalesce(sum(state = 'refused'), 0) AS refused FROM outbox`);
  const last = replica.meta("last_sync_ms");
  const state = stateOf({ waiting, refused, why, isSending });
  return { host: "device", waiting, refused, last_ms: last ? Number(last) : null, state, why };
}

/** Things that only this person can do: what was refused, and conflicts that wait for an answer.
 * @param {any} replica @param {string} me @returns {number} */
export function badgeCount(replica, me) {
  return replica.value(
    `SELECT (SELECT count(*) FROM outbox WHERE state = 'refused')
      + (SELECT count(*) FROM conflict WHERE settled_at_ms IS NULL AND :me IN (kept_by, lost_by))`,
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
