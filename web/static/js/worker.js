/** The page's line to the service worker. */

const TWELVE_HOURS_MS = 43_200_000;

/** @returns {Promise<ServiceWorkerRegistration|null>} null where this browser cannot have it */
export async function registerWorker() {
  if (!("serviceWorker" in navigator)) return null;
  try {
    const registration = await navigator.serviceWorker.register("/sw.js", { type: "module", updateViaCache: "none" });
    askForMornings(registration);
    return registration;
  } catch (error) {
    console.warn("no offline work in this browser", error);
    return null;
  }
}

/** Where the person allowed it: rows are fresh before the app is opened. Nothing depends on it.
 * @param {any} registration */
async function askForMornings(registration) {
  const name = /** @type {PermissionName} */ ("periodic-background-sync");
  const permission = await navigator.permissions?.query({ name }).catch(() => null); // unknown to most browsers
  if (permission?.state === "granted") await registration.periodicSync?.register("refresh", { minInterval: TWELVE_HOURS_MS });
}

/** @param {{type: string} & Record<string, any>} message */
export async function tellWorker(message) {
  (await worker())?.postMessage(message);
}

/**
 * @param {{type: string} & Record<string, any>} message
 * @returns {Promise<any>} the answer; undefined where there is no worker, or it says nothing in time
 */
export async function askWorker(message) {
  const active = await worker();
  if (!active) return undefined;
  const { port1, port2 } = new MessageChannel();
  return new Promise((resolve) => {
    port1.onmessage = ({ data }) => resolve(data);
    setTimeout(resolve, 3_000);
    active.postMessage(message, [port2]);
  });
}

async function worker() {
  const container = navigator.serviceWorker;
  return container?.controller ?? (await container?.getRegistration())?.active ?? (await container?.ready)?.active;
}
