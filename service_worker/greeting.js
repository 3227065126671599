/**
 * The first line of an answer says who answers, for whom, and of which life of the server (sync/PROTOCOL.md):
 * what is held and what waits here is brought in line with it before anything else is taken.  Operations of
 * another person are put aside, never sent in a wrong name.
 *
 * @typedef {import("./tables.js").Table} Table
 * @typedef {{user: string, epoch: string, schema: string, key?: string, timezone?: string, rows?: number,
 *   window_ms?: number|null, accounts?: [number, number]|null, farewell?: boolean, wipe?: string}} Hello
 */

import { dropRows } from "./intake.js";
import { authorOf, remove } from "./outbox.js";
import { layAllOver } from "./overlay.js";
import { allTyped, letGo, sendAgain, takeBack } from "./sent.js";

/**
 * @param {{replica: any, tables: Map<string, Table>, kept: import("./kept.js").Kept}} device
 * @param {Hello} hello
 * @returns {Promise<boolean>} false: this answer is not for what we hold; start again
 */
export async function greet({ replica, tables, kept }, hello) {
  const { user, epoch } = hello;
  const isOurs = isOrNone(replica.meta("user"), user);
  const isSameLife = isOrNone(replica.meta("epoch"), epoch);
  if (!(isOurs && isSameLife) && replica.meta("cursor")) return false;

  await setAside(replica, kept, user);
  const facts = factsOf(hello);
  if (!replica.meta("cursor")) facts.push(["rows_expected", String(hello.rows ?? 0)], ["rows_here", "0"]);
  const isKnown = facts.every(([name, value]) => replica.meta(name) === value);
  if (isKnown && !replica.meta("doubt")) return true;

  const back = await kept.of(user);
  await replica.tx(() => {
    if (!isOurs) dropRows(replica, tables);
    if (!isSameLife) sendAgain(replica);
    for (const [name, value] of facts) replica.setMeta(name, value);
    replica.setMeta("doubt", "");
    takeBack(replica, back, epoch);
    layAllOver(replica, tables);
  });
  await kept.letGo(back);
  return true;
}

/** Put aside what another person left here, until that person signs in on this device again.
 * @param {any} replica @param {import("./kept.js").Kept} kept @param {string} user */
async function setAside(replica, kept, user) {
  const others = allTyped(replica).filter((entry) => authorOf(entry) !== user);
  if (!others.length) return;
  const epoch = replica.meta("epoch") ?? null;
  // What was accepted is remembered with the life of the server that did; its rows are dropped with its person's.
  const aside = others.map((entry) => (isAccepted(entry) ? { ...entry, state: "sent", epoch } : entry));
  await kept.keep(/** @type {any[]} */ (aside)); // stored before it leaves the outbox
  await replica.tx(() => {
    for (const { n, state } of others) {
      if (state === "sent") letGo(replica, n);
      else remove(replica, n);
    }
  });
}

/** What a device remembers of a hello, as texts. @param {Hello} hello @returns {[string, string][]} */
function factsOf({ user, epoch, timezone, key, window_ms: window, accounts, farewell, wipe }) {
  return [
    ["user", user],
    ["epoch", epoch],
    ["timezone", timezone ?? ""],
    ["known", key ?? ""],
    ["window_ms", String(window ?? "")],
    ["accounts", accounts ? JSON.stringify(accounts) : ""],
    ["farewell", farewell ? "1" : ""],
    ["wipe", wipe ?? ""],
  ];
}

/** @param {{state: string}} entry */
function isAccepted({ state }) {
  return state === "sent" || state === "acked";
}

/** @param {string|null|undefined} held @param {string} given */
function isOrNone(held, given) {
  return !held || held === given;
}
