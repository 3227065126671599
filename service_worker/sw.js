/**
 * The service worker's events, and nothing else.  Listeners are there at once, when the script has run;
 * `install` stores this build's files and never waits for the database, which the older worker still holds.
 */

import { CATALOGUES } from "../generated/catalogues.gen.js";
import { PAGES } from "../generated/pages.gen.js";
import { BUILD, PRECACHE } from "../generated/precache.gen.js";
import { TEMPLATES } from "../generated/templates.gen.js";
import { Answers } from "./answers.js";
import { Host } from "./host.js";
import { Notices } from "./notices.js";
import { createPages } from "./pages.js";
import { IN_A_WHILE_MS, Reminders, putOff } from "./reminders.js";
import { Router } from "./router.js";

/** @typedef {ServiceWorkerGlobalScope & typeof globalThis} Worker */
const worker = /** @type {Worker} */ (/** @type {unknown} */ (self));

const CACHE = `roadbook-${BUILD}`;
const ASKED = "/approvals/count";
const OUTBOX = "outbox"; // the tag of Background Sync

const host = new Host(asset);
const pages = createPages({ pages: PAGES, templates: TEMPLATES, catalogues: CATALOGUES }, host);
host.asked = () => pages.results(ASKED, host.viewer());
const notices = new Notices(host, CATALOGUES);
const reminders = new Reminders(host, pages, CATALOGUES, notices);
notices.wasShown = (key) => reminders.wasShown(key);
const router = new Router({ host, pages, asset, answers: new Answers(host, pages) });

// Only the worker in charge loads the database at once: the person's first tap is then already served.
if (worker.serviceWorker?.state === "activated") host.open().catch(() => {});

worker.addEventListener("install", (event) => event.waitUntil(storeBuild()));

worker.addEventListener("activate", (event) => event.waitUntil(takeCharge()));

worker.addEventListener("fetch", (event) => {
  const answer = router.route(event.request, {
    waitFor: (work) => event.waitUntil(work.then(sendLater).then(() => filesGone())),
    startId: event.resultingClientId,
  });
  if (answer) event.respondWith(answer);
});

worker.addEventListener("message", (event) => {
  const act = MESSAGES[/** @type {keyof typeof MESSAGES} */ (event.data?.type)];
  if (act) event.waitUntil(act(event));
});

worker.addEventListener("sync", (/** @type {any} */ event) => {
  if (event.tag === OUTBOX) event.waitUntil(host.sync("background").then(filesGone).then(mustSucceed));
});

worker.addEventListener("periodicsync", (/** @type {any} */ event) => event.waitUntil(host.sync("background").then(filesGone)));

worker.addEventListener("push", (event) => event.waitUntil(notices.pushed(event.data).then(() => reminders.pushed(event.data))));

worker.addEventListener("notificationclick", (event) => event.waitUntil(notices.tapped(event.notification, event.action).then(sendLater)));

worker.addEventListener("pushsubscriptionchange", (/** @type {any} */ event) => event.waitUntil(notices.renew(event).catch(() => {})));

const NOTHING = { waiting: 0, refused: 0, files: 0, files_refused: [] };

/** What pages ask for. @type {Record<string, (event: ExtendableMessageEvent) => Promise<any>>} */
const MESSAGES = {
  "wake": () => host.wake().then(sendLater).then(mendBuild).then(() => filesGone()),
  "sync": (event) => host.sync(event.data.wish ?? "poke").then(sendLater).then(() => filesGone()),
  // Is anything to be hidden?  A page that is looked at keeps the app open.
  "here": async (event) => {
    const locked = await host.lockedNow();
    if (event.data.is_looked_at) await host.touch();
    event.ports[0]?.postMessage({ locked, has_lock: host.viewer().sync.lock_kind ? true : false });
  },
  "reminders": async (event) => {
    const nothing = { due: [], next_ms: null, words: {} };
    event.ports[0]?.postMessage((await host.lockedNow()) ? nothing : await reminders.look(Boolean(event.data.is_looked_at)));
  },
  "reminded": (event) => reminders.answered(event.data.ids),
  "snooze": async (event) => {
    if (await host.lockedNow()) return;
    event.ports[0]?.postMessage(await putOff(host, event.data.key, Date.now() + IN_A_WHILE_MS));
    await host.sendEdits().then(sendLater);
  },
  // Compare with the server now; what was mended is the answer.
  "check": async (event) => event.ports[0]?.postMessage(await host.check()),
  // The page asks only when the person has tapped the button.
  "skip-waiting": () => worker.skipWaiting(),
  "unsent": async (event) => {
    const replica = await host.open().catch(() => null);
    const { waiting, refused, files, files_refused: others } = replica ? host.status(replica) : NOTHING;
    event.ports[0]?.postMessage(waiting + refused + files + others.length);
  },
};

async function storeBuild() {
  const cache = await caches.open(CACHE);
  // Past the HTTP cache, or a new build might store the old build's file under an unhashed address.
  await cache.addAll(PRECACHE.map((/** @type {string} */ address) => new Request(address, { cache: "reload" })));
}

/** Signing out deletes the files, too: whoever signs in next gets them again. */
async function mendBuild() {
  if (host.isSomebodys && !(await caches.has(CACHE))) await storeBuild().catch(() => {});
}

async function takeCharge() {
  const others = (await caches.keys()).filter((name) => name.startsWith("roadbook-") && name !== CACHE);
  await Promise.all(others.map((name) => caches.delete(name)));
  await worker.clients.claim();
}

/** A file of this build; what is not stored comes from the server. @param {string|Request} address */
async function asset(address) {
  const stored = await caches.match(address, { cacheName: CACHE, ignoreVary: true });
  return stored ?? fetch(address);
}

/** What could not be sent now: ask the browser to wake us when there is a signal, where it can. */
async function sendLater() {
  if (!host.isWaiting) return;
  const registration = /** @type {any} */ (worker.registration);
  await registration.sync?.register(OUTBOX).catch(() => {}); // refused where the person forbade it
}

/** The worker stays for files that are on their way. @param {string} [why] what stood in the way of the rest */
async function filesGone(why = "") {
  await host.filesGoing;
  return why || (host.isWaiting ? "files" : "");
}

/** Background Sync tries again later when its event fails. @param {string} why */
function mustSucceed(why) {
  if (why) throw new Error(`not sent: ${why}`);
}
