/**
 * Pushes to this device: switched on and off by a tap, never asked for on loading, and compared with the server at each
 * start.  In `[data-push]` the one `[data-push-state]` that is true is shown; `[data-push-offer]` is shown where pushes
 * could be switched on; `[data-push-on]` and `[data-push-off]` are the buttons.
 */

const COMPARED = "push-compared";

/** @type {ServiceWorkerRegistration|null} */
let registration = null;
/** @type {string} why the last tap led to nothing, '' for nothing */
let failure = "";

/** @param {ServiceWorkerRegistration} worker */
export function startPush(worker) {
  registration = worker;
  document.addEventListener("click", ({ target }) => {
    if (!(target instanceof Element)) return;
    if (target.closest("[data-push-on]")) act(switchOn);
    else if (target.closest("[data-push-off]")) act(switchOff);
  });
  document.addEventListener("htmx:after:swap", show);
  // Somebody is signed in where pages come from the replica.
  if (document.body.dataset.host === "device") compare().catch((error) => console.warn("pushes were not compared", error)).then(show);
  else show();
}

/** @param {() => Promise<void>} change */
async function act(change) {
  failure = "";
  try {
    await change();
  } catch (error) {
    console.warn("pushes could not be switched", error);
    failure = "failed";
  }
  await show();
}

/** In a tap: the browser asks its question now. */
async function switchOn() {
  if ((await Notification.requestPermission()) !== "granted") return;
  await subscribe();
}

async function switchOff() {
  const subscription = await current();
  if (!subscription) return;
  await fetch("/push/subscription", sending("DELETE", { endpoint: subscription.endpoint }));
  await subscription.unsubscribe();
}

/** Once each time the app is started: what the browser has is what the server knows, under the server's present key. */
async function compare() {
  if (!isPossible() || Notification.permission !== "granted" || sessionStorage.getItem(COMPARED)) return;
  if (await current()) await subscribe();
  sessionStorage.setItem(COMPARED, "1");
}

async function subscribe() {
  const manager = /** @type {ServiceWorkerRegistration} */ (registration).pushManager;
  const answer = await fetch("/push/key");
  if (!answer.ok) throw new Error(`no key: ${answer.status}`);
  const { key } = await answer.json();
  let subscription = await current();
  if (subscription && encoded(subscription.options.applicationServerKey) !== key) {
    await subscription.unsubscribe();
    subscription = null;
  }
  subscription ??= await manager.subscribe({ userVisibleOnly: true, applicationServerKey: key });
  const language = document.documentElement.lang;
  const told = await fetch("/push/subscription", sending("POST", { ...subscription.toJSON(), language }));
  if (told.ok) return;
  if (told.status === 422) await subscription.unsubscribe(); // the server sends nothing there
  throw new Error(`not taken: ${told.status}`);
}

/** @param {string} method @param {object} what @returns {RequestInit} */
function sending(method, what) {
  return { method, headers: { "Content-Type": "application/json" }, body: JSON.stringify(what) };
}

/** @param {ArrayBuffer|null} key */
function encoded(key) {
  const bytes = String.fromCharCode(...new Uint8Array(key ?? new ArrayBuffer(0)));
  return btoa(bytes).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

async function show() {
  const places = document.querySelectorAll("[data-push], [data-push-offer]");
  if (!places.length) return;
  const state = await stateOf();
  for (const place of places) {
    if (place instanceof HTMLElement && "pushOffer" in place.dataset) place.hidden = state !== "off";
    for (const words of place.querySelectorAll("[data-push-state]")) {
      words.toggleAttribute("hidden", /** @type {HTMLElement} */ (words).dataset.pushState !== state);
    }
  }
}

/** @returns {Promise<string>} on, off, denied, failed, install (iOS: only the installed app may), unsupported */
async function stateOf() {
  if (!isPossible()) return "standalone" in navigator && !(/** @type {any} */ (navigator).standalone) ? "install" : "unsupported";
  if (failure) return failure;
  if (Notification.permission === "denied") return "denied";
  return Notification.permission === "granted" && (await current()) ? "on" : "off";
}

function isPossible() {
  return Boolean(registration && "pushManager" in registration && "Notification" in window);
}

/** @returns {Promise<PushSubscription|null>} */
async function current() {
  return (await registration?.pushManager.getSubscription().catch(() => null)) ?? null;
}
