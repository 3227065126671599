/**
 * The device's host of web/: answers a page from the replica's rows, knowing no page in particular. The twin
 * of `server/pages.py`; both give the same bytes for the same rows. Knows no requests and no storage.
 *
 * @typedef {{name: string, cardinality: 'one'|'maybe'|'many'|'value', sql: string, parameters: string[], columns: string[]}} Query
 * @typedef {{name: string, routes: string[], placeholders: string[], defaults: Record<string, string>, queries: Query[], template: string}} Page
 * @typedef {{all: (sql: string, parameters: object) => Record<string, any>[]}} Db
 * @typedef {object} Asked
 * @property {string} path the address without its query, as the browser sent it
 * @property {Record<string, string|null>} params from `match`
 * @property {URLSearchParams|Record<string, string>} [query]
 * @property {{id: string}} me
 * @property {string} lang
 * @property {string} tz
 * @property {number} now_ms
 * @property {boolean} [partial]
 * @property {{errors: object, values: object}|null} [form] a refusal is [code, detail] or a sentence
 * @property {object} sync
 */
import { Text } from "../web/text.js";
import { Rendering } from "./template_rendering.js";

/** The page has nothing to show for this address, on this device. */
export class NotFound extends Error {}

/**
 * @param {{pages: Page[], templates: object, catalogues: object}} built what web/build made
 * @param {Db} db
 */
export function createPages(built, db) {
  return new Pages(built, db);
}

class Pages {
  #templates;

  #catalogues;

  #db;

  #routes;

  constructor({ pages, templates, catalogues }, db) {
    this.#templates = templates;
    this.#catalogues = catalogues;
    this.#db = db;
    this.#routes = orderedRoutes(pages);
  }

  /**
   * The page that answers a path, with the path's parts by name; of several, the one with fewest placeholders.
   * @param {string} path
   * @returns {{page: Page, params: Record<string, string|null>}|null}
   */
  match(path) {
    const parts = partsOf(path);
    for (const { route, page } of this.#routes) {
      const found = matchParts(route, parts);
      if (found) return { page, params: { ...Object.fromEntries(page.placeholders.map((name) => [name, null])), ...found } };
    }
    return null;
  }

  /**
   * The page's HTML. Throws NotFound.
   * @param {Page} page @param {Asked} asked @returns {string}
   */
  render(page, asked) {
    const text = new Text(asked.lang, asked.tz, asked.now_ms, this.#catalogues);
    const query = queryOf(page, asked.query);
    const { me, now_ms, tz } = asked;
    const { lang, today } = text;
    const results = this.#results(page, text, { ...asked.params, ...query, me: me.id, now_ms, tz });
    return new Rendering(this.#templates, text.functions()).render(page.template, {
      ...results,
      me,
      lang,
      path: asked.path,
      params: asked.params,
      query,
      today,
      now_ms,
      tz,
      partial: Boolean(asked.partial),
      form: formInWords(asked.form, text),
      sync: asked.sync,
    });
  }

  /**
   * What the queries of a page without parts or values in its address give: for whoever needs to know what it would show.
   * @param {string} path @param {{me: {id: string}, lang: string, tz: string, now_ms: number}} viewer
   */
  results(path, { me, lang, tz, now_ms }) {
    const found = this.match(path);
    if (!found) throw new Error(`no page answers ${path}`);
    return this.#results(found.page, new Text(lang, tz, now_ms), { me: me.id, now_ms, tz });
  }

  /** @param {Page} page @param {Text} text @param {Record<string, any>} given */
  #results(page, text, given) {
    return runQueries(this.#db, page, { ...given, today: text.today, lang: text.lang });
  }
}

/**
 * Query name -> rows, row or value, in the page's order. Throws NotFound for a `:one` without a row.
 * @param {Db} db @param {Page} page @param {Record<string, any>} given @returns {Record<string, any>}
 */
export function runQueries(db, page, given) {
  const known = { ...given };
  /** @type {Record<string, any>} */
  const results = {};
  for (const query of page.queries) {
    const result = run(db, query, known);
    results[query.name] = result;
    if (query.cardinality === "value") known[query.name] = result;
    else if (query.cardinality !== "many") {
      for (const column of query.columns) known[`${query.name}__${column}`] = result ? result[column] : null;
    }
  }
  return results;
}

/** @param {Db} db @param {Query} query @param {Record<string, any>} known */
function run(db, query, known) {
  const rows = db.all(query.sql, Object.fromEntries(query.parameters.map((name) => [`:${name}`, known[name]])));
  if (query.cardinality === "many") return rows;
  if (query.cardinality === "value") return rows.length ? Object.values(rows[0])[0] : null;
  if (!rows.length && query.cardinality === "one") throw new NotFound(query.name);
  return rows[0] ?? null;
}

/** @param {Page} page @param {URLSearchParams|Record<string, string>} [asked] */
function queryOf(page, asked = {}) {
  const given = asked instanceof URLSearchParams ? Object.fromEntries(asked) : asked;
  return Object.fromEntries(
    Object.entries(page.defaults).map(([name, value]) => [name, Object.hasOwn(given, name) ? String(given[name]) : value]),
  );
}

function formInWords(form, text) {
  if (!form) return { errors: {}, values: {} };
  const inWords = ([name, refusal]) => [name, typeof refusal === "string" ? refusal : text.reason(...refusal)];
  return { errors: Object.fromEntries(Object.entries(form.errors).map(inWords)), values: form.values };
}

/** @param {Page[]} pages */
function orderedRoutes(pages) {
  const routes = pages.flatMap((page) => page.routes.map((route) => ({ route: partsOf(route), page })));
  const placeholders = ({ route }) => route.filter(placeholder).length;
  return routes.sort((a, b) => placeholders(a) - placeholders(b));
}

/** @param {string} path */
function partsOf(path) {
  return path.replace(/^\/+|\/+$/g, "").split("/");
}

/** The name inside a '{name}' part, or ''. @param {string} part */
function placeholder(part) {
  return part.startsWith("{") && part.endsWith("}") ? part.slice(1, -1) : "";
}

/** @param {string[]} route @param {string[]} parts @returns {Record<string, string>|null} */
function matchParts(route, parts) {
  if (route.length !== parts.length) return null;
  /** @type {Record<string, string>} */
  const found = {};
  for (const [place, wanted] of route.entries()) {
    const name = placeholder(wanted);
    if (name && parts[place]) found[name] = decoded(parts[place]);
    else if (wanted !== parts[place]) return null;
  }
  return found;
}

/** @param {string} part */
function decoded(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part; // not an address that we made: it will find nothing
  }
}
