/**
 * A device's unsent operations on top of the server's row: what the person sees.
 *
 * Never asks who else changed what; that is for the server. Twin of sync/rebase.py.
 */

import { applyPatch } from './operations.js';

/** @typedef {import('./model.js').Entity} Entity */
/** @typedef {import('./model.js').Row} Row */
/** @typedef {import('./operations.js').Operation} Operation */

/**
 * The row after the operations, in order, that the person me made on this device; null: not there.
 *
 * @param {Entity} entity
 * @param {Row|null} baseRow the server's row, or null where the server has none. Then the first operation makes it
 *   (base 0); an edit of a row that the server has deleted or taken away shows nothing.
 * @param {Iterable<Operation>} ops
 * @param {string|null} me
 * @returns {Row|null}
 */
export function rebase(entity, baseRow, ops, me) {
  let row = baseRow;
  for (const op of ops) {
    const isNew = row === null;
    if (op.delete || (isNew && op.base > 0)) return null;
    row = { ...applyPatch(entity, row, op, me), updated_at_ms: op.at, updated_by: me };
    if (isNew) row = { ...row, created_at_ms: op.at, created_by: me };
  }
  return row;
}
