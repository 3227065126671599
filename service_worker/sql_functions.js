/**
 * The SQL functions that pages use, for SQLite in the worker: the twin of `web/sql_functions.py`.
 * All are deterministic: the same arguments give the same answer on every host, always.
 */
import { addDays, atClock, dayStartMs, localDate, weekStart, weekday } from "../web/dates.js";
import { derivedId } from "./ids.js";
import { fold, searchKey } from "./latin.js";
import { overlapping } from "./overlaps.js";
import { nextOccurrence, occurrenceOn, occurrences, ruleFrom, ruleParts, ruleUntil } from "./recurrence.js";

const asText = (value) => (value === null || value === undefined ? "" : String(value));

const asJson = (value) => (value === null ? null : JSON.stringify(value));

/** @type {[string, (...values: any[]) => any][]} */
export const FUNCTIONS = [
  ["fold", (text) => fold(asText(text))],
  ["search_key", (...texts) => searchKey(...texts.map(asText))],
  ["day_start_ms", (day, tz) => dayStartMs(day, tz)],
  ["at_clock", (day, clock, tz) => atClock(day, clock, tz)],
  ["local_date", (ms, tz) => localDate(ms, tz)],
  ["add_days", (day, days) => addDays(day, days)],
  ["weekday", (day) => weekday(day)],
  ["week_start", (day) => weekStart(day)],
  ["occurrences", (start, end, rule, tz, isAllDay, from, to) => asJson(occurrences(start, end, rule, tz, isAllDay, from, to))],
  ["next_occurrence", (start, end, rule, tz, isAllDay, from) => asJson(nextOccurrence(start, end, rule, tz, isAllDay, from))],
  ["occurrence_on", (start, end, rule, tz, isAllDay, day) => asJson(occurrenceOn(start, end, rule, tz, isAllDay, day))],
  ["rule_until", (rrule, day) => ruleUntil(rrule, day)],
  ["rule_from", (startMs, rrule, tz, day) => ruleFrom(startMs, rrule, tz, day)],
  ["rule_parts", (rrule, tz) => ruleParts(rrule, tz)],
  ["overlapping", (spans) => (typeof spans === "string" ? asJson(overlapping(JSON.parse(spans))) : null)],
  ["derived_id", (...texts) => derivedId(...texts.map(asText))],
];

/**
 * Make the functions known to a replica.
 * @param {{createFunction: (name: string, run: (...values: any[]) => any) => void}} db
 */
export function registerSqlFunctions(db) {
  for (const [name, run] of FUNCTIONS) db.createFunction(name, run);
}
