/**
 * Wall-clock time in a time zone, as an instant.
 *
 * Reads no clock. Twin of sync/zones.py, on Intl.DateTimeFormat; both must give the same instant on the
 * days when clocks change.
 */

const DAY_MS = 86_400_000;

/** @type {Map<string, Intl.DateTimeFormat>} */
const formats = new Map();

/** No time zone has this name. */
export class UnknownZone extends Error {}

/**
 * The UTC milliseconds at which clocks in tz show this time.
 *
 * When clocks show it twice (they went back), the first time. When they never do (they went forward), the
 * time is moved forward by as much as the clocks were.
 * @param {number} year
 * @param {number} month
 * @param {number} day
 * @param {number} hour
 * @param {number} minute
 * @param {number} second
 * @param {string} tz
 * @returns {number}
 */
export function localToMs(year, month, day, hour, minute, second, tz) {
  const local = utcMs(year, month, day, hour, minute, second);
  const before = offsetMs(local - DAY_MS, tz);
  const after = offsetMs(local + DAY_MS, tz);
  const shown = [local - before, local - after].filter((ms) => ms + offsetMs(ms, tz) === local);
  return shown.length ? Math.min(...shown) : local - before;
}

/**
 * How far clocks in tz are ahead of UTC at an instant.
 * @param {number} ms
 * @param {string} tz
 * @returns {number}
 */
function offsetMs(ms, tz) {
  /** @type {Record<string, number>} */
  const shown = {};
  for (const { type, value } of format(tz).formatToParts(ms)) shown[type] = Number(value);
  const local = utcMs(shown.year, shown.month, shown.day, shown.hour, shown.minute, shown.second);
  return local - Math.floor(ms / 1000) * 1000;
}

/**
 * As Date.UTC, which reads the years 0 to 99 as 1900 to 1999.
 * @param {number} year
 * @param {number} month
 * @param {number} day
 * @param {number} hour
 * @param {number} minute
 * @param {number} second
 */
function utcMs(year, month, day, hour, minute, second) {
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  return date.setUTCHours(hour, minute, second, 0);
}

/**
 * @param {string} tz
 * @returns {Intl.DateTimeFormat}
 */
function format(tz) {
  let made = formats.get(tz);
  if (!made) {
    made = makeFormat(tz);
    formats.set(tz, made);
  }
  return made;
}

/**
 * @param {string} tz
 * @returns {Intl.DateTimeFormat}
 */
function makeFormat(tz) {
  try {
    return new Intl.DateTimeFormat('en-US', {
      timeZone: tz,
      calendar: 'gregory',
      numberingSystem: 'latn',
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
  } catch {
    throw new UnknownZone(`unknown time zone ${tz}: use an IANA name such as Asia/Shanghai`);
  }
}
