/**
 * What templates may call: translations, times, numbers, in one person's language and time zone. The twin of
 * `text.py`, giving equal bytes; the cases in tests/cases/text/ hold for both. Null gives an empty text, and
 * what is not a date is shown as it is.
 *
 * @typedef {{messages: Record<string, string>, plurals: Record<string, string[]>}} Catalogue
 */
import { isoDate, localDate, localMs, parseDate, weekdayOfMs, wholeNumber } from "./dates.js";
import { differences } from "./differences.js";
import { Safe, escape } from "./markup.js";
import { OTHER, REASONS } from "./reasons.js";
import { CURRENCY_SIGNS, TABLES, WHOLE_CURRENCIES } from "./text_tables.js";

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;
const PLACEHOLDER = /%\(([A-Za-z_][A-Za-z0-9_]*)\)s/g;
/** @type {Catalogue} */
const NO_CATALOGUE = { messages: {}, plurals: {} };

/** The text functions for one person at one moment. */
export class Text {
  #table;

  #catalogue;

  /** @param {string} lang @param {string} tz @param {number} nowMs @param {Record<string, Catalogue>} catalogues by language */
  constructor(lang, tz, nowMs, catalogues = {}) {
    this.lang = Object.hasOwn(TABLES, lang) ? lang : "en";
    this.tz = tz;
    this.nowMs = nowMs;
    this.#table = TABLES[this.lang];
    this.#catalogue = catalogues[this.lang] ?? NO_CATALOGUE;
  }

  /** By the names that templates call them. @returns {Record<string, Function>} */
  functions() {
    return {
      _: this.gettext.bind(this),
      ngettext: this.ngettext.bind(this),
      time_of: this.timeOf.bind(this),
      differences,
      date_of: this.dateOf.bind(this),
      day_of: this.dayOf.bind(this),
      moment: this.moment.bind(this),
      since: this.since.bind(this),
      weekday_of: this.weekdayOf.bind(this),
      month_of: this.monthOf.bind(this),
      iso: this.iso.bind(this),
      number: this.number.bind(this),
      money: this.money.bind(this),
      amount: this.amount.bind(this),
      reason: this.reason.bind(this),
    };
  }

  /** @returns {string} */
  get today() {
    return /** @type {string} */ (localDate(this.nowMs, this.tz));
  }

  /**
   * A sentence in the person's language; `%(name)s` is replaced. Values that are markup stay markup, and then
   * the whole is markup.
   * @param {string} text @param {object} [values]
   */
  gettext(text, values = {}) {
    return fill(this.#message(text), values);
  }

  /** As gettext, for one or for n things; `%(n)s` is n. @param {string} one @param {string} many @param {any} n @param {object} [values] */
  ngettext(one, many, n, values = {}) {
    return fill(this.#plural(one, many, n), { n, ...values });
  }

  /** @param {any} ms */
  timeOf(ms) {
    const at = localMs(ms, this.tz);
    return at === null ? shown(ms) : new Date(at).toISOString().slice(11, 16);
  }

  /** @param {any} value an instant or a date */
  dateOf(value) {
    const day = this.#day(value);
    return day === null ? shown(value) : this.#format("date", day);
  }

  /** Today, Yesterday, Tomorrow, else weekday and date (with the year where it is not this year's). @param {any} value */
  dayOf(value) {
    const day = this.#day(value);
    if (day === null) return shown(value);
    const { today } = this;
    const near = this.#table.near[Math.round((day - /** @type {number} */ (parseDate(today))) / DAY_MS)];
    return near ?? this.#format(isoDate(day).slice(0, 4) === today.slice(0, 4) ? "day" : "day_of_year", day);
  }

  /** @param {any} ms */
  moment(ms) {
    return localMs(ms, this.tz) === null ? shown(ms) : `${this.dayOf(ms)} ${this.timeOf(ms)}`;
  }

  /** How long ago, up to 30 days; then the date. What lies ahead is a moment. @param {any} ms */
  since(ms) {
    const number = wholeNumber(ms);
    if (number === null) return shown(ms);
    const passed = this.nowMs - number;
    if (passed < -MINUTE_MS) return this.moment(number);
    if (passed < MINUTE_MS) return this.#table.just_now;
    if (passed < HOUR_MS) return counted(this.#table.minutes, passed / MINUTE_MS);
    if (passed < DAY_MS) return counted(this.#table.hours, passed / HOUR_MS);
    if (passed > 30 * DAY_MS) return this.dateOf(number);
    return passed < 2 * DAY_MS ? this.#table.one_day : counted(this.#table.days, passed / DAY_MS);
  }

  /** @param {any} value @param {boolean} short */
  weekdayOf(value, short = false) {
    const day = this.#day(value);
    return day === null ? shown(value) : this.#table[short ? "weekdays" : "weekdays_in_full"][weekdayOfMs(day)];
  }

  /** @param {any} value */
  monthOf(value) {
    const day = this.#day(value);
    return day === null ? shown(value) : this.#format("month", day);
  }

  /** Local date and time as a `datetime-local` input takes it. @param {any} ms */
  iso(ms) {
    const at = localMs(ms, this.tz);
    return at === null ? shown(ms) : new Date(at).toISOString().slice(0, 16);
  }

  /** Thousands grouped, at most two decimals. @param {any} value */
  number(value) {
    if (typeof value !== "number" || !(Math.abs(value) < 1e15)) return shown(value);
    const [whole, decimals] = value.toFixed(2).split(".");
    const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ",");
    const kept = decimals.replace(/0+$/, "");
    const number = kept ? `${grouped}.${kept}` : grouped;
    return number === "-0" ? "0" : number;
  }

  /** An amount in hundredths, with its currency: ¥1,280.50. @param {any} cents @param {any} [currency] */
  money(cents, currency = null) {
    const number = wholeNumber(cents);
    if (number === null) return shown(cents);
    const most = Math.abs(number);
    let written = String(Math.floor(most / 100)).replace(/\B(?=(\d{3})+$)/g, ",");
    if (most % 100 || !WHOLE_CURRENCIES.includes(currency)) written += `.${hundredths(most)}`;
    const sign = !currency ? "" : Object.hasOwn(CURRENCY_SIGNS, currency) ? CURRENCY_SIGNS[currency] : `${currency} `;
    return `${number < 0 ? "-" : ""}${sign}${written}`;
  }

  /** An amount in hundredths as an input takes it: 1280.50. @param {any} cents */
  amount(cents) {
    const number = wholeNumber(cents);
    if (number === null) return shown(cents);
    const most = Math.abs(number);
    return `${number < 0 ? "-" : ""}${Math.floor(most / 100)}.${hundredths(most)}`;
  }

  /** Why something was refused, in words; detail may be the JSON text of an outbox row. @param {any} code @param {any} [detail] */
  reason(code, detail = null) {
    if (!code) return "";
    const values = Object.fromEntries(Object.entries(asMapping(detail)).map(([name, value]) => [name, this.#detail(value)]));
    return fill(this.#message(Object.hasOwn(REASONS, code) ? REASONS[code] : OTHER), { ...values, code });
  }

  #detail(value) {
    return Array.isArray(value) ? value.map(shown).join(", ") : this.number(value);
  }

  #message(text) {
    const { messages } = this.#catalogue;
    return Object.hasOwn(messages, text) ? messages[text] : text;
  }

  #plural(one, many, n) {
    const { plurals } = this.#catalogue;
    if (!Object.hasOwn(plurals, one)) return n === 1 ? one : many;
    const forms = plurals[one];
    return forms.length === 1 || n === 1 ? forms[0] : forms[1];
  }

  /** The day of an instant or a date, as its midnight in UTC. */
  #day(value) {
    const day = parseDate(value);
    if (day !== null || typeof value === "string") return day;
    const at = localMs(value, this.tz);
    return at === null ? null : Math.floor(at / DAY_MS) * DAY_MS;
  }

  #format(name, day) {
    const date = new Date(day);
    const table = this.#table;
    const parts = {
      d: date.getUTCDate(),
      m: table.months[date.getUTCMonth()],
      M: table.months_in_full[date.getUTCMonth()],
      y: date.getUTCFullYear(),
      w: table.weekdays[weekdayOfMs(day)],
    };
    return table[name].replace(/\{(\w)\}/g, (_, part) => parts[part]);
  }
}

function hundredths(most) {
  return String(most % 100).padStart(2, "0");
}

function counted(words, number) {
  return words.replace("{n}", String(Math.floor(number)));
}

function fill(text, values) {
  const isMarkup = Object.values(values).some((value) => value instanceof Safe);
  const put = (value) => (isMarkup && !(value instanceof Safe) ? escape(String(shown(value))) : String(shown(value)));
  const filled = (isMarkup ? escape(text) : text).replace(PLACEHOLDER, (whole, name) => (Object.hasOwn(values, name) ? put(values[name]) : whole));
  return isMarkup ? new Safe(filled) : filled;
}

function asMapping(detail) {
  if (typeof detail === "string") {
    try {
      detail = JSON.parse(detail);
    } catch {
      return {};
    }
  }
  return typeof detail === "object" && detail !== null && !Array.isArray(detail) ? detail : {};
}

/** A value that has no better form; markup stays markup. */
function shown(value) {
  if (value === null || value === undefined) return "";
  if (value === true) return "True";
  if (value === false) return "False";
  return value instanceof Safe ? value : String(value);
}
