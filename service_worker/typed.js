/**
 * What a form posts for one field becomes the value that `check` judges.
 *
 * Knows how people type numbers, days, times and lists; `check` says afterwards whether the value will do.
 * Twin of sync/typed.py.
 */

import { SEPARATOR, SPACE, narrow, trimmed } from './tidy.js';
import { Refused, isDate } from './values.js';
import { UnknownZone, localToMs } from './zones.js';

/** @typedef {import('./model.js').Field} Field */

const DAY = /^([0-9]{4})[-/.年]([0-9]{1,2})[-/.月]([0-9]{1,2})日?$/u;
const TIME = /^([0-9]{1,2}):([0-9]{2})(?::([0-9]{2})(?:\.[0-9]*)?)?$/u;
const MILLISECONDS = /^-?[0-9]{1,16}$/u;
const NUMBER = /^[+-]?[0-9]{1,30}$/u;
const AMOUNT = /^([+-])?([0-9]{1,14}|[0-9]{1,3}(?:[, ][0-9]{3}){1,4})?(?:\.([0-9]{1,2}))?$/u;
const RATE = /^([0-9]{1,6})(?:\.([0-9]{1,6}))?$/u;
const CURRENCY_SIGNS = /^(?:[¥￥$€£]|[A-Z]{3}) ?|(?:元|圆|圓)$/gu;
const YES = ['1', 'on', 'true', 'yes'];
const NO = ['0', 'off', 'false', 'no'];
const BETWEEN = new RegExp(`[${SEPARATOR}]`, 'u');
// Ids never hold blanks, so blanks may stand between them as well.
const BETWEEN_IDS = new RegExp(`[${SEPARATOR}${SPACE}]`, 'u');

/**
 * The value meant by what was typed; null (a set: []) where nothing was.
 *
 * Amounts become hundredths, answers (the JSON text of what was typed under each key) the JSON text of what is meant.
 * Rates become millionths, dates 'YYYY-MM-DD', instants UTC milliseconds of that wall-clock time in tz, sets a list of text.
 * @param {Field} field
 * @param {string|string[]} typed the input's text; a list where a set's name was posted several times
 * @param {string} tz
 * @returns {unknown}
 * @throws {Refused} where it cannot be read
 */
export function parseTyped(field, typed, tz) {
  if (field.type === 'set') return splitMembers(field, typed);
  const text = typeof typed === 'string' ? typed : (typed.at(-1) ?? '');
  if (field.type === 'answers') return answers(field, text);
  if (!trimmed(text)) return null;
  const parse = PARSERS[field.of === 'rate' ? 'rate' : field.type];
  return parse ? parse(text, tz) : text;
}

/**
 * The members typed in lines or with commas between them; a column's JSON text is read too.
 * @param {Field} field
 * @param {string|string[]} typed
 * @returns {string[]}
 */
export function splitMembers(field, typed) {
  const inputs = typeof typed === 'string' ? [typed] : typed;
  const between = field.of === 'ref' ? BETWEEN_IDS : BETWEEN;
  const pieces = inputs.flatMap((text) => jsonList(text) ?? text.split(between));
  return pieces.map(trimmed).filter((piece) => piece !== '');
}

/**
 * @param {string} text
 * @returns {string[]|null}
 */
function jsonList(text) {
  if (!text.startsWith('[')) return null;
  try {
    const members = JSON.parse(text);
    return members.every((/** @type {unknown} */ member) => typeof member === 'string') ? members : null;
  } catch {
    return null;
  }
}

/**
 * Only amounts are typed otherwise than they are kept; what is no JSON object is for `check` to refuse.
 * @param {Field} field
 * @param {string} text
 */
function answers(field, text) {
  if (field.of !== 'money') return text;
  let given;
  try {
    given = JSON.parse(text);
  } catch {
    return text;
  }
  if (typeof given !== 'object' || given === null || Array.isArray(given)) return text;
  return JSON.stringify(Object.fromEntries(Object.entries(given).map(([key, typed]) => [key, amountAnswer(key, typed)])));
}

/**
 * @param {string} key
 * @param {unknown} typed
 */
function amountAnswer(key, typed) {
  if (typeof typed !== 'string' || !trimmed(typed)) return typed;
  try {
    return String(PARSERS.money(typed, ''));
  } catch (error) {
    throw error instanceof Refused ? new Refused(error.code, { key }) : error;
  }
}

/** @type {Record<string, (text: string, tz: string) => string|number>} */
const PARSERS = {
  flag(text) {
    const word = trimmed(text);
    if (!YES.includes(word) && !NO.includes(word)) throw new Refused('not_a_flag');
    return YES.includes(word) ? 1 : 0;
  },

  count(text) {
    const digits = narrow(text).replace(/[, ]/gu, '');
    if (!NUMBER.test(digits)) throw new Refused('not_a_number');
    return Number(digits);
  },

  money(text) {
    const match = AMOUNT.exec(trimmed(narrow(text).replace(CURRENCY_SIGNS, '')));
    if (!match || !(match[2] || match[3])) throw new Refused('not_an_amount');
    const hundredths = Number((match[2] ?? '0').replace(/[, ]/gu, '')) * 100 + Number((match[3] ?? '0').padEnd(2, '0'));
    return match[1] === '-' ? -hundredths + 0 : hundredths;
  },

  rate(text) {
    const match = RATE.exec(narrow(text));
    if (!match) throw new Refused('not_a_number');
    return Number(match[1] + (match[2] ?? '').padEnd(6, '0'));
  },

  date(text) {
    const match = DAY.exec(narrow(text));
    if (!match) throw new Refused('not_a_date');
    return `${match[1]}-${match[2].padStart(2, '0')}-${match[3].padStart(2, '0')}`;
  },

  instant(text, tz) {
    const written = narrow(text);
    if (MILLISECONDS.test(written)) return Number(written);
    const [day, time] = parted(written.replaceAll('T', ' '));
    const date = String(PARSERS.date(day, tz));
    const clock = TIME.exec(time);
    if (!clock || !isDate(date)) throw new Refused('not_a_date');
    const [hour, minute, second] = clock.slice(1).map((part) => Number(part ?? 0));
    if (hour > 23 || minute > 59 || second > 59) throw new Refused('not_a_date');
    const [year, month, dayOfMonth] = date.split('-').map(Number);
    try {
      return localToMs(year, month, dayOfMonth, hour, minute, second, tz);
    } catch (error) {
      if (error instanceof UnknownZone) throw new Refused('unknown_zone', { zone: tz });
      throw error;
    }
  },
};

/**
 * What stands before and after the first blank.
 * @param {string} text
 * @returns {[string, string]}
 */
function parted(text) {
  const at = text.indexOf(' ');
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
}
