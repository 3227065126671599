/**
 * What the server tells this device by push: a notification, always and at once, then a sync.  What can be done in the
 * notification itself goes the way of a form, also without signal, and says that it is still to be sent.
 */

import { Text } from "../web/text.js";
import { NotSaved, save } from "./edit.js";
import { snooze } from "./reminders.js";
import { renew } from "./subscription.js";

/**
 * @typedef {object} Told the data of a notification
 * @property {string} key
 * @property {string} kind
 * @property {string} for whose it is
 * @property {string} address
 * @property {{id: string, step: string, hash: string}} [approval] what was asked for when it was sent
 *
 * @typedef {{host: import("./host.js").Host, told: Told, notification: Notification, notices: Notices}} Tapped
 */

const ICON = "/static/icons/icon-192.png";
const BADGE = "/static/icons/badge-96.png";
const WHERE_IT_IS_CHOSEN = "/me/notices";

/** What a button of a notification does; others lead to the page. @type {Record<string, (tapped: Tapped) => Promise<boolean>>} */
export const ACTIONS = { approve, snooze };

/** Where a button leads that does nothing by itself: a rejection needs a reason. @type {Record<string, string>} */
const PLACES = { reject: "#reject" };

export class Notices {
  #host;
  #catalogues;
  #worker;

  /**
   * @param {import("./host.js").Host} host
   * @param {Record<string, import("../web/text.js").Catalogue>} catalogues
   */
  constructor(host, catalogues) {
    this.#host = host;
    this.#catalogues = catalogues;
    this.#worker = /** @type {ServiceWorkerGlobalScope} */ (/** @type {unknown} */ (self));
  }

  /** Was it shown here before it was pushed? @type {(key: string|undefined) => boolean} */
  wasShown = () => false;

  /** In the person's language, as far as it is known. */
  words() {
    const { lang, tz, now_ms } = this.#host.viewer();
    const text = new Text(lang, tz, now_ms, this.#catalogues);
    return { lang, _: text.gettext.bind(text) };
  }

  /** Something is always shown: browsers end a subscription whose pushes show nothing.
   * @param {PushMessageData|null} data @returns {Promise<any>} */
  async pushed(data) {
    // Only to wake this device: what it hears then may leave nobody here to be told of anything.
    if (isWake(data)) return this.#host.sync("background");
    const { title, options, badge } = this.#read(data, Boolean(await this.#host.lockedNow()));
    const shown = this.#worker.registration.showNotification(title, options);
    if (badge !== null && "setAppBadge" in self.navigator) /** @type {any} */ (self.navigator).setAppBadge(badge).catch(() => {});
    return Promise.all([shown, shown.then(() => this.#host.sync("background"))]);
  }

  /** @param {PushMessageData|null} data @param {boolean} isLocked no more is said then than that there is something */
  #read(data, isLocked) {
    try {
      const { notification, app_badge: badge } = /** @type {PushMessageData} */ (data).json();
      const { title, navigate, ...rest } = notification;
      const address = localAddress(navigate) || localAddress(rest.data?.address) || WHERE_IT_IS_CHOSEN;
      const options = { icon: ICON, badge: BADGE, ...rest, data: { ...rest.data, address } };
      if (!options.tag) delete options.renotify;
      if (isLocked) return this.#briefly(options.data, Number.isInteger(badge) ? badge : null);
      // What this device has shown by itself is replaced without another sound.
      if (this.wasShown(rest.data?.key)) Object.assign(options, { renotify: false, silent: true });
      return { title: String(title), options, badge: Number.isInteger(badge) ? badge : null };
    } catch {
      return this.#briefly({ address: "/" }, null);
    }
  }

  /** @param {{address: string}} data @param {number|null} badge */
  #briefly(data, badge) {
    const { _, lang } = this.words();
    return { title: _("Something new in Roadbook"), options: { icon: ICON, badge: BADGE, lang, tag: "news", data }, badge };
  }

  /** A tap on a notification, or on a button in it. @param {Notification} notification @param {string} action */
  async tapped(notification, action) {
    notification.close();
    const told = /** @type {Told} */ (notification.data ?? {});
    const act = ACTIONS[action];
    if (act && !(await this.#host.lockedNow()) && (await this.#did(act, { host: this.#host, told, notification, notices: this }))) return;
    await this.#show((localAddress(told.address) || "/") + (PLACES[action] ?? ""));
  }

  /** Whatever goes wrong, the page is opened, where it can be done by hand.
   * @param {(tapped: Tapped) => Promise<boolean>} act @param {Tapped} tapped */
  async #did(act, tapped) {
    try {
      return await act(tapped);
    } catch (error) {
      console.error("an action of a notification failed", error);
      return false;
    }
  }

  /** In a window that is open, else in a new one. @param {string} address */
  async #show(address) {
    const url = new URL(address, self.location.origin).href;
    const windows = await this.#worker.clients.matchAll({ type: "window", includeUncontrolled: true });
    const open = windows.find((one) => one.url === url) ?? windows.find((one) => one.visibilityState === "visible") ?? windows[0];
    if (!open) return void (await this.#worker.clients.openWindow(url));
    await open.focus().catch(() => {}); // some systems refuse; the page is there all the same
    if (open.url === url) return;
    const moved = await open.navigate(url).catch(() => null); // a window that this worker does not control
    if (!moved) await this.#worker.clients.openWindow(url);
  }

  /** @param {string} title @param {any} options */
  notify(title, options) {
    return this.#worker.registration.showNotification(title, { icon: ICON, badge: BADGE, lang: this.words().lang, ...options });
  }

  /** A word about what was done, without a sound. @param {Told} told @param {string} title @param {string} tag */
  say(told, title, tag) {
    const data = { address: told.address };
    const options = { icon: ICON, badge: BADGE, lang: this.words().lang, silent: true, tag, data };
    return this.#worker.registration.showNotification(title, options);
  }

  /** The browser gave this device another subscription, or took the old one away. @param {any} event */
  renew(event) {
    return renew(event.newSubscription, this.words().lang);
  }
}

/**
 * Approve the revision that the notification is about: an operation like that of a form.  Where the device holds another
 * person's rows, or none, nothing is written and the page is opened.
 *
 * @param {Tapped} tapped @returns {Promise<boolean>} whether it is done
 */
async function approve({ host, told, notices }) {
  const replica = await host.answering();
  if (!told.approval || !replica || replica.meta("user") !== told.for) return false;
  const { id, step, hash } = told.approval;
  const tag = `${told.kind}:${told.address}`;
  const before = new Set(ownActions(replica, id, told.for));
  try {
    const { me, now_ms: now, tz } = host.viewer();
    const today = replica.value("SELECT local_date(:now, :tz)", { ":now": now, ":tz": tz });
    const { entities } = await save(replica, host, asForm({ approval_id: id, verb: "approve", step_id: step, revision_hash: hash }), {
      me: me.id,
      now_ms: now,
      today,
      tz,
    });
    host.changed(entities);
  } catch (error) {
    if (error instanceof NotSaved) return false; // the page says why
    throw error;
  }
  const made = ownActions(replica, id, told.for).find((one) => !before.has(one));
  await notices.say(told, notices.words()._("Approved, to send"), tag);
  await host.sendEdits();
  await sayOutcome(host, told, notices, made, tag);
  return true;
}

/** @param {any} replica @param {string} approval @param {string} me @returns {string[]} */
function ownActions(replica, approval, me) {
  return replica
    .all("SELECT id FROM approval_action WHERE approval_id = :approval AND owner_id = :me", { ":approval": approval, ":me": me })
    .map((/** @type {{id: string}} */ { id }) => id);
}

/** @param {Record<string, string>} fields @returns {Array<[string, string]>} */
function asForm(fields) {
  const inputs = Object.entries(fields).map(([name, value]) => /** @type {[string, string]} */ ([`n.${name}`, value]));
  return [["row.n", "approval_action//0"], ...inputs];
}

/** What the server made of it, once it has said so.
 * @param {import("./host.js").Host} host @param {Told} told @param {Notices} notices @param {string|undefined} made @param {string} tag */
async function sayOutcome(host, told, notices, made, tag) {
  const replica = await host.answering();
  const action = replica && made ? replica.one("SELECT effect FROM approval_action WHERE id = :id", { ":id": made }) : null;
  const refused = made && replica?.value("SELECT count(*) FROM outbox WHERE row_id = :id AND state = 'refused'", { ":id": made });
  const { _ } = notices.words();
  if (refused) return notices.say(told, _("Not approved. Tap to see why."), tag);
  if (action?.effect === "in_force") return notices.say(told, _("Approved"), tag);
  if (action?.effect === "changed_meanwhile") return notices.say(told, _("Not approved: the request was changed meanwhile. Tap to look at it."), tag);
  if (action?.effect === "already_decided") return notices.say(told, _("Not needed any more: it was decided already."), tag);
}

/** @param {PushMessageData|null} data */
function isWake(data) {
  try {
    return data?.json().wake === 1;
  } catch {
    return false;
  }
}

/** Only ever an address of this site. @param {string|undefined|null} address */
function localAddress(address) {
  if (typeof address !== "string" || !address) return "";
  const url = new URL(address, self.location.origin);
  return url.origin === self.location.origin ? url.pathname + url.search + url.hash : "";
}
