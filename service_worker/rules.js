/**
 * A recurrence rule as text: read it, refuse what no host can count out, write it in one regular way.
 *
 * The part of RFC 5545 that appointments need: every day, week, month or year. Twin of sync/rules.py.
 */

export const WEEKDAYS = ['MO', 'TU', 'WE', 'TH', 'FR', 'SA', 'SU'];
const MOST_COUNTED = 1_000;
const MOST_INTERVAL = 1_000;

const DAY = /^([+-]?[0-9]{1,2})?(MO|TU|WE|TH|FR|SA|SU)$/u;
const NUMBER = /^[+-]?[0-9]{1,4}$/u;
const UNTIL = /^([0-9]{4})([0-9]{2})([0-9]{2})(?:T([0-9]{2})([0-9]{2})([0-9]{2})Z?)?$/u;
const KNOWN = new Set(['FREQ', 'INTERVAL', 'COUNT', 'UNTIL', 'BYMONTH', 'BYMONTHDAY', 'BYDAY', 'BYSETPOS', 'WKST']);

/**
 * A rule that was read.
 * @typedef {object} Rule
 * @property {string} freq
 * @property {number} interval
 * @property {number} count 0 where it is not counted
 * @property {string|null} until as it was written; null where it has no such end
 * @property {number[]} byMonth
 * @property {number[]} byMonthDay
 * @property {[number, number][]} byDay [n, weekday], 0 is Monday; n 0: every such day, 2: the second, -1: the last
 * @property {number[]} bySetPos
 * @property {number} weekStart
 */

/** No host can follow this rule. */
export class BadRule extends Error {
  /** @param {string} part what of it, as it was written; '' for all of it */
  constructor(part) {
    super(part);
    this.part = part;
  }
}

/**
 * The rule in its regular form.
 * @param {string} text
 * @throws {BadRule}
 */
export function checkRule(text) {
  return textOf(parseRule(text));
}

/**
 * Read a rule.
 * @param {string} text
 * @returns {Rule}
 * @throws {BadRule} for what is not a rule, or is beyond what both hosts count out
 */
export function parseRule(text) {
  const parts = partsOf(text);
  const freq = parts.get('FREQ') ?? '';
  if (!['DAILY', 'WEEKLY', 'MONTHLY', 'YEARLY'].includes(freq)) throw new BadRule(written('FREQ', parts));
  const rule = {
    freq,
    interval: numberOf(parts, 'INTERVAL', MOST_INTERVAL) || 1,
    count: numberOf(parts, 'COUNT', MOST_COUNTED),
    until: untilOf(parts),
    byMonth: numbersOf(parts, 'BYMONTH', 12, false),
    byMonthDay: numbersOf(parts, 'BYMONTHDAY', 31),
    byDay: daysOf(parts),
    bySetPos: numbersOf(parts, 'BYSETPOS', 366),
    weekStart: weekdayOf(parts),
  };
  checkTogether(rule, parts);
  return rule;
}

/**
 * The rule as text, in one order, without what goes without saying.
 * @param {Rule} rule
 */
export function textOf(rule) {
  const parts = [`FREQ=${rule.freq}`];
  if (rule.interval > 1) parts.push(`INTERVAL=${rule.interval}`);
  if (rule.byMonth.length) parts.push(`BYMONTH=${rule.byMonth.join(',')}`);
  if (rule.byMonthDay.length) parts.push(`BYMONTHDAY=${rule.byMonthDay.join(',')}`);
  if (rule.byDay.length) parts.push(`BYDAY=${rule.byDay.map(([n, weekday]) => `${n || ''}${WEEKDAYS[weekday]}`).join(',')}`);
  if (rule.bySetPos.length) parts.push(`BYSETPOS=${rule.bySetPos.join(',')}`);
  if (rule.weekStart) parts.push(`WKST=${WEEKDAYS[rule.weekStart]}`);
  if (rule.count) parts.push(`COUNT=${rule.count}`);
  if (rule.until !== null) parts.push(`UNTIL=${rule.until}`);
  return parts.join(';');
}

/**
 * @param {string} text
 * @returns {Map<string, string>}
 */
function partsOf(text) {
  const parts = new Map();
  for (const piece of blankless(text.toUpperCase()).replace(/^RRULE:/u, '').split(';')) {
    const part = blankless(piece);
    if (!part) continue;
    const equals = part.indexOf('=');
    const name = blankless(equals < 0 ? part : part.slice(0, equals));
    if (equals < 0 || !KNOWN.has(name) || parts.has(name)) throw new BadRule(part);
    parts.set(name, blankless(part.slice(equals + 1)));
  }
  return parts;
}

/** @param {string} text */
function blankless(text) {
  return text.replace(/^ +| +$/gu, '');
}

/**
 * A number of the rule; 0 where it has none.
 * @param {Map<string, string>} parts
 * @param {string} name
 * @param {number} most
 */
function numberOf(parts, name, most) {
  const text = parts.get(name);
  if (text === undefined) return 0;
  if (!NUMBER.test(text) || Number(text) < 1 || Number(text) > most) throw new BadRule(written(name, parts));
  return Number(text);
}

/**
 * @param {Map<string, string>} parts
 * @param {string} name
 * @param {number} most
 * @param {boolean} [negative]
 */
function numbersOf(parts, name, most, negative = true) {
  const text = parts.get(name);
  if (text === undefined) return [];
  const numbers = new Set();
  for (const one of text.split(',')) {
    const number = NUMBER.test(one) ? Number(one) : 0;
    if (Math.abs(number) < 1 || Math.abs(number) > most || (number < 0 && !negative)) throw new BadRule(written(name, parts));
    numbers.add(number);
  }
  return [...numbers].sort((a, b) => a - b);
}

/**
 * @param {Map<string, string>} parts
 * @returns {[number, number][]}
 */
function daysOf(parts) {
  const text = parts.get('BYDAY');
  if (text === undefined) return [];
  /** @type {Map<string, [number, number]>} */
  const found = new Map();
  for (const one of text.split(',')) {
    const match = DAY.exec(one);
    if (!match || (match[1] && !Number(match[1]))) throw new BadRule(written('BYDAY', parts));
    const n = Number(match[1] ?? 0);
    const weekday = WEEKDAYS.indexOf(match[2]);
    found.set(`${n} ${weekday}`, [n, weekday]);
  }
  return [...found.values()].sort((a, b) => a[0] - b[0] || a[1] - b[1]);
}

/** @param {Map<string, string>} parts */
function untilOf(parts) {
  const text = parts.get('UNTIL');
  if (text === undefined) return null;
  const match = UNTIL.exec(text);
  if (!match || !isDay(Number(match[1]), Number(match[2]), Number(match[3]))) throw new BadRule(written('UNTIL', parts));
  const [hour, minute, second] = match.slice(4).map((part) => Number(part ?? 0));
  if (hour > 23 || minute > 59 || second > 59) throw new BadRule(written('UNTIL', parts));
  return text;
}

/**
 * Whether the calendar has this day, in years that appointments can have.
 * @param {number} year
 * @param {number} month
 * @param {number} day
 */
function isDay(year, month, day) {
  const at = new Date(Date.UTC(year, month - 1, day));
  return year >= 1900 && year <= 2999 && at.getUTCMonth() === month - 1 && at.getUTCDate() === day;
}

/** @param {Map<string, string>} parts */
function weekdayOf(parts) {
  const weekday = WEEKDAYS.indexOf(parts.get('WKST') ?? 'MO');
  if (weekday < 0) throw new BadRule(written('WKST', parts));
  return weekday;
}

/**
 * What is well written by itself, and means nothing together, or not the same to every calendar.
 * @param {Rule} rule
 * @param {Map<string, string>} parts
 */
function checkTogether(rule, parts) {
  const isDaily = rule.freq === 'DAILY' || rule.freq === 'WEEKLY';
  const counted = rule.byDay.map(([n]) => n).filter((n) => n !== 0);
  const most = rule.freq === 'MONTHLY' || rule.byMonth.length ? 5 : 53;
  if (rule.count && rule.until !== null) throw new BadRule(written('UNTIL', parts));
  const isMixed = counted.length < rule.byDay.length;
  if (counted.length && (isDaily || isMixed || Math.max(...counted.map(Math.abs)) > most)) throw new BadRule(written('BYDAY', parts));
  if (rule.byMonthDay.length && rule.freq === 'WEEKLY') throw new BadRule(written('BYMONTHDAY', parts));
  if (rule.bySetPos.length && (isDaily || !(rule.byDay.length || rule.byMonthDay.length))) throw new BadRule(written('BYSETPOS', parts));
}

/**
 * @param {string} name
 * @param {Map<string, string>} parts
 */
function written(name, parts) {
  return parts.has(name) ? `${name}=${parts.get(name)}` : name;
}
