/**
 * A form post becomes operations.
 *
 * The convention is in ARCHITECTURE.md, "Forms"; both hosts answer every page's form with this and nothing
 * else. Reads no clock and makes no id: they come in with the context. Whatever was typed is in the result,
 * so that a refused form can be shown again. Twin of sync/forms.py.
 */

import { readSlots } from './form_slots.js';
import { readSlotInto } from './slot_reader.js';

/** @typedef {import('./form_slots.js').Slot} Slot */
/** @typedef {import('./operations.js').Operation} Operation */

/**
 * Who posts the form, and when.
 * @typedef {object} Context
 * @property {import('./model.js').Entity[]} entities the generated list ENTITIES
 * @property {string} me the person's id
 * @property {number} now_ms
 * @property {string} today 'YYYY-MM-DD' in tz
 * @property {string} tz an IANA name
 * @property {() => string} new_id makes a UUIDv7
 */

/**
 * What a form asks for.
 * @typedef {object} FormResult
 * @property {Operation[]} ops one group if there are several (or several groups, where the form says `apart`); none
 *   where there are errors
 * @property {Record<string, string>} rows_by_slot a slot that was left out and is not there yet has none
 * @property {string} next where to go after, on this site; '' where the form does not say or it cannot be said
 * @property {Record<string, [string, Record<string, unknown>]>} errors input name -> [code, detail]
 * @property {Record<string, string>} values input name -> what was typed; several of one name in lines
 */

// eslint-disable-next-line no-control-regex
const LOCAL_NEXT = /^\/(?![/\\])[^\\\x00-\x20\x7f]*$/u;

/**
 * What these inputs ask for.
 * @param {Iterable<[string, unknown]>} inputs such as a FormData; files are left to others
 * @param {Context} context
 * @returns {FormResult}
 * @throws {import('./operations.js').Malformed} where the form itself, not what was typed, is wrong
 */
export function operationsFromForm(inputs, context) {
  const items = /** @type {[string, string][]} */ ([...inputs].filter(([, value]) => typeof value === 'string'));
  const values = valuesOf(items);
  const slots = readSlots(items, context.entities);
  const kept = slots.filter((slot) => !isLeftOut(slot));
  const rows = nameRows(slots, kept, context);
  /** @type {import('./slot_reader.js').Draft} */
  const draft = { ops: [], errors: new Map(), rows, slotNames: new Set(slots.map((slot) => slot.name)) };
  /** @type {string[]} */
  const madeBy = [];
  for (const slot of kept) {
    readSlotInto(draft, slot, context);
    while (madeBy.length < draft.ops.length) madeBy.push(slot.name);
  }
  if (!draft.ops.length && !draft.errors.size && slots.length && !kept.length) askForSomething(slots[0], draft.errors);
  return {
    ops: finished(draft, madeBy, values.has('apart'), context),
    rows_by_slot: Object.fromEntries(rows),
    next: nextOf(values.get('next') ?? '', rows),
    errors: Object.fromEntries(draft.errors),
    values: Object.fromEntries(values),
  };
}

/**
 * @param {[string, string][]} items
 * @returns {Map<string, string>}
 */
function valuesOf(items) {
  const values = new Map();
  for (const [name, value] of items) values.set(name, values.has(name) ? `${values.get(name)}\n${value}` : value);
  return values;
}

/**
 * Whether a new slot was not filled in. (A slot of an existing row is left out when nothing changed.)
 * @param {Slot} slot
 */
function isLeftOut(slot) {
  if (!slot.isNew) return false;
  const filled = filledIn(slot);
  if (slot.skipUnless && !filled.includes(slot.skipUnless)) return true;
  return slot.isDeleted || !(filled.length || slot.whole.some((text) => text !== ''));
}

/**
 * The fields in which something was typed; a flag's 0 is what an unticked box posts.
 * @param {Slot} slot
 * @returns {string[]}
 */
function filledIn(slot) {
  const flags = slot.entity.fields.filter((field) => field.type === 'flag').map((field) => field.name);
  const filled = [...slot.inputs].filter(
    ([name, input]) => !input.isBlank && !(flags.includes(name) && input.typed?.at(-1) === '0'),
  );
  return filled.map(([name]) => name);
}

/**
 * @param {Slot[]} slots
 * @param {Slot[]} kept
 * @param {Context} context
 * @returns {Map<string, string>}
 */
function nameRows(slots, kept, context) {
  const rows = new Map();
  for (const slot of slots) {
    const isKept = kept.includes(slot);
    if (slot.row && (isKept || !slot.isNew)) rows.set(slot.name, slot.row);
    else if (isKept) rows.set(slot.name, context.new_id());
  }
  return rows;
}

/**
 * A form for one new row, posted empty, asks for what the row must have.
 * @param {Slot} slot
 * @param {Map<string, [string, Record<string, unknown>]>} errors
 */
function askForSomething(slot, errors) {
  if (slot.skipUnless || slot.isDeleted) return;
  for (const field of slot.entity.fields) {
    const input = slot.inputs.get(field.name);
    if (field.required && input && field.default === null) errors.set(input.name, ['required', { field: field.name }]);
  }
}

/**
 * All or nothing: ids and, for several, a group; or errors and no operations.
 * @param {import('./slot_reader.js').Draft} draft
 * @param {string[]} madeBy the slot of each operation
 * @param {boolean} isApart slots whose names begin alike, up to a hyphen, are a group of their own
 * @param {Context} context
 * @returns {Operation[]}
 */
function finished(draft, madeBy, isApart, context) {
  if (draft.errors.size) return [];
  const ops = draft.ops.map((op) => ({ ...op, id: context.new_id() }));
  const bundles = madeBy.map((name) => (isApart ? name.split('-')[0] : ''));
  const groups = new Map();
  for (const bundle of new Set(bundles)) {
    if (bundles.filter((other) => other === bundle).length > 1) groups.set(bundle, context.new_id());
  }
  return ops.map((op, n) => (groups.has(bundles[n]) ? { ...op, group: groups.get(bundles[n]) } : op));
}

/**
 * The form's next with row ids in it, if that is an address of this site.
 * @param {string} typed
 * @param {Map<string, string>} rows
 */
function nextOf(typed, rows) {
  const named = typed.replace(/\{([A-Za-z0-9_-]+)\}/gu, (_, slot) => rows.get(slot) ?? '\\');
  return LOCAL_NEXT.test(named) ? named : '';
}
