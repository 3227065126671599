/**
 * Calling things from compiled templates: macros, methods, loops, Jinja2's global functions.
 */
import { Safe } from '../web/markup.js';
import { F } from './template_filters.js';
import { bare, equal, items, plain } from './template_values.js';

/** A macro's argument that was not given. */
export const MISSING = Symbol('missing');

/** Arguments given by name. */
class Named {
  constructor(values) {
    Object.assign(this, values);
  }
}

export function named(values) {
  return new Named(values);
}

export function call(target, name, ...values) {
  if (typeof target !== 'function') throw new Error(`${name} cannot be called`);
  return target(...values);
}

/** A method of a module, text, list, mapping, loop or cycler. */
export function method(holder, name, ...values) {
  if (holder === null || holder === undefined) throw new Error(`.${name}() of something that is not there`);
  holder = bare(holder);
  if (holder instanceof Loop || holder instanceof Cycler) return holder[name](...values);
  if (typeof holder === 'object' && Object.hasOwn(holder, name) && typeof holder[name] === 'function') return holder[name](...values);
  const methods = typeof holder === 'string' ? TEXT_METHODS : Array.isArray(holder) ? LIST_METHODS : MAPPING_METHODS;
  return call(methods[name], `.${name}()`, holder, ...values);
}

const TEXT_METHODS = {
  upper: (t) => t.toUpperCase(),
  lower: (t) => t.toLowerCase(),
  strip: (t, characters) => stripped(t, characters, true, true),
  lstrip: (t, characters) => stripped(t, characters, true, false),
  rstrip: (t, characters) => stripped(t, characters, false, true),
  title: (t) => F.title(t),
  startswith: (t, start) => t.startsWith(start),
  endswith: (t, end) => t.endsWith(end),
  split: (t, by) => (by === undefined ? t.split(/\s+/).filter(Boolean) : t.split(by)),
  replace: (t, old, fresh, count) => F.replace(t, old, fresh, count),
  join: (t, members) => items(members).map(plain).join(t),
  find: (t, part) => Array.from(t.slice(0, Math.max(0, t.indexOf(part)))).length - (t.includes(part) ? 0 : 1),
};

/** A text without blanks, or these characters, at its ends. */
function stripped(t, characters, atStart, atEnd) {
  if (characters === undefined) return atStart ? (atEnd ? t.trim() : t.trimStart()) : t.trimEnd();
  const letters = Array.from(t);
  while (atStart && letters.length && characters.includes(letters[0])) letters.shift();
  while (atEnd && letters.length && characters.includes(letters.at(-1))) letters.pop();
  return letters.join('');
}

const LIST_METHODS = {
  append: (list, member) => (list.push(member), null),
  index: (list, member) => list.findIndex((other) => equal(other, member)),
  count: (list, member) => list.filter((other) => equal(other, member)).length,
};

const MAPPING_METHODS = {
  items: (mapping) => Object.entries(mapping),
  keys: (mapping) => Object.keys(mapping),
  values: (mapping) => Object.values(mapping),
  get: (mapping, key, other = null) => (Object.hasOwn(mapping, key) ? mapping[key] : other),
};

/**
 * A macro as a function: it takes values, then perhaps Named, and gives HTML.
 * @param {string} name
 * @param {string[]} parameters
 * @param {number} defaults how many of the last parameters have a default, which body sees as MISSING
 * @param {string[]} special which of caller, kwargs and varargs it uses
 * @param {(values: any[], special: object) => string} body
 */
export function macro(name, parameters, defaults, special, body) {
  const firstDefault = parameters.length - defaults;
  return (...given) => {
    const byName = given.at(-1) instanceof Named ? { ...given.pop() } : {};
    if (given.length > parameters.length && !special.includes('varargs')) throw new Error(`${name}() takes ${parameters.length} arguments`);
    const values = parameters.map((parameter, place) => {
      const isNamed = Object.hasOwn(byName, parameter);
      const value = place < given.length ? given[place] : isNamed ? byName[parameter] : place < firstDefault ? undefined : MISSING;
      if (isNamed) delete byName[parameter];
      return value;
    });
    const { caller, ...kwargs } = byName;
    if (caller && !special.includes('caller')) throw new Error(`${name}() takes no body`);
    if (Object.keys(kwargs).length && !special.includes('kwargs')) throw new Error(`${name}() has no ${Object.keys(kwargs)[0]}`);
    return new Safe(body(values, { caller, kwargs, varargs: given.slice(parameters.length) }));
  };
}

// Loops and globals

const LOOP_NAMES = new Set('index index0 revindex revindex0 first last length previtem nextitem'.split(' '));

export class Loop {
  #items;

  #last;

  constructor(members) {
    this.#items = members;
    this.index0 = -1;
    this.length = members.length;
  }

  isOpen(name) { return LOOP_NAMES.has(name); }

  get index() { return this.index0 + 1; }

  get revindex() { return this.length - this.index0; }

  get revindex0() { return this.length - this.index0 - 1; }

  get first() { return this.index0 === 0; }

  get last() { return this.index0 === this.length - 1; }

  get previtem() { return this.#items[this.index0 - 1]; }

  get nextitem() { return this.#items[this.index0 + 1]; }

  cycle(...values) { return values[this.index0 % values.length]; }

  changed(...values) {
    const hasChanged = this.#last === undefined || !equal(values, this.#last);
    this.#last = values;
    return hasChanged;
  }
}

class Cycler {
  #place = 0;

  constructor(values) {
    this.values = values;
  }

  isOpen(name) { return name === 'current'; }

  get current() { return this.values[this.#place]; }

  next() {
    const value = this.current;
    this.#place = (this.#place + 1) % this.values.length;
    return value;
  }

  reset() {
    this.#place = 0;
    return null;
  }
}

export const G = {
  range(start, stop, step = 1) {
    const [from, to] = stop === undefined ? [0, start] : [start, stop];
    return Array.from({ length: Math.max(0, Math.ceil((to - from) / step)) }, (_, place) => from + place * step);
  },
  namespace: (values) => ({ ...values }),
  dict: (values) => ({ ...values }),
  cycler: (...values) => new Cycler(values),
  joiner(between = ', ') {
    let isFirst = true;
    return () => {
      const put = isFirst ? '' : between;
      isFirst = false;
      return put;
    };
  },
};
