/**
 * What changed in a text, word by word, for people to see. The twin of `differences.py`, with the same cases.
 * A Chinese character counts as a word. Longer texts than can be compared while somebody waits are shown whole,
 * old and new.
 *
 * @typedef {'same'|'gone'|'new'} Kind
 * @typedef {{kind: Kind, text: string}} Part
 */

/** Words of the one text times words of the other. */
const MOST_COMPARED = 250_000;

/**
 * In order; what is gone stands before what is new in its place.
 * @param {unknown} was @param {unknown} now @returns {Part[]}
 */
export function differences(was, now) {
  const a = wordsOf(String(was ?? ""));
  const b = wordsOf(String(now ?? ""));
  const start = alike(a, b);
  const end = alike(a.slice(start).reverse(), b.slice(start).reverse());
  const middle = compared(a.slice(start, a.length - end), b.slice(start, b.length - end));
  const same = (/** @type {string} */ text) => /** @type {Part} */ ({ kind: "same", text });
  return inParts(joinedOverSpaces([...a.slice(0, start).map(same), ...middle, ...a.slice(a.length - end).map(same)]));
}

/** @param {string} text @returns {string[]} */
function wordsOf(text) {
  /** @type {string[]} */
  const words = [];
  let last = "";
  for (const letter of text) {
    const kind = kindOf(letter);
    if (kind && kind === last) words[words.length - 1] += letter;
    else words.push(letter);
    last = kind;
  }
  return words;
}

/** Letters of one kind make one word; '' stands alone. @param {string} letter */
function kindOf(letter) {
  const code = /** @type {number} */ (letter.codePointAt(0));
  if (" \t\r\n".includes(letter)) return "space";
  if ((code >= 0xc0 && code < 0x2e80) || /^[A-Za-z0-9]/.test(letter)) return "letter";
  return "";
}

/** How many words both begin with. @param {string[]} a @param {string[]} b */
function alike(a, b) {
  let n = 0;
  while (n < a.length && n < b.length && a[n] === b[n]) n += 1;
  return n;
}

/** The longest common words stay; of two ways, what is gone comes first. @param {string[]} a @param {string[]} b @returns {Part[]} */
function compared(a, b) {
  if (a.length * b.length > MOST_COMPARED) {
    return [...a.map((text) => part("gone", text)), ...b.map((text) => part("new", text))];
  }
  const common = lengthsOfCommon(a, b);
  const marked = [];
  let i = 0;
  let j = 0;
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i] === b[j]) {
      marked.push(part("same", a[i]));
      i += 1;
      j += 1;
    } else if (j === b.length || (i < a.length && common[i + 1][j] >= common[i][j + 1])) {
      marked.push(part("gone", a[i]));
      i += 1;
    } else {
      marked.push(part("new", b[j]));
      j += 1;
    }
  }
  return marked;
}

/** @param {string[]} a @param {string[]} b @returns {number[][]} by where in each the rest begins */
function lengthsOfCommon(a, b) {
  const common = Array.from({ length: a.length + 1 }, () => new Array(b.length + 1).fill(0));
  for (let i = a.length - 1; i >= 0; i -= 1) {
    for (let j = b.length - 1; j >= 0; j -= 1) {
      common[i][j] = a[i] === b[j] ? common[i + 1][j + 1] + 1 : Math.max(common[i + 1][j], common[i][j + 1]);
    }
  }
  return common;
}

/** A space between two changes is part of both: two new words are one change. @param {Part[]} marked @returns {Part[]} */
function joinedOverSpaces(marked) {
  return marked.flatMap((one, n) => {
    const isInside = n > 0 && n < marked.length - 1 && marked[n - 1].kind !== "same" && marked[n + 1].kind !== "same";
    const isJoined = one.kind === "same" && isInside && kindOf(one.text) === "space";
    return isJoined ? [part("gone", one.text), part("new", one.text)] : [one];
  });
}

/** @param {Part[]} marked @returns {Part[]} */
function inParts(marked) {
  /** @type {Part[]} */
  const parts = [];
  let gone = "";
  let added = "";
  const flush = () => {
    if (gone) parts.push(part("gone", gone));
    if (added) parts.push(part("new", added));
    gone = "";
    added = "";
  };
  for (const { kind, text } of marked) {
    if (kind === "gone") gone += text;
    else if (kind === "new") added += text;
    else {
      flush();
      const last = parts.at(-1);
      if (last?.kind === "same") last.text += text;
      else parts.push(part("same", text));
    }
  }
  flush();
  return parts;
}

/** @param {Kind} kind @param {string} text @returns {Part} */
function part(kind, text) {
  return { kind, text };
}
