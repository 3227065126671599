/**
 * Calendar dates and time zones, as SQL and templates need them: the twin of `dates.py`.
 * Zones come in by IANA name, instants as UTC milliseconds, dates as 'YYYY-MM-DD'. What is not a date, a
 * number or a known zone gives null (zones: UTC), as NULL does in SQL.
 */

const DAY_MS = 86_400_000;
const LAST_MS = 253_402_300_799_999; // the end of 9999
const FIRST_MS = -62_135_596_800_000; // the start of year 1
const QUARTER_MS = 900_000; // zones change at quarter hours of UTC: an offset holds for one
const MOST_REMEMBERED = 20_000;

/**
 * The first instant of a local day. Where the clocks are put forward at midnight, that is the instant they
 * change; where midnight comes twice, the first one.
 * @param {any} day @param {any} tz @returns {number|null}
 */
export function dayStartMs(day, tz) {
  const midnight = parseDate(day);
  if (midnight === null) return null;
  const before = offsetMs(midnight - DAY_MS, tz);
  const after = offsetMs(midnight + DAY_MS, tz);
  for (const offset of [Math.max(before, after), Math.min(before, after)]) {
    if (offsetMs(midnight - offset, tz) === offset) return midnight - offset;
  }
  return midnight - before;
}

/**
 * The instant at which clocks show HH:MM on a day. A time that the clocks leave out moves forward; one that they
 * show twice is the first.
 * @param {any} day @param {any} clock @param {any} tz @returns {number|null}
 */
export function atClock(day, clock, tz) {
  const midnight = parseDate(day);
  const parts = typeof clock === "string" ? /^([01][0-9]|2[0-3]):([0-5][0-9])$/.exec(clock) : null;
  if (midnight === null || !parts) return null;
  const local = midnight + Number(parts[1]) * 3_600_000 + Number(parts[2]) * 60_000;
  const [before, after] = [-DAY_MS, DAY_MS].map((shift) => local - offsetMs(local + shift, tz));
  const shown = [before, after].filter((ms) => ms + offsetMs(ms, tz) === local);
  return shown.length ? Math.min(...shown) : before;
}

/** The date on a person's calendar at an instant. @param {any} ms @param {any} tz @returns {string|null} */
export function localDate(ms, tz) {
  const local = localMs(ms, tz);
  return local === null ? null : isoDate(local);
}

/** @param {any} day @param {any} days @returns {string|null} */
export function addDays(day, days) {
  const parsed = parseDate(day);
  const number = wholeNumber(days);
  if (parsed === null || number === null) return null;
  const moved = parsed + number * DAY_MS;
  return moved < FIRST_MS || moved > LAST_MS ? null : isoDate(moved);
}

/** 0 is Monday. @param {any} day @returns {number|null} */
export function weekday(day) {
  const parsed = parseDate(day);
  return parsed === null ? null : weekdayOfMs(parsed);
}

/** The Monday of the week that a day is in. @param {any} day @returns {string|null} */
export function weekStart(day) {
  const number = weekday(day);
  return number === null ? null : addDays(day, -number);
}

/** @param {any} value @returns {number|null} the date's midnight in UTC */
export function parseDate(value) {
  if (typeof value !== "string" || !/^[0-9]{4}-[0-9]{2}-[0-9]{2}$/.test(value)) return null;
  const ms = Date.parse(`${value}T00:00:00Z`);
  return ms >= FIRST_MS && isoDate(ms) === value ? ms : null;
}

/** @param {number} ms @returns {string} */
export function isoDate(ms) {
  return new Date(ms).toISOString().slice(0, 10);
}

/** @param {number} ms @returns {number} 0 is Monday */
export function weekdayOfMs(ms) {
  return (new Date(ms).getUTCDay() + 6) % 7;
}

/**
 * The wall clock at an instant, as the milliseconds of a UTC clock that shows the same.
 * @param {any} ms @param {any} tz @returns {number|null}
 */
export function localMs(ms, tz) {
  const number = wholeNumber(ms);
  if (number === null || Math.abs(number) > LAST_MS) return null;
  const local = number + offsetMs(number, tz);
  return local < FIRST_MS || local > LAST_MS ? null : local;
}

/** A number, or the digits of one as a query string has them. @param {any} value @returns {number|null} */
export function wholeNumber(value) {
  if (typeof value === "string") return /^[+-]?[0-9]{1,15}$/.test(value) ? Number(value) : null;
  if (typeof value === "bigint") return wholeNumber(Number(value));
  return typeof value === "number" && Math.abs(value) < 1e15 ? Math.trunc(value) : null;
}

/** @type {Map<string, {format: Intl.DateTimeFormat, offsets: Map<number, number>}>} */
const zones = new Map();

/** How far a zone's clocks are ahead of UTC at an instant. @param {number} ms @param {any} tz @returns {number} */
export function offsetMs(ms, tz) {
  const { format, offsets } = zone(tz || "UTC");
  const quarter = Math.floor(ms / QUARTER_MS);
  let offset = offsets.get(quarter);
  if (offset === undefined) {
    if (offsets.size > MOST_REMEMBERED) offsets.clear();
    offset = shownMs(format, quarter * QUARTER_MS) - quarter * QUARTER_MS;
    offsets.set(quarter, offset);
  }
  return offset;
}

/** @param {string} tz */
function zone(tz) {
  let found = zones.get(tz);
  if (!found) {
    found = { format: formatter(tz), offsets: new Map() };
    zones.set(tz, found);
  }
  return found;
}

/** @param {string} tz @returns {Intl.DateTimeFormat} */
function formatter(tz) {
  const shape = /** @type {const} */ ({
    hourCycle: "h23", year: "numeric", month: "numeric", day: "numeric", hour: "numeric", minute: "numeric", second: "numeric",
  });
  try {
    return new Intl.DateTimeFormat("en-US", { ...shape, timeZone: tz });
  } catch {
    return new Intl.DateTimeFormat("en-US", { ...shape, timeZone: "UTC" });
  }
}

/** @param {Intl.DateTimeFormat} format @param {number} ms */
function shownMs(format, ms) {
  const shown = Object.fromEntries(format.formatToParts(ms).map((part) => [part.type, Number(part.value)]));
  const date = new Date(0);
  date.setUTCFullYear(shown.year, shown.month - 1, shown.day);
  date.setUTCHours(shown.hour, shown.minute, shown.second);
  return date.getTime();
}
