/**
 * The SQL functions that pages use, for SQLite in the worker: the twin of `web/sql_functions.py`.
 * All are deterministic: the same arguments give the same answer on every host, always.
 */
import { addDays, dayStartMs, localDate, weekStart, weekday } from "../web/dates.js";
import { fold, searchKey } from "./latin.js";

const asText = (value) => (value === null || value === undefined ? "" : String(value));

/** @type {[string, (...values: any[]) => any][]} */
export const FUNCTIONS = [
  ["fold", (text) => fold(asText(text))],
  ["search_key", (...texts) => searchKey(...texts.map(asText))],
  ["day_start_ms", (day, tz) => dayStartMs(day, tz)],
  ["local_date", (ms, tz) => localDate(ms, tz)],
  ["add_days", (day, days) => addDays(day, days)],
  ["weekday", (day) => weekday(day)],
  ["week_start", (day) => weekStart(day)],
];

/**
 * Make the functions known to a replica.
 * @param {{createFunction: (name: string, run: (...values: any[]) => any) => void}} db
 */
export function registerSqlFunctions(db) {
  for (const [name, run] of FUNCTIONS) db.createFunction(name, run);
}
