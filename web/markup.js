/**
 * Text that is HTML already, and text that has to become it: what markupsafe is to the Python host.
 */

/** HTML that is not escaped again. */
export class Safe {
  /** @param {string} html */
  constructor(html) {
    this.html = html;
  }

  toString() {
    return this.html;
  }
}

const ESCAPES = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&#34;', "'": '&#39;' };
const SPECIAL = /[&<>"']/;
const EACH_SPECIAL = /[&<>"']/g;

/**
 * @param {string} text
 * @returns {string} the same text as HTML
 */
export function escape(text) {
  return SPECIAL.test(text) ? text.replace(EACH_SPECIAL, (character) => ESCAPES[character]) : text;
}
