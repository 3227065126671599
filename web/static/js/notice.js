/** A line above the page's main part that comes and goes with what it says. */

/**
 * @param {string} name a second call with it replaces the line
 * @param {string} text
 * @param {HTMLElement[]} more a link or button
 * @returns {HTMLElement} the text
 */
export function showNotice(name, text, ...more) {
  const notice = find(name) ?? make(name);
  const words = document.createElement("p");
  words.textContent = text;
  notice.replaceChildren(words, ...more);
  return words;
}

/** @param {string} name */
export function hideNotice(name) {
  find(name)?.remove();
}

/** @param {string} href @param {string} text */
export function linkTo(href, text) {
  const link = document.createElement("a");
  link.className = "btn";
  link.href = href;
  link.textContent = text;
  return link;
}

/** @param {string} text @param {(button: HTMLButtonElement) => void} act */
export function buttonTo(text, act) {
  const button = document.createElement("button");
  button.className = "btn";
  button.type = "button";
  button.textContent = text;
  button.addEventListener("click", () => act(button));
  return button;
}

/** @param {string} name */
function find(name) {
  return document.querySelector(`[data-notice="${name}"]`);
}

/** @param {string} name */
function make(name) {
  const notice = document.createElement("div");
  notice.className = "notice";
  notice.dataset.notice = name;
  notice.dataset.update = ""; // the look of lines that scripts add
  notice.dataset.state = "accent";
  notice.setAttribute("role", "status");
  document.getElementById("main")?.before(notice);
  return notice;
}
