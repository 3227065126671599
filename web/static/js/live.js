/**
 * The server's pokes: while a page is looked at, somebody else's edit is here within a second.  A poke only
 * makes the worker ask; nothing breaks without this stream.
 */

import { tellWorker } from "./worker.js";

const FIRST_WAIT_MS = 5_000;
const LAST_WAIT_MS = 300_000;
const SETTLED_MS = 11_000; // a little longer than the worker takes a sync for fresh
// The server says something every 25 seconds.  A stream that is silent for longer may be held back by a proxy.
const SILENCE_MS = 60_000;

/** @type {EventSource|null} */
let stream = null;
let failures = 0;
let timer = 0;
let silence = 0;

export function startLive() {
  document.addEventListener("visibilitychange", follow);
  addEventListener("online", follow);
  addEventListener("pagehide", close);
  addEventListener("pageshow", follow);
  follow();
}

function follow() {
  if (document.visibilityState === "visible") open();
  else close();
}

function open() {
  if (stream) return;
  clearTimeout(timer);
  heard();
  stream = new EventSource("/live");
  stream.onopen = () => (failures = 0);
  stream.onerror = () => again();
  stream.addEventListener("still", heard);
  stream.addEventListener("poke", greeted, { once: true });
}

/** The first poke greets every page that connects: tapping through five pages must not sync five times.
 * What changed just before is asked for once the person stays. */
function greeted() {
  heard();
  tellWorker({ type: "wake" });
  timer = setTimeout(() => tellWorker({ type: "wake" }), SETTLED_MS);
  stream?.addEventListener("poke", () => {
    heard();
    tellWorker({ type: "sync", wish: "poke" });
  });
}

/** Whatever the reason of a silence, a page that is looked at asks by itself then, and goes on asking. */
function heard() {
  clearInterval(silence);
  silence = setInterval(() => tellWorker({ type: "sync", wish: "quiet" }), SILENCE_MS);
}

function close() {
  clearTimeout(timer);
  if (document.visibilityState !== "visible") clearInterval(silence);
  stream?.close();
  stream = null;
}

/** The browser's own reconnecting never slows down; ours does. */
function again() {
  close();
  const wait = Math.min(FIRST_WAIT_MS * 2 ** failures, LAST_WAIT_MS) * (0.75 + Math.random() / 2);
  failures += 1;
  timer = setTimeout(follow, wait);
}
