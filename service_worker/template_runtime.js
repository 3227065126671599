/**
 * What compiled templates import (web/build/compiler.py is the only user): one door to the parts of the runtime.
 */
import { Safe } from '../web/markup.js';
import { plain } from './template_values.js';

export { F, T } from './template_filters.js';
export { G, Loop, MISSING, call, macro, method, named } from './template_calls.js';
export {
  add, and, concat, divide, floorDivide, modulo, multiply, negative, or, power, slice, subtract, unpack,
} from './template_operators.js';
export { extended } from './template_rendering.js';
export { attribute, compare, contains, equal, item, items, text, truth } from './template_values.js';

export function safe(html) {
  return new Safe(html);
}

export function asSafe(value) {
  return value instanceof Safe ? value : new Safe(plain(value));
}
