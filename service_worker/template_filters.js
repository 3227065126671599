/**
 * Jinja2's filters and tests, as far as pages use them. The compiler has put every argument in its place
 * (web/build/compiler_vocabulary.py); one that is not given is undefined.
 */
import { Safe, escape as escapeText } from '../web/markup.js';
import {
  attribute as attributeOf, bare, compare, contains, equal, isMapping, isNumber, items as itemsOf, path, plain, text, truth,
} from './template_values.js';

/** A text through a function, staying HTML if it was. */
function through(value, change) {
  const changed = change(plain(value));
  return value instanceof Safe ? new Safe(changed) : changed;
}

/** What a member is sorted or compared by. */
function keyOf(attribute, caseSensitive) {
  return (member) => {
    const key = attribute == null ? member : path(member, attribute);
    const isText = typeof key === 'string' || key instanceof Safe;
    return isText && !caseSensitive ? plain(key).toLowerCase() : key;
  };
}

function sorted(members, keys, isReversed) {
  return [...members].sort((a, b) => {
    for (const key of keys) {
      const order = compare(key(a), key(b));
      if (order) return isReversed ? -order : order;
    }
    return 0;
  });
}

function extreme(members, caseSensitive, attribute, direction) {
  const key = keyOf(attribute, caseSensitive);
  return itemsOf(members).reduce(
    (best, member) => (best === undefined || compare(key(member), key(best)) * direction > 0 ? member : best), undefined,
  );
}

/** Python's round(): halves go to the even neighbour. */
function rounded(value, precision, method) {
  const scale = 10 ** precision;
  if (method === 'ceil') return Math.ceil(value * scale) / scale;
  if (method === 'floor') return Math.floor(value * scale) / scale;
  const scaled = value * scale;
  if (Math.abs(scaled % 1) === 0.5) return (2 * Math.round(scaled / 2)) / scale;
  return Number(value.toFixed(precision));
}

function quoted(value, slash) {
  const encoded = encodeURIComponent(plain(value)).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
  return slash ? encoded.replaceAll('%2F', '/') : encoded;
}

/** json.dumps(…, sort_keys=True): ASCII only, with blanks. */
function dumped(value) {
  if (Array.isArray(value)) return `[${value.map(dumped).join(', ')}]`;
  if (isMapping(value)) {
    const keys = Object.keys(value).sort(compare);
    return `{${keys.map((key) => `${dumped(key)}: ${dumped(value[key])}`).join(', ')}}`;
  }
  return JSON.stringify(bare(value)).replace(/[\u007f-\uffff]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/**
 * One %-placeholder of a format: %s %d %f %x with flags, width and precision.
 * @param {any} value @param {any[]} match @param {(value: any) => string} asText
 */
function placed(value, [left, zero, width, precision, type], asText) {
  let shown;
  if (type === 'd') shown = String(Math.trunc(value));
  else if (type === 'f') shown = Number(value).toFixed(precision === undefined ? 6 : Number(precision));
  else if (type === 'x') shown = Math.trunc(value).toString(16);
  else shown = asText(value);
  if (left) return shown.padEnd(Number(width));
  if (zero && shown.startsWith('-')) return `-${shown.slice(1).padStart(Number(width) - 1, '0')}`;
  return shown.padStart(Number(width || 0), zero ? '0' : ' ');
}

function inGroups(members, attribute, fallback, caseSensitive) {
  const value = (member) => orElse(path(member, attribute), fallback);
  const fold = keyOf(null, caseSensitive);
  const groups = [];
  let last;
  for (const member of sorted(members, [(one) => fold(value(one))], false)) {
    const key = fold(value(member));
    if (!groups.length || !equal(key, last)) {
      const list = [];
      groups.push(Object.assign([value(member), list], { grouper: value(member), list }));
    }
    groups.at(-1)[1].push(member);
    last = key;
  }
  return groups;
}

export const F = {
  abs: (value) => Math.abs(value),
  attr: (value, name) => attributeOf(value, name),
  batch(value, size, filling) {
    const rows = [];
    itemsOf(value).forEach((member, place) => (place % size ? rows.at(-1).push(member) : rows.push([member])));
    if (filling != null && rows.length) while (rows.at(-1).length < size) rows.at(-1).push(filling);
    return rows;
  },
  capitalize: (value) => through(value, (t) => t.charAt(0).toUpperCase() + t.slice(1).toLowerCase()),
  default: (value, other = '', alsoFalse = false) => (value === undefined || (alsoFalse && !truth(value)) ? other : value),
  dictsort(value, caseSensitive, by = 'key', isReversed = false) {
    const place = by === 'value' ? 1 : 0;
    const key = keyOf(null, caseSensitive);
    return sorted(Object.entries(value), [(entry) => key(entry[place])], isReversed);
  },
  escape: (value) => (value instanceof Safe ? value : new Safe(escapeText(plain(value)))),
  float(value, other = 0) {
    const number = Number(plain(value));
    return Number.isNaN(number) || plain(value).trim() === '' ? other : number;
  },
  first: (value) => itemsOf(value)[0],
  forceescape: (value) => new Safe(escapeText(plain(value))),
  format(value, ...values) {
    let place = 0;
    const asText = value instanceof Safe ? text : plain;
    return through(value, (format) => format.replace(/%(-?)(0?)(\d*)(?:\.(\d+))?([sdfx%])/g, (...match) => (
      match[5] === '%' ? '%' : placed(values[place++], match.slice(1, 6), asText))));
  },
  from_json(value) {
    if (value === null || value === undefined || value === '') return [];
    return typeof value === 'string' ? JSON.parse(value) : value;
  },
  groupby: (value, attribute, fallback, caseSensitive = false) => inGroups(itemsOf(value), attribute, fallback, caseSensitive),
  int(value, other = 0, base = 10) {
    const typed = plain(value).trim();
    if (isNumber(value)) return Math.trunc(Number(value));
    if (base !== 10) return Number.isNaN(parseInt(typed, base)) ? other : parseInt(typed, base);
    return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(typed) ? Math.trunc(Number(typed)) : other;
  },
  items: (value) => (value === undefined ? [] : Object.entries(value)),
  join(value, /** @type {any} */ between = '', attribute = undefined) {
    const members = attribute == null ? itemsOf(value) : itemsOf(value).map((member) => path(member, attribute));
    if (between instanceof Safe || members.some((member) => member instanceof Safe)) {
      return new Safe(members.map(escapedMember).join(text(between)));
    }
    return members.map(plain).join(plain(between));
  },
  last: (value) => itemsOf(value).at(-1),
  length(value) {
    value = bare(value);
    return value === undefined ? 0 : typeof value === 'string' ? Array.from(value).length : itemsOf(value).length;
  },
  list: (value) => [...itemsOf(value)],
  lower: (value) => through(value, (t) => t.toLowerCase()),
  map: (value, filter, ...more) => itemsOf(value).map((member) => filter(member, ...more)),
  max: (value, caseSensitive, attribute) => extreme(value, caseSensitive, attribute, 1),
  min: (value, caseSensitive, attribute) => extreme(value, caseSensitive, attribute, -1),
  pluck: (value, attribute, fallback) => itemsOf(value).map((member) => orElse(path(member, attribute), fallback)),
  reject: (value, test, ...more) => itemsOf(value).filter((member) => !(test ? test(member, ...more) : truth(member))),
  rejectattr: (value, attribute, test, ...more) => (
    F.reject(value, (member) => (test ? test(path(member, attribute), ...more) : truth(path(member, attribute))))),
  replace(value, old, fresh, count = undefined) {
    const isHtml = value instanceof Safe || old instanceof Safe || fresh instanceof Safe;
    const whole = isHtml ? text(value) : plain(value);
    const put = isHtml ? text(fresh) : plain(fresh);
    const pieces = whole.split(plain(old));
    const changed = Math.min(count ?? Infinity, pieces.length - 1);
    const result = [pieces.slice(0, changed + 1).join(put), ...pieces.slice(changed + 1)].join(plain(old));
    return isHtml ? new Safe(result) : result;
  },
  reverse: (value) => (typeof value === 'string' ? Array.from(value).reverse().join('') : [...itemsOf(value)].reverse()),
  round: (value, precision = 0, method = 'common') => rounded(value, precision, method),
  safe: (value) => new Safe(plain(value)),
  select: (value, test, ...more) => itemsOf(value).filter((member) => (test ? test(member, ...more) : truth(member))),
  selectattr: (value, attribute, test, ...more) => (
    F.select(value, (member) => (test ? test(path(member, attribute), ...more) : truth(path(member, attribute))))),
  sort(value, isReversed = false, caseSensitive = false, attribute = undefined) {
    const names = attribute == null ? [null] : String(attribute).split(',');
    return sorted(itemsOf(value), names.map((name) => keyOf(name, caseSensitive)), isReversed);
  },
  string: (value) => (value instanceof Safe ? value : plain(value)),
  striptags: (value) => plain(value).replace(/<!--[\s\S]*?-->|<[^>]*>/g, '').split(/\s+/).filter(Boolean).join(' '),
  sum: (value, attribute = undefined, start = 0) => (
    itemsOf(value).reduce((sum, member) => sum + (attribute == null ? member : path(member, attribute)), start)),
  title: (value) => through(value, (t) => t.replace(/[^-\s({[<]+/g, (word) => word.charAt(0).toUpperCase() + word.slice(1).toLowerCase())),
  tojson: (value) => new Safe(dumped(value).replace(/[<>&']/g, (c) => `\\u00${c.charCodeAt(0).toString(16)}`)),
  trim: (value) => through(value, (t) => t.trim()),
  truncate(value, length = 255, killWords = false, end = '...', leeway = 5) {
    const characters = Array.from(plain(value));
    if (characters.length <= length + leeway) return value;
    let kept = characters.slice(0, length - Array.from(end).length).join('');
    if (!killWords && kept.includes(' ')) kept = kept.slice(0, kept.lastIndexOf(' '));
    return through(value, () => kept + end);
  },
  unique(value, caseSensitive = false, attribute = undefined) {
    const key = keyOf(attribute, caseSensitive);
    const seen = new Set();
    return itemsOf(value).filter((member) => !seen.has(key(member)) && seen.add(key(member)));
  },
  upper: (value) => through(value, (t) => t.toUpperCase()),
  urlencode(value) {
    if (!isMapping(value) && !Array.isArray(value)) return quoted(value, true);
    const pairs = Array.isArray(value) ? value : Object.entries(value);
    return pairs.map((pair) => pair.map((part) => quoted(part, false).replaceAll('%20', '+')).join('=')).join('&');
  },
  wordcount: (value) => (plain(value).match(/[\p{L}\p{N}_]+/gu) ?? []).length,
};

function orElse(value, fallback) {
  return value === undefined ? fallback : value;
}

function escapedMember(member) {
  return member instanceof Safe ? member.html : escapeText(plain(member));
}

export const T = {
  boolean: (value) => typeof value === 'boolean',
  callable: (value) => typeof value === 'function',
  defined: (value) => value !== undefined,
  divisibleby: (value, by) => value % by === 0,
  eq: equal,
  escaped: (value) => value instanceof Safe,
  even: (value) => value % 2 === 0,
  false: (value) => value === false,
  ge: (a, b) => compare(a, b) >= 0,
  gt: (a, b) => compare(a, b) > 0,
  in: (value, holder) => contains(holder, value),
  integer: (value) => Number.isInteger(value),
  iterable: (value) => value === undefined || typeof value === 'string' || (value !== null && typeof value === 'object'),
  le: (a, b) => compare(a, b) <= 0,
  lower: (value) => plain(value) === plain(value).toLowerCase() && plain(value) !== plain(value).toUpperCase(),
  lt: (a, b) => compare(a, b) < 0,
  mapping: isMapping,
  ne: (a, b) => !equal(a, b),
  none: (value) => value === null,
  number: isNumber,
  odd: (value) => value % 2 !== 0,
  sameas: (a, b) => a === b,
  sequence: (value) => value === undefined || typeof value === 'string' || (value !== null && typeof value === 'object'),
  string: (value) => typeof value === 'string' || value instanceof Safe,
  true: (value) => value === true,
  undefined: (value) => value === undefined,
  upper: (value) => plain(value) === plain(value).toUpperCase() && plain(value) !== plain(value).toLowerCase(),
};
