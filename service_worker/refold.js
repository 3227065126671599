/**
 * Editing a row whose earlier operation was refused mends that operation: what was typed then and what is
 * typed now become one new operation, and what was refused only because it shared the group goes again.
 * Pure: entries in, operations out; the outbox does the writing.
 *
 * @typedef {import("./operations.js").Operation} Operation
 */

/**
 * @param {Operation[]} refused operations of the rows being edited and of their groups, oldest first
 * @param {Operation[]} edits what was posted now
 * @param {() => string} newId
 * @returns {Operation[]} what to send instead of both, in order
 */
export function refold(refused, edits, newId) {
  const byRow = new Map(/** @type {Array<[string, Operation]>} */ ([]));
  for (const operation of refused) {
    const earlier = byRow.get(rowOf(operation));
    byRow.set(rowOf(operation), earlier ? fold(earlier, operation) : { ...operation, id: newId() });
  }
  for (const operation of edits) {
    const earlier = byRow.get(rowOf(operation));
    byRow.set(rowOf(operation), earlier ? fold(earlier, operation) : operation);
  }
  const operations = [...byRow.values()].filter((operation) => !(operation.delete && operation.base === 0));
  return regroup(operations, newId);
}

/** Two operations on one row as one. @param {Operation} earlier @param {Operation} later @returns {Operation} */
export function fold(earlier, later) {
  const base = Math.min(earlier.base, later.base);
  if (later.delete) return { ...later, base };

  const folded = { ...later, base };
  const set = { ...earlier.set, ...later.set };
  const add = joined(earlier.add, later.add, later.remove);
  const remove = joined(earlier.remove, later.remove, later.add);
  return { ...folded, ...given("set", set), ...given("add", add), ...given("remove", remove) };
}

/** One group for all, or none for one. @param {Operation[]} operations @param {() => string} newId */
export function regroup(operations, newId) {
  const group = newId();
  return operations.map(({ group: _, ...operation }) => (operations.length > 1 ? { ...operation, group } : operation));
}

/** @param {Operation} operation */
function rowOf(operation) {
  return `${operation.entity}/${operation.row}`;
}

/** Members of both sides, without what the later edit took back.
 * @param {Record<string, string[]>} [earlier] @param {Record<string, string[]>} [later] @param {Record<string, string[]>} [undone] */
function joined(earlier = {}, later = {}, undone = {}) {
  const fields = new Set([...Object.keys(earlier), ...Object.keys(later)]);
  return Object.fromEntries(
    [...fields]
      .map((field) => {
        const kept = (earlier[field] ?? []).filter((member) => !(undone[field] ?? []).includes(member));
        return /** @type {[string, string[]]} */ ([field, [...new Set([...kept, ...(later[field] ?? [])])]]);
      })
      .filter(([, members]) => members.length),
  );
}

/** @param {string} name @param {object} value */
function given(name, value) {
  return Object.keys(value).length ? { [name]: value } : {};
}
