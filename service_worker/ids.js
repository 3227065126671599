/**
 * Row and operation ids, made by whoever makes the row.
 *
 * Pure: the time and the random bytes come in as arguments. Twin of sync/ids.py.
 */

import { sha256 } from './sha256.js';

export const RANDOM_BYTES = 10;

// UUIDs, and the readable ids that imports and the sample firm give ('user-anna').
const ID = /^[A-Za-z0-9_-]{1,64}$/;

/**
 * A UUIDv7 (RFC 9562) from a time and RANDOM_BYTES random bytes; sorts by time.
 * @param {number} nowMs
 * @param {Uint8Array} randomBytes
 * @returns {string}
 */
export function uuid7(nowMs, randomBytes) {
  if (randomBytes.length !== RANDOM_BYTES) {
    throw new RangeError(`uuid7 needs ${RANDOM_BYTES} random bytes, got ${randomBytes.length}`);
  }
  const octets = new Uint8Array(16);
  const view = new DataView(octets.buffer);
  view.setUint16(0, Math.floor(nowMs / 2 ** 32));
  view.setUint32(2, nowMs % 2 ** 32);
  octets.set(randomBytes, 6);
  octets[6] = 0x70 | (octets[6] & 0x0f);
  octets[8] = 0x80 | (octets[8] & 0x3f);
  const digits = Array.from(octets, (octet) => octet.toString(16).padStart(2, '0')).join('');
  return [
    digits.slice(0, 8), digits.slice(8, 12), digits.slice(12, 16), digits.slice(16, 20), digits.slice(20),
  ].join('-');
}

/**
 * Whether this can name a row or an operation.
 * @param {unknown} text
 * @returns {text is string}
 */
export function isId(text) {
  return typeof text === 'string' && ID.test(text);
}

/**
 * One id for what several devices may make, each by itself: the same for the same texts (a UUIDv8).
 * @param {...string} texts
 */
export function derivedId(...texts) {
  const octets = sha256(texts.join('\n')).slice(0, 16);
  octets[6] = 0x80 | (octets[6] & 0x0f);
  octets[8] = 0x80 | (octets[8] & 0x3f);
  const digits = [...octets].map((octet) => octet.toString(16).padStart(2, '0')).join('');
  return [digits.slice(0, 8), digits.slice(8, 12), digits.slice(12, 16), digits.slice(16, 20), digits.slice(20)].join('-');
}
