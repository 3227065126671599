/**
 * A double tap saves once: a form that is on its way is not sent again.  Forms that htmx sends look after
 * themselves (hx-disable); a page that comes back from the browser's memory may send again.
 */

const ON_ITS_WAY_MS = 4_000;

/** @type {WeakMap<HTMLFormElement, number>} when each form was sent last */
let sentAt = new WeakMap();

export function startOnce() {
  document.addEventListener("submit", guard);
  addEventListener("pageshow", () => (sentAt = new WeakMap()));
}

/** @param {SubmitEvent} event */
function guard(event) {
  const form = /** @type {HTMLFormElement} */ (event.target);
  if (event.defaultPrevented || form.method !== "post" || form.hasAttribute("hx-post")) return;
  if (performance.now() - (sentAt.get(form) ?? -ON_ITS_WAY_MS) < ON_ITS_WAY_MS) event.preventDefault();
  else sentAt.set(form, performance.now());
}
