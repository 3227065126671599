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
    for (const place of places) place.textContent = words().storage(size(usage), size(quota), isKept);
  };
  document.addEventListener("htmx:after:swap", show);
  await show();
}

async function askToKeep() {
  if (await navigator.storage.persisted?.()) return true;
  return (await navigator.storage.persist?.()) ?? false;
}

/** @param {number} bytes @returns {string} with its unit; what would round to 1,000 MB is a gigabyte */
export function size(bytes) {
  const tenths = Math.round(bytes / 100_000);
  if (tenths < 10_000) return `${tenths / 10} MB`;
  const format = { minimumFractionDigits: 1, maximumFractionDigits: 1 };
  return `${(bytes / 1_000_000_000).toLocaleString("en", format)} GB`;
}
