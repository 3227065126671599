/**
 * Which of the spans of time in a list fall on one another.
 *
 * For queries: two hundred series of one person make more pairs to look at than a join would do quickly. Twin of
 * sync/overlaps.py.
 */

export const MOST_PAIRS = 2_000;

/**
 * The places of each pair of different things that overlap, at most MOST_PAIRS, by the later one's start.
 * @param {any[][]} spans [thing, …, from in ms, to in ms], ordered by from
 * @returns {[number, number][]}
 */
export function overlapping(spans) {
  /** @type {[number, number][]} */
  const pairs = [];
  for (let place = 0; place < spans.length; place += 1) {
    const [fromMs, toMs] = spans[place].slice(-2);
    for (let later = place + 1; later < spans.length; later += 1) {
      const [otherFromMs, otherToMs] = spans[later].slice(-2);
      if (otherFromMs >= toMs) break;
      if (spans[later][0] === spans[place][0] || otherToMs <= fromMs) continue;
      pairs.push([place, later]);
      if (pairs.length >= MOST_PAIRS) return pairs;
    }
  }
  return pairs.sort((a, b) => spans[a[1]].at(-2) - spans[b[1]].at(-2) || a[0] - b[0] || a[1] - b[1]);
}
