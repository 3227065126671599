/**
 * Python's operators for compiled templates: what they do with texts, HTML, lists and numbers.
 */
import { Safe } from '../web/markup.js';
import { F } from './template_filters.js';
import { bare, isNumber, items, plain, text, truth } from './template_values.js';

export function and(left, right) {
  return truth(left) ? right() : left;
}

export function or(left, right) {
  return truth(left) ? left : right();
}

export function unpack(value, count) {
  const parts = items(value);
  if (parts.length !== count) throw new Error(`${count} names for ${parts.length} values`);
  return parts;
}

export function add(a, b) {
  if (a instanceof Safe || b instanceof Safe) return new Safe(joined(a) + joined(b));
  if (Array.isArray(a) && Array.isArray(b)) return a.concat(b);
  if (typeof a === 'string' && typeof b === 'string') return a + b;
  return numbers(a, b, '+') && Number(a) + Number(b);
}

export function subtract(a, b) {
  return numbers(a, b, '-') && a - b;
}

export function multiply(a, b) {
  if (typeof bare(a) === 'string' && isNumber(b)) return through(a, bare(a).repeat(Math.max(0, Number(b))));
  return numbers(a, b, '*') && a * b;
}

export function divide(a, b) {
  return numbers(a, b, '/') && a / divisor(b);
}

export function floorDivide(a, b) {
  return numbers(a, b, '//') && Math.floor(a / divisor(b));
}

export function modulo(a, b) {
  if (typeof bare(a) === 'string') return F.format(a, ...(Array.isArray(b) ? b : [b]));
  return numbers(a, b, '%') && a - Math.floor(a / divisor(b)) * b;
}

export function power(a, b) {
  return numbers(a, b, '**') && a ** b;
}

export function negative(a) {
  return numbers(a, 0, '-') && 0 - a;
}

export function concat(...parts) {
  return parts.some((part) => part instanceof Safe) ? new Safe(parts.map(joined).join('')) : parts.map(plain).join('');
}

/** A part of HTML: what is not HTML yet is escaped, and None is 'None' as in Python. */
function joined(value) {
  return value === null ? 'None' : text(value);
}

function through(value, changed) {
  return value instanceof Safe ? new Safe(changed) : changed;
}

function numbers(a, b, sign) {
  if (!isNumber(a) || !isNumber(b)) throw new Error(`cannot work out ${plain(a)} ${sign} ${plain(b)}`);
  return true;
}

function divisor(number) {
  if (Number(number) === 0) throw new Error('division by zero');
  return number;
}

/** Python's slice; null is an open end. */
export function slice(value, start, stop, step) {
  const isText = typeof bare(value) === 'string';
  const members = items(value);
  const pace = step ?? 1;
  if (pace < 0) return sliceBackwards(members, start, stop, pace, isText);
  const taken = members.slice(start ?? 0, stop ?? undefined).filter((_, place) => place % pace === 0);
  return isText ? through(value, taken.join('')) : taken;
}

function sliceBackwards(members, start, stop, pace, isText) {
  if (start !== null || stop !== null) throw new Error('a slice that goes backwards takes no ends');
  const taken = [...members].reverse().filter((_, place) => place % -pace === 0);
  return isText ? taken.join('') : taken;
}
