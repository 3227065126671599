/**
 * What the worker says of sync becomes events on the body, which htmx listens for (`sync:changed from:body`,
 * `sync:status from:body`).  And back: the page wakes the worker when a person looks at it.
 */

import { showObstacle, showProgress } from "./progress.js";
import { tellWorker } from "./worker.js";

const FIRST_RETRY_MS = 5_000;
const LAST_RETRY_MS = 300_000;

/** Reasons that pass by themselves: trying again later makes sense. */
const PASSING = ["offline", "cut", "server", "portal"];

let failures = 0;
let retryTimer = 0;
let lastStatus = "";
let hasMissedChanges = false;

export function startSyncEvents() {
  new BroadcastChannel("roadbook").onmessage = ({ data }) => HEARD[/** @type {keyof typeof HEARD} */ (data.type)]?.(data);
  document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && foreground());
  // The browser's word is a hint to try, never a fact to show.
  addEventListener("online", () => tellWorker({ type: "sync" }));
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

  /** @param {{state: string, waiting: number, refused: number, last_ms: number, why: string, is_whole: boolean}} status */
  status(status) {
    const { state, waiting, refused, last_ms: last, why } = status;
    const shown = [state, waiting, refused, why, last, status.is_whole].join();
    if (shown !== lastStatus) {
      document.body.dispatchEvent(new CustomEvent("sync:status", { detail: status }));
      showObstacle(status);
    }
    lastStatus = shown;
    if (state !== "sending") planRetry(why, waiting > 0 || !status.is_whole);
  },

  progress: showProgress,
};

function changed() {
  hasMissedChanges = false;
  document.body.dispatchEvent(new CustomEvent("sync:changed"));
}

/** Only while somebody looks, and only when something waits: a phone in a cellar must not run warm.
 * @param {string} why @param {boolean} hasWork */
function planRetry(why, hasWork) {
  clearTimeout(retryTimer);
  if (!why) failures = 0;
  if (!PASSING.includes(why) || !hasWork || document.visibilityState !== "visible") return;
  const wait = Math.min(FIRST_RETRY_MS * 2 ** failures, LAST_RETRY_MS) * (0.75 + Math.random() / 2);
  failures += 1;
  retryTimer = setTimeout(() => tellWorker({ type: "sync" }), wait);
}
