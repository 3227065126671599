/**
 * Typing survives: what differs from the form as it was made is kept in this tab until the form was saved,
 * over reloads, wrong turns and answers that failed.  Passwords and files are never kept.
 */

const PREFIX = "draft:";
const SENT = "draft-sent";
const PAUSE_MS = 300;

let isMovingOn = false;
let timer = 0;

export function startUnsaved() {
  forgetSent(navigationStatus());
  restoreAll();
  document.addEventListener("input", ({ target }) => soon(/** @type {any} */ (target).form));
  document.addEventListener("change", ({ target }) => keep(/** @type {any} */ (target).form));
  document.addEventListener("submit", ({ target }) => sent(/** @type {HTMLFormElement} */ (target)));
  document.addEventListener("click", ({ target }) => (isMovingOn = isLink(target)));
  document.addEventListener("htmx:after:swap", (event) => swapped(/** @type {CustomEvent} */ (event).detail?.ctx));
  addEventListener("pagehide", () => keptForms().forEach(keep));
  addEventListener("beforeunload", (event) => {
    // Links inside the app lose nothing: the draft is there on the way back.
    if (!isMovingOn && hasUnsaved()) event.preventDefault();
  });
}

/** Is something typed on this page that was not saved? */
export function hasUnsaved() {
  return keptForms().some((form) => changesOf(form).length > 0);
}

/** Forms of rows; not signing in, and not what a tap alone sends. */
function keptForms() {
  return [...document.forms].filter((form) => "unsaved" in form.dataset || form.querySelector('[name^="row."]'));
}

/** @param {HTMLFormElement|undefined|null} form */
function soon(form) {
  clearTimeout(timer);
  timer = setTimeout(() => keep(form), PAUSE_MS);
}

/** @param {HTMLFormElement|undefined|null} form */
function keep(form) {
  if (!form || !keptForms().includes(form)) return;
  const changes = changesOf(form);
  try {
    if (changes.length) sessionStorage.setItem(keyOf(form), JSON.stringify(changes));
    else sessionStorage.removeItem(keyOf(form));
  } catch (error) {
    console.warn("no draft could be kept", error); // a full or forbidden storage: beforeunload still asks
  }
}

/** @param {HTMLFormElement} form */
function sent(form) {
  if (!keptForms().includes(form)) return;
  keep(form);
  isMovingOn = true;
  sessionStorage.setItem(SENT, keyOf(form));
}

/** The answer to what was sent last is here: a good one ends the draft. @param {number} status */
function forgetSent(status) {
  const key = sessionStorage.getItem(SENT);
  sessionStorage.removeItem(SENT);
  if (key && status < 400) sessionStorage.removeItem(key);
}

/** @param {any} request htmx's record of it */
function swapped(request) {
  isMovingOn = false;
  if (request?.request?.method?.toUpperCase() === "POST") forgetSent(request.response?.status ?? 200);
  restoreAll();
}

function restoreAll() {
  for (const form of keptForms()) {
    const text = sessionStorage.getItem(keyOf(form));
    if (text) restore(form, JSON.parse(text));
  }
}

/** @param {HTMLFormElement} form @param {Array<[string, number, string|boolean]>} changes */
function restore(form, changes) {
  for (const [name, index, value] of changes) {
    const field = fieldsOf(form).filter((candidate) => candidate.name === name)[index];
    if (!field || isChanged(field)) continue; // whoever types faster than this script loads is right
    if (typeof value === "boolean") field.checked = value;
    else field.value = value;
    field.dispatchEvent(new Event("change", { bubbles: true }));
  }
}

/** Fields that differ from how the page was made: name, which of that name, and what it is now.
 * @param {HTMLFormElement} form @returns {Array<[string, number, string|boolean]>} */
function changesOf(form) {
  const seen = /** @type {Record<string, number>} */ ({});
  return fieldsOf(form).flatMap((field) => {
    const index = (seen[field.name] = (seen[field.name] ?? -1) + 1);
    return isChanged(field) ? [[field.name, index, isTick(field) ? field.checked : field.value]] : [];
  });
}

/** @param {HTMLFormElement} form @returns {any[]} */
function fieldsOf(form) {
  const without = ["password", "file", "hidden", "submit", "button"];
  return [...form.elements].filter((/** @type {any} */ field) => field.name && !without.includes(field.type));
}

/** @param {any} field */
function isChanged(field) {
  if (isTick(field)) return field.checked !== field.defaultChecked;
  if (field.type !== "select-one") return field.value !== field.defaultValue;
  const chosen = [...field.options].find((option) => option.defaultSelected) ?? field.options[0];
  return field.value !== chosen?.value;
}

/** @param {any} field */
function isTick(field) {
  return field.type === "checkbox" || field.type === "radio";
}

/** @param {HTMLFormElement} form */
function keyOf(form) {
  return `${PREFIX}${location.pathname}${location.search}#${keptForms().indexOf(form)}`;
}

/** @param {EventTarget|null} target */
function isLink(target) {
  const link = target instanceof Element ? target.closest("a") : null;
  return link !== null && link.origin === location.origin;
}

/** How the page that is shown was answered; browsers that do not say are believed to be well. */
function navigationStatus() {
  const [entry] = /** @type {any[]} */ (performance.getEntriesByType("navigation"));
  return entry?.responseStatus || 200;
}
