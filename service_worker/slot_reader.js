/**
 * One slot of a form becomes one operation: what changed, what is added, what is wrong.
 *
 * Used by forms.js only. Twin of sync/slot_reader.py.
 */

import { SERVER_ONLY, fieldNamed } from './model.js';
import { defaults, missing } from './operations.js';
import { nextOccurrence } from './recurrence.js';
import { parseTyped, splitMembers } from './typed.js';
import { Refused, check, checkMembers, membersOf } from './values.js';

/** @typedef {import('./form_slots.js').Slot} Slot */
/** @typedef {import('./form_slots.js').Input} Input */
/** @typedef {import('./forms.js').Context} Context */
/** @typedef {import('./model.js').Field} Field */
/** @typedef {import('./operations.js').Operation} Operation */
/** @typedef {import('./values.js').Value} Value */

/**
 * A form's result in the making.
 * @typedef {object} Draft
 * @property {Operation[]} ops without ids and groups
 * @property {Map<string, [string, Record<string, unknown>]>} errors
 * @property {Map<string, string>} rows slot -> row id
 * @property {Set<string>} slotNames
 */

/**
 * Add the operation of one slot to its form's draft, or the errors.
 * @param {Draft} draft
 * @param {Slot} slot
 * @param {Context} context
 */
export function readSlotInto(draft, slot, context) {
  new SlotReader(draft, slot, context).read();
}

class SlotReader {
  #draft;
  #slot;
  #context;
  #entity;
  /** @type {Record<string, Value>} */
  #set = {};
  /** @type {Record<string, string[]>} */
  #add = {};
  /** @type {Record<string, string[]>} */
  #remove = {};

  /**
   * @param {Draft} draft
   * @param {Slot} slot
   * @param {Context} context
   */
  constructor(draft, slot, context) {
    this.#draft = draft;
    this.#slot = slot;
    this.#context = context;
    this.#entity = slot.entity;
  }

  read() {
    if (this.#entity.writers === SERVER_ONLY) {
      this.#draft.errors.set(`row.${this.#slot.name}`, ['server_only', { entity: this.#entity.name }]);
    } else if (this.#slot.isDeleted) {
      this.#emit({ delete: true });
    } else {
      this.#readFields();
    }
  }

  #readFields() {
    const inputs = [...this.#slot.inputs];
    const changed = new Set(inputs.filter(([name, input]) => this.#isPart(name, input)).map(([name]) => name));
    const units = new Set([...changed].map((name) => this.#field(name)?.group).filter(Boolean));
    for (const [name, input] of inputs) {
      const field = this.#field(name);
      if (!field) continue;
      // Fields of one group are changed as one: an unchanged one states what it was seen beside.
      const isSeenBeside = units.has(field.group) && !this.#slot.isNew && input.typed !== null;
      if (changed.has(name) || isSeenBeside) this.#try(field, input.name, () => this.#take(field, input));
    }
    for (const text of this.#slot.whole) this.#readWhole(text);
    if (this.#slot.isNew) this.#complete();
    this.#checkOrder();
    this.#checkTakesPlace();
    /** @type {Partial<Operation>} */
    const patch = {};
    if (Object.keys(this.#set).length) patch.set = this.#set;
    if (Object.keys(this.#add).length) patch.add = this.#add;
    if (Object.keys(this.#remove).length) patch.remove = this.#remove;
    if (Object.keys(patch).length) this.#emit(patch);
  }

  /**
   * Whether this input becomes part of the operation.
   * @param {string} name
   * @param {Input} input
   */
  #isPart(name, input) {
    const field = this.#field(name);
    if (!field) {
      if (input.typed !== null) this.#draft.errors.set(input.name, this.#unknownField(name));
      return false;
    }
    if (this.#slot.isNew) {
      const resolved = this.#resolved(field, input.typed ?? []);
      return !input.isBlank && !(resolved.length === 1 && resolved[0] === '');
    }
    if (input.typed === null && field.type !== 'set' && field.type !== 'flag') return false;
    return input.was === null || !this.#isUnchanged(field, input.typed ?? [], input.was);
  }

  /**
   * @param {Field} field
   * @param {string[]} texts
   * @param {string[]} was
   */
  #isUnchanged(field, texts, was) {
    const typed = this.#resolved(field, texts);
    if (field.type === 'set') return isSame(this.#members(field, typed), this.#members(field, was));
    if (typed.length && typed.at(-1) === was.at(-1)) return true;
    const now = this.#shownValue(field, typed);
    return now !== undefined && now === this.#shownValue(field, was);
  }

  /**
   * @param {Field} field
   * @param {Input} input
   */
  #take(field, input) {
    const typed = this.#resolved(field, input.typed ?? []);
    if (field.type === 'set') {
      const wanted = this.#checkedMembers(field, typed);
      // A new row has nothing yet: what the form suggested and the person left is an addition, too.
      const was = this.#slot.isNew ? [] : this.#members(field, input.was ?? []);
      this.#takeMembers(field, wanted, was);
    } else {
      this.#set[field.name] = this.#value(field, typed);
    }
  }

  /**
   * @param {Field} field
   * @param {string[]} wanted
   * @param {string[]} was
   */
  #takeMembers(field, wanted, was) {
    const added = wanted.filter((member) => !was.includes(member));
    const removed = was.filter((member) => !wanted.includes(member));
    if (added.length) this.#add[field.name] = added;
    if (removed.length && !this.#slot.isNew) this.#remove[field.name] = removed;
  }

  /**
   * Fields with raw values, from `slot.*`; what has an input of its own is left to it.
   * @param {string} text
   */
  #readWhole(text) {
    const name = `${this.#slot.name}.*`;
    if (!text) return;
    const raw = jsonObject(text);
    if (!raw) {
      this.#draft.errors.set(name, ['not_json', {}]);
      return;
    }
    for (const [fieldName, value] of Object.entries(raw)) {
      const field = this.#field(fieldName);
      if (!field) this.#draft.errors.set(name, this.#unknownField(fieldName));
      else if (!this.#slot.inputs.has(fieldName)) this.#try(field, name, () => this.#takeRaw(field, value));
    }
  }

  /**
   * @param {Field} field
   * @param {unknown} value
   */
  #takeRaw(field, value) {
    const checked = check(field, value);
    if (field.type === 'set') this.#takeMembers(field, membersOf(checked), []);
    else if (checked !== null || !this.#slot.isNew) this.#set[field.name] = checked;
  }

  /** A new row takes the model's defaults for what was not said, and must have what is required. */
  #complete() {
    const given = defaults(this.#entity, this.#context.me, this.#context.now_ms);
    for (const field of this.#entity.fields) if (field.type === 'set' || field.by_server) delete given[field.name];
    this.#set = { ...given, ...this.#set };
    for (const name of missing(this.#entity, { ...this.#set, ...this.#add })) {
      const inputName = this.#slot.inputs.get(name)?.name ?? `${this.#slot.name}.${name}`;
      this.#refuse(inputName, 'required', { field: name });
    }
  }

  #checkOrder() {
    for (const [first, last] of this.#entity.ordered) {
      const start = this.#set[first], end = this.#set[last];
      if (start == null || end == null || start <= end) continue;
      this.#refuse(this.#slot.inputs.get(last)?.name ?? `${this.#slot.name}.${last}`, 'end_before_start', { field: last });
    }
  }

  /** A series whose rule leaves no day would be nowhere to be seen. */
  #checkTakesPlace() {
    const { rrule, start_ms: start, end_ms: end, timezone, is_all_day: isAllDay } = this.#set;
    if (!rrule || start == null || end == null) return;
    if (nextOccurrence(start, end, rrule, timezone, isAllDay, start)) return;
    this.#refuse(this.#slot.inputs.get('rrule')?.name ?? `${this.#slot.name}.rrule`, 'rule_never', { field: 'rrule' });
  }

  /** @param {Partial<Operation>} patch */
  #emit(patch) {
    const { name, entity, version } = this.#slot;
    const row = String(this.#draft.rows.get(name));
    this.#draft.ops.push({ id: '', entity: entity.name, row, base: version ?? 0, at: this.#context.now_ms, ...patch });
  }

  /**
   * @param {Field} field
   * @param {string} inputName
   * @param {() => void} take
   */
  #try(field, inputName, take) {
    try {
      take();
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      // Beside the answer that it is about, where it is about one.
      const beside = 'key' in error.detail ? `${inputName}.${error.detail.key}` : inputName;
      this.#refuse(beside, error.code, { field: field.name, ...error.detail });
    }
  }

  /**
   * The first thing wrong with an input is the one that is said.
   * @param {string} inputName
   * @param {string} code
   * @param {Record<string, unknown>} detail
   */
  #refuse(inputName, code, detail) {
    if (!this.#draft.errors.has(inputName)) this.#draft.errors.set(inputName, [code, detail]);
  }

  /**
   * @param {string} field
   * @returns {[string, Record<string, unknown>]}
   */
  #unknownField(field) {
    return ['unknown_field', { entity: this.#entity.name, field }];
  }

  /**
   * @param {Field} field
   * @param {string[]} typed
   */
  #value(field, typed) {
    return check(field, parseTyped(field, typed, this.#context.tz));
  }

  /**
   * The value as an input shows it; undefined where it would be refused.
   * @param {Field} field
   * @param {string[]} typed
   * @returns {Value|undefined}
   */
  #shownValue(field, typed) {
    try {
      const value = this.#value(field, typed);
      // An input shows minutes; the row may know the second.
      return field.type === 'instant' && typeof value === 'number' ? Math.floor(value / 60_000) : value;
    } catch (error) {
      if (error instanceof Refused) return undefined;
      throw error;
    }
  }

  /**
   * @param {Field} field
   * @param {string[]} typed
   */
  #checkedMembers(field, typed) {
    return checkMembers(field, splitMembers(field, typed));
  }

  /**
   * The members that the texts name, as they are where they would be refused.
   * @param {Field} field
   * @param {string[]} texts
   */
  #members(field, texts) {
    try {
      return this.#checkedMembers(field, texts);
    } catch (error) {
      if (error instanceof Refused) return splitMembers(field, texts);
      throw error;
    }
  }

  /**
   * @param {Field} field
   * @param {string[]} typed
   */
  #resolved(field, typed) {
    return typed.map((text) => this.#token(field, text));
  }

  /**
   * What '@…' stands for, in fields where nobody writes words.
   * @param {Field} field
   * @param {string} text
   */
  #token(field, text) {
    if (!text.startsWith('@') || !takesTokens(field)) return text;
    const word = text.slice(1);
    const { me, now_ms: nowMs, today } = this.#context;
    if (word === 'me') return me;
    if (word === 'now') return String(nowMs);
    if (word === 'today') return today;
    // A slot that was left out is nobody.
    return this.#draft.rows.get(word) ?? (this.#draft.slotNames.has(word) ? '' : text);
  }

  /** @param {string} name */
  #field(name) {
    return fieldNamed(this.#entity, name);
  }
}

/** @param {Field} field */
function takesTokens(field) {
  return ['ref', 'date', 'instant'].includes(field.type) || field.of === 'ref' || field.name.endsWith('_id');
}

/**
 * @param {string[]} one
 * @param {string[]} other
 */
function isSame(one, other) {
  return one.length === other.length && one.every((member, index) => member === other[index]);
}

/**
 * @param {string} text
 * @returns {Record<string, unknown>|null}
 */
function jsonObject(text) {
  try {
    const value = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : null;
  } catch {
    return null;
  }
}
