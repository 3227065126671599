/** The page's line to the service worker. */

/** @returns {Promise<ServiceWorkerRegistration|null>} null where this browser cannot have it */
export async function registerWorker() {
  if (!("serviceWorker" in navigator)) return null;
  try {
    return await navigator.serviceWorker.register("/sw.js", { type: "module", updateViaCache: "none" });
  } catch (error) {
    console.warn("no offline work in this browser", error);
    return null;
  }
}

/** @param {{type: string}} message */
export async function tellWorker(message) {
  (await worker())?.postMessage(message);
}

/**
 * @param {{type: string}} message
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
