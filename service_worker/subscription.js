/** This device's subscription to pushes, as far as the worker looks after it: renewed, and ended when somebody signs out. */

/** Tell the server where this device is reached now.
 * @param {PushSubscription|null|undefined} subscription the browser's new one, where it made one by itself
 * @param {string} language */
export async function renew(subscription, language) {
  const manager = workers().pushManager;
  const answer = await fetch("/push/key");
  if (!answer.ok) return;
  const { key } = await answer.json();
  await tellServer(subscription ?? (await manager.subscribe({ userVisibleOnly: true, applicationServerKey: key })), language);
}

/** @param {PushSubscription} subscription @param {string} language */
async function tellServer(subscription, language) {
  const body = JSON.stringify({ ...subscription.toJSON(), language });
  await fetch("/push/subscription", { method: "POST", headers: { "Content-Type": "application/json" }, body });
}

/** Nothing of whoever signs out stays to be read, or to be told. */
export async function leaveNoNotices() {
  const registration = workers();
  const subscription = await registration.pushManager?.getSubscription().catch(() => null);
  await subscription?.unsubscribe().catch(() => {});
  for (const notification of (await registration.getNotifications?.()) ?? []) notification.close();
}

function workers() {
  return /** @type {ServiceWorkerGlobalScope} */ (/** @type {unknown} */ (self)).registration;
}
