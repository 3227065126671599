/**
 * A new version is stored and waits.  The person is told, and decides when; what was typed is kept over the
 * reload (unsaved.js), and a page in which something is being typed is never reloaded under the hands.
 */

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
    if (hadWorker && !hasUnsaved()) location.reload();
  });
}

/** @param {ServiceWorkerRegistration} registration */
function offer(registration) {
  if (!registration.waiting || !navigator.serviceWorker.controller || document.querySelector("[data-update]")) return;
  const notice = document.createElement("div");
  notice.className = "notice";
  notice.dataset.update = "";
  notice.dataset.state = "accent";
  notice.setAttribute("role", "status");
  const text = document.createElement("p");
  text.textContent = words().newVersion;
  const button = document.createElement("button");
  button.type = "button";
  button.className = "btn";
  button.textContent = words().reload;
  button.addEventListener("click", () => {
    button.disabled = true;
    registration.waiting?.postMessage({ type: "skip-waiting" });
  });
  notice.append(text, button);
  document.getElementById("main")?.before(notice);
}
