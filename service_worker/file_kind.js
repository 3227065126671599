/**
 * What kind of file these bytes are: by what is in them, never by a name or by what somebody says of them.
 * Twin of sync/file_kind.py, with the same cases.
 */

export const MOST_BYTES = 20_000_000;
const MOST_PIXELS = 100_000_000;

const HEIC_BRANDS = ["heic", "heix", "heim", "heis", "hevc", "hevx", "mif1", "msf1"];
// What a browser that guesses would take for a page.
const MARKUP = /^<(?:!doctype|html|head|body|script|svg|iframe|object|\?php)[ \t\r\n\f/>]/i;

/** It begins like this kind, and does not go on like it. */
class Broken extends Error {}

/** @param {Uint8Array} content @returns {string|null} the media type; null where it is nothing that may be attached */
export function kindOf(content) {
  const found = KINDS.find(({ begins }) => begins(content));
  if (!found) return null;
  try {
    const fits = found.walk(content) <= MOST_PIXELS && content.length <= MOST_BYTES;
    return fits && !isMore(content, found.mediaType) ? found.mediaType : null;
  } catch (error) {
    if (error instanceof Broken) return null;
    throw error;
  }
}

/** Could something else be read out of it, too? @param {Uint8Array} content @param {string} mediaType */
function isMore(content, mediaType) {
  if (endsAsZip(content)) return true;
  if (mediaType === "application/pdf") return hasMarkup(content.subarray(0, 1_024));
  const isZip = find(content, "PK\x03\x04") >= 0 && find(content, "PK\x05\x06") >= 0;
  return isZip || find(content, "%PDF-") >= 0 || hasMarkup(content);
}

/** A zip is found from its end: a record whose comment reaches exactly to the last byte. @param {Uint8Array} content */
function endsAsZip(content) {
  let at = find(content, "PK\x05\x06", Math.max(0, content.length - 65_557));
  while (at >= 0) {
    if (at + 22 <= content.length && at + 22 + littleNumber(content, at + 20, 2) === content.length) return true;
    at = find(content, "PK\x05\x06", at + 1);
  }
  return false;
}

/** @param {Uint8Array} content */
function hasMarkup(content) {
  for (let at = content.indexOf(0x3c); at >= 0; at = content.indexOf(0x3c, at + 1)) {
    if (MARKUP.test(text(content, at, at + 10))) return true;
  }
  return false;
}

/** @param {Uint8Array} content @param {string} wanted @param {number} [from] */
function find(content, wanted, from = 0) {
  const first = wanted.charCodeAt(0);
  for (let at = content.indexOf(first, from); at >= 0; at = content.indexOf(first, at + 1)) {
    if (isAt(content, at, wanted)) return at;
  }
  return -1;
}

/** @param {Uint8Array} content @param {number} at @param {string} wanted */
function isAt(content, at, wanted) {
  for (let index = 0; index < wanted.length; index += 1) if (content[at + index] !== wanted.charCodeAt(index)) return false;
  return true;
}

/** @param {Uint8Array} content @param {number} from @param {number} to */
function text(content, from, to) {
  return String.fromCharCode(...content.subarray(from, to));
}

/** @param {Uint8Array} content @param {number} at @param {number} size */
function number(content, at, size) {
  if (at + size > content.length) throw new Broken();
  let value = 0;
  for (let index = 0; index < size; index += 1) value = value * 256 + content[at + index];
  return value;
}

/** What is beyond the end counts as nothing. @param {Uint8Array} content @param {number} at @param {number} size */
function littleNumber(content, at, size) {
  let value = 0;
  for (let index = size - 1; index >= 0; index -= 1) value = value * 256 + (content[at + index] ?? 0);
  return value;
}

// --- each walks to the end and gives how many pixels there are ----------------------------------------

/** @param {Uint8Array} content */
function walkJpeg(content) {
  let [pixels, at, hasPicture] = [0, 2, false];
  for (;;) {
    const marker = nextMarker(content, at);
    at = marker.at;
    if (marker.code === 0xd9) break;
    if (marker.code === 0x01) continue;
    const length = number(content, at, 2);
    if (length < 2 || at + length > content.length) throw new Broken();
    if (marker.code >= 0xc0 && marker.code <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker.code)) {
      pixels = Math.max(pixels, number(content, at + 3, 2) * number(content, at + 5, 2));
    }
    at += length;
    if (marker.code !== 0xda) continue;
    hasPicture = true;
    at = afterScan(content, at);
  }
  if (!hasPicture || !pixels) throw new Broken();
  return pixels;
}

/** The first marker after a scan. @param {Uint8Array} content @param {number} from */
function afterScan(content, from) {
  for (let at = content.indexOf(0xff, from); at >= 0; at = content.indexOf(0xff, at + 1)) {
    const next = content[at + 1];
    if (next === undefined) break;
    if (next !== 0 && next !== 0xff && (next < 0xd0 || next > 0xd7)) return at;
  }
  throw new Broken();
}

/** Where the marker's segment begins, and which it is. @param {Uint8Array} content @param {number} at */
function nextMarker(content, at) {
  if (number(content, at, 1) !== 0xff) throw new Broken();
  while (number(content, at, 1) === 0xff) at += 1;
  const code = content[at];
  if ((code < 0xc0 && code !== 0x01) || code === 0xd8) throw new Broken();
  return { at: at + 1, code };
}

/** @param {Uint8Array} content */
function walkPng(content) {
  if (text(content, 12, 16) !== "IHDR" || number(content, 8, 4) !== 13) throw new Broken();
  let [at, hasPicture] = [8, false];
  for (;;) {
    const length = number(content, at, 4);
    const name = text(content, at + 4, at + 8);
    at += 12 + length;
    if (at > content.length) throw new Broken();
    hasPicture ||= name === "IDAT";
    if (name === "IEND") break;
  }
  if (at !== content.length || !hasPicture) throw new Broken();
  return number(content, 16, 4) * number(content, 20, 4);
}

/** @param {Uint8Array} content */
function walkWebp(content) {
  const size = littleNumber(content, 4, 4);
  if (content.length !== size + 8 && content.length !== size + 8 + (size % 2)) throw new Broken();
  const name = text(content, 12, 16);
  if (name === "VP8X") return (littleNumber(content, 24, 3) + 1) * (littleNumber(content, 27, 3) + 1);
  if (name === "VP8L" && content[20] === 0x2f) {
    const bits = littleNumber(content, 21, 4);
    return ((bits & 0x3fff) + 1) * (((bits >>> 14) & 0x3fff) + 1);
  }
  if (name === "VP8 " && isAt(content, 23, "\x9d\x01\x2a")) {
    return (littleNumber(content, 26, 2) & 0x3fff) * (littleNumber(content, 28, 2) & 0x3fff);
  }
  throw new Broken();
}

/** @param {Uint8Array} content */
function walkHeic(content) {
  const brands = brandsOf(content);
  if (!brands.some((brand) => HEIC_BRANDS.includes(brand)) || brands.includes("avif") || brands.includes("avis")) throw new Broken();
  let [at, pixels, hasPicture] = [0, 0, false];
  while (at < content.length) {
    let size = number(content, at, 4);
    if (size === 1) size = number(content, at + 8, 8);
    else if (size === 0) size = content.length - at;
    if (size < 8 || at + size > content.length || !/^[0-9A-Za-z]+$/.test(text(content, at + 4, at + 8))) throw new Broken();
    if (isAt(content, at + 4, "meta")) pixels = largest(content.subarray(at, at + size));
    hasPicture ||= isAt(content, at + 4, "mdat");
    at += size;
  }
  if (!pixels || !hasPicture) throw new Broken();
  return pixels;
}

/** @param {Uint8Array} content */
function brandsOf(content) {
  const brands = [text(content, 8, 12)];
  const end = Math.min(number(content, 0, 4), 256);
  for (let at = 16; at < end; at += 4) brands.push(text(content, at, at + 4));
  return brands;
}

/** The size of the largest picture that the description names. @param {Uint8Array} meta */
function largest(meta) {
  let pixels = 0;
  for (let at = find(meta, "ispe"); at >= 0 && at + 16 <= meta.length; at = find(meta, "ispe", at + 4)) {
    pixels = Math.max(pixels, number(meta, at + 8, 4) * number(meta, at + 12, 4));
  }
  return pixels;
}

/** @param {Uint8Array} content */
function walkPdf(content) {
  if (find(content, "%%EOF", Math.max(0, content.length - 2_048)) < 0) throw new Broken();
  return 0;
}

const KINDS = [
  { begins: (/** @type {Uint8Array} */ content) => isAt(content, 0, "\xff\xd8\xff"), mediaType: "image/jpeg", walk: walkJpeg },
  { begins: (/** @type {Uint8Array} */ content) => isAt(content, 0, "\x89PNG\r\n\x1a\n"), mediaType: "image/png", walk: walkPng },
  { begins: (/** @type {Uint8Array} */ content) => isAt(content, 0, "RIFF") && isAt(content, 8, "WEBP"), mediaType: "image/webp", walk: walkWebp },
  { begins: (/** @type {Uint8Array} */ content) => isAt(content, 4, "ftyp"), mediaType: "image/heic", walk: walkHeic },
  { begins: (/** @type {Uint8Array} */ content) => isAt(content, 0, "%PDF-1.") || isAt(content, 0, "%PDF-2."), mediaType: "application/pdf", walk: walkPdf },
];
