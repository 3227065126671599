/**
 * Ask the browser to keep this app's data, and say in `[data-storage]` what it answered and how much is used.
 * Asked on pages of the app only, so after signing in.
 */

import { words } from "./words.js";

export async function startStorage() {
  if (!navigator.storage?.estimate) return;
  // Only pages made from the replica: before that there is nothing to keep.
  const isKept = document.body.dataset.host === "device" ? await askToKeep() : false;
  const show = async () => {
    const places = document.querySelectorAll("[data-storage]");
    if (!places.length) return;
    const { usage = 0, quota = 0 } = await navigator.storage.estimate();
    for (const place of places) place.textContent = words().storage(megabytes(usage), megabytes(quota), isKept);
  };
  document.addEventListener("htmx:after:swap", show);
  await show();
}

async function askToKeep() {
  if (await navigator.storage.persisted?.()) return true;
  return (await navigator.storage.persist?.()) ?? false;
}

/** @param {number} bytes */
function megabytes(bytes) {
  return String(Math.round(bytes / 100_000) / 10);
}
