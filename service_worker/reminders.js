/**
 * The device reminds by itself while the app is open, with and without signal: from the rows that it holds, by the query
 * of the page of reminders, under the keys and in the words of the server.  What was shown here is not shown again.
 *
 * @typedef {object} Row what the page lists, see web/pages/reminders.sql
 * @property {string} key
 * @property {'event'|'task'|'contact'} kind
 * @property {string|null} name of the customer
 * @property {number|null} start_ms
 * @property {string} day
 * @property {0|1} is_all_day
 * @property {0|1} is_same_day
 * @property {number} at_ms
 * @property {0|1} is_off
 * @property {0|1} is_to_come
 * @property {string} address
 *
 * @typedef {{remind_at: string, quiet_from: string|null, quiet_until: string|null, is_off: 0|1}} Chosen
 * @typedef {{id: string, key: string, title: string, address: string}} Due
 * @typedef {{due: Due[], next_ms: number|null, words: Record<string, string>}} Answer
 */

import { Text } from "../web/text.js";
import { NotSaved, save } from "./edit.js";
import { derivedId } from "./ids.js";

const PAGE = "/me/reminders";
const SHOWN = "reminded"; // in replica_meta: what was shown or answered here, and when it came
const KEPT_MS = 30 * 86_400_000;
export const IN_A_WHILE_MS = 600_000;
/** More at once are told in one line. */
const MOST = 3;

/** @type {Answer} */
const NOTHING = { due: [], next_ms: null, words: {} };

export class Reminders {
  #host;
  #pages;
  #catalogues;
  #notices;
  /** One look at a time, or two windows would both show. */
  #turn = Promise.resolve();

  /**
   * @param {import("./host.js").Host} host @param {any} pages @param {Record<string, any>} catalogues
   * @param {import("./notices.js").Notices} notices
   */
  constructor(host, pages, catalogues, notices) {
    this.#host = host;
    this.#pages = pages;
    this.#catalogues = catalogues;
    this.#notices = notices;
  }

  /** An open page asks what is due.  The system shows it where it may; what is left is the page's to show.
   * @param {boolean} isLookedAt @returns {Promise<Answer>} */
  look(isLookedAt) {
    const looked = this.#turn.then(() => this.#look(isLookedAt)).catch((error) => {
      console.error("this device could not remind", error);
      return NOTHING;
    });
    this.#turn = looked.then(() => {});
    return looked;
  }

  /** @param {boolean} isLookedAt @returns {Promise<Answer>} */
  async #look(isLookedAt) {
    const replica = await this.#host.answering();
    if (!replica) return NOTHING;
    const { me, lang, tz, now_ms: now } = this.#host.viewer();
    const text = new Text(lang, tz, now, this.#catalogues);
    const { reminders, chosen } = /** @type {{reminders: Row[], chosen: Chosen}} */ (this.#pages.results(PAGE, { me, lang, tz, now_ms: now }));
    const shown = shownOf(replica);
    const due = reminders.filter((row) => !row.is_off && !row.is_to_come && !(idOf(row) in shown));
    const next = Math.min(...reminders.filter((row) => !row.is_off && row.is_to_come).map((row) => row.at_ms));
    const left = chosen.is_off ? [] : await this.#bySystem(replica, due, isQuiet(chosen, text.timeOf(now)), text);
    return {
      due: isLookedAt ? left.map((row) => ({ id: idOf(row), key: row.key, title: String(words(row, text)), address: row.address })) : [],
      next_ms: Number.isFinite(next) ? next : null,
      words: labels(text, left.length),
    };
  }

  /** Notifications of the system, under the tags that a push has. @returns {Promise<Row[]>} what was not shown
   * @param {any} replica @param {Row[]} due @param {boolean} isQuiet @param {Text} text */
  async #bySystem(replica, due, isQuiet, text) {
    if (self.Notification?.permission !== "granted") return due;
    // An appointment does not wait for a quiet night to end.
    const [now, later] = split(due, (row) => !isQuiet || (row.kind === "event" && !row.is_all_day));
    if (now.length > MOST) await this.#notify(text.ngettext("%(n)s reminder", "%(n)s reminders", now.length), "reminder:/", { kind: "reminder", address: "/" });
    else for (const row of now) await this.#notify(words(row, text), tagOf(row), this.#dataOf(row), labels(text, 0).later);
    if (now.length) await this.#remember(replica, now.map(idOf));
    return later;
  }

  /** @param {Row} row */
  #dataOf(row) {
    return { key: `reminder:${idOf(row)}`, kind: "reminder", for: this.#host.viewer().me.id, address: row.address };
  }

  /** @param {string|object} title @param {string} tag @param {object} data @param {string} [later] the button that puts it off */
  #notify(title, tag, data, later) {
    const actions = later ? [{ action: "snooze", title: later }] : [];
    return this.#notices.notify(String(title), { tag, data, actions });
  }

  /** The person answered these in a page. @param {string[]} ids */
  async answered(ids) {
    const replica = await this.#host.answering();
    if (replica) await this.#remember(replica, ids);
  }

  /** A push told of something: this device need not. @param {PushMessageData|null} data */
  async pushed(data) {
    const key = keyIn(data);
    if (key) await this.answered([key.slice("reminder:".length)]);
  }

  /** Did this device show it already? Answers at once, as far as it is known. @param {string|undefined} key of a notice */
  wasShown(key) {
    try {
      const [row] = this.#host.all("SELECT value FROM replica_meta WHERE name = :name", { ":name": SHOWN });
      return Boolean(key && row && key.slice("reminder:".length) in JSON.parse(row.value));
    } catch {
      return false;
    }
  }

  /** @param {any} replica @param {string[]} ids */
  async #remember(replica, ids) {
    const now = Date.now();
    await replica.tx(() => {
      const held = Object.entries(shownOf(replica)).filter(([, at]) => at > now - KEPT_MS);
      replica.setMeta(SHOWN, JSON.stringify(Object.fromEntries([...held, ...ids.map((id) => [id, now])])));
    });
  }
}

/** A button of a notification: the same again in ten minutes.
 * @param {{host: import("./host.js").Host, told: {key: string, for: string}}} tapped @returns {Promise<boolean>} */
export async function snooze({ host, told }) {
  const replica = await host.answering();
  if (!replica || replica.meta("user") !== told.for || !told.key.startsWith("reminder:")) return false;
  const key = told.key.slice("reminder:".length, told.key.lastIndexOf(":"));
  if (!(await putOff(host, key, Date.now() + IN_A_WHILE_MS))) return false;
  await host.sendEdits();
  return true;
}

/** Put a reminder off by an operation like that of a form; to send it is the caller's. @returns {Promise<boolean>} whether it is written
 * @param {import("./host.js").Host} host @param {string} key @param {number} untilMs */
export async function putOff(host, key, untilMs) {
  const replica = await host.answering();
  if (!replica) return false;
  const { me, now_ms: now, tz } = host.viewer();
  const today = replica.value("SELECT local_date(:now, :tz)", { ":now": now, ":tz": tz });
  try {
    const { entities } = await save(replica, host, snoozeForm(replica, key, me.id, untilMs), { me: me.id, now_ms: now, today, tz });
    host.changed(entities);
  } catch (error) {
    if (error instanceof NotSaved) return false;
    throw error;
  }
  return true;
}

/** @param {any} replica @param {string} key @param {string} me @param {number} untilMs @returns {Array<[string, string]>} */
function snoozeForm(replica, key, me, untilMs) {
  const id = derivedId(key, me);
  const held = replica.one("SELECT version, until_ms FROM snooze WHERE id = :id", { ":id": id });
  /** @type {Array<[string, string]>} */
  const before = held ? [["s.key.was", key], ["s.until_ms.was", String(held.until_ms)]] : [];
  return [["row.s", `snooze/${id}/${held ? held.version : ""}`], ["s.key", key], ["s.until_ms", String(untilMs)], ...before];
}

// --- words ---------------------------------------------------------------------------------------------

/** Marks a text for the catalogues. @param {string} text */
const N_ = (text) => text;

/** Twin of server/reminders/words.py. @param {Row} row @param {Text} text @returns {string} */
function words(row, text) {
  const { name } = row;
  const [alone, named, values] = SAYS[row.kind](row, text);
  return name ? text.gettext(named, { ...values, name }) : text.gettext(alone, values);
}

/** Without and with a customer's name. @type {Record<Row['kind'], (row: Row, text: Text) => [string, string, object]>} */
const SAYS = {
  event(row, text) {
    if (row.is_all_day) return [N_("Appointment: %(when)s"), N_("Appointment: %(when)s, %(name)s"), { when: text.dayOf(row.day) }];
    if (row.is_same_day) return [N_("Appointment at %(time)s"), N_("Appointment at %(time)s: %(name)s"), { time: text.timeOf(row.start_ms) }];
    return [N_("Appointment: %(when)s"), N_("Appointment: %(when)s, %(name)s"), { when: text.moment(row.start_ms) }];
  },
  task: () => [N_("A task is due"), N_("A task is due: %(name)s"), {}],
  contact: () => [N_("Time to get in touch with a customer"), N_("Time to get in touch: %(name)s"), {}],
};

/** What a page's notices need beside. @param {Text} text @param {number} n how many there are @returns {Record<string, string>} */
function labels(text, n) {
  const _ = text.gettext.bind(text);
  const more = text.ngettext("%(n)s more reminder", "%(n)s more reminders", n - MOST);
  return { open: _("Open it"), later: _("In 10 minutes"), close: _("Close"), all: _("All reminders"), more };
}

// --- small things --------------------------------------------------------------------------------------

/** Put off, it is shown again. @param {Row} row */
function idOf(row) {
  return `${row.key}:${row.at_ms}`;
}

/** As a push has it. @param {Row} row */
function tagOf(row) {
  return `reminder:${row.address}`;
}

/** @param {any} replica @returns {Record<string, number>} */
function shownOf(replica) {
  return JSON.parse(replica.meta(SHOWN) || "{}");
}

/** @param {PushMessageData|null} data @returns {string} the key of a reminder that a push tells of, or '' */
function keyIn(data) {
  try {
    const { key, kind } = /** @type {PushMessageData} */ (data).json().notification.data;
    return kind === "reminder" && typeof key === "string" ? key : "";
  } catch {
    return "";
  }
}

/** @param {Chosen} chosen @param {string} clock HH:MM now */
function isQuiet({ quiet_from: from, quiet_until: until }, clock) {
  if (!from || !until || from === until) return false;
  return from < until ? from <= clock && clock < until : clock >= from || clock < until;
}

/** @template T @param {T[]} all @param {(one: T) => boolean} belongs @returns {[T[], T[]]} */
function split(all, belongs) {
  return [all.filter(belongs), all.filter((one) => !belongs(one))];
}
