/**
 * A new version is stored and waits.  The person is told, and decides when; what was typed is kept over the
 * reload (unsaved.js), and a page in which something is being typed is never reloaded under the hands.
 */

import { buttonTo, showNotice } from "./notice.js";
import { hasUnsaved } from "./unsaved.js";
import { words } from "./words.js";

/** @param {ServiceWorkerRegistration} registration */
export function startUpdate(registration) {
  const hadWorker = Boolean(navigator.serviceWorker.controller);
  offer(registration);
  registration.addEventListener("updatefound", () => {
    registration.installing?.addEventListener("statechange", () => offer(registration));
  });
  navigator.serviceWorker.addEventListener("controllerchange", () => {
    // Without a new one the device was emptied: the page that says so is on its way.
    if (hadWorker && navigator.serviceWorker.controller && !hasUnsaved()) location.reload();
  });
}

/** @param {ServiceWorkerRegistration} registration */
function offer(registration) {
  if (!registration.waiting || !navigator.serviceWorker.controller) return;
  const reload = buttonTo(words().reload, (button) => {
    button.disabled = true;
    registration.waiting?.postMessage({ type: "skip-waiting" });
  });
  showNotice("update", words().newVersion, reload);
}
