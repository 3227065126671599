/** Signing out deletes what is on the device: `form[data-sign-out]` asks first when something was not sent yet. */

import { askWorker } from "./worker.js";
import { words } from "./words.js";

export function startSignOut() {
  document.addEventListener("submit", (event) => {
    const form = /** @type {HTMLFormElement} */ (event.target);
    if (!("signOut" in form.dataset) || form.dataset.signOut === "sure") return;
    event.preventDefault();
    leave(form);
  });
}

/** @param {HTMLFormElement} form */
async function leave(form) {
  const unsent = (await askWorker({ type: "unsent" })) ?? 0;
  if (unsent && !confirm(words().unsent(unsent))) return;
  form.dataset.signOut = "sure";
  form.requestSubmit();
}
