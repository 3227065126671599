/**
 * Emptying this device because the server said so (sync/PROTOCOL.md, Devices).  Everything goes: rows, files, what other
 * people left here, caches, the subscription to pushes, the number on the icon, and at last this worker.  What was begun
 * goes on at the next start; nothing here decides that a device is emptied.
 */

import { authorOf, operationOf } from "./outbox.js";
import { deleteStorage } from "./storage.js";
import { leaveNoNotices } from "./subscription.js";

const MARK = "roadbook"; // every database and cache of ours begins so
const TRIES = 3;
const PAUSE_MS = 2_000;
const DELETING_MS = 5_000; // a database waits for whoever still has it open

/** What the server does not have and will not take: it goes to whoever typed it, as a file.
 * @param {any[]} typed what this person typed and is not safe @param {any[]} kept what others left here */
export function leftBehind(typed, kept) {
  const left = [...typed.filter(({ state }) => state === "refused"), ...kept.filter(({ state }) => state !== "sent")];
  return left.map((entry) => ({ ...operationOf(entry), user: authorOf(entry), state: entry.state, reason: entry.reason ?? "" }));
}

/** Everything but the replica, which says that this is under way.  Never throws: what stays is looked for again. */
export async function emptyAllElse() {
  await leaveNoNotices().catch((error) => console.error("the subscription to pushes stays", error));
  if ("clearAppBadge" in self.navigator) await self.navigator.clearAppBadge().catch(() => {});
  const names = (await caches.keys()).filter((name) => name.startsWith(MARK));
  await Promise.all(names.map((name) => caches.delete(name)));
  const databases = (await indexedDB.databases?.()) ?? [{ name: "roadbook-files" }, { name: "roadbook-kept" }];
  const others = databases.map(({ name }) => name ?? "").filter((name) => name.startsWith(MARK) && name !== MARK);
  await Promise.all(others.map((name) => Promise.race([deleteStorage(name), pause(DELETING_MS)])));
}

/** What was left goes first: without the server's word that it has it, nothing is deleted.
 * @param {string} word @param {object[]} left */
export async function handIn(word, left) {
  const answer = await say({ word, left, is_done: false });
  if (!answer?.ok) throw new Error(`what was left here was not taken: ${answer?.status ?? "no answer"}`);
}

/** The device's last word. @param {string} word */
export async function sayDone(word) {
  for (let tries = 0; word && tries < TRIES; tries++) {
    if (tries) await pause(PAUSE_MS);
    if ((await say({ word, is_done: true }))?.ok) return;
  }
}

/** @param {object} words @returns {Promise<Response|null>} */
function say(words) {
  const init = { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(words) };
  return fetch("/devices/word", init).catch(() => null);
}

/** @param {number} ms */
function pause(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
