/**
 * One operation: parse what came over the wire, say what it does to a row.
 *
 * The shape is in sync/PROTOCOL.md. Whether a row may be written or has changed meanwhile is for the server.
 * Twin of sync/operations.py. `entities` is the generated list ENTITIES.
 */

import { isId } from './ids.js';
import { SERVER_ONLY, STAMP_COLUMNS, entityNamed, fieldNamed } from './model.js';
import { Refused, check, checkMembers, columnOf, membersOf } from './values.js';

/** @typedef {import('./model.js').Entity} Entity */
/** @typedef {import('./model.js').Field} Field */
/** @typedef {import('./model.js').Row} Row */
/** @typedef {import('./values.js').Value} Value */

/**
 * @typedef {object} Operation values are as columns hold them, members of sets are lists
 * @property {string} id
 * @property {string} entity
 * @property {string} row
 * @property {number} base version of the row that the person saw; 0 where this device made the row
 * @property {number} at the device's clock, UTC milliseconds
 * @property {Record<string, Value>} [set]
 * @property {Record<string, string[]>} [add]
 * @property {Record<string, string[]>} [remove]
 * @property {boolean} [delete]
 * @property {string|null} [group]
 */

const KEYS = new Set(['id', 'entity', 'row', 'base', 'at', 'set', 'add', 'remove', 'delete', 'group', 'again', 'was']);

/** Not an operation at all: the sender is at fault, no person can mend it. */
export class Malformed extends Error {
  /** @param {string} reason */
  constructor(reason) {
    super(reason);
    this.reason = reason;
  }
}

/**
 * Check one operation as it came over the wire. Keys that begin with 'x_' are ignored.
 * @param {any} raw
 * @param {Entity[]} entities
 * @returns {Required<Operation>}
 * @throws {Malformed} for the shape
 * @throws {Refused} for what a person can mend
 */
export function parse(raw, entities) {
  checkShape(raw);
  const entity = entityNamed(entities, raw.entity);
  if (!entity) throw new Refused('unknown_entity', { entity: raw.entity });
  if (entity.writers === SERVER_ONLY) throw new Refused('server_only', { entity: entity.name });
  return {
    id: raw.id,
    entity: entity.name,
    row: raw.row,
    base: raw.base,
    at: raw.at,
    set: mapped(raw.set, (name, value) => checkedValue(entity, name, value)),
    add: mapped(raw.add, (name, value) => checkedMembers(entity, name, value)),
    remove: mapped(raw.remove, (name, value) => checkedMembers(entity, name, value)),
    delete: Boolean(raw.delete),
    group: raw.group ?? null,
  };
}

/**
 * The operation as PROTOCOL.md has it, without what is empty.
 * @param {Operation} op
 * @returns {Operation}
 */
export function toWire(op) {
  /** @type {Operation} */
  const wire = { id: op.id, entity: op.entity, row: op.row, base: op.base, at: op.at };
  if (op.set && Object.keys(op.set).length) wire.set = op.set;
  if (op.add && Object.keys(op.add).length) wire.add = op.add;
  if (op.remove && Object.keys(op.remove).length) wire.remove = op.remove;
  if (op.delete) wire.delete = true;
  if (op.group) wire.group = op.group;
  return wire;
}

/**
 * The row after an operation that does not delete it; stamps are left as they are.
 *
 * Members that are added go to the end; members that are there already, or not there, change nothing.
 * @param {Entity} entity
 * @param {Row|null} row null for a new row, which begins with the model's defaults for the person me
 * @param {Operation} op
 * @param {string|null} [me]
 * @returns {Row}
 */
export function applyPatch(entity, row, op, me = null) {
  const patched = { ...(row ?? newRow(entity, op.row, me, op.at)), ...op.set };
  const { add = {}, remove = {} } = op;
  for (const name of new Set([...Object.keys(remove), ...Object.keys(add)])) {
    const gone = new Set(remove[name]);
    const kept = membersOf(patched[name]).filter((member) => !gone.has(member));
    patched[name] = columnOf(new Set([...kept, ...(add[name] ?? [])]));
  }
  return patched;
}

/**
 * A row with the model's defaults, no stamps and version 0.
 * @param {Entity} entity
 * @param {string} rowId
 * @param {string|null} me
 * @param {number} nowMs
 * @returns {Row}
 */
export function newRow(entity, rowId, me, nowMs) {
  /** @type {Row} */
  const row = { id: rowId };
  for (const field of entity.fields) row[field.name] = null;
  for (const name of STAMP_COLUMNS) row[name] = null;
  return { ...row, version: 0, ...defaults(entity, me, nowMs) };
}

/**
 * Field -> value for every field that has a default, as its column holds it.
 * @param {Entity} entity
 * @param {string|null} me
 * @param {number} nowMs
 * @returns {Row}
 */
export function defaults(entity, me, nowMs) {
  /** @type {Row} */
  const given = {};
  for (const field of entity.fields) {
    if (field.default === null) continue;
    given[field.name] = field.default === '@me' ? me : field.default === '@now' ? nowMs : field.default;
  }
  return given;
}

/**
 * The required fields that this row lacks.
 * @param {Entity} entity
 * @param {Record<string, unknown>} row
 * @returns {string[]}
 */
export function missing(entity, row) {
  const lacking = entity.fields.filter((field) => field.required && [undefined, null, '', '[]'].includes(
    /** @type {any} */ (row[field.name]),
  ));
  return lacking.map((field) => field.name);
}

/** @param {any} raw */
function checkShape(raw) {
  if (!isObject(raw)) throw new Malformed('an operation is a JSON object');
  const unknown = Object.keys(raw).find((key) => !KEYS.has(key) && !key.startsWith('x_'));
  if (unknown !== undefined) throw new Malformed(`unknown key ${unknown}`);
  for (const key of ['id', 'row']) {
    if (!isId(raw[key])) throw new Malformed(`${key} is not an id`);
  }
  if (isGiven(raw.group) && !isId(raw.group)) throw new Malformed('group is not an id');
  if (typeof raw.entity !== 'string') throw new Malformed('entity is not text');
  if (!Number.isSafeInteger(raw.base) || raw.base < 0) throw new Malformed('base is not a version');
  if (!Number.isSafeInteger(raw.at)) throw new Malformed('at is not a time in milliseconds');
  for (const key of ['set', 'add', 'remove']) {
    if (isGiven(raw[key]) && !isObject(raw[key])) throw new Malformed(`${key} is not an object`);
  }
  for (const key of ['delete', 'again']) {
    if (isGiven(raw[key]) && typeof raw[key] !== 'boolean') throw new Malformed(`${key} is not true or false`);
  }
  if (isGiven(raw.was) && (!Number.isSafeInteger(raw.was) || raw.was < 0)) throw new Malformed('was is not a version');
  if (raw.delete && ['set', 'add', 'remove'].some((key) => Object.keys(raw[key] ?? {}).length)) {
    throw new Malformed('delete stands alone');
  }
}

/** @param {unknown} value */
function isObject(value) {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** @param {unknown} value */
function isGiven(value) {
  return value !== null && value !== undefined;
}

/**
 * @template T
 * @param {Record<string, unknown>|null|undefined} object
 * @param {(name: string, value: unknown) => T} change
 * @returns {Record<string, T>}
 */
function mapped(object, change) {
  return Object.fromEntries(Object.entries(object ?? {}).map(([name, value]) => [name, change(name, value)]));
}

/**
 * @param {Entity} entity
 * @param {string} name
 * @param {unknown} value
 */
function checkedValue(entity, name, value) {
  const field = knownField(entity, name);
  if (field.type === 'set') throw new Malformed(`${name} is a set: send add and remove`);
  return named(name, () => check(field, value));
}

/**
 * @param {Entity} entity
 * @param {string} name
 * @param {unknown} value
 */
function checkedMembers(entity, name, value) {
  const field = knownField(entity, name);
  if (field.type !== 'set') throw new Malformed(`${name} is not a set: send set`);
  return named(name, () => checkMembers(field, value));
}

/**
 * @param {Entity} entity
 * @param {string} name
 * @returns {Field}
 */
function knownField(entity, name) {
  const field = fieldNamed(entity, name);
  if (!field) throw new Refused('unknown_field', { entity: entity.name, field: name });
  if (field.by_server) throw new Refused('server_only', { entity: entity.name, field: name });
  return field;
}

/**
 * Put the field's name into what is refused.
 * @template T
 * @param {string} name
 * @param {() => T} judge
 * @returns {T}
 */
function named(name, judge) {
  try {
    return judge();
  } catch (error) {
    if (error instanceof Refused) throw new Refused(error.code, { field: name, ...error.detail });
    throw error;
  }
}
