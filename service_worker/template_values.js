/**
 * Python's idea of a value, for compiled templates: what is true, equal, smaller, and how it prints.
 * null is None, undefined is Jinja2's Undefined; mappings are plain objects, lists are arrays.
 */
import { Safe, escape } from '../web/markup.js';

/**
 * A value as it stands in HTML. NULL prints as nothing.
 * @param {any} value
 * @returns {string}
 */
export function text(value) {
  if (typeof value === 'string') return escape(value);
  if (typeof value === 'number') return String(value);
  if (value === null || value === undefined) return '';
  return value instanceof Safe ? value.html : escape(plain(value));
}

/**
 * A value as Python's str() has it, and Undefined as nothing.
 * @param {any} value
 * @returns {string}
 */
export function plain(value) {
  if (typeof value === 'string') return value;
  if (value === undefined) return '';
  if (value === null) return 'None';
  if (value === true) return 'True';
  if (value === false) return 'False';
  if (value instanceof Safe) return value.html;
  if (Array.isArray(value)) return `[${value.map(represented).join(', ')}]`;
  if (isMapping(value)) {
    return `{${Object.entries(value).map(([key, held]) => `${represented(key)}: ${represented(held)}`).join(', ')}}`;
  }
  return String(value);
}

/** Python's repr(). */
function represented(value) {
  if (value instanceof Safe) return `Markup(${represented(value.html)})`;
  if (typeof value !== 'string') return plain(value);
  const escaped = value.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
  return escaped.includes("'") && !escaped.includes('"') ? `"${escaped}"` : `'${escaped.replaceAll("'", "\\'")}'`;
}

/** @param {any} value @returns {boolean} */
export function isMapping(value) {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Safe);
}

/** Is a value true in Python's sense? */
export function truth(value) {
  if (!value) return false;
  if (typeof value !== 'object') return true;
  if (Array.isArray(value)) return value.length > 0;
  if (value instanceof Safe) return value.html !== '';
  const prototype = Object.getPrototypeOf(value);
  return (prototype !== Object.prototype && prototype !== null) || Object.keys(value).length > 0;
}

/** @returns {any} a text without its being HTML; other values as they are */
export function bare(value) {
  return value instanceof Safe ? value.html : value;
}

export function equal(a, b) {
  a = bare(a);
  b = bare(b);
  if (a === b) return true;
  if (typeof a === 'boolean' && typeof b === 'number') return Number(a) === b;
  if (typeof a === 'number' && typeof b === 'boolean') return a === Number(b);
  if (!a || !b || typeof a !== 'object' || typeof b !== 'object' || Array.isArray(a) !== Array.isArray(b)) return false;
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => Object.hasOwn(b, key) && equal(a[key], b[key]));
}

/** @returns {number} below, equal to or above 0; texts by code point, lists member by member */
export function compare(a, b) {
  a = bare(a);
  b = bare(b);
  if (Array.isArray(a) && Array.isArray(b)) return compareLists(a, b);
  const areTexts = typeof a === 'string' && typeof b === 'string';
  if (!areTexts && (!isNumber(a) || !isNumber(b))) throw new Error(`cannot order ${plain(a)} and ${plain(b)}`);
  if (areTexts) return compareTexts(a, b);
  return a < b ? -1 : a > b ? 1 : 0;
}

function compareLists(a, b) {
  for (let place = 0; place < Math.min(a.length, b.length); place++) {
    const found = compare(a[place], b[place]);
    if (found) return found;
  }
  return a.length - b.length;
}

/** UTF-16 puts astral characters before U+E000, Python after it. */
function compareTexts(a, b) {
  const length = Math.min(a.length, b.length);
  for (let place = 0; place < length; place++) {
    const left = a.charCodeAt(place);
    const right = b.charCodeAt(place);
    if (left !== right) return codePointOrder(left) - codePointOrder(right);
  }
  return a.length - b.length;
}

function codePointOrder(unit) {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit;
}

export function isNumber(value) {
  return typeof value === 'number' || typeof value === 'boolean';
}

/** Is `value` in `holder`, as Python's `in`? */
export function contains(holder, value) {
  holder = bare(holder);
  if (typeof holder === 'string') return holder.includes(plain(value));
  if (Array.isArray(holder)) return holder.some((member) => equal(member, value));
  if (holder === undefined) return false;
  if (holder === null) throw new Error('None holds nothing');
  return Object.hasOwn(holder, value);
}

/** @returns {any[]} what a loop over a value goes through */
export function items(value) {
  value = bare(value);
  if (Array.isArray(value)) return value;
  if (value === undefined) return [];
  if (typeof value === 'string') return Array.from(value);
  if (isMapping(value)) return Object.keys(value);
  throw new Error(`cannot loop over ${plain(value)}`);
}

/** An attribute; what is not there is undefined, and what that has is an error. */
export function attribute(holder, name) {
  if (holder === undefined) throw new Error(`${name} of something that is not there`);
  if (holder === null || typeof holder !== 'object') return undefined;
  return Object.hasOwn(holder, name) ? holder[name] : holder.isOpen?.(name) ? holder[name] : undefined;
}

/** A member by place or key. */
export function item(holder, key) {
  if (holder === undefined) throw new Error(`${key} of something that is not there`);
  holder = bare(holder);
  if (typeof holder === 'string') return Array.from(holder).at(key);
  if (Array.isArray(holder) && typeof key === 'number') return holder.at(key);
  return attribute(holder, bare(key));
}

/** Follows 'a.b.0' from a value. */
export function path(holder, names) {
  if (typeof names === 'number') return item(holder, names);
  let found = holder;
  for (const name of String(names).split('.')) found = item(found, /^\d+$/.test(name) ? Number(name) : name);
  return found;
}
