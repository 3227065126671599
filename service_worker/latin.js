/**
 * Search keys: a name as it is typed, in pinyin, by initials, or by the digits of a phone number.
 *
 * A page searches with `search_key LIKE '%' || fold(:q) || '%'`. Call `loadPinyin` once before the others.
 * Twin of sync/latin.py; the table's format is described in sync/data/make_pinyin.py.
 */

import { SPACE, singleSpaced } from './tidy.js';

/** @typedef {[characters: string, syllables: string[]]} Entry */

const LONGEST_WITH_SURNAME = 4;
const NO_READING = '-';

// Between words, and LIKE's own wildcards: in a pattern any of them stands for "anything".
const BETWEEN = new RegExp(`[${SPACE}!-/:-@\\[-\`{-~\\xb7‐-‟•…、。〃〈-】〔-〟・]+`, 'gu');
const LATIN_WORD = /[0-9a-z\xdf-\u024f\u0370-\u052f]+/gu;
const ACCENTED = /[\xc0-\u024f\u1e00-\u1eff]/u;
const ACCENTS = /[\u0300-\u036f]+/gu;
// eslint-disable-next-line no-control-regex
const NOT_ASCII = /[^\x00-\x7f]/u;

/** @type {Table|null} */
let table = null;

/**
 * Give the readings: the text of sync/data/pinyin.txt. Decoded at the first use.
 * @param {string} text
 */
export function loadPinyin(text) {
  table = new Table(text);
}

/**
 * What was typed in a search box, as the inside of a LIKE pattern: lower case, '%' between words.
 * @param {string|null} text
 * @returns {string}
 */
export function fold(text) {
  return plainOf(text ?? '').replace(BETWEEN, '%').replace(/^%|%$/gu, '');
}

/**
 * The Han characters of a text in pinyin without tones, and their initials: 王芳 → ['wangfang', 'wf'].
 *
 * A text of at most four Han characters that begins with a family name has that name's reading.
 * @param {string} text
 * @returns {[full: string, initials: string]}
 */
export function latin(text) {
  return joined(syllablesOf(plainOf(text), true));
}

/**
 * The search key of a row from its search columns; a set's JSON text gives digits of phone numbers.
 * @param {...(string|null)} texts
 * @returns {string}
 */
export function searchKey(...texts) {
  const parts = new Set();
  for (const text of texts) for (const part of partsOf(text ?? '')) parts.add(part);
  parts.delete('');
  return [...parts].join(' ');
}

/**
 * @param {string} text
 * @returns {string[]}
 */
function partsOf(text) {
  const members = membersOf(text);
  if (members) {
    return members.map((member) => (member.includes('@') ? plainOf(member) : plainOf(member).replace(/[^0-9]+/gu, '')));
  }
  const plain = plainOf(text);
  if (!NOT_ASCII.test(plain)) return [plain, wordInitials(plain)];
  const unaccented = ACCENTED.test(plain) ? withoutAccents(plain) : plain;
  const syllables = syllablesOf(plain, true);
  if (!syllables.length) return [plain, unaccented, wordInitials(unaccented)];
  // People type a rare family name as they read it, right or wrong.
  return [plain, unaccented, ...joined(syllables), ...joined(syllablesOf(plain, false))];
}

/**
 * The texts of a JSON array, or null for any other text.
 * @param {string} text
 * @returns {string[]|null}
 */
function membersOf(text) {
  if (!text.startsWith('[')) return null;
  try {
    return JSON.parse(text).filter((/** @type {unknown} */ member) => typeof member === 'string');
  } catch {
    return null;
  }
}

/** @param {string} text */
function plainOf(text) {
  return singleSpaced((NOT_ASCII.test(text) ? text.normalize('NFKC') : text).toLowerCase());
}

/** @param {string} plain */
function withoutAccents(plain) {
  return plain.normalize('NFD').replace(ACCENTS, '').normalize('NFC');
}

/** @param {string} plain */
function wordInitials(plain) {
  const words = plain.match(LATIN_WORD) ?? [];
  return words.length > 1 ? words.map((word) => word[0]).join('') : '';
}

/**
 * @param {string[]} syllables
 * @returns {[string, string]}
 */
function joined(syllables) {
  if (syllables.length < 2) return [syllables.join(''), ''];
  return [syllables.join(''), syllables.map((syllable) => syllable[0]).join('')];
}

/**
 * The readings of the Han characters in a text, words before single characters.
 * @param {string} plain
 * @param {boolean} withSurname
 * @returns {string[]}
 */
function syllablesOf(plain, withSurname) {
  if (!NOT_ASCII.test(plain)) return [];
  if (!table) throw new Error('loadPinyin was not called: there are no readings to make a search key from');
  const characters = [...plain];
  const readings = characters.map((character) => table?.reading(character));
  const syllables = [];
  let at = 0;
  if (withSurname && readings.filter(Boolean).length <= LONGEST_WITH_SURNAME) {
    const surname = longest(table.surnames, characters, 0);
    if (surname) {
      syllables.push(...surname[1]);
      at = [...surname[0]].length;
    }
  }
  while (at < characters.length) {
    const word = longest(table.words, characters, at);
    if (word) syllables.push(...word[1]);
    else if (readings[at]) syllables.push(readings[at]);
    at += word ? [...word[0]].length : 1;
  }
  return /** @type {string[]} */ (syllables);
}

/**
 * The longest entry that stands at this character, if any.
 * @param {Map<string, Entry[]>} entries
 * @param {string[]} characters
 * @param {number} at
 * @returns {Entry|undefined}
 */
function longest(entries, characters, at) {
  const begun = entries.get(characters[at]);
  return begun?.find(([word]) => characters.slice(at, at + word.length).join('') === word);
}

/** The readings of pinyin.txt. */
class Table {
  #first;
  #codes;
  #names;
  /** @type {string[]|null} */
  #block = null;
  /** @type {Map<string, string>} */
  #also;

  /** @param {string} text */
  constructor(text) {
    const lines = new Map(text.trimEnd().split('\n').map((line) => cut(line)));
    const [first, codes] = cut(lines.get('block') ?? '');
    this.#first = parseInt(first, 16);
    this.#codes = codes;
    this.#names = (lines.get('syllables') ?? '').split(' ');
    this.#also = new Map((lines.get('also') ?? '').split(' ').map((entry) => {
      const [character] = entry;
      return [character, entry.slice(character.length)];
    }));
    this.words = byFirstCharacter(lines.get('words') ?? '');
    this.surnames = byFirstCharacter(lines.get('surnames') ?? '');
  }

  /**
   * The reading of a character, or undefined.
   * @param {string} character
   * @returns {string|undefined}
   */
  reading(character) {
    this.#block ??= decoded(this.#codes, this.#names);
    const code = /** @type {number} */ (character.codePointAt(0));
    const syllable = this.#block[code - this.#first] ?? this.#also.get(character);
    return syllable === NO_READING ? undefined : syllable;
  }
}

/**
 * @param {string} codes
 * @param {string[]} syllables
 * @returns {string[]}
 */
function decoded(codes, syllables) {
  const alphabet = Array.from({ length: 94 }, (_, index) => String.fromCharCode(33 + index));
  const digits = alphabet.filter((character) => character !== '"' && character !== '\\');
  const values = new Map(digits.map((character, index) => [character, index]));
  const singles = digits.length - 4;
  const readings = [];
  for (let at = 0; at < codes.length; at += 1) {
    let index = values.get(codes[at]) ?? 0;
    if (index >= singles) {
      at += 1;
      index = singles + (index - singles) * digits.length + (values.get(codes[at]) ?? 0);
    }
    readings.push(syllables[index]);
  }
  return readings;
}

/**
 * First character -> entries, longest first.
 * @param {string} line
 * @returns {Map<string, Entry[]>}
 */
function byFirstCharacter(line) {
  /** @type {Map<string, Entry[]>} */
  const entries = new Map();
  for (const entry of line.split(',')) {
    const [characters, ...syllables] = entry.split(' ');
    const first = characters[0];
    entries.set(first, [...(entries.get(first) ?? []), [characters, syllables]]);
  }
  for (const begun of entries.values()) begun.sort((one, other) => other[0].length - one[0].length);
  return entries;
}

/**
 * What stands before and after the first blank.
 * @param {string} line
 * @returns {[string, string]}
 */
function cut(line) {
  const at = line.indexOf(' ');
  return [line.slice(0, at), line.slice(at + 1)];
}
