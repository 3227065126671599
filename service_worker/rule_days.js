/**
 * The days of a recurrence rule in a window, by the calendar alone: no clock time, no zone.
 *
 * Days are numbers since 1970. Goes straight to the period (day, week, month, year) that the window begins in, so
 * that a series costs the same years later, and always comes to an end, also where no day ever fits. Twin of
 * sync/rule_days.py.
 */

/** @typedef {import('./rules.js').Rule} Rule */

// No window, and no series that is counted, is looked through for longer: some 100 years.
export const LONGEST_DAYS = 36_525;

const DAY_MS = 86_400_000;
const EPOCH_WEEKDAY = 3;

/**
 * The days of a rule within a window, at most so many.
 * @param {number} first the day that the series begins on, counted only where it fits the rule
 * @param {Rule} rule
 * @param {number|null} last the last day that the rule's UNTIL leaves
 * @param {number} fromDay
 * @param {number} toDay
 * @param {number} [most]
 * @returns {number[]}
 */
export function days(first, rule, last, fromDay, toDay, most = LONGEST_DAYS) {
  if (rule.count) last = Math.min(last ?? Infinity, lastCounted(first, rule));
  const from = Math.max(fromDay, first);
  const to = Math.min(toDay, from + LONGEST_DAYS, last ?? Infinity);
  /** @type {number[]} */
  const found = [];
  if (from > to) return found;
  for (const [start, period] of periods(first, speltOut(first, rule), from)) {
    if (start > to || found.length >= most) break;
    for (const day of period) if (day >= from && day <= to) found.push(day);
  }
  return found.slice(0, most);
}

/** @type {WeakMap<Rule, Map<number, number>>} rule -> first day -> last day */
const counted = new WeakMap();

/**
 * The day of the last one that COUNT leaves; the day before the first where no day fits.
 * @param {number} first
 * @param {Rule} rule
 * @returns {number}
 */
function lastCounted(first, rule) {
  const known = counted.get(rule) ?? new Map();
  counted.set(rule, known);
  let last = known.get(first);
  if (last === undefined) {
    last = days(first, { ...rule, count: 0, until: null }, null, first, first + LONGEST_DAYS, rule.count).at(-1) ?? first - 1;
    known.set(first, last);
  }
  return last;
}

/**
 * The rule with what it takes from the day that the series begins on.
 * @param {number} first
 * @param {Rule} rule
 * @returns {Rule}
 */
function speltOut(first, rule) {
  if (rule.byDay.length || rule.byMonthDay.length || rule.freq === 'DAILY') return rule;
  const [, month, day] = civil(first);
  if (rule.freq === 'WEEKLY') return { ...rule, byDay: [[0, weekdayOf(first)]] };
  if (rule.freq === 'MONTHLY') return { ...rule, byMonthDay: [day] };
  return { ...rule, byMonth: rule.byMonth.length ? rule.byMonth : [month], byMonthDay: [day] };
}

/**
 * [first day, days that fit] of each period of the rule, beginning with the one that fromDay is in.
 * @param {number} first
 * @param {Rule} rule
 * @param {number} fromDay
 * @returns {Generator<[number, number[]], void>}
 */
function* periods(first, rule, fromDay) {
  if (rule.freq === 'DAILY') {
    for (let day = first + steps(fromDay - first, rule.interval); ; day += rule.interval) yield [day, fitting(rule, day, 1)];
  }
  if (rule.freq === 'WEEKLY') {
    const week = first - ((weekdayOf(first) - rule.weekStart + 7) % 7);
    const length = 7 * rule.interval;
    for (let day = week + steps(fromDay - week, length); ; day += length) yield [day, fitting(rule, day, 7)];
  }
  const [year, month] = civil(first);
  const [fromYear, fromMonth] = civil(fromDay);
  if (rule.freq === 'MONTHLY') {
    const begun = year * 12 + month - 1;
    for (let number = begun + steps(fromYear * 12 + fromMonth - 1 - begun, rule.interval); ; number += rule.interval) {
      const at = Math.floor(number / 12);
      yield [dayNumber(at, (number % 12) + 1, 1), placed(rule, ofMonth(rule, at, (number % 12) + 1))];
    }
  }
  for (let at = year + steps(fromYear - year, rule.interval); ; at += rule.interval) {
    yield [dayNumber(at, 1, 1), placed(rule, ofYear(rule, at))];
  }
}

/**
 * The greatest multiple of a step within a distance.
 * @param {number} distance
 * @param {number} step
 */
function steps(distance, step) {
  return Math.max(0, Math.floor(distance / step)) * step;
}

/**
 * Days in a row that fit a daily or weekly rule.
 * @param {Rule} rule
 * @param {number} start
 * @param {number} length
 */
function fitting(rule, start, length) {
  const found = [];
  for (let day = start; day < start + length; day += 1) {
    const weekday = weekdayOf(day);
    if (rule.byDay.length && !rule.byDay.some(([, wanted]) => wanted === weekday)) continue;
    if (rule.byMonth.length || rule.byMonthDay.length) {
      const [year, month, number] = civil(day);
      if (!fitsMonth(rule, month) || !fitsNumber(rule, number, daysIn(year, month))) continue;
    }
    found.push(day);
  }
  return found;
}

/**
 * @param {Rule} rule
 * @param {number} year
 * @param {number} month
 */
function ofMonth(rule, year, month) {
  const found = [];
  if (!fitsMonth(rule, month)) return found;
  const start = dayNumber(year, month, 1);
  const length = daysIn(year, month);
  for (let n = 0; n < length; n += 1) {
    if (fitsNumber(rule, n + 1, length) && fitsWeekday(rule, start + n, n, length)) found.push(start + n);
  }
  return found;
}

/**
 * A nth weekday is the month's where the rule names months, else the year's.
 * @param {Rule} rule
 * @param {number} year
 */
function ofYear(rule, year) {
  const found = [];
  const start = dayNumber(year, 1, 1);
  const yearLength = dayNumber(year + 1, 1, 1) - start;
  for (let month = 1; month <= 12; month += 1) {
    if (!fitsMonth(rule, month)) continue;
    const monthStart = dayNumber(year, month, 1);
    const length = daysIn(year, month);
    for (let n = 0; n < length; n += 1) {
      const day = monthStart + n;
      const fits = rule.byMonth.length ? fitsWeekday(rule, day, n, length) : fitsWeekday(rule, day, day - start, yearLength);
      if (fits && fitsNumber(rule, n + 1, length)) found.push(day);
    }
  }
  return found;
}

/**
 * @param {Rule} rule
 * @param {number} month
 */
function fitsMonth(rule, month) {
  return !rule.byMonth.length || rule.byMonth.includes(month);
}

/**
 * @param {Rule} rule
 * @param {number} number of the day in its month, from 1; -1 in a rule is the month's last
 * @param {number} length
 */
function fitsNumber(rule, number, length) {
  return !rule.byMonthDay.length || rule.byMonthDay.includes(number) || rule.byMonthDay.includes(number - length - 1);
}

/**
 * @param {Rule} rule
 * @param {number} day
 * @param {number} n how many days of the month (or year), which has length, come before
 * @param {number} length
 */
function fitsWeekday(rule, day, n, length) {
  if (!rule.byDay.length) return true;
  const weekday = weekdayOf(day);
  const places = [0, Math.floor(n / 7) + 1, -(Math.floor((length - 1 - n) / 7) + 1)];
  return rule.byDay.some(([place, wanted]) => wanted === weekday && places.includes(place));
}

/**
 * Of the days of a period, those at the rule's positions.
 * @param {Rule} rule
 * @param {number[]} found
 */
function placed(rule, found) {
  if (!rule.bySetPos.length) return found;
  const wanted = new Set(rule.bySetPos.map((place) => (place > 0 ? place - 1 : found.length + place)));
  return found.filter((_, place) => wanted.has(place));
}

/** 0 is Monday. @param {number} day */
export function weekdayOf(day) {
  return (((day + EPOCH_WEEKDAY) % 7) + 7) % 7;
}

/**
 * @param {number} year
 * @param {number} month
 * @param {number} day
 */
export function dayNumber(year, month, day) {
  return Date.UTC(year, month - 1, day) / DAY_MS;
}

/**
 * @param {number} day
 * @returns {[number, number, number]} year, month, day of the month
 */
function civil(day) {
  const at = new Date(day * DAY_MS);
  return [at.getUTCFullYear(), at.getUTCMonth() + 1, at.getUTCDate()];
}

/**
 * @param {number} year
 * @param {number} month
 */
function daysIn(year, month) {
  return dayNumber(year, month + 1, 1) - dayNumber(year, month, 1);
}
