/**
 * The model as data: shapes of the generated ENTITIES, and look-ups by name.
 *
 * `sync/entities.py` is the only place where entities are declared; this module must never list one.
 */

/**
 * @typedef {object} Field
 * @property {string} name
 * @property {string} type text, prose, enum, date, ref, set, json, flag, count or instant
 * @property {boolean} required
 * @property {number} least
 * @property {number} most
 * @property {string[]} choices
 * @property {string} of what a set holds: phone, email, tag or ref; what a text is: rule
 * @property {string} ref
 * @property {string} group
 * @property {string} merge
 * @property {string|number|null} default
 */

/**
 * @typedef {object} Entity
 * @property {string} name
 * @property {Field[]} fields
 * @property {{kind: string, column: string, only_without: string}[]} buckets
 * @property {string} writers
 * @property {string[]} search
 * @property {string[]} indexes
 * @property {string} ages_by
 * @property {string} ageless_with
 */

/** @typedef {Record<string, string|number|null>} Row column -> value */

export const SERVER_ONLY = 'server_only';

/** Columns that every entity has besides its fields; see STAMPS in sync/model.py. */
export const STAMP_COLUMNS = ['version', 'created_at_ms', 'created_by', 'updated_at_ms', 'updated_by'];

/** @type {WeakMap<readonly {name: string}[], Map<string, any>>} */
const byName = new WeakMap();

/**
 * @param {Entity[]} entities
 * @param {string} name
 * @returns {Entity|undefined}
 */
export function entityNamed(entities, name) {
  return named(entities, name);
}

/**
 * @param {Entity} entity
 * @param {string} name
 * @returns {Field|undefined}
 */
export function fieldNamed(entity, name) {
  return named(entity.fields, name);
}

/**
 * @param {readonly {name: string}[]} list
 * @param {string} name
 */
function named(list, name) {
  let map = byName.get(list);
  if (!map) {
    map = new Map(list.map((item) => [item.name, item]));
    byName.set(list, map);
  }
  return map.get(name);
}
