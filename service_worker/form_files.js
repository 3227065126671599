/**
 * Files of a form post become inputs: each in a slot of `attachment` of its own.  The host has kept the bytes before;
 * here are only names.  Twin of sync/form_files.py, with the same cases.
 *
 * @typedef {{hash: string, name: string, media_type: string, bytes: number}} KeptFile a file whose bytes are kept already
 */

import { Malformed } from "./operations.js";
import { trimmed } from "./tidy.js";

export const MOST_FILES = 20;
const MOST_NAME = 200;

const NEW = "attachment//";
const FACTS = /** @type {const} */ (["hash", "name", "media_type", "bytes"]);
const NOT_SHARED = [...FACTS, "file", "deleted"];
// Letters that turn the direction of what follows: with them a name says something else than it is.
const UNSEEN = /[\x00-\x1f\x7f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

/**
 * The inputs of a form with those of its files among them.
 *
 * @param {Array<[string, string|KeptFile]>} items
 * @returns {Array<[string, string]>}
 * @throws {Malformed} for a file that belongs nowhere
 */
export function withFiles(items) {
  const texts = /** @type {Array<[string, string]>} */ (items.filter(([, value]) => typeof value === "string"));
  const rows = texts.filter(([name]) => name.startsWith("row."));
  const slots = rows.filter(([, value]) => value.startsWith(NEW)).map(([name]) => name.slice(4));
  const taken = new Set(rows.map(([name]) => name.slice(4)).filter((slot) => !slots.includes(slot) || isFilled(slot, texts)));
  // Beside the slot that they were chosen in: what a form does after it, such as to submit, comes after them, too.
  const added = /** @type {Map<string, Array<[string, string]>>} */ (new Map());
  for (const [name, file] of items) {
    if (typeof file === "string") continue;
    const slot = name.endsWith(".file") ? name.slice(0, -5) : name;
    if (slot === name || !slots.includes(slot)) throw new Malformed(`${name}: no slot of attachments takes it`);
    const own = free(slot, taken);
    taken.add(own);
    added.set(`row.${slot}`, [...(added.get(`row.${slot}`) ?? []), ...inputs(own, slot, file, texts)]);
  }
  const leftOut = slots.filter((slot) => !taken.has(slot));
  return texts.filter(([name]) => !isOf(name, leftOut)).flatMap((item) => [item, ...(added.get(item[0]) ?? [])]);
}

/** A file's name as people see it: no folders, no letters that cannot be seen, not too long. @param {string} given */
export function fileName(given) {
  const seen = given.replaceAll("\\", "/").split("/").at(-1) ?? "";
  const letters = [...trimmed(seen.replace(UNSEEN, ""))];
  if (letters.length <= MOST_NAME) return letters.join("");
  const dot = letters.lastIndexOf(".");
  const ending = letters.slice(dot + 1);
  if (dot < 0 || ending.length > 10) return letters.slice(0, MOST_NAME).join("");
  return [...letters.slice(0, dot).slice(0, MOST_NAME - 1 - ending.length), ".", ...ending].join("");
}

/** @param {string} slot @param {Array<[string, string]>} texts */
function isFilled(slot, texts) {
  return texts.some(([name, value]) => name === `${slot}.hash` && value !== "");
}

/** The slot itself for its first file; for the others slots of nearly its name. @param {string} slot @param {Set<string>} taken */
function free(slot, taken) {
  let name = slot;
  for (let number = 2; taken.has(name); number += 1) name = `${slot}__${number}`;
  return name;
}

/** What the slot of one file says: where it hangs, like the slot it was chosen in, and what it is.
 * @param {string} own @param {string} slot @param {KeptFile} file @param {Array<[string, string]>} texts
 * @returns {Array<[string, string]>} */
function inputs(own, slot, file, texts) {
  const ofSlot = texts.filter(([name]) => name.startsWith(`${slot}.`));
  const shared = ofSlot.map(([name, value]) => /** @type {[string, string]} */ ([name.slice(slot.length + 1), value]));
  const hangs = /** @type {Array<[string, string]>} */ (shared.filter(([part]) => !NOT_SHARED.includes(part)).map(([part, value]) => [`${own}.${part}`, value]));
  const facts = FACTS.map((fact) => /** @type {[string, string]} */ ([`${own}.${fact}`, String(file[fact])]));
  return own === slot ? facts : [[`row.${own}`, `${NEW}0`], ...hangs, ...facts];
}

/** @param {string} name @param {string[]} slots */
function isOf(name, slots) {
  return slots.includes(name.startsWith("row.") ? name.slice(4) : name.split(".")[0]);
}
