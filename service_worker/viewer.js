/**
 * Who looks at a page, in which language and time zone: the device's twin of `server/person.py`, with the
 * browser's own settings in place of request headers.
 *
 * @typedef {{id: string, name: string, title: string|null, role_id: string|null, department_id: string|null,
 *   is_admin: number, language: string|null, timezone: string|null, theme: string|null}} Me
 */

const LANGUAGES = ["en", "zh-Hans", "zh-Hant"];
const TRADITIONAL = ["zh-hant", "zh-tw", "zh-hk", "zh-mo"];

const ME = `SELECT user.id, user.name, user.title, user.role_id, user.department_id,
    coalesce(role.is_admin, 0) AS is_admin, preference.language, preference.timezone, preference.theme
  FROM user LEFT JOIN role ON role.id = user.role_id LEFT JOIN preference ON preference.id = user.id
  WHERE user.id = :id`;

/** Stands in while the device does not know whose it is. @type {Me} */
export const NOBODY = {
  id: "", name: "", title: null, role_id: null, department_id: null, is_admin: 0, language: null, timezone: null, theme: null,
};

/** @param {any} replica @returns {Me} */
export function meOf(replica) {
  const id = replica.meta("user");
  return (id && replica.one(ME, { ":id": id })) || NOBODY;
}

/** @param {Me} me @param {readonly string[]} wanted the browser's languages, best first */
export function languageOf(me, wanted) {
  return LANGUAGES.includes(me.language ?? "") ? /** @type {string} */ (me.language) : spoken(wanted);
}

/** @param {Me} me @param {string|null|undefined} firms the firm's zone, where the server has said it */
export function timezoneOf(me, firms) {
  return me.timezone || firms || Intl.DateTimeFormat().resolvedOptions().timeZone;
}

/** @param {readonly string[]} wanted */
function spoken(wanted) {
  for (const tag of wanted.map((language) => language.toLowerCase())) {
    if (TRADITIONAL.some((prefix) => tag.startsWith(prefix))) return "zh-Hant";
    if (tag === "zh" || tag.startsWith("zh-")) return "zh-Hans";
    if (tag === "en" || tag.startsWith("en-")) return "en";
  }
  return "en";
}
