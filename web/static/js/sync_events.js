/**
 * What the worker says of sync becomes events on the body, which htmx listens for (`sync:changed from:body`,
 * `sync:status from:body`).  And back: the page wakes the worker when a person looks at it.
 */

import { showFirstSync, showObstacle, showProgress } from "./progress.js";
import { tellWorker } from "./worker.js";

/** Reasons that pass by themselves: trying again later makes sense. */
const PASSING = ["offline", "cut", "server", "portal"];

/** @typedef {{state: string, waiting: number, refused: number, files: number, files_sending: boolean, last_ms: number|null, why: string, doing: string,
 *   rows: number, rows_expected: number, is_whole: boolean, retry_in_ms: number}} Status */

const SOONEST_MS = 1_000;

let retryTimer = 0;
let lastStatus = "";
let hasMissedChanges = false;

export function startSyncEvents() {
  new BroadcastChannel("roadbook").onmessage = ({ data }) => HEARD[/** @type {keyof typeof HEARD} */ (data.type)]?.(data);
  document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && foreground());
  // The browser's word is a hint to try, never a fact to show.
  addEventListener("online", () => tellWorker({ type: "sync", wish: "online" }));
  foreground();
}

function foreground() {
  tellWorker({ type: "wake" });
  if (hasMissedChanges) changed();
}

const HEARD = {
  changed() {
    if (document.visibilityState === "visible") changed();
    else hasMissedChanges = true;
  },

  /** @param {Status} status */
  status(status) {
    const { retry_in_ms: retryInMs, ...words } = status;
    const shown = JSON.stringify(words);
    if (shown !== lastStatus) {
      document.body.dispatchEvent(new CustomEvent("sync:status", { detail: status }));
      showObstacle(status);
      showFirstSync(status);
    }
    lastStatus = shown;
    const hasWork = status.waiting > 0 || !status.is_whole;
    planRetry((hasWork && PASSING.includes(status.why)) || (status.files > 0 && !status.files_sending), retryInMs);
  },

  progress: showProgress,

  /** Everything of this person has left the device. The page for signing in hears it too, of its own sync: it stays. */
  farewell() {
    if (location.pathname !== "/sign-in") location.replace("/sign-in");
  },

  /** It was emptied from afar: nothing that a form held stays either. */
  wiped() {
    sessionStorage.clear();
    localStorage.clear();
    location.replace("/wiped");
  },
};

function changed() {
  hasMissedChanges = false;
  document.body.dispatchEvent(new CustomEvent("sync:changed"));
}

/** Only while somebody looks, and only when something waits: a phone in a cellar must not run warm.
 * @param {boolean} hasWork @param {number} inMs how long the worker wants to wait */
function planRetry(hasWork, inMs) {
  clearTimeout(retryTimer);
  if (!hasWork || document.visibilityState !== "visible") return;
  retryTimer = setTimeout(() => tellWorker({ type: "sync", wish: "retry" }), Math.max(inMs, SOONEST_MS));
}
