/**
 * The app lock in a page.  While somebody looks the app stays open; a page that nobody looks at covers itself, and shows
 * what it held only once the worker has said that the app is not locked.  Passkeys are made and asked for here, because
 * only a page can; whether one opens the lock is the worker's to say.
 */

import { askWorker } from "./worker.js";

const EVERY_MS = 30_000;
const CLOSED = ["app", "lease"];
let hasLock = false;

export function startAppLock() {
  document.addEventListener("visibilitychange", look);
  addEventListener("pageshow", look);
  document.body.addEventListener("sync:status", look);
  setInterval(() => document.visibilityState === "visible" && look(), EVERY_MS);
  document.addEventListener("submit", (event) => {
    const form = /** @type {HTMLFormElement} */ (event.target);
    if (form.dataset.lockDone) return;
    const steps = [form.dataset.lockProof ? prove : null, form.closest("[data-lock-make]") ? make : null].filter((step) => step !== null);
    if (!steps.length) return;
    event.preventDefault();
    steps.reduce((before, step) => before.then(() => step(form)), Promise.resolve()).then(() => {
      form.dataset.lockDone = "1";
      form.submit();
    }).catch((error) => console.warn("no passkey", error)); // the person thought better of it: the page stays
  });
  offerPasskey();
  look();
}

async function look() {
  const isLookedAt = document.visibilityState === "visible";
  cover(hasLock && !isLookedAt);
  const answer = await askWorker({ type: "here", is_looked_at: isLookedAt });
  if (!answer) return;
  hasLock = answer.has_lock;
  const { locked: shown } = document.body.dataset; // on the page of the lock alone
  const isClosed = CLOSED.includes(answer.locked);
  if (shown === undefined ? isClosed && isDevices() : shown && !isClosed) location.replace(location.pathname + location.search);
  else if (isLookedAt) cover(false);
}

/** Pages for signing in stay. */
function isDevices() {
  return !["/sign-in", "/setup", "/invite", "/wiped"].some((path) => location.pathname.startsWith(path));
}

/** Neither the list of open apps nor the first glance shows what the page held. @param {boolean} isCovered */
function cover(isCovered) {
  document.documentElement.toggleAttribute("data-covered", isCovered);
}

/** @param {HTMLFormElement} form */
async function prove(form) {
  const { lockProof: id = "", challenge = "" } = form.dataset;
  const found = await navigator.credentials.get({
    publicKey: { challenge: bytesOf(challenge), allowCredentials: [{ type: "public-key", id: bytesOf(id) }], userVerification: "required" },
  });
  const { response } = /** @type {any} */ (found);
  fill(form, "proof", { id, client: textOf(response.clientDataJSON), data: textOf(response.authenticatorData), signature: textOf(response.signature) });
}

/** @param {HTMLFormElement} form */
async function make(form) {
  const { challenge = "", name = "" } = /** @type {HTMLElement} */ (form.closest("[data-lock-make]")).dataset;
  const made = /** @type {any} */ (await navigator.credentials.create({
    publicKey: {
      challenge: bytesOf(challenge),
      rp: { name: "Roadbook" },
      user: { id: crypto.getRandomValues(new Uint8Array(16)), name: `Roadbook: ${name}`, displayName: name },
      pubKeyCredParams: [{ type: "public-key", alg: -7 }, { type: "public-key", alg: -257 }],
      authenticatorSelection: { authenticatorAttachment: "platform", userVerification: "required", residentKey: "discouraged" },
    },
  }));
  fill(form, "made", { id: textOf(made.rawId), key: textOf(made.response.getPublicKey()), alg: made.response.getPublicKeyAlgorithm() });
}

/** @param {HTMLFormElement} form @param {string} name @param {object} value */
function fill(form, name, value) {
  /** @type {HTMLInputElement} */ (form.elements.namedItem(name)).value = JSON.stringify(value);
}

/** Only where the device has a finger, a face or a code of its own to ask for. */
async function offerPasskey() {
  const offer = document.querySelector("[data-lock-make]");
  const isThere = await self.PublicKeyCredential?.isUserVerifyingPlatformAuthenticatorAvailable().catch(() => false);
  if (offer && isThere) offer.removeAttribute("hidden");
}

/** @param {ArrayBuffer} bytes */
function textOf(bytes) {
  return btoa(String.fromCharCode(...new Uint8Array(bytes)));
}

/** @param {string} text base64 */
function bytesOf(text) {
  return Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
}
