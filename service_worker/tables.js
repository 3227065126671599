/**
 * The SQL of one entity's table on the device, made from the model: read a row, write a row, take a
 * whole line of rows from the wire, drop what a forgotten bucket held.  It must never look inside the
 * outbox's meaning; that is `overlay.js`.
 *
 * @typedef {import("./model.js").Entity} Entity
 * @typedef {Entity["buckets"][number]} Bucket
 * @typedef {import("./model.js").Row} Row
 * @typedef {{entity: Entity, name: string, columns: string[], read: string, write: string, remove: string}} Table
 */

/**
 * @param {Entity[]} entities @param {Array<[string, string]>} stamps
 * @returns {Map<string, Table>} by entity name, parents first
 */
export function tablesOf(entities, stamps) {
  return new Map(entities.map((entity) => [entity.name, tableOf(entity, stamps)]));
}

/** @param {Entity} entity @param {Array<[string, string]>} stamps @returns {Table} */
function tableOf(entity, stamps) {
  const columns = ["id", ...entity.fields.map((field) => field.name), ...stamps.map(([name]) => name)];
  const values = columns.map((column) => `:${column}`);
  return {
    entity,
    name: entity.name,
    columns,
    read: `SELECT ${columns.join(", ")} FROM ${entity.name} WHERE id = :id`,
    write: upsert(entity, columns, values, (column) => `:${column}`, ""),
    remove: `DELETE FROM ${entity.name} WHERE id = :id`,
  };
}

/**
 * The statement that takes one line of rows from the wire (`:line`, its JSON text untouched; jsonb_each is twice
 * as fast as json_each, which parses every row again for each of its columns), leaving out
 * rows that have something in the outbox: those are laid over, one by one.
 *
 * @param {Table} table @param {string[]} sent the columns of the line, in its order
 */
export function takeLine(table, sent) {
  const columns = knownColumns(table, sent);
  const source = (/** @type {string} */ column) => `value ->> ${sent.indexOf(column)}`;
  return upsert(table.entity, columns, columns.map(source), source, `
    FROM jsonb_each(:line, '$.values')
    WHERE ${source("id")} NOT IN (SELECT row_id FROM outbox WHERE entity = '${table.name}')`);
}

/** The rows of a line that `takeLine` left out, as JSON objects. @param {Table} table @param {string[]} sent */
export function laidOver(table, sent) {
  const pairs = knownColumns(table, sent).map((column) => `'${column}', value ->> ${sent.indexOf(column)}`);
  return `SELECT json_object(${pairs.join(", ")}) AS row
    FROM jsonb_each(:line, '$.values')
    WHERE value ->> ${sent.indexOf("id")} IN (SELECT row_id FROM outbox WHERE entity = '${table.name}')`;
}

/**
 * Statements that drop the rows of a bucket (`:key`), except those with unsent edits.
 *
 * @param {Table} table @param {string} kind @returns {string[]}
 */
export function dropBucket(table, kind) {
  return table.entity.buckets
    .filter((bucket) => bucket.kind === kind)
    .map((bucket) => `DELETE FROM ${table.name} WHERE ${namesKey(table, bucket)}
      AND id NOT IN (SELECT row_id FROM base WHERE entity = '${table.name}')`);
}

/** The statement that drops what has grown older than `:window`, except rows with unsent edits; '' where nothing ages.
 * @param {Table} table */
export function dropAged(table) {
  const aged = isAged(table);
  return aged && `DELETE FROM ${table.name} WHERE ${aged} AND id NOT IN (SELECT row_id FROM base WHERE entity = '${table.name}')`;
}

/** SQL that says whether a row is older than `:window`; '' where nothing ages.
 * @param {Table} table @param {(column: string) => string} [column] how a column is written */
export function isAged({ entity }, column = (name) => name) {
  if (!entity.ages_by) return "";
  const ageless = entity.ageless_with ? ` AND ${column(entity.ageless_with)} IS NULL` : "";
  return `${column(entity.ages_by)} < :window${ageless}`;
}

/** Is this row in the bucket? @param {Table} table @param {Row} row @param {string} kind @param {string} key */
export function isInBucket(table, row, kind, key) {
  return table.entity.buckets.some((bucket) => {
    if (bucket.kind !== kind) return false;
    if (!bucket.column) return true;
    if (bucket.only_without && row[bucket.only_without] !== null) return false;
    const value = row[bucket.column];
    return isSet(table, bucket.column) ? JSON.parse(String(value ?? "[]")).includes(key) : value === key;
  });
}

/** A row as a statement's parameters. @param {Table} table @param {Row} row */
export function parametersOf(table, row) {
  return Object.fromEntries(table.columns.map((column) => [`:${column}`, row[column] ?? null]));
}

/** @param {Table} table @param {Bucket} bucket */
function namesKey(table, bucket) {
  if (!bucket.column) return ":key = ''"; // the firm's: everything
  const names = isSet(table, bucket.column)
    ? `EXISTS (SELECT 1 FROM json_each(${bucket.column}) WHERE value = :key)`
    : `${bucket.column} = :key`;
  return bucket.only_without ? `${names} AND ${bucket.only_without} IS NULL` : names;
}

/** @param {Table} table @param {string} column */
function isSet(table, column) {
  return table.entity.fields.some((field) => field.name === column && field.type === "set");
}

/** A newer server may send columns that this release has no place for. @param {Table} table @param {string[]} sent */
function knownColumns(table, sent) {
  return table.columns.filter((column) => sent.includes(column));
}

/**
 * INSERT … ON CONFLICT, not REPLACE: only then do the triggers of an update run.
 *
 * @param {Entity} entity @param {string[]} columns @param {string[]} values
 * @param {(column: string) => string} source how a column's new value is written
 * @param {string} from where the values come from, '' for parameters
 */
function upsert(entity, columns, values, source, from) {
  const derived = entity.search.length > 0;
  const names = derived ? [...columns, "search_key"] : columns;
  const all = derived ? [...values, `search_key(${entity.search.map(source).join(", ")})`] : values;
  const changes = names.filter((name) => name !== "id").map((name) => `${name} = excluded.${name}`);
  const rows = from ? `SELECT ${all.join(", ")}${from}` : `VALUES (${all.join(", ")})`;
  return `INSERT INTO ${entity.name} (${names.join(", ")}) ${rows} ON CONFLICT (id) DO UPDATE SET ${changes.join(", ")}`;
}
