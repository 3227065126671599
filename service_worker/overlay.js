/**
 * Unsent edits lie over the server's rows.  While a row has operations in the outbox, `base` holds the
 * server's version of it (or NULL where the server has none), and the entity's table holds what the person
 * sees: base with those operations on top.  New server state slides in underneath, and when the last
 * operation is gone the row is the server's again.  Everything here runs inside one `replica.tx`.
 */

import { rebase } from "./rebase.js";
import { parametersOf } from "./tables.js";

/** @typedef {import("./tables.js").Table} Table @typedef {import("./tables.js").Row} Row */

/** Remember the server's version of a row before the first unsent edit touches it.
 * @param {any} replica @param {Table} table @param {string} rowId */
export function holdBase(replica, table, rowId) {
  const row = replica.one(table.read, { ":id": rowId });
  replica.run("INSERT INTO base (entity, row_id, row) VALUES (:entity, :row_id, :row) ON CONFLICT DO NOTHING", {
    ":entity": table.name,
    ":row_id": rowId,
    ":row": row ? JSON.stringify(row) : null,
  });
}

/** The server has a new version of a row that may have unsent edits (null: it no longer has it for us).
 * @param {any} replica @param {Table} table @param {string} rowId @param {Row|null} row */
export function slideUnder(replica, table, rowId, row) {
  replica.run(
    `INSERT INTO base (entity, row_id, row) VALUES (:entity, :row_id, :row)
     ON CONFLICT (entity, row_id) DO UPDATE SET row = excluded.row`,
    { ":entity": table.name, ":row_id": rowId, ":row": row && JSON.stringify(row) },
  );
  settle(replica, table, rowId);
}

/** Make a row what the person should see now.
 * @param {any} replica @param {Table} table @param {string} rowId */
export function settle(replica, table, rowId) {
  const held = replica.one("SELECT row FROM base WHERE entity = :entity AND row_id = :row_id", at(table, rowId));
  if (!held) return;

  const base = held.row === null ? null : JSON.parse(held.row);
  const operations = pending(replica, table, rowId, base?.version ?? 0);
  const row = operations.length ? rebase(table.entity, base, operations, replica.meta("user")) : base;
  if (row) replica.run(table.write, parametersOf(table, row));
  else replica.run(table.remove, { ":id": rowId });
  if (!operations.length) {
    replica.run("DELETE FROM base WHERE entity = :entity AND row_id = :row_id", at(table, rowId));
  }
}

/** Lay every row of the outbox over what is there: after the replica was made anew, `base` is empty.
 * @param {any} replica @param {Map<string, Table>} tables */
export function layAllOver(replica, tables) {
  const rows = replica.all(`SELECT DISTINCT entity, row_id FROM outbox WHERE NOT EXISTS
    (SELECT 1 FROM base WHERE base.entity = outbox.entity AND base.row_id = outbox.row_id)`);
  for (const { entity, row_id: rowId } of rows) {
    const table = tables.get(entity);
    if (!table) continue; // an entity that this release no longer has: its operations stay exportable
    holdBase(replica, table, rowId);
    settle(replica, table, rowId);
  }
}

/** The operations on a row that its server version does not hold yet, oldest first.  Refused ones count:
 * the person sees what was typed until it is mended or discarded.
 * @param {any} replica @param {Table} table @param {string} rowId @param {number} version */
function pending(replica, table, rowId, version) {
  return replica
    .all(
      `SELECT op FROM outbox WHERE entity = :entity AND row_id = :row_id
       AND NOT (state = 'acked' AND coalesce(seq, 0) <= :version) ORDER BY n`,
      { ...at(table, rowId), ":version": version },
    )
    .map((/** @type {{op: string}} */ { op }) => JSON.parse(op));
}

/** @param {Table} table @param {string} rowId */
function at(table, rowId) {
  return { ":entity": table.name, ":row_id": rowId };
}
