/**
 * Answers the shared cases with the JavaScript twins, as tests/twin_cases.py does with the Python ones.
 */

import { kindOf } from '/service_worker/file_kind.js';
import { fileName, withFiles } from '/service_worker/form_files.js';
import { operationsFromForm } from '/service_worker/forms.js';
import { derivedId, isId, uuid7 } from '/service_worker/ids.js';
import { fold, latin, loadPinyin, searchKey } from '/service_worker/latin.js';
import { Malformed, applyPatch, parse, toWire } from '/service_worker/operations.js';
import { overlapping } from '/service_worker/overlaps.js';
import { rebase } from '/service_worker/rebase.js';
import { nextOccurrence, occurrenceOn, occurrences, ruleFrom, ruleParts, ruleUntil } from '/service_worker/recurrence.js';
import { BadRule, checkRule } from '/service_worker/rules.js';
import { parseTyped } from '/service_worker/typed.js';
import { Refused, check } from '/service_worker/values.js';

/**
 * @param {{kind: string, cases: any[], entities: any[], pinyin?: string}} given fields in cases are whole, as in the model's JSON
 * @returns {any[]} {gives}, {refused} or {malformed} for each case
 */
export function run({ kind, cases, entities, pinyin }) {
  if (pinyin) loadPinyin(pinyin);
  return cases.map((one) => outcome(() => ANSWERS[kind](one, entities)));
}

/** Microseconds a character that search keys of these texts take: the best of several runs. */
export function timeSearchKeys({ texts, pinyin }) {
  loadPinyin(pinyin);
  const runs = Array.from({ length: 8 }, () => {
    const start = performance.now();
    for (const text of texts) searchKey(text);
    return performance.now() - start;
  });
  return (Math.min(...runs) * 1000) / texts.join('').length;
}

function outcome(answer) {
  try {
    return { gives: answer() };
  } catch (error) {
    if (error instanceof Refused) return { refused: [error.code, error.detail] };
    if (error instanceof BadRule) return { refused: ['bad_rule', { part: error.part }] };
    if (error instanceof Malformed) return { malformed: error.reason };
    return { threw: String(error.stack) };
  }
}

const ANSWERS = {
  file_kind: ({ hex }) => kindOf(Uint8Array.from(hex.match(/../g) ?? [], (pair) => parseInt(pair, 16))),
  with_files: ({ items }) => withFiles(items),
  file_name: ({ name }) => fileName(name),
  check: ({ field, value }) => check(field, value),
  typed: ({ field, typed, tz = 'UTC' }) => check(field, parseTyped(field, typed, tz)),
  parse: ({ op }, entities) => parse(op, entities),
  to_wire: ({ op }, entities) => toWire(parse(op, entities)),
  patch: ({ entity, row, op, me }, entities) => applyPatch(named(entity, entities), row, parse(op, entities), me),
  rebase: ({ entity, base, ops }, entities) => {
    const parsed = ops.map((op) => parse(op, entities));
    return rebase(named(entity, entities), base, parsed, 'user-a');
  },
  new_rows: form,
  edits: form,
  fold: ({ text }) => fold(text),
  latin: ({ text }) => latin(text),
  search_key: ({ texts }) => searchKey(...texts),
  uuid7: ({ now_ms: nowMs, random }) => uuid7(nowMs, Uint8Array.from(random.match(/../g), (pair) => parseInt(pair, 16))),
  is_id: ({ text }) => isId(text),
  derived_id: ({ texts }) => derivedId(...texts),
  rule: ({ rule }) => checkRule(rule),
  occurrences: ({ series, from_ms: fromMs, to_ms: toMs }) => occurrences(...series, fromMs, toMs),
  next_occurrence: ({ series, from_ms: fromMs }) => nextOccurrence(...series, fromMs),
  occurrence_on: ({ series, day }) => occurrenceOn(...series, day),
  overlapping: ({ spans }) => overlapping(spans),
  cut: (given) => (given.until ? ruleUntil(...given.until) : ruleFrom(...given.from)),
  rule_parts: ({ rule, tz }) => ruleParts(rule, tz),
};

function form({ items, context = {} }, entities) {
  let made = 0;
  return operationsFromForm(items, {
    entities,
    me: 'user-a',
    now_ms: 1795513260000,
    today: '2026-11-24',
    tz: 'Asia/Shanghai',
    new_id: () => `id-${(made += 1)}`,
    ...context,
  });
}

function named(name, entities) {
  return entities.find((entity) => entity.name === name);
}
