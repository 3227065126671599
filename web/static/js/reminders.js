/**
 * While a page is open, the worker is asked what is due, with or without signal.  It shows what it may; the rest stands
 * above the page, on every page, until it was answered.
 */

import { buttonTo, hideNotice, linkTo, showNotice } from "./notice.js";
import { askWorker, tellWorker } from "./worker.js";

/** @typedef {{id: string, key: string, title: string, address: string}} Due */
/** @typedef {{due: Due[], next_ms: number|null, words: Record<string, string>}} Answer */

const LONGEST_MS = 300_000;
const SHORTEST_MS = 500;
/** More are told in one line, as the worker counts. */
const MOST = 3;
const MORE = "reminders";

let timer = 0;
/** @type {Set<string>} */
let standing = new Set();

export function startReminders() {
  document.addEventListener("submit", countFromNow, true);
  document.addEventListener("visibilitychange", look);
  document.body.addEventListener("sync:changed", look);
  look();
}

async function look() {
  clearTimeout(timer);
  const isLookedAt = document.visibilityState === "visible";
  const answer = /** @type {Answer|undefined} */ (await askWorker({ type: "reminders", is_looked_at: isLookedAt }));
  clearTimeout(timer);
  timer = setTimeout(look, answer ? waitFor(answer.next_ms) : LONGEST_MS);
  if (answer && isLookedAt) show(answer);
}

/** @param {number|null} nextMs */
function waitFor(nextMs) {
  return Math.min(Math.max((nextMs ?? Infinity) - Date.now(), SHORTEST_MS), LONGEST_MS);
}

/** @param {Answer} answer */
function show({ due, words }) {
  const wanted = new Set(due.slice(0, MOST).map(({ id }) => id));
  for (const id of standing) if (!wanted.has(id)) hideNotice(id);
  for (const one of due.slice(0, MOST)) if (!standing.has(one.id)) stand(one, words);
  standing = wanted;
  if (due.length > MOST) {
    const ids = due.map(({ id }) => id);
    brief(showNotice(MORE, words.more, linkTo("/me/reminders", words.all), closing(words, ids)));
  } else hideNotice(MORE);
}

/** @param {Due} one @param {Record<string, string>} words */
function stand({ id, key, title, address }, words) {
  const open = linkTo(address, words.open);
  open.addEventListener("click", () => answered([id]));
  const later = buttonTo(words.later, (button) => {
    button.disabled = true;
    putOff(id, key);
  });
  brief(showNotice(id, title, open, later, closing(words, [id])));
}

/** As low as can be: nobody came to the page for it. @param {HTMLElement} words */
function brief(words) {
  if (words.parentElement) words.parentElement.dataset.brief = "";
}

/** @param {Record<string, string>} words @param {string[]} ids */
function closing(words, ids) {
  const button = buttonTo(words.close, () => answered(ids));
  button.dataset.close = "";
  return button;
}

/** @param {string} id @param {string} key */
async function putOff(id, key) {
  const isWritten = await askWorker({ type: "snooze", key });
  if (isWritten) hideNotice(id);
  look();
}

/** @param {string[]} ids */
async function answered(ids) {
  ids.forEach(hideNotice);
  hideNotice(MORE);
  await tellWorker({ type: "reminded", ids });
}

/** "In ten minutes" counts from the tap, however long the page has stood there. @param {SubmitEvent} event */
function countFromNow(event) {
  const form = /** @type {HTMLFormElement} */ (event.target);
  for (const input of form.querySelectorAll("input[data-in-ms]")) {
    const until = /** @type {HTMLInputElement} */ (input);
    until.value = String(Date.now() + Number(until.dataset.inMs));
  }
}
