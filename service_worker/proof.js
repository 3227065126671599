/**
 * Proof that this device holds exactly what it should (sync/PROTOCOL.md, "Proof"): sums of rows go up, groups
 * of rows that differ come down and take the place of what is held.  What was typed is never touched: a row
 * with unsent edits counts as the server's version of it, and that version is what is mended.
 *
 * Works group by group and lets pages have their turn in between.  Only between rounds of sync: rows must not
 * change from the first sum to the last.
 *
 * @typedef {import("./tables.js").Table} Table
 * @typedef {{entities: string[], groups: number, isBehind: boolean}} Mended
 * @typedef {Map<string, string>} Sums group -> sum
 */

import { SyncStopped, linesFrom, post, refusalOf, stopFor } from "./exchange.js";
import { takeRows } from "./intake.js";
import { slideUnder } from "./overlay.js";
import { isAged } from "./tables.js";
import { parseLine } from "./wire.js";

const ROWS_AT_ONCE = 400; // a few milliseconds of SQLite: no page waits noticeably
const SUM_BYTES = 8;
const encoder = new TextEncoder();

/**
 * @param {{replica: any, tables: Map<string, Table>}} device
 * @param {import("./exchange.js").Wire & {schema: string, protocol: number}} wire
 * @returns {Promise<Mended>} isBehind: rows have changed meanwhile; sync, then ask again
 * @throws {import("./exchange.js").SyncStopped}
 */
export async function prove({ replica, tables }, wire) {
  const held = await sumsOf(replica, tables);
  const whole = Object.fromEntries(await Promise.all([...held].map(async ([name, sums]) => [name, await sumOfSums(sums)])));
  const mended = { entities: /** @type {string[]} */ ([]), groups: 0, isBehind: false };

  const differs = new Set(/** @type {string[]} */ ([]));
  const isAnswered = await ask(wire, replica, whole, (message) => message.check?.differs.forEach((/** @type {string} */ name) => differs.add(name)));
  if (!isAnswered) return { ...mended, isBehind: true };
  if (!differs.size) return mended;

  const byGroup = Object.fromEntries([...differs].map((name) => [name, Object.fromEntries(held.get(name) ?? [])]));
  const changed = new Set(/** @type {string[]} */ ([]));
  const isMended = await ask(wire, replica, byGroup, async (message) => {
    const table = message.replace && tables.get(message.replace[0]);
    if (!table) return;
    await replica.tx(() => replaceGroup(replica, table, message));
    changed.add(table.name);
    mended.groups += 1;
  });
  if (mended.groups) console.warn(`the rows of this device differed from the server's: ${mended.groups} groups mended`, [...changed]);
  return { ...mended, entities: [...changed], isBehind: !isMended };
}

/** Every entity's groups and their sums. @param {any} replica @param {Map<string, Table>} tables @returns {Promise<Map<string, Sums>>} */
export async function sumsOf(replica, tables) {
  const all = new Map();
  for (const table of tables.values()) {
    const sums = await sumsOfTable(replica, table);
    if (sums.size) all.set(table.name, sums);
  }
  return all;
}

/** @param {any} replica @param {Table} table @returns {Promise<Sums>} */
async function sumsOfTable(replica, table) {
  const sums = new Map();
  const aged = { ":window": Number(replica.meta("window_ms") || Number.MIN_SAFE_INTEGER) };
  const given = isAged(table) ? aged : {};
  const texts = textsOf(table);
  for (const ids of portions(replica.all(groupsOf(table)))) {
    await aTurn();
    const groups = replica.all(texts, { ":ids": ids, ...given });
    for (const { grp, text } of groups) sums.set(grp, await sumOf(text));
  }
  return sums;
}

/** @param {Sums} sums in order of group @returns {Promise<string>} */
function sumOfSums(sums) {
  return sumOf([...sums].map(([group, sum]) => `${group}:${sum}`).join("\n"));
}

/** @param {string} text @returns {Promise<string>} 16 hexadecimal digits */
async function sumOf(text) {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", encoder.encode(text)), 0, SUM_BYTES);
  return [...digest].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/**
 * @param {import("./exchange.js").Wire & {schema: string, protocol: number}} wire
 * @param {any} replica @param {Record<string, any>} sums @param {(message: any) => void|Promise<void>} take one line
 * @returns {Promise<boolean>} false: the cursor is behind
 */
async function ask(wire, replica, sums, take) {
  const cursor = replica.meta("cursor") ?? "";
  const answer = await post(wire, "/sync/check", { protocol: wire.protocol, schema: wire.schema, cursor, sums });
  if (!answer.ok) {
    const refusal = await refusalOf(answer);
    if (["behind", "start_again"].includes(refusal.error)) return false; // a sync settles both
    throw stopFor(refusal);
  }
  let isWhole = false;
  for await (const line of linesFrom(wire, answer)) {
    const message = line ? parseLine(line) : {};
    isWhole ||= Boolean(message.end);
    await take(message);
  }
  if (!isWhole) throw new SyncStopped("cut", "the answer ended early");
  return true;
}

/** @param {any} replica @param {Table} table @param {{replace: [string, string], columns: string[], line: string}} message */
function replaceGroup(replica, table, { replace: [, group], columns, line }) {
  const there = `SELECT value ->> ${columns.indexOf("id")} FROM jsonb_each(:line, '$.values')`;
  const given = { ":group": group, ":line": line };
  replica.run(
    `DELETE FROM ${table.name} WHERE substr(id, -2) = :group AND id NOT IN (${there})
     AND id NOT IN (SELECT row_id FROM base WHERE entity = '${table.name}')`,
    given,
  );
  const laidOver = `SELECT row_id FROM base WHERE entity = '${table.name}' AND row IS NOT NULL AND substr(row_id, -2) = :group`;
  // A row that only its unsent edit still keeps here is older than the window: the server does not send it.
  const aged = isAged(table, (column) => `(row ->> '$.${column}')`);
  const kept = aged ? ` AND (${aged}) IS NOT TRUE` : "";
  const window = aged ? { ":window": Number(replica.meta("window_ms") || Number.MIN_SAFE_INTEGER) } : {};
  for (const { row_id: id } of replica.all(`${laidOver}${kept} AND row_id NOT IN (${there})`, { ...given, ...window })) {
    slideUnder(replica, table, id, null);
  }
  takeRows(replica, table, columns, line);
}

/** The groups of a table with the ids in them, in order. @param {Table} table */
function groupsOf(table) {
  return `SELECT json_group_array(id) AS ids, count(*) AS rows
    FROM (SELECT id FROM ${table.name} UNION SELECT row_id FROM base WHERE entity = '${table.name}' AND row IS NOT NULL)
    GROUP BY substr(id, -2) ORDER BY substr(id, -2)`;
}

/** The texts of the groups of some ids (`:ids`), the server's version of each row. @param {Table} table */
function textsOf(table) {
  const held = (/** @type {string} */ column) => column;
  const laid = (/** @type {string} */ column) => `(row ->> '$.${column}')`;
  const texts = (/** @type {(column: string) => string} */ value) => {
    const aged = isAged(table, value);
    return `json_array(${table.columns.map(value).join(", ")}) AS text${aged ? `, (${aged}) AS aged` : ", 0 AS aged"}`;
  };
  const chosen = "(SELECT value FROM json_each(:ids))";
  return `SELECT substr(id, -2) AS grp, group_concat(text, char(10) ORDER BY id) AS text FROM (
      SELECT id, ${texts(held)} FROM ${table.name}
        WHERE id IN ${chosen} AND id NOT IN (SELECT row_id FROM base WHERE entity = '${table.name}')
      UNION ALL
      SELECT row_id, ${texts(laid)} FROM base WHERE entity = '${table.name}' AND row IS NOT NULL AND row_id IN ${chosen}
    ) WHERE aged IS NOT TRUE GROUP BY grp ORDER BY grp`;
}

/** Neighbouring groups together, as JSON lists of ids: as many as one turn may take.
 * @param {{ids: string, rows: number}[]} groups @returns {Generator<string>} */
function* portions(groups) {
  let lists = /** @type {string[]} */ ([]);
  let rows = 0;
  for (const group of groups) {
    if (lists.length && rows + group.rows > ROWS_AT_ONCE) {
      yield joined(lists);
      [lists, rows] = [[], 0];
    }
    lists.push(group.ids);
    rows += group.rows;
  }
  if (lists.length) yield joined(lists);
}

/** @param {string[]} lists JSON arrays */
function joined(lists) {
  return `[${lists.map((list) => list.slice(1, -1)).join(",")}]`;
}

/** Let whoever waits for this worker have it first. */
function aTurn() {
  return new Promise((resolve) => setTimeout(resolve));
}
