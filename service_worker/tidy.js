/**
 * Text as people type and paste it, made regular.
 *
 * Character classes are spelt out because Python's and JavaScript's own (`\s`, `trim`) differ.
 * Twin of sync/tidy.py.
 */

// For use inside [...] of a pattern.
export const SPACE = '\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200b\\u2028\\u2029\\u202f\\u205f\\u3000\\ufeff';
export const SEPARATOR = '\\n\\r,;，、；';
export const NOT_SEPARATOR = ',;，、；';

const IS_SPACE = new RegExp(`[${SPACE}]`, 'u');
const SPACES = new RegExp(`[${SPACE}]+`, 'gu');
const BREAKS = /[\t-\r\x85\u2028\u2029]+/gu;
const DASHES = /[‐‑‒–—―−]/gu;
const WIDE = /[\uff01-\uff5e]/gu;
// Direction and joiner marks, which phones put around numbers that are copied from their contacts.
const MARKS = /[\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff]/gu;

/**
 * Without space at either end.
 * @param {string} text
 */
export function trimmed(text) {
  let start = 0;
  let end = text.length;
  while (start < end && IS_SPACE.test(text[start])) start += 1;
  while (end > start && IS_SPACE.test(text[end - 1])) end -= 1;
  return text.slice(start, end);
}

/**
 * Line breaks and tabs are spaces; none at either end.
 * @param {string} text
 */
export function oneLine(text) {
  return trimmed(text.replace(BREAKS, ' '));
}

/**
 * Line ends are LF; no space at either end.
 * @param {string} text
 */
export function severalLines(text) {
  return trimmed(text.replace(/\r\n?/gu, '\n'));
}

/**
 * Every run of space is one blank; none at either end.
 * @param {string} text
 */
export function singleSpaced(text) {
  return trimmed(text.replace(SPACES, ' '));
}

/**
 * Full-width letters, digits and signs as ASCII, every dash a hyphen, single spaces.
 * @param {string} text
 */
export function narrow(text) {
  const ascii = text.replace(WIDE, (wide) => String.fromCharCode(wide.charCodeAt(0) - 0xfee0));
  return singleSpaced(ascii.replace(DASHES, '-'));
}

/**
 * Without invisible marks.
 * @param {string} text
 */
export function withoutMarks(text) {
  return text.replace(MARKS, '');
}
