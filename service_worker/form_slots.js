/**
 * Reads the names and values of a form post into slots, one for each row in the form.
 *
 * Only the names are understood here; what the values mean is for forms.js. Twin of sync/form_slots.py.
 */

import { isId } from './ids.js';
import { entityNamed, fieldNamed } from './model.js';
import { Malformed } from './operations.js';
import { trimmed } from './tidy.js';

/** @typedef {import('./model.js').Entity} Entity */

/**
 * What was posted for one field of one slot.
 * @typedef {object} Input
 * @property {string} name the input beside which an error belongs
 * @property {string[]|null} typed the texts posted under the field's name; null where only `.was` came
 * @property {string[]|null} was what the form showed when it was made; null where the form does not say
 * @property {boolean} isBlank nothing was typed; a time without a day counts as nothing, since forms suggest times
 */

/**
 * One row in a form.
 * @typedef {object} Slot
 * @property {string} name
 * @property {Entity} entity
 * @property {string} row the row's id, '' for a new row that the form leaves to us to name
 * @property {number|null} version as the person saw it; null where the form says that the row is new
 * @property {boolean} isNew
 * @property {Map<string, Input>} inputs field name -> input, in the form's order
 * @property {string[]} whole the texts of `slot.*`
 * @property {boolean} isDeleted
 * @property {string} skipUnless
 */

const SLOT_NAME = /^[A-Za-z0-9_-]+$/u;
const HEADER = /^([a-z_]+)\/([^/]*)\/([0-9]{0,15})$/u;
// A rule is typed in parts: how often it comes back, on which weekdays, how it ends, and when.
const RULE_PARTS = ['day', 'ends', 'until', 'count'];
const SUFFIXES = new Set(['', 'was', 'date', 'time', 'date.was', 'time.was', ...RULE_PARTS]);

/**
 * The slots of a form, in the order of their `row.` inputs.
 * @param {[string, string][]} items
 * @param {Entity[]} entities
 * @returns {Slot[]}
 * @throws {Malformed} for a wrong `row.` input
 */
export function readSlots(items, entities) {
  /** @type {Map<string, string[]>} */
  const posted = new Map();
  for (const [name, value] of items) {
    posted.set(name, [...(posted.get(name) ?? []), value]);
  }
  return [...posted]
    .filter(([name]) => name.startsWith('row.'))
    .map(([name, values]) => readSlot(name.slice(4), lastOf(values), under(name.slice(4), posted), entities));
}

/**
 * What was posted for a slot, without the slot's name.
 * @param {string} slotName
 * @param {Map<string, string[]>} posted
 * @returns {Map<string, string[]>}
 */
function under(slotName, posted) {
  const prefix = `${slotName}.`;
  const own = [...posted].filter(([name]) => name.startsWith(prefix));
  return new Map(own.map(([name, values]) => [name.slice(prefix.length), values]));
}

/**
 * @param {string} name
 * @param {string} header
 * @param {Map<string, string[]>} posted
 * @param {Entity[]} entities
 * @returns {Slot}
 */
function readSlot(name, header, posted, entities) {
  const match = HEADER.exec(header);
  if (!SLOT_NAME.test(name) || !match || !(match[2] === '' || isId(match[2]))) {
    throw new Malformed(`row.${name}: expected entity/row id/version`);
  }
  const entity = entityNamed(entities, match[1]);
  if (!entity) throw new Malformed(`row.${name}: there is no entity ${match[1]}`);
  const row = match[2];
  const version = match[3] ? Number(match[3]) : null;
  const slot = {
    name,
    entity,
    row,
    version,
    isNew: row === '' || version === null,
    whole: posted.get('*') ?? [],
    isDeleted: !['', '0'].includes(last(posted.get('deleted'))),
    skipUnless: last(posted.get('skip_unless')),
    inputs: new Map(),
  };
  for (const about of ['*', 'deleted', 'skip_unless']) posted.delete(about);
  for (const [field, parts] of byField(posted, entity)) {
    const read = isAnswers(entity, field) ? readAnswers : readInput;
    slot.inputs.set(field, read(`${name}.${field}`, parts));
  }
  return slot;
}

/**
 * Field name -> suffix -> texts; a name with an unknown suffix stays whole, and is an unknown field. Of answers the
 * suffix is the key.
 * @param {Map<string, string[]>} posted
 * @param {Entity} entity
 * @returns {Map<string, Map<string, string[]>>}
 */
function byField(posted, entity) {
  const fields = new Map();
  for (const [rest, texts] of posted) {
    const dot = rest.indexOf('.');
    const suffix = dot < 0 ? '' : rest.slice(dot + 1);
    const isKnown = SUFFIXES.has(suffix) || isAnswers(entity, rest.slice(0, dot));
    const field = isKnown && dot >= 0 ? rest.slice(0, dot) : rest;
    if (!fields.has(field)) fields.set(field, new Map());
    fields.get(field).set(isKnown ? suffix : '', texts);
  }
  return fields;
}

/**
 * @param {string} name
 * @param {Map<string, string[]>} parts
 * @returns {Input}
 */
function readInput(name, parts) {
  if (parts.has('date') || parts.has('time')) {
    const wasPair = parts.has('date.was') || parts.has('time.was');
    return {
      name: `${name}.date`,
      typed: joined(parts, ''),
      was: wasPair ? joined(parts, '.was') : (parts.get('was') ?? null),
      isBlank: !last(parts.get('date')),
    };
  }
  if (RULE_PARTS.some((part) => parts.has(part))) {
    const rule = ruleOf(parts);
    return { name, typed: [rule], was: parts.get('was') ?? null, isBlank: !rule };
  }
  const typed = parts.get('') ?? null;
  return { name, typed, was: parts.get('was') ?? null, isBlank: !(typed ?? []).some((text) => trimmed(text)) };
}

/**
 * @param {Entity} entity
 * @param {string} name
 */
function isAnswers(entity, name) {
  return fieldNamed(entity, name)?.type === 'answers';
}

/**
 * What was typed under each key, over what was there; a JSON text of the whole may be posted instead.
 * @param {string} name
 * @param {Map<string, string[]>} parts
 * @returns {Input}
 */
function readAnswers(name, parts) {
  const was = parts.get('was') ?? null;
  const keys = [...parts.keys()].filter((key) => key !== '' && key !== 'was');
  if (!keys.length) {
    const typed = parts.get('') ?? null;
    return { name, typed, was, isBlank: !(typed ?? []).some((text) => trimmed(text)) };
  }
  const answered = keys.map((key) => [key, (parts.get(key) ?? []).map(trimmed).filter((text) => text !== '').join(' ')]);
  const whole = { ...objectOf(last(parts.get('was'))), ...Object.fromEntries(answered) };
  return { name, typed: [JSON.stringify(whole)], was, isBlank: !answered.some(([, text]) => text) };
}

/**
 * @param {string} text
 * @returns {Record<string, unknown>}
 */
function objectOf(text) {
  try {
    const found = text ? JSON.parse(text) : {};
    return typeof found === 'object' && found !== null && !Array.isArray(found) ? found : {};
  } catch {
    return {};
  }
}

/**
 * A day and a time as one text; a day alone begins at midnight.
 * @param {Map<string, string[]>} parts
 * @param {string} suffix
 * @returns {string[]}
 */
function joined(parts, suffix) {
  const day = last(parts.get(`date${suffix}`));
  const clock = last(parts.get(`time${suffix}`));
  return [day || clock ? `${day}T${clock || '00:00'}` : ''];
}

/**
 * A recurrence rule from its parts; '' where it does not come back.
 * @param {Map<string, string[]>} parts
 */
function ruleOf(parts) {
  let rule = last(parts.get(''));
  if (!rule) return '';
  const weekdays = (parts.get('day') ?? []).map(trimmed).filter((day) => day !== '');
  if (weekdays.length && rule.includes('WEEKLY') && !rule.includes('BYDAY')) rule += `;BYDAY=${weekdays.join(',')}`;
  const ends = last(parts.get('ends'));
  if (ends === 'until') rule += `;UNTIL=${last(parts.get('until')).replaceAll('-', '')}`;
  if (ends === 'count') rule += `;COUNT=${last(parts.get('count'))}`;
  return rule;
}

/** @param {string[]|undefined} texts */
function last(texts) {
  return texts ? trimmed(lastOf(texts)) : '';
}

/** @param {string[]} texts */
function lastOf(texts) {
  return texts[texts.length - 1];
}
