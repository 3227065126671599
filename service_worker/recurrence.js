/**
 * Appointments that come back: RFC 5545 rules, counted out in a window, cut in two.
 *
 * Rules speak of local days: an occurrence keeps the clock time that the series has in its zone. A time that the
 * clocks leave out moves forward, one that they show twice is the first. Reads no clock, row or database.
 * Twin of sync/recurrence.py.
 */

import { isoDate, offsetMs } from '../web/dates.js';
import { LONGEST_DAYS, days } from './rule_days.js';
import { BadRule, parseRule, textOf } from './rules.js';

/** @typedef {import('./rules.js').Rule} Rule */
/** @typedef {[number, number, string]} Occurrence start in ms, end in ms, local day */

/**
 * @typedef {object} Series
 * @property {number} first day
 * @property {number} intoDay milliseconds
 * @property {number|null} lengthMs null: whole days
 * @property {number} lengthDays
 * @property {number|null} last day
 * @property {Rule} rule
 * @property {any} tz
 */

const DAY_MS = 86_400_000;
export const MOST_OCCURRENCES = 1_000;
// What lies outside of 1900 to 2999 is no appointment; windows are cut to a little more.
const EARLIEST_MS = -2_300_000_000_000;
const LATEST_MS = 32_600_000_000_000;

const MOST_REMEMBERED = 5_000;

/**
 * Each occurrence in the window, in order, at most MOST_OCCURRENCES. What begins before the window and ends in it is
 * in it. A rule that cannot be read has no occurrences.
 * @param {any} startMs of the first one
 * @param {any} endMs of the first one
 * @param {any} rrule
 * @param {any} tz
 * @param {any} isAllDay
 * @param {any} fromMs
 * @param {any} toMs
 * @returns {Occurrence[]}
 */
export function occurrences(startMs, endMs, rrule, tz, isAllDay, fromMs, toMs) {
  const series = seriesOf(startMs, endMs, rrule, tz, isAllDay);
  if (!series || !areInstants(fromMs, toMs) || fromMs >= toMs) return [];
  return between(series, fromMs, toMs, MOST_OCCURRENCES);
}

/**
 * The first occurrence that is not over at an instant; null where the series has ended.
 * @param {any} startMs
 * @param {any} endMs
 * @param {any} rrule
 * @param {any} tz
 * @param {any} isAllDay
 * @param {any} fromMs
 * @returns {Occurrence|null}
 */
export function nextOccurrence(startMs, endMs, rrule, tz, isAllDay, fromMs) {
  const series = seriesOf(startMs, endMs, rrule, tz, isAllDay);
  if (!series || !areInstants(fromMs)) return null;
  return between(series, fromMs, Math.max(fromMs, startMs) + LONGEST_DAYS * DAY_MS, 1)[0] ?? null;
}

/**
 * The occurrence of a local day; null where the series has none.
 * @param {any} startMs
 * @param {any} endMs
 * @param {any} rrule
 * @param {any} tz
 * @param {any} isAllDay
 * @param {any} day
 * @returns {Occurrence|null}
 */
export function occurrenceOn(startMs, endMs, rrule, tz, isAllDay, day) {
  const series = seriesOf(startMs, endMs, rrule, tz, isAllDay);
  const number = numberOfDay(day);
  if (!series || number === null || !days(series.first, series.rule, series.last, number, number).length) return null;
  return occurrence(series, number);
}

/**
 * The rule, ending with this day.
 * @param {any} rrule
 * @param {any} day
 * @returns {string|null}
 */
export function ruleUntil(rrule, day) {
  const rule = readable(rrule);
  const number = numberOfDay(day);
  if (!rule || number === null) return null;
  return textOf({ ...rule, count: 0, until: iso(number).replaceAll('-', '') });
}

/**
 * The rule of a series that takes over on this day: one that is counted has so many fewer.
 * @param {any} startMs
 * @param {any} rrule
 * @param {any} tz
 * @param {any} day
 * @returns {string|null}
 */
export function ruleFrom(startMs, rrule, tz, day) {
  const rule = readable(rrule);
  const number = numberOfDay(day);
  if (!rule || number === null || !areInstants(startMs)) return null;
  if (!rule.count) return textOf(rule);
  const first = Math.floor(wall(startMs, tz) / DAY_MS);
  const before = days(first, { ...rule, until: null }, null, first, number - 1).length;
  return textOf({ ...rule, count: Math.max(1, rule.count - before) });
}

/**
 * A rule as JSON, for pages that say it in words. `body` is the rule without its end.
 * @param {any} rrule
 * @param {any} tz
 * @returns {string|null}
 */
export function ruleParts(rrule, tz) {
  const rule = readable(rrule);
  if (!rule) return null;
  const last = untilDay(rule, 0, tz);
  return JSON.stringify({
    freq: rule.freq,
    interval: rule.interval,
    weekdays: rule.byDay.filter(([n]) => n === 0).map(([, weekday]) => weekday),
    nth: rule.byDay.filter(([n]) => n !== 0),
    month_days: rule.byMonthDay,
    months: rule.byMonth,
    positions: rule.bySetPos,
    until_on: last === null ? null : iso(last),
    count: rule.count || null,
    body: textOf({ ...rule, count: 0, until: null }),
  });
}

/**
 * @param {any} startMs
 * @param {any} endMs
 * @param {any} rrule
 * @param {any} tz
 * @param {any} isAllDay
 * @returns {Series|null}
 */
function seriesOf(startMs, endMs, rrule, tz, isAllDay) {
  const rule = readable(rrule);
  if (!rule || !areInstants(startMs, endMs)) return null;
  const start = wall(startMs, tz);
  const end = wall(Math.max(startMs, endMs), tz);
  const first = Math.floor(start / DAY_MS);
  const intoDay = start - first * DAY_MS;
  // From midnight to midnight is whole days, however the appointment says it.
  if (isAllDay || (intoDay === 0 && end % DAY_MS === 0 && end > start)) {
    const lengthDays = Math.floor(Math.max(start, end - 1) / DAY_MS) - first + 1;
    return { first, intoDay: 0, lengthMs: null, lengthDays, last: untilDay(rule, 0, tz), rule, tz };
  }
  const lengthMs = Math.max(0, endMs - startMs);
  return { first, intoDay, lengthMs, lengthDays: 0, last: untilDay(rule, intoDay, tz), rule, tz };
}

/** @param {any[]} values */
function areInstants(...values) {
  return values.every((value) => Number.isInteger(value) && value >= EARLIEST_MS && value <= LATEST_MS);
}

/**
 * @param {Series} series
 * @param {number} fromMs
 * @param {number} toMs
 * @param {number} most
 * @returns {Occurrence[]}
 */
function between(series, fromMs, toMs, most) {
  const { first, lengthMs, lengthDays, last, rule, tz } = series;
  const end = Math.min(toMs, LATEST_MS);
  const longest = lengthMs === null ? lengthDays + 1 : Math.floor(lengthMs / DAY_MS) + 2;
  const fromDay = Math.floor(wall(fromMs, tz) / DAY_MS) - longest;
  const toDay = Math.min(Math.floor(wall(end, tz) / DAY_MS) + 1, fromDay + longest + LONGEST_DAYS);
  const found = [];
  // Those at the edge of the window may prove to be outside.
  for (const day of days(first, rule, last, fromDay, toDay, most + longest + 1)) {
    const one = occurrence(series, day);
    if (one[0] < end && (one[1] > fromMs || one[0] === fromMs)) found.push(one);
  }
  return found.slice(0, most);
}

/**
 * @param {Series} series
 * @param {number} day
 * @returns {Occurrence}
 */
function occurrence(series, day) {
  const start = instant(day * DAY_MS + series.intoDay, series.tz);
  const end = series.lengthMs === null ? instant((day + series.lengthDays) * DAY_MS, series.tz) : start + series.lengthMs;
  return [start, end, iso(day)];
}

/**
 * The last local day that a rule's UNTIL leaves: a day alone counts to its end.
 * @param {Rule} rule
 * @param {number} intoDay
 * @param {any} tz
 * @returns {number|null}
 */
function untilDay(rule, intoDay, tz) {
  const text = rule.until;
  if (text === null) return null;
  const part = (/** @type {number} */ from, /** @type {number} */ to) => Number(text.slice(from, to));
  const day = Date.UTC(part(0, 4), part(4, 6) - 1, part(6, 8));
  if (text.length === 8) return day / DAY_MS;
  const clock = day + part(9, 11) * 3_600_000 + part(11, 13) * 60_000 + part(13, 15) * 1000;
  const local = text.endsWith('Z') ? wall(clock, tz) : clock;
  const last = Math.floor(local / DAY_MS);
  return local - last * DAY_MS >= intoDay ? last : last - 1;
}

/**
 * What clocks in the zone show at an instant, as the milliseconds of a UTC clock that shows the same.
 * @param {number} ms
 * @param {any} tz
 */
function wall(ms, tz) {
  return ms + offsetMs(ms, tz);
}

/**
 * The instant at which clocks in the zone show this.
 * @param {number} local as `wall` gives it
 * @param {any} tz
 */
function instant(local, tz) {
  const day = Math.floor(local / DAY_MS);
  const [before, after] = offsetsAround(day, tz);
  if (before === after) return local - before;
  const shown = [local - before, local - after].filter((ms) => ms + offsetMs(ms, tz) === local);
  return shown.length ? Math.min(...shown) : local - before;
}

/** @type {Map<any, Map<number, [number, number]>>} zone -> day -> offsets a day before and two after its midnight */
const around = new Map();

/**
 * @param {number} day
 * @param {any} tz
 * @returns {[number, number]}
 */
function offsetsAround(day, tz) {
  let known = around.get(tz);
  if (!known || known.size > MOST_REMEMBERED) around.set(tz, (known = new Map()));
  let offsets = known.get(day);
  if (!offsets) {
    offsets = [offsetMs((day - 1) * DAY_MS, tz), offsetMs((day + 2) * DAY_MS, tz)];
    known.set(day, offsets);
  }
  return offsets;
}

/** @type {Map<string, Rule|null>} */
const read = new Map();

/**
 * @param {any} rrule
 * @returns {Rule|null}
 */
function readable(rrule) {
  if (typeof rrule !== 'string') return null;
  let rule = read.get(rrule);
  if (rule === undefined) {
    if (read.size > MOST_REMEMBERED) read.clear();
    rule = parsed(rrule);
    read.set(rrule, rule);
  }
  return rule;
}

/**
 * @param {string} rrule
 * @returns {Rule|null}
 */
function parsed(rrule) {
  try {
    return parseRule(rrule);
  } catch (error) {
    if (error instanceof BadRule) return null;
    throw error;
  }
}

/**
 * Days since 1970 of a 'YYYY-MM-DD' that an appointment can have.
 * @param {any} day
 * @returns {number|null}
 */
function numberOfDay(day) {
  if (typeof day !== 'string' || !/^[0-9]{4}-[0-9]{2}-[0-9]{2}$/u.test(day)) return null;
  const ms = Date.parse(`${day}T00:00:00Z`);
  if (Number.isNaN(ms) || isoDate(ms) !== day || ms <= EARLIEST_MS || ms >= LATEST_MS) return null;
  return ms / DAY_MS;
}

/** @param {number} day */
function iso(day) {
  return isoDate(day * DAY_MS);
}
