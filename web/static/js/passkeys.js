/**
 * Passkeys: `form[data-passkey]` asks this browser for one, puts the answer into its empty hidden input and is sent.
 * What to ask for stands in `data-options`, as the server wrote it; on the sign-in page (`data-offered`) it is also
 * offered where the login is typed.  Without this script, or without passkeys, the other ways in are there.
 */

/** @type {AbortController|null} the offer that waits in the login field */
let offer = null;

for (const form of /** @type {NodeListOf<HTMLFormElement>} */ (document.querySelectorAll("form[data-passkey]"))) start(form);

/** @param {HTMLFormElement} form */
function start(form) {
  if (!window.PublicKeyCredential) return say(form, "unknown");
  form.addEventListener("submit", (event) => {
    if (answerOf(form).value) return;
    event.preventDefault();
    ask(form);
  });
  if ("offered" in form.dataset) offerAt(form);
}

/** @param {HTMLFormElement} form */
async function ask(form) {
  say(form, "");
  if (!navigator.onLine) return say(form, "offline");
  offer?.abort();
  try {
    send(form, await (form.dataset.passkey === "create" ? create(form) : get(form)));
  } catch (error) {
    // InvalidStateError: this authenticator holds one of the keys that were named.
    say(form, /** @type {Error} */ (error).name === "InvalidStateError" ? "known" : "cancelled");
  }
}

/** The browser shows passkeys among its suggestions for the login, and waits as long as the page is open.
 * @param {HTMLFormElement} form */
async function offerAt(form) {
  if (!(await PublicKeyCredential.isConditionalMediationAvailable?.())) return;
  offer = new AbortController();
  try {
    send(form, await get(form, { mediation: "conditional", signal: offer.signal }));
  } catch {
    // taken back by a tap on the button, or declined: the button is still there
  }
}

/** @param {HTMLFormElement} form @param {object} [more] */
async function get(form, more = {}) {
  const options = JSON.parse(form.dataset.options ?? "");
  const publicKey = { ...options, challenge: bytes(options.challenge), allowCredentials: named(options.allowCredentials) };
  return navigator.credentials.get({ publicKey, ...more });
}

/** @param {HTMLFormElement} form */
async function create(form) {
  const options = JSON.parse(form.dataset.options ?? "");
  const publicKey = {
    ...options,
    challenge: bytes(options.challenge),
    user: { ...options.user, id: bytes(options.user.id) },
    excludeCredentials: named(options.excludeCredentials),
  };
  return navigator.credentials.create({ publicKey });
}

/** @param {HTMLFormElement} form @param {any} credential */
function send(form, credential) {
  answerOf(form).value = JSON.stringify(plain(credential));
  form.requestSubmit();
}

/** A credential as the server reads it: bytes as base64url. @param {any} credential */
function plain(credential) {
  const { response } = credential;
  const parts = ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"];
  const found = parts.filter((name) => response[name]).map((name) => [name, text(response[name])]);
  const transports = response.getTransports?.();
  return {
    id: credential.id,
    rawId: text(credential.rawId),
    type: credential.type,
    response: { ...Object.fromEntries(found), ...(transports && { transports }) },
  };
}

/** The hidden input that carries the answer. @param {HTMLFormElement} form */
function answerOf(form) {
  return /** @type {HTMLInputElement} */ (form.querySelector("input[name=passkey], input[name='proof.passkey']"));
}

/** @param {HTMLFormElement} form @param {string} what '' to say nothing */
function say(form, what) {
  for (const line of /** @type {NodeListOf<HTMLElement>} */ (form.querySelectorAll("[data-said]"))) {
    line.hidden = line.dataset.said !== what;
  }
}

/** @param {{id: string}[]} [credentials] */
function named(credentials = []) {
  return credentials.map((one) => ({ ...one, id: bytes(one.id) }));
}

/** @param {string} base64url */
function bytes(base64url) {
  const binary = atob(base64url.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(binary, (letter) => letter.charCodeAt(0));
}

/** @param {ArrayBuffer} buffer */
function text(buffer) {
  const binary = String.fromCharCode(...new Uint8Array(buffer));
  return btoa(binary).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}
