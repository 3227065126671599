/**
 * One value of one field: check it, normalise it.
 *
 * Both hosts, and every way in, use `check`; what it returns is what a column holds. It never reads a row,
 * a clock or a database. Twin of sync/values.py, which lists the codes of Refused and their detail.
 */

import { isId } from './ids.js';
import { BadRule, checkRule } from './rules.js';
import { NOT_SEPARATOR, SEPARATOR, SPACE, narrow, oneLine, severalLines, singleSpaced, withoutMarks } from './tidy.js';

/** @typedef {import('./model.js').Field} Field */
/** @typedef {string|number|null} Value */

// Instants outside 1900 to 2999 are mistakes, and calendars of old disagree about them.
export const EARLIEST_MS = -2_208_988_800_000;
export const LATEST_MS = 32_503_679_999_999;

/** @type {Record<string, number>} */
export const LONGEST_MEMBER = { phone: 60, email: 254, tag: 60, ref: 64 };

const DATE = /^([0-9]{4})-([0-9]{2})-([0-9]{2})$/u;
const CLOCK = /^([01]?[0-9]|2[0-3]):([0-5][0-9])$/u;
const HASH = /^[0-9a-f]{64}$/u;
const KEY = /^[A-Za-z0-9_:.-]{1,80}$/u;
const HUNDREDTHS = /^(?:0|[1-9][0-9]{0,13})$/u;
const MOST_ANSWERS = 200;
const SURROGATE = /\p{Surrogate}/u;
const PHONE = /^(?:[0-9 +().\/#*~-]|extn|ext|x|p|w|转|轉|分机|分機|内线|內線)+$/iu;
const DOMAIN_PART = `[^${SPACE}@.<>()${NOT_SEPARATOR}]+`;
const EMAIL = new RegExp(`^([^${SPACE}@<>()${NOT_SEPARATOR}]+)@((?:${DOMAIN_PART}\\.)+${DOMAIN_PART})$`, 'u');
const SEPARATORS = new RegExp(`[${SEPARATOR}]`, 'gu');

/** This value, or this operation, cannot be taken; code and detail say why, for a person. */
export class Refused extends Error {
  /**
   * @param {string} code
   * @param {Record<string, unknown>} [detail]
   */
  constructor(code, detail = {}) {
    super(code);
    this.code = code;
    this.detail = detail;
  }
}

/**
 * The value as its column holds it; nothing typed is null, 0 for a flag, '[]' for a set.
 * @param {Field} field
 * @param {unknown} value text, a number, a list of strings or JSON text for a set
 * @returns {Value}
 * @throws {Refused}
 */
export function check(field, value) {
  const checked = CHECKS[field.type](field, value);
  if (field.required && (checked === null || checked === '[]')) throw new Refused('required');
  return checked;
}

/**
 * The distinct members of a set, each normalised, in order; blank ones are dropped.
 * @param {Field} field
 * @param {unknown} values
 * @returns {string[]}
 * @throws {Refused}
 */
export function checkMembers(field, values) {
  if (!Array.isArray(values)) throw new Refused('not_a_list');
  const checkOne = MEMBER_CHECKS[field.of];
  const checked = values.map((value) => checkOne(textOf(value)).normalize('NFC'));
  for (const member of checked) refuseLonger(member, LONGEST_MEMBER[field.of]);
  const distinct = [...new Set(checked.filter((member) => member !== ''))];
  if (distinct.length > field.most) throw new Refused('too_many', { most: field.most });
  return distinct;
}

/**
 * The members that a set's column holds.
 * @param {Value|undefined} column
 * @returns {string[]}
 */
export function membersOf(column) {
  return column ? JSON.parse(String(column)) : [];
}

/**
 * A set's column: the same bytes in both hosts.
 * @param {Iterable<string>} members
 * @returns {string}
 */
export function columnOf(members) {
  return JSON.stringify([...members]);
}

/**
 * Whether this is a day of the calendar, written YYYY-MM-DD.
 * @param {string} text
 */
export function isDate(text) {
  const match = DATE.exec(text);
  if (!match) return false;
  const [year, month, day] = match.slice(1).map(Number);
  return year > 0 && month >= 1 && month <= 12 && day >= 1 && day <= daysIn(year, month);
}

/** @type {Record<string, (field: Field, value: any) => Value>} */
const CHECKS = {
  text(field, value) {
    const line = oneLine(textOf(value));
    const text = line && Object.hasOwn(TEXT_KINDS, field.of) ? TEXT_KINDS[field.of](line) : line;
    refuseLonger(text, field.most);
    return text || null;
  },

  prose(field, value) {
    const text = severalLines(textOf(value));
    refuseLonger(text, field.most);
    return text || null;
  },

  enum(field, value) {
    if (isNothing(value)) return null;
    if (!field.choices.includes(value)) throw new Refused('not_a_choice', { choices: field.choices });
    return value;
  },

  date(field, value) {
    if (isNothing(value)) return null;
    if (typeof value !== 'string' || !isDate(value)) throw new Refused('not_a_date');
    return value;
  },

  ref(field, value) {
    if (isNothing(value)) return null;
    if (!isId(value)) throw new Refused('not_an_id');
    return value;
  },

  set(field, value) {
    if (isNothing(value)) return '[]';
    return columnOf(checkMembers(field, typeof value === 'string' ? parseJson(value) : value));
  },

  json(field, value) {
    if (isNothing(value)) return null;
    const text = textOf(value);
    refuseLonger(text, field.most);
    parseJson(text);
    return text;
  },

  flag(field, value) {
    if (isNothing(value)) return 0;
    if (![0, 1, true, false].includes(value)) throw new Refused('not_a_flag');
    return Number(value);
  },

  count(field, value) {
    return isNothing(value) ? null : wholeNumber(value, field.least, field.most);
  },

  instant(field, value) {
    return isNothing(value) ? null : wholeNumber(value, EARLIEST_MS, LATEST_MS);
  },

  money(field, value) {
    return CHECKS.count(field, value);
  },

  /** Keys in order, without what is empty: the same bytes in both hosts. */
  answers(field, value) {
    const given = isObject(value) ? value : isNothing(value) ? {} : parseJson(textOf(value));
    if (!isObject(given) || !Object.keys(given).every((key) => KEY.test(key))) throw new Refused('not_json');
    if (Object.keys(given).length > MOST_ANSWERS) throw new Refused('too_many', { most: MOST_ANSWERS });
    const kept = Object.keys(given).sort().map((key) => [key, answer(field, key, given[key])]);
    const text = answersText(kept.filter(([, answered]) => answered !== ''));
    refuseLonger(text, field.most);
    return text;
  },
};

/**
 * JSON with the keys in this order: an object would move those that look like numbers to the front.
 * @param {string[][]} pairs
 */
export function answersText(pairs) {
  return `{${pairs.map(([key, text]) => `${JSON.stringify(key)}:${JSON.stringify(text)}`).join(',')}}`;
}

/**
 * @param {Field} field
 * @param {string} key
 * @param {unknown} value
 */
function answer(field, key, value) {
  let text;
  try {
    text = severalLines(textOf(value));
  } catch (error) {
    throw error instanceof Refused ? new Refused(error.code, { key }) : error;
  }
  if (text && field.of === 'money' && !HUNDREDTHS.test(text)) throw new Refused('not_an_amount', { key });
  return text;
}

/**
 * @param {unknown} value
 * @returns {value is Record<string, unknown>}
 */
function isObject(value) {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** @type {Record<string, (text: string) => string>} */
const MEMBER_CHECKS = {
  /** As it was typed, but narrow, in one line and without invisible marks. */
  phone(text) {
    const phone = singleSpaced(narrow(withoutMarks(text)).replace(SEPARATORS, ' '));
    const digits = phone.replace(/[^0-9]/gu, '');
    if (phone && (digits.length < 3 || !PHONE.test(phone))) throw new Refused('not_a_phone', { value: phone });
    return phone;
  },

  email(text) {
    const email = narrow(withoutMarks(text));
    if (!email) return email;
    const match = EMAIL.exec(email);
    if (!match) throw new Refused('not_an_email', { value: email });
    return `${match[1]}@${match[2].toLowerCase()}`;
  },

  // A form shows tags with commas between them, so none can hold one.
  tag(text) {
    return singleSpaced(text.replace(SEPARATORS, ' '));
  },

  ref(text) {
    if (text && !isId(text)) throw new Refused('not_an_id');
    return text;
  },
};

/** @type {Record<string, (text: string) => string>} */
const TEXT_KINDS = { rule, clock, sha256 };

/** @param {string} text */
function clock(text) {
  const match = CLOCK.exec(narrow(text));
  if (!match) throw new Refused('not_a_clock');
  return `${match[1].padStart(2, '0')}:${match[2]}`;
}

/** @param {string} text */
function sha256(text) {
  if (!HASH.test(text)) throw new Refused('not_a_hash');
  return text;
}

/** @param {string} text */
function rule(text) {
  try {
    return checkRule(text);
  } catch (error) {
    if (!(error instanceof BadRule)) throw error;
    if (['UNTIL=', 'COUNT='].includes(error.part)) throw new Refused('no_rule_end');
    throw new Refused('bad_rule', { part: error.part });
  }
}

/**
 * @param {unknown} value
 * @returns {string}
 */
function textOf(value) {
  if (value === null || value === undefined) return '';
  if (typeof value !== 'string') throw new Refused('not_text');
  if (value.includes('\0') || SURROGATE.test(value)) throw new Refused('bad_text');
  return value.normalize('NFC');
}

/**
 * Lengths are code points, as in Python.
 * @param {string} text
 * @param {number} most
 */
function refuseLonger(text, most) {
  if (text.length > most && [...text].length > most) throw new Refused('too_long', { most });
}

/**
 * @param {unknown} value
 * @param {number} least
 * @param {number} most
 * @returns {number}
 */
function wholeNumber(value, least, most) {
  if (typeof value !== 'number' || !Number.isInteger(value)) throw new Refused('not_a_number');
  if (value < least || value > most) throw new Refused('out_of_range', { least, most });
  return value + 0; // -0 is 0
}

/**
 * @param {string} text
 * @returns {unknown}
 */
function parseJson(text) {
  try {
    return JSON.parse(text);
  } catch {
    throw new Refused('not_json');
  }
}

/** @param {unknown} value */
function isNothing(value) {
  return value === null || value === undefined || value === '';
}

/**
 * @param {number} year
 * @param {number} month
 */
function daysIn(year, month) {
  const isLeap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  return [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1];
}
